"""Table: rows and columns, with pictures in cells."""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from tracker import coerce
from tracker.errors import LoggedTypeError, LoggedValueError, message
from tracker.values import arrays
from tracker.values.image import Image
from tracker.values.value import Medium, Value

FORM = "application/vnd.everystep.table+json+zlib"

MAX_CELLS = 2_000_000
MAX_COLUMNS = 500
MAX_PICTURES = 1_000
MAX_CELL_CHARACTERS = 10_000
"""A longer text in a cell is cut there and ends in how long it was."""


class Table(Value):
    """A table. Cells are numbers, texts, booleans, pictures, or empty; anything else is kept as its text.

    Args:
        data: A pandas (or polars) DataFrame, with its index where rows have names; a mapping of columns; a sequence
            of rows, each a sequence or a mapping; or an array of two axes or of fields.
            `Image` values and PIL images in cells are shown as pictures.
        columns: Names of the columns; those of `data`, or "0", "1", … by default.

    Raises:
        LoggedTypeError: `data` is none of these.
        LoggedValueError: rows of unequal lengths, names that do not fit, over 2 million cells, 500 columns or
            1,000 pictures.
    """

    kind = "table"

    def __init__(self, data: Any, columns: Sequence[object] | None = None) -> None:
        found = _columns(data, columns)
        rows = len(next(iter(found.values()), []))
        if len(found) > MAX_COLUMNS or rows * len(found) > MAX_CELLS:
            raise LoggedValueError(
                message(
                    "Table: it is too large.",
                    expected=f"at most {MAX_COLUMNS} columns and {MAX_CELLS:,} cells",
                    got=f"{rows:,} rows of {len(found):,} columns",
                    hint="Log its head, or a sample of its rows.",
                )
            )
        self.pictures: list[Image] = []
        self.columns = [_column(name, values, self.pictures) for name, values in found.items()]
        if len(self.pictures) > MAX_PICTURES:
            raise LoggedValueError(
                message(
                    "Table: too many pictures.", expected=f"at most {MAX_PICTURES:,}", got=f"{len(self.pictures):,}"
                )
            )
        self.attributes: dict[str, Any] = {"rows": rows, "columns": len(found)}

    @property
    def n_bytes(self) -> int:
        cells = sum(len(column["values"]) for column in self.columns)
        words = sum(len(v) for column in self.columns for v in column["values"] if isinstance(v, str))
        return 60 * cells + 2 * words + sum(picture.n_bytes for picture in self.pictures) + 500

    def encode(self) -> list[Medium]:
        own = Medium(FORM, self.attributes, zlib.compress(coerce.dumps({"columns": self.columns}).encode(), 6))
        parts = [item for picture in self.pictures for item in picture.encode()[:1]]
        return [own, *(item._replace(attributes={**item.attributes, "belongs": "cell"}) for item in parts)]


def _columns(data: Any, names: Sequence[object] | None) -> dict[str, list[Any]]:
    """Values by the name of their column."""
    if hasattr(data, "columns") and hasattr(data, "__getitem__") and not isinstance(data, Mapping):  # a DataFrame
        data = _with_index(data) if names is None else data
        read = data.columns if names is None else [*names]
        if len({str(name) for name in read}) != len(list(read)):
            raise _bad_names("each name once", ", ".join(map(str, read)))
        try:
            return {_name(name): _values(data[name]) for name in read}
        except KeyError as error:
            raise _bad_names("names of its columns", str(error)) from error
    if isinstance(data, Mapping):
        found = {_name(name): _values(values) for name, values in data.items()}
        if len({len(values) for values in found.values()}) > 1:
            raise LoggedValueError(
                message(
                    "Table: columns of unequal lengths.",
                    expected="as many values in each",
                    got=", ".join(f"{name}: {len(values)}" for name, values in list(found.items())[:8]),
                )
            )
        if names is None:
            return found
        if {*map(_name, names)} - {*found}:
            raise _bad_names("names of its columns", ", ".join(map(str, names)))
        return {_name(name): found[_name(name)] for name in names}
    if isinstance(data, (str, bytes)) or not isinstance(data, Iterable):
        raise LoggedTypeError(
            message(
                "Table: this is no table.",
                expected="a DataFrame, a mapping of columns, rows, or a two-dimensional array",
                got=arrays.describe(data),
            )
        )
    fields = getattr(getattr(data, "dtype", None), "names", None)
    if fields:  # a structured array
        structured: Any = data
        return _columns({name: structured[name] for name in fields}, names)
    if getattr(data, "ndim", 2) != 2:
        raise LoggedValueError(
            message(
                "Table: an array must have two axes.",
                expected="(rows, columns)",
                got=arrays.describe(data),
                hint="Of one column log {name: values}, of a pandas Series its reset_index().",
            )
        )
    if hasattr(data, "detach") or hasattr(data, "get"):  # a tensor, or an array on a GPU
        array, xp = arrays.real_array(data, "Table")
        data = array if xp is np else array.get()
    rows = arrays.listed(data, "Table", MAX_CELLS)
    rows = [
        arrays.listed(row, "Table", MAX_CELLS) if getattr(row, "ndim", None) == 1 and hasattr(row, "tolist") else row
        for row in rows
    ]
    if rows and all(isinstance(row, Mapping) for row in rows):
        keys = dict.fromkeys(key for row in rows for key in row) if names is None else dict.fromkeys(names)
        return {_name(key): [row.get(key) for row in rows] for key in keys}
    width = len(rows[0]) if rows and isinstance(rows[0], (list, tuple)) else len(names or ())
    for number, row in enumerate(rows):
        if not isinstance(row, (list, tuple)) or len(row) != width:
            raise LoggedValueError(
                message(
                    f"Table: row {number} is not as long as the first.",
                    expected=f"a list of {width} cells",
                    got=arrays.describe(row) if not isinstance(row, (list, tuple)) else f"{len(row)}",
                )
            )
    named = [str(i) for i in range(width)] if names is None else [_name(name) for name in names]
    if len(named) != width or len(set(named)) != width:
        raise _bad_names(f"{width} different names", ", ".join(named))
    return {name: [row[i] for row in rows] for i, name in enumerate(named)}


def _with_index(frame: Any) -> Any:
    """A DataFrame whose rows have names, with these as its first columns; one whose rows are just counted, as it is."""
    index = getattr(frame, "index", None)
    if index is None or type(index).__name__ == "RangeIndex" or not hasattr(frame, "reset_index"):
        return frame
    try:
        return frame.reset_index()
    except ValueError:  # a column has the index's name already
        return frame


def _bad_names(expected: str, got: str) -> LoggedValueError:
    return LoggedValueError(message("Table: columns does not fit the table.", expected=expected, got=got[:200]))


def _name(name: object) -> str:
    return " / ".join(map(coerce.text, name)) if isinstance(name, tuple) else coerce.text(name)


def _values(values: Any) -> list[Any]:
    if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
        raise LoggedTypeError(
            message("Table: a column is a sequence of values.", expected="a list", got=arrays.describe(values))
        )
    return arrays.listed(values, "Table", MAX_CELLS)


def _column(name: str, values: list[Any], pictures: list[Image]) -> dict[str, Any]:
    """A column as JSON: its kind is "number", "text", "boolean", "image" or "mixed", its values those of cells."""
    kinds: set[str] = set()
    cells = [_cell(value, kinds, pictures) for value in values]
    return {"name": name, "kind": kinds.pop() if len(kinds) == 1 else "mixed" if kinds else "text", "values": cells}


def _cell(value: Any, kinds: set[str], pictures: list[Image]) -> Any:
    try:
        return _shown(value, kinds, pictures)
    except LoggedValueError:
        raise
    except Exception:  # noqa: BLE001 a foreign object in one cell must not lose the others
        kinds.add("text")
        return coerce.text(value, MAX_CELL_CHARACTERS)


def _shown(value: Any, kinds: set[str], pictures: list[Image]) -> Any:
    if value is None or value is np.ma.masked or type(value).__name__ in ("NAType", "NaTType"):
        return None
    if isinstance(value, (np.datetime64, np.timedelta64)):  # NumPy makes whole numbers of some of them
        value = None if np.isnat(value) else str(value)
    elif isinstance(value, np.generic) or (hasattr(value, "item") and getattr(value, "ndim", None) == 0):
        value = arrays.single(value)
    if value is None:
        return None
    if isinstance(value, bool):
        kinds.add("boolean")
        return value
    if isinstance(value, int):
        whole = int.__index__(value)
        if -(1 << 53) < whole < 1 << 53:
            kinds.add("number")
            return whole
        value = whole  # what a browser's number cannot hold stays exact as text
    elif isinstance(value, float):
        kinds.add("number")
        real = float.__float__(value)
        return real if math.isfinite(real) else "NaN" if real != real else "Infinity" if real > 0 else "-Infinity"
    elif isinstance(value, Image) or type(value).__module__.startswith("PIL."):
        picture = value if isinstance(value, Image) else Image(value)
        kinds.add("image")
        pictures.append(picture)
        return {"image": len(pictures) - 1}
    kinds.add("text")
    return coerce.text(value, MAX_CELL_CHARACTERS)
