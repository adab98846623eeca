"""The bugs of `seeded_bugs.py` are caught: each is put into a copy of the project, and the test named for it fails."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from project_copy import ROOT, copied
from seeded_bugs import BUGS, Bug, is_caught

each_bug = pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)


@each_bug
def test_a_bug_fits_the_project_as_it_is(bug: Bug) -> None:
    """Who changes the lines that it is made of, or the name of its test, is told here and not by the long part."""
    assert (ROOT / bug.file).read_text("utf-8").count(bug.right) == 1, f"bring the bug up to date with {bug.file}"
    file, _, name = bug.test.partition("::")
    assert re.search(rf"^def {name}\b" if name else ".", (ROOT / file).read_text("utf-8"), re.MULTILINE)
    assert f"| {bug.name} |" in (ROOT / "tests" / "README.md").read_text("utf-8")


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project."""
    return copied(tmp_path_factory.mktemp("bugs") / "project")


@pytest.mark.long
@pytest.mark.timeout(300)
@each_bug
def test_a_bug_is_caught(bug: Bug, tree: Path) -> None:
    """A test that cannot fail guards nothing."""
    assert is_caught(bug, tree)
