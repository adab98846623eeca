"""What the schema of a file says of it: that it holds tables and indexes, nothing else, and of which age they are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from tracker.store import columns

MOST_ENTRIES = 200

LONGEST_WORDS = 10_000
"""That make a table: ours take at most a tenth."""

QUESTION = f"SELECT type, sql, name FROM sqlite_master LIMIT {MOST_ENTRIES + 1}"

_COMPUTED = re.compile(r"\bAS\s*\(|\bCHECK\s*\(|/\*|--", re.IGNORECASE)
"""Found in no words that made a table of ours. A computed column needs AS and a parenthesis, with blanks or comments
between; `GENERATED ALWAYS` may be left out, and so may the blank before (`"lost"AS(…)`). The deadline does not help: it
is looked at between two of SQLite's steps, and a single instr() of two blobs outlasts it (measured: 6 s for 0.4 and 0.8
MB). What a CHECK says is computed by `viz doctor`."""

_INDEX = re.compile(r"CREATE (UNIQUE )?INDEX \w+ ON \w+ \([\w, ]+\)", re.ASCII)
"""Of columns: one of an expression computes it when the file is examined."""

_CHECKSUM = re.compile(r"\bchecksum\b")

Entries = Sequence[tuple[Any, ...]]


class SaidSchema(NamedTuple):
    """What it says.

    Attributes:
        has_checksums: Whether the tables have checksums.
        is_replica: Whether rows of it came from elsewhere.
        has_chunks: Whether points of it lie in chunks.
        wrong: Why the file is not read, in a sentence; None where it is.
    """

    has_checksums: bool
    is_replica: bool
    has_chunks: bool
    wrong: str | None


def said(entries: tuple[tuple[Any, ...], ...]) -> SaidSchema:
    """What the answer to `QUESTION` says; a run may have a thousand files, whose answers are all one."""
    length = sum(len(each) for entry in entries for each in entry if isinstance(each, (str, bytes)))
    return _remembered(entries) if length <= 10 * LONGEST_WORDS else _said(entries)


def _said(entries: Entries) -> SaidSchema:
    wrong = _wrong(entries)
    # All tables have checksums, or none, in files of before.
    found = {name for _, words, name in entries if isinstance(words, str) and _CHECKSUM.search(words)}
    if wrong is None and found and found - {columns.CHUNKS} != columns.CHECKED_TABLES:
        wrong = "some of its tables have no checksums, which all have or none"
    names = {name for _, _, name in entries}
    return SaidSchema(bool(found), columns.ARRIVALS in names, columns.CHUNKS in names, wrong)


_remembered = lru_cache(maxsize=8)(_said)


def _wrong(entries: Entries) -> str | None:
    """What else than tables and indexes a file holds, whose words are all that SQLite goes by."""
    if len(entries) > MOST_ENTRIES:
        return "it holds more tables than any run"
    for kind, words, _ in entries:
        if words is None and kind == "index":  # SQLite's own, of a column that is unique
            continue
        if isinstance(kind, str) and isinstance(words, str) and len(words) <= LONGEST_WORDS and _is_plain(kind, words):
            continue
        return f"it holds something else than tables ({kind}), which no run does; it is not read"
    return None


def _is_plain(kind: str, words: str) -> bool:
    """Whether these words make a table or an index of columns."""
    if kind == "table":
        return words.startswith("CREATE TABLE ") and not _COMPUTED.search(words)
    return kind == "index" and _INDEX.fullmatch(words) is not None
