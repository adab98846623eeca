"""What readers ask a segment's file, as PostgreSQL understands it: the same statements, of one segment's rows.

Readers speak SQLite's SQL, of which they use little. Each table that a statement names is put before it as what the
database has of it for this segment, so that the statement itself stays as it is and goes by the same keys.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from tracker.postgres.rows import keepable
from tracker.postgres.tables import NAMES

_SOURCES = {
    **{table: f"SELECT {', '.join(names)} FROM {table} WHERE segment = {{0}}" for table, names in NAMES.items()},
    "blobs": "SELECT number AS rowid, hash, data FROM contents JOIN blobs USING (hash) WHERE segment = {0}",
}

_WORDS = re.compile(r"'(?:[^']|'')*'|\?(\d*)|%|\bifnull\b|\b9e999\b|LIMIT \?|GROUP BY series\.id|\w+", re.IGNORECASE)
"""Texts, which stay; and what is said in another way."""


@lru_cache(maxsize=512)
def asked(sql: str, segment: int) -> tuple[str, tuple[int, ...]]:
    """A statement for psycopg, and which of its parameters stands at each place of it.

    Args:
        sql: As readers say it.
        segment: The number of the segment.
    """
    places: list[int] = []
    tables: dict[str, None] = {}

    def place(number: str) -> str:
        places.append(int(number) - 1 if number else len(places))
        return "%s"

    def said(found: re.Match[str]) -> str:
        word = found[0]
        if word.startswith("'"):
            return word.replace("%", "%%")
        if word.startswith("?"):
            return place(found[1])
        if word.upper() == "LIMIT ?":
            return f"LIMIT nullif({place('')}, -1)"  # -1 is no limit
        if word.upper().startswith("GROUP BY"):
            return f"{word}, series.tag"  # which SQLite takes of any row of the group
        if word in _SOURCES:
            tables[word] = None
        return _OTHER.get(word.lower(), word)

    statement = _WORDS.sub(said, sql)
    before = ", ".join(f"{name} AS NOT MATERIALIZED ({_SOURCES[name].format(int(segment))})" for name in tables)
    return (f"WITH {before} {statement}" if before else statement), tuple(places)


_OTHER = {"%": "%%", "ifnull": "coalesce", "9e999": "float8 'Infinity'"}


def placed(parameters: Sequence[Any], places: Sequence[int]) -> list[Any]:
    """Parameters where a statement has them."""
    found = (parameters[place] for place in places)
    return [keepable(each) if isinstance(each, str) else each for each in found]
