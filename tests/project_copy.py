"""A copy of the project, which can be changed or built while the checkout stays as it is."""

from __future__ import annotations

import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

NOT_SOURCE = {".git", ".venv", "node_modules", "runs", "build", "dist", ".hypothesis"}
"""At the top alone: `pages/runs` is one of the page's."""


def copied(target: Path) -> Path:
    """Makes a folder with the sources of the project in it, as they are now."""

    def left_out(folder: str, names: list[str]) -> set[str]:
        at_top = NOT_SOURCE if Path(folder) == ROOT else set()
        caches = {name for name in names if name == "__pycache__" or name.endswith((".egg-info", "_cache"))}
        return caches | at_top

    shutil.copytree(ROOT, target, ignore=left_out)
    return target
