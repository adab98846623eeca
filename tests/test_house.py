"""The plan of the house: who may know whom, and what nobody does.

A rule takes a tree and gives back what breaks it; the files `house_*.py` beside this one hold them by what they are
about. It is asked of the project, where nothing may, and of a copy with a breach planted in it, where it must say so: a
rule that looks at the wrong folder would hold for ever.
"""

from __future__ import annotations

import posixpath
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import house_page
import house_rooms
import house_scripts
import house_sizes
import house_writers
import pytest
from house_page import WEB_ACROSS, folders_of_the_page_know_whom_the_plan_says
from house_rooms import ACROSS, rooms_know_whom_the_plan_says
from house_scripts import MODULE_STATE, module_state
from house_sizes import lines_of_files
from house_tree import PACKAGES, ROOT, WEB, Breach, Files, Tree, every_import, named
from house_writers import ASKS_SQL, ONLY_READS, OPENS_TO_WRITE, asked_sql, opened_to_write


def exceptions_are_needed(tree: Tree) -> list[str]:
    """A name that is let off and does nothing of the kind any more hides the next one that does."""
    found = [f"{place} asks no SQL" for place in ASKS_SQL if not asked_sql(tree[place])]
    found += [f"{place} opens nothing" for place in OPENS_TO_WRITE if not opened_to_write(tree[place])]
    found += [
        f"{place} needs no {room}"
        for place, room in ACROSS
        if not any(module.startswith(room.replace("/", ".")) for module in every_import(tree[place]))
    ]
    found += [f"{place} needs no {module}" for place, module in ONLY_READS if module not in every_import(tree[place])]
    found += [
        f"{name} has no {variable}"
        for name, variable in MODULE_STATE
        if variable not in module_state(tree[f"{WEB}/{name}"])
    ]
    found += [f"{one} needs no {other}" for one, other in WEB_ACROSS if other not in named(one, tree[f"{WEB}/{one}"])]
    return found


BREACHES: list[Breach] = [
    *house_rooms.BREACHES,
    *house_writers.BREACHES,
    *house_sizes.BREACHES,
    *house_page.BREACHES,
    *house_scripts.BREACHES,
]
"""A rule, and what somebody might write some day that it is there for."""

RULES = [*dict.fromkeys(rule for rule, _, _ in BREACHES), exceptions_are_needed]

HOUSE = Files(ROOT)


@pytest.fixture
def house() -> Files:
    """The sources as they are."""
    return HOUSE


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_house_is_as_it_is_drawn(rule: Callable[[Tree], list[str]]) -> None:
    """Who may know whom, and what nobody does; see the rule."""
    assert rule(HOUSE) == []


@pytest.mark.parametrize(("rule", "place", "text"), BREACHES, ids=lambda value: getattr(value, "__name__", None))
def test_each_rule_sees_a_breach(rule: Callable[[Tree], list[str]], place: str, text: str, house: Files) -> None:
    """A rule that cannot fail guards nothing."""
    assert place in house or any(word in place for word in ("new", "attic")), "the place of the breach has moved"
    found = rule(house.planted(place, text))
    assert found
    assert any(posixpath.basename(posixpath.dirname(place)) in each for each in found), found


def test_a_breach_in_files_is_seen(tmp_path: Path) -> None:
    """The same from the disk: folders are walked to their ends, whatever is new in them."""
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__", "data"))
    assert rooms_know_whom_the_plan_says(Files(tmp_path)) == []
    deep = tmp_path / "dashboard" / "web" / "pages" / "graph" / "deep" / "deeper.js"
    deep.parent.mkdir()
    deep.write_text('// Deep.\nimport "../../media/page.js";\n', encoding="utf-8")
    (found,) = folders_of_the_page_know_whom_the_plan_says(Files(tmp_path))
    assert "pages/graph/deep/deeper.js" in found


def test_files_are_about_as_long_as_each_other(house: Files, figure: Callable[[str], None]) -> None:
    """The middle of them: so short that a noun fits, so long that it is worth a file."""
    lines = sorted(count for count in lines_of_files(house).values() if count > 1)  # not a folder's own line
    middle = lines[len(lines) // 2]
    python_lines = max(count for place, count in lines_of_files(house).items() if place.endswith(".py"))
    figure(
        f"tracker and dashboard: {len(lines)} files, median {middle} lines, longest {lines[-1]} ({python_lines} in Python)"
    )
    assert 80 <= middle <= 150


def test_an_exception_that_is_not_needed_any_more_is_seen(house: Files) -> None:
    """Else the next one of the kind would hide behind it."""
    mended = {**house, "tracker/doctor.py": '"""Doctor."""', f"{WEB}/core/session.js": "// Session.\n"}
    assert len(exceptions_are_needed(mended)) == 2


def test_no_test_runs_a_loop_on_its_own_thread() -> None:
    """It fails where a test of the page came before, in the same process: by chance. `event_loop.run` does not."""
    taken = re.compile(r"\b(asyncio|anyio)\.run\(|run_until_complete\(")
    tests = Path(__file__).parent
    assert [str(path) for path in tests.rglob("test_*.py") if taken.search(path.read_text(encoding="utf-8"))] == []
