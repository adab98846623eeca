"""The sources of the project as its rules read them: texts by their places, and who imports whom."""

from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

PACKAGES = ("trainer", "tracker", "dashboard", "sample_runs")

WEB = "dashboard/web"

Tree = Mapping[str, str]
"""Place -> text."""

Rule = Callable[[Tree], list[str]]
"""What breaks it in a tree."""

Breach = tuple[Rule, str, str]
"""A rule, a place, and what somebody might write there some day that the rule is there for."""


class Files(Mapping[str, str]):
    """The sources of a tree: place -> text."""

    def __init__(self, root: Path) -> None:
        self._texts = {
            path.relative_to(root).as_posix(): path.read_text(encoding="utf-8")
            for package in PACKAGES
            for ending in ("py", "js", "css", "html", "svg")
            for path in sorted((root / package).rglob(f"*.{ending}"))
        }

    def __getitem__(self, place: str) -> str:
        return self._texts[place]

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)

    def planted(self, place: str, text: str) -> Tree:
        """The same with something at the end of a file, or in a new one."""
        return {**self._texts, place: self._texts.get(place, "") + text}


def python(tree: Tree) -> list[str]:
    return [place for place in tree if place.endswith(".py")]


def scripts(tree: Tree) -> list[str]:
    """Names of the page's modules, below its folder."""
    return [place.removeprefix(f"{WEB}/") for place in tree if place.startswith(f"{WEB}/") and place.endswith(".js")]


HOLDS_STATEMENTS = (ast.stmt, ast.excepthandler, ast.match_case)


@cache
def parsed(text: str) -> ast.Module:
    return ast.parse(text)


@cache
def imports(text: str) -> frozenset[tuple[str, str, bool]]:
    """What a file imports: (module, name or "", whether at once); what only types need is left out."""
    found: set[tuple[str, str, bool]] = set()

    def visit(node: ast.AST, at_once: bool) -> None:
        if isinstance(node, ast.Import):
            found.update((alias.name, "", at_once) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.update((node.module, alias.name, at_once) for alias in node.names)
        else:
            is_types = isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
            within = at_once and not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
            for child in node.orelse if is_types and isinstance(node, ast.If) else ast.iter_child_nodes(node):
                if isinstance(child, HOLDS_STATEMENTS):
                    visit(child, within)

    visit(parsed(text), True)
    return frozenset(found)


@cache
def every_import(text: str) -> frozenset[str]:
    """Every module that a file names, for types too."""
    found = set()
    for node in ast.walk(parsed(text)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.update({node.module, *(f"{node.module}.{alias.name}" for alias in node.names)})
    return frozenset(found)


def module_of(place: str) -> str:
    return place.removesuffix(".py").replace("/", ".").removesuffix(".__init__")


def arrows(tree: Tree, *, lazily: bool) -> dict[str, set[str]]:
    """Of each of our modules the others of ours that it needs."""
    ours = {module_of(place): place for place in python(tree)}
    found: dict[str, set[str]] = {}
    for module, place in ours.items():
        found[module] = set()
        for name, part, at_once in imports(tree[place]):
            target = f"{name}.{part}" if f"{name}.{part}" in ours else name
            if target in ours and target != module and (at_once or lazily):
                found[module].add(target)
    return found


def circles(graph: Mapping[str, set[str]]) -> list[set[str]]:
    """Groups of those who all reach each other (Tarjan 1972)."""
    number: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[set[str]] = []

    def visit(node: str) -> None:
        number[node] = low[node] = len(number)
        stack.append(node)
        for other in graph.get(node, ()):
            if other not in number:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], number[other])
        if low[node] == number[node]:
            group = set(stack[stack.index(node) :])
            del stack[stack.index(node) :]
            if len(group) > 1:
                found.append(group)

    for node in graph:
        if node not in number:
            visit(node)
    return found


STATIC = re.compile(r'^(?:import|export) (?:[^";]*? from )?"([^"]+)"', re.MULTILINE)

DYNAMIC = re.compile(r'\bimport\("([^"]+)"\)(?!\.[A-Z])')  # import("./x.js").X is a type, in a comment


@cache
def named(name: str, text: str) -> frozenset[str]:
    """The modules that a module of the page imports, at once or later, by their places."""
    found = STATIC.findall(text) + DYNAMIC.findall(text)
    return frozenset(posixpath.normpath(posixpath.join(posixpath.dirname(name), each)) for each in found)


def web_room(name: str) -> str:
    """core, text, …, pages/<page>; empty for what stands beside them."""
    parts = name.split("/")
    return "/".join(parts[:2]) if parts[0] == "pages" else parts[0] if len(parts) > 1 else ""
