"""docs/store-format.md is true: its columns are the schema's, its lines of code decode what was written."""

from __future__ import annotations

import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateTable

import tracker
from tracker.series.summary import SUMMARY, SUMMARY_FIELDS
from tracker.store import columns
from tracker.store.write import schema, statements

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "store-format.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "table", [*schema.segment_tables.sorted_tables, *schema.page_tables.sorted_tables], ids=lambda table: table.name
)
def test_every_column_is_described(table: Any) -> None:
    """A column that is added is described, or this fails."""
    for column in table.columns:
        assert f"`{column.name}`" in PAGE, f"{table.name}.{column.name}"


def test_what_readers_ask_for_is_what_the_schema_has() -> None:
    """Readers name columns without the schema, which would bring SQLAlchemy along."""
    names = {table.name: tuple(table.columns.keys()) for table in schema.segment_tables.sorted_tables}
    assert names["segment"] == columns.SEGMENT
    assert names["state"] == columns.STATE
    assert names["scalars"] == (*columns.FRESH[:5], *columns.SUMMARY, *columns.CHECKSUMS, *columns.POINTS)
    assert names["sketches"] == columns.SKETCH
    assert names["series"] == columns.SERIES
    assert names["media"] == columns.MEDIA
    assert names["marks"] == columns.MARK
    assert names["receipts"] == columns.RECEIPT
    assert names["blobs"] == columns.BLOB
    assert tuple(schema.chunks.columns.keys()) == columns.CHUNK
    assert {table for table, own in names.items() if "checksum" in own} == columns.CHECKED_TABLES
    assert {name for own in names.values() for name in own} >= set(columns.LATER)
    assert SUMMARY.names == SUMMARY_FIELDS == ("n", "count", *columns.SUMMARY)


def test_a_file_has_the_tables_and_indexes_that_sqlalchemy_makes(logdir: Path, tmp_path: Path) -> None:
    """Statement by statement, though it is made without asking SQLAlchemy each time."""
    tracker.init(logdir=logdir, name="a", machine=False).finish()
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'other'}")
    schema.segment_tables.create_all(engine)
    engine.dispose()
    made = []
    for path in (next(logdir.rglob("events.*")), tmp_path / "other"):
        with closing(sqlite3.connect(path)) as file:
            made.append(
                {" ".join(row[0].split()) for row in file.execute("SELECT sql FROM sqlite_master WHERE sql>''")}
            )
    assert made[0] == made[1]
    assert len(made[0]) > 10


def test_the_table_of_chunks_is_the_one_that_sqlalchemy_makes() -> None:
    """It comes with the first chunk, into a file that is there."""
    made = str(CreateTable(schema.chunks).compile(dialect=sqlite.dialect()))
    assert statements.each_of(statements.CHUNKS) == (" ".join(made.split()),)


def test_a_run_needs_no_sqlalchemy(logdir: Path) -> None:
    """Its import would take longer than all else that begins a run. Points fold, lie in chunks, and histograms too."""
    code = """
import sys, tracker
with tracker.init(logdir=sys.argv[1], name="a") as run:
    for step in range(20_000):
        run.log({"x": step / 7}, step=step)
    run.log({"weights": tracker.Histogram([1.0, 2.0])})
    run.mark("here")
print([name for name in sys.modules if name.startswith(("sqlalchemy", "importlib.metadata"))])
"""
    done = subprocess.run([sys.executable, "-c", code, logdir], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"
    with closing(sqlite3.connect(next(logdir.rglob("events.*")))) as file:
        assert file.execute("SELECT count(*) FROM chunks").fetchone() == (3,)


def test_the_documented_lines_decode_a_sealed_stretch(logdir: Path) -> None:
    """With the standard library and NumPy, nothing of ours: steps, times and values to the last bit."""
    rng = np.random.default_rng(0)
    logged: dict[str, list[tuple[int, float, float]]] = {"regular": [], "odd": [], "constant": []}
    with tracker.init(logdir=logdir, name="a") as run:
        for i in range(1100):
            values = {
                "regular": (i, 1.7e9 + i + rng.random(), float(np.float32(rng.random()))),
                "odd": (int(rng.integers(-(2**62), 2**62)), 1e9 - i, rng.random()),
                "constant": (7 * i, 1.7e9 + i * 0.25, 1e-3),
            }
            for tag, (step, wall_time, value) in values.items():
                run.log({tag: value}, step=step, wall_time=wall_time)
                logged[tag].append((step, wall_time, value))
    (code,) = re.findall(r"```python\n(import numpy as np\n\nn, whole = .*?)```", PAGE, re.S)
    (file,) = (logdir / "a").glob("events.*.sqlite")
    connection = sqlite3.connect(file)
    connection.row_factory = sqlite3.Row
    for tag, points in logged.items():
        rows = connection.execute(
            "SELECT * FROM scalars WHERE level = 0 AND series = (SELECT id FROM series WHERE tag = ?) ORDER BY n",
            (tag,),
        ).fetchall()
        assert rows[0]["count"] == 1024
        names: dict[str, Any] = {"row": dict(rows[0])}
        exec(code, names)
        assert (
            list(zip(names["steps"].tolist(), names["times"].tolist(), names["values"].tolist(), strict=True))
            == points[:1024]
        )
    connection.close()


def test_the_documented_lines_decode_a_chunk(logdir: Path) -> None:
    """With NumPy and pcodec, nothing of ours."""
    rng = np.random.default_rng(0)
    logged = {
        "odd": (rng.integers(-(2**62), 2**62, 8192), np.sort(rng.normal(1.7e9, 99, 8192)), rng.normal(size=8192)),
        "even": (np.arange(8192) * 7 - 3, 1.7e9 + np.arange(8192) * 0.25, rng.normal(size=8192).astype("f4").astype("f8")),
    }  # fmt: skip
    with tracker.init(logdir=logdir, name="a") as run:
        for tag, points in logged.items():
            for step, wall_time, value in zip(*(column.tolist() for column in points), strict=True):
                run.log({tag: value}, step=step, wall_time=wall_time)
    (code,) = re.findall(r"```python\n(import numpy as np, pcodec\n.*?)```", PAGE, re.S)
    (file,) = (logdir / "a").glob("events.*.sqlite")
    with closing(sqlite3.connect(file)) as connection:
        connection.row_factory = sqlite3.Row
        for tag, points in logged.items():
            asked = "SELECT chunks.* FROM chunks JOIN series ON series = series.id WHERE tag = ?"
            (row,) = connection.execute(asked, (tag,)).fetchall()
            names: dict[str, Any] = {"row": dict(row)}
            exec(code, names)
            for name, column in zip(("steps", "times", "values"), points, strict=True):
                assert names[name].tobytes() == column.tobytes(), (tag, name)


def test_every_column_of_chunks_is_described() -> None:
    """As of the other tables."""
    (said,) = re.findall(r"## Chunks\n\n(.*?)\n\n", PAGE, re.S)
    assert all(f"`{name}`" in said for name in columns.CHUNK)
    assert tuple(schema.chunks.columns.keys()) == columns.CHUNK


def test_the_documented_lines_verify_every_row(logdir: Path) -> None:
    """With the standard library, nothing of ours: fresh points, stretches, nodes, and the rows of all other tables."""
    with tracker.init(logdir=logdir, name="a", config={"lr": 0.1}) as run:
        for step in range(40_000):
            run.log({"x": float("nan") if step % 7 else -0.0, "y": step / 3}, step=step)
        run.log({"w": tracker.Histogram([1.0, 2.5]), "t": tracker.Text("words")}, step=3)
        run.log({"once": 1.0}, step=3)
        run.mark("half", step=3)
        run.flush()
        (file,) = (logdir / "a").glob("events.*.sqlite")
        (code,) = re.findall(r"```python\n(import struct\n.*?)```", PAGE, re.S)
        names: dict[str, Any] = {}
        exec(code, names)
        connection = sqlite3.connect(file)
        connection.row_factory = sqlite3.Row
        kinds = set()
        for table in columns.CHECKED_TABLES:
            for row in map(dict, connection.execute(f"SELECT * FROM {table}")):
                if table != "scalars":
                    assert names["checksum_of_row"](row) == row["checksum"], (table, row)
                    kinds.add(table)
                    continue
                points, summary = names["checksums_of_scalars"](row)
                assert points == row["checksum"], row
                assert row["summary_checksum"] in (None, summary), row
                kinds.add((row["level"], row["count"] > 1, row["summary_checksum"] is None))
        connection.close()
    assert kinds >= {"segment", "state", "series", "sketches", "media", "marks"}
    assert kinds >= {(0, False, True), (0, True, False), (1, True, False)}


def test_the_documented_query_works_in_the_sqlite3_command(logdir: Path) -> None:
    """A stock sqlite3 shows fresh points and the summaries of sealed ones, while the run is written."""
    command = shutil.which("sqlite3")
    if command is None:
        pytest.skip("needs the sqlite3 command")
    (query,) = re.findall(r"```sql\n(.*?)```", PAGE, re.S)
    with tracker.init(logdir=logdir, name="a") as run:
        for step in range(1090):
            run.log({"train/loss": 50.0 if step == 500 else 1.0}, step=step)
            if step > 1080:
                run.flush()
        run.flush()
        (file,) = (logdir / "a").glob("events.*.sqlite")
        said = subprocess.run(
            [command, "-readonly", str(file), query], capture_output=True, text=True, check=True
        ).stdout
    rows = [line.split("|") for line in said.splitlines()]
    assert rows[0][:4] == ["0", "1024", "0", "1.0"]
    assert rows[0][6] == "50.0"
    assert sum(int(row[1]) for row in rows) == 1090
    assert rows[-1][1] == "1"
