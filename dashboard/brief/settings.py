"""Settings: a run's config by dotted names, and what of two is not the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def flat(value: Any, above: str = "") -> dict[str, Any]:
    """Settings by dotted name."""
    if isinstance(value, Mapping) and value:
        found: dict[str, Any] = {}
        for key, each in value.items():
            found |= flat(each, f"{above}.{key}" if above else str(key))
        return found
    return {above: value} if above else {}


def differences(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, list[Any]]:
    """By dotted name [first, second] of what is not the same; None where one has none."""
    a, b = flat(first), flat(second)
    # As texts: 1 is not True here, and NaN is NaN.
    return {key: [a.get(key), b.get(key)] for key in dict.fromkeys([*b, *a]) if repr(a.get(key)) != repr(b.get(key))}
