"""CSV files as programs write them: what is a table, what a header, which column counts, which says when."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from examples import examples
from hypothesis import given
from hypothesis import strategies as st

import tracker
from dashboard import cli
from tracker.foreign import cells, csv_table
from tracker.foreign.axis import axis_of

DIALECTS: dict[str, dict[str, Any]] = {
    "plain": {},
    "tabs": {"delimiter": "\t"},
    "German": {"delimiter": ";", "decimal": ",", "encoding": "utf-8-sig"},
    "Excel in Germany": {"delimiter": ";", "decimal": ",", "encoding": "utf-16", "front": "sep=;\r\n"},
    "quoted": {"quoting": csv.QUOTE_ALL},
    "UTF-16": {"encoding": "utf-16-le", "delimiter": "\t"},
    "bars": {"delimiter": "|"},
    "blanks after commas": {"pad": " "},
    "a comment in front": {"front": '#{"t_start": 1700000000.5, "env_id": "CartPole-v1"}\n'},
    "a header that is a comment": {"front": "# "},
    "Unix": {"end": "\n"},
    "a delimiter at the end": {"last": True},
}
NAMES = st.text(alphabet="abcdefghijklmnopqrstuvwxyz/_é ", min_size=1, max_size=12).map(str.strip).filter(bool)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False, width=32) | st.integers(-(10**9), 10**9)


def written(names: list[str], rows: list[list[Any]], **how: Any) -> bytes:
    """A table as a program of that dialect would write it."""
    out = io.StringIO()
    delimiter = how.get("delimiter", ",")
    writer = csv.writer(
        out, delimiter=delimiter, quoting=how.get("quoting", csv.QUOTE_MINIMAL), lineterminator=how.get("end", "\r\n")
    )
    number = lambda value: repr(value).replace(".", how.get("decimal", "."))  # noqa: E731
    for row in (names, *([number(cell) for cell in row] for row in rows)):
        writer.writerow([*row, *([""] if how.get("last") else [])])
    text = how.get("front", "") + out.getvalue()
    if how.get("pad"):
        text = text.replace(delimiter, delimiter + how["pad"])
    return text.encode(how.get("encoding", "utf-8"))


@pytest.mark.parametrize("dialect", DIALECTS)
@given(data=st.data())
@examples(25)
def test_a_table_is_the_same_in_every_dialect(dialect: str, data: st.DataObject, tmp_path_factory: Any) -> None:
    """Encoding, delimiter and decimal mark are the file's business: the numbers are the same to the last bit."""
    names = data.draw(st.lists(NAMES, min_size=2, max_size=5, unique=True))
    rows = data.draw(st.lists(st.lists(NUMBERS, min_size=len(names), max_size=len(names)), min_size=3, max_size=12))
    path = tmp_path_factory.getbasetemp() / "x.csv"
    path.write_bytes(written(names, rows, **DIALECTS[dialect]))
    table = csv_table.read(path)
    assert table.names == names
    assert [[float(row[name]) for name in names] for row in table.rows] == [
        [float(cell) for cell in row] for row in rows
    ]
    assert not table.left_out
    assert bool(table.about) == (dialect == "a comment in front")


def read(text: str, tmp_path: Path) -> csv_table.CsvTable:
    """A table out of its text."""
    (tmp_path / "x.csv").write_text(text, encoding="utf-8")
    return csv_table.read(tmp_path / "x.csv")


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("1,000", "1000"), ("-12,345,678.5", "-12345678.5"), ("50%", "0.5"), ("99.5 %", "0.995"), ("nan", "nan"),
        ("0,987", "0,987"), ("1e-3", "1e-3"), ("1,2,3", "1,2,3"), ("12,34", "12,34"), ("", ""), ("adam", "adam"), ("%", "%"), ("inf", "inf"),
    ],
)  # fmt: skip
def test_numbers_as_people_write_them(cell: str, value: str) -> None:
    """Thousands and percent mean something; what is no number stays a word."""
    assert cells.plain(cell) == value


def test_the_header_again_and_cells_beyond_it(tmp_path: Path) -> None:
    """A resumed run writes its header once more, perhaps with another column; no value is dropped without a word."""
    table = read("step,loss\n1,0.5\nstep,loss,acc\n2,0.4,0.9\n3,0.3,0.8,7\n", tmp_path)
    assert table.rows == [
        {"step": "1", "loss": "0.5"},
        {"step": "2", "loss": "0.4", "acc": "0.9"},
        {"step": "3", "loss": "0.3", "acc": "0.8", "column 4": "7"},
    ]
    assert table.left_out == {
        "headers between the rows": 1, "rows with more cells than the header, kept as columns by number": 1
    }  # fmt: skip


def test_a_line_that_is_being_written_waits(tmp_path: Path) -> None:
    """Half a row is none yet; a last line without an end that has all its cells is one."""
    assert read("step,a,b\n1,2,3\n2,4", tmp_path).rows == [{"step": "1", "a": "2", "b": "3"}]
    assert len(read("step,a,b\n1,2,3\n2,4,5", tmp_path).rows) == 2
    assert read("", tmp_path).rows == []
    assert read("step,loss\n", tmp_path).rows == []


def test_a_step_that_is_none_costs_its_row_only(
    logdir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A word or a fraction among counted rows, which keep their steps; it is named. Epochs of fractions are a curve."""
    for name, odd in (("word", "end"), ("fraction", "200.5")):
        rows = "".join(f"{step},0.{step}\n" for step in range(10, 200, 10))
        (tmp_path / f"{name}.csv").write_text(f"iter,loss\n{rows}{odd},0.125\n")
        assert cli.main(["import", str(tmp_path / f"{name}.csv"), "--logdir", str(logdir)]) == 0
        assert "1 points without a whole step" in capsys.readouterr().out
        run = tracker.open(logdir).run(name)
        assert (run.tags("scalar"), run.scalars("loss").step.tolist()) == (["loss"], list(range(10, 200, 10)))
    epochs = [{"epoch": str(each), "loss": "1"} for each in (*range(1, 20), 19.98)]
    assert axis_of(epochs, MODIFIED).counter is None


def test_numbers_from_the_first_line_on_are_no_header(tmp_path: Path) -> None:
    """A file without a header has its columns by number, and its first row."""
    assert read("0.5,1\n0.25,2\n", tmp_path).rows == [
        {"column 1": "0.5", "column 2": "1"}, {"column 1": "0.25", "column 2": "2"}
    ]  # fmt: skip


MODIFIED = 1_790_000_000.0


def axis(**columns: list[Any]) -> Any:
    """The axis of some columns."""
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    return axis_of(rows, MODIFIED)


def test_what_counts_is_told_by_all_rows() -> None:
    """Whole numbers that go on; a fraction in one row is enough to make the column a curve."""
    assert axis(step=[1, 2, 3], loss=[1, 2, 3]).counter == "step"
    assert axis(Epoch=["0", "1", "2"], loss=[1, 2, 3]).counter == "Epoch"
    assert axis(epoch=[0.1, 0.2, 1.0], loss=[1, 2, 3]).counter is None
    assert axis(step=[0, 0, 0], epoch=[1, 2, 3]).counter == "epoch"
    assert axis(step=["", "", 3, ""], epoch=[1, 2, 3, 4]).counter == "epoch"
    assert axis(loss=[1, 2, 3]).counter is None
    assert axis(step=[5.0, 6.0, 7.0]).counter == "step"


def test_a_time_since_the_start_is_no_year_1970() -> None:
    """It stays a curve, and the last row is as old as the file."""
    found = axis(step=[1, 2, 3], time=[1.5, 3, 4.5])
    assert (found.clock, found.taken) == ("time", {"step"})
    assert [found.wall_time({"time": each}) for each in (1.5, 4.5)] == [MODIFIED - 3, MODIFIED]
    assert axis(step=[1, 2, 3], time=[0.2, 0.1, 0.3]).clock is None, "how long each step took"
    found = axis(step=[1, 2], wall_time=[1.7e9, 1.7e9 + 1])
    assert (found.clock, found.taken, found.wall_time({"wall_time": 1.7e9})) == (
        "wall_time",
        {"step", "wall_time"},
        1.7e9,
    )
    assert axis(step=[1, 2], timestamp=[1.7e12, 1.7e12 + 1]).wall_time({"timestamp": 1.7e12}) == 1.7e9
    assert axis(step=[1, 2], date=["2026-01-01", "2026-01-02T03:04:05Z"]).wall_time({"date": "1970-01-02"}) == 86400
