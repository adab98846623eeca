"""A logdir that goes and comes back while it is watched: noticed at once, and followed live as before."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from one_point import log
from starlette.testclient import TestClient

from dashboard.live import poller
from dashboard.server.application import create_app
from dashboard.server.settings import Settings


def remove(folder: Path) -> None:
    """Deletes a folder. A server may be reading in it, which puts a file beside for a moment."""
    until(lambda: shutil.rmtree(folder, ignore_errors=True) or not folder.exists())


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A logdir of one run, two folders deep; nobody goes through it by the clock."""
    for name in ("SCAN_S", "WATCHED_SCAN_S"):
        monkeypatch.setattr(poller, name, 3600.0)
    root = tmp_path / "above" / "runs"
    log(root, "first")
    return root


@pytest.fixture
def client(place: Path) -> Iterator[TestClient]:
    """A visitor of a server that watches it."""
    with TestClient(create_app(Settings(place)), base_url="http://127.0.0.1:6006") as made:
        until(lambda: names(made) == {"first"})
        log(place, "second")
        until(lambda: names(made) == {"first", "second"})  # it is watched
        yield made


def names(client: TestClient) -> set[str]:
    """The runs that a server knows."""
    return {run["name"] for run in client.get("/api/v1/runs").json()["runs"]}


def until(condition: Callable[[], Any]) -> None:
    """Waits for what another thread does."""
    for _ in range(6000):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("never so")


def deleted(root: Path, kept: Path) -> None:
    """Deleted; a copy is made later."""
    shutil.copytree(root, kept)
    remove(root)


def renamed(root: Path, kept: Path) -> None:
    """Away under another name."""
    root.rename(kept)


def with_its_parent(root: Path, kept: Path) -> None:
    """Gone with the folder it is in."""
    shutil.copytree(root, kept)
    remove(root.parent)


@pytest.mark.parametrize("waits", [True, False], ids=["seen to be gone", "back at once"])
@pytest.mark.parametrize("goes", [deleted, renamed, with_its_parent])
def test_a_logdir_that_comes_back_is_followed(
    client: TestClient, place: Path, tmp_path: Path, goes: Callable[[Path, Path], None], waits: bool
) -> None:
    """What was in it is listed again, and a run that begins there is seen."""
    kept = tmp_path / "kept"
    goes(place, kept)
    if waits:
        until(lambda: names(client) == set())
    place.parent.mkdir(exist_ok=True)
    kept.rename(place)
    until(lambda: names(client) == {"first", "second"})
    log(place, "third")
    until(lambda: names(client) == {"first", "second", "third"})
    log(place, "later/fourth")
    until(lambda: "later/fourth" in names(client))


@pytest.mark.parametrize("is_link", [True, False])
def test_another_folder_in_its_place_is_followed(
    client: TestClient, place: Path, tmp_path: Path, is_link: bool
) -> None:
    """Itself, or behind a link; and the first one again."""
    other, kept = tmp_path / "other", tmp_path / "kept"
    log(other, "of the other")
    place.rename(kept)
    if is_link:
        place.symlink_to(other)
    else:
        other.rename(place)
    until(lambda: names(client) == {"of the other"})
    log(place, "new")
    until(lambda: names(client) == {"of the other", "new"})
    place.unlink() if is_link else place.rename(other)
    kept.rename(place)
    until(lambda: names(client) == {"first", "second"})
    log(place, "third")
    until(lambda: "third" in names(client))


def test_a_logdir_that_is_a_link_is_followed_where_it_leads(place: Path, tmp_path: Path) -> None:
    """From the start, and when it leads elsewhere."""
    link, other = tmp_path / "link", tmp_path / "other"
    log(other, "of the other")
    link.symlink_to(place)
    with TestClient(create_app(Settings(link)), base_url="http://127.0.0.1:6006") as client:
        until(lambda: names(client) == {"first"})
        log(link, "second")
        until(lambda: names(client) == {"first", "second"})
        (tmp_path / "next").symlink_to(other)
        os.replace(tmp_path / "next", link)
        until(lambda: names(client) == {"of the other"})
        log(other, "third")
        until(lambda: names(client) == {"of the other", "third"})


def test_runs_that_go_and_come_back_are_followed(client: TestClient, place: Path, tmp_path: Path) -> None:
    """Moved out and in, deleted and copied back, again and again."""
    log(place, "deep/er/run")
    until(lambda: "deep/er/run" in names(client))
    for number in range(3):
        shutil.copytree(place / "deep", tmp_path / "copy")
        remove(place / "deep")
        until(lambda: "deep/er/run" not in names(client))
        (tmp_path / "copy").rename(place / "deep")
        until(lambda: "deep/er/run" in names(client))
        log(place, f"deep/er/{number}")
        until(lambda number=number: f"deep/er/{number}" in names(client))


def test_runs_that_were_in_the_trash_are_followed(client: TestClient, place: Path) -> None:
    """Their folders are renamed: those that begin in them afterwards are seen."""
    for number in range(3):
        assert client.post("/api/v1/trash", json={"runs": ["second"]}).status_code == 200
        until(lambda: "second" not in names(client))
        assert client.post("/api/v1/trash", json={"runs": ["second"], "restore": True}).status_code == 200
        until(lambda: "second" in names(client))
        log(place, f"second/{number}")
        until(lambda number=number: f"second/{number}" in names(client))
