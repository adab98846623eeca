"""A training that can be made again: what `fit` is given, or a step of a loop, by a function of recorded arguments."""

from __future__ import annotations

import functools
import inspect
import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ParamSpec, TypeVar

from trainer.callbacks import Callback
from trainer.errors import ArgumentError, sentence
from trainer.loop import History, fit
from trainer.metrics import Metrics
from trainer.nn.module import Module
from trainer.optim.optimizer import Optimizer
from trainer.tensor import Tensor

P = ParamSpec("P")
T = TypeVar("T", bound="Training | SteppedTraining")

MARK = "__replayable__"
"""What a function has that may be called again with arguments out of a recording."""


@dataclass(frozen=True)
class Origin:
    """Which function made a training, and of what."""

    module: str
    """As it can be imported; "" for a script, which is known by its file."""
    file: str
    function: str
    arguments: dict[str, Any]


@dataclass
class Training:
    """What `fit` is given. What changes the training belongs in here; who only watches is given to `fit` below.

    Attributes:
        model, loader, loss, optimizer, epochs, validation, metrics: As for `fit`.
        callbacks: Schedules, clipping, early stopping and the like.
        generators: Random generators of your own, by name, such as that of an augmentation.
        origin: How it was made, where a `replayable` function did.
    """

    model: Module
    loader: Iterable[Any]
    loss: Callable[..., Tensor]
    optimizer: Optimizer
    epochs: int
    validation: Iterable[Any] | None = None
    metrics: Metrics = None
    callbacks: Sequence[Callback] = ()
    generators: Mapping[str, Any] = field(default_factory=dict)
    origin: Origin | None = None

    def fit(self, *, callbacks: Sequence[Callback] = (), progress: bool = True, resume: Any = None) -> History:
        """As `trainer.fit`, with more callbacks, which are told first."""
        return fit(
            self.model, self.loader, self.loss, self.optimizer, self.epochs, validation=self.validation,
            metrics=self.metrics, callbacks=[*callbacks, *self.callbacks], progress=progress, resume=resume,
        )  # fmt: skip


@dataclass
class SteppedTraining:
    """A loop of your own, a step at a time.

    Attributes:
        model, optimizer: What has a state.
        step: Called with the number of a step, from 1; makes all of that step, its batch included, and gives the loss,
            or a tuple whose first is the loss.
        generators: As for `Training`.
        origin: As for `Training`.
    """

    model: Module
    optimizer: Optimizer
    step: Callable[[int], Any]
    generators: Mapping[str, Any] = field(default_factory=dict)
    origin: Origin | None = None


def replayable(make: Callable[P, T]) -> Callable[P, T]:
    """Marks a function that makes a training, so that `viz replay` may call it again with the same arguments.

    It takes numbers, texts, bools, None, and lists and dicts of these; it sets the seed, makes data, model and
    optimizer, and gives a `Training` or a `SteppedTraining`. It has no other effect: it is called in another process,
    some day. It stands at the top of its file, under its own name.

    Raises:
        ArgumentError: when it is called with something that cannot be recorded.
    """

    @functools.wraps(make)
    def made(*args: P.args, **kwargs: P.kwargs) -> T:
        bound = inspect.signature(make).bind(*args, **kwargs)
        bound.apply_defaults()
        arguments = _plain(make.__name__, bound.arguments)
        training = make(*args, **kwargs)
        training.origin = Origin(_module(make), inspect.getsourcefile(make) or "", make.__name__, arguments)
        return training

    setattr(made, MARK, True)
    return made


def _plain(name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments as JSON gives them back, which is what a replay calls with."""
    found: dict[str, Any] = {}
    for key, value in arguments.items():
        try:
            found[key] = json.loads(json.dumps(value))
            is_same = bool(found[key] == value)  # NaN is not, and is no argument of a training
        except (TypeError, ValueError, RecursionError):
            is_same = False
        if not is_same:
            expected = "numbers, texts, bools, None, lists, dicts"
            got = f"{type(value).__name__} {value!r}"[:200]
            raise ArgumentError(sentence(f"{name}: the argument {key} cannot be recorded.", expected, got))
    return found


def _module(function: Callable[..., Any]) -> str:
    """How a function's module is imported; "" for a script."""
    if function.__module__ != "__main__":
        return function.__module__
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    return "" if spec is None or spec.name == "__main__" else str(spec.name)
