"""Controlled: what a run has for the loop that it is told by, to be steered by whoever watches it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from tracker.controls import declare
from tracker.controls.control import Action, Control
from tracker.controls.controls import Controls
from tracker.store.read.commands import Command
from tracker.store.read.commands import commands as commands_of
from tracker.store.read.run_files import RunFiles

Function = TypeVar("Function", bound=Callable[[], Any])


class Controlled:
    """The part of a `Run` that listens. What is asked for takes effect in `log()` and `poll()`, between two steps.

    `VIZ_CONTROLS=0`, or `controls=False` of `tracker.init`, lets nobody ask: controls keep what they begin with.
    """

    folder: Path
    controls: Controls

    def control(
        self,
        name: str,
        value: Any,
        *,
        low: float | None = None,
        high: float | None = None,
        log: bool = False,
        choices: Sequence[Any] | None = None,
        doc: str = "",
    ) -> Control:
        """A value of the training that can be changed on the page while it runs; read its `.value` in the loop.

        Declared again with the same definition, as when a cell is run twice, it is the same object and keeps its value.
        With another definition it is the same object too, and begins anew with what the program says now. A resumed run
        also begins with what the program says.

        Args:
            name: What it is called, 1 to 200 characters.
            value: What it begins with. Its kind is what can be asked for: a float, an int, a bool, a text; or one of
                `choices`. An int with a bound that is a float is a float.
            low: The least that can be asked for, included.
            high: The greatest.
            log: Whether a slider runs over its logarithm; `low` is greater than 0 then.
            choices: Numbers, bools or texts of which one is chosen.
            doc: A sentence about it.

        Raises:
            ControlError, ControlTypeError: it cannot be declared so.
        """
        return self.controls.declare(declare.control(name, value, low, high, log, choices, doc))

    def action(
        self, name: str, *, confirm: bool = False, ends_training: bool = False
    ) -> Callable[[Function], Function]:
        """Makes a function one that can be called from the page: `@run.action("evaluate")`.

        It is called without arguments, on the loop's thread between two steps. What it raises is logged with its
        traceback and shown on the page, and the training goes on.

        Args:
            name: What its button is called.
            confirm: Whether the page asks once more.
            ends_training: Whether what it raises ends the training as any other exception of the loop.

        Raises:
            ControlError, ControlTypeError: it cannot be declared so.
        """
        declare.action(name, confirm, "")

        def declared(function: Function) -> Function:
            doc = (getattr(function, "__doc__", None) or "").strip().partition("\n")[0]
            definition = declare.action(name, confirm, doc)
            self.controls.add_action(Action(definition, function, ends_training=bool(ends_training)))
            return function

        return declared

    @property
    def should_stop(self) -> bool:
        """Whether somebody pressed Stop on the page: the loop ends when it likes to, such as after a checkpoint."""
        return self.controls.should_stop

    @property
    def log_more(self) -> bool:
        """Whether somebody asked to log more for some steps, and these are not over."""
        return self.controls.log_more

    def poll(self, step: int | None = None) -> None:
        """Lets what was asked for take effect now, for a loop that logs rarely, or within its steps.

        Called between two steps. From the first time on it is here that things take effect, and not in `log()`.

        Args:
            step: Where the loop is; the last logged step by default.

        Raises:
            StepError: it is no step.
        """
        self.controls.poll(step)

    def commands(self) -> list[Command]:
        """What was asked of this run on the page and what it answered, in the order of asking."""
        return commands_of(RunFiles(self.folder), self.folder)
