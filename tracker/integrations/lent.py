"""The run that an integration logs to: one it is given, or one of its own, which it also ends."""

from __future__ import annotations

from typing import Any

from tracker.run import Run
from tracker.start import start


class Lent:
    """A run when it is needed.

    Args:
        run: The user's own, which stays open at the end; None to begin one.
        logdir, name, config: As `tracker.init`, for one to begin. One of that name goes on.
    """

    def __init__(self, run: Run | None, logdir: Any = None, name: str | None = None, config: Any = None) -> None:
        self._own = run is None
        self._given = (logdir, name, config)
        self._run = run

    def run(self) -> Run:
        """The run; begun at the first call."""
        if self._run is None:
            logdir, name, config = self._given
            self._run = start(logdir, name, config, None, (), "", "allow" if name is not None else None, None)
        return self._run

    def finish(self, status: str = "finished") -> None:
        """Stores what is left; ends the run if it is our own."""
        if self._run is None:
            return
        if self._own:
            self._run.finish(status)
            self._run = None
        else:
            self._run.flush()
