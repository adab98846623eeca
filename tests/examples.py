"""How many examples a property is tried with, where it is another number than the profile's."""

from __future__ import annotations

from typing import Any

from hypothesis import settings

WHOLE = 40
"""Examples of a property that says nothing of it, in the profile of the same name."""


def examples(count: int, **more: Any) -> settings:
    """So many in the whole profile; as much fewer or more in others as they have of all properties, but a few in any."""
    return settings(max_examples=max(min(count, 8), count * settings.default.max_examples // WHOLE), **more)
