"""The page's HTML: the frame in which everything else appears, drawn before any script has run."""

from __future__ import annotations

import html
import json
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
    template = (Path(__file__).parent / "assets" / "page.html").read_text(encoding="utf-8")
    return (
        template.replace("{assets}", html.escape(assets, quote=True))
        .replace("{logdir}", html.escape(boot["logdir"]))
        # "<" would end the script element that the text stands in.
        .replace("{boot}", json.dumps(boot).replace("<", "\\u003c"))
    )


def _short(path: Path) -> str:
    """The path as a person would say it."""
    for base, sign in ((Path.cwd(), ""), (Path.home(), "~/")):
        try:
            return f"{sign}{path.relative_to(base)}"
        except ValueError:
            continue
    return str(path)
