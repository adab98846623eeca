"""`viz runs`, `sql`, `export` and `doctor`: what they print and write, to the last digit."""

from __future__ import annotations

import csv
import json
import math
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import command
import numpy as np
import pytest

import tracker
from dashboard import cli
from dashboard.commands import table
from tests.tracker.test_event_files import event, write

ROOT = Path(__file__).resolve().parents[2]
ODD = [0.1, math.nan, math.inf, -math.inf, -0.0, 5e-324, 1.7976931348623157e308]


def _log_odd(logdir: Path) -> None:
    with tracker.init(logdir=logdir, name="a", config={"lr": 0.1}, group="g") as run:
        for step, value in enumerate(ODD):
            run.log({"val/loss": value, "=cmd|' /C calc'!A0": 1.0}, step=step, wall_time=1e9 + step / 3)
        run.log({"w": tracker.Histogram(np.arange(11.0)), "p": tracker.Image(np.zeros((2, 2)))}, step=1)
        run.mark("half", step=3)
    with tracker.init(logdir=logdir, name="b/\u202ec\x9b31m") as run:
        run.log({"val/loss": 2.0}, step=2**62)


@pytest.fixture
def filled(logdir: Path, fill: Callable[..., None]) -> Path:
    """A logdir of two runs, odd names and odd values among them."""
    fill(logdir, _log_odd)
    return logdir


def viz(capsys: pytest.CaptureFixture[str], *words: object, status: int = 0) -> str:
    """What a command prints; that it ends as it should."""
    assert cli.main([str(word) for word in words]) == status
    said = capsys.readouterr()
    if status:
        assert len(said.err.splitlines()) == 1
        return said.err
    return said.out


@pytest.mark.parametrize("name", ["runs", "sql", "export", "doctor", "predict"])
def test_help_shows_an_example(name: str) -> None:
    """Each of them."""
    assert f"example: viz {name}" in command.viz(name, "--help").stdout


def test_runs_lists_them_with_their_last_values(
    filled: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line each; what a terminal would obey is shown as its escape."""
    monkeypatch.setenv("COLUMNS", "200")
    said = viz(capsys, "runs", "--logdir", filled)
    lines = said.splitlines()
    assert lines[0].split()[:4] == ["run", "status", "last", "step"]
    assert "val/loss" in lines[0]
    assert "1.79769e+308" in lines[1]
    assert "\\u202e" in lines[2]
    assert "\\x9b" in lines[2]
    assert "4611686018427387904" in lines[2]


def test_runs_as_json_is_whole(filled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """For programs: any parser takes it."""
    found = json.loads(viz(capsys, "runs", "--logdir", filled, "--json"), parse_constant=lambda word: pytest.fail(word))
    assert [run["name"] for run in found] == ["a", "b/\u202ec\x9b31m"]
    assert found[0]["config"] == {"lr": 0.1}


def test_runs_of_an_empty_logdir_says_so(logdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One sentence, and no failure."""
    assert viz(capsys, "runs", "--logdir", logdir) == f"no runs in {logdir}\n"


def test_tables_keep_to_the_terminal() -> None:
    """The widest columns are cut, wide letters are counted as two."""
    text = table.render(["a", "b"], [["x" * 100, 1.5], ["漢字漢字漢字漢字漢字", None]], width=20)
    assert all(len(line) <= 20 for line in text.splitlines())
    assert "…" in text


def test_one_long_name_leaves_the_table_as_it_is() -> None:
    """On a terminal it is cut in its middle, as names differ at their ends; where there is none it is whole, and moves
    its own line only."""
    long = [f"{'sweep-' * 40}lr={lr}" for lr in (0.1, 0.01)]
    rows = [["mnist", 1.5], *([name, 2.5] for name in long)]
    for width in (250, 80, 30):
        lines = table.render(["run", "loss"], rows, width, named=["run"]).splitlines()
        assert all(len(line) <= min(width, 70) for line in lines)
        assert [line.split()[0][-6:] for line in lines[2:]] == ["lr=0.1", "r=0.01"]
        assert all("…" in line for line in lines[2:])
    wide = table.render(["run", "loss"], [["漢" * 50 + "終", 1.5]], 30, named=["run"]).splitlines()
    assert "終  " in wide[1]
    assert "…" in wide[1]


def test_names_are_whole_where_there_is_no_terminal(logdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """For grep and for programs; the lines of the others stay short."""
    long = "sweep-" * 40
    for name in ("mnist", long):
        with tracker.init(logdir=logdir, name=name, machine=False) as run:
            run.log({"loss": 1.5})
    lines = viz(capsys, "runs", "--logdir", logdir).splitlines()
    assert lines[2].split()[0] == long
    assert len(lines[1]) < 120
    assert [run["name"] for run in json.loads(viz(capsys, "runs", "--logdir", logdir, "--json"))] == ["mnist", long]


# --- sql -------------------------------------------------------------------------------------------------


def ask(capsys: pytest.CaptureFixture[str], logdir: Path, query: str, *words: str) -> list[dict[str, Any]]:
    """The rows of a query."""
    found: list[dict[str, Any]] = json.loads(viz(capsys, "sql", "--logdir", logdir, "--format", "json", *words, query))
    return found


def test_sql_sees_every_point_of_every_run(filled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As one plain table; steps of 62 bits are whole."""
    rows = ask(
        capsys, filled, "SELECT run, tag, count(*) AS n, max(step) AS last FROM points GROUP BY 1, 2 ORDER BY 1, 2"
    )
    assert [(row["n"], row["last"]) for row in rows] == [(7, 6), (7, 6), (1, 2**62)]
    (row,) = ask(capsys, filled, "SELECT elements, p50, max FROM histograms")
    assert row == {"elements": 11, "p50": pytest.approx(5, rel=0.01), "max": 10.0}
    assert ask(capsys, filled, "SELECT run, status, run_group FROM runs WHERE config LIKE '%lr%'") == [
        {"run": "a", "status": "finished", "run_group": "g"}
    ]
    assert ask(capsys, filled, "SELECT text, step FROM marks") == [{"text": "half", "step": 3}]
    assert ask(capsys, filled, "SELECT kind, form FROM media") == [{"kind": "image", "form": "image/webp"}]


def test_sql_reads_only_what_was_asked_for(filled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--run and --tag keep large logdirs small."""
    rows = ask(capsys, filled, "SELECT DISTINCT run, tag FROM points", "--run", "a*", "--tag", "val/*")
    assert rows == [{"run": "a", "tag": "val/loss"}]


@pytest.mark.parametrize(
    "query",
    ["DELETE FROM runs", "SELECT 1; SELECT 2", "ATTACH 'x.sqlite' AS x", "PRAGMA journal_mode", "SELECT * FROM nothing", "SELECT", "", "CREATE TABLE t (x)", "SELECT load_extension('x')", "VACUUM INTO 'x'"],
)  # fmt: skip
def test_sql_that_is_no_question_is_refused(filled: Path, capsys: pytest.CaptureFixture[str], query: str) -> None:
    """One SELECT; nothing is written, nothing else is opened."""
    viz(capsys, "sql", "--logdir", filled, query, status=1)


def test_sql_says_what_there_is_to_ask(filled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A table by the name that it has in the files, and a column that is none."""
    said = viz(capsys, "sql", "--logdir", filled, "SELECT * FROM scalars", status=1)
    assert "there are runs, points, histograms" in said
    assert "--help" in viz(capsys, "sql", "--logdir", filled, "SELECT loss FROM points", status=1)


def test_sql_prints_csv_and_tables(filled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """For other programs, and for people."""
    said = viz(capsys, "sql", "--logdir", filled, "--format", "csv", "SELECT run, step FROM points WHERE step > 9")
    assert said.splitlines()[0] == "run,step"
    assert said.splitlines()[1].endswith(f",{2**62}")
    assert "val/loss" in viz(capsys, "sql", "--logdir", filled, "SELECT DISTINCT tag FROM points")


# --- export ----------------------------------------------------------------------------------------------


def expected(logdir: Path) -> dict[tuple[str, str], Any]:
    """Every point as the reader gives it."""
    return {(run.name, tag): run.scalars(tag) for run in tracker.open(logdir).runs() for tag in run.tags("scalar")}


def test_csv_holds_every_point_with_all_its_digits(
    filled: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Read back bit for bit; a name that a spreadsheet would run is quoted."""
    target = tmp_path / "all.csv"
    viz(capsys, "export", "--logdir", filled, "-o", target)
    with target.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    found: dict[tuple[str, str], list[tuple[int, str, str]]] = {}
    for row in rows:
        tag = row["tag"].removeprefix("'")
        found.setdefault((row["run"], tag), []).append(
            (int(row["step"]), repr(float(row["wall_time"])), repr(float(row["value"])))
        )
    assert any(row["tag"].startswith("'=cmd") for row in rows)
    for key, points in expected(filled).items():
        columns = points.step.tolist(), map(repr, points.wall_time.tolist()), map(repr, points.value.tolist())
        assert found[key] == list(zip(*columns, strict=True))


def test_parquet_holds_every_point(filled: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As pandas and others read it."""
    parquet = pytest.importorskip("pyarrow.parquet", reason="needs PyArrow: pip install everystep[parquet]")
    target = tmp_path / "all.parquet"
    viz(capsys, "export", "--logdir", filled, "a", "-o", target)
    found = parquet.read_table(target)
    assert found.column_names == ["run", "tag", "step", "wall_time", "value"]
    rows = found.to_pylist()
    assert len(rows) == 14
    points = expected(filled)[("a", "val/loss")]
    own = [row for row in rows if row["tag"] == "val/loss"]
    assert [row["step"] for row in own] == points.step.tolist()
    assert np.array_equal([row["value"] for row in own], points.value, equal_nan=True)


def test_json_holds_every_point_and_what_is_known_of_runs(
    filled: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Strict JSON: what is not finite is a word."""
    target = tmp_path / "all.json"
    viz(capsys, "export", "--logdir", filled, "-o", target)
    found = json.loads(target.read_text(), parse_constant=lambda word: pytest.fail(word))
    (first, second) = found["runs"]
    assert first["scalars"]["val/loss"]["value"][:4] == [0.1, "NaN", "Infinity", "-Infinity"]
    assert second["scalars"]["val/loss"]["step"] == [2**62]
    assert first["config"] == {"lr": 0.1}


def test_a_large_run_is_exported_in_bounded_memory(
    logdir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A series at a time, and the file is there whole or not at all."""
    with tracker.init(logdir=logdir, name="a") as run:
        for step in range(50_000):
            run.log({"x": step * 0.5}, step=step)
    target = tmp_path / "x.csv"
    viz(capsys, "export", "--logdir", logdir, "-o", target)
    with target.open() as file:
        assert sum(1 for _ in file) == 50_001
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["x.csv"]


@pytest.mark.parametrize(("words", "said"), [(["-o", "x.xls"], "not known"), (["nothing", "-o", "x.csv"], "There are"), (["../a", "-o", "x.csv"], "cannot be a folder"), (["-o", "/nowhere/x.csv"], "cannot be written")])  # fmt: skip
def test_export_that_cannot_be_done_says_why(filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str], said: str) -> None:  # fmt: skip
    """And leaves nothing behind."""
    monkeypatch.chdir(tmp_path)
    before = set(tmp_path.iterdir())
    assert said in viz(capsys, "export", "--logdir", filled, *words, status=1)
    assert set(tmp_path.iterdir()) == before


def test_pandas_gets_every_point(filled: Path) -> None:
    """store.to_pandas: long, with run and tag."""
    pytest.importorskip("pandas", reason="needs pandas: pip install everystep[pandas]")
    frame = tracker.open(filled).to_pandas(tags=["val/loss"])
    assert list(frame.columns) == ["run", "tag", "step", "wall_time", "value"]
    assert len(frame) == 8
    assert frame[frame.run == "a"].value.isna().sum() == 1


# --- doctor ----------------------------------------------------------------------------------------------


def test_a_sound_logdir_is_said_to_be_so(filled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With what was looked at."""
    assert "2 runs, 2 files, 15 points: sound" in viz(capsys, "doctor", "--logdir", filled)


def test_one_of_a_kind_is_counted_in_the_singular(logdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A first run with a first point is not "1 runs"."""
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        run.log({"x": 1.0}, step=0)
    assert "1 run, 1 file, 1 point: sound" in viz(capsys, "doctor", "--logdir", logdir)


def killed_run(logdir: Path) -> Path:
    """The file of a run whose process was killed."""
    code = "import os, sys, tracker\nrun = tracker.init(logdir=sys.argv[1], name='killed')\nfor i in range(3000): run.log({'x': float(i)}, step=i)\nrun.flush(); os.kill(os.getpid(), 9)"
    subprocess.run([sys.executable, "-c", code, str(logdir)], cwd=ROOT, check=False)
    (file,) = (logdir / "killed").glob("events.*.sqlite")
    return file


def test_what_a_killed_writer_left_is_folded_in(logdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Told without --repair, done with it, and nothing to tell afterwards."""
    file = killed_run(logdir)
    assert "ended without a word" in viz(capsys, "doctor", "--logdir", logdir)
    assert Path(f"{file}-wal").exists()
    assert "noted that it crashed" in viz(capsys, "doctor", "--logdir", logdir, "--repair")
    assert [path.name for path in file.parent.iterdir()] == [file.name]
    assert "ended without" not in viz(capsys, "doctor", "--logdir", logdir)
    stored = tracker.open(logdir).run("killed")
    assert stored.status == "crashed"
    assert len(stored.scalars("x")) == 3000


def test_a_run_that_is_written_is_left_alone(logdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The doctor does not operate on the living."""
    with tracker.init(logdir=logdir, name="a") as run:
        run.log({"x": 1.0}, step=0)
        run.flush()
        viz(capsys, "doctor", "--logdir", logdir, "--repair")
        run.log({"x": 2.0}, step=1)
        assert run.flush()
    assert tracker.open(logdir).run("a").scalars("x").value.tolist() == [1.0, 2.0]


def test_a_damaged_file_is_found_saved_and_kept(logdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Broken pages in the middle: what lies on the others is saved, what was damaged is kept beside."""
    with tracker.init(logdir=logdir, name="a", config={"lr": 1}) as run:
        for step in range(60_000):
            run.log({"x": math.sin(step)}, step=step)
    (file,) = (logdir / "a").glob("events.*.sqlite")
    size = file.stat().st_size
    data = file.read_bytes()
    # Three overflow pages, which begin with the number of another one: a leaf holds the heads of up to eight chunks.
    place = next(at for at in range(size // 2 // 4096 * 4096, size, 4096) if not any(data[at : at + 4096 * 3 : 4096]))
    with file.open("r+b") as raw:
        raw.seek(place)
        raw.write(os.urandom(4096 * 3))
    assert cli.main(["doctor", "--logdir", str(logdir)]) == 1
    assert "a/events" in capsys.readouterr().out
    assert "saved" in viz(capsys, "doctor", "--logdir", logdir, "--repair")
    assert Path(f"{file}.damaged").stat().st_size == size
    stored = tracker.open(logdir).run("a")
    points = stored.scalars("x")
    assert 60_000 - 3 * 8_192 <= len(points) < 60_000  # each is of one chunk
    assert points.value.tolist() == [math.sin(step) for step in points.step.tolist()]
    assert stored.config == {"lr": 1}
    assert stored.envelope("x", 100).points == len(points)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("DELETE FROM scalars WHERE n = 1024", "are missing"), ("UPDATE scalars SET max = 7 WHERE n = 0 AND level = 0", "summary of points"),
        ("DELETE FROM scalars WHERE level = 1 AND n = 0", "nodes of level 1"), ("UPDATE blobs SET data = x'00'", "was changed"), ("DELETE FROM blobs", "is missing"),
        ("UPDATE sketches SET total = total + 1", "do not add up"), ("DELETE FROM sketches WHERE level = 0 AND n = 3", "is not the sum"), ("DELETE FROM state", "first rows"), ("DELETE FROM segment", "first rows"),
        ("UPDATE scalars SET points = x'0102' WHERE n = 0 AND level = 0", ""), ("UPDATE sketches SET buckets = x'00'", ""),
    ],
)  # fmt: skip
def test_what_does_not_hold_together_is_found(
    logdir: Path, capsys: pytest.CaptureFixture[str], change: str, words: str
) -> None:
    """SQLite may call a file sound that is not a sound run."""
    with tracker.init(logdir=logdir, name="a") as run:
        for step in range(70_000):
            run.log({"x": step * 0.1}, step=step)
        for step in range(8):
            run.log({"w": tracker.Histogram([1.0, 2.0])}, step=step)
        run.log({"p": tracker.Image(np.zeros((2, 2)))}, step=0)
    (file,) = (logdir / "a").glob("events.*.sqlite")
    connection = sqlite3.connect(file)
    connection.execute(change)
    connection.commit()
    connection.close()
    assert cli.main(["doctor", "--logdir", str(logdir)]) == 1
    assert words in capsys.readouterr().out


def test_leftovers_of_a_writer_that_never_began_are_removed(filled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Old ones; a new one may still become a run."""
    for name in (".events.1.sqlite.unborn", ".claimed"):
        (filled / "a" / name).write_text("")
        os.utime(filled / "a" / name, (1e9, 1e9))
    (filled / "a" / ".events.2.sqlite.unborn").write_text("")
    assert "before it had begun" in viz(capsys, "doctor", "--logdir", filled)
    viz(capsys, "doctor", "--logdir", filled, "--repair")
    assert sorted(path.name for path in (filled / "a").iterdir())[0] == ".events.2.sqlite.unborn"
    assert len(list((filled / "a").iterdir())) == 2


def test_files_of_others_are_named_and_left(logdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Not ours, or newer: nothing is saved from them and nothing is moved."""
    (logdir / "a").mkdir()
    file = logdir / "a" / "events.1.sqlite"
    file.write_bytes(b"no database" * 1000)
    assert cli.main(["doctor", "--logdir", str(logdir), "--repair"]) == 1
    assert "not an everystep run" in capsys.readouterr().out
    assert file.read_bytes() == b"no database" * 1000


def test_commands_read_event_files_as_they_lie(
    logdir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder of TensorBoard's needs no import to be listed, asked and exported; nothing is written into it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = write(logdir / "old" / "tfevents.1", *(event(1.0 + k, k, tag="loss", simple_value=k / 2) for k in range(5)))
    (listed,) = json.loads(viz(capsys, "runs", "--logdir", logdir, "--json"))
    assert (listed["name"], listed["scalars"]["loss"]["step"]) == ("old", 4)
    asked = viz(capsys, "sql", "--logdir", logdir, "SELECT sum(value) AS total FROM points", "--format", "json")
    assert json.loads(asked) == [{"total": 5.0}]
    viz(capsys, "export", "--logdir", logdir, "-o", tmp_path / "x.csv")
    assert len((tmp_path / "x.csv").read_text().splitlines()) == 6
    assert [*logdir.rglob("*.*")] == [path]
