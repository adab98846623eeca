"""Rules of sizes and words: how long a file and a line may be, and that each file says why it exists."""

from __future__ import annotations

import ast
import re

from house_tree import WEB, Breach, Tree, parsed, python, scripts

MOST_LINES = 350
"""Of a file: what is longer has a second noun."""


def lines_of_files(tree: Tree) -> dict[str, int]:
    """How long each file of tracker and dashboard is, scripts of the page included."""
    return {
        place: text.count("\n")
        for place, text in tree.items()
        if place.startswith(("tracker/", "dashboard/")) and place.endswith((".py", ".js"))
    }


def files_have_one_noun(tree: Tree) -> list[str]:
    """About 80 to 300 lines feel right; what is over 350 holds two things."""
    return [f"{place}: {lines} lines" for place, lines in lines_of_files(tree).items() if lines > MOST_LINES]


def every_file_says_why_it_exists(tree: Tree) -> list[str]:
    """A newcomer reads a folder by its first lines."""
    missing = [place for place in python(tree) if not ast.get_docstring(parsed(tree[place]))]
    return missing + [name for name in scripts(tree) if not tree[f"{WEB}/{name}"].startswith("// ")]


LONGEST = 120


def lines_are_no_longer_than_a_screen_is_wide(tree: Tree) -> list[str]:
    """Of the page's scripts and stylesheets, as ruff has it of Python: what stands farther right is not read."""
    names = [place.removeprefix(f"{WEB}/") for place in tree if re.match(rf"{WEB}/.*\.(js|css)$", place)]
    return [
        f"{name}:{i + 1}: {len(line)} characters"
        for name in names
        for i, line in enumerate(tree[f"{WEB}/{name}"].split("\n"))
        if len(line) > LONGEST
    ]


BREACHES: list[Breach] = [
    (files_have_one_noun, "tracker/run.py", "\n" * 100),
    (files_have_one_noun, f"{WEB}/core/state.js", "\n" * 350),
    (every_file_says_why_it_exists, "dashboard/api/new.py", "x = 1\n"),
    (every_file_says_why_it_exists, f"{WEB}/ui/new.js", "export const x = 1;\n"),
    (lines_are_no_longer_than_a_screen_is_wide, f"{WEB}/core/new.js", f"// New.{'x' * 120}\n"),
    (lines_are_no_longer_than_a_screen_is_wide, f"{WEB}/ui/new.css", f"a {{ content: '{'x' * 120}'; }}\n"),
]
