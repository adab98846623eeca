"""What the cells of the table of runs say: all that was logged, as it was, and none of it cut; and how they are ordered."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tracker

LOGGED: list[Any] = [
    "1.10", "1.1", "01234", "0x1f", "1e5", "1_000", " 7", "7 ", "", "0.10", "-0", "+5", "1,5", "NaN", "inf", "none", "True", "½", "a\nb",
    "=1+1", "@x", "-x", '"quoted"', "9007199254740993", 9007199254740993, 9007199254740992, 2**63, 2**127 + 1, -(2**64),
    1.1, 0.1 + 0.2, 1e-7, 1e300, 5e-324, True, None, 3, [1, 2.5], "[1, 2.5]",
]  # fmt: skip
"""Settings as people log them: words that look like numbers, numbers that no float64 holds."""


def as_logged(shown: str, value: Any) -> bool:
    """Whether a cell says what was logged: words and whole numbers to the letter, floats to the last bit."""
    if isinstance(value, bool) or value is None or isinstance(value, list):
        return json.loads(shown) == value
    return float(shown) == value if isinstance(value, float) else shown == str(value)


def test_the_table_and_its_file_say_what_was_logged(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any], tmp_path: Path
) -> None:
    """A word is a word and keeps its zeros; a seed of 64 bits keeps its digits; nothing is read as a number to be shown."""
    for i, value in enumerate(LOGGED):
        with tracker.init(logdir=logdir, name=f"run{i:02d}", config={"value": value, "i": i}, machine=False) as run:
            run.log({"loss": 1.0})
    served = serve(logdir, "--no-token")
    page.set_viewport_size({"width": 1200, "height": 1700})
    page.goto(f"{served.base}/?p=runs&col=config:value%0Aconfig:i&sort=config:i")
    until(page, f"viz.ready && viz.page().rows.length === {len(LOGGED)} && viz.page().rows[0] === 'run00'")
    until(page, f"document.querySelectorAll('.ag-center-cols-container .ag-row').length === {len(LOGGED)}")
    cells = page.evaluate(
        """() => Object.fromEntries([...document.querySelectorAll('.ag-center-cols-container .ag-row')].map((row) =>
            [row.getAttribute('row-id'), row.querySelector('[col-id="config:value"]').textContent]))"""
    )
    with page.expect_download() as caught:
        page.click(".table-bar >> text=CSV")
    file = tmp_path / "runs.csv"
    caught.value.save_as(file)
    written = {row["Run"]: row["Settings value"] for row in csv.DictReader(io.StringIO(file.read_text()))}
    for i, value in enumerate(LOGGED):
        assert as_logged(cells[f"run{i:02d}"], value), (cells[f"run{i:02d}"], value)
        # A spreadsheet would run what begins so: such a word has a ' in front, which it takes for "this is text".
        told = written[f"run{i:02d}"]
        assert as_logged(told.removeprefix("'") if str(value)[:1] in "=+@-" else told, value), (told, value)


def test_no_number_is_cut(logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]) -> None:
    """Of a rate of 17 digits not even the size would be told by its first ones; nor of a value below zero."""
    for i, rate in enumerate([0.00046232748337261035, 0.1, 1.2345678901234567e-05]):
        with tracker.init(logdir=logdir, name=f"run{i}", config={"lr": rate}, machine=False) as run:
            run.log({"loss": -rate / 3 - 0.01})
    served = serve(logdir, "--no-token")
    page.goto(f"{served.base}/?p=runs&col=config:lr%0Alast:loss")
    until(page, "viz.ready && document.querySelectorAll('.ag-center-cols-container .ag-cell').length === 6")
    cells = page.evaluate(
        """[...document.querySelectorAll('.ag-center-cols-container .ag-cell')].map((cell) => {
            const range = document.createRange();
            range.selectNodeContents(cell);
            return [cell.textContent, range.getBoundingClientRect().width, cell.clientWidth];
        })"""
    )
    assert all(text and width < room for text, width, room in cells), cells


def test_numbers_stand_by_size_before_words(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """One word in a column of numbers does not make the others sort by letters; integers of 64 bits are told apart."""
    order = [-3, "1e-5", 0.5, 9, "10", 9007199254740992, 9007199254740993, 2**70, "0x1f", "auto"]
    for i, value in enumerate(reversed(order)):
        with tracker.init(
            logdir=logdir, name=f"run{len(order) - 1 - i}", config={"value": value}, machine=False
        ) as run:
            run.log({"loss": 1.0})
    served = serve(logdir, "--no-token")
    page.goto(f"{served.base}/?p=runs&col=config:value&sort=config:value")
    until(page, f"viz.ready && viz.page().rows.length === {len(order)}")
    until(page, f"viz.page().rows.join() === '{','.join(f'run{i}' for i in range(len(order)))}'")
