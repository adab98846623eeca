"""The table of all figures names each benchmark, and says of each row what was measured against what."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import all as figures
from benchmarks import report

NEEDS_ANOTHER_PYTHON = {"mobilenet_converter"}


def test_each_benchmark_that_prints_a_table_is_a_part() -> None:
    folder = Path(report.__file__).parent
    printing = {path.stem for path in folder.glob("*.py") if "show(" in path.read_text()} - {"report"}
    assert printing - NEEDS_ANOTHER_PYTHON - {"faults"} == {*figures.PARTS}


@pytest.mark.parametrize(
    ("headers", "row", "said"),
    [
        (["what", "figure", "bar"], ["a", "1 ms", "≤ 2"], ("a", "1 ms", "≤ 2", "")),
        (["", "p50", "p99", "bar", ""], ["a", "1", "", "≤ 2", "met"], ("a", "1", "≤ 2", "met")),
        (["", "ours", "theirs", "bar", ""], ["a", "1", "9", "", ""], ("a", "ours 1 · theirs 9", "", "")),
        (["what", "seen"], ["a", "x|y"], ("a", "x|y", "", "")),
    ],
)
def test_a_row_of_any_table_is_four_cells(headers: list[str], row: list[str], said: tuple[str, ...]) -> None:
    assert figures.cells(headers, row) == said


def test_a_table_that_was_printed_is_a_row_of_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(report.GATHERED, str(tmp_path / "tables"))
    report.show(f"Graph ({report.machine()})", [["a", "1 | 2", "≤ 2", "met"]], ["figure", "median", "bar", ""])
    assert "1 | 2" in capsys.readouterr().out
    tables = [json.loads(line) for line in (tmp_path / "tables").read_text().splitlines()]
    told = {"graph_page": {"when": "2026-01-02", "tables": tables}, "ship": {"when": "2026-01-03", "tables": [], "failed": "no disk"}}  # fmt: skip
    lines = [*figures.page(told)]
    assert "Measured 2026-01-02 to 2026-01-03." in lines
    assert "| a | 1 \\| 2 | ≤ 2 | met |" in lines
    assert "| not measured | no disk |  |  |" in lines
