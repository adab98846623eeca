"""The row of `state` of a file whose writer is gone, said anew by who takes the file over."""

from __future__ import annotations

import sqlite3
from typing import Any

from tracker.series import checksums


def read(connection: sqlite3.Connection) -> dict[str, Any]:
    """What it says, by column; nothing where there is no such row."""
    cursor = connection.execute("SELECT * FROM state")
    row = cursor.fetchone()
    return {} if row is None else dict(zip((column[0] for column in cursor.description), row, strict=True))


def rewrite(connection: sqlite3.Connection, **changes: Any) -> None:
    """Changes some of it, and its checksum with it: but one that was wrong stays so."""
    said = read(connection)
    known = said.pop("checksum", None)
    if known is not None and checksums.of_row(said.values()) == known:
        changes["checksum"] = checksums.of_row({**said, **changes}.values())
    connection.execute(f"UPDATE state SET {'=?, '.join(changes)}=?", tuple(changes.values()))
