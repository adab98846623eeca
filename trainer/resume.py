"""Where a training is: everything needed to go on with it later as if nothing had come between.

What is random is part of it. The order of an epoch's batches is drawn when the epoch begins, so a training that was
left within one goes back to the generators as they were then, passes over the batches it had, and takes up the
generators as they were when it was left.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from trainer import backend, checkpoint
from trainer.errors import CheckpointError, sentence

if TYPE_CHECKING:
    from trainer.callbacks import Callback
    from trainer.loop import Loop

# What `fit` needs to go on; "model" and "optimizer" alone are a checkpoint for people who write their own loop.
_NEEDED = ("model", "optimizer", "epoch", "epochs_done", "step", "step_in_epoch", "random", "callbacks", "history")


def snapshot(loop: Loop) -> dict[str, Any]:
    """The state of a training between two steps, fit for `trainer.save`.

    The names "model", "optimizer", "epoch" and "step" are for everyone to read; `step` is what `tracker.init` takes to
    go back to this moment.
    """
    return {
        "model": loop.model.state_dict(),
        "optimizer": loop.optimizer.state_dict(),
        "epoch": loop.epoch,
        "step": loop.step,
        "epochs_done": loop.epochs_done,
        "step_in_epoch": loop.step_in_epoch,
        "steps_per_epoch": loop.steps_per_epoch,
        "sums": dict(loop.sums),
        "count": loop.count,
        "ended": loop.stop and not loop.interrupted,
        "random": {"epoch": loop.random_at_epoch, "now": get_random(loop.loader)},
        "callbacks": [[type(c).__name__, c.state_dict()] for c in loop.callbacks],
        "history": dict(loop.history),
    }


def read(source: Any) -> dict[str, Any]:
    """The state in a file, or in what `trainer.load` gave.

    Raises:
        CheckpointError: it was not written by `ModelCheckpoint` or `snapshot`.
    """
    state = checkpoint.load(source) if isinstance(source, (str, Path)) else source
    missing = [name for name in _NEEDED if name not in state]
    if missing:
        raise CheckpointError(
            sentence(
                "resume: this is no state of a training.",
                "a file written by ModelCheckpoint",
                f"a state without {', '.join(missing)}",
                "try load_state_dict of model and optimizer for states of your own",
            )
        )
    return dict(state)


def restore(loop: Loop, state: dict[str, Any]) -> None:
    """Puts a training that has not begun where `snapshot` left it, except for its callbacks.

    Raises:
        CheckpointError: the state of another model, optimizer or loader.
    """
    is_within_epoch = state["epoch"] > state["epochs_done"]
    if is_within_epoch and loop.steps_per_epoch != state["steps_per_epoch"]:
        raise CheckpointError(
            sentence(
                "resume: the training was left within an epoch of another length.",
                f"a loader of {state['steps_per_epoch']} batches",
                loop.steps_per_epoch,
                "try the checkpoint of an epoch's end, or the loader of before",
            )
        )
    loop.model.load_state_dict(state["model"])
    loop.optimizer.load_state_dict(state["optimizer"])
    loop.epoch = loop.epochs_done = state["epochs_done"]
    loop.step = state["step"]
    loop.history.update({name: list(values) for name, values in state["history"].items()})
    loop.stop = state["ended"]
    if is_within_epoch:
        loop.half_epoch = {name: state[name] for name in ("step_in_epoch", "sums", "count", "random")}
    else:
        set_random(loop.loader, state["random"]["now"])


def restore_callbacks(callbacks: Iterable[Callback], state: dict[str, Any]) -> None:
    """Gives each callback the state of the first one of its name that is left; what is new begins anew."""
    left = list(state["callbacks"])
    for callback in callbacks:
        for entry in left:
            if entry[0] == type(callback).__name__:
                callback.load_state_dict(entry[1])
                left.remove(entry)
                break


def batches_of(loop: Loop, epoch: int) -> Iterable[Any]:
    """The batches of an epoch that begins, or of one that was left within: without those that were trained on."""
    half, loop.half_epoch = loop.half_epoch, None
    if half is None:
        loop.random_at_epoch = get_random(loop.loader)
        loop.epoch = epoch
        loop.step_in_epoch, loop.sums, loop.count = 0, {}, 0
        return loop.loader
    loop.random_at_epoch = half["random"]["epoch"]
    loop.epoch = epoch
    loop.step_in_epoch, loop.sums, loop.count = half["step_in_epoch"], dict(half["sums"]), half["count"]
    set_random(loop.loader, loop.random_at_epoch)
    batches = iter(loop.loader)
    for _ in range(loop.step_in_epoch):
        next(batches, None)
    set_random(loop.loader, half["random"]["now"])
    return batches


def get_random(loader: Any) -> dict[str, Any]:
    """The generators that decide about an epoch: everybody's, the loader's own, and Python's and NumPy's, by which a
    dataset may change its samples."""
    own = loader.state_dict() if hasattr(loader, "state_dict") else None
    version, numbers, gauss = random.getstate()
    python = {"version": version, "state": np.array(numbers, np.uint64), "gauss": gauss}
    return {
        "global": backend.random_state(),
        "loader": own,
        "python": python,
        "numpy": np.random.get_state(legacy=False),
    }


def set_random(loader: Any, state: dict[str, Any]) -> None:
    """Puts them where `get_random` found them."""
    backend.set_random_state(state["global"])
    if "python" in state:  # older checkpoints have neither
        python = state["python"]
        random.setstate((python["version"], tuple(python["state"].tolist()), python["gauss"]))
        np.random.set_state(state["numpy"])
    if state["loader"] is not None and hasattr(loader, "load_state_dict"):
        loader.load_state_dict(state["loader"])
