"""Commands in a page's file: written once whoever asks at the same time, and read by a training that trusts none of it."""

from __future__ import annotations

import json
import logging
import multiprocessing
import os
import shutil
import sqlite3
import time
from pathlib import Path
from typing import Any

import preload
import pytest
from steering import answered, ask, asked, train_until, until

import tracker
from tracker.errors import PageChangeError
from tracker.store import columns
from tracker.store.read import commands
from tracker.store.read.properties import properties
from tracker.store.write import page_file


def rows(folder: Path) -> list[tuple[Any, ...]]:
    """What stands in a page's file."""
    with sqlite3.connect(folder / "page.sqlite") as connection:
        found = connection.execute("SELECT id, nonce, name, value FROM commands ORDER BY id").fetchall()
    connection.close()
    return found


# --- writing -------------------------------------------------------------------------------------------------


def test_the_same_nonce_is_the_same_command(run: tracker.Run) -> None:
    """A page that does not know whether it was heard says it once more; nothing is asked twice."""
    run.control("lr", 1.0)
    assert page_file.add_command(run.folder, "n", "control:lr", 2.0, None, "ada") is True
    before = (run.folder / "page.sqlite").stat()
    assert page_file.add_command(run.folder, "n", "control:lr", 3.0, None, "bob") is False
    assert (run.folder / "page.sqlite").stat().st_ino == before.st_ino, "the file was written again"
    assert answered(run, "n").value == 2.0
    assert page_file.add_command(run.folder, "n", "control:lr", 2.0, None, "ada") is False
    assert asked(run, "lr", 4.0).old == 2.0
    assert [each.value for each in run.commands()] == [2.0, 4.0]


def post(folder: str, author: int, count: int) -> None:
    """One of several servers. Where another one was at it for too long, it asks again, as a page does."""
    for number in range(count):
        for _ in range(50):
            try:
                page_file.add_command(
                    Path(folder), f"{author}-{number}", "control:it", 100 * author + number, None, None
                )
                page_file.set_property(Path(folder), f"note{author}", number)
                break
            except PageChangeError:
                continue


def test_several_servers_ask_at_once(run: tracker.Run) -> None:
    """Each command stands in the file once, in an order, and is done once in that; and no note is lost beside them."""
    it = run.control("it", -1)
    seen: list[int] = []
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([*preload.WRITER, "tracker.store.write.page_file"])
    servers = [context.Process(target=post, args=(str(run.folder), author, 8)) for author in range(4)]
    for server in servers:
        server.start()

    def all_done() -> bool:
        if not seen or seen[-1] != it.value:
            seen.append(it.value)
        return not any(server.is_alive() for server in servers)

    train_until(run, all_done)
    for server in servers:
        server.join()
        assert server.exitcode == 0
    assert properties(run.folder) == {f"note{author}": 7 for author in range(4)}
    nonces = [nonce for _, nonce, name, _ in rows(run.folder) if name == "control:it"]
    assert sorted(nonces) == sorted(f"{author}-{number}" for author in range(4) for number in range(8))
    answered(run, *nonces)
    told = sorted((each for each in run.commands()), key=lambda each: nonces.index(each.nonce))
    assert [each.outcome for each in told] == ["applied"] * 32
    assert [each.old for each in told[1:]] == [each.value for each in told[:-1]], "in the order of the file"
    wanted = iter([-1, *(each.value for each in told)])
    assert all(value in wanted for value in seen), "a value that came twice, or out of order"


@pytest.mark.parametrize(
    ("nonce", "name", "value"), [("", "control:a", 1), ("n" * 201, "control:a", 1), ("n", "c" * 501, 1), ("n", "control:a", "x" * 200_001)]
)  # fmt: skip
def test_what_is_too_large_is_not_written(logdir: Path, nonce: str, name: str, value: Any) -> None:
    """It is said to who asks, and the file is not even made."""
    with pytest.raises(PageChangeError):
        page_file.add_command(logdir, nonce, name, value, None, None)
    assert not (logdir / "page.sqlite").exists()


def test_a_pages_file_does_not_grow_for_ever(logdir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was changed or clicked long ago goes; what was asked of controls stays far longer; ids go on."""
    monkeypatch.setattr(page_file, "TRIM_BYTES", 0)
    for number in range(3):
        page_file.add_command(logdir, f"c{number}", "control:lr", number, None, None)
    with sqlite3.connect(logdir / "page.sqlite") as connection:
        connection.executemany(
            "INSERT INTO commands (nonce, wall_time, name, value) VALUES (?, ?, ?, ?)",
            [(f"e{number}", time.time(), "event:plot", json.dumps("x" * 100)) for number in range(1_500)],
        )
    connection.close()
    page_file.set_property(logdir, "note", "hello")
    found = rows(logdir)
    assert [nonce for _, nonce, _, _ in found[:3]] == ["c0", "c1", "c2"]
    assert [nonce for _, nonce, _, _ in found[3:-1]] == [f"e{number}" for number in range(501, 1_500)]
    assert (found[-1][0], found[-1][2]) == (1504, "note")
    monkeypatch.setattr(page_file, "_TRIM", [each.replace("4194304", "2000") for each in page_file._TRIM])
    page_file.add_command(logdir, "c3", "control:lr", 1, None, None)
    found = rows(logdir)
    assert sum(len(value) for _, _, name, value in found if not name.startswith("control:")) <= 2_000
    assert [nonce for _, nonce, name, _ in found if name.startswith("control:")] == ["c0", "c1", "c2", "c3"]


# --- reading -------------------------------------------------------------------------------------------------

LOOSE = (
    f"PRAGMA application_id={columns.APPLICATION_ID}; PRAGMA user_version={columns.SCHEMA_VERSION}; CREATE TABLE commands (id INTEGER PRIMARY KEY, nonce, wall_time, name, value, expected, author); "
    "CREATE TABLE properties (key, value, wall_time)"
)
"""As ours, and any value fits into any column."""

DEEP = "[" * 90_000 + "]" * 90_000
T = 1.0e9

REFUSED = [
    # what a training answers with a sentence: (value, expected)
    ("NaN", None), ("Infinity", None), ("-Infinity", None), ("true", None), ("", None), ("{", None), (DEEP, None),
    ("9" * 5_000, None), ("1e999", None), (json.dumps("x" * 190_000), None), ('"0.5"', None), ("null", None), ("[0.5]", None),
    ('{"a": 1}', None), ("0.5", "NaN"), ("0.5", DEEP), ("0.5", '"1.0"'), ("0.5", "true"), ("\u0000", None), ("0.5 0.5", None),
]  # fmt: skip

PASSED_OVER = [
    # what is no command at all: (nonce, wall time, name, value, expected, author)
    (None, T, "control:lr", "0.5", None, None), (b"b", T, "control:lr", "0.5", None, None), (7, T, "control:lr", "0.5", None, None),
    ("", T, "control:lr", "0.5", None, None), ("n" * 300, T, "control:lr", "0.5", None, None),
    ("p1", "noon", "control:lr", "0.5", None, None), ("p2", None, "control:lr", "0.5", None, None), ("p3", 9e999, "control:lr", "0.5", None, None),
    ("p4", T, b"control:lr", "0.5", None, None), ("p5", T, "control:" + "x" * 2_000, "0.5", None, None), ("p6", T, None, "0.5", None, None),
    ("p7", T, "control:lr", 0.5, None, None), ("p8", T, "control:lr", None, None, None), ("p9", T, "control:lr", b"0.5", None, None),
    ("p10", T, "control:lr", "x" * 2_000_000, None, None), ("p11", T, "control:lr", "0.5", 1.0, None), ("p12", T, "control:lr", "0.5", None, 5),
    ("p13", T, "CONTROL:lr", "0.5", None, None), ("p14", T, "lr", "0.5", None, None), ("p15", T, "control:lr", "0.5", None, "a" * 5_000),
]  # fmt: skip


def forged(folder: Path, made: list[tuple[Any, ...]]) -> None:
    """A file as anybody may make it, put where the page's is."""
    path = folder / "forged"
    with sqlite3.connect(path) as connection:
        connection.executescript(LOOSE)
        connection.executemany(
            "INSERT INTO commands (nonce, wall_time, name, value, expected, author) VALUES (?, ?, ?, ?, ?, ?)", made
        )
    connection.close()
    os.replace(path, folder / "page.sqlite")


def test_a_forged_file_neither_stops_nor_fills_a_training(run: tracker.Run, caplog: pytest.LogCaptureFixture) -> None:
    """Values of any type, size and depth: refused with a sentence or passed over, and the next command is done."""
    lr = run.control("lr", 1.0, low=0.0, high=10.0)
    run.log({"x": 1.0})
    made = [(f"r{number}", T, "control:lr", *each, None) for number, each in enumerate(REFUSED)]
    forged(run.folder, [*PASSED_OVER, *made, ("good", T, "control:lr", "0.5", "1.0", "ada"), ("good", T, "control:lr", "0.75", None, None)])  # fmt: skip
    assert answered(run, "good").outcome == "applied"
    assert lr.value == 0.5, "a second row of the same nonce is the same command"
    told = {each.nonce: each for each in run.commands()}
    assert {each.outcome for nonce, each in told.items() if nonce != "good"} == {"refused"}
    assert len(told) == len(REFUSED) + 1
    assert max(len(str(each)) for each in told.values()) < 1_000
    assert [each for each in caplog.records if each.levelno >= logging.WARNING] == []
    assert run.controls.arrivals.schedule.waits is False


def test_a_control_of_text_refuses_a_long_one(run: tracker.Run) -> None:
    """200 kB are no prompt; the receipt does not keep them either."""
    run.control("prompt", "a cat")
    found = asked(run, "prompt", "x" * 190_000)
    assert (found.outcome, found.why) == ("refused", "prompt takes at most 10,000 characters, and these are 190,000.")
    assert len(str(found.value)) < 200


def test_a_file_that_is_none_is_told_once(run: tracker.Run, caplog: pytest.LogCaptureFixture) -> None:
    """The training goes on, and hears again once it is one."""
    lr = run.control("lr", 1.0)
    run.log({"x": 1.0})
    (run.folder / "page.sqlite").write_bytes(b"not a database at all" * 300)
    train_until(run, lambda: caplog.records)
    assert "commands of the page cannot be read" in caplog.records[0].getMessage()
    seen = len(caplog.records)
    (run.folder / "page.sqlite").unlink()
    assert asked(run, "lr", 2.0).outcome == "applied"
    assert (lr.value, len(caplog.records)) == (2.0, seen)


def test_a_file_that_is_far_too_large_is_not_read(run: tracker.Run, caplog: pytest.LogCaptureFixture) -> None:
    """A sparse one costs nothing to make."""
    run.log({"x": 1.0})
    page_file.set_property(run.folder, "note", "hello")
    with open(run.folder / "page.sqlite", "r+b") as file:
        file.truncate(commands.MOST_BYTES + 1)
    train_until(run, lambda: any("larger than any page's file" in each.getMessage() for each in caplog.records))
    assert run.commands() == []


def test_a_file_that_comes_back_is_not_done_again(run: tracker.Run) -> None:
    """A copy that is put back, and a file that begins anew: what was done is known by its nonce, what is new is done."""
    it = run.control("it", 0)
    asked(run, "it", 1)
    saved = run.folder / "saved"
    shutil.copy(run.folder / "page.sqlite", saved)
    last = ask(run.folder, "it", 2)
    assert answered(run, last).outcome == "applied"
    os.replace(saved, run.folder / "page.sqlite")
    assert asked(run, "it", 3).old == 2
    (run.folder / "page.sqlite").unlink()
    assert asked(run, "it", 4).old == 3
    assert it.value == 4
    assert [each.value for each in run.commands()] == [1, 2, 3, 4], (
        "what the page's file forgot stands in the run's own"
    )


def test_more_than_can_wait_stays_in_the_file(run: tracker.Run) -> None:
    """A flood is taken a thousand at a time, and all of it answered."""
    it = run.control("it", 0)
    run.log({"x": 1.0})
    made = [(f"f{number}", T, "control:it", str(number), None, None) for number in range(2_500)]
    forged(run.folder, made)
    until(lambda: run.controls.arrivals.waiting >= 1_000)
    assert run.controls.arrivals.waiting < 1_300
    train_until(run, lambda: it.value == 2_499)
    train_until(run, lambda: not run.controls.arrivals.waiting)
    run.flush()
    assert sum(each.outcome == "applied" for each in run.commands()) == 2_500


def test_what_a_killed_server_left_is_removed_in_time(tmp_path: Path) -> None:
    """Copies that were being made when it was killed; not those that somebody may be making now."""
    old, new, others = (tmp_path / f".{name}-x" for name in ("page.sqlite.unborn", "page.sqlite.unborn-y", "z.unborn"))
    for folder in (old, new, others):
        folder.mkdir()
        (folder / "copy").write_text("half")
    for folder in (old, others):
        os.utime(folder, (1, 1))
    page_file.set_property(tmp_path, "note", "hello")
    assert not old.exists()
    assert (new / "copy").exists()
    assert (others / "copy").exists()
