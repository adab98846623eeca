"""Hugging Face transformers: a TrainerCallback.

from tracker.integrations.transformers import TrackerCallback
trainer = transformers.Trainer(..., callbacks=[TrackerCallback("runs", "bert")])
"""

from __future__ import annotations

from typing import Any

from transformers import TrainerCallback

from tracker.integrations.borrowed_run import BorrowedRun
from tracker.integrations.pytorch import gradients_and_parameters
from tracker.integrations.steering import Steering, first_lr, present_lr, rescale
from tracker.integrations.torch_group import torch_group
from tracker.run import Run
from tracker.values.text import Text


class TrackerCallback(TrainerCallback):
    """Logs what a Trainer logs, under the same tags and steps as its own TensorBoard callback.

    What follows the training, `evaluate()` or another `train()`, goes to the same run; each trial of a hyperparameter
    search is a run of its own below.

    While it trains, what is asked for on the page takes effect after a step, in all processes: to stop, to pause, `lr`
    (of the first group; the others, and what the schedule goes out from, change by the same factor), "checkpoint now"
    (the Trainer's own, in its folder), and for some steps histograms of `parameters/` and `gradients/`.

    Args:
        logdir: As `tracker.init`.
        name: The run's name; one that is there goes on.
        run: A run of your own instead, which stays open at the end.
    """

    def __init__(self, logdir: Any = None, name: str | None = None, *, run: Run | None = None) -> None:
        self._lent = BorrowedRun(run, logdir, name)
        self._steering: Steering | None = None
        self._control: Any = None

    def on_train_begin(self, args: Any, state: Any, control: Any, **named: Any) -> None:
        """Says what the run is made with, the arguments and the model's configuration, and what can be asked for."""
        if state.is_world_process_zero:
            self._begin(args, state, named)
        self._steer(args, state, named)

    def _steer(self, args: Any, state: Any, named: dict[str, Any]) -> None:
        run = self._lent.run() if state.is_world_process_zero else None
        optimizers = [each for each in [named.get("optimizer")] if each is not None]
        schedulers = [named.get("lr_scheduler")]

        def save(step: int) -> str:
            self._control.should_save = True
            return f"checkpoint-{step} in {args.output_dir}"

        self._steering = Steering(
            run, first_lr(optimizers), lambda lr: rescale(optimizers, schedulers, lr), save,
            lambda: present_lr(optimizers), torch_group(),
        )  # fmt: skip

    def on_optimizer_step(self, args: Any, state: Any, control: Any, **named: Any) -> None:
        """Logs more, when that was asked for: gradients are there yet."""
        if state.is_world_process_zero and named.get("model") is not None and (run := self._lent.run()).log_more:
            run.log(gradients_and_parameters(named["model"]), step=state.global_step)

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Does what was asked for."""
        self._control = control
        if self._steering is not None and self._steering.step(state.global_step):
            control.should_training_stop = True

    def _begin(self, args: Any, state: Any, named: dict[str, Any]) -> None:
        self._lent.turn_to(state.trial_name if state.is_hyper_param_search else None)
        config = {"args": args.to_sanitized_dict()}
        settings = getattr(named.get("model"), "config", None)
        if settings is not None:
            config["model"] = settings.to_dict()
        self._lent.run().configure(config)

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **_: Any) -> None:
        """Logs numbers and texts at the trainer's step."""
        if not state.is_world_process_zero:
            return
        run = self._lent.run()
        for key, value in (logs or {}).items():
            if isinstance(value, (int, float)):
                run.log({tag_of(key): value}, step=state.global_step)
            elif isinstance(value, str):
                run.log({tag_of(key): Text(value)}, step=state.global_step)

    def on_evaluate(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Stores everything: an evaluation may be the last that is heard of the trainer."""
        if state.is_world_process_zero:
            self._lent.run().flush()

    def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Stores everything; ends the run if it is the callback's own."""
        if self._steering is not None:
            self._steering.end()
            self._steering = None
        if state.is_world_process_zero:
            self._lent.finish()


def tag_of(key: str) -> str:
    """A key of the Trainer's as a tag: eval_loss is eval/loss, test_loss is test/loss, all else is train/…"""
    for part in ("eval", "test"):
        if key.startswith(f"{part}_"):
            return f"{part}/{key[len(part) + 1 :]}"
    return f"train/{key}"
