"""Logs of other programs: every number of them, once, and exactly what is new when they grew."""

from __future__ import annotations

import io
import json
import math
import sqlite3
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pictures

import tracker
from dashboard import cli
from tracker.errors import LogdirError
from tracker.foreign import wandb_files
from tracker.foreign.importer import Imported, import_logs


def added(source: Path, logdir: Path) -> int:
    """How many points an import brought."""
    return sum(each.added["scalar"] for each in imported(source, logdir))


def imported(source: Path, logdir: Path) -> list[Imported]:
    """An import in which nothing failed."""
    done = list(import_logs(source, logdir))
    assert not [each.warnings for each in done if each.failed]
    return done


def values(logdir: Path, run: str, tag: str) -> list[float]:
    """The values of a tag."""
    found: list[float] = tracker.open(logdir).run(run).scalars(tag).value.tolist()
    return found


def test_llm_logs_are_read_to_the_last_number(real_data: Path, logdir: Path) -> None:
    """llm.c and Megatron; figures from the collection's own description."""
    imported(real_data / "llm_logs", logdir)
    store = tracker.open(logdir)
    gpt2 = store.run("gpt2_124m_main")
    loss, norm, test = gpt2.scalars("train/loss"), gpt2.scalars("grad_norm"), gpt2.scalars("val/loss")
    assert (len(loss), loss.value[0], loss.step[-1], loss.value[-1]) == (19560, 11.0091, 19559, 3.2217)
    assert (len(test), test.step[-1], test.value[-1], norm.value.max()) == (80, 19560, 3.2722, 15.37)
    golden = store.run("gpt3_15b_golden_values").scalars("lm loss")
    assert (len(golden), golden.step[0], golden.step[-1], golden.value[0]) == (11001, 1, 55000, 12.98419)
    assert int(sum(map(math.isnan, golden.value))) == 828
    spikes = store.run("104b_spike_excerpts").scalars("lm loss")
    assert spikes.value[:2].tolist() == [6.444662, 11.42026]
    assert len(store.run("gpt2_meg_3d_62_iterations").scalars("lm loss")) == 62
    assert added(real_data / "llm_logs", logdir) == 0


CSV = "step,train/loss,note,val\n0,1.5,a,\n10,nan,b,2\n5,-inf,c,3e-2\n"


@pytest.mark.parametrize(
    ("name", "text", "more"),
    [
        ("x.csv", CSV, "20,0.25,d,\n"),
        ("x.tsv", CSV.replace(",", "\t"), "20\t0.25\td\t\n"),
        ("x.jsonl", '{"step": 0, "train": {"loss": 1.5}, "note": "a"}\n{"step": 10, "train": {"loss": NaN}, "val": 2}\n{"step": 5, "train": {"loss": "-inf"}, "val": 0.03}\n', '{"step": 20, "train/loss": 0.25}\n'),
    ],
)  # fmt: skip
def test_rows_that_grow_add_exactly_what_is_new(tmp_path: Path, logdir: Path, name: str, text: str, more: str) -> None:
    """A column a tag; steps in any order; NaN and infinities are numbers."""
    path = tmp_path / name
    path.write_text(text)
    done = imported(path, logdir)
    assert sum(each.added["scalar"] for each in done) == 5
    assert any("note" in sentence for each in done for sentence in each.warnings)
    assert added(path, logdir) == 0
    path.write_text(text + more)
    assert added(path, logdir) == 1
    points = tracker.open(logdir).run("x").scalars("train/loss")
    assert repr(points.value.tolist()) == "[1.5, nan, -inf, 0.25]"
    assert points.step.tolist() == [0, 10, 5, 20]


def test_a_log_that_became_another_is_refused(tmp_path: Path, logdir: Path) -> None:
    """Instead of mixing two trainings in one curve."""
    path = tmp_path / "x.csv"
    path.write_text("step,loss\n0,1\n1,2\n")
    imported(path, logdir)
    path.write_text("step,loss\n0,5\n1,6\n2,7\n")
    (done,) = import_logs(path, logdir)
    assert done.failed
    assert "does not go on" in done.warnings[0]
    assert values(logdir, "x", "loss") == [1, 2]


def test_csv_of_tensorboard_and_of_ours(tmp_path: Path, logdir: Path) -> None:
    """The download of a TensorBoard chart, and `viz export`, with all digits and names that a spreadsheet would run."""
    (tmp_path / "loss.csv").write_text("Wall time,Step,Value\n1700000000.5,0,0.1\n1700000001.5,1,0.2\n")
    imported(tmp_path / "loss.csv", logdir)
    points = tracker.open(logdir).run("loss").scalars("loss")
    assert (points.wall_time.tolist(), points.value.tolist()) == ([1700000000.5, 1700000001.5], [0.1, 0.2])
    with tracker.init(logdir=tmp_path / "own", name="a/b") as run:
        run.log({"=x": 0.1, "y": math.nan}, step=2**53 - 1, wall_time=1.25)
    assert cli.main(["export", "--logdir", str(tmp_path / "own"), "-o", str(tmp_path / "all.csv")]) == 0
    imported(tmp_path / "all.csv", logdir)
    again = tracker.open(logdir).run("a/b").scalars("=x")
    assert (again.step.tolist(), again.wall_time.tolist(), again.value.tolist()) == ([2**53 - 1], [1.25], [0.1])


def test_json_of_transformers_ours_and_plain(tmp_path: Path, logdir: Path) -> None:
    """trainer_state.json by its folder's name; our export; a list of objects; lists by tag."""
    folder = tmp_path / "checkpoint-500"
    folder.mkdir()
    (folder / "trainer_state.json").write_text(
        json.dumps(
            {
                "global_step": 2,
                "log_history": [{"loss": 0.5, "learning_rate": 1e-3, "step": 1}, {"eval_loss": 0.25, "step": 2}],
            }
        )
    )
    (folder / "plain.json").write_text(json.dumps([{"epoch": 3, "acc": 0.5}]))
    (folder / "lists.json").write_text(json.dumps({"loss": [3, 2, 1]}))
    imported(folder, logdir)
    assert values(logdir, "checkpoint-500", "train/loss") == [0.5]
    assert values(logdir, "checkpoint-500", "eval/loss") == [0.25]
    assert tracker.open(logdir).run("plain").scalars("acc").step.tolist() == [3]
    assert values(logdir, "lists", "loss") == [3, 2, 1]


def test_trackio_projects(tmp_path: Path, logdir: Path) -> None:
    """A row a step, as JSON; words for what is not finite."""
    database = sqlite3.connect(tmp_path / "project.db")
    database.execute(
        "CREATE TABLE metrics (id INTEGER PRIMARY KEY, run_id TEXT, timestamp TEXT, run_name TEXT, step INTEGER, metrics TEXT)"
    )
    database.execute(
        "CREATE TABLE configs (id INTEGER PRIMARY KEY, run_id TEXT, run_name TEXT, config TEXT, created_at TEXT)"
    )
    rows = [
        ("r", "2026-11-23T22:04:06+00:00", f"run {step % 2}", step, json.dumps({"loss": 0.5**step, "odd": "Infinity"}))
        for step in range(6)
    ]
    database.executemany(
        "INSERT INTO metrics (run_id, timestamp, run_name, step, metrics) VALUES (?, ?, ?, ?, ?)", rows
    )
    database.execute(
        "INSERT INTO configs (run_id, run_name, config, created_at) VALUES ('r', 'run 0', '{\"lr\": 0.1}', '')"
    )
    database.commit()
    assert added(tmp_path / "project.db", logdir) == 12
    assert values(logdir, "run 0", "loss") == [1, 0.25, 0.0625]
    assert values(logdir, "run 1", "odd") == [math.inf] * 3
    assert tracker.open(logdir).run("run 0").config == {"lr": 0.1}
    assert tracker.open(logdir).run("run 0").scalars("loss").wall_time[0] == 1795471446.0
    database.execute(
        "INSERT INTO metrics (run_id, timestamp, run_name, step, metrics) VALUES ('r', '2026-11-23T22:05:06Z', 'run 0', 9, '{\"loss\": 7}')"
    )
    database.commit()
    database.close()
    assert added(tmp_path / "project.db", logdir) == 1
    assert values(logdir, "run 0", "loss")[-1] == 7


def test_mlflow_databases(tmp_path: Path, logdir: Path) -> None:
    """Experiments, names that stand twice, deleted runs, NaN, which MLflow keeps as 0 with a flag, and infinity as the largest number."""
    database = sqlite3.connect(tmp_path / "mlflow.db")
    database.executescript(
        "CREATE TABLE experiments (experiment_id INTEGER, name TEXT);"
        "CREATE TABLE runs (run_uuid TEXT, name TEXT, experiment_id INTEGER, start_time INTEGER, lifecycle_stage TEXT);"
        "CREATE TABLE metrics (key TEXT, value REAL, timestamp INTEGER, run_uuid TEXT, step INTEGER, is_nan BOOLEAN);"
        "CREATE TABLE params (key TEXT, value TEXT, run_uuid TEXT);"
        "INSERT INTO experiments VALUES (1, 'mnist');"
        "INSERT INTO runs VALUES ('aaaaaaaa1', 'adam', 1, 1, 'active'), ('bbbbbbbb2', 'adam', 1, 2, 'active'), ('c', 'gone', 1, 3, 'deleted');"
        "INSERT INTO metrics VALUES ('loss', 0.5, 1700000000500, 'aaaaaaaa1', 0, 0), ('loss', 0, 1700000001500, 'aaaaaaaa1', 1, 1), ('loss', 2, 1, 'bbbbbbbb2', 0, 0), ('up', 1.7976931348623157e308, 1, 'aaaaaaaa1', 0, 0), ('loss', 3, 1, 'c', 0, 0);"
        "INSERT INTO params VALUES ('lr', '0.1', 'aaaaaaaa1');"
    )
    database.close()
    assert added(tmp_path / "mlflow.db", logdir) == 4
    assert tracker.open(logdir).run("mnist/adam").scalars("up").value.tolist() == [math.inf]
    assert [run.name for run in tracker.open(logdir).runs()] == ["mnist/adam", "mnist/adam-bbbbbbbb"]
    points = tracker.open(logdir).run("mnist/adam").scalars("loss")
    assert (repr(points.value.tolist()), points.wall_time.tolist()) == ("[0.5, nan]", [1700000000.5, 1700000001.5])
    assert tracker.open(logdir).run("mnist/adam").config == {"lr": "0.1"}


def wandb_file(path: Path, records: list[bytes]) -> Path:
    """A W&B file of these records, cut into the parts that blocks of 32 KiB make necessary."""
    data = bytearray(b":W&B\xe1\xbe\x00")
    for body in records:
        begun = False
        while True:
            left = 32768 - len(data) % 32768
            if left < 7:
                data += b"\0" * left
                continue
            part, body = body[: left - 7], body[left - 7 :]
            kind = (3 if body else 4) if begun else (2 if body else 1)
            data += struct.pack("<IHB", zlib.crc32(bytes([kind]) + part), len(part), kind) + part
            begun = True
            if not body:
                break
    path.write_bytes(data)
    return path


def wandb_records(steps: int) -> list[bytes]:
    """A run, and a step each."""
    first = wandb_files._Record()
    first.run.display_name = b"swift-river-7"
    first.run.config.update.add(key=b"lr", value_json=b"0.1")
    first.run.config.update.add(key=b"_wandb", value_json=b"{}")
    records = [first.SerializeToString()]
    for step in range(steps):
        row: Any = wandb_files._Record()
        row.history.step.num = step
        for key, value in (("_step", step), ("_timestamp", 1.7e9 + step), ("loss", 0.5 * step), ("long", "x" * 100)):
            row.history.item.add(nested_key=[key.encode()], value_json=json.dumps(value).encode())
        row.history.item.add(nested_key=[b"a", b"b"], value_json=b'"NaN"')
        records.append(row.SerializeToString())
    return records


def test_wandb_offline_files(tmp_path: Path, logdir: Path) -> None:
    """Over the borders of blocks; what grew; and a damaged block costs itself."""
    records = wandb_records(1000)
    path = wandb_file(tmp_path / "run-1.wandb", records[:601])
    assert path.stat().st_size > 3 * 32768
    assert added(path, logdir) == 1200
    wandb_file(path, records)
    assert added(path, logdir) == 800
    points = tracker.open(logdir).run("swift-river-7").scalars("loss")
    assert points.value.tolist() == [0.5 * step for step in range(1000)]
    assert points.wall_time[1] == 1.7e9 + 1
    assert tracker.open(logdir).run("swift-river-7").config == {"lr": 0.1}
    damaged = bytearray(path.read_bytes())
    damaged[70_000] ^= 1
    (tmp_path / "hurt.wandb").write_bytes(damaged)
    (done,) = imported(tmp_path / "hurt.wandb", tmp_path / "other")
    assert any("wrong checksum" in sentence for sentence in done.warnings)
    assert 1400 < done.added["scalar"] < 2000


def test_wandb_offline_files_hold_histograms_pictures_and_words(tmp_path: Path, logdir: Path) -> None:
    """Taken apart into their parts as W&B 0.31 puts them down; a picture is read from the folder beside, and no other."""
    picture = io.BytesIO()
    Pictures.fromarray(np.full((3, 4), 7, np.uint8)).save(picture, "PNG")
    for place in (tmp_path / "w" / "files" / "media", tmp_path):
        place.mkdir(parents=True, exist_ok=True)
        (place / "p.png").write_bytes(picture.getvalue())
    row: Any = wandb_files._Record()
    row.history.step.num = 3
    for path, value in (
        ("note", "words"), ("number", "7.5"), ("net/hist/_type", "histogram"), ("net/hist/values", [1, 4]),
        ("net/hist/bins", [0.0, 1.0, 2.0]), ("packed", {"_type": "histogram", "values": [3, 0, 1], "packedBins": {"min": -1.0, "size": 0.5, "count": 3}}),
        ("img", {"_type": "image-file", "path": "media/p.png", "width": 4, "height": 3}),
        ("out", {"_type": "image-file", "path": "../../p.png"}), ("table", {"_type": "table-file", "path": "x"}),
    ):  # fmt: skip
        row.history.item.add(
            nested_key=[part.encode() for part in path.split("/")], value_json=json.dumps(value).encode()
        )
    (done,) = imported(wandb_file(tmp_path / "w" / "run-1.wandb", [row.SerializeToString()]), logdir)
    run = tracker.open(logdir).run(done.run)
    assert (run.tags("scalar"), run.text("note")[0].text) == (["number"], "words")
    assert (run.histograms("net/hist")[0].counts.tolist(), run.histograms("packed")[0].total) == ([1, 4], 4)
    assert run.images("img")[0].array.shape[:2] == (3, 4)
    assert run.tags("image") == ["img"]
    assert sorted(done.warnings) == [
        "1 values of 'out': its file lies outside of the run's folder",
        "1 values of 'table' of W&B's type table-file",
    ]


def test_what_is_not_understood_is_named(tmp_path: Path, logdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With what would be; one line, and exit status 1."""
    (tmp_path / "x.pt").write_bytes(b"PK\x03\x04 0123")
    (tmp_path / "notes.txt").write_text("hello\n")
    sqlite3.connect(tmp_path / "y.db").execute("CREATE TABLE t (x)").connection.close()
    for name in ("x.pt", "notes.txt", "y.db"):
        with pytest.raises(LogdirError, match=r"MLflow and Trackio"):
            list(import_logs(tmp_path / name, logdir))
    assert cli.main(["import", str(tmp_path / "x.pt"), "--logdir", str(logdir)]) == 1
    assert "begins with b'PK" in capsys.readouterr().err
    assert list(logdir.iterdir()) == []
