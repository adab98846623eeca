"""Circumstances: all that two runs were given, and where it differs, in the order in which one looks for a cause."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from dashboard.brief.settings import flat

ORDER = ("settings", "code", "packages", "machine", "seeds", "controls")
"""What was changed on purpose first, what merely happened last."""

_SEED = re.compile(r"(^|[._/])(random_?)?seeds?($|[._/])", re.IGNORECASE)

_MACHINE = ("host", "cpu", "memory_bytes", "gpus", "python", "platform")


def circumstances(run: Any) -> dict[str, dict[str, Any]]:
    """What a run was given, by part.

    Args:
        run: A `StoredRun`.
    """
    config = flat(run.config)
    about: Mapping[str, Any] = next(iter(run.environment()), {})
    git = about.get("git") if isinstance(about.get("git"), Mapping) else {}
    packages = about.get("packages") if isinstance(about.get("packages"), Mapping) else {}
    code = {"command": about.get("command"), **{f"git.{key}": value for key, value in (git or {}).items()}}
    return {
        "settings": {key: value for key, value in config.items() if not _SEED.search(key)},
        "code": {key: value for key, value in code.items() if value is not None},
        "packages": dict(packages or {}),
        "machine": {key: about[key] for key in _MACHINE if key in about},
        "seeds": {key: value for key, value in config.items() if _SEED.search(key)},
        "controls": _changed_by_hand(run.commands()),
    }


def _changed_by_hand(commands: Sequence[Any]) -> dict[str, Any]:
    """By control, what it was set to and at which steps."""
    found: dict[str, Any] = {}
    for each in commands:
        if each.outcome in ("applied", "done", "started") and each.step is not None:
            found.setdefault(each.name, []).append([each.step, each.value])
    return found
