"""Bundles: a module of the page and all that it needs from the start, as one script.

Asked for one by one, the page's hundred modules are a hundred questions of 2 to 4 ms of browser and server, on the
way to the first line. The sources stay as they are, one noun a file: only what imports and exports mean is
rewritten, nothing else is looked at. Each module becomes the body of a function, behind those that it needs, and what
it exports is read from the object that the function gives, as it is at that moment.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Sequence
from pathlib import Path

from dashboard.http.module_graph import IMPORT, WEB, needed

_STATEMENT = re.compile(r'^import (?:(?:\* as (\w+)|\{([^}]*)\}) from )?"(\.\.?/[\w./]+)";$', re.MULTILINE)
_LATER = re.compile(r'\bimport\("(\.\.?/[\w./]+)"\)(?!\.[A-Z])')
"""An import when it is wanted; before a capital letter it is a type, in a comment."""

_EXPORT = re.compile(r"^export (?=(?:async )?(?:function\*?|class|const|let) (\w+))", re.MULTILINE)
_EXPORT_LIST = re.compile(r"^export \{([\w\s,]*)\};$", re.MULTILINE)
_CHANGING = re.compile(r"^export let (\w+)", re.MULTILINE)
_OTHER = re.compile(r"^(?:import|export)\b(?!\().*", re.MULTILINE)


class BundleError(Exception):
    """A module uses a form of import or export that bundles do not know."""


class Bundles:
    """The bundles of a folder of modules.

    Args:
        application: The module that is loaded first: its bundle has what all others stand on.
        others: Modules that it imports later, each with a bundle of what it needs besides.
        folder: Where they lie.
    """

    def __init__(self, application: str, others: Sequence[str], folder: Path = WEB) -> None:
        self.application = application
        self.entries = (application, *others)
        self._folder = folder
        self._texts: dict[str, str] = {}

    @staticmethod
    def name_of(entry: str) -> str:
        """What the bundle of a module is called."""
        return entry.removesuffix(".js") + ".bundle.js"

    def make(self, entry: str) -> str:
        """The script that stands for a module and what it needs.

        Raises:
            BundleError: something in it cannot be kept as it is.
        """
        if entry == self.application:
            parts = [self._part(name, entry) for name in self._in_order(entry)]
            return "\n".join(["export const modules = Object.create(null);", *parts, ""])
        known = set(self._in_order(self.application))
        parts = [self._part(name, entry) for name in self._in_order(entry) if name not in known]
        before = f"import {{ modules }} from {_address(entry, self.name_of(self.application))};"
        return "\n".join([before, *parts, f"export const entry = modules[{json.dumps(entry)}];", ""])

    def _in_order(self, entry: str) -> list[str]:
        """A module and all that it needs from the start, each behind what it needs itself."""
        order: dict[str, None] = {}
        way: dict[str, None] = {}

        def visit(name: str) -> None:
            if name in order:
                return
            if name in way:
                raise BundleError(f"{name} needs itself, through {', '.join(way)}")
            way[name] = None
            for _, _, other in IMPORT.findall(self._text(name)):
                visit(needed(name, other))
            del way[name]
            order[name] = None

        visit(entry)
        return list(order)

    def _part(self, name: str, entry: str) -> str:
        """A module as a function's body, which gives what the module exports."""
        text = self._text(name)
        exported = _EXPORT.findall(text)
        for listed in _EXPORT_LIST.findall(text):
            exported += [each.strip() for each in listed.split(",") if each.strip()]
        text = _EXPORT_LIST.sub("", _EXPORT.sub("", text))
        text = _STATEMENT.sub(lambda found: self._import(found, name), text)
        text = _LATER.sub(lambda found: self._later(needed(name, found[1]), entry), text)
        if left := _OTHER.search(text):
            raise BundleError(f"{name}: {left.group()!r} is a form of import or export that bundles do not know")
        getters = ", ".join(f"get {each}() {{ return {each}; }}" for each in exported)
        # What two pages share and the application has not is of whichever came first.
        return f"modules[{json.dumps(name)}] ??= (() => {{\n{text}\nreturn {{ {getters} }};\n}})();"

    def _import(self, found: re.Match[str], name: str) -> str:
        """An import as the reading of what a part before gave."""
        whole, names, other = found.groups()
        module = needed(name, other)
        given = f"modules[{json.dumps(module)}]"
        if whole:
            return f"const {whole} = {given};"
        wanted = [each.strip().split(" as ") for each in (names or "").split(",") if each.strip()]
        changing = set(_CHANGING.findall(self._text(module))) & {each[0] for each in wanted}
        if changing:
            told = ", ".join(sorted(changing))
            raise BundleError(f"{name}: {told} of {module} may change; import * as … from it, and read it there")
        return f"const {{ {', '.join(': '.join(each) for each in wanted)} }} = {given};" if wanted else ""

    def _later(self, module: str, entry: str) -> str:
        """An import for later as the loading of that module's bundle."""
        if module not in self.entries:
            raise BundleError(f"{module} is imported later, and has no bundle of its own")
        return f"import({_address(entry, self.name_of(module))}).then(({{ entry }}) => entry)"

    def _text(self, name: str) -> str:
        if name not in self._texts:
            self._texts[name] = (self._folder / name).read_text(encoding="utf-8")
        return self._texts[name]


def _address(entry: str, name: str) -> str:
    """How the bundle of an entry names a file, in quotes."""
    way = posixpath.relpath(name, posixpath.dirname(entry) or ".")
    return json.dumps(way if way.startswith(".") else f"./{way}")


def of_the_page() -> Bundles:
    """The application's, and one of each page that it loads when it is turned to."""
    entries = sorted(path.relative_to(WEB).as_posix() for path in (WEB / "pages").glob("*/page.js"))
    return Bundles("app.js", entries)
