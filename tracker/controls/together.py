"""Together: the schedule of a training in several processes, whose commands take effect at the same step of all."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from tracker.controls.agreement import Agreement, logger
from tracker.controls.built_in import PAUSED
from tracker.controls.follower import Follower
from tracker.controls.leader import Leader
from tracker.controls.schedule import Place
from tracker.logdir import AGREED_FOLDER
from tracker.store.read.commands import Asked
from tracker.store.read.liveness import Writer, is_alive, this_process
from tracker.store.write.ballots import Ballots

LOOK_S = 1.0
"""What the end waits for a look that is under way. Not for ever: a signal handler may have ended the run within a call
that such a look waits for."""


class Together:
    """A `Schedule` by agreement. Each rank reads what is asked; one proposes and answers.

    Args:
        folder: The run's.
        rank, size: This process's place in the training.
    """

    is_binding = True

    def __init__(self, folder: Path, rank: int, size: int) -> None:
        files = Ballots(folder / AGREED_FOLDER)
        about = {"writer": list(this_process()), "lives": _lives}
        go_on = list(Asked(0, "rank 0 is gone", 0.0, PAUSED, "false", None, None))
        self._agreement: Agreement = (
            Leader(files, size, **about) if rank == 0 else Follower(files, rank, size, go_on, **about)
        )
        self._taken: list[Asked] = []
        self._refused: list[tuple[Asked, str]] = []
        self._is_over = False
        self._looking = threading.RLock()
        """Held while it is looked: a rank that said something after its end would leave a file that stays."""
        try:
            self._agreement.join()
        except OSError as error:
            logger.warning("tracker: rank %d cannot agree with the others: %s", rank, error)  # it is tried again

    @property
    def answers(self) -> bool:
        """As `Schedule`."""
        return self._agreement.rank == 0 or self._agreement.is_alone

    def take(self, asked: Asked) -> None:
        """As `Schedule`."""
        self._taken.append(asked)

    def look(self, step: int) -> None:
        """As `Schedule`."""
        with self._looking:
            if self._is_over:
                return
            asked, self._taken = self._taken, []
            refused = self._agreement.tick(step, [list(each) for each in asked])
            self._refused += [(each, why) for row, why in refused for each in _asked(row)]

    def refused(self) -> list[tuple[Asked, str]]:
        """As `Schedule`."""
        found, self._refused = self._refused, []
        return found

    @property
    def waits(self) -> bool:
        """As `Schedule`."""
        return self._agreement.is_armed and not self._is_over

    def due(self, place: Place) -> list[Asked]:
        """As `Schedule`. A loop that only asks whether to stop is told what was decided for its step."""
        found: list[Asked] = []
        if place.call == "should_stop" or self._is_over:
            return found
        while (decided := self._agreement.arrive(place.step, stays=place.call == "paused")) is not None:
            found += [each for row in decided.commands for each in _asked(row)]
        return found

    def forget(self) -> None:
        """As `Schedule`. In a forked child too, whose parent's files these are."""
        self._is_over = True

    def close(self) -> None:
        """The run has ended in this process: the others need not wait for it."""
        self._is_over = True
        is_ours = self._looking.acquire(timeout=LOOK_S)
        try:
            self._agreement.close()
        finally:
            if is_ours:
                self._looking.release()


def _asked(row: Any) -> list[Asked]:
    """A command as another rank wrote it; none where that is no command."""
    perhaps = (str, type(None))
    kinds: list[Any] = [int, str, (float, int), str, str, perhaps, perhaps]
    if not isinstance(row, list) or len(row) != len(kinds):
        return []
    if not all(isinstance(each, kind) for each, kind in zip(row, kinds, strict=True)):
        return []
    return [Asked(*row)]


def _lives(writer: Any) -> bool:
    """Whether a rank lives. Of one on another machine nobody knows, and it counts as alive."""
    try:
        return is_alive(Writer(*writer), 0.0, 0.0)
    except TypeError:
        return True
