"""Processes that a test has begun and not ended, as one that fails does: they would be told of a later one, and cost it time.

What lasts longer than a test says so: `lasting.add(process)`.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import subprocess
from collections.abc import Iterator
from typing import Any
from unittest import mock

lasting: set[subprocess.Popen[Any]] = set()


class LeftBehind:
    """Those of one test."""

    def __init__(self) -> None:
        self._begun: list[subprocess.Popen[Any]] = []
        self._before = set(multiprocessing.active_children())

    @contextlib.contextmanager
    def noting(self) -> Iterator[None]:
        """Notes what is begun within the block."""
        make = subprocess.Popen.__init__

        def note(process: subprocess.Popen[Any], *given: Any, **named: Any) -> None:
            make(process, *given, **named)
            self._begun.append(process)

        with mock.patch.object(subprocess.Popen, "__init__", note):
            yield

    def end(self) -> None:
        """Kills and reaps what is left, and closes what it was heard by."""
        for process in self._begun:
            if process in lasting:
                continue
            if process.poll() is None:
                process.kill()
                process.wait(60)
                for pipe in filter(None, (process.stdin, process.stdout, process.stderr)):
                    with contextlib.suppress(OSError):  # what was to be written reaches nobody any more
                        pipe.close()
        for child in set(multiprocessing.active_children()) - self._before:
            child.kill()
            child.join(60)
