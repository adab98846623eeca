"""The run that an integration logs to: one it is given, or one of its own, which it also ends."""

from __future__ import annotations

import time
from typing import Any

from tracker.logdir import generated_name
from tracker.run import Run
from tracker.start import start


class BorrowedRun:
    """A run when it is needed; the same one for all that the integration logs, before, during and after a training.

    Frameworks say when a training ends, and then evaluate, test or train on. A TensorBoard callback of theirs goes on
    in the same folder, and so do we: a run that was finished takes what is logged to it afterwards.

    Args:
        run: The user's own, which stays open at the end; None to begin one.
        logdir, name: As `tracker.init`, for one to begin. One of that name goes on.
    """

    def __init__(self, run: Run | None, logdir: Any = None, name: str | None = None) -> None:
        self._own = run is None
        self._logdir = logdir
        self._name = name
        self._trial: str | None = None
        self._run = run

    def run(self) -> Run:
        """The run; begun at the first call."""
        if self._run is None:
            name = self._name if self._trial is None else f"{self._name}/{self._trial}"
            resume = "allow" if name is not None else None
            self._run = start(self._logdir, name, None, None, (), "", resume, None)
        return self._run

    def turn_to(self, trial: str | None) -> None:
        """Goes on with the run of a search's trial, which lies below its own; None goes back to that.

        A run of the user's stays what it is.
        """
        if not self._own or trial == self._trial:
            return
        self.finish()
        if self._name is None:
            self._name = self._run.name if self._run is not None else generated_name(time.time())
        self._trial, self._run = trial, None

    def finish(self, status: str = "finished") -> None:
        """Stores everything; ends the run if it is our own, until something more is logged to it."""
        if self._run is None:
            return
        if self._own:
            self._run.finish(status)
        else:
            self._run.flush()

    def __getstate__(self) -> dict[str, Any]:
        """For another process, which a run cannot be sent to: it goes on with the run of that name."""
        state = self.__dict__.copy()
        if self._run is not None:
            state |= {"_logdir": str(self._run.logdir), "_name": self._run.name, "_trial": None, "_run": None}
        return state

    def __deepcopy__(self, memo: dict[int, Any]) -> BorrowedRun:
        return self  # a copy of a callback logs to the same run
