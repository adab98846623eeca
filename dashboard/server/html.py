"""The page's HTML: the frame in which everything else appears, drawn before any script has run."""

from __future__ import annotations

import html
import json
import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dashboard.http.module_graph import WEB, modules_of

if TYPE_CHECKING:
    from dashboard.server.settings import Settings


def page(settings: Settings, digest: str, version: str, name: str = "", key: str = "") -> str:
    """The page for one logdir.

    Args:
        settings: Whose logdir.
        digest: What the assets' path carries, so that they are kept until they change.
        version: Of everystep.
        name: Which page of it is asked for; its modules come along, whatever else it says.
        key: Of the session that begins with it; see `dashboard.server.sessions`.
    """
    # All addresses are relative to the page's own, which a proxy may have put anywhere.
    assets = f"./assets/{digest}"
    boot: dict[str, Any] = {"logdir": _short(settings.logdir), "version": version}
    boot |= {"key": key} if key else {}
    boot |= {"read_only": True} if settings.read_only else {}
    # Asked for at once and side by side, not when the script before has been read; first the list of runs, which the
    # page's first question waits for and which would else stand behind seventy scripts (measured: 300 ms of them).
    early = ['<link rel="preload" as="fetch" crossorigin href="./api/v1/runs?form=page">']
    modules = dict.fromkeys(modules_of("app.js") + modules_of_page(name))
    early += [f'<link rel="modulepreload" href="{assets}/{module}">' for module in modules]
    return (
        STYLES.sub(f'<link rel="stylesheet" href="{{assets}}/{STYLESHEET}">\n', _template(), count=1)
        .replace("{early}", "\n".join(early).replace(assets, html.escape(assets, quote=True)))
        .replace("{assets}", html.escape(assets, quote=True))
        .replace("{logdir}", html.escape(boot["logdir"]))
        # "<" would end the script element that the text stands in.
        .replace("{boot}", json.dumps(boot).replace("<", "\\u003c"))
    )


STYLESHEET = "page.css"
"""All stylesheets of the page, one after the other: nothing is drawn before the last of them has come."""
STYLES = re.compile(r'(<link rel="stylesheet" href="\{assets\}/[\w./]+\.css">\n)+')


def stylesheets() -> list[str]:
    """The names of the stylesheets that the page lists, in their order."""
    found = STYLES.search(_template())
    return re.findall(r"\{assets\}/([\w./]+\.css)", found.group()) if found else []


@lru_cache(maxsize=1)
def _template() -> str:
    return (WEB / "page.html").read_text(encoding="utf-8")


def modules_of_page(name: str) -> tuple[str, ...]:
    """The modules that the application loads when this page is shown; none of a page that it does not know."""
    return modules_of(f"pages/{name}/page.js") if name in _pages() else ()


@lru_cache(maxsize=1)
def _pages() -> frozenset[str]:
    return frozenset(entry.parent.name for entry in (WEB / "pages").glob("*/page.js"))


def _short(path: Path) -> str:
    """The path as a person would say it."""
    for base, sign in ((Path.cwd(), ""), (Path.home(), "~/")):
        try:
            return f"{sign}{path.relative_to(base)}"
        except ValueError:
            continue
    return str(path)
