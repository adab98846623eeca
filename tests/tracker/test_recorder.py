"""The flight recorder without a framework: what is kept in memory, and what is written."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from recorded_training import recorded
from steering import ask, train_until

import tracker
import tracker.recorder
from tracker.errors import RecordingError
from tracker.recorder import tree
from tracker.recorder.allowance import Allowance
from tracker.recorder.losses import WINDOW, Losses
from tracker.recorder.recorder import ACTION, Recorder
from tracker.recorder.ring import Ring, Step

# --- in memory ---------------------------------------------------------------------------------------------------


@given(
    last=st.integers(1, 30),
    every=st.integers(1, 20),
    count=st.integers(1, 120),
    room=st.integers(2, 40),
    missed=st.sets(st.integers(0, 120)),
)
def test_each_of_the_last_steps_is_reached_from_a_state(
    last: int, every: int, count: int, room: int, missed: set[int]
) -> None:
    """Whatever fits, and whichever states were too dear: where there is room for as many as it takes."""
    ring = Ring(last, every, max_bytes=2 * 8 * room)
    ring.add_state(0, np.zeros(1))
    for step in range(1, count + 1):
        ring.add(Step(step))
        if ring.wants_state(step) and step not in missed:
            ring.add_state(step, np.zeros(1))
        assert len(ring.states) <= room
    steps = [each.step for each in ring.steps]
    assert steps == [*range(steps[0], count + 1)]
    assert len(steps) >= min(last, count) or ring.states[0].step < steps[0]
    first = min(each.step for each in ring.states)
    if room > 2 and not missed:
        wanted = range(max(1, count - last + 1), count + 1)
        assert all(first < step and (step >= steps[0]) for step in wanted)
    if first < steps[0]:
        assert steps[0] == first + 1, "the way from the state to the steps is there"


def test_batches_are_let_go_of_when_they_take_too_much() -> None:
    """The newest is always there."""
    ring = Ring(last=10, every=100, max_bytes=2 * 8 * 5)
    for step in range(1, 9):
        ring.add(Step(step, batch={"x": [np.zeros(2)]}))
    assert [each.step for each in ring.steps if each.batch is not None] == [7, 8]
    ring.add(Step(9, batch=np.zeros(100)))
    assert [each.step for each in ring.steps if each.batch is not None] == [9]


@pytest.mark.parametrize("scale", [1e-3, 1.0, 5e3])
def test_noise_is_no_spike_and_a_spike_is(scale: float) -> None:
    """Of a loss that falls, in whatever units."""
    random = np.random.default_rng(0)
    losses = Losses()
    for step in range(2000):
        loss = scale * (math.exp(-step / 500) + 0.3) * math.exp(random.normal(0, 0.3))
        assert losses.odd(loss) is None, step
    assert losses.odd(scale * 20)[0] == "spike"
    assert losses.odd(scale * 20) is None  # of odd ones close to each other, the first
    for _ in range(2 * WINDOW):
        losses.odd(scale * 0.3 * math.exp(random.normal(0, 0.3)))
    assert losses.odd(scale * 40)[0] == "spike"


def test_a_loss_that_is_not_finite_is_told_once() -> None:
    """A scaled gradient that overflows now and then is no news."""
    losses = Losses()
    found = [losses.odd(math.nan if step % 7 == 3 else 1.0) for step in range(50)]
    assert [step for step, each in enumerate(found) if each] == [3]
    assert found[3][0] == "nan"


def test_what_is_dear_is_done_rarely_and_evenly() -> None:
    """A share of the time, by a clock that counts what is done."""
    now = [0.0]
    allowance = Allowance(0.02, {"a": 1, "b": 1}, clock=lambda: now[0])
    done = []
    for step in range(1000):
        now[0] += 1.0
        if allowance.affords("a"):
            done.append(step)
            with allowance.spending("a"):
                now[0] += 0.3
    gaps = np.diff(done)
    assert set(gaps[1:].tolist()) <= {30, 31}
    assert allowance.spent["a"] / now[0] <= 0.011
    assert allowance.affords("b")


# --- on the disk ---------------------------------------------------------------------------------------------------


TREES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**130) | st.floats(allow_nan=False) | st.text(max_size=5)
    | st.builds(lambda n, d: np.arange(n).astype(d), st.integers(0, 5), st.sampled_from("f4 f8 u4 i8 ?".split())),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=12,
)  # fmt: skip


def same(one: Any, other: Any) -> bool:
    """Equal all the way down."""
    if isinstance(one, np.ndarray):
        return isinstance(other, np.ndarray) and one.dtype == other.dtype and np.array_equal(one, other)
    if isinstance(one, dict):
        return isinstance(other, dict) and one.keys() == other.keys() and all(same(one[k], other[k]) for k in one)
    if isinstance(one, list):
        return isinstance(other, list) and len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and one == other


@given(TREES)
def test_a_tree_is_read_as_it_was_written(written: Any) -> None:
    """Every number, text and array, under whatever names."""
    import tempfile

    with tempfile.TemporaryFile() as file:
        tree.write(written, file)
        file.seek(0)
        assert same(written, tree.read(file))


def test_the_form_is_that_of_the_trainers_checkpoints(tmp_path: Path) -> None:
    """Two packages that do not know each other write it: each reads the other's."""
    import trainer

    state = {"model": {"a.weight": np.arange(3.0)}, "step": 3, "random": {"seed": str(2**100)}, "list": [1, None, "x"]}
    with open(tmp_path / "ours.npz", "wb") as file:
        tree.write(state, file)
    trainer.save(state, tmp_path / "theirs.npz")
    with open(tmp_path / "theirs.npz", "rb") as file:
        assert same(tree.read(file), state)
    assert same(trainer.load(tmp_path / "ours.npz"), state)


def test_what_was_recorded_is_read_back(tmp_path: Path) -> None:
    """Each field, of the last steps and of the line."""
    recordings = recorded(tmp_path, keep="run", last=10)
    assert recordings.steps() == [*range(1, 61)]
    late, early = recordings[60], recordings[7]
    assert (late.loss, late.lr, late.epoch, late.is_done) == (60 % 7, (0.1, 0.2), 1, True)
    assert late.batch.tolist() == [60]
    assert late.random == {"seed": 1}
    assert late.gradients.tolist() == [60, 1]
    assert (early.batch, early.random) == (None, None)
    assert early.gradients.shape == (1,)
    assert early.state_step == 5
    assert early.state()["x"].tolist() == [5] * 10
    assert [each.step for each in recordings.until(9)] == [6, 7, 8, 9]
    with pytest.raises(RecordingError, match="Step 61 was not recorded"):
        recordings[61]


def test_states_of_a_long_run_are_thinned_evenly(tmp_path: Path) -> None:
    """They take no more of the disk than they may; every step is still there, and the first state too."""
    recordings = recorded(tmp_path, 400, keep="run", max_bytes=80 * 20, last=1)
    line = next(each.session for each in recordings.files if each.reason == "run")
    steps = sorted(recordings.states(line))
    assert steps[0] == 0
    files = list((recordings.folder / "states").iterdir())
    assert len(files) <= 22
    gaps = set(np.diff(steps[:-2]).tolist())
    assert len(gaps) <= 2, steps
    assert recordings.steps() == [*range(1, 401)]
    assert all(recordings[step].state_step is not None for step in (1, 200, 399))
    assert len(recordings.files) < 40


def test_equal_states_are_there_once(tmp_path: Path) -> None:
    """They are called by what they hold."""
    with tracker.init(logdir=tmp_path, name="run", machine=False) as run:
        recorder = Recorder(run, lambda: {"x": np.zeros(4)}, dict, every=1, max_overhead=None)
        for step in range(1, 6):
            recorder.state(step - 1)
            recorder.begin(step)
            recorder.end(1.0)
        recorder.keep("asked", "asked for")
        recorder.close()
    recordings = tracker.recorder.open(tmp_path / "run")
    assert len(list((recordings.folder / "states").iterdir())) == 1
    assert recordings[4].state_step == 3


def test_a_training_that_goes_back_is_another(tmp_path: Path) -> None:
    """Of a step that both have, the newer counts, with its own states."""
    recorded(tmp_path, 20, keep="run")
    first = tracker.recorder.open(tmp_path / "run")[18]
    recordings = recorded(tmp_path, 15, keep="run")
    assert recordings[18].session == first.session
    assert recordings[12].session > first.session


def test_a_full_disk_ends_no_training(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It is said in the log."""
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "recordings").write_text("in the way")
    recordings = recorded(tmp_path, 20, keep="run")
    assert not recordings
    assert "could not be recorded" in caplog.text


def test_the_button_writes_the_last_steps(tmp_path: Path) -> None:
    """It is an action of the run, called between two steps; once the training is over it says so."""
    with tracker.init(logdir=tmp_path, name="run", machine=False) as run:
        recorder = Recorder(run, dict, dict)
        recorder.begin(1)
        recorder.end(1.0)
        ask(run.folder, ACTION)
        train_until(run, lambda: tracker.recorder.open(run))
        recorder.close()
        del recorder
        ask(run.folder, ACTION)
        train_until(run, lambda: any(each.outcome == "failed" for each in run.commands()))
    assert [each.reason for each in tracker.recorder.open(tmp_path / "run").files] == ["asked"]
