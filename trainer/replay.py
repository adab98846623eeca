"""Executes a recorded step again, with everything in sight, and says whether it is the step that was recorded.

A step is reached from the last state before it, forward, one step after the other. Python's side of `viz replay`: as
`python -m trainer.replay` it takes what to do as JSON on standard input and answers there, in a process of its own.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import json
import math
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from trainer import checkpoint
from trainer.anomaly import detect_anomaly
from trainer.backend import to_numpy
from trainer.callbacks import Callback, ModelCheckpoint
from trainer.errors import AnomalyError, CheckpointError, sentence
from trainer.function import mode
from trainer.loop import Loop
from trainer.nn.module import Module
from trainer.optim.optimizer import Optimizer
from trainer.recorder import checksums, loss_of, rates_of
from trainer.resume import set_random
from trainer.trace import Trace, statistics
from trainer.training import MARK, SteppedTraining, Training


@dataclass
class Replayed:
    """What a step did.

    Attributes:
        step: Which.
        state_step: How many steps are behind the state from which it was reached.
        loss: Its loss; None where it ended before there was one.
        gradients: By parameter, as they were at the end of the step: after clipping.
        modules: What each module put out, by path: shape, least, greatest, mean, deviation, how many are not finite.
        batch: The samples' numbers where the loader is a `DataLoader`, else None.
        anomaly: Of a step with values that are not finite: who made the first of them, where and of what.
        error: What was raised, in words.
        is_equal: Whether loss and gradients are those that were recorded, bit for bit; None where nothing was recorded
            that could be compared.
        compared: What was: "loss", "gradients", "batch", each with whether it is equal.
        differences: What is not equal, in sentences: the first step on the way whose loss was another one, parameters.
        notes: What else there is to know, such as learning rates that somebody had changed by hand.
    """

    step: int
    state_step: int
    loss: float | None = None
    gradients: dict[str, Any] = field(default_factory=dict)
    modules: dict[str, dict[str, Any]] = field(default_factory=dict)
    batch: Any = None
    anomaly: str | None = None
    error: str | None = None
    compared: dict[str, bool] = field(default_factory=dict)
    differences: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def is_equal(self) -> bool | None:
        return all(self.compared.values()) if self.compared else None


def replay(recordings: Any, step: int, make: Callable[[], Training | SteppedTraining]) -> Replayed:
    """Executes a step again.

    Args:
        recordings: What `tracker.recorder.open(run)` gives.
        step: Which.
        make: Makes the training, as it was made when it was recorded; called once, and again for a step with values
            that are not finite.

    Raises:
        CheckpointError: the state is of another model, optimizer or loader.
        tracker.errors.RecordingError: the step was not recorded, or its state is not there or damaged.
    """
    path = recordings.until(step)
    state = path[-1].state()
    replayed = _executed(make(), path, state, traced=True)
    _compare(replayed, path[-1])
    if replayed.error is not None or not _is_finite(replayed):
        again = _executed(make(), path, state, traced=False)
        replayed.anomaly = again.anomaly
    return replayed


def _executed(training: Training | SteppedTraining, path: list[Any], state: Any, *, traced: bool) -> Replayed:
    """Goes from a state to the last step of a path: traced, or in search of the first value that is not finite."""
    way = _Way(training.model, training.optimizer, path, traced)
    try:
        if isinstance(training, SteppedTraining):
            _step_on(training, way, state)
        else:
            _fit_on(training, way, state)
    except AnomalyError as error:
        way.found.anomaly = str(error)
    except CheckpointError:
        raise
    except Exception as error:  # noqa: BLE001 the step that ended the training does so again: that is what was asked
        way.found.error = f"{type(error).__name__}: {error}"
        way.take()
    finally:
        way.leave()
    return way.found


def _fit_on(training: Training, way: _Way, state: Any) -> None:
    if "epochs_done" not in state:
        raise CheckpointError(
            sentence("replay: this was recorded in a loop of its own.", "SteppedTraining", "Training")
        )
    watcher = _Watcher(way, training, state)
    training.callbacks = [*(c for c in training.callbacks if not isinstance(c, ModelCheckpoint)), watcher]
    training.fit(progress=False, resume={**state, "ended": False})
    if not watcher.is_reached:
        problem = f"replay: the training ended before step {way.found.step}."
        raise CheckpointError(sentence(problem, f"{way.found.step} steps", watcher.step, "has its function changed?"))


def _step_on(training: SteppedTraining, way: _Way, state: Any) -> None:
    training.model.load_state_dict(state["model"])
    training.optimizer.load_state_dict(state["optimizer"])
    set_random(None, state["random"])
    set_generators(training.generators, state["random"]["generators"])
    for number in range(way.found.state_step + 1, way.found.step + 1):
        way.enter(number)
        way.end(number, loss_of(training.step(number)))


class _Watcher(Callback):
    """Tells the way where a fit is, and ends it at the last step."""

    def __init__(self, way: _Way, training: Training, state: Any) -> None:
        self.way, self.training, self.state = way, training, state
        self.is_reached = False
        self.step = 0
        self._is_begun = False

    def on_epoch_start(self, loop: Loop) -> None:
        if not self._is_begun:  # behind the batches that were passed over
            self._is_begun = True
            set_generators(self.training.generators, self.state.get("generators", {}))

    def on_batch_start(self, loop: Loop) -> None:
        self.way.found.batch = getattr(loop.loader, "indices", None)
        self.way.enter(loop.step + 1)

    def on_between_steps(self, loop: Loop) -> None:
        self.step = loop.step
        self.way.end(loop.step, loop.logs["loss"])
        if loop.step >= self.way.found.step:
            self.is_reached = loop.stop = True

    def on_error(self, loop: Loop) -> None:
        self.is_reached = True


class _Way:
    """Steps from a state to the one that is looked at."""

    def __init__(self, model: Module, optimizer: Optimizer, path: list[Any], traced: bool) -> None:
        self.found = Replayed(path[-1].step, path[-1].state_step)
        self._model, self._optimizer, self._traced = model, optimizer, traced
        self._recorded = {moment.step: moment for moment in path}
        self._trace = Trace(model)
        self._looking = ExitStack()
        self._has_parted = False

    def enter(self, step: int) -> None:
        """A step begins: with the learning rates that it had, whoever had changed them."""
        moment = self._recorded.get(step)
        rates = rates_of(self._optimizer)
        if moment is not None and moment.lr and moment.lr != rates and len(moment.lr) == len(rates):
            self.found.notes.append(f"step {step} had the learning rate {moment.lr[0]:g}, which was set from outside")
            for group, rate in zip(self._optimizer.param_groups, moment.lr, strict=True):
                group["lr"] = rate
        if step == self.found.step:
            self._looking.enter_context(_looked_on(self._trace) if self._traced else detect_anomaly())

    def end(self, step: int, loss: float) -> None:
        """A step has ended."""
        if step == self.found.step:
            self.leave()
            self.found.loss = loss
            self.take()
            return
        moment = self._recorded.get(step)
        if not self._has_parted and moment is not None and moment.is_done and not _same(moment.loss, loss):
            self._has_parted = True
            self.found.differences.append(f"on the way, step {step} had the loss {moment.loss!r}, and has {loss!r}")

    def take(self) -> None:
        """What there is of the step."""
        self.found.gradients = {
            name: to_numpy(p.grad.data).copy() for name, p in self._model.named_parameters() if p.grad is not None
        }
        self.found.modules = self._trace.modules

    def leave(self) -> None:
        """Looks no more."""
        self._looking.close()


@contextlib.contextmanager
def _looked_on(trace: Trace) -> Iterator[None]:
    before, mode.observer = mode.observer, trace
    try:
        yield
    finally:
        mode.observer = before


def set_generators(generators: Any, states: Any) -> None:
    """Puts NumPy's generators where they stood."""
    missing = sorted(states.keys() - generators.keys())
    if missing:
        raise CheckpointError(sentence("replay: random generators are missing.", ", ".join(missing), [*generators]))
    for name, state in states.items():
        generators[name].bit_generator.state = state


def _compare(replayed: Replayed, moment: Any) -> None:
    """Beside what was recorded of the step."""
    if moment.is_done:
        replayed.compared["loss"] = replayed.loss is not None and _same(moment.loss, replayed.loss)
        if not replayed.compared["loss"]:
            replayed.differences.append(f"the loss was {moment.loss!r}, and is {replayed.loss!r}")
    if moment.batch is not None and replayed.batch is not None:
        replayed.compared["batch"] = np.array_equal(moment.batch, replayed.batch)
        if not replayed.compared["batch"]:
            replayed.differences.append("the batch has other samples")
    if moment.gradients is not None:
        _compare_gradients(replayed, moment)


def _compare_gradients(replayed: Replayed, moment: Any) -> None:
    names = [str(name) for name in moment.said.get("parameters", ())]
    found = checksums([replayed.gradients.get(name) for name in names])
    if len(moment.gradients) != len(names):  # of the line of a whole run: one for all
        found = checksums([found])
    others = [name for name, a, b in zip(names, moment.gradients, found, strict=False) if a != b]
    replayed.compared["gradients"] = np.array_equal(moment.gradients, found)
    if not replayed.compared["gradients"]:
        who = (
            ", ".join(others[:5]) + (" …" if len(others) > 5 else "") if len(moment.gradients) == len(names) else "one"
        )
        replayed.differences.append(f"the gradient is another one, of {who}")


def _same(one: float, other: float) -> bool:
    return one == other or (math.isnan(one) and math.isnan(other))


def _is_finite(replayed: Replayed) -> bool:
    is_loss = replayed.loss is not None and math.isfinite(replayed.loss)
    return is_loss and all(bool(np.isfinite(each).all()) for each in replayed.gradients.values())


# --- in a process of its own ---------------------------------------------------------------------------------------


def made(asked: dict[str, Any]) -> Callable[[], Training | SteppedTraining]:
    """The function of a recipe with its arguments.

    Args:
        asked: `file`, and `module` where it is imported by name; `function`; `arguments`.

    Raises:
        CheckpointError: the file has no such function, or one that is not `replayable`.
    """
    file, name = Path(asked["file"]), asked["function"]
    if asked["module"]:
        module = importlib.import_module(asked["module"])
        if Path(module.__file__ or "").resolve() != file.resolve():
            raise CheckpointError(sentence("replay: another file is imported.", file, module.__file__))
    else:
        sys.path.insert(0, str(file.parent))  # as when a script runs
        spec = importlib.util.spec_from_file_location(f"replayed_{file.stem}", file)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
    function = getattr(module, name, None)
    if not getattr(function, MARK, False):
        got = "no such function" if function is None else "a function that was not made to be called so"
        raise CheckpointError(sentence(f"replay: {name} of {file} is not replayable.", "@trainer.replayable", got))
    arguments = asked["arguments"]
    return lambda: function(**arguments)  # type: ignore[misc]  # it is there, as MARK was


def main() -> int:
    """Takes what to do from standard input and answers on standard output, where the training itself cannot print."""
    from tracker.recorder.stored import Recordings

    asked = json.load(sys.stdin)
    answers, sys.stdout = sys.stdout, sys.stderr
    try:
        replayed = replay(Recordings(Path(asked["run"])), asked["step"], made(asked))
        if asked.get("output"):
            checkpoint.save(
                {"gradients": replayed.gradients, "loss": replayed.loss, "step": replayed.step}, asked["output"]
            )
        found = {**vars(replayed), "is_equal": replayed.is_equal}
        found["gradients"] = {name: statistics(each) for name, each in replayed.gradients.items()}
        found["batch"] = None if replayed.batch is None else np.asarray(replayed.batch).tolist()
        answer: dict[str, Any] = {"replayed": found}
    except Exception as error:  # noqa: BLE001 anybody's function: what it raised is the answer
        answer = {"error": f"{type(error).__name__}: {error}", "traceback": traceback.format_exc()[-4000:]}
    json.dump(answer, answers)
    return 0


if __name__ == "__main__":
    sys.exit(main())
