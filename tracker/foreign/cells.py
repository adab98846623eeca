"""A cell of a table as the number it says, however people and programs write it."""

from __future__ import annotations

import re

from tracker.foreign.log import number

_THOUSANDS = re.compile(r"[-+]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d*)?")  # 0,987 is none
_COMMA = re.compile(r"[-+]?(?:\d{1,3}(?:\.\d{3})+|\d+),\d+(?:[eE][-+]?\d+)?")
_POINT = re.compile(r"[-+]?\d*\.\d+(?:[eE][-+]?\d+)?")
_WRAPPED = re.compile(r"(?:\w+\.)*(?:[Tt]ensor|[Aa]rray|float\d+|int\d+)\(\[*([-+\w.]+)\]*(?:, *\w+=.*)?\)", re.DOTALL)
"""A number of NumPy, PyTorch, JAX or TensorFlow that was written as Python shows it: tensor(0.5, device='cuda:0')."""

SPREAD = re.compile(r"([-+\d.eE%]+) ?± ?[-+\d.eE%]+")
"""A mean and how far its values lie apart, as tables of results have them."""

UNIT = re.compile(r"([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?) ([A-Za-zµ°]{1,6}(?:/[A-Za-z]{1,6})?)")
"""A number with its unit, as nvidia-smi writes them: 1024 MiB."""


def plain(cell: str, comma: bool = False) -> str:
    """A cell as Python writes numbers, where it is one: without thousands, decimal comma and percent; else as it is."""
    text = cell
    if "±" in text and (spread := SPREAD.fullmatch(text)):
        text = spread[1]
    if "(" in text and (wrapped := _WRAPPED.fullmatch(text)):
        text = wrapped[1]
    percent = text.endswith("%")
    if percent:
        text = text[:-1].strip()
    if comma and _COMMA.fullmatch(text):
        text = text.replace(".", "").replace(",", ".")
    elif _THOUSANDS.fullmatch(text):
        text = text.replace(",", "")
    if number(text) is None:
        return cell
    return repr(float(text) / 100) if percent else text


def is_number(cell: str) -> bool:
    """Whether a cell is a number in any of the ways."""
    return number(plain(cell, True)) is not None


def has_decimal_comma(rows: list[list[str]]) -> bool:
    """Whether more cells of some rows have a comma before their decimals than a point."""
    cells = [cell.rstrip("% ") for row in rows for cell in row]
    commas = sum(bool(_COMMA.fullmatch(cell)) and not _THOUSANDS.fullmatch(cell) for cell in cells)
    points = sum(bool(_POINT.fullmatch(cell)) for cell in cells)
    return commas > points
