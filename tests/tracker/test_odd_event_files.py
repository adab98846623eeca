"""Event files with odd events in them, and files that become others while they are followed: what is sound is read."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from pathlib import Path

import pytest

import tracker
from dashboard import cli
from tests.tracker.test_event_files import copied, event, write
from tests.tracker.test_mirror import opened, points, seen  # noqa: F401 a fixture
from tracker.foreign import protos
from tracker.foreign.mirror import Mirror
from tracker.foreign.records import RecordFile


def numbered(tag: bytes, count: int = 6) -> list[bytes]:
    """Events under a tag of any bytes: enough of them to be read as columns."""
    made = []
    for step in range(count):
        one = protos.Event(wall_time=1.0 + step, step=step)
        one.summary.value.add(tag=tag, simple_value=step)
        made.append(bytes(one.SerializeToString()))
    return made


@pytest.mark.parametrize("wall_time", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("others", [0, 1, 6])
def test_an_event_without_a_time_is_counted_and_the_others_are_read(
    logdir: Path, wall_time: float, others: int
) -> None:
    """Alone, read one by one, or as columns; and as something else than a number."""
    odd = [event(wall_time, 99, tag="x", simple_value=7.0)] * 5
    odd.append(event(wall_time, 99, start=1))
    sound = [event(1e9 + step, step, tag="x", simple_value=step) for step in range(others)]
    done = copied(write(logdir / "src" / "tfevents.1", *sound[: others // 2], *odd, *sound[others // 2 :]), logdir)
    assert done.warnings == ["6 events without a time"]
    assert done.added["scalar"] == others
    if others:
        assert tracker.open(logdir).run("a").scalars("x").step.tolist() == list(range(others))


@pytest.mark.parametrize("wall_time", [0.0, -5.0, -1e300, 1e300, 5e-324, 253402300800.0])
def test_a_time_that_no_calendar_has_is_kept(
    logdir: Path, wall_time: float, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the reader and by every command."""
    sound = [event(1e9 + step, step, tag="x", simple_value=step) for step in range(6)]
    path = write(logdir / "src" / "tfevents.1", *sound, event(wall_time, 99, tag="x", simple_value=7.0))
    copied(path, logdir)
    path.unlink()
    assert tracker.open(logdir).run("a").scalars("x").wall_time.tolist()[-1] == wall_time
    for words in (
        ["runs"],
        ["doctor"],
        ["sql", "SELECT * FROM points"],
        ["export", "-o", str(logdir.parent / "x.html")],
    ):
        assert cli.main([words[0], "--logdir", str(logdir), *words[1:]]) == 0, capsys.readouterr().err


@pytest.mark.parametrize("step", [2**63 - 1, -(2**63), -1])
def test_steps_at_the_ends_of_the_number_line(logdir: Path, step: int) -> None:
    """As they are."""
    write(logdir / "src" / "tfevents.1", *points(0, 6), event(1.0, step, tag="x", simple_value=7.0))
    copied(logdir / "src" / "tfevents.1", logdir)
    assert tracker.open(logdir).run("a").scalars("x").step.tolist() == [*range(6), step]


def test_a_number_of_too_many_digits_costs_its_event(logdir: Path) -> None:
    """A step of 77 bits is no event to protobuf either."""
    odd = b"\x09" + b"\0" * 8 + b"\x10" + b"\xff" * 11 + b"\x01"
    done = copied(write(logdir / "src" / "tfevents.1", *points(0, 6), *[odd] * 5, b"\xff" * 40, *points(6, 12)), logdir)
    assert done.added["scalar"] == 12
    assert done.warnings == ["6 records that are no event"]


@pytest.mark.parametrize(
    ("tag", "shown"),
    [(b"caf\xe9", "caf\\xe9"), (b"a\0b", "a\0b"), (b"", "untagged"), (b"\xed\xa0\x80", "\\xed\\xa0\\x80"), (b"t" * 1_000_000, "t" * 1_000_000)],
    ids=["not UTF-8", "NUL", "empty", "half a character", "long"],
)  # fmt: skip
@pytest.mark.parametrize("count", [1, 6])
def test_odd_tags_are_kept_as_they_can_be_shown(logdir: Path, tag: bytes, shown: str, count: int) -> None:
    """The same whether events are read one by one or as columns."""
    done = copied(write(logdir / "src" / "tfevents.1", *numbered(tag, count), *points(0, 6)), logdir)
    assert done.warnings == []
    stored = tracker.open(logdir).run("a")
    assert {name: len(stored.scalars(name)) for name in stored.tags("scalar")} == {shown: count, "x": 6}


@pytest.mark.parametrize("bad", [b"\x0a\xff\xff\xffab", b"\x0a\x04\x0a\x7fab", bytes(6), b"\x0b" * 6])
@pytest.mark.parametrize("at", [0, 3])
def test_an_event_of_which_what_is_said_of_its_number_is_no_message(logdir: Path, bad: bytes, at: int) -> None:
    """Wherever it stands among others as long as it is, which are read together by the first one's shape."""
    good = b"\x0a\x04\x0a\x02ab"
    records = []
    for step in range(12):
        made = protos.Event(wall_time=1e9 + step, step=10 + step)
        value = made.summary.value.add(tag=b"x", simple_value=step)
        value.metadata.plugin_data.plugin_name = b"ab"
        records.append(made.SerializeToString())
    assert records[at].count(good) == 1
    records[at] = records[at].replace(good, bad)
    done = copied(write(logdir / "src" / "tfevents.1", *records), logdir)
    assert done.added["scalar"] == 11
    assert tracker.open(logdir).run("a").scalars("x").value.tolist() == [each for each in range(12) if each != at]


def test_a_summary_of_many_values_of_which_one_is_odd(logdir: Path) -> None:
    """Values fail alone."""
    one = protos.Event(wall_time=1.0, step=1)
    for number in range(2_000):
        one.summary.value.add(tag=b"v%d" % number, simple_value=number)
    odd = one.summary.value.add(tag=b"odd" * 1000)
    odd.tensor.dtype = 3
    odd.tensor.tensor_shape.dim.add(size=2**62)
    odd.tensor.tensor_shape.dim.add(size=2**62)
    done = copied(write(logdir / "src" / "tfevents.1", one.SerializeToString(), *points(0, 6)), logdir)
    assert done.added["scalar"] == 2_006
    (said,) = done.warnings
    assert "oddodd" in said
    assert len(said) < 500


def test_a_damaged_file_that_is_mended_adds_what_was_missing_and_nothing_twice(logdir: Path) -> None:
    """In the middle, twice, and also when it has grown since."""
    path = write(logdir / "src" / "tfevents.1", *points(0, 30))
    sound = path.read_bytes()
    size = len(sound) // 30
    damaged = bytearray(sound)
    for record in (5, 6, 20):
        damaged[record * size + 20] ^= 1
    path.write_bytes(damaged)
    first = copied(path, logdir)
    assert (first.added["scalar"], len(first.warnings)) == (27, 2)
    assert copied(path, logdir).added["scalar"] == 0
    path.write_bytes(damaged[: 10 * size] + sound[10 * size :])
    assert copied(path, logdir).added["scalar"] == 1
    path.write_bytes(sound)
    write(path, *points(30, 33), mode="ab")
    assert copied(path, logdir).added["scalar"] == 5
    again = copied(path, logdir)
    assert (again.added["scalar"], again.warnings) == (0, [])
    values = tracker.open(logdir).run("a").scalars("x").value.tolist()
    assert sorted(values) == list(range(33))


def test_a_file_that_shrinks_while_it_is_read_ends_there(tmp_path: Path) -> None:
    """What its size promised does not come."""
    path = write(tmp_path / "tfevents.1", *points(0, 100))
    file = RecordFile(path)
    data = path.read_bytes()
    with path.open("rb") as raw:
        found = [body for bodies in file._blocks(raw.read, len(data) * 3) for body in bodies]
    assert len(found) == 100


def test_a_question_after_a_file_got_shorter_has_its_run_at_once(
    logdir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And not from the second one on; another of the same length and one of a few bytes too."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = write(logdir / "a" / "tfevents.1", *points(0, 100))
    other = write(logdir / "b" / "tfevents.1", *points(0, 3))

    def exported(status: int = 0) -> int:
        assert cli.main(["export", "--logdir", str(logdir), "-o", str(tmp_path / "x.csv")]) == status
        return (tmp_path / "x.csv").read_text().count("\na,")

    assert exported() == 100
    write(path, *points(0, 10))
    assert exported() == 10
    write(path, *[event(2.0 + k, k, tag="x", simple_value=k) for k in range(10)])
    assert exported() == 10
    path.write_bytes(path.read_bytes()[:30])
    capsys.readouterr()
    assert exported(1) == 0
    assert "a (tfevents.1: 30 bytes at the end" in capsys.readouterr().err
    assert cli.main(["export", "--logdir", str(logdir), "a", "-o", str(tmp_path / "y.csv")]) == 1
    assert "nothing could be read" in capsys.readouterr().err
    assert not (tmp_path / "y.csv").exists()
    other.unlink()
    assert cli.main(["export", "--logdir", str(logdir), "-o", str(tmp_path / "y.csv")]) == 1


def becomes_a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def becomes_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def becomes_a_broken_link(path: Path) -> None:
    path.unlink()
    path.symlink_to("/nowhere/at/all")


def becomes_a_link_without_end(path: Path) -> None:
    path.unlink()
    path.symlink_to(path)


def is_cut_inside_a_record(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 10)


def is_emptied(path: Path) -> None:
    os.truncate(path, 0)


def is_another(path: Path) -> None:
    path.unlink()
    write(path, *points(5, 7))


@pytest.mark.parametrize(
    "change",
    [becomes_a_pipe, becomes_a_folder, becomes_a_broken_link, becomes_a_link_without_end, is_cut_inside_a_record, is_emptied, is_another],
)  # fmt: skip
def test_what_becomes_of_a_followed_file_is_its_own_affair(
    logdir: Path,
    opened: Callable[..., Mirror],  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[Path], None],
) -> None:
    """Between two walks, when it is looked at by its name alone; the file beside it and the other run go on."""
    from tracker.foreign import mirror as mirrors

    path, beside = (
        write(logdir / "a" / "tfevents.1", *points(0, 5)),
        write(logdir / "a" / "tfevents.2", *points(10, 15)),
    )
    other = write(logdir / "b" / "tfevents.1", *points(0, 5))
    mirror = opened()
    mirror.look()
    monkeypatch.setattr(mirrors, "WALK_S", 1e9)
    mirror.look()
    change(path)
    write(beside, *points(15, 17), mode="ab")
    write(other, *points(5, 7), mode="ab")
    mirror.look()
    assert seen(logdir, "b") == list(range(7))
    assert sorted(seen(logdir, "a"))[-7:] == list(range(10, 17))
    if change is not becomes_a_folder:
        path.unlink()
    else:
        path.rmdir()
    write(path, *points(0, 5))
    mirror._next_walk = 0.0
    mirror.look()
    assert sorted(seen(logdir, "a")) == [*range(5), *range(10, 17)]
