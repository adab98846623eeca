"""The page's HTML: the frame in which everything else appears, drawn before any script has run."""

from __future__ import annotations

import html
import json
import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dashboard.http.module_graph import WEB

if TYPE_CHECKING:
    from dashboard.http.bundles import Bundles
    from dashboard.server.settings import Settings


def page(settings: Settings, bundles: Bundles, digest: str, version: str, name: str = "", key: str = "") -> str:
    """The page for one logdir.

    Args:
        settings: Whose logdir.
        bundles: Of the page's modules.
        digest: What the assets' path carries, so that they are kept until they change.
        version: Of everystep.
        name: Which page of it is asked for; its bundle comes along, whatever else it says.
        key: Of the session that begins with it; see `dashboard.server.sessions`.
    """
    # All addresses are relative to the page's own, which a proxy may have put anywhere.
    assets = f"./assets/{digest}"
    boot: dict[str, Any] = {"logdir": _short(settings.logdir), "version": version}
    boot |= {"key": key} if key else {}
    boot |= {"read_only": True} if settings.read_only else {}
    # Asked for at once and side by side, not when the script before has been read; first the list of runs, which the
    # page's first question waits for.
    early = ['<link rel="preload" as="fetch" crossorigin href="./api/v1/runs?form=page">']
    entries = [entry for entry in (bundles.application, f"pages/{name}/page.js") if entry in bundles.entries]
    early += [f'<link rel="modulepreload" href="{assets}/{bundles.name_of(entry)}">' for entry in entries]
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


def stylesheet() -> str:
    """The stylesheets that the page lists, in their order."""
    found = STYLES.search(_template())
    names = re.findall(r"\{assets\}/([\w./]+\.css)", found.group()) if found else []
    return "\n".join((WEB / name).read_text(encoding="utf-8") for name in names)


@lru_cache(maxsize=1)
def _template() -> str:
    return (WEB / "page.html").read_text(encoding="utf-8")


def _short(path: Path) -> str:
    """The path as a person would say it."""
    for base, sign in ((Path.cwd(), ""), (Path.home(), "~/")):
        try:
            return f"{sign}{path.relative_to(base)}"
        except ValueError:
            continue
    return str(path)
