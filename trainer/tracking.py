"""The one door to the tracker: a callback that logs what a training does."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Any

from trainer import checkpoint
from trainer.backend import array_module, to_numpy
from trainer.callbacks import Callback, ScheduleCallback
from trainer.errors import AnomalyError, ArgumentError, sentence
from trainer.function import span
from trainer.loop import Loop
from trainer.nn.module import evaluating
from trainer.ops.activation import softmax
from trainer.profiler import Profiler
from trainer.tensor import Tensor
from trainer.watched import Watched

logger = logging.getLogger("trainer")

HISTOGRAMS, SAMPLES, NORMS = HEAVY = ("histograms", "samples", "norms")

# More than this many probabilities beside an image cannot be taken in at a glance.
_TOP = 5


class TrackerCallback(Callback):
    """Logs a training to a run of the tracker. Steps count updates: the first is step 1.

    The first step whose loss or gradient is not finite is executed again from the same weights and random numbers, and
    who made that value is marked: the operation, its line, what its inputs were like, and the statistics logged last
    while all was well. So is what `detect_anomaly` finds.

    Tags:
        train/loss, train/<metric>, lr: every `every` steps.
        val/loss, val/<metric>: after each epoch that is validated.
        weights/<parameter>, gradients/<parameter>: histograms, at the first step and every `heavy_every` steps; with
            them grad_norm/<parameter> and weight_norm/<parameter>, Euclidean lengths, and update_ratio/<parameter>, the
            length of the step just taken divided by that of the weights before it (left out where these are all 0);
            unused/<parameter>, 1 for one that wants a gradient and got none; act_norm/<module>, the length of what it
            puts out, dead/<module> of rectifiers, the share of units that did nothing for any sample, and
            saturated/<module>, the share of outputs of sigmoid, tanh and softmax at an end (see `units`).
        input/..., output/..., batch/...: with them, what goes into the model, what comes out, and which labels a batch
            holds (see `batch_stats`); time/data and time/step, mean seconds that a step waited and took in all;
            clipped, the share of calls of `clip_grad_norm_` and `clip_grad_value_` that cut something, and
            clip_factor, what was left of the length in the mean.
        samples: at the same steps the images given, each with its label and the likeliest classes.

    What is asked for on the page takes effect between two steps: to stop, to pause, `lr` (of the first group; all
    others, and what a `ScheduleCallback` goes out from, change by the same factor), "checkpoint now" (for
    `fit(resume=)`: `checkpoint-<step>.npz` beside the run), and for some steps all of the above at each step.

    It measures its own time. When that is more than `max_overhead` of the training's, the costliest of histograms,
    samples and norms are logged at every second, fourth... of their steps, and it says so once, in a warning and in a
    mark on the run's charts. Scalars of steps are never thinned.

    Args:
        run: What `tracker.init` gave.
        every: Steps between scalars.
        heavy_every: Steps between histograms, norms and samples; 0 for none.
        samples: (images, labels) to show with the model's predictions; images (N, C, H, W) or (N, H, W) or flattened
            squares (N, H * W), labels class numbers or None.
        class_names: Names of the classes; None for their numbers.
        log_graph: Whether to log the computational graph, once, when the first batch comes.
        max_overhead: The share of the training's time that all of this may take; None for as much as it takes.
        profile: Steps to time operation by operation, such as range(20, 25); logged under "profile" after the last.
        clock: Seconds that only go forward.
    """

    def __init__(
        self,
        run: Any,
        *,
        every: int = 1,
        heavy_every: int = 50,
        samples: tuple[Any, Any] | None = None,
        class_names: Sequence[str] | None = None,
        log_graph: bool = True,
        max_overhead: float | None = 0.02,
        profile: range | None = None,
        clock: Callable[[], float] = perf_counter,
    ) -> None:
        if max_overhead is not None and not max_overhead > 0:
            raise ArgumentError(
                sentence("TrackerCallback: max_overhead is a share of the time.", "> 0, or None", max_overhead)
            )
        if every < 1 or heavy_every < 0:
            got = f"every={every}, heavy_every={heavy_every}"
            raise ArgumentError(sentence("TrackerCallback: steps are counted.", "every >= 1, heavy_every >= 0", got))
        self.run = run
        self.every = every
        self.heavy_every = heavy_every
        self.samples = samples
        self.class_names = class_names
        self.log_graph = log_graph
        if profile is not None and (profile.step != 1 or not len(profile) or profile.start < 1):
            raise ArgumentError(
                sentence(
                    "TrackerCallback: profile are steps, one after the other.", "range(20, 25), from 1 on", profile
                )
            )
        self.profile = profile
        self._profiler: Profiler | None = None
        from tracker.overhead import Budget  # here, so that training without a tracker does not load it

        self.budget = Budget(max_overhead, HEAVY, clock)
        self._checks, self._scalars = self.budget.spending("checks"), self.budget.spending("scalars")
        self._before: dict[str, Any] = {}
        self._watched: Watched | None = None
        self._has_said = False
        self._steering: Any = None

    def on_fit_start(self, loop: Loop) -> None:
        self._steer(loop)
        self._parameters = dict(loop.model.named_parameters())
        self._watched = Watched(loop.model)
        self._profile(loop.step)

    def on_error(self, loop: Loop) -> None:
        if self._watched is not None:
            self._watched.stop()
        self._let_go()
        if isinstance(loop.error, AnomalyError) and self._watched is not None:
            self._watched.mark(self.run, loop.error, loop.step + 1)

    def on_batch_start(self, loop: Loop) -> None:
        if self.log_graph:
            self.log_graph = False
            self.run.log_graph(loop.model, loop.inputs[:1] if isinstance(loop.inputs, Tensor) else loop.inputs)
        if self._watched is not None:
            with self._checks:
                self._watched.begin(self._is_due(NORMS, loop.step + 1))

    def on_fit_end(self, loop: Loop) -> None:
        self._keep_profile(loop.step)
        self._let_go()

    def on_backward(self, loop: Loop) -> None:
        if self._watched is not None:
            with self._checks:
                self._watched.stop()
                error = self._watched.autopsy.examine(loop)
            if error is not None:
                self._watched.mark(self.run, error, loop.step)
        if self._is_due(NORMS, loop.step):
            with self.budget.spending(NORMS):
                self._before = {name: p.data.copy() for name, p in self._parameters.items()}

    def on_step_end(self, loop: Loop) -> None:
        step = loop.step
        if self._profiler is not None:
            self._profiler.step()
        with span("TrackerCallback"):
            self._log(loop, step)
        self._profile(step)

    def on_epoch_start(self, loop: Loop) -> None:
        if self._watched is not None:
            self._watched.clock.waits()

    def on_between_steps(self, loop: Loop) -> None:
        if self._watched is not None:
            self._watched.clock.ends()
            self._watched.clock.waits()
        if self._steering is not None and self._steering.step(loop.step):
            loop.stop = True

    def _steer(self, loop: Loop) -> None:
        """Says what can be asked for, where the run is one that can be asked."""
        if not hasattr(self.run, "controls"):
            return
        from tracker.integrations.steering import Steering, first_lr, present_lr, rescale  # here, as everywhere

        schedules = [each.scheduler for each in loop.callbacks if isinstance(each, ScheduleCallback)]

        def save(step: int) -> str:
            name = f"checkpoint-{step}.npz"
            checkpoint.save(loop.state_dict(), self.run.folder / name)
            return name

        optimizers = [loop.optimizer]
        self._steering = Steering(
            self.run, first_lr(optimizers), lambda lr: rescale(optimizers, schedules, lr), save,
            lambda: present_lr(optimizers), is_interrupted=lambda: loop.interrupted,
        )  # fmt: skip

    def _let_go(self) -> None:
        if self._steering is not None:
            self._steering.end()
        self._steering = None

    def _log(self, loop: Loop, step: int) -> None:
        """What is logged after a step."""
        if step % self.every == 0:
            with self._scalars:
                values = {f"train/{name}": value for name, value in loop.logs.items()}
                values["lr"] = loop.optimizer.param_groups[0]["lr"]
                self.run.log(values, step=step)
        if self._occasion(step) is None and not self._wants_more:
            return
        for kind, values_of in ((NORMS, self._norms), (HISTOGRAMS, self._histograms), (SAMPLES, self._samples)):
            if self._is_due(kind, step):
                with self.budget.spending(kind):
                    found = values_of(loop)
                    if found:
                        self.run.log(found, step=step)
        self._say(self.budget.judge(), step)

    def on_epoch_end(self, loop: Loop) -> None:
        values = {f"val/{name[4:]}": value for name, value in loop.logs.items() if name.startswith("val_")}
        if values:
            self.run.log(values, step=loop.step)

    def state_dict(self) -> dict[str, Any]:
        return {"log_graph": self.log_graph, "stride": self.budget.stride, "has_said": self._has_said}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.log_graph = self.log_graph and state_dict["log_graph"]
        if self.budget.max_overhead is not None:
            self.budget.stride.update(state_dict["stride"])
        self._has_said = state_dict["has_said"]

    def _occasion(self, step: int) -> int | None:
        """Which of the steps of heavy kinds this is, from 0; None for the others."""
        if not self.heavy_every or (step % self.heavy_every and step != 1):
            return None
        return step // self.heavy_every

    @property
    def _wants_more(self) -> bool:
        """Whether somebody asked on the page for all of it at each step."""
        return self._steering is not None and bool(self.run.log_more)

    def _is_due(self, kind: str, step: int) -> bool:
        if self._wants_more:
            return True
        occasion = self._occasion(step)
        return occasion is not None and self.budget.is_due(kind, occasion)

    def _profile(self, done: int) -> None:
        """Begins and ends the steps that are timed; `done` steps are behind us."""
        if self.profile is None:
            return
        if self._profiler is not None and done + 1 not in self.profile:
            self._keep_profile(done)
        elif self._profiler is None and done + 1 == self.profile.start:
            self._profiler = Profiler()
            self._profiler.__enter__()

    def _keep_profile(self, step: int) -> None:
        if self._profiler is None:
            return
        import tracker  # here, so that training without a tracker does not load it

        profiler, self._profiler = self._profiler, None
        profiler.__exit__()
        self.run.log({"profile": tracker.Profile(profiler)}, step=step)

    def _say(self, thinned: list[str], step: int) -> None:
        """Once for a training: what is logged more rarely than was asked for, and how to have all of it."""
        if not thinned or self._has_said:
            return
        self._has_said = True
        every = ", ".join(f"{kind} every {self.heavy_every * self.budget.stride[kind]}" for kind in thinned)
        text = f"watching would cost more than {self.budget.max_overhead:.1%} of the time, so it logs {every} steps"
        logger.warning("TrackerCallback: %s instead of %d; max_overhead=None logs all", text, self.heavy_every)
        self.run.mark(text, step)

    def _norms(self, loop: Loop) -> dict[str, Any]:
        """Lengths of every parameter and its gradient, and how far the last step went."""
        values: dict[str, Any] = {} if self._watched is None else dict(self._watched.values(loop))
        for name, p in self._parameters.items():
            before = self._before.pop(name)
            values[f"weight_norm/{name}"] = _length(p.data)
            if length_before := _length(before):
                values[f"update_ratio/{name}"] = _length(p.data - before) / length_before
            if p.grad is not None:
                values[f"grad_norm/{name}"] = _length(p.grad.data)
            elif p.requires_grad:
                values[f"unused/{name}"] = 1.0
        if self._watched is not None:
            self._watched.remember(values, loop.step)
        return values

    def _histograms(self, loop: Loop) -> dict[str, Any]:
        """How the numbers of every parameter and its gradient lie."""
        import tracker  # here, so that training without a tracker does not load it

        values: dict[str, Any] = {}
        for name, p in self._parameters.items():
            values[f"weights/{name}"] = tracker.Histogram(p.data)
            if p.grad is not None:
                values[f"gradients/{name}"] = tracker.Histogram(p.grad.data)
        return values

    def _samples(self, loop: Loop) -> dict[str, Any]:
        """The samples as images with their labels and the likeliest classes."""
        if self.samples is None:
            return {}
        import tracker  # as above

        images, labels = self.samples
        with evaluating(loop.model):
            inputs = images if isinstance(images, Tensor) else Tensor(images)
            output = loop.model(inputs.to(dtype=loop.inputs.dtype, device=loop.inputs.device))
            probabilities = to_numpy(softmax(output.reshape(output.shape[0], -1), 1).data)
        pictures = to_numpy(images.data if isinstance(images, Tensor) else images)
        names = None if labels is None else [self._name(int(label)) for label in to_numpy(_plain(labels))]
        shown = [
            tracker.Image(
                _picture(pictures[i]),
                label=None if names is None else names[i],
                predictions={self._name(int(k)): float(row[k]) for k in row.argsort()[::-1][:_TOP]},
            )
            for i, row in enumerate(probabilities)
        ]
        return {"samples": shown}

    def _name(self, number: int) -> str:
        return str(number) if self.class_names is None else self.class_names[number]


def _length(x: Any) -> float:
    """The Euclidean length; NaN or inf when an element is."""
    flat = x.reshape(-1)
    return float(array_module(x).sqrt(flat @ flat))


def _plain(x: Any) -> Any:
    return x.data if isinstance(x, Tensor) else x


def _picture(x: Any) -> Any:
    """One sample as (H, W) or (H, W, C): a flattened square gets its shape back, values outside 0 to 1 are spread."""
    side = int(len(x) ** 0.5) if x.ndim == 1 else 0
    if side and side * side == len(x):
        x = x.reshape(side, side)
    if x.ndim == 3:
        x = x[0] if x.shape[0] == 1 else x.transpose(1, 2, 0)
    if x.dtype.kind != "f" or (x.min() >= 0 and x.max() <= 1):
        return x
    low, high = x.min(), x.max()
    return (x - low) / (high - low) if high > low else x
