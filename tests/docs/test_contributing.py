"""CONTRIBUTING.md is true: a copy of the project in which it was followed word by word passes the tests that it brings."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from project_copy import ROOT, copied

PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+) (\S+)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
"""(language, file, text) of what is to be written: a whole file, or as `diff` lines to be added beside others."""


def applied(text: str, change: str) -> str:
    """A text with the lines of a change in it. Each part of a change names a line that is replaced, or beside which others are put."""
    for part in re.split(r"^@@\n", change, flags=re.MULTILINE):
        before = "".join(line[1:] for line in part.splitlines(keepends=True) if line[0] in " -")
        after = "".join(line[1:] for line in part.splitlines(keepends=True) if line[0] in " +")
        assert text.count(before) == 1, f"stands {text.count(before)} times: {before!r}"
        text = text.replace(before, after)
    return text


def follow(tree: Path) -> None:
    """Does in a copy of the project what the page says."""
    for language, name, text in BLOCKS:
        file = tree / name
        if language == "diff":
            file.write_text(applied(file.read_text("utf-8"), text), "utf-8")
        else:
            assert not file.exists(), f"{name} is there already"
            file.parent.mkdir(exist_ok=True)
            file.write_text(text, "utf-8")


def test_what_is_to_be_changed_is_there() -> None:
    """Who moves a line beside which the page puts another is told here."""
    assert {language for language, _, _ in BLOCKS} == {"python", "js", "css", "diff"}
    for language, name, text in BLOCKS:
        assert f"`{name}`" in PAGE.replace(f" {name}\n", "\n"), f"{name} is not named in the text"
        if language == "diff":
            applied((ROOT / name).read_text("utf-8"), text)
        else:
            assert not (ROOT / name).exists()


def test_what_it_points_to_is_there() -> None:
    """Files, folders and commands."""
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", PAGE):
        assert (ROOT / target).exists(), target
    for place in re.findall(r"`((?:tests|tracker|dashboard|trainer|sample_runs|docs)/[\w/.]*)`", PAGE):
        assert (ROOT / place).exists() or any(place == name for _, name, _ in BLOCKS), place
    commands = (ROOT / "package.json").read_text("utf-8")
    assert all(f'"{name}":' in commands for name in ("test", "types", "lint"))


@pytest.mark.long
@pytest.mark.timeout(600)
def test_a_copy_in_which_it_was_followed_passes(tmp_path: Path) -> None:
    """Its tests, those of the house, the linters and the types."""
    tree = copied(tmp_path / "project")
    follow(tree)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    environment |= {"PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    brought = [name for _, name, _ in BLOCKS if name.startswith("tests/")]
    assert len(brought) == 3

    def passes(*command: str) -> None:
        done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, f"{command}\n{done.stdout[-6000:]}{done.stderr[-2000:]}"

    passes(
        sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *brought, "tests/test_house.py",
        "tests/dashboard/test_cli.py", "tests/docs/test_kinds_page.py", "tests/docs/test_store_format.py",
        "tests/dashboard/test_security.py", "tests/dashboard/test_sessions.py", "tests/browser/test_pages.py",
    )  # fmt: skip
    passes(sys.executable, "-m", "ruff", "check", ".")
    passes(sys.executable, "-m", "ruff", "format", "--check", ".")
    passes(sys.executable, "-m", "mypy", "--no-incremental", "tracker/values/matrix.py", "dashboard/commands/tags.py")
    biome = ROOT / "node_modules" / "@biomejs" / "biome" / "bin" / "biome"
    if biome.is_file():
        passes("node", str(biome), "check", "--error-on-warnings", "dashboard/web/pages/matrices")
