"""Windows: what Visdom's server does with the messages of its clients, done with panes of runs instead of in memory."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tracker.errors import TrackerError


class WindowError(TrackerError, ValueError):
    """A message that cannot be done; the text says why.

    Attributes:
        status: As HTTP has it: 400 what was said is wrong, 404 no such window or environment, 409 another process
            writes it, 413 too large, 503 the disk does not take it.
    """

    def __init__(self, why: str, status: int = 400) -> None:
        super().__init__(why)
        self.status = status


class Windows:
    """The windows of all environments of a logdir. Any thread may call it; messages are done one after the other.

    An environment is a run, opened when something is first said to it and kept open.

    Args:
        logdir: As of `tracker.init`.
        tell: Called, on a thread of its own, with what somebody did with a pane on the page, as Visdom's clients are
            told: `event_type`, `target`, `eid`, `pane_data` and what belongs to the kind.
        delete: Called with the name of a run that is to go; without it, its windows are closed and it is listed no more.
    """

    def __init__(
        self,
        logdir: str | os.PathLike[str] | None = None,
        *,
        tell: Callable[[dict[str, Any]], None] | None = None,
        delete: Callable[[str], None] | None = None,
    ) -> None:
        raise NotImplementedError

    def handle(self, endpoint: str, message: Mapping[str, Any]) -> str:
        """Does what a message says; returns when that is in the file, so that no kill takes it.

        Args:
            endpoint: "events", "update", "close", "win_exists", "win_data", "win_hash", "save", "fork_env",
                "delete_env", "env_state", or "env/" and an environment.
            message: As Visdom's client sends it, JSON values.

        Returns:
            The body of the server's answer: a window's name, "true", JSON, or nothing.

        Raises:
            WindowError: it cannot be done.
        """
        raise NotImplementedError

    def handle_all(self, messages: Sequence[tuple[str, Mapping[str, Any]]]) -> list[str | WindowError]:
        """`handle` for several at once, in order: the file is waited for once. What cannot be done is in the answers."""
        raise NotImplementedError

    def close(self) -> None:
        """Finishes the runs that are open. Can be called twice."""
        raise NotImplementedError
