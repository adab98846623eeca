"""When a command is due: at once, between two steps, as long as one process is the whole training.

Training in several processes agrees on a step first, and a replay has its steps written down: each is another schedule
with these few methods, and nothing else of a run knows the difference.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple, Protocol

from tracker.store.read.commands import Asked

MOST_AT_ONCE = 256
"""Commands that take effect between two steps; the others wait for the next ones. Their receipts are one commit."""


class Place(NamedTuple):
    """Where the training stands: between two steps.

    Attributes:
        step: The step that was logged last, or that `poll` was given.
        call: What the loop called: "log", "poll", "paused" while it is held there, or "should_stop" where it only asks
            whether to stop.
        tag: The first tag that the call logged; "" where it logged none. A loop that logs twice a step is told by it
            where between the two a value changed.
    """

    step: int
    call: str
    tag: str = ""


class Schedule(Protocol):
    """Decides when commands take effect."""

    def take(self, asked: Asked) -> None:
        """One has come. On the watching thread."""

    def look(self, step: int) -> None:
        """Time has passed; the loop stands at this step. On the watching thread, every 20 to 70 ms."""

    @property
    def waits(self) -> bool:
        """Whether calls of `log()` are to be looked at: something is due there, or may be. Any thread asks."""

    def due(self, place: Place) -> list[Asked]:
        """What takes effect here, in its order; each is given once. On the loop's thread, which it may hold back.

        Where `place.call` is "should_stop" only those whose name is "stop".
        """

    def refused(self) -> list[tuple[Asked, str]]:
        """What takes effect nowhere, with the reason; each is told once. On the watching thread."""

    def forget(self) -> None:
        """The run goes on elsewhere, or in another process: nothing that waits will take effect."""

    def close(self) -> None:
        """The run has ended. On any thread."""

    @property
    def answers(self) -> bool:
        """Whether this process writes the receipts."""

    @property
    def is_binding(self) -> bool:
        """Whether what is due is done whatever the disk says, as others do it at this moment."""


class AtOnce:
    """Everything at the next place."""

    answers = True
    is_binding = False

    def __init__(self) -> None:
        self._waiting: deque[Asked] = deque()

    def take(self, asked: Asked) -> None:
        """As `Schedule`."""
        self._waiting.append(asked)

    def look(self, step: int) -> None:
        """As `Schedule`."""

    @property
    def waits(self) -> bool:
        """As `Schedule`."""
        return bool(self._waiting)

    def due(self, place: Place) -> list[Asked]:
        """As `Schedule`."""
        found: list[Asked] = []
        if place.call == "should_stop":
            # Rare, and on one thread: the others keep their order.
            every = [self._waiting.popleft() for _ in range(len(self._waiting))]
            found = [asked for asked in every if asked.name == "stop"]
            self._waiting.extendleft(reversed([asked for asked in every if asked.name != "stop"]))
            return found
        while self._waiting and len(found) < MOST_AT_ONCE:
            found.append(self._waiting.popleft())
        return found

    def forget(self) -> None:
        """As `Schedule`."""
        self._waiting.clear()

    def refused(self) -> list[tuple[Asked, str]]:
        """As `Schedule`."""
        return []

    def close(self) -> None:
        """As `Schedule`."""
