"""Clocks: which of a run's tags say how long something took, by their names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from tracker.findings.pairs import words

_CLOCK = frozenset("time times timing perf seconds secs sec ms duration latency elapsed".split())
_WAITING = frozenset("data dataloader dataloading loader loading fetch wait waiting io".split())
_WHOLE = frozenset("step batch iter iteration total".split())
_REST = frozenset("compute forward backward fwd bwd optimizer optim gpu model".split())


class Clocks(NamedTuple):
    """Tags of times."""

    waits: list[str]
    """For the next batch; the shortest name first, as of the next."""
    wholes: list[str]
    """Of whole steps."""
    rests: list[str]
    """Of what else a step does."""


def clocks(tags: Sequence[str]) -> Clocks:
    """Those of a run's tags that are times."""
    waits, wholes, rests = [], [], []
    for tag in tags:
        named = {*words(tag)}
        if not _CLOCK & named or "val" in named or "epoch" in named:
            continue
        if _WAITING & named:
            waits.append(tag)
        elif _WHOLE & named:
            wholes.append(tag)
        elif _REST & named:
            rests.append(tag)
    return Clocks(sorted(waits, key=len), sorted(wholes, key=len), rests)
