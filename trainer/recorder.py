"""The flight recorder of a training: its last steps, written when something happens, to be replayed bit for bit."""

from __future__ import annotations

import os
import platform
import zlib
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from trainer import resume as resuming
from trainer.backend import array_module, to_numpy
from trainer.callbacks import Callback
from trainer.errors import ArgumentError, sentence
from trainer.loop import Loop
from trainer.nn.module import Module
from trainer.optim.optimizer import Optimizer
from trainer.training import SteppedTraining, Training

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""How many threads multiply a matrix decides in which order its products are summed."""


class RecorderCallback(Callback):
    """Keeps the last steps in memory, and writes them beside the run when something happens.

    That is: a loss far above those before it, one that is not finite, an exception, SIGTERM, the button "keep the last
    steps" on the page Controls. What is written is told in a mark. `viz replay RUN@STEP` executes such a step again.

    Kept of each step are which samples it had, the learning rates, the loss and, as far as `max_overhead` allows, where
    the random generators stood, checksums of all gradients, and the lengths of gradients and weights; every so many
    steps also the whole state, from which the steps after it are reached.

    Args:
        run: What `tracker.init` gave.
        training: What is trained, from a `replayable` function. Without it steps are recorded all the same;
            `trainer.replay.replay` takes them with a training that you make yourself.
        last: How many steps are kept.
        every: Steps between two states, at least.
        keep: "last", or "run": steps and sparse states are then written as the training goes, so that each of its steps
            can be replayed after it has ended, also when the process was killed.
        max_bytes: How much memory the last steps may take; with keep="run" also how much of the disk. States that lie
            too dense for it are thinned.
        max_overhead: The share of the training's time; None for as much as it takes.
    """

    def __init__(
        self,
        run: Any,
        training: Training | None = None,
        *,
        last: int = 100,
        every: int = 10,
        keep: str = "last",
        max_bytes: int = 1 << 30,
        max_overhead: float | None = 0.02,
    ) -> None:
        self.run = run
        self.training = training
        self._options = {
            "last": last, "every": every, "keep": keep, "max_bytes": max_bytes, "max_overhead": max_overhead,
        }  # fmt: skip
        self._recorder: Any = None
        self._lr: tuple[float, ...] = ()

    def on_epoch_start(self, loop: Loop) -> None:
        if self._recorder is not None:
            return
        if self.training is not None and self.training.model is not loop.model:
            problem = "RecorderCallback: training is not the one that is fitted."
            raise ArgumentError(sentence(problem, "training.fit(…)", "another model"))
        generators = {} if self.training is None else self.training.generators

        def take() -> dict[str, Any]:
            return {**loop.state_dict(), "generators": states_of(generators)}

        self._random = lambda: {**resuming.get_random(loop.loader), "generators": states_of(generators)}
        self._traits = Traits(loop.model)
        self._recorder = _recorder(self.run, take, self.training, loop.model, self._options)
        self._recorder.state(loop.step)

    def on_batch_start(self, loop: Loop) -> None:
        indices = getattr(loop.loader, "indices", None)
        self._recorder.begin(loop.step + 1, indices, self._random, loop.epoch)

    def on_backward(self, loop: Loop) -> None:
        self._lr = rates_of(loop.optimizer)

    def on_between_steps(self, loop: Loop) -> None:
        self._recorder.end(loop.logs["loss"], self._lr, self._traits.gradients, self._traits.lengths)
        self._recorder.state(loop.step)

    def on_error(self, loop: Loop) -> None:
        if self._recorder is not None:
            self._recorder.ended("exception", _words(loop.error))
            self._recorder = None

    def on_fit_end(self, loop: Loop) -> None:
        if self._recorder is not None:
            self._recorder.close()
            self._recorder = None


class Recorder:
    """The flight recorder of a loop of your own.

    with trainer.Recorder(run, training) as recorder:
        for number in range(1, 1001):
            loss = recorder.step(number)

    Args:
        run, last, every, keep, max_bytes, max_overhead: As for `RecorderCallback`.
        training: From a `replayable` function.
    """

    def __init__(
        self,
        run: Any,
        training: SteppedTraining,
        *,
        last: int = 100,
        every: int = 10,
        keep: str = "last",
        max_bytes: int = 1 << 30,
        max_overhead: float | None = 0.02,
    ) -> None:
        self.training = training
        options = {"last": last, "every": every, "keep": keep, "max_bytes": max_bytes, "max_overhead": max_overhead}
        self._traits = Traits(training.model)
        self._done: int | None = None
        self._recorder = _recorder(run, self._take, training, training.model, options)

    def step(self, number: int) -> Any:
        """Makes a step of the training, and gives what that gave."""
        if self._done is None or number <= self._done:
            self._done = number - 1
            self._recorder.state(self._done)
        rates = rates_of(self.training.optimizer)
        self._recorder.begin(number, None, self._random)
        found = self.training.step(number)
        self._done = number
        self._recorder.end(loss_of(found), rates, self._traits.gradients, self._traits.lengths)
        self._recorder.state(number)
        return found

    def __enter__(self) -> Recorder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, Exception):
            self._recorder.ended("exception", _words(error))
        else:
            self._recorder.close()

    def _random(self) -> dict[str, Any]:
        return {**resuming.get_random(None), "generators": states_of(self.training.generators)}

    def _take(self) -> dict[str, Any]:
        return {
            "model": self.training.model.state_dict(),
            "optimizer": self.training.optimizer.state_dict(),
            "step": self._done,
            "random": self._random(),
        }


class Traits:
    """What is looked at of a model's parameters after a step.

    Args:
        model: Whose.
    """

    def __init__(self, model: Module) -> None:
        self._parameters = list(model.parameters())

    def gradients(self) -> Any:
        """The CRC-32 of each gradient; 0 where there is none."""
        return checksums([None if p.grad is None else p.grad.data for p in self._parameters])

    def lengths(self) -> dict[str, Any]:
        """Euclidean lengths of the parameters and of their gradients, NaN where there is none."""
        gradients = [np.nan if p.grad is None else _length(p.grad.data) for p in self._parameters]
        return {"weight_norm": np.array([_length(p.data) for p in self._parameters]), "grad_norm": np.array(gradients)}


def checksums(arrays: list[Any]) -> Any:
    """The CRC-32 of the bytes of each array, uint32; 0 for None."""
    contiguous: list[Any] = [None if x is None else np.ascontiguousarray(to_numpy(x)) for x in arrays]
    return np.array([0 if x is None else zlib.crc32(x) for x in contiguous], np.uint32)


def states_of(generators: Any) -> dict[str, Any]:
    """Where NumPy's generators stand, by name."""
    return {name: each.bit_generator.state for name, each in generators.items()}


def rates_of(optimizer: Optimizer) -> tuple[float, ...]:
    """The learning rate of each group."""
    return tuple(float(group["lr"]) for group in optimizer.param_groups)


def loss_of(found: Any) -> float:
    """The loss in what a step gave."""
    first = found[0] if isinstance(found, tuple) else found
    return float(first.item() if hasattr(first, "item") else first)


def machine() -> dict[str, Any]:
    """What the bits of a result hang on beside code and data."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "python": platform.python_version(),
        "numpy": np.__version__,
        "system": f"{platform.system()} {platform.machine()}",
        "cores": cores,
        "threads": {name: os.environ[name] for name in THREADS if name in os.environ},
    }


def _recorder(
    run: Any, take: Callable[[], Any], training: Training | SteppedTraining | None, model: Module, options: Any
) -> Any:
    from tracker.recorder.code import code_files, digest_of  # here, so that training without a tracker does not load it
    from tracker.recorder.recorder import Recorder as Core

    here = Path.cwd()
    recipe = None
    if training is not None and training.origin is not None:
        origin = training.origin
        file = Path(origin.file).resolve()
        recipe = {
            "module": origin.module, "function": origin.function, "arguments": origin.arguments,
            "file": file.relative_to(here).as_posix() if file.is_relative_to(here) else str(file),
            "digest": digest_of(file),
        }  # fmt: skip
    said = {
        "made_by": "trainer", "kind": "steps" if isinstance(training, SteppedTraining) else "fit", "recipe": recipe,
        "parameters": [name for name, _ in model.named_parameters()], "machine": machine(), "code": code_files(here),
    }  # fmt: skip
    return Core(run, take, lambda: said, **options)


def _length(x: Any) -> float:
    flat = x.reshape(-1)
    return float(array_module(x).sqrt(flat @ flat))


def _words(error: BaseException | None) -> str:
    return f"{type(error).__name__}: {error}".partition("\n")[0][:200]
