"""The machines that send: how each stood when it was last heard of."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import Any

MOST_SENDERS = 20_000

PRESENT_S = 20.0
"""A machine that was heard of so lately is there: each says how it stands every 5 s."""

FORGOTTEN_S = 7 * 86_400.0
"""After which a machine that says nothing is no longer told of."""


@dataclass(frozen=True)
class Sender:
    """A machine.

    Attributes:
        project: Whose runs it sends.
        name: As it calls itself.
        heard: When it last said so, in seconds since the epoch.
        behind: Rows that it has and that are not here.
        live: How many segments are being written there.
        rate: Rows that are written there a second.
    """

    project: str
    name: str
    heard: float
    behind: int
    live: int
    rate: float


class Senders:
    """All that were heard of since the server began."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], Sender] = {}

    def heard(self, project: str, name: str, behind: int, live: int, rate: float) -> None:
        """A machine says how it stands."""
        now = time.time()
        self._known.pop((project, name), None)
        self._known[project, name] = Sender(project, name, now, behind, live, rate)  # in the order of hearing
        while len(self._known) > MOST_SENDERS or now - next(iter(self._known.values())).heard > FORGOTTEN_S:
            del self._known[next(iter(self._known))]

    def rate(self) -> float:
        """Rows that are written a second, by all that were heard of just now."""
        since = time.time() - PRESENT_S
        return sum(each.rate for each in self._known.values() if each.heard >= since)

    def all(self) -> list[dict[str, Any]]:
        """Each as JSON values, by project and name."""
        return [asdict(self._known[key]) for key in sorted(self._known)]
