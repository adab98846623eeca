"""Tags that say of which rank a curve is, as `machine/rank3/cpu` or `rank_3/loss` do: those of all ranks are one."""

from __future__ import annotations

import re

_RANK = re.compile(r"(?<![^/])(rank[_-]?)(\d{1,9})(?![^/])", re.IGNORECASE)
"""A whole part of a tag. The first one says it."""

_JOINED = re.compile(r"(?<![^/])rank[_-]?\*(?![^/])", re.IGNORECASE)


def joined(tag: str) -> tuple[str, int] | None:
    """What a tag is called for all ranks, `machine/rank*/cpu`, and the rank; None where it names no rank."""
    found = _RANK.search(tag)
    return None if found is None else (f"{tag[: found.start(2)]}*{tag[found.end(2) :]}", int(found[2]))


def is_joined(tag: str) -> bool:
    """Whether a tag stands for those of all ranks."""
    return _JOINED.search(tag) is not None
