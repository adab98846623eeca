"""Judge: what findings say of a training, beside what is true of it, and the totals of many."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Verdict:
    """One training and what was found."""

    name: str
    style: str
    seed: int
    is_held: bool
    kinds: tuple[str, ...]
    also: tuple[str, ...]
    layers: tuple[str, ...]
    steps: tuple[int, int] | None
    found: tuple[Any, ...] = field(repr=False)
    """Findings, the most severe first."""

    @property
    def loud(self) -> tuple[Any, ...]:
        """Warnings and errors."""
        return tuple(f for f in self.found if f.severity != "info")

    @property
    def is_detected(self) -> bool:
        """Whether anything is said aloud of a training with a fault."""
        return bool(self.loud)

    @property
    def is_named(self) -> bool:
        """Whether a right kind is among the findings."""
        return any(f.kind in self.kinds for f in self.found)

    @property
    def is_named_first(self) -> bool:
        """Whether the first one is right."""
        return bool(self.found) and self.found[0].kind in self.kinds

    @property
    def is_placed(self) -> bool | None:
        """Whether a right finding names a right layer; None where the fault has no place."""
        if not self.layers:
            return None
        return any(f.kind in self.kinds and same_place(f.layer, self.layers) for f in self.found)

    @property
    def is_timed(self) -> bool | None:
        """Whether a right finding names a right step; None where the fault has none."""
        if self.steps is None:
            return None
        first, last = self.steps
        return any(f.kind in self.kinds and f.step is not None and first <= f.step <= last for f in self.found)

    @property
    def stray(self) -> tuple[Any, ...]:
        """Warnings and errors that are neither right nor fair to say: false alarms where there is no fault."""
        return tuple(f for f in self.loud if f.kind not in self.kinds and f.kind not in self.also)


def same_place(layer: str | None, wanted: Sequence[str]) -> bool:
    """Whether it is one of these modules, one of its parameters, or it below what holds it."""
    place = (layer or "").replace("/", ".").removesuffix(".weight").removesuffix(".bias")
    return any(place == w or place.endswith(f".{w}") or (w and place.startswith(f"{w}.")) for w in wanted)


def wilson(hits: int, n: int, z: float = 1.96) -> tuple[float, float]:
    """The interval in which a share lies with 95 %, of hits among n tries (Wilson 1927)."""
    if n == 0:
        return 0.0, 1.0
    p = hits / n
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return max(0.0, middle - half), min(1.0, middle + half)


def share(values: Sequence[bool | None]) -> str:
    """How many of those that can be judged, with the interval."""
    judged = [v for v in values if v is not None]
    if not judged:
        return "none"
    low, high = wilson(sum(judged), len(judged))
    return f"{sum(judged)}/{len(judged)} = {sum(judged) / len(judged):.1%} ({low:.0%} to {high:.0%})"


def totals(verdicts: Sequence[Verdict]) -> list[tuple[str, str]]:
    """What counts, in words and figures."""
    faulty = [v for v in verdicts if v.kinds]
    sound = [v for v in verdicts if not v.kinds]
    rows = [
        ("faulty runs in which something is said aloud", share([v.is_detected for v in faulty])),
        ("a right kind among what is said", share([v.is_named for v in faulty])),
        ("a right kind said first", share([v.is_named_first for v in faulty])),
        ("the right layer", share([v.is_placed for v in faulty])),
        ("the right step", share([v.is_timed for v in faulty])),
        ("healthy runs with a false warning or error", share([bool(v.stray) for v in sound])),
    ]
    rows += [
        (f"a right kind, {style}", share([v.is_named for v in faulty if v.style == style]))
        for style in ("watch", "trainer", "scalars")
    ]
    strays = sum(len(v.stray) for v in faulty) / max(1, len(faulty))
    said = sum(len(v.loud) for v in faulty) / max(1, len(faulty))
    right = sum(sum(f.kind in (*v.kinds, *v.also) for f in v.loud) for v in verdicts)
    every = sum(len(v.loud) for v in verdicts)
    return [
        *rows,
        ("warnings and errors a faulty run, and of these beside the point", f"{said:.2f}, {strays:.2f}"),
        ("warnings and errors of all runs that are right or fair", share([True] * right + [False] * (every - right))),
    ]
