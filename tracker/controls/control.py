"""Control and action: what a training offers to be changed or called while it runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tracker.values.control_definition import Definition


class Control:
    """A value of the training that can be changed on the page.

    Attributes:
        value: What it is now: a float, int, bool, text or one of the choices, as it was declared. It changes between
            two steps and never within one. The program may set it too, as a schedule does; what was asked for on the
            page with the old value in view is refused then.
        since: The step after which it was changed last on the page; None where it was not.
        in_force: Gives what the training goes by where that moves on from `value` by itself, as a learning rate does on
            its schedule: receipts and marks tell that a change replaced this. None where it is `value`.
        name: What it is called.
        definition: Its kind and bounds.
    """

    __slots__ = ("__weakref__", "definition", "in_force", "since", "value")

    def __init__(self, definition: Definition) -> None:
        self.in_force: Callable[[], Any] | None = None
        self.begin(definition)

    def begin(self, definition: Definition) -> None:
        """It is as a program declares it."""
        self.definition = definition
        self.value: Any = definition.value
        self.since: int | None = None

    @property
    def name(self) -> str:
        """What it is called."""
        return self.definition.name

    def __repr__(self) -> str:
        return f"<Control {self.name!r}: {self.value!r}>"


class Action:
    """A function of the program that can be called from the page.

    Attributes:
        definition: Its name, and whether whoever presses the button is asked once more.
        call: The function.
        ends_training: Whether an exception of it ends the training, as any other of the loop's would.
    """

    __slots__ = ("call", "definition", "ends_training")

    def __init__(self, definition: Definition, call: Callable[[], Any], *, ends_training: bool) -> None:
        self.definition, self.call, self.ends_training = definition, call, ends_training

    @property
    def name(self) -> str:
        """What it is called."""
        return self.definition.name
