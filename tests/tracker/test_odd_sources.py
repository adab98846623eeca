"""Other programs' logs of which one part is odd: it is left out and named, the rest is had, and what is mended is added."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import tracker
from dashboard import cli
from tests.tracker.test_event_files import event, write
from tracker.foreign.importer import Imported, import_logs

DIGITS = "9" * 400
LONGER = "9" * 5000


def trackio(path: Path, rows: list[tuple[Any, ...]]) -> None:
    """A project of Trackio's with rows of (run, step, metrics)."""
    path.unlink(missing_ok=True)
    database = sqlite3.connect(path)
    database.execute(
        "CREATE TABLE metrics (id INTEGER PRIMARY KEY, timestamp TEXT, run_name TEXT, step INTEGER, metrics TEXT)"
    )
    database.executemany(
        "INSERT INTO metrics (timestamp, run_name, step, metrics) VALUES ('2026-01-01', ?, ?, ?)", rows
    )
    database.commit()
    database.close()


def mlflow(path: Path, rows: list[tuple[Any, ...]]) -> None:
    """A database of MLflow's with two runs and rows of (run, key, value, timestamp, step)."""
    path.unlink(missing_ok=True)
    database = sqlite3.connect(path)
    database.executescript(
        "CREATE TABLE experiments (experiment_id INTEGER, name TEXT);"
        "CREATE TABLE runs (run_uuid TEXT, experiment_id INTEGER, name TEXT, lifecycle_stage TEXT, start_time INTEGER);"
        "CREATE TABLE metrics (run_uuid TEXT, key TEXT, value DOUBLE, timestamp, step, is_nan BOOLEAN);"
        "CREATE TABLE params (run_uuid TEXT, key TEXT, value TEXT);"
        "INSERT INTO experiments VALUES (1, 'e');"
        "INSERT INTO runs VALUES ('1', 1, 'good', 'active', 1), ('2', 1, 'bad', 'active', 2);"
    )
    database.executemany("INSERT INTO metrics VALUES (?, ?, ?, ?, ?, 0)", rows)
    database.commit()
    database.close()


def text(words: str) -> Callable[[Path], None]:
    """What writes a file."""
    return lambda path: path.write_text(words) and None


GOOD_RUN = {"name": "good", "scalars": {"x": {"step": [0, 1], "wall_time": [1.0, 2.0], "value": [1.0, 2.0]}}}


def exported(*runs: Any) -> Callable[[Path], None]:
    """What writes an export of ours with a good run and others."""
    return text(json.dumps({"runs": [*runs, GOOD_RUN]}))


def bad_run(**changes: Any) -> dict[str, Any]:
    """A run of an export whose columns are not what they should be."""
    columns = {"step": [0, 1], "wall_time": [1.0, 2.0], "value": [1.0, 2.0], **changes}
    return {"name": "bad", "scalars": {"y": columns}}


SOURCES: dict[str, tuple[str, Callable[[Path], None], str, list[float]]] = {
    "a run that is a text": ("x.json", exported("a"), "good", [1, 2]),
    "a run that is null": ("x.json", exported(None, 7, []), "good", [1, 2]),
    "columns of words": ("x.json", exported(bad_run(step=["a", None])), "good", [1, 2]),
    "columns that are none": ("x.json", exported(bad_run(value=3)), "good", [1, 2]),
    "columns of which one is missing": ("x.json", exported({"name": "bad", "scalars": {"y": {}}}), "good", [1, 2]),
    "steps beyond 64 bits": ("x.json", exported(bad_run(step=[2**63, -(2**200)])), "good", [1, 2]),
    "times that are none": ("x.json", exported(bad_run(wall_time=["NaN", 1e999])), "good", [1, 2]),
    "scalars that are a list": ("x.json", exported({"name": "bad", "scalars": [1]}), "good", [1, 2]),
    "settings that are a list": ("x.json", exported({"name": "bad", "config": [1], "scalars": {}}), "good", [1, 2]),
    "a name of 5,000 letters": ("x.json", exported({**bad_run(), "name": "é" * 5000}), "good", [1, 2]),
    "names of the store's own": ("x.json", exported(*({**bad_run(), "name": name} for name in ("page.sqlite", ".trash", "..", "", "/", "~", "c:", "events.1.sqlite", "\ud800", "a\\b\x7f"))), "good", [1, 2]),
    "half characters": ("x.json", text('{"runs": [{"name": "bad", "config": {"\\ud800": "\\udfff"}, "scalars": {"\\ud800": {"step": [0], "wall_time": [1], "value": [1]}}}, ' + json.dumps(GOOD_RUN) + "]}"), "good", [1, 2]),
    "an entry of log_history": ("trainer_state.json", text('{"log_history": [1, null, {"loss": 1, "step": 1}, {"loss": 2, "step": ' + DIGITS + '}, {"loss": 3, "step": 2}]}'), "src", [1, 2, 3]),
    "a line": ("x.jsonl", text(f'{{"x": 1, "step": 1}}\n[1]\n{{"x": {DIGITS}, "step": 2}}\n{{"x": {LONGER}, "step": 3}}\n{{"x": 2, "step": 4}}\n{{"step"\n'), "x", [1, 2]),
    "a deep line": ("x.jsonl", text('{"x": 1, "step": 1}\n' + '{"a":' * 100_000 + "\n" + '{"x": 2, "step": 2}\n'), "x", [1, 2]),
    "an object in a list": ("x.json", text('[{"x": 1}, 5, null, {"x": 2}]'), "x", [1, 2]),
    "a metric of golden values": ("x.json", text('{"x": {"values": {"1": 1, "2": 2}}, "y": 3, "z": {"values": 1}}'), "x", [1, 2]),
    "a value in lists": ("x.json", text(f'{{"x": [1, 2, {DIGITS}, "a", []]}}'), "x", [1, 2]),
    "a cell of a CSV": ("x.csv", text(f"step,x\n1,1\n2,{DIGITS}\n{DIGITS},2\n3,1e999\n"), "x", [1, 2]),
    "a row of a long CSV": ("x.csv", text(f"run,tag,step,value\ngood,x,1,1\nbad,x,2,{DIGITS}\ngood,x,2,oh\ngood,x,3,2\n{'n' * 300},x,1,1\n"), "good", [1, 2]),
    "a row of Trackio without a step": ("x.db", lambda path: trackio(path, [("good", 1, '{"x": 1}'), ("good", None, '{"x": 9}'), ("bad", b"\1", '{"x": 9}'), ("good", 2, '{"x": 2}'), ("n" * 300, 1, "[")]), "good", [1, 2]),
    "rows of MLflow": ("x.db", lambda path: mlflow(path, [("1", "x", 1.0, 1, 1), ("1", "x", "no", 1, 2), ("1", "x", 3.0, "no", 2), ("2", b"\xff", 3.0, 1, 2**62), ("1", "x", 4.0, 1, "no"), ("1", "x", 2.0, 1, 2)]), "e/good", [1, 2]),
    "a step of llm.c": ("x.log", text(f"s:1 trl:1\ns:{DIGITS} trl:5\ns:2 trl:2\n"), "x", [1, 2]),
}  # fmt: skip
"""By what is odd: the file's name, what writes it, a run that is sound, and its values."""


@pytest.mark.parametrize("odd", SOURCES)
def test_an_odd_part_is_left_out_and_named(tmp_path: Path, odd: str, capsys: pytest.CaptureFixture[str]) -> None:
    """In a folder with a good file; twice, and the second time nothing is new."""
    name, make, run, wanted = SOURCES[odd]
    folder = tmp_path / "src"
    folder.mkdir()
    make(folder / name)
    (folder / "other.csv").write_text("step,x\n0,5\n")
    logdir = tmp_path / "runs"
    assert cli.main(["import", str(folder), "--logdir", str(logdir)]) in (0, 1)
    said = capsys.readouterr()
    assert len(said.err.splitlines()) <= 1
    store = tracker.open(logdir)
    stored = store.run(run)
    tag = "train/loss" if "loss" in name or name == "trainer_state.json" or name.endswith(".log") else "x"
    assert stored.scalars(tag).value.tolist() == wanted
    assert store.run("other").scalars("x").value.tolist() == [5]
    before = {each.name: {tag: len(each.scalars(tag)) for tag in each.tags("scalar")} for each in store.runs()}
    assert not any(each.added for each in import_logs(folder, logdir))
    assert before == {
        each.name: {tag: len(each.scalars(tag)) for tag in each.tags("scalar")} for each in tracker.open(logdir).runs()
    }


def brought(source: Path, logdir: Path) -> int:
    """How many values an import brings."""
    done: list[Imported] = list(import_logs(source, logdir))
    return sum(sum(each.added.values()) for each in done)


ROWS = ['{"x": 1.5, "step": 0}', '{"x": 2.5, "step": 1}', '{"x": 3.5, "step": 2}', '{"x": 4.5, "step": 3}']


@pytest.mark.parametrize("place", range(4))
@pytest.mark.parametrize("stepped", [True, False])
def test_a_mended_log_adds_what_was_missing_and_nothing_twice(tmp_path: Path, place: int, stepped: bool) -> None:
    """Wherever the bad line stood, whether lines say their step or their place does, and also when it grew."""
    rows = ROWS if stepped else [row.partition(",")[0] + "}" for row in ROWS]
    path, logdir = tmp_path / "x.jsonl", tmp_path / "runs"
    path.write_text("\n".join([*rows[:place], "{oh", *rows[place + 1 :]]))
    assert brought(path, logdir) == 3
    grown = [*rows, '{"x": 5.5, "step": 4}' if stepped else '{"x": 5.5}']
    path.write_text("\n".join(grown))
    assert brought(path, logdir) == 2
    assert brought(path, logdir) == 0
    points = tracker.open(logdir).run("x").scalars("x")
    assert sorted(zip(points.step.tolist(), points.value.tolist(), strict=True)) == [(k, k + 1.5) for k in range(5)]


def test_a_mended_run_of_several_is_added(tmp_path: Path, logdir: Path) -> None:
    """Each run has its own receipt."""
    path = tmp_path / "x.json"
    exported("a")(path)
    assert brought(path, logdir) == 2
    exported(bad_run())(path)
    assert brought(path, logdir) == 2
    assert brought(path, logdir) == 0
    assert sorted(run.name for run in tracker.open(logdir).runs()) == ["bad", "good"]


def test_a_mended_row_of_a_database_is_added(tmp_path: Path, logdir: Path) -> None:
    """In the middle of its run."""
    path = tmp_path / "x.db"
    trackio(path, [("a", 1, '{"x": 1}'), ("a", None, '{"x": 2}'), ("a", 3, '{"x": 3}')])
    assert brought(path, logdir) == 2
    trackio(path, [("a", 1, '{"x": 1}'), ("a", 2, '{"x": 2}'), ("a", 3, '{"x": 3}')])
    assert (brought(path, logdir), brought(path, logdir)) == (1, 0)


def test_a_damaged_database_gives_what_comes_before(tmp_path: Path, logdir: Path) -> None:
    """And says that it is damaged; the whole one adds the rest."""
    path = tmp_path / "x.db"
    trackio(path, [("a", step, json.dumps({"x": step, "filler": "-" * 200})) for step in range(500)])
    sound = path.read_bytes()
    half = len(sound) // 2 // 4096 * 4096
    path.write_bytes(sound[:half] + b"\xff" * 4096 * 3 + sound[half + 4096 * 3 :])
    done = list(import_logs(path, logdir))
    assert any(each.failed for each in done)
    first = sum(each.added["scalar"] for each in done)
    assert 0 < first < 500
    path.write_bytes(sound)
    assert (brought(path, logdir), brought(path, logdir)) == (500 - first, 0)


def test_steps_are_kept_to_their_last_digit(tmp_path: Path, logdir: Path) -> None:
    """Beyond 2⁵³ too."""
    (tmp_path / "x.jsonl").write_text(f'{{"x": 1, "step": {2**63 - 1}}}\n{{"x": 2, "step": "{-(2**63)}"}}\n')
    brought(tmp_path / "x.jsonl", logdir)
    assert tracker.open(logdir).run("x").scalars("x").step.tolist() == [2**63 - 1, -(2**63)]


def test_an_import_that_finds_nothing_new_makes_the_logdir(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """So that the next command does not say that it is not there."""
    write(tmp_path / "src" / "tfevents.1")
    for words in (["import", str(tmp_path / "src")], ["runs"]):
        assert cli.main([*words, "--logdir", str(tmp_path / "runs")]) == 0, capsys.readouterr().err


def test_folders_whose_names_are_long_or_no_text_are_runs_of_their_own(tmp_path: Path, logdir: Path) -> None:
    """Two that differ only in what no run's name may hold are two."""
    import os

    for name in (b"caf\xe9", b"caf\xe8", b"n" * 250, b"a\\b", b"a_b"):
        folder = Path(os.fsdecode(os.fsencode(tmp_path / "src") + b"/" + name))
        write(folder / "tfevents.1", event(1.0, 0, tag="x", simple_value=1))
    assert brought(tmp_path / "src", logdir) == 5
    assert brought(tmp_path / "src", logdir) == 0
    assert len(tracker.open(logdir).runs()) == 5
