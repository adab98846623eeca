"""How far a command is that goes through runs: one line that changes, on a terminal; elsewhere nothing."""

from __future__ import annotations

import sys
import time

from dashboard.commands.counting import so_large
from dashboard.commands.table import printable

EVERY_S = 0.2
"""Between two states of the line within a run."""


class Progress:
    """Which run of how many, and how many bytes of it.

    Args:
        runs: How many there are.
    """

    def __init__(self, runs: int) -> None:
        self._runs = runs
        self._run = 0
        self._name = ""
        self._size = self._bytes = 0
        self._is_terminal = sys.stderr.isatty()
        self._last = 0.0

    def begin(self, name: str, size: int) -> None:
        """The next run, and its bytes."""
        self._run += 1
        self._name, self._size, self._bytes = name, size, 0
        self._show()

    def add(self, more: int) -> None:
        """So many bytes more of it are done."""
        self._bytes += more
        if self._is_terminal and time.monotonic() - self._last >= EVERY_S:
            self._show()

    def clear(self) -> None:
        """Takes the line away, for what is to be read afterwards."""
        if self._is_terminal:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    def _show(self) -> None:
        if self._is_terminal:
            self._last = time.monotonic()
            done = f"{so_large(min(self._bytes, self._size))} of " if self._bytes else ""
            where = f"run {self._run:,} of {self._runs:,}: {printable(self._name)}"
            sys.stderr.write(f"\r\x1b[K{where}, {done}{so_large(self._size)}")
            sys.stderr.flush()
