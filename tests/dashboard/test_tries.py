"""Models asked over HTTP by the page *Try*, and cases that every version answers."""

from __future__ import annotations

import base64
import io
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tried_models
from PIL import Image
from starlette.testclient import TestClient
from tried_models import ink

import tracker
from dashboard import cli
from dashboard.server.application import create_app
from dashboard.server.settings import Settings
from tracker.models import manifest as manifests
from tracker.store.read.page_cases import MOST_CASES, cases
from tracker.store.read.properties import properties

BASE = "http://127.0.0.1:6006"


@pytest.fixture
def run(logdir: Path) -> Iterator[tracker.Run]:
    """A run that goes on, with three versions of a model: the first tells the wrong way round."""
    with tracker.init(logdir=logdir, name="a", machine=False) as begun:
        begun.log({"loss": 1.0}, step=0)
        for step, strength in ((0, -1.0), (10, 0.01), (20, 1.0)):
            tried_models.log(begun, step, strength)
        begun.flush()
        yield begun


@pytest.fixture
def visitor(logdir: Path, run: tracker.Run) -> Iterator[Callable[..., TestClient]]:
    """Visitors of servers: visitor(read_only=True)."""
    opened: list[TestClient] = []

    def visit(**settings: Any) -> TestClient:
        client = TestClient(create_app(Settings(logdir, **settings)), base_url=BASE)
        client.__enter__()
        opened.append(client)
        client.get("/api/v1/runs")
        return client

    yield visit
    for client in opened:
        client.__exit__(None, None, None)


def asked(client: TestClient, **body: Any) -> Any:
    """What the model answers."""
    answer = client.post("/api/v1/try", json={"run": "a", "name": "halves", **body})
    assert answer.status_code == 200, answer.text
    return answer.json()


def kept(client: TestClient, **body: Any) -> Any:
    """Keeps a case; all that are kept."""
    said = {"run": "a", "model": "halves", "input": {"image": ink(0.5)}, "expected": "left", "title": "", **body}
    return client.post("/api/v1/cases", json=said)


def row(client: TestClient, id: str) -> Any:
    """The row of a case, asked for until every version has answered."""
    while True:
        found = client.get("/api/v1/cases/row", params={"run": "a", "id": id}).json()
        if not found["more"]:
            return found


def test_a_model_answers_by_name_and_step_with_probabilities_and_saliency(visitor: Callable[..., TestClient]) -> None:
    """The newest version without a step; the gradient keeps its sign and the shape of the picture."""
    client = visitor()
    found = asked(client, input={"image": ink(0.1)}, saliency=True)
    score = 32 * 0.1
    p = np.exp([score, -score]) / np.exp([score, -score]).sum()
    assert found["step"] == 20
    assert [each["name"] for each in found["top"]] == ["left", "right"]
    assert [each["class"] for each in found["top"]] == [0, 1]
    np.testing.assert_allclose([each["p"] for each in found["top"]], p, rtol=1e-5)
    np.testing.assert_allclose(next(iter(found["outputs"].values()))["values"], [score, -score], rtol=1e-5)
    saliency = found["saliency"]
    assert (saliency["shape"], saliency["signed"]) == ([8, 8], True)
    np.testing.assert_allclose(np.reshape(saliency["values"], (8, 8)), np.tile(np.repeat([1.0, -1.0], 4), (8, 1)))
    assert asked(client, step=0, input={"image": ink(0.1)})["top"][0]["name"] == "right"
    assert asked(client, step=10, input={"image": ink(0.1)})["saliency"] is None


def test_a_picture_is_seen_as_preprocess_says(visitor: Callable[..., TestClient]) -> None:
    """Sent as a file, it is made small by area and inverted in the process that answers."""
    levels = np.full((64, 64), 255, np.uint8)
    levels[:, :8] = 0  # an eighth of the picture is ink: one column of eight
    out = io.BytesIO()
    Image.fromarray(levels).save(out, "PNG")
    picture = {"b64": base64.b64encode(out.getvalue()).decode()}
    client = visitor()
    by_picture = asked(client, input={"image": picture})
    by_numbers = asked(client, input={"image": [[[[1] + [0] * 7] * 8]]})
    assert by_picture["outputs"] == by_numbers["outputs"]


def test_ties_and_nan_are_told_as_they_are(visitor: Callable[..., TestClient], run: tracker.Run) -> None:
    """Equals in the classes' order; NaN is a word, and of a row with one all are."""
    client = visitor()
    tie = asked(client, input={"image": ink(0.0)})["top"]
    assert [(each["name"], each["p"]) for each in tie] == [("left", 0.5), ("right", 0.5)]
    tried_models.log(run, 30, float("nan"))
    run.flush()
    assert {each["p"] for each in asked(client, step=30, input={"image": ink(1.0)})["top"]} == {"NaN"}
    assert {each["p"] for each in asked(client, step=20, input={"image": ink("NaN")})["top"]} == {"NaN"}


def test_numbers_that_are_no_classes_are_not_made_into_some(
    visitor: Callable[..., TestClient], run: tracker.Run
) -> None:
    """A regression's answer is its numbers."""
    tried_models.log(run, 40, classes=None, method="regress")
    run.flush()
    found = asked(visitor(), step=40, input={"image": ink(0.25)})
    assert (found["top"], found["of"]) == ([], 0)
    assert next(iter(found["outputs"].values())) == {"shape": [1, 2], "values": [8.0, -8.0], "cut": 0}


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"input": None}, 400, "an object with image"),
        ({"input": {"x": [[1]]}}, 400, "one of image"),
        ({"input": {"image": [[1, 2], [3]]}}, 400, "lists of numbers"),
        ({"input": {"image": "words"}}, 400, "lists of numbers"),
        ({"input": {"image": {"b64": "%%%"}}}, 400, "base64"),
        ({"input": {"image": {"b64": "aGVsbG8="}}}, 400, "no picture"),
        ({"input": {"image": [[1.0]]}}, 400, ""),
        ({"input": {"image": ink(1)}, "step": 7}, 404, "step 7"),
        ({"input": {"image": ink(1)}, "name": "none"}, 404, "none"),
        ({"input": {"image": ink(1)}, "run": "none"}, 404, "none"),
        ({"input": {"image": ink(1)}, "top": 1e9}, 400, "top"),
    ],
)
def test_what_cannot_be_asked_is_a_sentence(
    visitor: Callable[..., TestClient], body: dict[str, Any], status: int, words: str
) -> None:
    """A status of the caller's, and what was expected."""
    answer = visitor().post("/api/v1/try", json={"run": "a", "name": "halves", **body})
    assert answer.status_code == status, answer.text
    assert words in answer.json()["error"]


def test_a_form_of_another_site_asks_nothing(visitor: Callable[..., TestClient]) -> None:
    """Only JSON is taken, which no form can send."""
    client = visitor()
    for path in ("try", "cases"):
        assert client.post(f"/api/v1/{path}", content="{}", headers={"content-type": "text/plain"}).status_code == 415


def test_a_case_is_answered_by_every_version_and_by_those_that_come(
    visitor: Callable[..., TestClient], run: tracker.Run
) -> None:
    """p of what is expected, and what is likelier where it is wrong; asked again only for what is new."""
    client = visitor()
    (case,) = kept(client, title="mine").json()["cases"]
    assert {key: case[key] for key in ("model", "expected", "title", "input")} == {
        "model": "halves", "expected": "left", "title": "mine", "input": {"image": ink(0.5)},
    }  # fmt: skip
    found = row(client, case["id"])
    assert found["steps"] == [0, 10, 20]
    assert found["top"] == ["right", "left", "left"]
    assert found["p"][0] < 1e-6
    assert 0.5 < found["p"][1] < 0.6
    assert found["p"][2] > 1 - 1e-6
    tried_models.log(run, 30, float("nan"))
    run.flush()
    deadline = time.monotonic() + 60
    while (again := row(client, case["id"]))["steps"] != [0, 10, 20, 30]:
        assert time.monotonic() < deadline, again
    assert again["p"][:3] == found["p"]
    assert again["p"][3] == "NaN"


def test_cases_stay_beside_the_run_and_can_be_let_go(
    visitor: Callable[..., TestClient], run: tracker.Run, logdir: Path
) -> None:
    """In page.sqlite: another server finds them; the list of runs does not carry them about."""
    client = visitor()
    kept(client)
    (first, second) = kept(client, expected="right").json()["cases"]
    other = visitor().get("/api/v1/cases", params={"run": "a"}).json()
    assert [each["id"] for each in other["cases"]] == [first["id"], second["id"]]
    assert not any(key.startswith("case:") for key in properties(logdir / "a"))
    left = client.post("/api/v1/cases", json={"run": "a", "remove": first["id"]}).json()["cases"]
    assert [each["id"] for each in left] == [second["id"]]
    assert client.get("/api/v1/cases/row", params={"run": "a", "id": first["id"]}).status_code == 404


def test_a_read_only_server_answers_and_keeps_nothing(visitor: Callable[..., TestClient], logdir: Path) -> None:
    """It can be shown to anybody."""
    client = visitor(read_only=True)
    assert asked(client, input={"image": ink(1.0)})["top"][0]["name"] == "left"
    answer = kept(client)
    assert answer.status_code == 403
    assert "read-only" in answer.json()["error"]
    assert client.get("/api/v1/cases", params={"run": "a"}).json() == {"run": "a", "cases": [], "read_only": True}
    assert not (logdir / "a" / "page.sqlite").exists()


def test_what_cannot_be_asked_or_is_too_large_is_not_kept(visitor: Callable[..., TestClient], logdir: Path) -> None:
    """A sentence each; the file stays as it was."""
    client = visitor()
    assert kept(client, input={"image": "words"}).status_code == 400
    assert kept(client, model="none").status_code == 404
    assert kept(client, expected="").status_code == 400
    assert "left, right; got up" in kept(client, expected="up").json()["error"]
    assert "shape" in kept(client, input={"image": [[0.5, 0.5]]}).json()["error"]
    out = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (500, 500), np.uint8)).save(out, "PNG")
    large = kept(client, input={"image": {"b64": base64.b64encode(out.getvalue()).decode()}})
    assert large.status_code == 409
    assert "too large" in large.json()["error"]
    assert cases(logdir / "a") == []


def test_a_run_keeps_so_many_cases(visitor: Callable[..., TestClient], logdir: Path) -> None:
    """More are refused."""
    from tracker.store.write import page_cases, page_file

    client = visitor()
    kept(client)
    text = json.dumps({"model": "halves", "input": {}, "expected": "left", "title": ""})
    with page_file.changed(logdir / "a" / "page.sqlite") as connection:
        for i in range(MOST_CASES - 1):
            connection.execute(page_file.PROPERTY, (f"{page_cases.CASE}{i}", text, 0.0))
    answer = kept(client)
    assert answer.status_code == 409
    assert "200" in answer.json()["error"]


def test_a_page_file_of_anybodys_shows_no_cases_that_are_none(visitor: Callable[..., TestClient], logdir: Path) -> None:
    """It was mailed, or lies in a folder that others write to."""
    from tracker.store.write import page_cases, page_file

    client = visitor()
    kept(client)
    odd = ["{", "[]", '{"model": 1, "input": {}, "expected": "", "title": ""}', '{"input": 3}', "[" * 50_000]
    with page_file.changed(logdir / "a" / "page.sqlite") as connection:
        for i, text in enumerate(odd):
            connection.execute(page_file.PROPERTY, (f"{page_cases.CASE}odd{i}", text, 0.0))
    found = client.get("/api/v1/cases", params={"run": "a"}).json()["cases"]
    assert [each["expected"] for each in found] == ["left"]


def test_only_the_page_try_may_ask_for_the_camera(visitor: Callable[..., TestClient]) -> None:
    """The documents of all other pages say that they never will."""
    client = visitor()
    assert "camera=(self)" in client.get("/?p=try").headers["permissions-policy"]
    for page in ("", "?p=media", "?p=nothing"):
        assert "camera=()" in client.get(f"/{page}").headers["permissions-policy"]


def test_what_is_said_anew_of_the_same_weights_answers(visitor: Callable[..., TestClient], run: tracker.Run) -> None:
    """Classes and preprocess of a step that was logged again with the same weights, for a question and a case."""
    client = visitor()
    (case,) = kept(client).json()["cases"]
    out = io.BytesIO()
    Image.fromarray(np.tile(np.repeat([0, 255], 4), (8, 1)).astype(np.uint8)).save(out, "PNG")  # ink at the left
    picture = {"image": {"b64": base64.b64encode(out.getvalue()).decode()}}
    assert asked(client, step=20, input=picture)["top"][0]["name"] == "left"
    assert row(client, case["id"])["top"][-1] == "left"
    turned = {**tried_models.PREPROCESS, "invert": False}
    tried_models.log(run, 20, 1.0, classes=["west", "east"], preprocess=turned)
    run.flush()
    deadline = time.monotonic() + 60
    while row(client, case["id"])["top"][-1] != "west":  # once the news of it have come
        assert time.monotonic() < deadline
    assert asked(client, step=20, input=picture)["top"][0]["name"] == "east"
    body = {"examples": [{"image": np.ravel(ink(0.5)).tolist()}]}
    told = client.post("/v1/models/a%2Fhalves/versions/20:classify", json=body).json()
    assert told["results"][0][0][0] == "west"


def test_a_cell_that_could_not_be_asked_for_a_moment_is_asked_again(
    logdir: Path, visitor: Callable[..., TestClient], run: tracker.Run
) -> None:
    """Its file was away, as on a disk that is mounted late; then it is there again."""
    client = visitor()
    (case,) = kept(client).json()["cases"]
    away = [each.rename(each.with_suffix(".away")) for each in run.model("halves", 10).files().values()]
    assert row(client, case["id"])["p"][1] is None
    for each in away:
        each.rename(each.with_suffix(""))
    assert row(client, case["id"])["p"][1] is not None


def test_a_row_of_many_versions_reads_each_of_them_once(
    visitor: Callable[..., TestClient], run: tracker.Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To open one of a thousand, the rows of the others are not read again: that took 100 ms a version."""
    for step in range(100, 130):
        tried_models.log(run, step, float(step))
    run.flush()
    client = visitor()
    (case,) = kept(client).json()["cases"]
    assert asked(client, step=129, input={"image": ink(0.5)})["step"] == 129
    read: list[bytes] = []

    def counted(data: bytes) -> manifests.Manifest:
        read.append(data)
        return of_bytes(data)

    of_bytes = manifests.of_bytes
    monkeypatch.setattr(manifests, "of_bytes", counted)
    assert len(row(client, case["id"])["steps"]) == 33
    assert len(read) < 3 * 33


def test_a_regression_is_never_a_row_of_classes(
    visitor: Callable[..., TestClient], run: tracker.Run, logdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two numbers that happen to sum to 1 are two numbers, on the page and on the command line."""
    model: Any = tried_models.halves(0.0)
    model[1].bias.data[...] = [0.25, 0.75]
    run.log_model(model, "two", inputs={"image": (None, 1, 8, 8)}, method="regress")
    run.flush()
    assert asked(visitor(), name="two", input={"image": ink(0.5)})["top"] == []
    np.save(logdir / "ink.npy", np.array(ink(0.5), np.float32))
    assert cli.main(["predict", "a/two", str(logdir / "ink.npy"), "--logdir", str(logdir)]) == 0
    said = capsys.readouterr().out
    assert "probability" not in said
    assert "0.75" in said
