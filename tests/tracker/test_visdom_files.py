"""Files of Visdom's server are imported: each environment a run, with each of its windows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import tracker
from dashboard import cli
from tracker.foreign.importer import import_logs

PICTURE = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


def window(id: str, place: int, kind: str, content: Any, title: str = "", **more: Any) -> dict[str, Any]:
    """A window as Visdom's server saves it."""
    return {
        "command": "window", "version": 1, "id": id, "title": title, "inflate": True, "width": None, "height": None,
        "contentID": f"content of {id}", "content": content, "type": kind, "i": place, **more,
    }  # fmt: skip


def saved(folder: Path) -> Path:
    """An environment of five windows, as `vis.save` leaves it in a folder."""
    loss = {"x": [0, 1, 2], "y": [3.0, None, 1.5], "name": "train", "type": "scatter", "mode": "lines"}
    image = {"src": PICTURE, "caption": "a pixel"}
    several = [window("loss", 0, "plot", {"data": [loss], "layout": {"title": "loss"}}, "loss"),
               window("note", 1, "text", "<b>words</b>"),
               window("picture", 2, "image", image, width=100, height=50),
               window("history", 3, "image_history", [image, image], selected=1, show_slider=True),
               window("sheet", 4, "properties", [{"type": "number", "name": "lr", "value": "0.1"}])]  # fmt: skip
    path = folder / "mnist_adam.json"
    folder.mkdir(exist_ok=True)
    path.write_text(json.dumps({"jsons": {each["id"]: each for each in several}, "reload": {}}))
    return path


def test_an_environment_is_a_run_with_its_windows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By the command, of the folder that Visdom's server keeps."""
    saved(tmp_path / ".visdom")
    (tmp_path / ".visdom" / "view").mkdir()
    (tmp_path / ".visdom" / "view" / "layouts.json").write_text("{}")
    assert cli.main(["import", str(tmp_path / ".visdom"), "--logdir", str(tmp_path / "runs")]) == 0
    assert "5 pane" in capsys.readouterr().out
    run = tracker.open(tmp_path / "runs").run("mnist_adam")
    panes = {pane.id: run.pane(pane.id) for pane in run.panes()}
    assert {id: pane.type for id, pane in panes.items()} == {
        "loss": "plot", "note": "text", "picture": "image", "history": "image", "sheet": "properties",
    }  # fmt: skip
    assert panes["loss"].content["data"][0]["y"] == [3.0, None, 1.5]
    assert panes["loss"].title == "loss"
    assert panes["picture"].width == 100
    assert panes["picture"].opts["caption"] == "a pixel"
    assert panes["history"].states == 2
    assert panes["note"].content["text"] == "<b>words</b>"


def test_again_it_adds_what_is_new(tmp_path: Path) -> None:
    """A window that changed, and one that came; the rest is known."""
    path = saved(tmp_path / "visdom")
    (first,) = import_logs(path, tmp_path / "runs")
    assert first.added == {"pane": 5}
    (again,) = import_logs(path, tmp_path / "runs")
    assert not again.added
    assert again.known
    found = json.loads(path.read_text())
    found["jsons"]["note"]["content"] = "other words"
    found["jsons"]["more"] = window("more", 5, "text", "more")
    path.write_text(json.dumps(found))
    (third,) = import_logs(path, tmp_path / "runs")
    assert third.added == {"pane": 2}
    run = tracker.open(tmp_path / "runs").run("mnist_adam")
    assert run.pane("note").content["text"] == "other words"
    assert run.pane("loss").states == 1


def test_what_is_odd_leaves_the_rest(tmp_path: Path) -> None:
    """A window of no kind, a picture that is none, and a file cut off in the middle."""
    path = saved(tmp_path / "visdom")
    found = json.loads(path.read_text())
    found["jsons"] |= {
        "odd": {"type": "?"},
        "list": [],
        "broken": window("broken", 9, "image", {"src": "data:image/png;base64,AAAA"}),
    }
    path.write_text(json.dumps(found))
    (done,) = import_logs(path, tmp_path / "runs")
    assert done.added == {"pane": 5}
    assert {sentence.split("'")[1] for sentence in done.warnings} == {"odd", "list", "broken"}
    whole = path.read_text()
    path.write_text(whole[: len(whole) // 2])
    (done,) = import_logs(path, tmp_path / "other")
    assert done.failed
    path.write_text('{"jsons": 3}')
    (done,) = import_logs(path, tmp_path / "other")
    assert done.failed
