"""Runs that are chosen by links: shown by every command, followed as they are written to, and left alone where they lie."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import command
import pytest
from one_point import log
from starlette.testclient import TestClient
from tree_hash import tree

import tracker
from dashboard.live import poller, trash, user_edits, watches
from dashboard.live.file_watch import Watch
from dashboard.server.application import create_app
from dashboard.server.settings import Settings
from tests.dashboard.test_watch import names, remove, until
from tracker import logdir as logdirs
from tracker.errors import RunNotFoundError
from tracker.foreign.event_writer import EventWriter
from tracker.foreign.mirror import Mirror


@pytest.fixture
def unpolled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is looked at by the clock, links that lead to nothing apart: what is seen was told by the system."""
    for name in ("SCAN_S", "WATCHED_SCAN_S"):
        monkeypatch.setattr(poller, name, 3600.0)


@pytest.fixture
def client(own_runs: Path, unpolled: None) -> Iterator[TestClient]:
    """A visitor of a server that watches the logdir."""
    with TestClient(create_app(Settings(own_runs)), base_url="http://127.0.0.1:6006") as made:
        until(lambda: names(made) == {"own"})
        log(own_runs, "watched")
        until(lambda: names(made) == {"own", "watched"})
        shutil.rmtree(own_runs / "watched")
        until(lambda: names(made) == {"own"})
        yield made


def step(client: TestClient, name: str) -> Any:
    """How far a run is known to have come."""
    for run in client.get("/api/v1/runs").json()["runs"]:
        if run["name"] == name:
            return run["scalars"].get("loss", {}).get("step")
    return None


def test_a_run_behind_a_link_is_followed_without_polling(
    own_runs: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch, unpolled: None
) -> None:
    """One that begins there, and each of its points: with nothing looked at by the clock."""
    (own_runs / "exp").symlink_to(elsewhere)
    with TestClient(create_app(Settings(own_runs)), base_url="http://127.0.0.1:6006") as client:
        until(lambda: names(client) == {"own", "exp/a", "exp/b/c"})
        log(elsewhere, "first")
        until(lambda: "exp/first" in names(client))  # it is watched
        monkeypatch.setattr(poller, "NET_S", 3600.0)
        log(elsewhere, "second")
        until(lambda: "exp/second" in names(client))
        with tracker.init(logdir=elsewhere, name="live", machine=False) as run:
            for at in range(5):
                run.log({"loss": 1.0}, step=at)
                run.flush()
                until(lambda at=at: step(client, "exp/live") == at)


def test_links_that_are_made_turned_and_removed_while_it_runs(
    client: TestClient, own_runs: Path, elsewhere: Path, tmp_path: Path
) -> None:
    """Also one whose target comes later."""
    (own_runs / "chosen").symlink_to(elsewhere / "a")
    until(lambda: names(client) == {"own", "chosen"})
    (own_runs / "later").symlink_to(tmp_path / "later")
    log(tmp_path / "later", "x")
    until(lambda: "later/x" in names(client))
    log(tmp_path / "later", "y")
    until(lambda: "later/y" in names(client))
    (own_runs / ".next").symlink_to(elsewhere / "b")
    os.replace(own_runs / ".next", own_runs / "chosen")
    until(lambda: names(client) == {"own", "chosen/c", "later/x", "later/y"})
    log(elsewhere, "b/new")
    until(lambda: "chosen/new" in names(client))
    (own_runs / "chosen").unlink()
    until(lambda: names(client) == {"own", "later/x", "later/y"})


@pytest.mark.parametrize("waits", [True, False], ids=["seen to be gone", "back at once"])
def test_a_folder_behind_a_link_that_goes_and_comes_back(
    client: TestClient, own_runs: Path, elsewhere: Path, waits: bool
) -> None:
    """Its runs are listed again, and those that begin there then are seen; again and again."""
    (own_runs / "exp").symlink_to(elsewhere)
    until(lambda: "exp/a" in names(client))
    for number in range(3):
        kept = elsewhere.with_name("kept")
        shutil.copytree(elsewhere, kept)
        remove(elsewhere)
        if waits:
            until(lambda: names(client) == {"own"})
        kept.rename(elsewhere)
        until(lambda: {"exp/a", "exp/b/c"} <= names(client))
        log(elsewhere, f"more/{number}")
        until(lambda number=number: f"exp/more/{number}" in names(client))


def test_a_folder_that_goes_while_a_watch_is_put_on_it(
    client: TestClient, own_runs: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look that found its runs and the watch: they are listed no more, and again when it is back."""
    kept = elsewhere.with_name("kept")

    def watch(path: Path, *others: Any) -> Watch:
        if path.name == "exp" and not kept.exists():
            elsewhere.rename(kept)
        return Watch(path, *others)

    monkeypatch.setattr(watches, "Watch", watch)
    (own_runs / "exp").symlink_to(elsewhere)
    until(kept.exists)
    until(lambda: names(client) == {"own"})
    shutil.copytree(kept, elsewhere)
    until(lambda: names(client) == {"own", "exp/a", "exp/b/c"})
    log(elsewhere, "new")
    until(lambda: "exp/new" in names(client))


def test_two_links_of_which_one_leads_into_the_other(
    client: TestClient, own_runs: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is written is told by both, and is news of the one run that is shown."""
    (own_runs / "z").symlink_to(elsewhere)
    (own_runs / "a").symlink_to(elsewhere / "a")
    until(lambda: names(client) == {"own", "a", "z/b/c"})
    with tracker.init(logdir=elsewhere, name="a", resume="allow", machine=False) as run:
        run.log({"loss": 2.0}, step=7)
        run.flush()
        until(lambda: step(client, "a") == 7)
    log(elsewhere, "new")
    until(lambda: names(client) == {"own", "a", "z/b/c", "z/new"})


# --- the commands ---------------------------------------------------------------------------------------------


def viz(*arguments: str | Path, cache: Path) -> subprocess.CompletedProcess[str]:
    """A command, ended."""
    return command.viz(*arguments, environment={"XDG_CACHE_HOME": str(cache)})


def events(folder: Path) -> None:
    """An event file, as other programs write it."""
    writer = EventWriter(folder)
    writer.add_number("loss", 1, 1700000000.0, 0.5)
    writer.close()


def test_every_command_knows_the_same_runs(own_runs: Path, elsewhere: Path, tmp_path: Path) -> None:
    """Ours and event files'; nothing is written where they lie, and what is not followed is told."""
    events(tmp_path / "tensorboard" / "tb")
    (own_runs / "exp").symlink_to(elsewhere)
    (own_runs / "tensorboard").symlink_to(tmp_path / "tensorboard")
    (own_runs / "root").symlink_to("/")
    (own_runs / "empty").symlink_to(tmp_path / "nowhere")
    outside = tree(elsewhere), tree(tmp_path / "tensorboard")
    expected = {"own", "exp/a", "exp/b/c", "tensorboard/tb"}
    cache = tmp_path / "cache"
    listed = viz("runs", "--logdir", own_runs, "--json", cache=cache)
    assert {run["name"] for run in json.loads(listed.stdout)} == expected
    assert "root: it leads up" in listed.stderr
    assert "empty: it leads to nothing" in listed.stderr
    assert listed.returncode == 0
    asked = viz("sql", "--logdir", own_runs, "SELECT run FROM runs", "--format", "csv", cache=cache)
    assert {row["run"] for row in csv.DictReader(io.StringIO(asked.stdout))} == expected
    viz("export", "--logdir", own_runs, "-o", tmp_path / "all.csv", cache=cache)
    with open(tmp_path / "all.csv", newline="") as file:
        assert {row["run"] for row in csv.DictReader(file)} == expected
    one = viz("export", "--logdir", own_runs, "exp/a", "-o", tmp_path / "one.csv", cache=cache)
    assert one.returncode == 0, one.stderr
    examined = viz("doctor", "--logdir", own_runs, cache=cache)
    assert "3 runs, 3 files, 3 points: sound" in examined.stdout
    assert "root: it leads up" in examined.stdout
    viz("import", own_runs, "--logdir", tmp_path / "imported", cache=cache)
    assert [name for name, _ in logdirs.run_folders(tmp_path / "imported")] == ["tensorboard/tb"]
    assert (tree(elsewhere), tree(tmp_path / "tensorboard")) == outside


def test_the_doctor_repairs_nothing_outside(own_runs: Path, elsewhere: Path, tmp_path: Path) -> None:
    """It says what is wrong, and where it would be mended."""
    (own_runs / "exp").symlink_to(elsewhere)
    for folder in (elsewhere / "a", own_runs / "own"):
        (file,) = logdirs.segment_files(folder)
        with contextlib.closing(sqlite3.connect(file)) as connection:
            connection.execute("UPDATE state SET lost='no JSON'")
            connection.commit()
    outside = tree(elsewhere)
    done = viz("doctor", "--repair", "--logdir", own_runs, cache=tmp_path / "cache")
    assert done.returncode == 1
    assert "the damaged file is kept as" in done.stdout
    assert "is not repaired from here" in done.stdout
    assert tree(elsewhere) == outside
    assert viz("doctor", "--repair", "--logdir", elsewhere, cache=tmp_path / "cache").returncode == 0


def test_copies_of_event_files_are_in_the_cache(own_runs: Path, tmp_path: Path) -> None:
    """By the name of the link, and gone with it."""
    events(tmp_path / "tensorboard" / "tb")
    (own_runs / "tensorboard").symlink_to(tmp_path / "tensorboard")
    outside = tree(tmp_path / "tensorboard")
    mirror = Mirror(own_runs, tmp_path / "copies")
    mirror.look()
    assert list(logdirs.all_run_folders(own_runs, tmp_path / "copies")) == ["own", "tensorboard/tb"]
    (own_runs / "tensorboard").unlink()
    mirror._next_walk = 0.0
    mirror.look()
    mirror.close()
    assert list(logdirs.all_run_folders(own_runs, tmp_path / "copies")) == ["own"]
    assert tree(tmp_path / "tensorboard") == outside


# --- what is changed ------------------------------------------------------------------------------------------


def test_trashing_a_run_that_is_chosen_by_a_link_moves_the_link(
    client: TestClient, own_runs: Path, elsewhere: Path
) -> None:
    """And brings it back as it was, also one that is written to and one that is relative."""
    (own_runs / "sub").mkdir()
    (own_runs / "sub" / "chosen").symlink_to("../../elsewhere/a")
    until(lambda: names(client) == {"own", "sub/chosen"})
    with tracker.init(logdir=elsewhere, name="a", resume="allow", machine=False) as run:
        run.log({"loss": 1.0}, step=1)
        run.flush()
        before = tree(elsewhere / "b")
        assert client.post("/api/v1/trash", json={"runs": ["sub/chosen"]}).status_code == 200
        until(lambda: names(client) == {"own"})
        assert client.get("/api/v1/trash").json()["runs"] == ["sub/chosen"]
        assert len(logdirs.segment_files(elsewhere / "a")) == 2
        assert client.post("/api/v1/trash", json={"runs": ["sub/chosen"], "restore": True}).status_code == 200
        until(lambda: names(client) == {"own", "sub/chosen"})
    assert os.readlink(own_runs / "sub" / "chosen") == "../../elsewhere/a"
    assert client.get("/api/v1/trash").json()["runs"] == []
    assert tree(elsewhere / "b") == before


def test_what_lies_behind_a_link_is_not_trashed(own_runs: Path, elsewhere: Path) -> None:
    """Nor is a link with which other runs would go, nor one that leads to no run."""
    log(elsewhere, "b")
    (own_runs / "exp").symlink_to(elsewhere)
    (own_runs / "both").symlink_to(elsewhere / "b")
    (own_runs / "data").symlink_to(own_runs.parent)
    outside = tree(elsewhere)
    with pytest.raises(user_edits.PageChangeError, match="exp is a link to another place"):
        trash.to_trash(own_runs, "exp/a")
    with pytest.raises(user_edits.PageChangeError, match="both/c, which lies behind it too"):
        trash.to_trash(own_runs, "both")
    for name in ("exp", "data"):
        with pytest.raises(RunNotFoundError):
            trash.to_trash(own_runs, name)
    assert tree(elsewhere) == outside
    assert sorted(os.listdir(own_runs)) == [".trash", "both", "data", "exp", "own"]
    assert trash.in_trash(own_runs) == []


def test_links_and_runs_of_one_name_in_the_trash(own_runs: Path, elsewhere: Path) -> None:
    """None is lost, and none is moved to where a link leads."""

    def link() -> None:
        (own_runs / "x").symlink_to(elsewhere / "a")

    link()
    trash.to_trash(own_runs, "x")
    link()
    trash.to_trash(own_runs, "x")
    assert [name.partition("~")[0] for name in trash.in_trash(own_runs)] == ["x", "x"]
    log(own_runs, "x")
    with pytest.raises(user_edits.PageChangeError, match="again"):
        trash.from_trash(own_runs, "x")
    trash.to_trash(own_runs, "x")
    assert len(trash.in_trash(own_runs)) == 3
    link()
    outside = tree(elsewhere)
    with pytest.raises(user_edits.PageChangeError, match="again"):
        trash.from_trash(own_runs, "x")
    (own_runs / "x").unlink()
    trash.from_trash(own_runs, "x")
    assert not (own_runs / "x").is_symlink()
    assert tree(elsewhere) == outside
    log(own_runs, "y/below")
    trash.to_trash(own_runs, "y/below")
    (own_runs / "y").rmdir()
    (own_runs / "y").symlink_to(elsewhere / "a")
    trash.to_trash(own_runs, "y")
    assert "y/below" in trash.in_trash(own_runs)
    assert any(name.startswith("y~") for name in trash.in_trash(own_runs))


def test_a_note_on_a_linked_run_is_the_runs(client: TestClient, own_runs: Path, elsewhere: Path) -> None:
    """It is read wherever the run is; where it cannot be written that is said, and the run is shown all the same."""
    (own_runs / "chosen").symlink_to(elsewhere / "a")
    until(lambda: names(client) == {"own", "chosen"})
    said = client.post("/api/v1/runs/said", json={"runs": ["chosen"], "key": "note", "value": "the good one"})
    assert said.status_code == 200
    assert user_edits.said(elsewhere / "a").properties == {"note": "the good one"}
    assert [path.name for path in (elsewhere / "b").iterdir()] == ["c"]
    (elsewhere / "a" / "page.sqlite").unlink()
    (elsewhere / "a" / "page.sqlite").mkdir()
    said = client.post("/api/v1/runs/said", json={"runs": ["chosen"], "key": "note", "value": "x"})
    assert said.status_code == 409
    assert "page.sqlite cannot be written" in said.text
    assert names(client) == {"own", "chosen"}
