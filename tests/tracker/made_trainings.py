"""Trainings made of arrays, as detectors see them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from tracker.findings.training import Series, Training


def training(
    curves: dict[str, Any], config: dict[str, Any] | None = None, marks: list[Any] | None = None, seconds: Any = None
) -> Training:
    """One that logged these: values at steps 0, 1, 2 …, or (steps, values); a second between two, or `seconds`."""
    series = {}
    for tag, given in curves.items():
        steps, values = given if isinstance(given, tuple) else (np.arange(len(given)), given)
        times = np.arange(len(steps), dtype=float) if seconds is None else np.asarray(seconds, float)
        series[tag] = Series(tag, np.asarray(steps, np.int64), np.asarray(values, float), times)
    return Training(config or {}, "finished", sorted(series), series.__getitem__, marks or [])


def mark(step: int, kind: str, text: str = "", **attributes: Any) -> Any:
    """One of its marks."""
    return SimpleNamespace(step=step, kind=kind, text=text, attributes=attributes)


def falling(seed: int = 0, count: int = 400, noise: float = 0.05, start: float = 2.3, end: float = 0.2) -> Any:
    """A loss as they are: it falls fast and then slowly, and batches differ."""
    random = np.random.default_rng(seed)
    trend = end + (start - end) * np.exp(-np.arange(count) / count * 6)
    return trend * np.exp(noise * random.standard_normal(count))


def flat(seed: int = 0, count: int = 400, level: float = 2.3, noise: float = 0.02) -> Any:
    """A loss that does not fall."""
    return level * np.exp(noise * np.random.default_rng(seed).standard_normal(count))


def with_values(values: Any, at: Any, new: Any) -> Any:
    """A copy with other values at some places."""
    changed = np.array(values)
    changed[at] = new
    return changed
