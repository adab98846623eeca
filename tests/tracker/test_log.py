"""`log()`: what it takes, what it says when it cannot, and how steps are counted."""

from __future__ import annotations

import contextlib
import logging
import math
import time
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tracker
from tracker import errors


@pytest.fixture
def run(logdir: Path) -> Iterator[tracker.Run]:
    """A run that is finished with its test."""
    with tracker.init(logdir=logdir, name="run") as made:
        yield made


def stored(run: tracker.Run) -> Any:
    """The run as it is read back, everything acknowledged."""
    assert run.flush()
    return tracker.open(run.logdir).run(run.name)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.25, 0.25), (3, 3.0), (True, 1.0), (np.float16(0.5), 0.5), (np.float32(0.1), float(np.float32(0.1))),
        (np.float64(-0.0), -0.0), (np.int64(-7), -7.0), (np.uint64(2**63), 2.0**63), (np.bool_(False), 0.0),
        (np.array(1.5), 1.5), (np.array([[2.5]]), 2.5), (Decimal("0.125"), 0.125), (Fraction(1, 4), 0.25),
        (math.inf, math.inf), (-math.inf, -math.inf), (math.nan, math.nan), (1e308, 1e308), (5e-324, 5e-324), (2**1000, 2.0**1000),
    ],
    ids=repr,
)  # fmt: skip
def test_any_kind_of_number_is_kept_exactly(run: tracker.Run, value: object, expected: float) -> None:
    """Numbers of Python and NumPy, one-element arrays, NaN and ±inf come back as the float64 they are."""
    run.log({"x": value}, step=0)
    run.log({"x": value, "y": value}, step=1)  # the way of several values is another one
    back = stored(run).scalars("x").value.tolist()
    assert [repr(number) for number in back] == [repr(expected)] * 2


def test_tensors_of_torch_are_numbers_too(run: tracker.Run, recwarn: pytest.WarningsRecorder) -> None:
    """A loss that still records its history is taken without it, and without a warning."""
    torch = pytest.importorskip("torch", reason="needs PyTorch, which only the tests use")
    weight = torch.ones(3, requires_grad=True)
    loss = (weight * 2).sum()
    run.log({"loss": loss, "bf16": torch.tensor(1.5, dtype=torch.bfloat16), "one": torch.tensor([0.5])}, step=0)
    run.log({"loss": loss}, step=1)
    back = stored(run)
    assert back.scalars("loss").value.tolist() == [6.0, 6.0]
    assert back.scalars("bf16").value.tolist() == [1.5]
    assert back.scalars("one").value.tolist() == [0.5]
    assert not recwarn.list


def test_what_is_logged_is_a_snapshot(run: tracker.Run) -> None:
    """Changing an array or the dictionary afterwards changes nothing that was logged."""
    values = {"a": 1.0, "b": np.array(2.0)}
    weights = np.ones(4, np.float32)
    picture = np.zeros((4, 4), np.uint8)
    for step in range(3):
        run.log({**values, "w": tracker.Histogram(weights), "p": tracker.Image(picture)}, step=step)
        values["a"] = 9.0
        values["b"][...] = 9.0
        weights += 1
        picture += 100
    back = stored(run)
    assert back.scalars("a").value.tolist() == [1.0, 9.0, 9.0]
    assert back.scalars("b").value.tolist() == [2.0, 9.0, 9.0]
    assert [each.max for each in back.histograms("w")] == [1.0, 2.0, 3.0]
    assert [int(item.array.max()) for item in back.images("p")] == [0, 100, 200]


def test_nested_dictionaries_join_their_keys(run: tracker.Run) -> None:
    """{"train": {"loss": …}} is the tag train/loss."""
    run.log({"train": {"loss": 1, "by class": {"cat": 2}}, "lr": 3}, step=0)
    assert stored(run).tags("scalar") == ["lr", "train/by class/cat", "train/loss"]


def test_steps_in_any_order_are_all_kept(run: tracker.Run) -> None:
    """Backwards, again, negative, at the ends of 64 bits: no step is refused and the order is that of the calls."""
    steps = [5, 5, 3, -1, 2**63 - 1, -(2**63), 0, 5]
    for i, step in enumerate(steps):
        run.log({"x": i}, step=step)
    back = stored(run).scalars("x")
    assert back.step.tolist() == steps
    assert back.value.tolist() == list(range(len(steps)))


def test_a_step_left_out_is_one_more_than_the_last(run: tracker.Run) -> None:
    """The counter begins at 0 and goes on from any step that was given."""
    for step in (None, None, 10, None, 4, None):
        run.log({"x": 0.0}, step=step)
    run.log({"x": 0.0, "y": 0.0})
    assert stored(run).scalars("x").step.tolist() == [0, 1, 10, 11, 4, 5, 6]


@pytest.mark.parametrize("step", [np.int32(7), np.uint8(7), 7.0, np.float64(7.0), np.array(7)], ids=repr)
def test_whole_numbers_of_other_kinds_are_steps(run: tracker.Run, step: Any) -> None:
    """NumPy's integers, and floats that are whole, as other frameworks' counters are."""
    run.log({"x": 1.0}, step=step)
    assert stored(run).scalars("x").step.tolist() == [7]


@pytest.mark.parametrize(
    "step", [1.5, "7", 2**63, -(2**63) - 1, math.nan, math.inf, [1], pytest.param(object(), id="object")], ids=repr
)
def test_what_is_no_step_is_refused_on_the_callers_line(run: tracker.Run, step: Any) -> None:
    """The message says what is wanted, and nothing of the call is stored."""
    run.log({"x": 0.0}, step=1)
    with pytest.raises(errors.StepError, match="whole number of 64 bits"):
        run.log({"x": 1.0}, step=step)
    assert len(stored(run).scalars("x")) == 1


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("high", "cannot be logged"), (None, "cannot be logged"), (1 + 2j, "cannot be logged"), (object(), "cannot be logged"),
        (b"1", "cannot be logged"), (np.array(["a"]), "cannot be logged"), (np.array([1j]), "cannot be logged"), ([1.0], "cannot be logged"),
        (np.zeros(3), "one number"), (np.zeros(0), "one number"), (10**400, "does not fit"), ([], "cannot be logged"),
        ([tracker.Text("a"), tracker.Image(np.zeros((2, 2)))], "values of one kind"),
    ],
    ids=lambda each: repr(each).partition(" at 0x")[0][:30],
)  # fmt: skip
def test_what_is_no_value_is_refused_on_the_callers_line(run: tracker.Run, value: Any, words: str) -> None:
    """A mistake is an error where it was made, and names the tag; nothing of that call is stored."""
    with pytest.raises(errors.TrackerError, match=words) as caught:
        run.log({"good": 1.0, "bad": value}, step=0)
    assert "bad" in str(caught.value)
    assert isinstance(caught.value, (ValueError, TypeError))
    run.log({"good": 2.0}, step=1)
    assert stored(run).scalars("good").value.tolist() == [2.0]


@pytest.mark.parametrize("values", [{"": 1.0}, {3: 1.0}, {None: 1.0}, {"a": {"b": 1.0}, "a/b": 2.0}], ids=repr)
def test_what_is_no_tag_is_refused(run: tracker.Run, values: Any) -> None:
    """Empty, not text, or the same tag twice in one call."""
    with pytest.raises(errors.TagError):
        run.log(values, step=0)


@pytest.mark.parametrize("values", [None, 3.0, [("a", 1.0)], "loss"], ids=repr)
def test_what_is_no_dictionary_is_refused(run: tracker.Run, values: Any) -> None:
    """As in log(loss)."""
    with pytest.raises(errors.LoggedTypeError, match="dictionary"):
        run.log(values, step=0)


def test_dictionaries_nested_without_end_are_refused(run: tracker.Run) -> None:
    """One that holds itself must not hang the training."""
    endless: dict[str, Any] = {}
    endless["again"] = endless
    with pytest.raises(errors.LoggedValueError, match="nested too deeply"):
        run.log(endless, step=0)


@pytest.mark.parametrize(
    "tag",
    ["ünïcödé 損失 🔥", "a" * 10_000, "../../etc/passwd", "/", "//", "a\nb\tc", "\x00", "'; DROP TABLE series--", "%_*[", "<script>", "é", "e\u0301", "\u202e"],
    ids=lambda tag: ascii(tag)[:24],
)  # fmt: skip
def test_odd_tags_come_back_as_they_were(run: tracker.Run, tag: str) -> None:
    """A tag is text and nothing else: whatever it holds, it is kept and names only its own series."""
    run.log({tag: 1.0}, step=0)
    run.log({tag: 2.0, "other": 0.0}, step=1)
    back = stored(run)
    assert set(back.tags("scalar")) == {tag, "other"}
    assert back.scalars(tag).value.tolist() == [1.0, 2.0]


def test_half_a_character_in_a_tag_is_shown_as_its_escape(run: tracker.Run) -> None:
    """File names can hold lone surrogates; no database takes them."""
    run.log({"a\ud800b": 1.0}, step=0)
    assert stored(run).tags("scalar") == ["a\\ud800b"]


def test_a_tag_may_be_logged_in_different_company(run: tracker.Run) -> None:
    """Alone or with others, the order of a series is the order of the calls."""
    for step in range(300):
        if step % 3 == 0:
            run.log({"x": step}, step=step)
        elif step % 3 == 1:
            run.log({"x": step, "y": 1.0}, step=step)
        else:
            run.log({"z": 0.0, "x": step}, step=step)
    assert stored(run).scalars("x").value.tolist() == list(range(300))


def test_a_loop_that_never_logs_the_same_tags_twice_still_works(run: tracker.Run) -> None:
    """A tag a step is a mistake, but not a reason to lose anything."""
    for step in range(600):
        run.log({f"loss_{step}": step, "all": step}, step=step)
    back = stored(run)
    assert back.scalars("all").value.tolist() == list(range(600))
    assert [back.scalars(f"loss_{step}").value.tolist() for step in (0, 300, 599)] == [[0.0], [300.0], [599.0]]


def test_the_time_of_a_point_is_that_of_the_call(run: tracker.Run) -> None:
    """Taken when log() was called, or as given; seconds since 1970."""
    import time

    before = time.time()
    run.log({"x": 1.0}, step=0)
    after = time.time()
    run.log({"x": 1.0}, step=1, wall_time=12.5)
    first, second = stored(run).scalars("x").wall_time.tolist()
    assert before <= first <= after
    assert second == 12.5


@pytest.mark.parametrize("wall_time", [math.nan, math.inf, "now"], ids=repr)
def test_what_is_no_time_is_refused(run: tracker.Run, wall_time: Any) -> None:
    """A point must lie somewhere on the axis of time."""
    with pytest.raises(errors.LoggedValueError, match="wall_time"):
        run.log({"x": 1.0}, step=0, wall_time=wall_time)


def test_logging_without_a_run_says_what_to_do() -> None:
    """The module's functions act on the run of the last init."""
    tracker.finish()
    with pytest.raises(errors.NoRunError, match=r"tracker\.init"):
        tracker.log({"x": 1.0})


def test_logging_after_finish_is_kept(run: tracker.Run, caplog: pytest.LogCaptureFixture) -> None:
    """The run goes on, and says so quietly, once; finished twice it is finished."""
    run.log({"x": 1.0}, step=0)
    run.finish()
    with caplog.at_level(logging.INFO, "tracker"):
        run.log({"x": 2.0}, step=1)
        run.log({"x": 3.0}, step=2)
    assert [(each.levelname, "goes on" in each.message) for each in caplog.records] == [("INFO", True)]
    run.finish()
    run.finish()
    stored = tracker.open(run.logdir).run("run")
    assert (stored.scalars("x").value.tolist(), stored.status) == ([1.0, 2.0, 3.0], "finished")


def test_logging_after_the_modules_finish_says_which_run_it_was(run: tracker.Run) -> None:
    """There is no run that the value could go to; nothing is dropped in silence."""
    tracker.finish()
    with pytest.raises(errors.NoRunError, match=r"(?s)finish\(\) ended 'run'.*resume='allow'"):
        tracker.log({"x": 1.0})


def test_several_runs_are_open_at_once(logdir: Path) -> None:
    """Each has its own file; the module's functions speak to the newest."""
    first, second = tracker.init(logdir=logdir, name="a"), tracker.init(logdir=logdir, name="b")
    first.log({"x": 1.0}, step=0)
    tracker.log({"x": 2.0}, step=0)
    first.finish()
    second.finish()
    store = tracker.open(logdir)
    assert store.run("a").scalars("x").value.tolist() == [1.0]
    assert store.run("b").scalars("x").value.tolist() == [2.0]


def test_any_thread_may_log(run: tracker.Run) -> None:
    """Thirty-two threads: nothing lost, nothing twice, and each thread's own order kept."""
    import threading

    def work(number: int) -> None:
        for i in range(500):
            run.log(
                {f"t{number}": i, "all": number * 1000 + i} if i % 2 else {"all": number * 1000 + i, f"t{number}": i},
                step=i,
            )

    threads = [threading.Thread(target=work, args=(number,)) for number in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    back = stored(run)
    everything = back.scalars("all").value
    assert sorted(everything.tolist()) == sorted(number * 1000 + i for number in range(32) for i in range(500))
    for number in range(32):
        assert back.scalars(f"t{number}").value.tolist() == list(range(500))
        own = everything[(everything >= number * 1000) & (everything < number * 1000 + 500)]
        assert own.tolist() == [number * 1000 + i for i in range(500)]


def test_points_logged_while_others_are_stored_are_kept(run: tracker.Run) -> None:
    """Dozens of commits happen during this loop, each of which removes from memory just what it stored."""
    until = time.monotonic() + 0.6
    step = 0
    while time.monotonic() < until:
        for _ in range(1000):
            run.log({"x": float(step)}, step=step)
            step += 1
    points = stored(run).scalars("x")
    assert (points.step == np.arange(step)).all()
    assert (points.value == points.step).all()


def test_a_run_ends_as_its_block_does(logdir: Path) -> None:
    """with tracker.init(): finished, stopped by Ctrl-C, or crashed, with the reason; the exception goes on."""
    endings: list[tuple[str, BaseException | None]] = [
        ("a", None),
        ("b", KeyboardInterrupt()),
        ("c", ValueError("no such file")),
    ]
    for name, error in endings:
        with contextlib.ExitStack() as stack:
            if error is not None:
                stack.enter_context(pytest.raises(type(error)))
            with tracker.init(logdir=logdir, name=name) as run:
                run.log({"x": 1.0}, step=0)
                if error is not None:
                    raise error
    store = tracker.open(logdir)
    assert [store.run(name).status for name in "abc"] == ["finished", "stopped", "crashed"]
    assert store.run("c").segments()[0].ending == "ValueError: no such file"


def test_a_run_refuses_to_be_pickled_and_says_what_to_do(run: tracker.Run) -> None:
    """It holds a file and a thread of this process; another one opens its own."""
    import pickle

    with pytest.raises(TypeError, match="resume='allow'"):
        pickle.dumps(run)
