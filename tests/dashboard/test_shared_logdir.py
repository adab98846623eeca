"""One logdir, two servers at once; and a logdir that nobody may write to."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

import tracker
from dashboard.live import catalog_cache
from dashboard.server.application import create_app
from dashboard.server.settings import Settings


def log(root: Path, name: str, count: int = 50) -> None:
    """A finished run."""
    with tracker.init(logdir=root, name=name, machine=False) as run:
        for step in range(count):
            run.log({"loss": 1 / (step + 1)}, step=step)


def until(condition: Callable[[], Any]) -> None:
    """Waits for what another thread does."""
    for _ in range(6000):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("never so")


def names(client: TestClient) -> set[str]:
    """The runs that a server knows."""
    return {run["name"] for run in client.get("/api/v1/runs").json()["runs"]}


def test_two_servers_of_one_logdir_share_an_index_and_see_the_same(
    logdir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each replaces the other's index as a whole; a later start reads whichever was last, and both see new runs."""
    monkeypatch.setattr(catalog_cache, "WORTH_IT", 0)
    kept = tmp_path / "shared.index"
    for number in range(5):
        log(logdir, f"r{number}")
    apps = [create_app(Settings(logdir, index=kept)) for _ in range(2)]
    with TestClient(apps[0], base_url="http://127.0.0.1:6006") as first:
        with TestClient(apps[1], base_url="http://127.0.0.1:6007") as second:
            log(logdir, "late")
            for client in (first, second):
                until(lambda client=client: "late" in names(client))
                assert len(names(client)) == 6
                table = client.get("/api/v1/table?tag=loss").json()["runs"]
                assert {name: row["loss"][3] for name, row in table.items()} == dict.fromkeys(names(client), 50)
        log(logdir, "later")
        until(lambda: "later" in names(first))
    assert kept.exists()
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith("shared.index")] == ["shared.index"]
    with TestClient(create_app(Settings(logdir, index=kept)), base_url="http://127.0.0.1:6006") as again:
        assert len(names(again)) == 7


@pytest.mark.parametrize("can_write_cache", [True, False])
def test_a_logdir_that_nobody_may_write_to_is_shown(logdir: Path, tmp_path: Path, can_write_cache: bool) -> None:
    """A disk that is read only: runs and curves are there, a wish to change one is refused in words, no file appears."""
    log(logdir, "a")
    before = sorted(path.relative_to(logdir) for path in logdir.rglob("*"))
    cache = tmp_path / "cache"
    cache.mkdir(mode=0o700 if can_write_cache else 0o500)
    folders = [logdir / "a", logdir]
    for folder in folders:
        folder.chmod(0o500)
    for file in (logdir / "a").iterdir():
        file.chmod(0o400)
    try:
        app = create_app(Settings(logdir, index=cache / "x.index"))
        with TestClient(app, base_url="http://127.0.0.1:6006") as client:
            assert names(client) == {"a"}
            answer = client.get("/api/v1/scalars?run=a&tag=loss&columns=100").json()
            assert len(answer["step_first"]) == 50
            if not os.access(logdir, os.W_OK):  # root may write anywhere
                refused = client.post("/api/v1/runs/said", json={"runs": ["a"], "key": "note", "value": "x"})
                assert 400 <= refused.status_code < 500
                assert refused.json()["error"]
                refused = client.post("/api/v1/trash", json={"runs": ["a"]})
                assert 400 <= refused.status_code < 500
        assert sorted(path.relative_to(logdir) for path in logdir.rglob("*")) == before
    finally:
        for folder in folders:
            folder.chmod(0o700)
        cache.chmod(0o700)
