"""PyTorch: the flight recorder of an ordinary loop, and what it gives back: model, batch and random state of a step.

recorder = Recorder(run, model, optimizer)
for batch in loader:
    recorder.step(batch)
    ...
    recorder.loss(loss)

moment = recorded("runs/bert")[300]
moment.restore(model, optimizer)  # as they were before step 300
"""

from __future__ import annotations

import platform
import random
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import torch

from tracker.errors import RecordingError, message
from tracker.integrations.torch_trees import as_torch, plain
from tracker.recorder import recorder as core
from tracker.recorder import stored
from tracker.recorder.code import code_files
from tracker.run import Run

LAG = 4
"""Steps after which a loss is read: by then the GPU has computed it, and nobody waits."""


class Recorder:
    """The last steps of a loop, written beside the run when something happens: see `trainer.RecorderCallback`.

    Kept of each step are its batch as it was given (by reference: a batch that is changed in place is kept as changed),
    where Python's, NumPy's and torch's random generators stood on the CPU and each GPU, learning rates and loss; and
    every so many steps the states of model and optimizer, as far as `max_overhead` allows. With `keep="run"` batches
    and random states are kept of the last steps only.

    Args:
        run: Where to.
        model: A `torch.nn.Module`.
        optimizer: Its optimizer, or several.
        last, every, keep, max_bytes, max_overhead: As for `trainer.RecorderCallback`.
        others: What else has `state_dict()`, by name: schedulers, a GradScaler, a loader that can go on.
    """

    def __init__(
        self,
        run: Run,
        model: Any,
        optimizer: Any = (),
        *,
        last: int = 100,
        every: int = 10,
        keep: str = "last",
        max_bytes: int = 1 << 30,
        max_overhead: float | None = 0.02,
        others: Mapping[str, Any] | None = None,
    ) -> None:
        self._model, self._others = model, dict(others or {})
        self._optimizers = list(optimizer) if isinstance(optimizer, Sequence) else [optimizer]
        self._number = 0
        self._has_loss = False
        self._losses: deque[Any] = deque()
        said = {"made_by": "torch", "recipe": None, "machine": _machine(), "code": code_files(Path.cwd())}
        self._recorder = core.Recorder(
            run, self._take, lambda: said, last=last, every=every, keep=keep, max_bytes=max_bytes,
            max_overhead=max_overhead, portable=plain, needs_random=True, settle=self._read_losses,
        )  # fmt: skip

    def step(self, batch: Any = None, step: int | None = None) -> None:
        """A step begins; the one before it has ended.

        Args:
            batch: What the step is made of: tensors and arrays in tuples, lists and dicts, or the samples' numbers.
            step: Its number; one more than that of the step before, from 1, by default.
        """
        number = self._number + 1 if step is None else step
        if self._number and not self._has_loss:
            self._recorder.ended_with(self._recorder.ends(self._rates()), None)
        self._has_loss = False
        self._recorder.state(number - 1)
        self._number = number
        self._recorder.begin(number, batch, random_state)

    def loss(self, loss: Any) -> None:
        """The loss of the step that was begun last, as a number or a tensor: what spikes are looked for in."""
        self._has_loss = True
        self._losses.append((self._recorder.ends(self._rates()), loss.detach() if hasattr(loss, "detach") else loss))
        while len(self._losses) > LAG:
            self._recorder.ended_with(*self._losses.popleft())

    def keep(self, why: str = "asked for") -> None:
        """Writes the last steps now."""
        self._recorder.keep("asked", why)

    def close(self) -> None:
        """The training is over."""
        self._read_losses()
        self._recorder.close()

    def __enter__(self) -> Recorder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, Exception):
            self._recorder.ended("exception", f"{type(error).__name__}: {error}".partition("\n")[0][:200])
        self.close()

    def _read_losses(self) -> None:
        while self._losses:
            self._recorder.ended_with(*self._losses.popleft())

    def _rates(self) -> tuple[float, ...]:
        return tuple(float(group["lr"]) for each in self._optimizers for group in each.param_groups)

    def _take(self) -> dict[str, Any]:
        return {
            "step": self._number,
            "model": plain(self._model.state_dict(), copy=True),
            "optimizers": [plain(each.state_dict(), copy=True) for each in self._optimizers],
            "others": plain({name: each.state_dict() for name, each in self._others.items()}, copy=True),
            "modes": {name: each.training for name, each in self._model.named_modules()},
        }


class Moment:
    """A step of a torch training, as it was recorded.

    Attributes:
        step, loss, lr, is_done: As `tracker.recorder.stored.Moment` has them.
        batch: What `Recorder.step` was given; None where it was let go of.
        state_step: How many steps are behind the weights: `step - 1` where those right before it were kept. Otherwise
            the steps between are gone through again: see `recorded(run).until(step)`.
    """

    def __init__(self, moment: stored.Moment) -> None:
        self._moment = moment
        self.step, self.loss, self.lr, self.is_done = moment.step, moment.loss, moment.lr, moment.is_done
        self.state_step = moment.state_step
        self._state: Any = None

    @property
    def batch(self) -> Any:
        return as_torch(self._moment.batch)

    @property
    def random_state(self) -> RandomState | None:
        """Where the generators stood; None where that was not looked at."""
        return None if self._moment.random is None else RandomState(self._moment.random)

    @property
    def weights(self) -> dict[str, Any]:
        """The model's state of `state_step`, for `load_state_dict`.

        Raises:
            RecordingError: there is none.
        """
        return as_torch(self._tree["model"])  # type: ignore[no-any-return]  # as state_dict() gave it

    @property
    def optimizers(self) -> list[dict[str, Any]]:
        """The optimizers' states."""
        return as_torch(self._tree["optimizers"])  # type: ignore[no-any-return]

    @property
    def others(self) -> dict[str, Any]:
        """The states of what else was given."""
        return as_torch(self._tree["others"])  # type: ignore[no-any-return]

    def restore(self, model: Any, optimizer: Any = (), **others: Any) -> None:
        """Puts everything where it was after `state_step`, and the random generators where they stood at this step.

        Args:
            model: Of the same architecture; each of its modules is in training or evaluation mode as it was.
            optimizer: One or several.
            **others: As they were given to the `Recorder`.

        Raises:
            RecordingError: no state was kept.
        """
        model.load_state_dict(self.weights)
        for name, module in model.named_modules():
            module.training = self._tree["modes"].get(name, module.training)
        optimizers = list(optimizer) if isinstance(optimizer, Sequence) else [optimizer]
        for each, state in zip(optimizers, self.optimizers, strict=False):
            each.load_state_dict(state)
        for name, each in others.items():
            each.load_state_dict(self.others[name])
        if self.random_state is not None:
            self.random_state.restore()

    @property
    def _tree(self) -> Any:
        if self._state is None:
            self._state = self._moment.state()
        return self._state


class RandomState:
    """Where random generators stood."""

    def __init__(self, tree: Any) -> None:
        self._tree = tree

    def restore(self) -> None:
        """Puts them there; GPUs that are not here are left out."""
        states = as_torch(self._tree)
        random.setstate(states["python"])
        np.random.set_state(states["numpy"])
        torch.set_rng_state(states["torch"])
        for index, state in enumerate(states["cuda"][: torch.cuda.device_count()]):
            torch.cuda.set_rng_state(state, index)


class Recorded:
    """The recorded steps of a run.

    Args:
        run: A run, being written or stored, or the path of its folder.
    """

    def __init__(self, run: Any) -> None:
        self._recordings = stored.open_recordings(run)

    def __getitem__(self, step: int) -> Moment:
        """A step.

        Raises:
            RecordingError: it was not recorded, or not of a torch training.
        """
        return _of_torch(self._recordings[step])

    def __iter__(self) -> Iterator[Moment]:
        return map(_of_torch, self._recordings)

    def steps(self) -> list[int]:
        """Those there are, in order."""
        return self._recordings.steps()

    def until(self, step: int) -> list[Moment]:
        """The steps to be gone through to reach `step`, which is the last of them; `restore` by the first."""
        return [_of_torch(each) for each in self._recordings.until(step)]


recorded = Recorded


def _of_torch(moment: stored.Moment) -> Moment:
    made_by = moment.said.get("made_by")
    if made_by != "torch":
        raise RecordingError(
            message("This step is of no torch training.", got=made_by, hint="Try viz replay RUN@STEP.")
        )
    return Moment(moment)


def random_state() -> dict[str, Any]:
    """Where Python's, NumPy's and torch's generators stand, as these say it: it is made plain when it is written."""
    is_used = torch.cuda.is_initialized()  # type: ignore[no-untyped-call]
    return {
        "python": random.getstate(),
        "numpy": np.random.get_state(legacy=False),
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if is_used else [],
    }


def _machine() -> dict[str, Any]:
    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "system": f"{platform.system()} {platform.machine()}",
        "threads": torch.get_num_threads(),
    }
