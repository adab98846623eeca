"""Parquet files as tables: columns that have types already."""

from __future__ import annotations

from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

from tracker.errors import MissingPackageError
from tracker.foreign.csv_table import CsvTable

INDEX = "__index_level_0__"
"""What pandas calls the index that it writes along."""


def read(path: Path) -> CsvTable:
    """The table in a file.

    Raises:
        MissingPackageError: PyArrow is not installed.
        OSError, ValueError: it cannot be read; PyArrow's own errors are kinds of these.
    """
    try:
        import pyarrow.parquet
    except ImportError as error:
        raise MissingPackageError("a .parquet file needs PyArrow: pip install 'everystep[parquet]'") from error
    found = CsvTable()
    with pyarrow.parquet.ParquetFile(path) as file:
        found.names = [str(name) for name in file.schema_arrow.names]
        found.numbering = INDEX if INDEX in found.names else None
        for batch in file.iter_batches():
            columns = [column.to_pylist() for column in batch.columns]
            for row in zip(*columns, strict=True):
                cells = zip(found.names, map(_plain, row), strict=True)
                found.rows.append({name: cell for name, cell in cells if cell is not None})
    return found


def _plain(cell: Any) -> Any:
    if isinstance(cell, datetime):
        return (cell if cell.tzinfo else cell.replace(tzinfo=timezone.utc)).timestamp()
    return float(cell) if isinstance(cell, Decimal) else cell
