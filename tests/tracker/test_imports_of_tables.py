"""Tables, folders and printed lines of other programs as runs: what is a step, what a time, what is there twice."""

from __future__ import annotations

import csv
import io
import os
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from examples import examples
from hypothesis import given
from hypothesis import strategies as st

import tracker
from dashboard.export import files
from tests.tracker.test_csv_table import DIALECTS, NUMBERS, written
from tracker.errors import LogdirError
from tracker.foreign.importer import import_logs


def brought(source: Path, logdir: Path) -> dict[str, int]:
    """Scalars that an import added, by run."""
    return {done.run: done.added["scalar"] for done in import_logs(source, logdir) if done.added["scalar"]}


def curve(logdir: Path, run: str, tag: str) -> list[tuple[int, float]]:
    """(step, value) of a curve."""
    found = tracker.open(logdir).run(run).scalars(tag)
    return list(zip(found.step.tolist(), found.value.tolist(), strict=True))


def write(path: Path, text: str, modified: float = 1_790_000_000.0) -> Path:
    """A file that was written at some time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    os.utime(path, (modified, modified))
    return path


def test_seconds_since_the_start_are_a_curve_and_no_year_1970(tmp_path: Path, logdir: Path) -> None:
    """Every results.csv of YOLO has such a column."""
    write(tmp_path / "results.csv", "epoch,time,train/box_loss\n1,10.5,2\n2,21,1.5\n3,30.5,1\n")
    assert brought(tmp_path / "results.csv", logdir) == {"results": 6}
    assert curve(logdir, "results", "time") == [(1, 10.5), (2, 21.0), (3, 30.5)]
    assert tracker.open(logdir).run("results").scalars("train/box_loss").wall_time.tolist() == [
        1_789_999_980.0, 1_789_999_990.5, 1_790_000_000.0
    ]  # fmt: skip


def test_a_fraction_of_an_epoch_is_no_step(tmp_path: Path, logdir: Path) -> None:
    """Each row has a place of its own, and the fraction is a curve."""
    write(tmp_path / "x.csv", "epoch,loss\n0.1,3\n0.2,2\n1.0,1\n")
    brought(tmp_path / "x.csv", logdir)
    assert curve(logdir, "x", "loss") == [(0, 3.0), (1, 2.0), (2, 1.0)]
    assert curve(logdir, "x", "epoch") == [(0, 0.1), (1, 0.2), (2, 1.0)]


def test_a_row_without_a_step_is_named(tmp_path: Path, logdir: Path) -> None:
    """It stands at the step before, as the validation of an epoch does, and that is said."""
    write(tmp_path / "x.csv", "step,loss,val\n10,3,\n20,2,\n,,5\n30,1,\n,,4\n40,1,\n")
    (done,) = import_logs(tmp_path / "x.csv", logdir)
    assert done.warnings == ["2 rows without a value in 'step', kept at the step before"]
    assert curve(logdir, "x", "val") == [(20, 5.0), (30, 4.0)]
    assert curve(logdir, "x", "loss") == [(10, 3.0), (20, 2.0), (30, 1.0), (40, 1.0)]


def test_parquet_is_a_table_too(tmp_path: Path, logdir: Path) -> None:
    """Our own export comes back as it was; another program's has types, moments and gaps."""
    pa = pytest.importorskip("pyarrow", reason="needs PyArrow: pip install everystep[parquet]")
    parquet = pytest.importorskip("pyarrow.parquet")
    with tracker.init(logdir=tmp_path / "first", name="a/b") as run:
        for step, value in enumerate([0.1, float("nan"), float("-inf"), 5e-324]):
            run.log({"loss": value, "=tag": -value}, step=2**60 + step)
    stored = tracker.open(tmp_path / "first")
    with (tmp_path / "curves.parquet").open("wb") as file:
        files.write("parquet", stored.runs(), file)
    brought(tmp_path / "curves.parquet", logdir)
    copied = next(run for run in tracker.open(logdir).runs())
    for tag in ("loss", "=tag"):
        had, found = stored.run("a/b").scalars(tag), copied.scalars(tag)
        assert found.step.tolist() == had.step.tolist()
        assert found.wall_time.tolist() == had.wall_time.tolist()
        assert found.value.tobytes() == had.value.tobytes()
    assert brought(tmp_path / "curves.parquet", logdir) == {}, "imported again, nothing is new"

    moments = [datetime(2026, 1, 1, tzinfo=timezone.utc), datetime(2026, 1, 2, tzinfo=timezone.utc)]
    columns = {"epoch": [1, 2], "date": moments, "val": [None, 0.5], "price": [Decimal("1.25"), None]}
    parquet.write_table(pa.table(columns), tmp_path / "other.parquet")
    assert brought(tmp_path / "other.parquet", logdir) == {"other": 2}
    other = tracker.open(logdir).run("other")
    assert curve(logdir, "other", "price") == [(1, 1.25)]
    assert other.scalars("val").wall_time.tolist() == [moments[1].timestamp()]
    (tmp_path / "torn.parquet").write_bytes((tmp_path / "other.parquet").read_bytes()[:-20])
    (done,) = import_logs(tmp_path / "torn.parquet", logdir)
    assert done.failed
    assert "cannot be read" in done.warnings[0]


def test_a_line_that_is_being_written_is_taken_when_it_is_whole(tmp_path: Path, logdir: Path) -> None:
    """And the imports after it go on."""
    path = write(tmp_path / "x.csv", "step,loss,acc\n0,1,0.5\n1,0.5")
    assert brought(path, logdir) == {"x": 2}
    write(path, "step,loss,acc\n0,1,0.5\n1,0.5,0.75\n2,0.25,0.875\n")
    assert brought(path, logdir) == {"x": 4}
    assert curve(logdir, "x", "acc") == [(0, 0.5), (1, 0.75), (2, 0.875)]
    assert brought(path, logdir) == {}


def test_a_monitor_of_stable_baselines(tmp_path: Path, logdir: Path) -> None:
    """Its first line is a comment in JSON, whose t_start the column t counts from."""
    write(
        tmp_path / "monitor.csv",
        '#{"t_start": 1700000000.5, "env_id": "CartPole-v1"}\nr,l,t\n9.0,9,0.5\n21.0,21,1.25\n',
    )
    brought(tmp_path / "monitor.csv", logdir)
    run = tracker.open(logdir).run("monitor")
    assert sorted(run.tags("scalar")) == ["l", "r", "t"]
    assert run.scalars("r").wall_time.tolist() == [1700000001.0, 1700000001.75]
    assert run.config["env_id"] == "CartPole-v1"


@pytest.mark.parametrize("dialect", DIALECTS)
@given(rows=st.lists(st.tuples(NUMBERS, NUMBERS), min_size=3, max_size=8))
@examples(3)
def test_what_was_imported_is_exported_and_imported_again(dialect: str, rows: Any, tmp_path_factory: Any) -> None:
    """Whatever the dialect was: the second round changes nothing."""
    folder = tmp_path_factory.mktemp("x")
    table = [[step, *row] for step, row in enumerate(rows)]
    (folder / "run.csv").write_bytes(written(["step", "train/a", "b"], table, **DIALECTS[dialect]))
    brought(folder / "run.csv", folder / "one")
    exported = []
    for source, target in (("one", "two"), ("two", "three")):
        runs = tracker.open(folder / source).runs()
        path = folder / f"{source}.csv"
        with path.open("w+b") as file:
            files.write("csv", runs, file, None)
        exported.append(list(csv.DictReader(io.StringIO(path.read_text()))))
        brought(path, folder / target)
    wanted = {
        (tag, step, float(row[place])) for place, tag in enumerate(("train/a", "b")) for step, row in enumerate(rows)
    }
    for found in exported:
        assert {(row["tag"], int(row["step"]), float(row["value"])) for row in found} == wanted
    assert {row["wall_time"] for row in exported[0]} == {row["wall_time"] for row in exported[1]}


def test_a_folder_of_mlflow(tmp_path: Path, logdir: Path) -> None:
    """A file a metric, a file a parameter; the run is called as it is there. What was deleted stays out."""
    root = tmp_path / "mlruns" / "0"
    write(root / "meta.yaml", "artifact_location: file:///x\nexperiment_id: '0'\nname: Default\n")
    for run, stage in (("aaa", "active"), ("bbb", "deleted")):
        write(root / run / "meta.yaml", f"run_id: {run}\nrun_name: calm-fox\nlifecycle_stage: {stage}\nstatus: 3\n")
        write(root / run / "metrics" / "train" / "loss", "1700000000000 0.5 0\n1700000001000 nan 1\n1700000002000 0.2")
        write(root / run / "params" / "lr", "0.1")
        write(root / run / "tags" / "mlflow.runName", "calm-fox")
    assert brought(tmp_path / "mlruns", logdir) == {"Default/calm-fox": 2}
    run = tracker.open(logdir).run("Default/calm-fox")
    assert run.scalars("train/loss").wall_time.tolist() == [1700000000.0, 1700000001.0]
    assert run.config == {"lr": "0.1"}
    write(
        root / "aaa" / "metrics" / "train" / "loss", "1700000000000 0.5 0\n1700000001000 nan 1\n1700000002000 0.25 2\n"
    )
    assert brought(tmp_path / "mlruns", logdir) == {"Default/calm-fox": 1}


def test_what_nanogpt_prints(tmp_path: Path, logdir: Path) -> None:
    """Its losses of every iteration, and of every evaluation."""
    text = "tokens per iteration will be: 491,520\nstep 0: train loss 4.2874, val loss 4.2823\n"
    text += "iter 0: loss 4.2695, time 26106.50ms, mfu -100.00%\niter 10: loss 3.5, time 30.25ms, mfu 12.50%\n"
    write(tmp_path / "train.log", text)
    brought(tmp_path / "train.log", logdir)
    assert curve(logdir, "train", "train/loss") == [(0, 4.2695), (10, 3.5)]
    assert curve(logdir, "train", "eval/val_loss") == [(0, 4.2823)]
    assert curve(logdir, "train", "mfu (%)") == [(0, -100.0), (10, 12.5)]


def test_what_transformers_prints(tmp_path: Path, logdir: Path) -> None:
    """Dictionaries behind a progress bar; numbers or, since a while, their texts."""
    text = "  2%|▏         | 10/500 [00:01<00:49]\r{'loss': 2.5, 'grad_norm': 1.25, 'learning_rate': 5e-05, 'epoch': 0.1}\n"
    text += (
        "{'loss': '1.5', 'grad_norm': 'nan', 'epoch': '0.2'}\n{'eval_loss': 1.25, 'eval_runtime': 3.0, 'epoch': 0.2}\n"
    )
    text += "{'train_runtime': 10.5, 'train_loss': 2.0, 'epoch': 0.2}\n"
    write(tmp_path / "out.log", text)
    brought(tmp_path / "out.log", logdir)
    assert curve(logdir, "out", "train/loss") == [(0, 2.5), (1, 1.5), (1, 2.0)]
    assert curve(logdir, "out", "eval/loss") == [(1, 1.25)]


def test_curves_that_a_program_wrote_twice_are_there_once(tmp_path: Path, logdir: Path) -> None:
    """CatBoost writes tables beside its event files, and how long it will take."""
    from tracker.compat.tensorboard import SummaryWriter

    source = tmp_path / "catboost_info"
    for part in ("learn", "test"):
        writer = SummaryWriter(str(tmp_path / "made" / part), tfevents=True)
        for step in range(3):
            writer.add_scalar("Logloss", 1 / (step + 1), step)
        writer.close()
        (source / part).mkdir(parents=True)
        (event,) = (tmp_path / "made" / part).glob("events.out.tfevents*")
        event.rename(source / part / "events.out.tfevents")
        write(source / f"{part}_error.tsv", "iter\tLogloss\n0\t1\n1\t0.5\n2\t0.333\n")
    write(source / "time_left.tsv", "iter\tPassed\tRemaining\n0\t10\t100\n1\t20\t90\n")
    write(source / "other.csv", "step,reward\n0,1\n1,2\n")
    assert brought(source, logdir) == {"learn": 3, "test": 3, "other": 2}
    assert brought(source, logdir) == {}


def test_an_import_that_finds_nothing_makes_no_logdir(tmp_path: Path) -> None:
    """The next command on it would not say that it does not exist, but show nothing."""
    write(tmp_path / "x" / "notes.txt", "nothing of a training")
    with pytest.raises(LogdirError, match="no log that is understood"):
        list(import_logs(tmp_path / "x", tmp_path / "runs"))
    assert not (tmp_path / "runs").exists()
