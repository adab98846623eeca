"""fit, evaluate, predict: what is trained, announced and returned, and how it ends."""

from __future__ import annotations

import io
import os
import signal
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import trainer
from trainer import ArgumentError, nn, optim
from trainer.callbacks import EVENTS, Callback, EarlyStopping, ModelCheckpoint, Pace, ScheduleCallback
from trainer.data import DataLoader
from trainer.loop import Loop, evaluate, fit, predict
from trainer.metrics import accuracy, named_metrics
from trainer.progress import Progress

RANDOM = np.random.default_rng(1)
X = RANDOM.standard_normal((60, 4)).astype(np.float32)
Y = (X[:, 0] + X[:, 1] > 0).astype(np.int64)


def parts(lr: float = 0.1) -> tuple[nn.Sequential, DataLoader, nn.CrossEntropyLoss, optim.SGD]:
    """A small classification that can be learned."""
    model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 2))
    return model, DataLoader((X, Y), 20, shuffle=True, seed=0), nn.CrossEntropyLoss(), optim.SGD(model.parameters(), lr)


class Listener(Callback):
    """Writes down what it hears."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, int, int]] = []
        self.logs: list[dict[str, float]] = []


def _note(event: str) -> Any:
    def hear(self: Listener, loop: Loop) -> None:
        self.heard.append((event, loop.epoch, loop.step))
        self.logs.append(dict(loop.logs))

    return hear


for _event in EVENTS:
    setattr(Listener, _event, _note(_event))


def test_events_come_in_order_and_the_first_update_is_step_1() -> None:
    """Steps count completed updates; on_backward names the one to come."""
    model, _, loss, optimizer = parts()
    listener = Listener()
    fit(model, [(X, Y), (X, Y)], loss, optimizer, 1, callbacks=[listener], progress=False)
    batch = ["on_batch_start", "on_backward", "on_step_end", "on_between_steps"]
    assert [e for e, _, _ in listener.heard] == [
        "on_fit_start", "on_epoch_start", *batch, *batch, "on_epoch_end", "on_fit_end",
    ]  # fmt: skip
    assert [s for e, _, s in listener.heard if e in ("on_backward", "on_step_end")] == [1, 1, 2, 2]


def test_history_holds_means_of_every_epoch() -> None:
    """Over samples, not batches; validation under val_."""
    model, loader, loss, optimizer = parts(lr=0.0)
    history = fit(model, loader, loss, optimizer, 2, validation=[(X, Y)], metrics="accuracy", progress=False)
    expected = evaluate(model, loader, loss, "accuracy")
    assert list(history) == ["loss", "accuracy", "val_loss", "val_accuracy"]
    for name in ("loss", "accuracy"):
        np.testing.assert_allclose(history[name], [expected[name]] * 2, rtol=1e-5)
        np.testing.assert_allclose(history[f"val_{name}"], history[name], rtol=1e-5)
    assert not history.interrupted


def test_a_model_learns() -> None:
    """And the thin methods of Sequential do the same."""
    model, loader, loss, optimizer = parts(lr=0.5)
    history = model.fit(loader, loss, optimizer, 40, metrics=["accuracy"], progress=False)
    assert history["loss"][-1] < 0.2 < history["loss"][0]
    assert model.evaluate(loader, metrics={"right": accuracy})["right"] > 0.95
    probabilities = model.predict(X, batch_size=7)
    assert probabilities.shape == (60, 2)
    np.testing.assert_array_equal(probabilities, predict(model, loader.dataset.tensors[0]))
    assert predict(model, DataLoader((X, Y), 8)).shape == (60, 2)
    assert predict(model, X[:0]).shape == (0, 2)


def test_evaluation_changes_nothing() -> None:
    """No dropout, running statistics untouched, nothing recorded, training mode as before."""
    model = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Dropout(0.9), nn.Linear(4, 2))
    model.train()
    before = model.state_dict()
    first, second = (evaluate(model, [(X, Y)], nn.CrossEntropyLoss()) for _ in range(2))
    assert first == second
    assert model.training
    for name, value in model.state_dict().items():
        np.testing.assert_array_equal(value, before[name])
    assert np.isnan(evaluate(model, [], nn.CrossEntropyLoss())["loss"])


def test_the_mode_of_the_model_is_put_back() -> None:
    """fit trains, whatever the mode was before."""
    model, loader, loss, optimizer = parts()
    model.eval()
    fit(model, loader, loss, optimizer, 1, progress=False)
    assert not model.training


def test_targets_and_inputs_may_be_arrays() -> None:
    """Also float64 inputs, for a float32 model (CONTRACT)."""
    model, _, loss, optimizer = parts()
    fit(model, [(X.astype(np.float64), Y)], loss, optimizer, 1, progress=False)
    fit(model, [(X.astype(np.float64), np.eye(2)[Y])], loss, optimizer, 1, metrics="accuracy", progress=False)


def test_a_loader_without_batches_is_an_error() -> None:
    """The generator that was gone through once."""
    model, _, loss, optimizer = parts()
    with pytest.raises(ArgumentError, match="none in epoch 2"):
        fit(model, iter([(X, Y)]), loss, optimizer, 2, progress=False)
    with pytest.raises(ArgumentError, match=r"\(inputs, targets\)"):
        fit(model, [X], loss, optimizer, 1, progress=False)
    assert fit(model, [], loss, optimizer, 0, progress=False) == {}


def test_ctrl_c_ends_after_the_step_and_keeps_what_was_learned(tmp_path: Any) -> None:
    """The checkpoint of the last step is written, and the handler is put back (issue 4)."""
    model, loader, loss, optimizer = parts()
    path = tmp_path / "model.npz"

    class PressCtrlC(Callback):
        def on_backward(self, loop: Loop) -> None:
            if loop.step == 5:
                os.kill(os.getpid(), signal.SIGINT)

    listener, seen = Listener(), []

    class Keep(Callback):
        def on_step_end(self, loop: Loop) -> None:
            seen.append(loop.model.state_dict()["0.weight"])

    # Early stopping goes back to the best epoch at the end; the checkpoint is of the last step all the same.
    callbacks = [ModelCheckpoint(path), PressCtrlC(), EarlyStopping(), listener, Keep()]
    history = fit(model, loader, loss, optimizer, 50, validation=loader, callbacks=callbacks, progress=False)
    assert history.interrupted
    assert len(history["val_loss"]) == 1
    assert listener.heard[-1] == ("on_fit_end", 2, 5)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    saved = trainer.load(path)
    assert saved["step"] == 5
    np.testing.assert_array_equal(saved["model"]["0.weight"], seen[-1])


def test_a_keyboard_interrupt_of_another_handler_ends_it_too() -> None:
    """As in a notebook, or a program with a handler of its own."""
    model, loader, loss, optimizer = parts()

    class Raise(Callback):
        def on_step_end(self, loop: Loop) -> None:
            raise KeyboardInterrupt

    assert fit(model, loader, loss, optimizer, 5, callbacks=[Raise()], progress=False).interrupted


def test_training_in_a_thread_leaves_signals_alone() -> None:
    """Only the main thread may set handlers."""
    model, loader, loss, optimizer = parts()
    done: list[Any] = []
    thread = threading.Thread(target=lambda: done.append(fit(model, loader, loss, optimizer, 1, progress=False)))
    thread.start()
    thread.join()
    assert len(done[0]["loss"]) == 1


def test_a_callback_may_stop_the_training() -> None:
    """After the step that runs; the epoch's numbers are of what was done."""
    model, loader, loss, optimizer = parts()

    class Stop(Callback):
        def on_step_end(self, loop: Loop) -> None:
            loop.stop = loop.step == 4

    listener = Listener()
    history = fit(model, loader, loss, optimizer, 9, callbacks=[Stop(), listener], progress=False)
    assert len(history["loss"]) == 2
    assert listener.heard[-1] == ("on_fit_end", 2, 4)


def test_early_stopping_goes_back_to_the_best() -> None:
    """Ends after `patience` epochs without improvement; a NaN is none."""
    model, _, loss, optimizer = parts()
    values = iter([3.0, 2.0, 2.5, float("nan"), 1.0])
    states = []

    class Pretend(Callback):
        def on_epoch_end(self, loop: Loop) -> None:
            loop.logs["val_loss"] = next(values)
            states.append(loop.model.state_dict())

    stopping = EarlyStopping(patience=2)
    history = fit(model, [(X, Y)], loss, optimizer, 9, callbacks=[Pretend(), stopping], progress=False)
    assert len(history["loss"]) == 4
    assert stopping.best_epoch == 2
    np.testing.assert_array_equal(model.state_dict()["0.weight"], states[1]["0.weight"])
    with pytest.raises(ArgumentError, match="validation=loader"):
        fit(model, [(X, Y)], loss, optimizer, 1, callbacks=[EarlyStopping()], progress=False)


def test_checkpoints_follow_the_best_and_training_goes_on_from_there(tmp_path: Any) -> None:
    """Model and optimizer come back as they were."""
    model, loader, loss, optimizer = parts()
    optimizer.param_groups[0]["momentum"] = 0.9
    best = ModelCheckpoint(tmp_path / "best-{epoch}.npz", monitor="loss")
    fit(model, loader, loss, optimizer, 2, callbacks=[best, ModelCheckpoint(tmp_path / "last.npz")], progress=False)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["best-1.npz", "best-2.npz", "last.npz"]
    saved = trainer.load(tmp_path / "last.npz")
    assert (saved["epoch"], saved["step"]) == (2, 6)
    other, _, _, again = parts()
    other.load_state_dict(saved["model"])
    again.load_state_dict(saved["optimizer"])
    for m, o in ((model, optimizer), (other, again)):
        fit(m, [(X, Y)], loss, o, 2, progress=False)
    np.testing.assert_array_equal(model.state_dict()["2.weight"], other.state_dict()["2.weight"])


def test_schedules_step_by_epoch_or_update() -> None:
    """The learning rate falls while fit runs."""
    for every, steps in (("epoch", 2), ("step", 6)):
        model, loader, loss, optimizer = parts()
        schedule = optim.ExponentialLR(optimizer, 0.5)
        fit(model, loader, loss, optimizer, 2, callbacks=[ScheduleCallback(schedule, every)], progress=False)
        assert optimizer.param_groups[0]["lr"] == pytest.approx(0.1 * 0.5**steps)
    with pytest.raises(ArgumentError, match="every"):
        ScheduleCallback(schedule, "batch")


def test_pace_waits_as_long_as_needed() -> None:
    """A slow step is not made up for; time is injected."""
    now = [0.0]
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(round(seconds, 6))
        now[0] += seconds

    pace = Pace(10, clock=lambda: now[0], sleep=sleep)
    pace.on_fit_start(None)  # type: ignore[arg-type]
    for work in (0.03, 0.02, 0.5, 0.04):
        now[0] += work
        pace.on_step_end(None)  # type: ignore[arg-type]
    assert slept == [0.07, 0.08, 0.06]
    with pytest.raises(ArgumentError, match="> 0"):
        Pace(0)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def run_with_progress(file: io.StringIO) -> str:
    model, loader, loss, optimizer = parts()
    times = iter(range(1000))
    fit(model, loader, loss, optimizer, 2, callbacks=[Progress(file, clock=lambda: next(times))], progress=False)
    return file.getvalue()


def test_progress_is_a_bar_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """One line that is drawn over and fits the width, and a line for each finished epoch."""
    monkeypatch.setenv("COLUMNS", "60")
    text = run_with_progress(Terminal())
    assert "epoch 1/2 [========                ] 1/3 loss" in text
    assert text.count("\n") == 2
    assert {len(part) for part in text.replace("\n", "\r").split("\r") if part} == {59}


def test_progress_is_a_line_an_epoch_elsewhere() -> None:
    """No control characters in log files."""
    text = run_with_progress(io.StringIO())
    assert text.count("\n") == 2
    assert "\r" not in text
    assert text.startswith("epoch 1/2 3 steps in 4.0 s loss")


def test_progress_goes_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    """stdout stays free for results."""
    model, loader, loss, optimizer = parts()
    fit(model, loader, loss, optimizer, 1)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("epoch 1/1")


@pytest.mark.parametrize(
    ("output", "target", "expected"),
    [
        (np.eye(3), np.array([0, 1, 1]), 2 / 3),
        (np.eye(3), np.eye(3), 1.0),
        (trainer.eye(3), trainer.tensor([0, 0, 2]), 2 / 3),
        (np.array([[2.0], [-1.0]]), np.array([1, 1]), 0.5),
        (np.array([2.0, -1.0]), np.array([1.0, 0.0]), 1.0),
        (np.eye(3)[None], np.array([[0, 1, 2]]), 1.0),
    ],
)
def test_accuracy(output: Any, target: Any, expected: float) -> None:
    """Classes, one-hot rows, yes-or-no, and a class at every place."""
    assert accuracy(output, target) == pytest.approx(expected)


def test_metrics_are_named() -> None:
    """By name, function, list or dict."""
    assert (
        named_metrics("accuracy") == named_metrics(["accuracy"]) == named_metrics([accuracy]) == {"accuracy": accuracy}
    )
    assert np.isnan(accuracy(np.zeros((0, 3)), np.zeros(0)))
    with pytest.raises(ArgumentError, match="'f1'"):
        named_metrics("f1")
    with pytest.raises(trainer.ShapeError, match="accuracy"):
        accuracy(np.eye(3), np.zeros(2))
    with pytest.raises(trainer.ShapeError, match="accuracy"):
        accuracy(np.zeros((3, 1)), np.zeros(2))


def test_frozen_modules_stay_frozen() -> None:
    """A batch norm that was set to eval() for fine-tuning learns no statistics, not even after a validation."""
    model = nn.Sequential(nn.Linear(2, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))
    model[1].eval()
    before = model[1].state_dict()
    batches = [(np.ones((4, 2), np.float32), np.array([0, 1, 0, 1]))]
    optimizer = trainer.optim.SGD(model.parameters())
    model.fit(batches, nn.CrossEntropyLoss(), optimizer, 2, validation=batches, progress=False)
    model.predict(batches[0][0])
    assert [m.training for m in model] == [True, False, True]
    for name in ("running_mean", "running_var", "num_batches_tracked"):
        np.testing.assert_array_equal(model[1].state_dict()[name], before[name])


def test_predict_leaves_targets_out_of_any_loader() -> None:
    """Pairs of a list, of a generator, and lists as PyTorch's loader gives them."""
    model = nn.Linear(2, 3)
    x, y = np.ones((4, 2), np.float32), np.zeros(4, int)
    expected = trainer.predict(model, x)
    for loader in ([(x, y)], iter([(x, y)]), [[x, y]], [x]):
        np.testing.assert_array_equal(trainer.predict(model, loader), expected)


@pytest.mark.parametrize(
    ("loader", "loss", "says"),
    [
        ((np.ones((4, 2)), np.zeros(4, int)), nn.CrossEntropyLoss(), "try DataLoader((inputs, targets)"),
        ([{"x": np.ones((4, 2))}], nn.CrossEntropyLoss(), "with a dict as inputs"),
        ([], "mse", "such as trainer.nn.CrossEntropyLoss()"),
    ],
)
def test_what_other_libraries_would_take_is_answered_with_what_to_give(loader: Any, loss: Any, says: str) -> None:
    """Arrays, batches that are dicts, and losses by name."""
    model = nn.Linear(2, 2)
    with pytest.raises(ArgumentError) as caught:
        trainer.fit(model, loader, loss, trainer.optim.SGD(model.parameters()), 1, progress=False)
    assert says in str(caught.value)


def test_a_checkpoint_makes_its_folder_and_refuses_what_cannot_hold_it(tmp_path: Path) -> None:
    """Before the training, not after its first epoch."""
    model = nn.Linear(2, 2)
    batches = [(np.ones((4, 2), np.float32), np.zeros(4, int))]
    keep = ModelCheckpoint(tmp_path / "new" / "folder" / "{epoch}.npz")
    optimizer = trainer.optim.SGD(model.parameters())
    trainer.fit(model, batches, nn.CrossEntropyLoss(), optimizer, 1, callbacks=[keep], progress=False)
    assert trainer.load(tmp_path / "new" / "folder" / "1.npz")["step"] == 1
    with pytest.raises(ArgumentError, match="whole training"):
        ModelCheckpoint("weights.safetensors")
