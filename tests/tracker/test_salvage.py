"""What the doctor saves: every row that can be read, with values of the right types, whenever it is killed."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from forged import as_of_before

import tracker
from dashboard import cli
from tracker.doctor import _close
from tracker.repair import salvage
from tracker.series import checksums
from tracker.store.write import schema
from tracker.store.write.column_values import type_of

ROOT = Path(__file__).resolve().parents[2]

INTEGERS = [np.int64(3), np.int32(3), np.uint8(200), np.int16(3), np.array(3)]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with something of every table, made once."""
    return make(tmp_path_factory.mktemp("made"), 2_100)


def make(logdir: Path, points: int) -> Path:
    """The folder of such a run."""
    with tracker.init(logdir=logdir, name="a", machine=False, config={"lr": 0.1}, tags=["t"], notes="words") as run:
        for step in range(points):
            run.log({"x": step * 0.1}, step=step)
        for step in range(20):
            run.log({"w": tracker.Histogram(np.arange(1.0 + step)), "t": tracker.Text(f"text {step}")}, step=step)
        run.log({"p": [tracker.Image(np.zeros((2, 2))), tracker.Image(np.ones((2, 2)))]}, step=3)
        run.mark("half", step=3)
    return logdir / "a"


@pytest.fixture
def run(logdir: Path, made: Path) -> Path:
    """The file of a copy of it."""
    shutil.copytree(made, logdir / "a")
    return segment(logdir)


def segment(logdir: Path) -> Path:
    """The only segment of the run "a"."""
    (path,) = (logdir / "a").glob("events.*.sqlite")
    return path


def alter(path: Path, statement: str, *values: Any) -> None:
    """Changes a file behind its back."""
    connection = sqlite3.connect(path)
    connection.execute(statement, values)
    connection.commit()
    connection.close()


def doctor(logdir: Path, *words: str) -> int:
    """The status of the doctor."""
    return cli.main(["doctor", "--logdir", str(logdir), *words])


def content(logdir: Path) -> dict[str, Any]:
    """All that a run says, in order."""
    stored = tracker.open(logdir).run("a")
    found: dict[str, Any] = {
        "config": stored.config,
        "status": stored.status,
        "marks": [vars(each) for each in stored.marks()],
    }
    for tag in stored.tags("scalar"):
        points = stored.scalars(tag)
        found[tag] = points.step.tobytes(), points.wall_time.tobytes(), points.value.tobytes()
        found[f"envelope of {tag}"] = stored.envelope(tag, 50).max.tolist()
    for tag in stored.tags("histogram"):
        histograms = stored.histograms(tag)
        found[tag] = histograms.step.tolist(), [(each.total, each.min, each.max) for each in histograms]
        found[f"merged {tag}"] = histograms.merge().total
    for kind in ("text", "image"):
        for tag in stored.tags(kind):
            found[tag] = [
                (each.step, each.wall_time, each.position, each.hash, each.data) for each in stored.media(kind, tag)
            ]
    return found


@pytest.mark.parametrize("step", INTEGERS, ids=lambda step: str(step.dtype))
def test_steps_that_were_stored_as_their_bytes_are_found_and_mended(
    logdir: Path, run: Path, step: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """As older versions stored NumPy's integers for all that is no scalar, by what SQLite makes of them."""
    as_of_before(run)
    for table in ("sketches", "media", "marks"):
        alter(run, f"UPDATE {table} SET step = ? WHERE step = 3", int(step))
    wanted = content(logdir)
    for table in ("sketches", "media", "marks"):
        alter(run, f"UPDATE {table} SET step = ? WHERE step = ?", step, int(step))
    connection = sqlite3.connect(run)
    assert connection.execute("SELECT typeof(step) FROM marks").fetchall() == [("blob",)]
    connection.close()
    assert doctor(logdir) == 1
    said = capsys.readouterr().out
    assert "1 value is of the wrong type in marks.step" in said
    assert "3 values are of the wrong type in media.step" in said
    assert doctor(logdir, "--repair") == 0, capsys.readouterr().out
    assert "the damaged file is kept" in capsys.readouterr().out
    assert content(logdir) == wanted
    assert doctor(logdir) == 0
    assert Path(f"{run}.damaged").exists()


BYTES = {"integer": b"\7", "real": b"x", "text": b"\xff", "blob": "text"}
OTHERS = [
    (table, column)
    for table in schema.segment_tables.sorted_tables
    for column in table.columns
    if not (column.name == "id" and column.primary_key and table.name != "segment")  # SQLite's own row number
]


@pytest.mark.parametrize(
    ("table", "column"),
    [pytest.param(*each, marks=[] if place % 6 == 0 else pytest.mark.long) for place, each in enumerate(OTHERS)],
    ids=lambda each: each.name,
)
def test_a_value_of_another_type_is_found_in_any_column_and_the_rest_is_saved(
    logdir: Path, run: Path, table: Any, column: Any
) -> None:
    """Of one row of each table; the other rows are as they were."""
    receipt = (999, "n", 1, 1.0, "{}")
    alter(run, "INSERT INTO receipts VALUES (?, ?, ?, ?, ?, ?)", *receipt, checksums.of_row(receipt))
    before = content(logdir)
    name = table.name
    alter(
        run,
        f"UPDATE {name} SET {column.name} = ? WHERE rowid = (SELECT max(rowid) FROM {name})",
        BYTES[type_of(column)],
    )
    connection = sqlite3.connect(run)
    kind = connection.execute(
        f"SELECT typeof({column.name}) FROM {name} WHERE rowid = (SELECT max(rowid) FROM {name})"
    ).fetchone()[0]
    connection.close()
    if kind == type_of(column):
        return  # SQLite turned it round itself
    assert doctor(logdir) == 1
    assert doctor(logdir, "--repair") == 0
    assert doctor(logdir) == 0
    after = content(logdir)
    if name != "series":
        assert {"x", "w"} <= after.keys()
    kept = sum(after.get(key) == each for key, each in before.items())
    assert kept >= len(before) - 3, (before.keys(), [key for key in before if after.get(key) != before[key]])


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE segment SET config = '{'", "segment.config"), ("UPDATE segment SET run_tags = '{}'", "segment.run_tags"),
        ("UPDATE state SET lost = '[]'", "state.lost"), ("UPDATE media SET attributes = '[]'", "media.attributes"),
        ("UPDATE marks SET attributes = 'x'", "marks.attributes"),
    ],
)  # fmt: skip
def test_what_should_be_json_and_is_not(
    logdir: Path, run: Path, statement: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Is found and made empty, in a file that has no checksums; all else is saved."""
    as_of_before(run)
    before = content(logdir)
    alter(run, statement)
    assert doctor(logdir) == 1
    assert words in capsys.readouterr().out
    assert doctor(logdir, "--repair") == 0
    assert doctor(logdir) == 0
    after = content(logdir)
    assert {key: after[key] for key in ("x", "w", "t", "p", "merged w")} == {
        key: before[key] for key in ("x", "w", "t", "p", "merged w")
    }


def test_a_sound_file_written_anew_is_what_it_was(logdir: Path) -> None:
    """To the last bit: summaries, levels, marks, pictures."""
    make(logdir, 40_000)
    run = segment(logdir)
    before = content(logdir)
    salvage.save(run)
    assert content(logdir) == before
    assert doctor(logdir) == 0


def test_a_second_repair_keeps_what_the_first_one_kept(logdir: Path, run: Path) -> None:
    """No damaged file is ever written over."""
    for number in range(2):
        alter(run, "UPDATE segment SET notes = ?", bytes([number, 1]) + bytes(6))
        assert doctor(logdir, "--repair") == 0
    names = sorted(path.name for path in run.parent.iterdir())
    assert names == [run.name, f"{run.name}.damaged", f"{run.name}.damaged-2"]


KILLED = """
import os, sys
from pathlib import Path
from tracker.repair import salvage
from tracker.doctor import _close
left = int(sys.argv[2])
def counted(name, real):
    def call(*words, **more):
        global left
        left -= 1
        if not left or (left < -1000 and name == "replace" and str(words[0]).endswith(".saved")):
            os.kill(os.getpid(), 9)
        return real(*words, **more)
    return call
for name in ("unlink", "replace", "rename"):
    setattr(Path, name, counted(name, getattr(Path, name)))
for name in ("link", "fsync"):
    setattr(os, name, counted(name, getattr(os, name)))
salvage.save(Path(sys.argv[1]))
"""


def repairs_that_are_killed(logdir: Path, run: Path, tmp_path: Path, numbers: Iterable[int]) -> list[int]:
    """Kills repairs before these changes of a name, and has the next repair end each; how they ended."""
    as_of_before(run)
    alter(run, "UPDATE marks SET step = ?", b"\3" + bytes(7))
    before = tmp_path / "before"
    connection = sqlite3.connect(run, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA wal_autocheckpoint=0")
    connection.execute("UPDATE segment SET notes = 'in the WAL'")
    shutil.copytree(run.parent, before)
    connection.close()
    ends = []
    for number in numbers:
        shutil.rmtree(run.parent)
        shutil.copytree(before, run.parent)
        command = [sys.executable, "-c", KILLED, str(run), str(number)]
        ends.append(subprocess.run(command, cwd=ROOT, check=False).returncode)
        assert doctor(logdir, "--repair") == 0
        assert doctor(logdir) == 0
        stored = tracker.open(logdir).run("a")
        assert stored.segments()[0].notes == "in the WAL", number
        assert [mark.step for mark in stored.marks()] == [3]
        assert len(stored.scalars("x")) == 2_100
        assert {path.name for path in run.parent.iterdir()} >= {run.name, f"{run.name}.damaged"}
        assert not list(run.parent.glob(".*"))
        if not ends[-1]:
            break
    return ends


def test_a_repair_that_is_killed_before_its_last_change_is_ended(logdir: Path, run: Path, tmp_path: Path) -> None:
    """The WAL of the damaged file is away by then, and the new file not in its place."""
    assert repairs_that_are_killed(logdir, run, tmp_path, [-1000]) == [-9]


@pytest.mark.long
def test_a_repair_that_is_killed_loses_nothing(logdir: Path, run: Path, tmp_path: Path) -> None:
    """Before every change of a name, until it is killed no more."""
    ends = repairs_that_are_killed(logdir, run, tmp_path, range(1, 100))
    assert len(ends) > 8
    assert ends == [-9] * (len(ends) - 1) + [0]


def test_a_run_that_is_written_is_not_repaired(logdir: Path) -> None:
    """Whatever is wrong with its file."""
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        run.log({"x": 1.0}, step=0)
        run.flush()
        path = segment(logdir)
        alter(path, "UPDATE segment SET config = '{'")
        assert doctor(logdir, "--repair") == 1
        assert not list(path.parent.glob("*.damaged"))
    assert doctor(logdir, "--repair") == 0


def test_one_hopeless_file_does_not_keep_the_others_from_repair(
    logdir: Path, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file cut off in its first pages, one in its head, a folder by the name of one."""
    for name in ("b", "c", "d"):
        shutil.copytree(logdir / "a", logdir / name)
    as_of_before(run)
    alter(run, "UPDATE marks SET step = ?", b"\3" + bytes(7))
    os.truncate(logdir / "b" / run.name, 1500)
    os.truncate(logdir / "c" / run.name, 50)
    (logdir / "d" / run.name).unlink()
    (logdir / "d" / run.name).mkdir()
    assert doctor(logdir, "--repair") == 1
    said = capsys.readouterr().out
    assert said.count("nothing could be saved") == 1
    assert f"✓ a/{run.name}" in said
    assert f"✗ b/{run.name}" in said
    assert f"✗ c/{run.name}" in said
    assert json.dumps(content(logdir)["config"]) == '{"lr": 0.1}'


def test_a_journal_that_is_not_ours_is_not_played_back(logdir: Path, run: Path, tmp_path: Path) -> None:
    """It can name any file, which SQLite then removes."""
    victim = tmp_path / "victim"
    victim.write_text("precious")
    alter(run, "UPDATE segment SET config = '{'")
    name = os.fsencode(victim)
    magic = bytes.fromhex("d9d505f920a163d7")
    head = magic + b"".join(number.to_bytes(4, "big") for number in (0, 1, 1, 512, 4096))
    tail = (
        (0x40000000 // 4096 + 1).to_bytes(4, "big")
        + name
        + len(name).to_bytes(4, "big")
        + sum(name).to_bytes(4, "big")
        + magic
    )
    Path(f"{run}-journal").write_bytes(head.ljust(512, b"\0") + tail)
    assert "closed" not in _close(run, "closed", 1.0)
    salvage.save(run)
    assert victim.read_text() == "precious"
    assert tracker.open(logdir).run("a").config == {}


@pytest.mark.parametrize("source", ["log.csv", "events.out.tfevents.1.host"])
@pytest.mark.parametrize("harm", ["receipts", "file"])
def test_what_was_imported_is_not_added_once_more_where_its_receipt_is_lost(
    source: str, harm: str, logdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nor while its file cannot be read, as the doctor may save its points later: then each would be there twice."""
    from tracker.foreign.event_writer import EventWriter

    where = logdir.parent / "source"
    where.mkdir()
    if source.endswith("csv"):
        (where / source).write_text("step,loss\n" + "".join(f"{i},{i}.5\n" for i in range(300)))
    else:
        writer = EventWriter(where, "")
        for i in range(300):
            writer.add_number("loss", i, 1.0 + i, i + 0.5)
        writer.close()
    importing = ["import", str(where), "--logdir", str(logdir)]
    assert cli.main(importing) == 0
    assert cli.main(importing) == 0
    (path,) = logdir.rglob("events.*.sqlite")
    if harm == "receipts":
        alter(path, "DELETE FROM receipts")
    else:
        alter(path, "UPDATE segment SET config='{'")
    assert cli.main(importing) == 1
    assert "may hold some of this already" in capsys.readouterr().out
    assert list(logdir.rglob("events.*.sqlite")) == [path]
    if harm == "file":
        assert doctor(logdir, "--repair") == 0
        assert cli.main(importing) == 0
    (run,) = tracker.open(logdir).runs()
    assert len(run.scalars("loss")) == 300


def test_an_import_that_was_stopped_at_its_birth_goes_on(logdir: Path) -> None:
    """Its file has no receipt, and nothing else."""
    source = logdir.parent / "log.csv"
    source.write_text("step,loss\n1,2.5\n")
    importing = ["import", str(source), "--logdir", str(logdir)]
    assert cli.main(importing) == 0
    (path,) = logdir.rglob("events.*.sqlite")
    alter(path, "DELETE FROM receipts")
    alter(path, "DELETE FROM scalars")
    alter(path, "UPDATE series SET logged=-1")
    assert cli.main(importing) == 0
    (run,) = tracker.open(logdir).runs()
    assert len(run.scalars("loss")) == 1
