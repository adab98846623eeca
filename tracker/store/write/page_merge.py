"""What is said of a run on another store's page, said on ours: of two words on the same the later one holds."""

from __future__ import annotations

import time
from pathlib import Path

from tracker.errors import DamagedBytesError
from tracker.store.read import commands as asked
from tracker.store.read import page_rows, segments
from tracker.store.read.run_files import RunFiles
from tracker.store.run_page import Command, RunPage, Word, is_order
from tracker.store.write import page_file


def merge(folder: Path, page: RunPage) -> bool:
    """Takes over what is new of it; whether anything was. The file is left alone where nothing is.

    What a run that lives here was asked elsewhere is history only, and taken over once the run has answered it: a copy
    steers nothing.

    Args:
        folder: The run's, here.
        page: What is said elsewhere.

    Raises:
        StoreError, OSError: what is here cannot be read.
        PageChangeError: it cannot be written.
        DamagedBytesError: no store keeps such a text.
    """
    known = page_rows.read(folder)
    here = known.said()
    words = {key: word for key, word in page.said().items() if _is_news(word, here.get(key))}
    is_trimmed = bool(known.commands) and page_file.size_of(folder) > page_file.TRIM_BYTES
    orders = _new_orders(folder, known, page, is_trimmed=is_trimmed)
    if not words and not orders:
        return False
    try:
        with page_file.changing(folder) as connection:
            for row in orders:
                page_file.insert_command(connection, row)
            for key, (when, value) in words.items():
                connection.execute("DELETE FROM properties WHERE key=?", (key,))
                if value is not None:
                    connection.execute(page_file.PROPERTY, (key, value, when))
    except UnicodeEncodeError as error:
        raise DamagedBytesError("what it says of the run holds half a character") from error
    return True


def _is_news(word: Word, known: Word | None) -> bool:
    return word[1] is not None if known is None else word[0] > known[0]


def _new_orders(folder: Path, known: RunPage, page: RunPage, *, is_trimmed: bool) -> list[Command]:
    """Commands that are not here, and may be."""
    nonces = {row[0] for row in known.commands}
    new = [row for row in page.commands if row[0] not in nonces]
    if is_trimmed:
        oldest = min(row[1] for row in known.commands)  # what was before it was let go of here
        new = [row for row in new if row[1] >= oldest]
    if any(is_order(row[2]) for row in new):
        files = RunFiles(folder)
        if segments.status_of(files.segments(), time.time()) == "running":
            answered = asked.receipts(files).keys()
            new = [row for row in new if not is_order(row[2]) or row[0] in answered]
    return new
