"""What the page is told of models: versions, files by their content, a new one as news; and what the trash does."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from hostile_models import sound
from starlette.testclient import TestClient

import tracker
from dashboard.live import trash
from dashboard.live.catalog import Catalog
from tracker.models import manifest
from tracker.values.opaque import OpaqueValue
from tracker.values.value import Medium
from trainer import nn

SHAPE = (None, 4)


def network() -> nn.Linear:
    """The smallest."""
    return nn.Linear(4, 3)


def test_the_models_of_a_run(client: TestClient, run: tracker.Run, tmp_path: Path) -> None:
    """Each with its versions, and what the newest takes and gives."""
    path = tmp_path / "half.onnx"
    path.write_bytes(sound())
    for step in (0, 10):
        run.log_model(network(), "net", inputs=SHAPE, classes=["a", "b", "c"], labels=["stable"], step=step, keep=1)
    run.log_model(path, "half", step=3)
    run.flush()
    told = client.get("/api/v1/models", params={"run": "a"}).json()
    assert (told["run"], told["problems"]) == ("a", [])
    half, net = told["models"]
    assert (half["name"], net["name"]) == ("half", "net")
    assert net["inputs"] == [{"name": "x", "dtype": "float32", "shape": [None, 4]}]
    assert net["outputs"] == [{"name": "output", "dtype": "float32", "shape": [None, 3]}]
    assert (net["classes"], net["method"], net["preprocess"]) == (["a", "b", "c"], "classify", None)
    assert [(each["step"], each["kept"], each["format"], each["labels"]) for each in net["versions"]] == [
        (0, False, "trainer", ["stable"]), (10, True, "trainer", ["stable"]),
    ]  # fmt: skip
    (version,) = half["versions"]
    assert version["size"] == len(sound())
    assert [each["name"] for each in version["files"]] == ["model.onnx"]


def test_a_file_is_served_by_what_it_holds(client: TestClient, run: tracker.Run, tmp_path: Path) -> None:
    """For ever where its digest is named; else the browser asks again, and is told that nothing changed."""
    path = tmp_path / "half.onnx"
    path.write_bytes(sound())
    run.log_model(path, "half", step=3)
    run.flush()
    asked = {"run": "a", "name": "half", "file": "model.onnx"}
    answer = client.get("/api/v1/models/file", params=asked)
    assert answer.content == sound()
    assert answer.headers["cache-control"] == "private, no-cache"
    assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-disposition"].startswith("attachment")
    digest = answer.headers["etag"].strip('"')
    again = client.get("/api/v1/models/file", params=asked, headers={"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    named = client.get("/api/v1/models/file", params={**asked, "step": 3, "digest": digest})
    assert "immutable" in named.headers["cache-control"]
    for wrong in ({"digest": "0" * 64}, {"file": "../events"}, {"step": 4}, {"name": "x"}, {"run": "../a"}):
        assert client.get("/api/v1/models/file", params={**asked, **wrong}).status_code in (400, 404)
    assert client.get("/api/v1/models", params={"run": "nobody"}).status_code == 404


def test_a_file_that_was_changed_is_not_served(client: TestClient, run: tracker.Run, tmp_path: Path) -> None:
    """The browser would run it."""
    path = tmp_path / "half.onnx"
    path.write_bytes(sound())
    run.log_model(path, "half")
    run.flush()
    (place,) = (run.folder / "models").iterdir()
    place.write_bytes(sound().replace(b"Mul", b"Div"))
    answer = client.get("/api/v1/models/file", params={"run": "a", "name": "half", "file": "model.onnx"})
    assert answer.status_code == 400
    assert "damaged" in answer.text


def test_a_model_that_cannot_be_read_is_told_beside_the_others(client: TestClient, run: tracker.Run) -> None:
    """One odd row takes no page away."""
    run.log({"bad": OpaqueValue("model", [Medium(manifest.FORM, {}, b"{}")])})
    run.log_model(network(), "net", inputs=SHAPE)
    run.flush()
    told = client.get("/api/v1/models", params={"run": "a"}).json()
    assert [each["name"] for each in told["models"]] == ["net"]
    assert [each.partition(" at step")[0] for each in told["problems"]] == ["bad"]


def test_a_new_version_is_news(logdir: Path, run: tracker.Run) -> None:
    """The list of a run names its models, which brings the page's tab; each later version is told by its name."""
    catalog = Catalog(logdir)
    catalog.scan()
    run.log_model(network(), "net", inputs=SHAPE, step=1)
    run.flush()
    changes = catalog.look(["a"])
    assert changes.changed["a"] >= {"runs", "model"}
    assert changes.tags["a"]["model"] == {"net"}
    assert catalog.runs["a"].summary()["series"]["model"] == ["net"]
    run.log_model(network(), "net", inputs=SHAPE, step=2)
    run.flush()
    changes = catalog.look(["a"])
    assert changes.changed["a"] == {"model"}
    assert changes.tags["a"]["model"] == {"net"}


# --- the trash ---------------------------------------------------------------------------------------


@pytest.fixture
def finished(logdir: Path) -> Path:
    """A logdir with a run that has a model, and has ended."""
    with tracker.init(logdir=logdir, name="m", machine=False) as run:
        run.log_model(network(), "net", inputs=SHAPE)
    return logdir


def answers(root: Path, name: str = "m") -> bool:
    """Whether the model of a run does."""
    x = np.zeros((2, 4), np.float32)
    return bool(tracker.open(root).run(name).model("net").predict(x).shape == (2, 3))


@pytest.mark.parametrize("beside", ["nothing", "checkpoint", "run", "run in models"])
def test_a_deleted_run_takes_its_models_along_and_back(finished: Path, beside: str) -> None:
    """Whether its folder holds nothing else, or files and runs that stay."""
    if beside == "checkpoint":
        (finished / "m" / "best.pt").write_bytes(b"x")
    elif beside != "nothing":
        name = "m/below" if beside == "run" else "m/models"
        with tracker.init(logdir=finished, name=name, machine=False) as other:
            other.log_model(network(), "net", inputs=SHAPE)
    trash.to_trash(finished, "m")
    assert not list((finished / "m").glob("models/" + "[0-9a-f]" * 64))
    assert answers(finished / ".trash")
    if beside.startswith("run"):
        assert answers(finished, "m/below" if beside == "run" else "m/models")
    trash.from_trash(finished, "m")
    assert answers(finished)


def test_a_move_that_was_stopped_takes_the_models_along(finished: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was to be moved is written down, the files of models by their names below the folder."""
    (finished / "m" / "best.pt").write_bytes(b"x")

    class Killed(BaseException):
        pass

    def stop(source: Path, target: Path, files: list[str]) -> None:
        moved(source, target, files[:1])
        raise Killed

    moved = trash._replace_all
    monkeypatch.setattr(trash, "_replace_all", stop)
    with pytest.raises(Killed):
        trash.to_trash(finished, "m")
    monkeypatch.setattr(trash, "_replace_all", moved)
    assert trash.finish_moves(finished) == 1
    assert answers(finished / ".trash")


def test_a_run_that_goes_on_after_it_was_deleted_keeps_what_comes(finished: Path) -> None:
    """As of all it logs: its folder comes back for what is new."""
    with tracker.init(logdir=finished, name="live", machine=False) as run:
        run.log_model(network(), "net", inputs=SHAPE, step=1)
        run.flush()
        shutil.rmtree(run.folder)
        run.log_model(network(), "net", inputs=SHAPE, step=2)
    assert [each.step for each in tracker.open(finished).run("live").model("net").versions] == [2]
    assert answers(finished, "live")
