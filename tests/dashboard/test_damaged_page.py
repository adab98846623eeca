"""A `page.sqlite` that is damaged, held or another program's: what was said there is told as not known, and no more."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dashboard import cli
from dashboard.live import user_edits
from dashboard.live.catalog import Catalog
from tracker import logdir as logdirs
from tracker.errors import PageChangeError
from tracker.store.read import properties


def change(path: Path, *statements: str) -> None:
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


def spoilt_word(path: Path) -> None:
    """A table's name is no text, and what is said of it no SQL: SQLite then cites the name."""
    data = path.read_bytes()
    spoilt = data.replace(b"tablecommandscommands", b"table\xd4ommands\xd4ommands").replace(
        b"CREATE TABLE commands", b"CREATE TABXX commands"
    )
    assert spoilt.count(b"\xd4ommands") == 2
    path.write_bytes(spoilt)


DAMAGES: dict[str, Callable[[Path], Any]] = {
    "cut in half": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "zeroed": lambda path: path.write_bytes(bytes(path.stat().st_size)),
    "zeroed behind its first page": lambda path: path.write_bytes(path.read_bytes()[:4096].ljust(16_384, b"\0")),
    "no database": lambda path: path.write_bytes(b"x" * 5_000),
    "newer": lambda path: change(path, "PRAGMA user_version=99"),
    "another program's": lambda path: change(path, "PRAGMA application_id=5"),
    "other columns": lambda path: change(path, "DROP TABLE properties", "CREATE TABLE properties (a, b)"),
    "a name that is no text": spoilt_word,
}


@pytest.fixture
def catalog(run: Any, logdir: Path) -> Catalog:
    """Of a logdir with a run of which something was said."""
    user_edits.write(run.folder, "note", "good")
    user_edits.write(run.folder, "name", "mine")
    user_edits.write(logdir, "view:v", "p=curves")
    made = Catalog(logdir)
    look(made)
    return made


def look(catalog: Catalog) -> dict[str, Any]:
    """What the page knows of the run after one more look."""
    catalog.scan()
    return catalog.runs["a"].about()


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_cannot_be_read_is_told_and_the_run_goes_on(catalog: Catalog, run: Any, logdir: Path, damage: str) -> None:
    for folder in (run.folder, logdir):
        DAMAGES[damage](folder / logdirs.PAGE_FILE)
    about = look(catalog)
    assert about["said"] == {}
    (problem,) = about["problems"]
    assert problem.startswith(user_edits.NO_WORDS)
    assert user_edits.said(logdir).trouble is not None
    with pytest.raises(PageChangeError, match="doctor --repair"):
        user_edits.write(run.folder, "note", "new")
    run.log({"loss": 0.5}, step=1)
    run.flush()
    look(catalog)
    assert catalog.runs["a"].tags()["scalar"]["loss"].last[0] == 1
    (run.folder / logdirs.PAGE_FILE).unlink()
    user_edits.write(run.folder, "note", "new")
    assert look(catalog)["said"] == {"note": "new"}
    assert look(catalog)["problems"] == []


def test_while_somebody_holds_the_file_what_was_known_holds(
    catalog: Catalog, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    user_edits.write(run.folder, "note", "newer")
    page = run.folder / logdirs.PAGE_FILE
    held = sqlite3.connect(page, isolation_level=None)
    with contextlib.closing(held):
        held.execute("BEGIN EXCLUSIVE")
        about = look(catalog)
        assert about["said"] == {"note": "good", "name": "mine"}
        assert about["problems"] == []
    assert look(catalog)["said"]["note"] == "newer"


@pytest.mark.parametrize("value", ["'{'", "x'ff00'", "17", "'1" + "0" * 5000 + "'", "printf('%.*c', 100000, '[')"])
def test_a_value_that_is_none_costs_no_other(catalog: Catalog, run: Any, value: str) -> None:
    change(run.folder / logdirs.PAGE_FILE, f"UPDATE properties SET value={value} WHERE key='name'")
    about = look(catalog)
    assert about["said"]["note"] == "good"
    (problem,) = about["problems"] or ["none"]
    assert problem == ("none" if value == "17" else f"{user_edits.NO_WORDS} (1 of 2 words are damaged)")


@pytest.mark.parametrize("damage", [*DAMAGES, "a note that is none", "held"])
def test_a_run_whose_note_cannot_be_read_is_not_pruned(run: Any, logdir: Path, damage: str) -> None:
    """It may say that the run is to be kept."""
    user_edits.write(run.folder, "note", "never delete this")
    run.finish()
    page = run.folder / logdirs.PAGE_FILE
    with contextlib.closing(sqlite3.connect(page, isolation_level=None)) as other:
        if damage == "held":
            other.execute("BEGIN EXCLUSIVE")
        elif damage == "a note that is none":
            change(page, "UPDATE properties SET value='{'")
        else:
            DAMAGES[damage](page)
        cli.main(["prune", "--logdir", str(logdir), "a", "--yes", "--for-good"])
        assert logdirs.segment_files(run.folder)
    assert cli.main(["prune", "--logdir", str(logdir), "a", "--yes", "--for-good", "--noted"]) == 0
    assert not logdirs.segment_files(run.folder)


def test_a_file_that_is_being_made_is_no_problem(catalog: Catalog, run: Any) -> None:
    """Empty it lies there for the moment in which it is written for the first time."""
    (run.folder / logdirs.PAGE_FILE).write_bytes(b"")
    assert look(catalog)["problems"] == []
    assert properties.said(run.folder).trouble is None
