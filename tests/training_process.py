"""Trainings for tests: a few lines of Python as a process, which says how far it is by what it prints."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fork_server

ROOT = Path(__file__).resolve().parent.parent


class Training:
    """A process that trains (or seems to) and logs into a logdir."""

    def __init__(self, process: Any) -> None:
        self.process = process
        """Of `subprocess.Popen`, or of `fork_server.Forked`."""

    @classmethod
    def begun(cls, code: str, *words: str) -> Training:
        """As a program of its own."""
        command = [sys.executable, "-c", code, *words]
        return cls(subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, start_new_session=True))

    @classmethod
    def forked(cls, code: str, *words: str) -> Training:
        """Where its beginning is not what is asked: half a second of imports sooner."""
        return cls(fork_server.shared().start([*words], os.environ, code=code))

    def says(self) -> str:
        """The next line it prints, waited for; empty at its end."""
        return str(self.process.stdout.readline().strip())

    def end(self, number: int = 9) -> None:
        """Ends it by a signal, if it has not ended."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        self.process.wait(60)
        self.process.stdout.close()


@contextlib.contextmanager
def trainings(begin: Callable[..., Training]) -> Iterator[Callable[..., Training]]:
    """Begins trainings as `begin` does, and ends those that go on."""
    begun: list[Training] = []

    def start(code: str, *words: str) -> Training:
        begun.append(begin(code, *words))
        return begun[-1]

    yield start
    for training in begun:
        training.end()
