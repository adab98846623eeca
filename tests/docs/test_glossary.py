"""docs/glossary.md is true: each word lives where it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (?!word|---)(.+?) \| (.+?) \| (.+?) \|$", PAGE, re.MULTILINE)


def test_the_words_are_there_once() -> None:
    """About forty, and those that a newcomer meets first among them."""
    words = [word for row in ROWS for word in row[0].split(", ")]
    assert len(words) == len(set(words)) >= 30
    assert {"logdir", "run", "tag", "step", "wall_time", "segment", "stretch", "lane", "sketch", "envelope"} <= {*words}
    assert len(ROWS) == len([line for line in PAGE.splitlines() if line.startswith("| ")]) - 6


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_a_word_lives_where_it_says(row: tuple[str, str, str]) -> None:
    """Who renames or moves it is told here."""
    place = re.fullmatch(r"`([\w/.]+)`: `(\w+)`", row[2])
    assert place, row[2]
    file, name = place.groups()
    made = rf"(?:def|class|function|const|let) {name}\b|^\s*(?:self\.)?{name}\b[^=\n(]*[:=]|\b(?:Column|Table)\(\s*\"{name}\""
    assert re.search(made, (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE), f"{file} makes no {name}"
