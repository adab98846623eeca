"""What the page may change: names, notes, views, the trash; through its own file, and never when it must not."""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

import tracker
from dashboard.server.application import create_app
from dashboard.server.settings import Settings

CHANGES = [
    ("runs/said", {"runs": ["a"], "key": "note", "value": "good"}),
    ("shelf", {"kind": "view", "name": "mine", "value": {"x": "time"}}),
    ("trash", {"runs": ["a"]}),
]


def _log_two(logdir: Path) -> None:
    for name in ("a", "a/b"):
        with tracker.init(logdir=logdir, name=name) as run:
            for step in range(300):
                run.log({"loss": float(step % 7), "odd": float("inf") if step == 3 else 1.0}, step=step)
    (logdir / "a" / "checkpoint.pt").write_bytes(b"weights")


@pytest.fixture
def client(logdir: Path, fill: Callable[..., None]) -> Iterator[TestClient]:
    """A visitor of two finished runs, one of them inside the other's folder."""
    fill(logdir, _log_two)
    with TestClient(create_app(Settings(logdir)), base_url="http://127.0.0.1:6006") as made:
        yield made


def post(client: TestClient, path: str, body: Any, **headers: str) -> Any:
    return client.post(f"/api/v1/{path}", json=body, headers=headers)


def runs(client: TestClient) -> dict[str, Any]:
    return {run["name"]: run for run in client.get("/api/v1/runs").json()["runs"]}


def digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("events.*")
    }


def wait_for(client: TestClient, condition: Any) -> None:
    for _ in range(6000):
        if condition(runs(client)):
            return
        time.sleep(0.01)
    raise AssertionError("the library never saw it")


def test_what_is_said_of_a_run_is_kept_and_no_writers_file_is_touched(client: TestClient, logdir: Path) -> None:
    """Names, tags, notes and colours lie in page.sqlite."""
    before = digests(logdir)
    for key, value in (("name", "best one"), ("tags", ["x", "y"]), ("note", "n"), ("colour", 3)):
        assert post(client, "runs/said", {"runs": ["a"], "key": key, "value": value}).status_code == 200
    wait_for(client, lambda found: found["a"]["said"].get("colour") == 3)
    assert runs(client)["a"]["said"] == {"name": "best one", "tags": ["x", "y"], "note": "n", "colour": 3}
    post(client, "runs/said", {"runs": ["a"], "key": "name", "value": None})
    wait_for(client, lambda found: "name" not in found["a"]["said"])
    assert digests(logdir) == before
    assert tracker.open(logdir).run("a").scalars("loss").step.size == 300


@pytest.mark.parametrize("body", [{"key": "status", "value": "x"}, {"key": "name", "value": 3}, {"key": "tags", "value": [1]}, {"key": "note", "value": "x" * 300_000}])  # fmt: skip
def test_what_a_run_cannot_be_said_to_have_is_refused(client: TestClient, body: dict[str, Any]) -> None:
    """With a sentence, and nothing is written."""
    answer = post(client, "runs/said", {"runs": ["a"], **body})
    assert answer.status_code == (400 if body["key"] == "status" else 409)
    assert runs(client)["a"]["said"] == {}


def test_a_deleted_run_lies_in_the_trash_and_comes_back_whole(client: TestClient, logdir: Path) -> None:
    """Its own files go, checkpoints and runs inside its folder stay; restoring brings back every byte."""
    before = digests(logdir)
    assert post(client, "trash", {"runs": ["a"]}).status_code == 200
    wait_for(client, lambda found: set(found) == {"a/b"})
    assert [run.name for run in tracker.open(logdir).runs()] == ["a/b"]
    assert (logdir / "a" / "checkpoint.pt").read_bytes() == b"weights"
    assert client.get("/api/v1/trash").json() == {"runs": ["a"]}
    assert post(client, "trash", {"runs": ["a"], "restore": True}).status_code == 200
    wait_for(client, lambda found: set(found) == {"a", "a/b"})
    assert digests(logdir) == before
    assert client.get("/api/v1/trash").json() == {"runs": []}


def test_a_run_that_is_written_stays(client: TestClient, logdir: Path) -> None:
    """Its writer would lose the ground under its feet."""
    with tracker.init(logdir=logdir, name="live") as run:
        run.log({"loss": 1.0}, step=0)
        run.flush()
        answer = post(client, "trash", {"runs": ["live"]})
        assert (answer.status_code, "being written" in answer.text) == (409, True)
        run.log({"loss": 2.0}, step=1)
    assert tracker.open(logdir).run("live").scalars("loss").value.tolist() == [1.0, 2.0]


@pytest.mark.parametrize("name", ["../outside", "/outside", "a/../../outside", ""])
@pytest.mark.parametrize("restore", [False, True])
def test_no_name_leads_out_of_the_logdir(client: TestClient, logdir: Path, name: str, restore: bool) -> None:
    """Runs elsewhere on the disk are neither taken nor brought."""
    with tracker.init(logdir=logdir.parent, name="outside") as run:
        run.log({"loss": 1.0}, step=0)
    (logdir / ".trash").mkdir()
    before = digests(logdir.parent)
    assert post(client, "trash", {"runs": [name], "restore": restore}).status_code == 409
    assert digests(logdir.parent) == before


@pytest.mark.parametrize(("path", "body"), CHANGES)
def test_a_read_only_server_changes_nothing(client: TestClient, logdir: Path, path: str, body: Any) -> None:
    """403, and not a byte."""
    with TestClient(create_app(Settings(logdir, read_only=True)), base_url="http://127.0.0.1:6006") as reader:
        answer = post(reader, path, body)
        assert (answer.status_code, "--read-only" in answer.text) == (403, True)
    assert not list(logdir.rglob("page.sqlite"))
    assert len(tracker.open(logdir).runs()) == 2


@pytest.mark.parametrize(("path", "body"), CHANGES)
def test_changes_need_the_token_our_origin_and_json(client: TestClient, logdir: Path, path: str, body: Any) -> None:
    """Another page in the same browser can change nothing."""
    assert post(client, path, body, origin="http://evil.example").status_code == 403
    assert client.post(f"/api/v1/{path}", content="x", headers={"content-type": "text/plain"}).status_code == 415
    with TestClient(create_app(Settings(logdir, token="t")), base_url="http://127.0.0.1:6006") as stranger:
        assert post(stranger, path, body).status_code == 401
    assert not list(logdir.rglob("page.sqlite"))
    assert len(tracker.open(logdir).runs()) == 2


def test_views_and_expressions_are_kept_by_name(client: TestClient) -> None:
    """And let go of."""
    post(client, "shelf", {"kind": "view", "name": "mine", "value": {"x": "time"}})
    post(client, "shelf", {"kind": "expression", "name": "gap", "value": "val/loss - train/loss"})
    assert client.get("/api/v1/shelf").json() == {"view": {"mine": {"x": "time"}}, "expression": {"gap": "val/loss - train/loss"}, "read_only": False}  # fmt: skip
    post(client, "shelf", {"kind": "view", "name": "mine", "value": None})
    assert client.get("/api/v1/shelf").json()["view"] == {}
    assert post(client, "shelf", {"kind": "run", "name": "x", "value": 1}).status_code == 400


def test_the_table_has_last_and_extremes_of_what_is_finite(client: TestClient) -> None:
    """Over every point, folded or fresh."""
    found = client.get("/api/v1/table").json()["runs"]["a"]
    assert found == {"loss": [5.0, 0.0, 6.0, 300], "odd": [1.0, 1.0, 1.0, 300]}


def test_the_brief_list_names_sets_of_tags_once(client: TestClient) -> None:
    """A thousand runs of the same tags are one set."""
    full, brief = client.get("/api/v1/runs").json()["runs"], client.get("/api/v1/runs?form=page").json()
    assert brief["tagsets"] == [full[0]["series"]]
    assert brief["headlines"] == ["loss", "odd"]
    assert [run["series"] for run in brief["runs"]] == [0, 0]
    assert [run["step"] for run in brief["runs"]] == [299, 299]


def test_kinds_that_came_in_another_order_are_the_same_set(logdir: Path) -> None:
    """As where the thread that looks at the machine is faster once, and the training another time."""
    for name, kinds in (("a", ("loss", "note")), ("b", ("note", "loss"))):
        with tracker.init(logdir=logdir, name=name, machine=False) as run:
            for tag in kinds:
                run.log({tag: 1.0 if tag == "loss" else tracker.Text("w")}, step=0)
                run.flush()
    with TestClient(create_app(Settings(logdir)), base_url="http://127.0.0.1:6006") as client:
        found = client.get("/api/v1/runs?form=page").json()
    assert [set(tags) >= {"scalar", "text"} for tags in found["tagsets"]] == [True]


def test_an_expression_and_another_axis_are_answered(client: TestClient) -> None:
    """Curves of what was never stored."""
    answer = client.post("/api/v1/curves", json={"tag": "=loss * 2", "runs": ["a"], "x": "loss", "axis": "metric", "columns": 200})  # fmt: skip
    assert answer.status_code == 200
    assert b'"needs":["loss","loss"]' in answer.content
    assert client.post("/api/v1/curves", json={"tag": "=loss *", "runs": ["a"]}).status_code == 400


def test_every_point_of_some_runs_and_tags_is_a_file(client: TestClient) -> None:
    """What viz export writes, of a selection; a form that is not known is explained."""
    answer = post(client, "export", {"form": "csv", "runs": ["a/b", "gone"], "tags": ["odd"]})
    rows = answer.text.splitlines()
    assert rows[0] == "run,tag,step,wall_time,value"
    assert len(rows) == 301
    assert rows[4].startswith("a/b,odd,3,")
    assert rows[4].endswith(",inf")
    assert answer.headers["content-disposition"].endswith('"everystep.csv"')
    assert len(post(client, "export", {"form": "csv", "runs": ["a", "a/b"]}).text.splitlines()) == 1 + 4 * 300
    refused = post(client, "export", {"form": "docx", "runs": ["a"]})
    assert refused.status_code == 400
    assert "csv | parquet | json | html" in refused.json()["error"]


def test_the_table_gives_the_tags_that_are_asked_for(client: TestClient) -> None:
    """Last, smallest, largest, points; extremes of what is finite."""
    answer = client.get("/api/v1/table?tag=odd").json()["runs"]
    assert answer["a"] == {"odd": [1.0, 1.0, 1.0, 300]}
    assert set(client.get("/api/v1/table").json()["runs"]["a"]) == {"odd", "loss"}


def test_the_last_value_of_a_resumed_run_is_its_newest_segments(client: TestClient, logdir: Path) -> None:
    """Of two files that hold one series; a tag that is asked for later is read then."""
    for reason, values in ((None, (5.0, 1.0)), ("must", (3.0, math.nan))):
        with tracker.init(logdir=logdir, name="joined", resume=reason, machine=False) as run:
            for value in values:
                run.log({"loss": value, "other": 1.0})
    wait_for(client, lambda known: known.get("joined", {}).get("segments") == 2)
    asked = {tag: client.get(f"/api/v1/table?tag={tag}").json()["runs"]["joined"] for tag in ("loss", "other")}
    assert asked == {"loss": {"loss": ["NaN", 1.0, 5.0, 4]}, "other": {"other": [1.0, 1.0, 1.0, 4]}}


def test_scripts_of_packages_are_those_of_a_list(client: TestClient) -> None:
    """React and AG Grid from where pip put them, and no other file of theirs."""
    for name in ("react.js", "react-dom.js", "prop-types.js", "dash_ag_grid.min.js", "async-community.js", "plotly.js"):
        answer = client.get(f"/packages/{name}")
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/javascript")
    for name in ("async-enterprise.js", "..%2F__init__.py", "react"):
        assert client.get(f"/packages/{name}").status_code == 404
