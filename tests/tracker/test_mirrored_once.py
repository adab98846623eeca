"""Event files for questions that are asked once: what is remembered of a look, and when it is not believed."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.tracker.test_event_files import event, write
from tracker.foreign import mirror
from tracker.foreign.mirrored_once import SEEN_FILE, once
from tracker.store.read.left_out import LeftOut
from tracker.store.read.reader import Store


def points(start: int, stop: int) -> list[bytes]:
    """Events of x = step."""
    return [event(1.0 + step, step, tag="x", simple_value=step) for step in range(start, stop)]


def long_ago(path: Path) -> Path:
    """A file that nobody writes to any more."""
    os.utime(path, (time.time() - 3600, time.time() - 3600))
    return path


class Looks:
    """Counts the looks at all files."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        look_once = mirror.look_once

        def counted(root: Path, cache: Path) -> object:
            self.count += 1
            return look_once(root, cache)

        monkeypatch.setattr(mirror, "look_once", counted)


@pytest.fixture
def looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Looks:
    """With a cache of the test's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return Looks(monkeypatch)


def values(logdir: Path, run: str = "a") -> list[float]:
    """What is read of a run."""
    cache = once(logdir)
    found: list[float] = Store(logdir, cache).run(run).scalars("x").value.tolist()
    return found


def grown(logdir: Path, cache: Path) -> None:
    long_ago(write(logdir / "a" / "tfevents.1", *points(3, 5), mode="ab"))


def replaced(logdir: Path, cache: Path) -> None:
    path = logdir / "a" / "tfevents.1"
    about = path.stat()
    path.unlink()
    write(path, *points(10, 13))
    os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))


def written_over(logdir: Path, cache: Path) -> None:
    """As long as before, and said to be as old."""
    path = logdir / "a" / "tfevents.1"
    about = path.stat()
    write(path, *(event(11.0 + i, i, tag="x", simple_value=10 + i) for i in range(3)), mode="r+b")
    os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))
    assert path.stat().st_size == about.st_size


def another(logdir: Path, cache: Path) -> None:
    long_ago(write(logdir / "a" / "tfevents.2", *points(3, 5)))


def copy_gone(logdir: Path, cache: Path) -> None:
    for path in (cache / "a").iterdir():
        path.unlink()


def copy_damaged(logdir: Path, cache: Path) -> None:
    (path,) = (cache / "a").glob("*.sqlite")
    path.write_bytes(path.read_bytes()[:2000])


def memory_damaged(logdir: Path, cache: Path) -> None:
    (cache / SEEN_FILE).write_text('{"files": []', encoding="ascii")


def memory_odd(logdir: Path, cache: Path) -> None:
    (cache / SEEN_FILE).write_text("[1]", encoding="ascii")


def test_nothing_is_looked_at_twice_that_did_not_change(tmp_path: Path, looks: Looks) -> None:
    """The first look copies, the second finds that it need not, the third is none."""
    long_ago(write(tmp_path / "logs" / "a" / "tfevents.1", *points(0, 3)))
    for expected in (1, 2, 2, 2):
        assert values(tmp_path / "logs") == [0, 1, 2]
        assert looks.count == expected


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (grown, [0, 1, 2, 3, 4]), (replaced, [10, 11, 12]), (written_over, [10, 11, 12]), (another, [0, 1, 2, 3, 4]),
        (copy_gone, [0, 1, 2]), (copy_damaged, [0, 1, 2]), (memory_damaged, [0, 1, 2]), (memory_odd, [0, 1, 2]),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)  # fmt: skip
def test_whatever_changes_is_seen(
    tmp_path: Path, looks: Looks, change: Callable[[Path, Path], None], expected: list[float]
) -> None:
    """In a file, among the files, in a copy, or in what is remembered."""
    logdir = tmp_path / "logs"
    long_ago(write(logdir / "a" / "tfevents.1", *points(0, 3)))
    for _ in range(3):
        assert values(logdir) == [0, 1, 2]
    cache = once(logdir)
    assert cache is not None
    change(logdir, cache)
    assert values(logdir) == expected
    assert looks.count == 3


def test_a_file_that_is_written_to_is_looked_at_each_time(tmp_path: Path, looks: Looks) -> None:
    """Its end may be half a record, of which nothing is said yet."""
    write(tmp_path / "logs" / "a" / "tfevents.1", *points(0, 3))
    for _ in range(4):
        values(tmp_path / "logs")
    assert looks.count == 4


def test_what_was_wrong_is_said_each_time(tmp_path: Path, looks: Looks, caplog: pytest.LogCaptureFixture) -> None:
    """Of a file of which nothing can be read, and of one that is cut, in the same words without a look."""
    logdir = tmp_path / "logs"
    path = write(logdir / "a" / "tfevents.1", *points(0, 3))
    path.write_bytes(path.read_bytes()[:-5])
    long_ago(path)
    (logdir / "b").mkdir()
    (logdir / "b" / "tfevents.1").write_bytes(b"no events at all, and long enough to be some")
    long_ago(logdir / "b" / "tfevents.1")
    answers = []
    for _ in range(4):
        caplog.clear()
        left_out = LeftOut()
        once(logdir, left_out)
        answers.append((left_out.parts, sorted(caplog.messages)))
    assert looks.count == 2
    assert answers[3] == answers[2] == answers[1]
    assert list(answers[3][0]) == ["b"]
    assert answers[3][1]


def test_what_failed_is_tried_again(tmp_path: Path, looks: Looks, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is away for a moment is nothing to remember."""
    from tracker.foreign.event_files import EventFileCopy

    logdir = tmp_path / "logs"
    long_ago(write(logdir / "a" / "tfevents.1", *points(0, 3)))
    update = EventFileCopy.update

    def fails(self: EventFileCopy) -> None:
        raise OSError("the disk is away")

    monkeypatch.setattr(EventFileCopy, "update", fails)
    for _ in range(3):
        left_out = LeftOut()
        once(logdir, left_out)
        assert "the disk is away" in left_out.parts["a"][0]
    monkeypatch.setattr(EventFileCopy, "update", update)
    assert values(logdir) == [0, 1, 2]


def test_a_cache_that_cannot_be_written_still_answers(tmp_path: Path, looks: Looks) -> None:
    """Nothing is remembered then, which costs time only."""
    logdir = tmp_path / "logs"
    long_ago(write(logdir / "a" / "tfevents.1", *points(0, 3)))
    cache = once(logdir)
    assert cache is not None
    (cache / SEEN_FILE).mkdir()
    for _ in range(3):
        assert values(logdir) == [0, 1, 2]
    assert looks.count == 4
