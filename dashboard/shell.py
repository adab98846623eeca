"""The page's HTML: the frame in which everything else appears, drawn before any script has run."""

from __future__ import annotations

import html
import json
import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dashboard.app import Settings


def page(settings: Settings, digest: str, version: str) -> str:
    """The page for one logdir.

    Args:
        settings: Whose logdir, below which prefix.
        digest: What the assets' path carries, so that they are kept until they change.
        version: Of everystep.
    """
    assets = f"{settings.prefix}/assets/{digest}"
    boot = {"prefix": settings.prefix, "assets": assets, "logdir": _short(settings.logdir), "version": version}
    # Asked for at once and side by side, not when the script before has been read; the list of runs among them.
    early = [f'<link rel="modulepreload" href="{assets}/{name}">' for name in modules_of("app.js")]
    early.append(f'<link rel="preload" as="fetch" crossorigin href="{settings.prefix}/api/v1/runs?form=page">')
    template = (Path(__file__).parent / "assets" / "page.html").read_text(encoding="utf-8")
    return (
        template.replace("{early}", "\n".join(early).replace(assets, html.escape(assets, quote=True)))
        .replace("{assets}", html.escape(assets, quote=True))
        .replace("{logdir}", html.escape(boot["logdir"]))
        # "<" would end the script element that the text stands in.
        .replace("{boot}", json.dumps(boot).replace("<", "\\u003c"))
    )


IMPORT = re.compile(r'^(import|export) (.*?from )?"\./([\w.]+)"', re.MULTILINE)


@lru_cache(maxsize=4)
def modules_of(entry: str) -> tuple[str, ...]:
    """The names of a module and of all that it needs from the start."""
    found: dict[str, None] = {}
    waiting = [entry]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = None
            text = (Path(__file__).parent / "assets" / name).read_text(encoding="utf-8")
            waiting += [other for _, _, other in IMPORT.findall(text)]
    return tuple(found)


def _short(path: Path) -> str:
    """The path as a person would say it."""
    for base, sign in ((Path.cwd(), ""), (Path.home(), "~/")):
        try:
            return f"{sign}{path.relative_to(base)}"
        except ValueError:
            continue
    return str(path)
