"""`viz doctor` looks at what was said on the page, and saves of a damaged file what can be read."""

from __future__ import annotations

import contextlib
import json
import random
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

import tracker
from dashboard import cli
from tracker import doctor
from tracker import logdir as logdirs
from tracker.repair import page_check
from tracker.store.read import page_rows, properties
from tracker.store.run_page import RunPage
from tracker.store.write import page_file


def said_of(folder: Path) -> RunPage:
    return page_rows.read(folder)


@pytest.fixture
def page(logdir: Path) -> Path:
    """The page's file of a run of which much was said and asked."""
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        run.log({"x": 1.0})
    folder = logdir / "a"
    for n in range(60):
        page_file.set_property(folder, f"dismissed:{n}", {"reason": f"because {n}" * 9, "wall_time": float(n)})
        page_file.add_command(folder, f"n{n}", "control:lr", n / 100, None, "anna")
    page_file.set_property(folder, "note", "the good one")
    page_file.set_property(logdir, "view:mine", "p=runs")
    return folder / logdirs.PAGE_FILE


def change(path: Path, *statements: str) -> None:
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


def without_its_schema(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[:3_000] + bytes(1_096) + data[4_096:])


def with_a_broken_page(path: Path) -> None:
    data = bytearray(path.read_bytes())
    at = data.index(b"because 30")
    at -= at % 4096
    data[at : at + 4096] = bytes(random.Random(1).randrange(256) for _ in range(4096))
    path.write_bytes(data)


DAMAGES: dict[str, tuple[Callable[[Path], object], int]] = {
    "a broken page": (with_a_broken_page, 40),
    "no schema": (without_its_schema, 55),
    "cut in half": (lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]), 1),
    "one value that is none": (lambda path: change(path, "UPDATE properties SET value='{' WHERE key='note'"), 60),
    "a time that is none": (lambda path: change(path, "UPDATE properties SET wall_time='x' WHERE key='note'"), 60),
    "a trigger": (lambda path: change(path, "CREATE TRIGGER t AFTER INSERT ON commands BEGIN SELECT 1; END"), 61),
    "no database": (lambda path: path.write_bytes(b"x" * 5_000), 0),
}
"""And how many words are left at the least."""


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_can_be_read_is_saved_and_can_be_added_to(page: Path, logdir: Path, damage: str) -> None:
    before = said_of(page.parent)
    harm, least = DAMAGES[damage]
    harm(page)
    damaged = page.read_bytes()
    report = doctor.examine(logdir)
    (finding,) = [found for found in report.findings if found.serious]
    assert finding.path == page
    assert not report.is_healthy
    assert page.read_bytes() == damaged

    assert doctor.examine(logdir, repair=True).is_healthy
    assert page.with_name(f"{page.name}.damaged").read_bytes() == damaged
    after = said_of(page.parent)
    assert len(after.properties) >= least
    assert {*after.properties} <= {*before.properties}
    assert [row for row in before.commands if row in after.commands] == after.commands
    page_file.set_property(page.parent, "note", "newer")
    assert properties.properties(page.parent)["note"] == "newer"
    assert doctor.examine(logdir).is_healthy
    assert properties.properties(logdir) == {"view:mine": "p=runs"}


@pytest.mark.parametrize(
    "statements",
    [
        ["PRAGMA user_version=99"],
        ["DROP TABLE properties", "DROP TABLE commands", "CREATE TABLE t (a)", "PRAGMA application_id=7"],
    ],
    ids=["newer", "another program's"],
)
def test_what_is_not_damaged_but_others_is_named_and_left(page: Path, logdir: Path, statements: list[str]) -> None:
    change(page, *statements)
    before = page.read_bytes()
    report = doctor.examine(logdir, repair=True)
    assert [found.path for found in report.findings if found.serious] == [page]
    assert page.read_bytes() == before


def test_the_file_of_the_logdir_is_looked_at_too(page: Path, logdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    top = logdir / logdirs.PAGE_FILE
    top.write_bytes(top.read_bytes()[:5_000])
    assert cli.main(["doctor", "--logdir", str(logdir)]) == 1
    assert "page.sqlite: what was said on the page" in capsys.readouterr().out
    assert cli.main(["doctor", "--logdir", str(logdir), "--repair"]) == 0
    page_file.set_property(logdir, "view:mine", "p=curves")
    assert properties.properties(logdir)["view:mine"] == "p=curves"


def test_random_bytes_never_end_the_doctor_nor_make_up_words(page: Path, logdir: Path) -> None:
    before, data = {*said_of(page.parent).properties}, page.read_bytes()
    draw = random.Random(7)
    for _ in range(25):
        harmed = bytearray(data)
        for _ in range(draw.choice([1, 5, 40, 400])):
            harmed[draw.randrange(len(harmed))] = draw.randrange(256)
        page.write_bytes(harmed)
        for left in page.parent.glob(f"{page.name}.*"):
            left.unlink()
        doctor.examine(logdir, repair=True)
        if page_check.check(page) is None:
            keys = {key for key, _, _ in before}
            assert all(
                json.loads(value) is not None for key, value, _ in said_of(page.parent).properties if key in keys
            )
