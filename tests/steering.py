"""What tests of controls share: asking a run as a server does, and a loop that goes on until it has answered."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tracker
from tracker.store.read.commands import Command
from tracker.store.write import page_file

PATIENCE_S = 60.0

LR = {"value": 1e-3, "low": 1e-6, "high": 1.0, "log": True}
"""How a learning rate is declared."""

_nonces = itertools.count()


def ask(folder: Path, name: str, value: Any = None, expected: Any = None, nonce: str | None = None) -> str:
    """Asks the run in a folder something; the command's nonce."""
    nonce = f"n{next(_nonces)}" if nonce is None else nonce
    page_file.add_command(folder, nonce, f"control:{name}", value, expected, "ada")
    return nonce


def until(condition: Callable[[], Any], what: str = "") -> None:
    """Waits for what other threads and processes do."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, what or "it never came"
        time.sleep(0.005)


def train_until(run: tracker.Run, condition: Callable[[], Any], what: str = "") -> None:
    """A loop of one step after the other, until something has happened."""

    def step() -> Any:
        run.log({"x": 1.0})
        return condition()

    until(step, what)


def command(run: tracker.Run, nonce: str) -> Command:
    """A command of a run as its files tell it."""
    return next(each for each in run.commands() if each.nonce == nonce)


def answered(run: tracker.Run, *nonces: str) -> Command:
    """The loop goes on until these have an end in the file; the last of them."""

    def are_answered() -> bool:
        ends = {each.nonce: each.outcome for each in run.commands()}
        return all(ends[nonce] not in ("pending", "started") for nonce in nonces)

    train_until(run, are_answered)
    return command(run, nonces[-1])


def asked(run: tracker.Run, name: str, value: Any = None, expected: Any = None) -> Command:
    """Asks, and trains until that is answered."""
    return answered(run, ask(run.folder, name, value, expected))


def run_stored(run: tracker.Run) -> Any:
    """The same run as it stands in its files."""
    run.flush()
    return tracker.open(run.logdir).run(run.name)
