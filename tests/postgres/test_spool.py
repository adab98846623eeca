"""`tracker.init(logdir="postgresql+…")`: written on this machine as always, and sent into the database beside it."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import brief_senders
import pytest
from carrying import stores_differ
from steering import until

import tracker
from tracker.errors import LogdirError
from tracker.postgres.opened import opened
from tracker.ship import lock, spool

TRAINING = """
import sys, time, tracker
began = time.perf_counter()
run = tracker.init(logdir=sys.argv[1], name="a", machine=False)
print(run.logdir, flush=True)
for step in range(300):
    run.log({"x": float(step)}, step=step)
run.finish()
print(time.perf_counter() - began, flush=True)
"""


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a user's own, and a sender that ends soon after all is there."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    brief_senders.begin(tmp_path / "hook", monkeypatch, idle_s=0.2, wait_s=5.0)


@pytest.fixture
def ended(tmp_path: Path) -> Iterator[Callable[[Path, str], None]]:
    """Waits until no sender is left of those that the test began: ended(root, address)."""
    begun: list[tuple[Path, str]] = []

    def wait(root: Path, address: str) -> None:
        begun.append((root, address))
        until(lambda: lock.is_free(root, address), "the sender does not end")

    yield wait
    for each in begun:
        until(lambda each=each: lock.is_free(*each), "the sender does not end")  # type: ignore[misc]


def test_what_is_logged_comes_to_be_in_the_database(
    new_database: Callable[[str], str], train: Callable[..., Any], ended: Callable[[Path, str], None], tmp_path: Path
) -> None:
    address = new_database("spooled")
    training = train(TRAINING, address)
    root = Path(training.says())
    assert root == spool.folder_of(address)
    assert tmp_path in root.parents
    assert training.says()
    store = None

    def has_come() -> bool:
        nonlocal store
        with contextlib.suppress(LogdirError):
            store = opened(address)
            return not stores_differ(root, store.root)
        return False

    until(has_come, "it does not arrive")
    ended(root, store.shown if store else "")
    assert tracker.open(address).run("a").scalars("x").value.tolist() == [float(step) for step in range(300)]
    log = lock.place_of(root, store.shown if store else "").with_suffix(".log").read_text()
    assert "1 of 1 segments are there as a whole" in log


@pytest.mark.parametrize("database", ["down", "black-holed"])
def test_a_database_that_does_not_answer_keeps_no_training(
    train: Callable[..., Any],
    figure: Callable[[str], None],
    ended: Callable[[Path, str], None],
    database: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It ends as it does anyway, and what it logged is on this machine; what is said of it holds no password."""
    brief_senders.begin(tmp_path / "briefer", monkeypatch, idle_s=0.2, wait_s=1.0)
    with socket.create_server(("127.0.0.1", 0), backlog=1) as hole:
        place = f"127.0.0.1:{hole.getsockname()[1]}/runs"
        if database == "down":
            hole.close()
        training = train(TRAINING, f"postgresql+psycopg://me:hush@{place}")
        root = Path(training.says())
        figure(f'init(logdir="postgresql+…"), {database}: 300 steps and the end {float(training.says()):.2f} s')
        assert training.process.wait(60) == 0
        assert tracker.open(root).run("a").status == "finished"
        shown = f"postgresql+psycopg://me@{place}"
        words = [each for each in _words_of_processes() if b"tracker.ship" in each]
        assert not any(b"hush" in each for each in words)
        hole.close()
        ended(root, shown)
    assert "hush" not in lock.place_of(root, shown).with_suffix(".log").read_text()


def _words_of_processes() -> list[bytes]:
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit():
                found.append((entry / "cmdline").read_bytes())
    return found


def test_an_address_that_is_none_is_told_at_once(tmp_path: Path) -> None:
    for address in ("postgresql+psycopg://me:hush@host", "postgresql+asyncpg://host/runs"):
        with pytest.raises(LogdirError) as told:
            tracker.init(logdir=address)
        assert "hush" not in str(told.value)
    assert not (tmp_path / "data").exists()


def test_a_place_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`VIZ_SPOOL`, such as the disk of a job."""
    monkeypatch.setenv("VIZ_SPOOL", str(tmp_path / "job"))
    assert spool.folder_of("postgresql://host/runs") == tmp_path / "job"
    monkeypatch.delenv("VIZ_SPOOL")
    places = {spool.folder_of(f"postgresql://{who}host/runs") for who in ("", "me:one@", "me:two@", "you@")}
    assert len(places) == 3
