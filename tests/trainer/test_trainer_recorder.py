"""A recorded step that is executed again is the step that was, bit for bit: loss and gradients."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tracker
import tracker.recorder
import trainer
from tracker.errors import RecordingError
from trainer import nn, optim
from trainer.callbacks import Callback, EarlyStopping, ScheduleCallback
from trainer.data import DataLoader, Dataset
from trainer.loop import Loop
from trainer.replay import replay

COUNT, BATCH = 42, 6
EPOCH = COUNT // BATCH
EPOCHS = 5
X = np.random.default_rng(1).standard_normal((COUNT, 4))
Y = (X[:, 0] + X[:, 1] > 0).astype(np.int64)


class Augmented(Dataset):
    """Samples that are another every time: by Python's generator, NumPy's old one, and one of its own."""

    def __init__(self, own: np.random.Generator, dtype: str) -> None:
        self.own, self.dtype = own, dtype

    def __len__(self) -> int:
        return COUNT

    def __getitem__(self, index: int) -> tuple[Any, int]:
        noise = random.gauss(0, 0.1) + np.random.standard_normal(4) * 0.1 + self.own.standard_normal(4) * 0.1
        return (X[index] + noise).astype(self.dtype), int(Y[index])


class Clip(Callback):
    """Gradients are never longer than a little."""

    def __init__(self, model: nn.Module) -> None:
        self.model = model

    def on_backward(self, loop: Loop) -> None:
        optim.clip_grad_norm_(self.model.parameters(), 0.3)


class Truth(Callback):
    """Loss and gradients of every step, as they were."""

    def __init__(self) -> None:
        self.steps: dict[int, tuple[float, dict[str, Any]]] = {}

    def on_between_steps(self, loop: Loop) -> None:
        gradients = {name: p.grad.data.copy() for name, p in loop.model.named_parameters() if p.grad is not None}
        self.steps[loop.step] = loop.logs["loss"], gradients


@trainer.replayable
def everything(dtype: str = "float32", seed: int | None = 3) -> trainer.Training:
    """Dropout, running statistics, a shuffle, augmentation, clipping, a schedule, early stopping."""
    trainer.manual_seed(0)
    random.seed(0)
    np.random.seed(0)
    own = np.random.default_rng(7)
    model = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Tanh(), nn.Dropout(0.3), nn.Linear(8, 2)).to(dtype)
    optimizer = optim.Adam(model.parameters(), lr=0.05)
    schedule = ScheduleCallback(optim.CosineAnnealingLR(optimizer, EPOCHS * EPOCH), every="step")
    return trainer.Training(
        model,
        DataLoader(Augmented(own, dtype), BATCH, shuffle=True, seed=seed),
        nn.CrossEntropyLoss(),
        optimizer,
        EPOCHS,
        validation=DataLoader((X.astype(dtype), Y), 10, shuffle=True),
        metrics="accuracy",
        callbacks=[Clip(model), EarlyStopping(patience=99), schedule],
        generators={"augment": own},
    )


def recorded(
    folder: Path, made: trainer.Training, *others: Callback, resume: Any = None, **options: Any
) -> tuple[tracker.recorder.Recordings, Truth]:
    """What is recorded of a training, and what it really did."""
    truth = Truth()
    options = {"max_overhead": None, **options}
    with tracker.init(logdir=folder, name="run", resume="allow", machine=False) as run:
        recorder = trainer.RecorderCallback(run, made, **options)
        made.fit(callbacks=[recorder, *others, truth], progress=False, resume=resume)
    return tracker.recorder.open(folder / "run"), truth


def assert_equal(replayed: Any, truth: tuple[float, dict[str, Any]]) -> None:
    """To the last bit, and it says so itself."""
    assert replayed.is_equal is True, replayed.differences
    assert replayed.error is None
    assert replayed.loss == truth[0]
    assert replayed.gradients.keys() == truth[1].keys()
    for name, gradient in truth[1].items():
        assert replayed.gradients[name].dtype == gradient.dtype
        assert replayed.gradients[name].tobytes() == gradient.tobytes(), name


@pytest.mark.parametrize(
    ("dtype", "seed"),
    [pytest.param("float32", 3, marks=pytest.mark.long), ("float64", 3), ("float32", None)],
    ids=["float32", "float64", "shared generator"],
)
def test_each_step_of_a_run_is_replayed_bit_for_bit(tmp_path: Path, dtype: str, seed: int | None) -> None:
    """Of several epochs, with all that is random or has a state (issue 19)."""
    recordings, truth = recorded(tmp_path, everything(dtype, seed), keep="run")
    assert recordings.steps() == [*range(1, EPOCHS * EPOCH + 1)]
    random.seed(99)  # whatever the process draws meanwhile
    for step in (1, 2, EPOCH, EPOCH + 1, 3 * EPOCH + 2, EPOCHS * EPOCH):
        replayed = replay(recordings, step, lambda: everything(dtype, seed))
        assert replayed.compared.keys() >= {"loss", "gradients"}
        assert_equal(replayed, truth.steps[step])


def test_the_last_steps_are_replayed_once_they_were_asked_for(tmp_path: Path) -> None:
    """As by the button on the page: nothing is on the disk before."""

    class Ask(Callback):
        def on_step_end(self, loop: Loop) -> None:
            if loop.step == 25:
                assert not tracker.recorder.open(tmp_path / "run")
                listener._recorder.keep("asked", "asked for")

    made = everything()
    truth = Truth()
    with tracker.init(logdir=tmp_path, name="run", machine=False) as run:
        listener = trainer.RecorderCallback(run, made, last=10, every=4, max_overhead=None)
        made.fit(callbacks=[listener, Ask(), truth], progress=False)
    recordings = tracker.recorder.open(tmp_path / "run")
    steps = recordings.steps()
    assert steps[-1] == 25
    assert 10 <= len(steps) <= 10 + 4
    assert len(recordings[steps[-1]].batch) == BATCH
    for step in steps[-10:-1]:
        replayed = replay(recordings, step, everything)
        assert replayed.compared.keys() == {"loss", "gradients", "batch"}
        assert_equal(replayed, truth.steps[step])
    mark = next(each for each in tracker.open(tmp_path).run("run").marks() if each.kind == "recording")
    assert mark.attributes["first"] == steps[0]
    assert mark.text.endswith("(asked for): viz replay run@25")


def test_a_resumed_training_is_replayed_too(tmp_path: Path) -> None:
    """From within an epoch; of a step that both made, the newer one counts."""

    class Stop(Callback):
        def on_step_end(self, loop: Loop) -> None:
            loop.stop = loop.step == EPOCH + 5

    path = tmp_path / "checkpoint.npz"

    class Save(Callback):
        def on_between_steps(self, loop: Loop) -> None:
            if loop.step == EPOCH + 3:
                trainer.save(loop.state_dict(), path)

    recorded(tmp_path, everything(), Stop(), Save(), keep="run")
    trainer.manual_seed(123)
    again = everything()
    again.optimizer.param_groups[0]["lr"] = 9.0  # which the checkpoint knows better
    recordings, truth = recorded(tmp_path, again, resume=path, keep="run")
    assert min(truth.steps) == EPOCH + 4
    for step in (EPOCH + 4, EPOCH + 5, EPOCH + 6, 4 * EPOCH):
        assert_equal(replay(recordings, step, everything), truth.steps[step])
    assert replay(recordings, EPOCH, everything).is_equal


def test_a_rate_that_was_set_by_hand_is_set_again(tmp_path: Path) -> None:
    """As from the page: it is in the recording, and in no code."""

    class Hand(Callback):
        def on_between_steps(self, loop: Loop) -> None:
            if loop.step == 12:
                loop.optimizer.param_groups[0]["lr"] = 0.5

    made = everything()
    made.callbacks = [each for each in made.callbacks if not isinstance(each, ScheduleCallback)]

    def make() -> trainer.Training:
        other = everything()
        other.callbacks = [each for each in other.callbacks if not isinstance(each, ScheduleCallback)]
        return other

    recordings, truth = recorded(tmp_path, made, Hand(), keep="run", every=9)
    replayed = replay(recordings, 17, make)
    assert_equal(replayed, truth.steps[17])
    assert replayed.notes[0].startswith("step 13 had the learning rate 0.5")


def test_another_training_is_not_called_equal(tmp_path: Path) -> None:
    """What differs is named, and where on the way it began to."""
    recordings, _ = recorded(tmp_path, everything(), keep="run")

    def other() -> trainer.Training:
        made = everything()
        made.loader.dataset.own = np.random.default_rng(8)  # type: ignore[attr-defined]
        return made

    replayed = replay(recordings, 9, other)
    assert replayed.is_equal is False
    assert replayed.differences[0].startswith("on the way, step 1 had the loss")
    assert any("the loss was" in each for each in replayed.differences)
    assert any("the gradient is another one" in each for each in replayed.differences)


def blown_up(lr: float = 0.1) -> trainer.Training:
    trainer.manual_seed(0)
    model = nn.Sequential({"first": nn.Linear(4, 4), "second": nn.Linear(4, 1)})

    def loss(output: Any, targets: Any) -> Any:
        return trainer.log(trainer.abs(output) - 2.0).mean() if model_steps[0] >= 30 else (output**2).mean()

    model_steps = [0]

    class Count(Callback):
        def on_batch_start(self, loop: Loop) -> None:
            model_steps[0] = loop.step

    loader = DataLoader((X.astype("float32"), Y), BATCH, shuffle=True, seed=1)
    return trainer.Training(model, loader, loss, optim.SGD(model.parameters(), lr=lr), 5, callbacks=[Count()])


def test_a_nan_is_written_and_its_maker_is_named(tmp_path: Path) -> None:
    """The recording is there without being asked for; the replay finds operation and line."""
    with np.errstate(all="ignore"):
        recordings, _ = recorded(tmp_path, blown_up())
        assert [(last, reason) for _, last, reason in recordings.ranges()] == [(31, "nan")]
        replayed = replay(recordings, 31, blown_up)
    assert np.isnan(replayed.loss)
    assert replayed.is_equal
    assert replayed.anomaly.startswith("log at ")
    assert "test_trainer_recorder.py" in replayed.anomaly
    assert replayed.modules["first"]["not_finite"] == 0
    assert list(replayed.modules) == ["first", "second"]


def test_an_exception_writes_the_last_steps_with_the_one_it_was_raised_in(tmp_path: Path) -> None:
    """That one is raised again."""

    def make() -> trainer.Training:
        made = everything()

        def loss(output: Any, targets: Any) -> Any:
            if made.optimizer.param_groups[0]["lr"] < 0.03:
                raise RuntimeError("too slow")
            return nn.CrossEntropyLoss()(output, targets)

        made.loss = loss
        return made

    with pytest.raises(RuntimeError, match="too slow"):
        recorded(tmp_path, make(), every=5)
    recordings = tracker.recorder.open(tmp_path / "run")
    ((_, last, reason),) = recordings.ranges()
    assert reason == "exception"
    assert recordings[last].is_done is False
    assert recordings[last].batch is not None
    assert recordings[last - 1].is_done
    replayed = replay(recordings, last, make)
    assert replayed.error == "RuntimeError: too slow"
    assert replayed.compared == {"batch": True}
    assert replay(recordings, last - 1, make).is_equal


@trainer.replayable
def accumulated(size: int = 3) -> trainer.SteppedTraining:
    """A loop of its own whose steps are made of several batches."""
    trainer.manual_seed(2)
    windows = np.random.default_rng(5)
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Dropout(0.2), nn.Linear(8, 2))
    optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)

    def step(number: int) -> tuple[float, int]:
        optimizer.zero_grad()
        total = 0.0
        for _ in range(size):
            chosen = windows.integers(0, COUNT, BATCH)
            loss = nn.CrossEntropyLoss()(model(X[chosen].astype("float32")), Y[chosen]) / size
            loss.backward()
            total += loss.item()
        optim.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        return total, number

    return trainer.SteppedTraining(model, optimizer, step, generators={"windows": windows})


def test_a_loop_of_ones_own_is_replayed(tmp_path: Path) -> None:
    """With batches that it draws itself, and gradients of several of them."""
    made = accumulated()
    truth: dict[int, tuple[float, dict[str, Any]]] = {}
    with (
        tracker.init(logdir=tmp_path, name="run", machine=False) as run,
        trainer.Recorder(run, made, keep="run", max_overhead=None) as recorder,
    ):
        for number in range(1, 41):
            loss, same = recorder.step(number)
            assert same == number
            truth[number] = loss, {name: p.grad.data.copy() for name, p in made.model.named_parameters()}
    recordings = tracker.recorder.open(tmp_path / "run")
    for step in (1, 10, 11, 25, 40):
        assert_equal(replay(recordings, step, accumulated), truth[step])


def test_without_states_a_step_is_recorded_and_not_replayed(tmp_path: Path) -> None:
    """They are larger than what memory it may take."""
    with np.errstate(all="ignore"):
        recordings, _ = recorded(tmp_path, blown_up(), max_bytes=300)
    moment = recordings[31]
    assert moment.state_step is None
    with pytest.raises(RecordingError, match="No state before step 31"):
        moment.state()


def test_states_are_checkpoints(tmp_path: Path) -> None:
    """`trainer.load` reads them, and `fit` goes on from them."""
    recordings, _ = recorded(tmp_path, everything(), keep="run")
    session = recordings[1].session
    state = trainer.load(next((recordings.folder / "states").iterdir()))
    assert state["model"].keys() == everything().model.state_dict().keys()
    steps = sorted(recordings.states(session))
    assert recordings.state(session, steps[-1])["step"] == steps[-1]


def test_what_cannot_be_recorded_is_refused_where_it_is_said() -> None:
    """An array is no argument of a training that is made again from a recording."""

    @trainer.replayable
    def make(data: Any) -> trainer.Training:
        raise AssertionError("not called")

    with pytest.raises(trainer.ArgumentError, match="the argument data cannot be recorded"):
        make(np.zeros(3))
    with pytest.raises(trainer.ArgumentError, match="the argument data cannot be recorded"):
        make(float("nan"))


def test_the_first_steps_cost_no_more_than_they_may(tmp_path: Path) -> None:
    """With a clock by which looking at gradients is dear, few steps have their checksums."""
    recordings, _ = recorded(tmp_path, everything(), keep="run", max_overhead=1e-6)
    looked = [recordings[step].gradients is not None for step in recordings.steps()]
    assert looked[0]
    assert sum(looked) < len(looked) / 2
    assert replay(recordings, 20, everything).compared == {"loss": True}
