"""Logs as public repositories hold them, a small one of our own for each kind: which columns are curves, what is a step."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import tracker
from dashboard import cli
from tests.tracker.test_imports_of_tables import brought, curve, write
from tracker.foreign.axis import axis_of, seconds
from tracker.foreign.cells import plain
from tracker.foreign.csv_table import is_table
from tracker.foreign.importer import import_logs

Curves = dict[str, list[tuple[int, float]]]

LOSS: Curves = {"loss": [(1, 0.5), (2, 0.25), (3, 0.125)]}
ROWS: Curves = {"loss": [(0, 0.5), (1, 0.25), (2, 0.125)]}
TWO: Curves = {"loss": [(10, 0.5), (20, 0.25)], "acc": [(10, 0.75), (20, 1.0)]}

FILES: dict[str, tuple[str, str, Curves]] = {
    # what a table is called does not matter
    "tabs in .txt": ("progress.txt", "Epoch\tloss\n1\t0.5\n2\t0.25\n3\t0.125\n", LOSS),
    "commas in .log": ("training.log", "epoch,loss\n1,0.5\n2,0.25\n3,0.125\n", LOSS),
    "semicolons in .out": ("train.out", "epoch;loss\n1;0,5\n2;0,25\n3;0,125\n", LOSS),
    "a tab at the end of each line": ("log.txt", "total loss\tacc\t\n0.5\t1\t\n0.25\t2\t\n",
        {"total loss": [(0, 0.5), (1, 0.25)], "acc": [(0, 1.0), (1, 2.0)]}),
    "columns side by side": ("log.txt", "Iteration      loss         \n1              0.5\n2              0.25\n3   0.125\n",
        LOSS),
    "columns side by side, to the right": ("x.csv", "  step   loss\n     1  0.500\n     2  0.250\n    30  0.125\n",
        {"loss": [(1, 0.5), (2, 0.25), (30, 0.125)]}),
    "R's write.table": ("log.txt", '"epoch" "loss"\n"1" 1 0.5\n"2" 2 0.25\n"3" 3 0.125\n', LOSS),
    "R's write.csv": ("x.csv", '"","epoch","loss"\n"1",1,0.5\n"2",2,0.25\n"3",3,0.125\n', LOSS),
    # row numbers are no curve
    "pandas": ("x.csv", ",loss\n0,0.5\n1,0.25\n2,0.125\n", ROWS),
    "pandas with a counter": ("x.csv", ",Batch,loss\n0,1,0.5\n1,2,0.25\n2,3,0.125\n", LOSS),
    "numbers in front of values": ("x.csv", "1,0.5\n2,0.25\n3,0.125\n", {"column 2": LOSS["loss"]}),
    # JSON lines by other names
    "lines of detectron2": ("metrics.json", '{"loss": 0.5, "iteration": 10, "acc": 0.75}\n'
        '{"loss": 0.25, "iteration": 20, "acc": 1.0}\n', TWO),
    "lines of DETR": ("log.txt", '{"loss": 0.5, "epoch": 10, "acc": 0.75}\n{"loss": 0.25, "epoch": 20, "acc": 1.0}\n', TWO),
    "lines with a summary of COCO": ("x.jsonl", '{"step": 1, "bbox": [0.5, -1]}\n{"step": 2, "bbox": [0.25, 0.125]}\n',
        {"bbox/0": [(1, 0.5), (2, 0.25)], "bbox/1": [(1, -1.0), (2, 0.125)]}),
    # JSON
    "lists among settings": ("h.json", '{"model": "cnn", "epochs": 2, "train_loss": [0.5, 0.25], "note": []}',
        {"train_loss": [(0, 0.5), (1, 0.25)]}),
    "lists in parts": ("h.json", '{"validation_0": {"auc": [0.5, 0.75]}, "validation_1": {"auc": [0.5, 1]}}',
        {"validation_0/auc": [(0, 0.5), (1, 0.75)], "validation_1/auc": [(0, 0.5), (1, 1.0)]}),
    "rows by a name": ("h.json", '{"best": 20, "checkpoints": [{"step": 10, "path": "a", "metrics": {"r": 0.5}},'
        '{"step": 20, "path": "b", "metrics": {"r": 1}}]}', {"metrics/r": [(10, 0.5), (20, 1.0)]}),
    "rows of training and validation": ("h.json", '{"train": [{"epoch": 1, "loss": 2}, {"epoch": 2, "loss": 1}],'
        '"val": [{"loss": 3}, {"loss": 2}]}', {"train/loss": [(1, 2.0), (2, 1.0)], "val/loss": [(0, 3.0), (1, 2.0)]}),
    "rows by their epochs": ("h.json", '{"epoch_1": {"loss": 2}, "epoch_2": {"loss": 1, "val": {"acc": 0.5}}}',
        {"loss": [(1, 2.0), (2, 1.0)], "val/acc": [(2, 0.5)]}),
    "pandas' to_json": ("h.json", '{"epoch": {"0": 1, "1": 2, "10": 3}, "loss": {"0": 0.5, "1": 0.25, "10": 0.125}}', LOSS),
    "Ray's rows": ("result.json", '{"training_iteration": 1, "r": 0.5, "config": {"lr": 0.1}, "date": "2026-01-31_12-30-05"}\n'
        '{"training_iteration": 2, "r": 1, "config": {"lr": 0.1}, "date": "2026-01-31_12-30-15"}\n',
        {"r": [(1, 0.5), (2, 1.0)]}),
    "Ray's table": ("progress.csv", "training_iteration,r,config/lr,hist\n1,0.5,0.1,[]\n2,1,0.1,[3]\n",
        {"r": [(1, 0.5), (2, 1.0)]}),
    "rows as lists": ("loss.json", "[[200, 0.5, 0.75], [400, 0.25, 1]]",
        {"column 2": [(200, 0.5), (400, 0.25)], "column 3": [(200, 0.75), (400, 1.0)]}),
    "one list": ("loss.json", "[0.5, 0.25, null]", {"loss": [(0, 0.5), (1, 0.25)]}),
    "TensorBoard's page": ("run-train-tag-a_loss.json", "[[1700000000.5, 10, 0.5], [1700000001.5, 20, 0.25]]",
        {"a_loss": [(10, 0.5), (20, 0.25)]}),
    "TensorBoard's page as CSV": ("run-.-tag-a_loss.csv", "Wall time,Step,Value\n1700000000.5,10,0.5\n1700000001.5,20,0.25\n",
        {"a_loss": [(10, 0.5), (20, 0.25)]}),
    # what counts
    "steps of Stable-Baselines3": ("progress.csv", "time/iterations,time/total_timesteps,rollout/r\n1,256,0.5\n2,512,1\n,600,2\n",
        {"rollout/r": [(256, 0.5), (512, 1.0), (600, 2.0)], "time/iterations": [(256, 1.0), (512, 2.0)]}),
    "frames": ("x.csv", "reward,frame\n0.5,640\n1,1280\n", {"reward": [(640, 0.5), (1280, 1.0)]}),
    "episodes of a training that began again": ("x.csv", "Episode,r\n" + "".join(f"{i},{i}\n" for i in [*range(12), *range(3)]),
        {"r": [(i, float(i)) for i in [*range(12), *range(3)]]}),
    "an amount by a name that may count": ("x.csv", "episodes,r\n3,1\n1,2\n2,3\n",
        {"r": [(0, 1.0), (1, 2.0), (2, 3.0)], "episodes": [(0, 3.0), (1, 1.0), (2, 2.0)]}),
    "batches of an epoch": ("x.csv", "Epoch,Percent,loss\n1,0,4\n1,50,3\n2,0,2\n2,50,1\n",
        {"loss": [(0, 4.0), (1, 3.0), (2, 2.0), (3, 1.0)], "Epoch": [(0, 1.0), (1, 1.0), (2, 2.0), (3, 2.0)],
         "Percent": [(0, 0.0), (1, 50.0), (2, 0.0), (3, 50.0)]}),
    "iterations of each epoch": ("log.json", '{"env": "x", "seed": 1}\n' + "".join(
        json.dumps({"mode": "train", "epoch": epoch, "iter": count, "lr": 0.5}) + "\n" for epoch in (1, 2, 3)
        for count in (50, 100)), {"seed": [(0, 1.0)], "lr": [(step, 0.5) for step in range(50, 301, 50)],
        "epoch": [(50 * (place + 1), float(place // 2 + 1)) for place in range(6)]}),
    "batches from zero of each epoch": ("x.csv", "epoch,batch,loss\n" + "".join(
        f"{epoch},{batch},0.5\n" for epoch in (0, 1) for batch in range(12)), {"loss": [(step, 0.5) for step in range(24)],
        "epoch": [(step, float(step // 12)) for step in range(24)]}),
    "a training that was resumed an epoch earlier": ("x.csv", "epoch,step,loss\n1,10,1\n2,20,2\n3,30,3\n2,20,4\n3,30,5\n",
        {"loss": [(10, 1.0), (20, 2.0), (30, 3.0), (20, 4.0), (30, 5.0)],
         "epoch": [(10, 1.0), (20, 2.0), (30, 3.0), (20, 2.0), (30, 3.0)]}),
    "training and validation of an epoch": ("x.csv", "epoch,loss,val_loss\n1,0.5,\n1,,0.75\n2,0.25,\n2,,1\n",
        {"loss": [(1, 0.5), (2, 0.25)], "val_loss": [(1, 0.75), (2, 1.0)]}),
    # cells
    "tensors": ("x.csv", "epoch,loss\n1,\"tensor(0.5, device='cuda:0', grad_fn=<DivBackward0>)\"\n2,tensor(0.25)\n3,np.float64(0.125)\n",
        LOSS),
    "units, and the header again and again": ("gpu.log", "timestamp, used [MiB], took\n2026/01/04 14:45:24.263, 10 MiB, 5 ms\n"
        "timestamp, used [MiB], took\n2026/01/04 14:45:25.263, 20 MiB, 7 ms\n",
        {"used [MiB]": [(0, 10.0), (1, 20.0)], "took (ms)": [(0, 5.0), (1, 7.0)]}),
    "percents": ("x.csv", "step,gpu [%],acc\n1,37 %,50%\n2,38%,75%\n",
        {"gpu [%]": [(1, 37.0), (2, 38.0)], "acc": [(1, 0.5), (2, 0.75)]}),
    "means and spreads": ("x.csv", "epoch,loss\n1,0.5 ± 0.1\n2,0.25±0.05\n3,0.125\n", LOSS),
    "rows of two writers at once": ("x.tsv", "iter\tloss\n" + "".join(
        f"{i}\t{i}.5\n" if i != 30 else "30\t30.531\t31.532\t32.5\n" for i in range(60)),
        {"loss": [(i, i + 0.5) for i in range(60) if i != 30]}),
    "a merge that was not resolved": ("x.csv", "step,loss\n1,0.5\n<<<<<<< HEAD\n2,0.25\n=======\n3,0.125\n>>>>>>> main\n", LOSS),
}  # fmt: skip


@pytest.mark.parametrize("kind", FILES)
def test_a_log_is_read_as_a_human_would(kind: str, tmp_path: Path, logdir: Path) -> None:
    """Its curves and no others, each point on its step; imported again it adds nothing."""
    name, text, wanted = FILES[kind]
    path = write(tmp_path / "src" / name, text)
    assert sum(brought(path, logdir).values()) == sum(map(len, wanted.values()))
    (run,) = tracker.open(logdir).runs()
    found = {tag: curve(logdir, run.name, tag) for tag in run.tags("scalar")}
    assert found == wanted
    assert brought(path, logdir) == {}


def test_encodings_of_texts(tmp_path: Path, logdir: Path) -> None:
    """Excel's Unicode text is UTF-16 with tabs, and PowerShell puts a mark before JSON."""
    (tmp_path / "a.txt").write_bytes("epoch\tloss\r\n1\t0,5\r\n2\t0,25\r\n3\t0,125\r\n".encode("utf-16"))
    (tmp_path / "b.json").write_bytes('{"loss": [0.5, 0.25, 0.125]}'.encode("utf-8-sig"))
    (tmp_path / "c.jsonl").write_bytes(b"\xef\xbb\xbf" + b'{"step": 1, "loss": 0.5}\n{"step": 2, "loss": 0.25}\n')
    assert brought(tmp_path, logdir) == {"a": 3, "b": 3, "c": 2}
    assert curve(logdir, "a", "loss") == LOSS["loss"]
    assert curve(logdir, "c", "loss") == [(1, 0.5), (2, 0.25)]


def test_a_chart_of_wandb_is_the_runs_in_it(tmp_path: Path, logdir: Path) -> None:
    """A column a run, with the least and the most of what each point stands for, kept where they differ."""
    head = ["Step"]
    for run in ("calm-fox-1", "run - two"):
        head += [f"{run} - train/loss{end}" for end in ("", "__MIN", "__MAX")]
    rows = [["0", "0.5", "0.5", "0.5", "2", "1", "3"], ["60", "0.25", "0.25", "0.25", "", "", ""]]
    write(
        tmp_path / "wandb_export.csv", "\n".join(",".join(f'"{cell}"' for cell in row) for row in [head, *rows]) + "\n"
    )
    assert brought(tmp_path / "wandb_export.csv", logdir) == {"calm-fox-1": 2, "run - two": 3}
    assert curve(logdir, "calm-fox-1", "train/loss") == [(0, 0.5), (60, 0.25)]
    assert curve(logdir, "run - two", "train/loss__MAX") == [(0, 3.0)]


def test_a_column_that_names_runs_divides_the_rows(tmp_path: Path, logdir: Path) -> None:
    """Where the rows of each count; a table with a row a run is one table."""
    write(tmp_path / "x.csv", "run_id,episode,reward\nq1,1,5\nq1,2,6\nq2,1,7\nq2,2,8\n")
    assert brought(tmp_path / "x.csv", logdir) == {"q1": 2, "q2": 2}
    assert curve(logdir, "q2", "reward") == [(1, 7.0), (2, 8.0)]
    write(tmp_path / "best.csv", "run_name,lr,acc\na,0.1,0.5\nb,0.2,0.75\nc,0.3,1\n")
    assert brought(tmp_path / "best.csv", logdir) == {"best": 6}
    assert curve(logdir, "best", "acc") == [(0, 0.5), (1, 0.75), (2, 1.0)]


CATBOOST = (
    '{\n"meta":{"test_sets":["test"],"test_metrics":[{"best_value":"Min","name":"RMSE"}],'
    '"learn_metrics":[{"best_value":"Min","name":"RMSE"},{"best_value":"Max","name":"R2"}],"name":"experiment"},\n'
    '"iterations":[\n{"learn":[0.5,0.1],"iteration":0,"passed_time":1.5,"remaining_time":3,"test":[0.75]},\n'
)


@pytest.mark.parametrize(
    ("rest", "steps"),
    [
        ('{"learn":[0.25,0.2],"iteration":1,"passed_time":2.5,"remaining_time":0,"test":[1]}\n]}', [0, 1]),
        ('{"learn":[0.25,0.2],"iteration":1,"passed_ti', [0]),
        ('{"learn":[0.3,"iteration":1,,\n{"learn":[0.25,0.2],"iteration":2,"passed_time":2.5,"test":[1]}\n]}', [0, 2]),
    ],
)
def test_what_catboost_writes(rest: str, steps: list[int], tmp_path: Path, logdir: Path) -> None:
    """Whole, still being written, and damaged: line by line, each curve by its part and name."""
    path = write(tmp_path / "catboost_info" / "catboost_training.json", CATBOOST + rest)
    brought(path, logdir)
    run = tracker.open(logdir).run("catboost_training")
    assert sorted(run.tags("scalar")) == ["learn/R2", "learn/RMSE", "test/RMSE"]
    assert curve(logdir, run.name, "learn/RMSE") == list(zip(steps, [0.5, 0.25], strict=False))
    write(path.parent / "learn_error.tsv", "iter\tRMSE\tR2\n0\t0.5\t0.1\n")
    write(path.parent / "time_left.tsv", "iter\tPassed\tRemaining\n0\t1\t3\n")
    assert set(brought(path.parent, logdir / "again")) == {"catboost_training"}, "the tables beside it say the same"


def test_a_run_of_dvclive_is_one_run(tmp_path: Path, logdir: Path) -> None:
    """Though each curve is a file, and two of them have the same name."""
    folder = tmp_path / "dvclive" / "plots" / "metrics"
    write(folder / "train" / "loss.tsv", "step\tloss\n0\t0.5\n1\t0.25\n")
    write(folder / "val" / "loss.tsv", "step\tloss\n0\t0.75\n1\t1\n")
    write(folder / "lr.tsv", "step\tlr\n0\t0.1\n")
    for source in (tmp_path, tmp_path / "dvclive", folder):
        done = list(import_logs(source, logdir / source.name))
        assert {each.run for each in done} == {"dvclive"}
        assert curve(logdir / source.name, "dvclive", "val/loss") == [(0, 0.75), (1, 1.0)]
        assert not any(each.added for each in import_logs(source, logdir / source.name))


def test_one_log_in_two_forms_is_there_once(tmp_path: Path, logdir: Path) -> None:
    """Stable-Baselines writes CSV and JSON lines, MMEngine its lines twice; two runs that are alike are two."""
    rows: list[dict[str, Any]] = [{"step": step, "loss": 1 / (step + 1)} for step in range(3)]
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    table = "step,loss\n" + "".join(f"{row['step']},{row['loss']}\n" for row in rows)
    for name, text in (("progress.csv", table), ("progress.json", lines)):
        write(tmp_path / "sb" / name, text)
    for name in ("20260101_101500.json", "scalars.json"):
        write(tmp_path / "mm" / name, lines)
    for name, text in (("progress.csv", table), ("result.json", lines.replace("}", ', "hist": [1]}'))):
        write(tmp_path / "ray" / name, text)
    for name in ("seed1.csv", "seed2.csv"):
        write(tmp_path / "two" / name, table)
    found = brought(tmp_path, logdir)
    assert found == {"sb/progress": 3, "ray/result": 6, "mm/20260101_101500": 3, "two/seed1": 3, "two/seed2": 3}
    assert brought(tmp_path, logdir) == {}


NO_LOGS: dict[str, tuple[str, str, str]] = {
    "a header only": ("monitor.csv", '#{"t_start": 1.5}\nr,l,t\n', "a header and no row"),
    "results": ("all_results.json", '{"epoch": 3.0, "eval": {"acc": 0.5}, "note": "x"}', "without a list of what was measured"),
    "settings": ("config.json", '{"image_mean": [0.5, 0.5, 0.5], "size": 224, "resize": true}', "without a list of what was measured"),
    "words": ("x.json", '["a", "b"]', "other things than rows or numbers"),
    "nothing": ("x.csv", "", "it is empty"),
    "lines of words": ("debug.log", '{"level": "INFO", "msg": "started"}\n{"level": "INFO", "msg": "ended"}\n', "no number"),
    "prose": ("notes.txt", "Dear all, this is a note.\nIt has commas, and 3 numbers, and more.\nBye, all.\n", "expected"),
    "a report": ("report.txt", "              precision    recall\n\n    cat     0.73      0.84\n\naccuracy   0.8\n", "expected"),
    "packages": ("requirements.txt", "numpy==1.2.3\ntorch==2.0\n", "expected"),
}  # fmt: skip


@pytest.mark.parametrize("kind", NO_LOGS)
def test_what_is_no_log_is_refused_with_a_reason(
    kind: str, tmp_path: Path, logdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In one sentence, and nothing is stored."""
    name, text, why = NO_LOGS[kind]
    path = write(tmp_path / "src" / name, text)
    assert cli.main(["import", str(path), "--logdir", str(logdir)]) == 1
    said = capsys.readouterr().err
    assert why in said
    assert len(said.splitlines()) == 1
    assert not logdir.exists() or not tracker.open(logdir).runs()


def test_files_of_a_folder_that_are_no_log_are_named(
    tmp_path: Path, logdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first ten with why, and how many more there are; it is no failure while anything is read or was before."""
    source = tmp_path / "src"
    for place in range(12):
        write(source / f"note{place:02}.txt", "Nothing of a training.\n")
    write(source / "run.csv", "step,loss\n0,1\n")
    for _ in range(2):
        assert cli.main(["import", str(source), "--logdir", str(logdir)]) == 0
        lines = capsys.readouterr().err.splitlines()
        assert lines[0] == "viz: 12 files left out, as no log is in them:"
        assert [line.split(":")[0].strip() for line in lines[1:11]] == [f"note{place:02}.txt" for place in range(10)]
        assert lines[11:] == ["    and 2 more"]
    (source / "run.csv").unlink()
    assert cli.main(["import", str(source), "--logdir", str(logdir)]) == 1
    assert "holds no log that is understood" in capsys.readouterr().err
    write(source / "events.out.tfevents.1", "no event file at all, but of its name")
    assert cli.main(["import", str(source), "--logdir", str(logdir)]) == 1
    assert "could be read" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("2026-01-31T12:30:05.5Z", 1769862605.5), ("2026-01-31 12:30:05,250", 1769862605.25), ("2026/01/31 12:30", 1769862600),
        ("31.01.2026 12:30:05", 1769862605), ("2026-01-31 12-30", 1769862600), ("2026-01-31T13:30:05+01:00", 1769862605),
        ("2026-01-31", 1769817600), ("2026-13-31", None), ("1.2.3", None), ("12:30", None), ("adam", None), ("", None),
    ],
)  # fmt: skip
def test_dates_as_people_write_them(said: str, wanted: float | None) -> None:
    """A time that names no zone is taken as UTC, as before."""
    assert seconds(said) == wanted


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("tensor(0.5)", "0.5"), ("tensor([[0.5]], device='cuda:1')", "0.5"), ("np.float32(1e-3)", "1e-3"),
        ("Array(nan, dtype=float32)", "nan"), ("tf.Tensor(0.5, shape=(), dtype=float32)", "0.5"),
        ("tensor([1, 2])", "tensor([1, 2])"), ("adam(0.5)", "adam(0.5)"), ("f(x)", "f(x)"),
    ],
)  # fmt: skip
def test_numbers_as_frameworks_show_them(cell: str, value: str) -> None:
    """One number in them is it; of several none is."""
    assert plain(cell) == value


def test_what_may_count_and_what_is_a_time() -> None:
    """Names in groups, and moments that are no count."""
    rows = [{"time/total_timesteps": str(10 * place), "loss": "1"} for place in range(4)]
    assert axis_of(rows, 0.0).counter == "time/total_timesteps"
    moments = [{"t": str(1_790_000_000 + place), "loss": "1"} for place in range(4)]
    assert (axis_of(moments, 0.0).counter, axis_of(moments, 0.0).clock) == (None, "t")
    assert axis_of([{"t": str(place)} for place in range(4)], 0.0).counter == "t"
    created = [{"Created": f"2026-05-25T14:0{place}:33.000Z", "loss": "1"} for place in range(4)]
    assert axis_of(created, 0.0).clock == "Created"


def test_a_text_that_is_a_table_has_a_header_and_numbers(tmp_path: Path) -> None:
    """Numbers without a header may be anything, in a text; a last line that is cut off does not matter."""
    assert not is_table(write(tmp_path / "x.txt", "1 2\n3 4\n"))
    assert not is_table(write(tmp_path / "x.txt", "name value\n"))
    assert not is_table(write(tmp_path / "x.txt", "name place\nanna rome\nben paris\n"))
    assert is_table(write(tmp_path / "x.txt", "step loss\n" + "".join(f"{place} 0.5\n" for place in range(20_000))))
