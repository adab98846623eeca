"""The training loop: epochs, batches, the events it announces, and a clean end at Ctrl-C."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from contextlib import contextmanager
from typing import Any

import numpy as np

from trainer import resume as resuming
from trainer.backend import to_numpy
from trainer.callbacks import EVENTS, Callback, ModelCheckpoint, handlers
from trainer.errors import ArgumentError, sentence
from trainer.function import observed_as_before
from trainer.metrics import Metric, Metrics, named_metrics
from trainer.nn.module import Module, evaluating
from trainer.optim.optimizer import Optimizer
from trainer.progress import Progress
from trainer.tensor import Tensor


class History(dict[str, list[float]]):
    """The numbers of each epoch by name: history["loss"][0] is the mean loss of the first.

    Attributes:
        interrupted: Whether Ctrl-C ended the training.
    """

    interrupted: bool = False


class Loop:
    """A training as callbacks see it. Set `stop` to True to end it after the step that runs.

    Attributes:
        model, loader, loss, optimizer: What was given to `fit`.
        callbacks: All that listen, in the order in which they are told.
        epochs, epoch: How many there are to be, and the number of the present one, from 1.
        step: How many updates were made; during `on_backward` the number of the one to come.
        step_in_epoch, steps_per_epoch: The same within the epoch; 0 where the loader has no length.
        inputs, targets, output: The present batch and what the model made of it.
        batch_loss: The loss of that, from `on_backward` on.
        logs: Names and values: the batch's at `on_step_end`, the epoch's at `on_epoch_end`.
        metrics: Functions by name.
        history: The numbers of the epochs before.
        epochs_done: How many epochs are complete, their validation included.
        sums, count: Of the present epoch: each number times its samples, and how many samples.
        random_at_epoch: The random generators as they were when the epoch began.
        half_epoch: What is known of an epoch that an earlier training was left within, until it goes on.
        interrupted: Whether Ctrl-C was pressed.
        error: What was raised, during `on_error`.
    """

    def __init__(
        self,
        model: Module,
        loader: Iterable[Any],
        loss: Callable[..., Tensor],
        optimizer: Optimizer,
        epochs: int,
        callbacks: Sequence[Callback],
    ) -> None:
        self.model = model
        self.loader = loader
        self.loss = loss
        self.optimizer = optimizer
        self.epochs = epochs
        self.steps_per_epoch = len(loader) if isinstance(loader, Sized) else 0
        # Last, so that a checkpoint holds what the others did at the same event.
        self.callbacks = sorted(callbacks, key=lambda c: isinstance(c, ModelCheckpoint))
        self.history = History()
        self.epoch = 0
        self.step = 0
        self.step_in_epoch = 0
        self.inputs: Any = None
        self.targets: Any = None
        self.output: Any = None
        self.batch_loss: Tensor | None = None
        self.logs: dict[str, float] = {}
        self.metrics: dict[str, Metric] = {}
        self.epochs_done = 0
        self.sums: dict[str, float] = {}
        self.count = 0
        self.random_at_epoch: dict[str, Any] | None = None
        self.half_epoch: dict[str, Any] | None = None
        self.stop = False
        self.interrupted = False
        self.error: Exception | None = None

    def state_dict(self) -> dict[str, Any]:
        """Everything that `fit(..., resume=...)` goes on from; see `resume.snapshot`."""
        return resuming.snapshot(self)


def fit(
    model: Module,
    loader: Iterable[Any],
    loss: Callable[..., Tensor],
    optimizer: Optimizer,
    epochs: int,
    *,
    validation: Iterable[Any] | None = None,
    metrics: Metrics = None,
    callbacks: Sequence[Callback] = (),
    progress: bool = True,
    resume: Any = None,
) -> History:
    """Trains a model.

    Args:
        model: Called with the inputs of a batch. It is trained as it is: modules of it that were set to `eval()`, such
            as frozen batch norms, stay so; a model in evaluation mode as a whole is set to training, and back.
        loader: Gives (inputs, targets) batches, anew each time it is iterated; a `DataLoader`, or a list of pairs.
        loss: Called with the model's output and the targets; gives one number.
        optimizer: Holds the model's parameters.
        epochs: How many times to go through `loader`; 0 does nothing.
        validation: Batches to evaluate after each epoch; its numbers are called val_loss, val_...
        metrics: "accuracy", functions of (output, targets), a list of these, or a dict by name.
        callbacks: Told of every event, in this order.
        progress: Show a bar on a terminal, or a line an epoch elsewhere, on stderr.
        resume: A file that `ModelCheckpoint` wrote, or what `trainer.load` made of it: goes on from there, with model,
            optimizer, callbacks and random numbers as they were, until `epochs` are complete. On the CPU the result
            is that of a training which was never interrupted, bit for bit. None begins at the beginning.

    Returns:
        The numbers of each epoch. Ctrl-C ends the training after the step that runs; what was learned is kept.

    Raises:
        ArgumentError: no batches at all, or an iterator that can be gone through once and was.
        CheckpointError: `resume` belongs to another model, optimizer or loader.
    """
    if not callable(loss):
        expected = "a function of (output, targets), such as trainer.nn.CrossEntropyLoss()"
        raise ArgumentError(sentence("fit: loss cannot be called.", expected, repr(loss)))
    state = None if resume is None else resuming.read(resume)
    loop = Loop(model, loader, loss, optimizer, epochs, [*callbacks, *([Progress()] if progress else [])])
    loop.metrics = named_metrics(metrics)
    tell = {event: handlers(loop.callbacks, event) for event in EVENTS}
    was_training = model.training
    if not was_training:
        model.train()
    if state is not None:
        resuming.restore(loop, state)
    with _stopped_by_ctrl_c(loop), observed_as_before():
        try:
            _announce(tell["on_fit_start"], loop)
            if state is not None:
                resuming.restore_callbacks(loop.callbacks, state)
            for epoch in range(loop.epochs_done + 1, epochs + 1):
                if loop.stop:
                    break
                _epoch(loop, epoch, tell)
                if loop.interrupted:
                    break  # the epoch is not complete: it has no validation, and is no entry of the history
                if validation is not None:
                    found = evaluate(model, validation, loss, loop.metrics)
                    loop.logs.update({f"val_{name}": value for name, value in found.items()})
                loop.epochs_done = epoch
                if loop.step_in_epoch:
                    for name, value in loop.logs.items():
                        loop.history.setdefault(name, []).append(value)
                    _announce(tell["on_epoch_end"], loop)
        except KeyboardInterrupt:
            # A program with a handler of its own raised it: the step is not finished, but it is the end all the same.
            loop.interrupted = True
        except Exception as error:
            loop.error = error
            _announce(tell["on_error"], loop)
            raise
        if loop.interrupted:
            _announce(tell["on_interrupt"], loop)
        _announce(tell["on_fit_end"], loop)
    loop.history.interrupted = loop.interrupted
    if not was_training:
        model.eval()
    return loop.history


def _epoch(loop: Loop, epoch: int, tell: dict[str, list[Any]]) -> None:
    """One pass over the batches, or the rest of one; leaves the means in `loop.logs`."""
    model, optimizer = loop.model, loop.optimizer
    batches = resuming.batches_of(loop, epoch)
    loop.logs = {}
    _announce(tell["on_epoch_start"], loop)
    for batch in batches:
        loop.inputs, loop.targets = _pair(batch, model)
        _announce(tell["on_batch_start"], loop)
        optimizer.zero_grad()
        loop.output = model(loop.inputs)
        value = loop.batch_loss = loop.loss(loop.output, loop.targets)
        value.backward()
        loop.step += 1
        _announce(tell["on_backward"], loop)
        optimizer.step()
        loop.step_in_epoch += 1
        loop.logs = {"loss": float(value.item())}
        for name, metric in loop.metrics.items():
            loop.logs[name] = float(metric(loop.output, loop.targets))
        size = len(loop.targets) if loop.targets.ndim else 1
        loop.count += size
        for name, number in loop.logs.items():
            loop.sums[name] = loop.sums.get(name, 0.0) + number * size
        _announce(tell["on_step_end"], loop)
        _announce(tell["on_between_steps"], loop)
        if loop.stop:
            break
    if not loop.count and not loop.stop:
        raise ArgumentError(
            sentence(
                "fit: loader gives no batches.",
                "at least one, in every epoch",
                f"none in epoch {loop.epoch}",
                "try a list or a DataLoader: a generator can be gone through once",
            )
        )
    loop.logs = {name: total / loop.count for name, total in loop.sums.items()}


def evaluate(
    model: Module, loader: Iterable[Any], loss: Callable[..., Tensor] | None = None, metrics: Metrics = None
) -> dict[str, float]:
    """Means over all samples of a loader, with the model in evaluation mode and nothing recorded.

    Args:
        model, loader, loss, metrics: As for `fit`; without a loss only the metrics are computed.

    Returns:
        "loss" and the metrics by name; NaN when the loader gives nothing.
    """
    functions: dict[str, Any] = {} if loss is None else {"loss": loss}
    functions.update(named_metrics(metrics))
    sums = dict.fromkeys(functions, 0.0)
    count = 0
    with evaluating(model):
        for batch in loader:
            inputs, targets = _pair(batch, model)
            output = model(inputs)
            size = len(targets) if targets.ndim else 1
            count += size
            for name, function in functions.items():
                sums[name] += float(function(output, targets)) * size
    return {name: total / count if count else float("nan") for name, total in sums.items()}


def predict(model: Module, inputs: Any, batch_size: int = 256) -> Any:
    """What the model makes of inputs, in evaluation mode and with nothing recorded.

    Args:
        model: Any module that gives one tensor.
        inputs: An array or tensor whose first axis counts samples, or a loader of batches (targets are left out).
        batch_size: How many samples of an array at a time.

    Returns:
        A NumPy array, one entry a sample.
    """
    if hasattr(inputs, "dtype"):
        batches: Iterable[Any] = (inputs[i : i + batch_size] for i in range(0, max(1, len(inputs)), batch_size))
    else:
        batches = (batch[0] if isinstance(batch, (tuple, list)) else batch for batch in inputs)
    with evaluating(model):
        return np.concatenate([to_numpy(model(_fed(batch, model)).data) for batch in batches])


def _pair(batch: Any, model: Module) -> tuple[Any, Tensor]:
    """Inputs and targets of a batch as tensors where the model computes."""
    if not isinstance(batch, (tuple, list)) or len(batch) != 2:
        hint = "try DataLoader((inputs, targets), batch_size=32, shuffle=True)" if hasattr(batch, "dtype") else None
        if isinstance(batch, dict):
            hint = "try (inputs, targets) with a dict as inputs"
        raise ArgumentError(sentence("a batch is a pair.", "(inputs, targets)", type(batch).__name__, hint))
    inputs, targets = batch
    if not isinstance(targets, Tensor):
        targets = Tensor(targets)
    first = next(model.parameters(), None)
    return _fed(inputs, model), targets if first is None else targets.to(device=first.device)


def _fed(inputs: Any, model: Module) -> Any:
    """Inputs as a tensor on the model's device and, when they are floats, in its dtype; what is no array is left."""
    if not hasattr(inputs, "dtype"):
        return inputs
    tensor = inputs if isinstance(inputs, Tensor) else Tensor(inputs)
    first = next(model.parameters(), None)
    if first is None:
        return tensor
    return tensor.to(dtype=first.dtype if tensor.dtype.kind == "f" else None, device=first.device)


def _announce(listeners: list[Any], loop: Loop) -> None:
    for listener in listeners:
        listener(loop)


@contextmanager
def _stopped_by_ctrl_c(loop: Loop) -> Iterator[None]:
    """Lets the first Ctrl-C end the loop after the step that runs; the second interrupts at once, as ever.

    Only in the main thread, and only where nobody else handles the signal.
    """
    usual = signal.default_int_handler
    if threading.current_thread() is not threading.main_thread() or signal.getsignal(signal.SIGINT) is not usual:
        yield
        return

    def handler(number: int, frame: Any) -> None:
        loop.stop = loop.interrupted = True
        signal.signal(signal.SIGINT, usual)

    signal.signal(signal.SIGINT, handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, usual)
