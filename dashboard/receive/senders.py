"""The machines that send: how each stood when it was last heard of."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import Any

MOST_SENDERS = 20_000

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
    """

    project: str
    name: str
    heard: float
    behind: int
    live: int


class Senders:
    """All that were heard of since the server began."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], Sender] = {}

    def heard(self, project: str, name: str, behind: int, live: int) -> None:
        """A machine says how it stands."""
        now = time.time()
        self._known.pop((project, name), None)
        self._known[project, name] = Sender(project, name, now, behind, live)  # in the order of hearing
        while len(self._known) > MOST_SENDERS or now - next(iter(self._known.values())).heard > FORGOTTEN_S:
            del self._known[next(iter(self._known))]

    def all(self) -> list[dict[str, Any]]:
        """Each as JSON values, by project and name."""
        return [asdict(self._known[key]) for key in sorted(self._known)]
