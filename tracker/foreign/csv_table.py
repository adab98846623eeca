"""A CSV file as a table: its encoding, delimiter, decimal mark and header, each decided once for the whole file.

Programs write "CSV" with tabs and semicolons, in UTF-16, with decimal commas, with a comment in front, with the header
again where a training was resumed. What one row looks like decides nothing: a table is what most of its rows are.
"""

from __future__ import annotations

import codecs
import csv
import io
import itertools
import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tracker.foreign.axis import seconds
from tracker.foreign.cells import SPREAD, UNIT, has_decimal_comma, is_number, plain
from tracker.foreign.log import number, parsed

DELIMITERS = (",", "\t", ";", "|")
BLANKS = " "
"""Columns side by side, as R's write.table and hand-made loggers print them: tried where no other delimiter divides."""

LOOKED_AT = 200
"""Rows by which delimiter and decimal mark are told."""

_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_MERGE = re.compile(r"(?:<{7}|={7}|>{7}|\|{7})(?: |$)")


@dataclass
class CsvTable:
    """What a file holds.

    Attributes:
        names: Of its columns, as they are written; "column 3" where there is none.
        numbering: The column that has no name and numbers the rows, as pandas and R write one; None where none does.
        rows: Cells by column; an empty cell is not there.
        about: What a JSON comment in front says of the whole, as Stable-Baselines writes one.
        left_out: What is not among the rows, in words, and how often.
    """

    names: list[str] = field(default_factory=list)
    numbering: str | None = None
    rows: list[dict[str, Any]] = field(default_factory=list)
    about: dict[str, Any] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)


def read(path: Path) -> CsvTable:
    """The table in a file.

    The last line counts when it ends, or has a cell for each column: else it is still being written.

    Raises:
        OSError: it cannot be read.
        csv.Error: a cell is longer than the reader takes.
    """
    text = decoded(path.read_bytes())
    table = CsvTable()
    text, delimiter = _front(text, table)
    delimiter = delimiter or _delimiter(text)
    rows = list(_cells(text, delimiter))
    if "<<<<<<<" in text:
        whole = len(rows)
        rows = [row for row in rows if not _MERGE.match(row[0])]
        table.left_out["marks of a merge that was not resolved"] += whole - len(rows)
    if not rows:
        return table
    width = Counter(len(row) for row in rows).most_common(1)[0][0]
    if all(is_number(cell) for cell in rows[0] if cell) and any(rows[0]):
        table.names = [f"column {place + 1}" for place in range(width)]
        nameless = len(table.names) > 1
    else:
        if is_numbered(rows):
            rows[0].insert(0, "")
        nameless = rows[0][0] == ""
        table.names = _named(rows.pop(0))
    ends = text.endswith(("\n", "\r"))
    if rows and not ends and len(rows[-1]) < len(table.names):
        rows.pop()
        table.left_out["lines without an end: still being written"] += 1
    comma = delimiter != "," and has_decimal_comma(rows[:LOOKED_AT])
    spreads = "±" in text
    damaged = _alone(rows, len(table.names))
    for place, row in enumerate(rows):
        if place in damaged:
            table.left_out["rows with more cells than the header and than the rows beside: damaged"] += 1
            continue
        if _is_header(row, table.names):
            table.left_out["headers between the rows"] += 1
            table.names = _named(row)
            continue
        names = table.names + [f"column {place + 1}" for place in range(len(table.names), len(row))]
        if any(row[len(table.names) :]):
            table.left_out["rows with more cells than the header, kept as columns by number"] += 1
        found = {
            name: plain(cell.rstrip("% ") or cell if "%" in name else cell, comma)  # under "gpu [%]" 37 % is 37
            for name, cell in zip(names, row, strict=False)
            if cell
        }
        if spreads:
            table.left_out["spreads behind a ±, which are no curve"] += sum(map(bool, map(SPREAD.fullmatch, row)))
        if found:
            table.rows.append(found)
    _without_units(table)
    table.left_out = +table.left_out
    if nameless and table.names and _numbers_rows([row.get(table.names[0]) for row in table.rows]):
        table.numbering = table.names[0]
    return table


def is_table(path: Path) -> bool:
    """Whether a text is a table: a header of words, and under it rows of as many cells of which most are numbers.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(LOOKED_AT_BYTES)
    whole = len(head) < LOOKED_AT_BYTES
    text, delimiter = _front(decoded(head), CsvTable())
    try:
        rows = list(_cells(text, delimiter or _delimiter(text)))[: None if whole else -1]
    except csv.Error:
        return False
    header, rows = (rows[0] if rows else []), [row for row in rows[1:] if row != rows[0]]
    while header and not header[-1]:
        header.pop()
    words = len(set(header)) == len(header) > 1 and all(header) and not any(map(is_number, header))
    filled = [cell for row in rows for cell in row if cell]
    width = len(header) + is_numbered([header, *rows])
    fitting = sum(len(row) == width or not any(row[width:]) for row in rows)
    return (
        words
        and bool(rows)
        and fitting * 10 >= len(rows) * 9
        and sum(is_number(cell) or bool(UNIT.fullmatch(cell)) or seconds(cell) is not None for cell in filled) * 2
        >= len(filled)
    )


LOOKED_AT_BYTES = 64_000
"""Of a text, to tell whether it is a table."""


def decoded(data: bytes) -> str:
    """The text of a file: UTF-8 or UTF-16 by its mark or by its looks, else Windows' Latin, which anything is."""
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    head = data[:400]
    if head.count(0) * 3 > len(head) > 1:
        return data.decode("utf-16-le" if head[1::2].count(0) >= head[::2].count(0) else "utf-16-be", "replace")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        # A character cut in two at the end is a line that is still being written.
        return data.decode("utf-8", "replace") if error.start > len(data) - 4 else data.decode("cp1252", "replace")


def _front(text: str, table: CsvTable) -> tuple[str, str]:
    """The text from its header on, and the delimiter if the file names it."""
    delimiter = ""
    while text:
        line, _, rest = text.partition("\n")
        stripped = line.strip()
        if re.fullmatch(r"sep=.", stripped.strip('"'), re.IGNORECASE):
            delimiter = stripped.strip('"')[4]
        elif stripped.startswith("#"):
            said = parsed(stripped.lstrip("# "))
            if isinstance(said, dict):
                table.about.update(said)
            elif not rest.lstrip().startswith("#") and _looks_like_header(stripped.lstrip("# "), rest):
                return text.replace(line, line.lstrip().lstrip("# "), 1), delimiter  # as NumPy's savetxt writes one
        elif stripped:
            return text, delimiter
        text = rest
    return text, delimiter


def _looks_like_header(line: str, rest: str) -> bool:
    """Whether a comment has a word for each cell of the line that follows, which is of numbers."""
    following = rest.partition("\n")[0]
    delimiter = _delimiter(following)
    cells, words = next(_cells(following, delimiter), []), next(_cells(line, delimiter), [])
    return len(cells) == len(words) and all(map(is_number, cells)) and not any(map(is_number, words))


def _delimiter(text: str) -> str:
    """What most of the first lines agree on."""
    head = "\n".join(text.split("\n", LOOKED_AT)[:LOOKED_AT])

    def agreement(delimiter: str) -> tuple[int, int]:
        rows = [row for row in _cells(head, delimiter) if any(row)]
        if not rows or len(rows[0]) < 2:
            return (0, 0)
        if is_numbered(rows):
            return (len(rows), len(rows[0]) + 1)
        return (sum(len(row) == len(rows[0]) for row in rows), len(rows[0]))

    found = max(DELIMITERS, key=agreement)
    lines = sum(bool(line.strip()) for line in head.split("\n"))
    return BLANKS if agreement(found)[0] * 2 < lines and agreement(BLANKS)[0] * 2 > lines else found


def _cells(text: str, delimiter: str) -> Iterator[list[str]]:
    if delimiter == BLANKS:  # however many, also before and behind the cells
        text = "\n".join(line.strip() for line in text.splitlines())
    for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True):
        if row:
            yield [cell.strip() for cell in row]


def _named(cells: list[str]) -> list[str]:
    """A name for each column; one that stands twice has its number behind it."""
    names: list[str] = []
    for place, cell in enumerate(cells):
        name = cell or f"column {place + 1}"
        names.append(f"{name} ({place + 1})" if name in names else name)
    while names and not cells[len(names) - 1]:  # a delimiter at the end of each line
        names.pop()
    return names


def _alone(rows: list[list[str]], width: int) -> set[int]:
    """The places of rows that are wider than the header and than the rows beside: what two writers leave in one file.

    Where a training goes on with more columns, the next row has them too. Only what stands beside a row tells, so that
    the rows of a file that grows stay what they were.
    """
    widths = [len(row) for row in rows]
    return {
        place
        for place, own in enumerate(widths)
        if place >= FIRST_ROWS and own > width and any(rows[place][width:]) and own not in widths[place - 1 :: 2][:2]
    }


FIRST_ROWS = 5
"""After which a row that is unlike all others is told from the beginning of others like it."""


def _without_units(table: CsvTable) -> None:
    """Takes the unit away from the cells of a column that all have the same one; the column's name says it then."""
    for place, name in enumerate(table.names):
        cells = (row[name] for row in table.rows if name in row)
        unit = ""
        for cell in cells:
            found = UNIT.fullmatch(cell)
            if found is None or found[2] != (unit or found[2]):
                unit = ""
                break
            unit = found[2]
        if not unit:
            continue
        table.names[place] = named = name if unit in name else f"{name} ({unit})"
        for row in table.rows:
            if name in row:
                row[named] = row.pop(name).rpartition(" ")[0]


def is_numbered(rows: list[list[str]]) -> bool:
    """Whether each row has a cell more than the header: R numbers them and gives that column no place in the header."""
    return len(rows) > 2 and all(len(row) == len(rows[0]) + 1 and row[-1] for row in rows[1:])


def _numbers_rows(cells: list[Any]) -> bool:
    """Whether a column goes up by the same whole number from each row to the next."""
    numbers = [number(cell) for cell in cells]
    found = [each for each in numbers if each is not None and math.isfinite(each)]
    if not found or len(found) < len(numbers) or found[0] != int(found[0]):
        return False
    ups = {after - before for before, after in itertools.pairwise(found)}
    return len(ups) <= 1 and all(up >= 1 and up == int(up) for up in ups)


def _is_header(row: list[str], names: list[str]) -> bool:
    """Whether a row is words of which most are names of columns: the header again, perhaps with others."""
    filled = [cell for cell in row if cell]
    known = sum(cell in names for cell in filled)
    return bool(filled) and known * 2 > len(filled) and not any(map(is_number, filled))
