"""Which modules of the page a module needs from the start: their imports, read as text.

A page begins by asking for all of them side by side, and a report holds them; neither waits for a round of questions.
"""

from __future__ import annotations

import posixpath
import re
from functools import lru_cache
from pathlib import Path

WEB = Path(__file__).resolve().parent.parent / "web"
"""Where the page's scripts, styles and pictures lie."""

IMPORT = re.compile(r'^(import|export) ([^";]*?from )?"(\.\.?/[\w./]+)"', re.MULTILINE)
"""A static import, which begins a line as all of ours do: the keyword, what is named, and from where."""


def needed(module: str, specifier: str) -> str:
    """The module that another one names: ("charts/chart.js", "../text/format.js") is "text/format.js"."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(module), specifier))


@lru_cache(maxsize=32)
def modules_of(entry: str) -> tuple[str, ...]:
    """The names of a module and of all that it needs from the start, below `WEB`."""
    found: dict[str, None] = {}
    waiting = [entry]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = None
            text = (WEB / name).read_text(encoding="utf-8")
            waiting += [needed(name, other) for _, _, other in IMPORT.findall(text)]
    return tuple(found)
