"""What was stored is what is read, or somebody is told: checksums of rows, and where a series ends."""

from __future__ import annotations

import contextlib
import math
import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from examples import examples
from forged import as_of_before
from hypothesis import given
from hypothesis import strategies as st

import tracker
from dashboard import cli
from dashboard.live.catalog import Catalog
from tracker import doctor
from tracker import logdir as logdirs
from tracker.errors import StoreError
from tracker.series import checksums
from tracker.store.read import read_only, segments
from tracker.store.read.reader import Store

ROOT = Path(__file__).resolve().parents[2]
POINTS = 1_400


def write(logdir: Path, name: str = "a", points: int = POINTS) -> Path:
    """A run with something in every table; its file."""
    rng = np.random.default_rng(0)
    with tracker.init(logdir=logdir, name=name, machine=False, config={"lr": 0.1}, tags=["t"], notes="words") as run:
        for step in range(points):
            run.log({"x": [0.1 * step, math.nan, math.inf][step % 11 % 3], "constant": 1.0}, step=step)
        for step in range(9):
            run.log({"w": tracker.Histogram(rng.normal(size=30)), "t": tracker.Text(f"text {step}")}, step=step)
        run.log({"p": [tracker.Image(np.zeros((2, 2))), tracker.Image(np.ones((2, 2)))]}, step=3)
        run.mark("half", step=3)
        run.configure({"seed": 3})
    return logdirs.segment_files(logdir / name)[0]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Such a file, made once."""
    return write(tmp_path_factory.mktemp("made"))


@pytest.fixture
def file(logdir: Path, made: Path) -> Path:
    """A copy of it, as the run "a"."""
    (logdir / "a").mkdir(parents=True)
    return Path(shutil.copyfile(made, logdir / "a" / made.name))


def content(logdir: Path) -> Any:
    """All that a run says, as readers read it; an error's words where they are told that it is damaged."""
    run = Store(logdir).run("a")
    found: dict[str, Any] = {"problems": [problem.why for problem in run.problems()]}

    def note(what: str, read: Any) -> None:
        try:
            found[what] = read()
        except (StoreError, LookupError) as error:  # a series whose name is another is not found
            found[what] = f"error: {error}"

    note("config", lambda: run.config)
    note("segments", lambda: [(asdict(each) | {"path": ""}, each.heartbeat) for each in run.segments()])
    for tag in ("x", "constant"):
        note(tag, lambda tag=tag: [column.tobytes() for column in vars(run.scalars(tag)).values()])
        note(f"{tag} from afar", lambda tag=tag: [each.tobytes() for each in _columns(run.envelope(tag, 7))])
    note("w", lambda: [(each.total, each.min, each.max) for each in run.histograms("w")])
    note("w merged", lambda: run.histograms("w", 1)[0].total)
    for kind, tag in (("text", "t"), ("image", "p")):
        note(tag, lambda kind=kind, tag=tag: [(each.step, each.position, each.data) for each in run.media(kind, tag)])
    note("marks", lambda: [vars(mark) for mark in run.marks()])
    note("tags", run.tags)
    return found


def _columns(envelope: Any) -> list[Any]:
    return [getattr(envelope, name) for name in ("first", "last", "min", "max", "step_first", "step_last")]


def is_named(logdir: Path) -> bool:
    """Whether the doctor says that something is wrong."""
    return not doctor.examine(logdir).is_healthy


def listed(logdir: Path) -> list[str]:
    """What the list of runs says is wrong with the run."""
    library = Catalog(logdir)
    library.scan()
    said: list[str] = library.runs["a"].about()["problems"]
    return said


def alter(path: Path, *statements: str) -> None:
    """Changes rows as another program would: without their checksums."""
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def silent(logdir: Path, before: dict[str, Any]) -> list[str]:
    """What a run says otherwise than before without a word, after its file was changed."""
    try:
        after = content(logdir)
    except StoreError:
        return []
    if after["problems"] or after.get("segments") == [] or listed(logdir):
        return []
    return [what for what, said in before.items() if after[what] != said and "error" not in str(after[what])[:20]]


# --- single bits ------------------------------------------------------------------------------------------


def places(path: Path, share: int, seed: int) -> list[tuple[int, int]]:
    """(byte, bit) of every so-manieth byte that a file has, from a place of chance on."""
    size = path.stat().st_size
    chance = random.Random(seed)
    return [(byte, chance.randrange(8)) for byte in range(chance.randrange(share), size, share)]


def flips(logdir: Path, file: Path, share: int, seed: int) -> None:
    before, sound = content(logdir), file.read_bytes()
    assert not is_named(logdir)
    assert not listed(logdir)
    harmless = 0
    for byte, bit in places(file, share, seed):
        data = bytearray(sound)
        data[byte] ^= 1 << bit
        file.write_bytes(data)
        where = f"bit {bit} of byte {byte}"
        assert not silent(logdir, before), where
        if not is_named(logdir):
            harmless += 1
            assert content(logdir) == before, where
    assert harmless  # what is free in a page is nobody's


def test_a_bit_that_turns_is_named_or_harmless(logdir: Path, file: Path) -> None:
    """One of every 2,999 bytes of a file: readers say so or read what was logged, and so does the doctor."""
    flips(logdir, file, 2999, 0)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(20))
def test_many_bits_that_turn_are_named_or_harmless(logdir: Path, file: Path, seed: int) -> None:
    """The same of others."""
    flips(logdir, file, 97, seed)


# --- rows and pages -----------------------------------------------------------------------------------------


EDITS = {
    "a point": "UPDATE scalars SET value = value + 1 WHERE n = 0 AND level = 0 AND series = 1",
    "a last point": "UPDATE scalars SET last_value = 3 WHERE n = 1024 AND series = 1",
    "a step": "UPDATE scalars SET step = step + 1 WHERE n = 1024 AND series = 1",
    "a summary": "UPDATE scalars SET max = 1e9 WHERE n = 0 AND series = 1",
    "points": "UPDATE scalars SET points = zeroblob(length(points)) WHERE n = 0 AND series = 1",
    "points of another": "UPDATE scalars SET series = 3 - series, n = n + 5000 WHERE series < 3",
    "no points": "DELETE FROM scalars WHERE series = 1",
    "the last points": "DELETE FROM scalars WHERE n = 1024",
    "no checksum": "UPDATE scalars SET checksum = 0, summary_checksum = NULL",
    "a tag": "UPDATE series SET tag = 'y' WHERE tag = 'x'",
    "a setting": "UPDATE segment SET config = '{\"lr\": 0.2}'",
    "a step that it was rewound to": "UPDATE segment SET fork_step = 5",
    "a status": "UPDATE state SET status = 'crashed'",
    "a histogram": "UPDATE sketches SET max = 9 WHERE level = 0",
    "no histogram": "DELETE FROM sketches WHERE level = 0 AND n = 8",
    "a text": "UPDATE blobs SET data = 'text 7' WHERE data = x'746578742033'",
    "a text of another step": "UPDATE media SET step = step + 1 WHERE position = 0",
    "no picture": "DELETE FROM media WHERE position = 1",
    "a mark": "UPDATE marks SET step = 4",
}  # fmt: skip


@pytest.mark.parametrize(
    "statement",
    [pytest.param(each, marks=[] if place % 2 == 0 else pytest.mark.long) for place, each in enumerate(EDITS.values())],
    ids=EDITS,
)
def test_a_row_that_was_edited_is_named(logdir: Path, file: Path, statement: str) -> None:
    """By readers and the doctor, which saves what is left; then all is well."""
    before = content(logdir)
    alter(file, statement)
    assert not silent(logdir, before)
    assert is_named(logdir)
    assert cli.main(["doctor", "--logdir", str(logdir), "--repair"]) == 0
    assert not is_named(logdir)
    assert not silent(logdir, content(logdir))


def test_what_does_not_match_is_not_saved_and_all_else_is(logdir: Path, file: Path) -> None:
    """A stretch of points, of which a page shows none; after a repair the others."""
    alter(file, "UPDATE scalars SET points = zeroblob(length(points)) WHERE n = 0 AND series = 1")
    with pytest.raises(StoreError, match="1,024 points, from number 0 on, do not match their checksum"):
        Store(logdir).run("a").scalars("x")
    (finding,) = [each for each in doctor.examine(logdir, repair=True).findings if each.serious]
    assert "damaged: 1,024 points of 'x' do not match their checksum" in finding.what
    assert "no good were 1 of scalars" in finding.done
    run = Store(logdir).run("a")
    assert run.scalars("x").step.tolist() == list(range(1024, POINTS))
    assert len(run.scalars("constant")) == POINTS


@pytest.mark.parametrize("zeroed", [False, True], ids=["swapped", "zeroed"])
def test_pages_that_are_not_in_their_place_are_named(logdir: Path, file: Path, zeroed: bool) -> None:
    """Two that were swapped, or one that is empty: those of an index too, behind which rows vanish."""
    before, sound = content(logdir), file.read_bytes()
    chance = random.Random(7)
    pages = [sound[start : start + 4096] for start in range(0, len(sound), 4096)]
    for _ in range(12):
        mixed = list(pages)
        one, other = chance.sample(range(len(pages)), 2)
        mixed[one], mixed[other] = bytes(4096) if zeroed else pages[other], pages[other] if zeroed else pages[one]
        file.write_bytes(b"".join(mixed))
        assert not silent(logdir, before), (one, other)


def test_the_list_of_runs_names_what_it_reads(logdir: Path, file: Path) -> None:
    """The last point of a series, a name, a setting, an end: at the first look, and of the headline at a glance."""
    sound = file.read_bytes()
    for statement, words in (
        ("UPDATE scalars SET last_value = 3 WHERE n = 1024 AND series = 2", "the last points of 'constant'"),
        ("UPDATE series SET tag = 'y' WHERE tag = 'x'", "the names of 1 of its series"),
        ("UPDATE segment SET notes = 'others'", "what its file says of itself"),
        ("UPDATE state SET ended = ended + 60", "how its file says it stands"),
        ("DELETE FROM scalars WHERE series = 2", "some values of 'constant' are missing"),
    ):
        file.write_bytes(sound)
        alter(file, statement)
        for glance in (True, False):
            library = Catalog(logdir)
            library.scan(glance=glance)
            (said,) = library.runs["a"].about()["problems"]
            assert words in said
        assert library.runs["a"].status == "finished"


# --- files of before, files that are written --------------------------------------------------------------


def test_a_file_of_before_reads_as_it_did(logdir: Path, file: Path) -> None:
    """Whole, unchecked, and mended as before; a half of the checksums is no older file."""
    before = content(logdir)
    as_of_before(file)
    assert content(logdir) == before
    assert not is_named(logdir)
    assert not listed(logdir)
    alter(file, "UPDATE scalars SET value = 7 WHERE n = 0 AND series = 2")
    assert content(logdir)["constant"] != before["constant"]
    assert cli.main(["doctor", "--logdir", str(logdir), "--repair"]) == 0


def test_a_table_without_its_checksums_is_damage(logdir: Path, file: Path) -> None:
    """Or a bit in the words of a schema would make a new file an old one."""
    alter(file, "ALTER TABLE marks RENAME COLUMN checksum TO chocksum")
    assert "checksums" in listed(logdir)[0]


LOGS = """
import sys, tracker
with tracker.init(logdir=sys.argv[1], name="a", machine=False) as run:
    run.log({"x": 0.0, "y": 0.0}, step=0)
    assert run.flush()
    print("begun", flush=True)
    for step in range(1, int(sys.argv[2])):
        run.log({"x": step * 0.5, "y": 1.0, f"tag {step % 40}": float(step)}, step=step)
        if step % 50 == 0:
            run.log({"w": tracker.Histogram([1.0 * step]), "t": tracker.Text(str(step))}, step=step)
            run.mark("a mark", step)
            run.configure({"step": step})
"""


@contextlib.contextmanager
def writing(logdir: Path, count: int) -> Iterator[subprocess.Popen[bytes]]:
    """A process that logs so many steps, the first of which is in its file; killed at the end, if it is not over."""
    with subprocess.Popen([sys.executable, "-c", LOGS, logdir, str(count)], stdout=subprocess.PIPE, cwd=ROOT) as writer:
        try:
            assert writer.stdout is not None
            assert writer.stdout.readline() == b"begun\n"
            yield writer
        finally:
            writer.kill()


@pytest.mark.parametrize("count", [30_000, pytest.param(1_000_000, marks=pytest.mark.long)])
def test_a_file_that_is_written_is_never_called_damaged(logdir: Path, count: int) -> None:
    """Read all the time in every way while a process logs as fast as it can: no false alarm, and nothing is missing."""
    with writing(logdir, count) as writer:
        library = Catalog(logdir)
        library.scan()
        looks = 0
        while writer.poll() is None:
            run = Store(logdir).run("a")
            assert run.problems() == []
            values = run.scalars("x")
            assert (values.value == values.step * 0.5).all()
            run.envelope("x", 50)
            for tag in run.tags("histogram"):
                run.histograms(tag, 10)
            for tag in run.tags("text"):
                assert all(item.text == str(item.step) for item in run.text(tag))
            run.marks()
            library.look(["a"])
            assert library.runs["a"].about()["problems"] == []
            fresh = Catalog(logdir)
            fresh.scan()
            assert fresh.runs["a"].about()["problems"] == []
            looks += 1
        assert writer.returncode == 0
        assert looks  # how many depends on the machine; of a million points they are many
    assert len(Store(logdir).run("a").scalars("x")) == count
    assert not is_named(logdir)


def test_a_writer_that_was_killed_leaves_what_matches(logdir: Path) -> None:
    """Its checksums are those of its last commit, before and after the doctor has closed the file; so does a copy."""
    with writing(logdir, 10**8) as writer:
        while len(Store(logdir).run("a").scalars("x")) < 200:
            assert writer.poll() is None
    assert listed(logdir) == []
    (path,) = logdirs.segment_files(logdir / "a")
    (logdir / "b").mkdir()
    read_only.copy(path, logdir / "b" / path.name, "copied")
    assert not is_named(logdir)
    assert cli.main(["doctor", "--logdir", str(logdir), "--repair"]) == 0
    for name, status in (("a", "crashed"), ("b", "stopped")):
        with read_only.snapshot(logdir / name / path.name) as connection:
            segment = segments.read(connection, path)
        assert segment is not None
        assert (segment.said_status, segment.faults) == (status, ())
    assert not is_named(logdir)


# --- the checksum itself ------------------------------------------------------------------------------------

values = st.one_of(
    st.none(), st.integers(-(2**63), 2**63 - 1), st.floats(), st.text(st.characters(exclude_categories=["Cs"])),
    st.binary(),
)  # fmt: skip


@examples(50)
@given(st.lists(values, max_size=8))
def test_a_row_has_the_same_checksum_after_sqlite_has_kept_it(row: list[Any]) -> None:
    """In columns of any type of ours, which turn numbers round as they please."""
    connection = sqlite3.connect(":memory:")
    for kind in ("", "BIGINT", "DOUBLE"):
        if kind and any(isinstance(value, (str, bytes)) for value in row):
            continue  # what looks like a number would become one
        if kind == "DOUBLE" and any(isinstance(value, int) and float(value) != value for value in row):
            continue
        names = ", ".join(f"c{place} {kind}" for place in range(len(row) + 1))
        connection.execute(f"CREATE TABLE t ({names})")
        connection.execute(f"INSERT INTO t VALUES ({', '.join('?' * (len(row) + 1))})", (*row, 1))
        kept = connection.execute("SELECT * FROM t").fetchone()[:-1]
        assert checksums.of_row(kept) == checksums.of_row(row)
        connection.execute("DROP TABLE t")
    connection.close()
