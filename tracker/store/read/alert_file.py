"""Rules that were armed in a logdir, when they fired, and what became of it; see `tracker.store.write.alert_file`."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from tracker import logdir
from tracker.errors import DamagedBytesError
from tracker.store.read import read_only

PATIENCE_S = 2.0

MOST_RULES = 500
MOST_CROSSINGS = 50_000

WAITS, DELIVERED, GIVEN_UP, BEFORE = range(4)
"""How a delivery stands; `BEFORE` is what was so when the rule was armed, and is never sent."""


@dataclass(frozen=True)
class KeptRule:
    """A rule as it was armed."""

    id: str
    version: int
    source: str
    """ "page", or which file it is from: whoever follows that delivers it."""
    said: str
    """The rule, JSON."""
    signature: str
    """By whom it was armed: a key that does not lie in the logdir."""
    armed: float
    since: float
    """Crossings before this are not told."""
    paused: int
    """1 while it tells nothing."""


@dataclass(frozen=True)
class KeptCrossing:
    """A moment at which a rule fired."""

    id: str
    rule: str
    run: str
    step: int | None
    wall_time: float
    level: str
    sentence: str
    noted: float
    """When it was seen."""


@dataclass(frozen=True)
class Delivery:
    """What became of telling a crossing by one action of its rule."""

    crossing: str
    action: int
    state: int
    attempts: int
    next_try: float
    ended: float | None
    trouble: str | None


@dataclass(frozen=True)
class Told:
    """All of it; empty without a file."""

    rules: tuple[KeptRule, ...] = ()
    crossings: tuple[KeptCrossing, ...] = ()
    """By when they were seen."""
    deliveries: tuple[Delivery, ...] = ()


RULE = ("id", "version", "source", "said", "signature", "armed", "since", "paused")
CROSSING = ("id", "rule", "run", "step", "wall_time", "level", "sentence", "noted")
DELIVERY = ("crossing", "action", "state", "attempts", "next_try", "ended", "trouble")

_RULES = f"SELECT {', '.join(RULE)} FROM rules ORDER BY armed, id"
_CROSSINGS = f"SELECT {', '.join(CROSSING)} FROM crossings ORDER BY noted, id"
_DELIVERIES = f"SELECT {', '.join(DELIVERY)} FROM deliveries"

_NUMBER = (int, float)
_KINDS: dict[str, Any] = {
    "id": str, "version": int, "source": str, "said": str, "signature": str, "armed": _NUMBER, "since": _NUMBER,
    "paused": int, "rule": str, "run": str, "step": (int, type(None)), "wall_time": _NUMBER, "level": str,
    "sentence": str, "noted": _NUMBER, "crossing": str, "action": int, "state": int, "attempts": int,
    "next_try": _NUMBER, "ended": (int, float, type(None)), "trouble": (str, type(None)),
}  # fmt: skip
"""What each column holds. The file may come from anybody."""


def file_of(root: Path) -> Path:
    """Where a logdir's alerts are kept."""
    return root / logdir.ALERTS_FOLDER / "alerts.sqlite"


def rules(root: Path) -> tuple[KeptRule, ...]:
    """The rules of a logdir, the first armed first.

    Raises:
        StoreError: the file cannot be read.
    """
    return _told(root, everything=False).rules


def told(root: Path) -> Told:
    """All of a logdir's alerts.

    Raises:
        StoreError: the file cannot be read.
    """
    return _told(root, everything=True)


def _told(root: Path, *, everything: bool) -> Told:
    try:
        if not file_of(root).stat().st_size:  # whoever wanted to change it had nothing to change
            return Told()
        with read_only.snapshot(file_of(root), PATIENCE_S) as connection:

            def rows(query: str, names: tuple[str, ...], most: int) -> list[tuple[Any, ...]]:
                return [checked(row, names) for row in islice(connection.execute(query), most)]

            found = tuple(KeptRule(*row) for row in rows(_RULES, RULE, MOST_RULES))
            if not everything:
                return Told(found)
            return Told(
                found,
                tuple(KeptCrossing(*row) for row in rows(_CROSSINGS, CROSSING, MOST_CROSSINGS)),
                tuple(Delivery(*row) for row in rows(_DELIVERIES, DELIVERY, 8 * MOST_CROSSINGS)),
            )
    except FileNotFoundError:
        return Told()


def checked(row: tuple[Any, ...], names: tuple[str, ...]) -> tuple[Any, ...]:
    """A row whose values are of the types that ours have.

    Raises:
        DamagedBytesError: one is not.
    """
    for name, value in zip(names, row, strict=True):
        if not isinstance(value, _KINDS[name]):
            raise DamagedBytesError(f"alerts whose {name} is {type(value).__name__}")
    return row
