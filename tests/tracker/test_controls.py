"""What is asked for on the page takes effect between two steps, once, or is refused with a sentence."""

from __future__ import annotations

import gc
import logging
import math
import subprocess
import sys
import textwrap
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from steering import answered, ask, asked, command, train_until, until

import tracker
from tracker import errors
from tracker.store.read.commands import Asked

ROOT = Path(__file__).resolve().parents[2]


def in_a_process(code: str, *words: str) -> str:
    """What a script prints; it ends well."""
    guard = "import faulthandler; faulthandler.dump_traceback_later(45, exit=True)\n"
    done = subprocess.run([sys.executable, "-c", guard + textwrap.dedent(code), *words], capture_output=True, text=True, timeout=60, cwd=ROOT, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


# --- values and refusals -------------------------------------------------------------------------------------

LR = {"value": 1e-3, "low": 1e-6, "high": 1.0, "log": True}
DEEP = "[" * 100_000 + "]" * 100_000

KINDS: list[tuple[dict[str, Any], list[Any], list[tuple[Any, str]]]] = [
    # how it is declared; what it takes; what it refuses, and with what words
    (LR, [0.5, 1e-6, 1.0, 1], [(2.0, "at most 1"), (0, "at least 1e-06"), ("0.5", "a number"), (True, "and not true"), (None, "a number"), ([0.5], "and not a list"), (10**400, "a number")]),
    ({"value": 4, "low": 1, "high": 64}, [8, 8.0, 64], [(8.5, "whole number"), (0, "at least 1"), (1 << 70, "64 bits"), (1e300, "64 bits"), (False, "whole number")]),
    ({"value": 1, "low": 0.5}, [2, 2.5], [(0.25, "at least 0.5")]),
    ({"value": False}, [True, False], [(1, "true or false"), ("true", "true or false")]),
    ({"value": "adam", "choices": ["adam", "sgd", 1, True]}, ["sgd", 1, True], [("lion", "one of 'adam', 'sgd', 1, true"), (0, "one of"), ({"a": 1}, "an object")]),
    ({"value": "a cat"}, ["a dog", "", "🐈 \ud800"], [(7, "a text"), ("x" * 20_000, "10,000 characters"), (["a"], "a text")]),
]  # fmt: skip


@pytest.mark.parametrize(("declared", "good", "bad"), KINDS, ids=["number", "int", "mixed", "bool", "choice", "text"])
def test_a_control_takes_what_it_was_declared_to(
    run: tracker.Run, declared: dict[str, Any], good: list[Any], bad: list[tuple[Any, str]]
) -> None:
    """Each kind of value, at its bounds and beyond; what is refused changes nothing and says why."""
    control = run.control("it", **declared)
    assert control.value == declared["value"]
    for value in good:
        before = control.value
        found = asked(run, "it", value)
        wanted = value if not isinstance(value, str) else value.replace("\ud800", "\\ud800")
        assert (found.outcome, found.value, found.old, found.why) == ("applied", wanted, before, None)
        assert control.value == wanted
        assert isinstance(control.value, float) == isinstance(declared.get("low"), float)
        assert found.author == "ada"
        assert found.step is not None
    kept = control.value
    for value, words in bad:
        found = asked(run, "it", value)
        assert found.outcome == "refused"
        assert words in str(found.why), found
        assert found.old == kept
        assert control.value == kept
        assert type(control.value) is type(kept)


def test_what_is_out_of_date_is_refused(run: tracker.Run) -> None:
    """Two people at two pages: the second one saw the value that the first one replaced. The program counts as well."""
    lr = run.control("lr", **LR)
    first, second = ask(run.folder, "lr", 0.01, 0.001), ask(run.folder, "lr", 0.02, 0.001)
    found = answered(run, first, second)
    assert (command(run, first).outcome, found.outcome) == ("applied", "refused")
    assert found.why == "Out of date: lr is 0.01 by now, and not 0.001 as it was seen."
    lr.value = 0.005
    assert asked(run, "lr", 0.02, 0.01).outcome == "refused"
    ((definition, value),) = run_stored(run).controls()
    assert (definition.name, value) == ("lr", 0.005), "who is refused is told what it is"
    assert asked(run, "lr", 0.02, 0.005).outcome == "applied"
    assert asked(run, "lr", 0.03, False).outcome == "refused"


def run_stored(run: tracker.Run) -> Any:
    """The same run as it stands in its files."""
    run.flush()
    return tracker.open(run.logdir).run(run.name)


def test_what_is_no_control_is_refused_also_when_it_is_one_later(run: tracker.Run) -> None:
    """By its name, with a sentence; and what has a name now is found by it."""
    assert asked(run, "dropout", 0.5).why == "There is no control 'dropout'."
    run.control("dropout", 0.1)
    assert asked(run, "dropout", 0.5).outcome == "applied"


def test_many_at_once_are_answered_in_their_order(run: tracker.Run) -> None:
    """Twenty between two steps, each with the value before it in view."""
    size = run.control("size", 0, low=0, high=100)
    nonces = [ask(run.folder, "size", number + 1, number) for number in range(20)]
    answered(run, *nonces)
    found = [command for command in run.commands() if command.nonce in nonces]
    assert [each.outcome for each in found] == ["applied"] * 20
    assert [each.old for each in found] == list(range(20))
    assert size.value == 20


def test_the_loop_sees_a_change_between_two_steps_only(run: tracker.Run) -> None:
    """What a step reads twice is the same both times, however fast somebody asks; the receipt says after which step."""
    lr = run.control("lr", 0.0)
    changes: list[tuple[int, float]] = []
    nonces: list[str] = []
    for step in range(10_000_000):
        before = lr.value
        if step % 50 == 0 and len(nonces) < 10:
            nonces.append(ask(run.folder, "lr", step + 0.5))
        assert lr.value == before
        run.log({"x": before}, step=step)
        if lr.value != before:
            changes.append((step, lr.value))
        if lr.value == 450.5:
            break
    told = [(each.step, each.value) for each in run.commands()]
    assert [value for _, value in told] == [50 * number + 0.5 for number in range(10)]
    last_of_step = dict(told)  # of several that were asked for between two steps the loop sees the last one
    assert changes == list(last_of_step.items())


# --- what a program declares ---------------------------------------------------------------------------------

MISTAKES: list[tuple[str, dict[str, Any], type[Exception]]] = [
    ("", {"value": 1}, errors.ControlTypeError),
    ("x" * 201, {"value": 1}, errors.ControlError),
    ("stop", {"value": 1}, errors.ControlError),
    ("a", {"value": None}, errors.ControlTypeError),
    ("a", {"value": object()}, errors.ControlTypeError),
    ("a", {"value": np.zeros(3)}, errors.ControlTypeError),
    ("a", {"value": math.nan}, errors.ControlError),
    ("a", {"value": 5, "high": 4}, errors.ControlError),
    ("a", {"value": 1, "low": 2, "high": 1}, errors.ControlError),
    ("a", {"value": 1, "low": math.inf}, errors.ControlTypeError),
    ("a", {"value": 1, "low": "0"}, errors.ControlTypeError),
    ("a", {"value": 0.5, "low": 0.0, "log": True}, errors.ControlError),
    ("a", {"value": 0.5, "log": True}, errors.ControlError),
    ("a", {"value": "b", "low": 1}, errors.ControlError),
    ("a", {"value": "b", "choices": ["c"]}, errors.ControlError),
    ("a", {"value": "b", "choices": "bcd"}, errors.ControlError),
    ("a", {"value": "b", "choices": []}, errors.ControlError),
    ("a", {"value": "b", "choices": ["b", object()]}, errors.ControlTypeError),
    ("a", {"value": 1 << 80}, errors.ControlError),
]


@pytest.mark.parametrize(("name", "declared", "kind"), MISTAKES)
def test_a_mistake_is_raised_on_the_callers_line(
    run: tracker.Run, name: str, declared: dict[str, Any], kind: type[Exception]
) -> None:
    """By name, and as what a caller would catch anyway."""
    with pytest.raises(kind) as caught:
        run.control(name, **declared)
    assert isinstance(caught.value, (ValueError, TypeError))
    assert run_stored(run).controls() == []


def test_other_mistakes_are_raised_too(run: tracker.Run) -> None:
    """An action without its name, and a step that is none."""
    with pytest.raises(errors.ControlTypeError, match="needs the name"):
        run.action(lambda: None)  # type: ignore[type-var, arg-type]
    with pytest.raises(errors.ControlError, match="has 'paused' already"):
        run.action("paused")
    with pytest.raises(errors.StepError):
        run.poll("soon")  # type: ignore[arg-type]
    run.poll(np.int64(4))  # type: ignore[arg-type]


def test_numbers_of_any_framework_begin_a_control(run: tracker.Run) -> None:
    """As everywhere else; what comes of it is Python's own."""
    found = [run.control(str(number), value).value for number, value in enumerate(
        [np.float32(0.5), np.int16(3), np.bool_(True), np.array([2.0])])]  # fmt: skip
    assert found == [0.5, 3, True, 2.0]
    assert [*map(type, found)] == [float, int, bool, float]


def test_declared_again_it_is_the_same_object(run: tracker.Run) -> None:
    """A cell that is run twice keeps what the page said; one that says something else begins anew."""
    lr = run.control("lr", **LR)
    asked(run, "lr", 0.5)
    assert run.control("lr", **LR) is lr
    assert lr.value == 0.5
    assert run_stored(run).controls()[0].value == 0.5
    assert run.control("lr", 0.25, low=0.0, high=1.0) is lr
    assert (lr.value, lr.definition.log) == (0.25, False)
    ((definition, value),) = run_stored(run).controls()
    assert (definition.value, definition.low, value) == (0.25, 0.0, 0.25)
    assert asked(run, "lr", 0.0).outcome == "applied"


def test_the_file_says_what_is_offered(run: tracker.Run) -> None:
    """All that a page needs for a slider, a box or a button; and none of it counts as something that was logged."""
    run.control("lr", **LR, doc="of the optimizer")
    run.control("optimizer", "adam", choices=["adam", "sgd"])

    @run.action("evaluate", confirm=True)
    def evaluate() -> None:
        """Runs the test set.

        All of it.
        """

    stored = run_stored(run)
    found = {each.definition.name: each for each in stored.controls()}
    assert found["lr"].definition.json() == {
        "type": "number", "value": 1e-3, "low": 1e-6, "high": 1.0, "log": True, "doc": "of the optimizer",
    }  # fmt: skip
    assert found["optimizer"].definition.choices == ("adam", "sgd")
    assert found["evaluate"].definition.json() == {
        "type": "action",
        "value": None,
        "confirm": True,
        "doc": "Runs the test set.",
    }
    assert stored.tags() == []
    run.finish()
    with tracker.init(logdir=run.logdir, name=run.name, resume="must", machine=False) as again:
        again.log({"x": 1.0})
        again.flush()
        assert stored.scalars("x").step.tolist() == [0], "what a run offers is no step"


# --- actions -------------------------------------------------------------------------------------------------


def test_an_action_is_called_once_between_two_steps(run: tracker.Run) -> None:
    """On the loop's own thread, where it may touch the model, log, and declare more."""
    called: list[tuple[int, int]] = []
    step = -1

    @run.action("evaluate")
    def evaluate() -> None:
        called.append((threading.get_ident(), step))
        run.log({"test/accuracy": 0.5}, step=step)
        run.control("more", 1)

    nonce = ask(run.folder, "evaluate")
    for step in range(1_000_000):
        run.log({"x": 1.0}, step=step)
        if called and command(run, nonce).outcome == "done":
            break
    found = command(run, nonce)
    assert called == [(threading.get_ident(), found.step)]
    assert run_stored(run).scalars("test/accuracy").step.tolist() == [found.step]
    assert asked(run, "more", 2).outcome == "applied"
    assert asked(run, "evaluate", 5).why == "evaluate is an action, which takes no value."
    marks = [mark for mark in run_stored(run).marks() if mark.kind == "control"]
    assert (marks[0].text, marks[0].step) == ("evaluate", found.step)
    assert marks[1].text == "more 1 → 2"
    assert marks[1].attributes == {"name": "more", "value": 2, "old": 1, "author": "ada"}


def test_an_actions_exception_is_told_and_ends_nothing(run: tracker.Run, caplog: pytest.LogCaptureFixture) -> None:
    """With its traceback, beginning at the action; the loop goes on, and so do the commands after it."""

    @run.action("evaluate")
    def evaluate() -> None:
        raise ZeroDivisionError("no examples")

    lr = run.control("lr", 1.0)
    failed, changed = ask(run.folder, "evaluate"), ask(run.folder, "lr", 2.0)
    answered(run, failed, changed)
    found = command(run, failed)
    assert (found.outcome, found.why, lr.value) == ("failed", "ZeroDivisionError: no examples", 2.0)
    (record,) = [each for each in caplog.records if each.levelno == logging.ERROR]
    assert "in evaluate" in record.getMessage()
    assert "KeyError" not in record.getMessage(), "what log() was at is nothing of the action's"
    assert "applier.py" not in record.getMessage()
    assert "evaluate failed: ZeroDivisionError: no examples" in [mark.text for mark in run_stored(run).marks()]


class Ends(BaseException):
    """What no one catches by accident, as Ctrl-C is."""


@pytest.mark.parametrize(("raised", "ends_training"), [(ValueError("enough"), True), (Ends(), False)])
def test_an_action_may_end_the_training(run: tracker.Run, raised: BaseException, ends_training: bool) -> None:
    """If it was declared so, or raises what always does: out of log(), once that is answered. What waited behind it
    is told as not begun."""

    @run.action("abort", ends_training=ends_training)
    def abort() -> None:
        raise raised

    @run.action("after")
    def after() -> None:
        raise AssertionError("never called")

    lr = run.control("lr", 1.0)
    nonces = [ask(run.folder, "abort"), ask(run.folder, "after"), ask(run.folder, "lr", 2.0)]
    with pytest.raises(type(raised)) as caught:
        answered(run, *nonces)
    assert caught.value is raised
    run.finish()
    found = {each.name: each for each in run.commands()}
    assert found["abort"].outcome == "failed"
    assert (found["after"].outcome, found["lr"].outcome) in [
        ("refused", "applied"), ("never applied", "never applied"), ("refused", "never applied"),
    ]  # fmt: skip  # whatever of them had come by then
    assert lr.value == (2.0 if found["lr"].outcome == "applied" else 1.0)


# --- what every run has --------------------------------------------------------------------------------------


def test_stop_is_answered_when_the_loop_looks(run: tracker.Run) -> None:
    """Until then it is told as not looked at; the loop ends where it likes to."""
    assert not run.should_stop
    nonce = ask(run.folder, "stop")
    train_until(run, lambda: run.controls.arrivals.schedule.waits or run.controls._stops)
    assert command(run, nonce)[6:8] == ("pending", "The training has not looked at run.should_stop yet.")
    assert run.should_stop
    assert run.should_stop
    found = command(run, nonce)
    assert (found.outcome, found.step) == ("applied", run_stored(run).scalars("x").step[-1])
    assert asked_to_stop_again(run).outcome == "applied"


def asked_to_stop_again(run: tracker.Run) -> Any:
    """A second one is answered as well."""
    nonce = ask(run.folder, "stop")
    train_until(run, lambda: run.should_stop and command(run, nonce).outcome != "pending")
    return command(run, nonce)


def test_stop_needs_no_log(run: tracker.Run) -> None:
    """A loop that only asks whether to stop is told."""
    nonce = ask(run.folder, "stop")
    until(lambda: run.should_stop)
    assert command(run, nonce).outcome == "applied"


def test_a_run_that_never_looks_is_over_before_it_stops(run: tracker.Run) -> None:
    """Which is said, and nothing else of it is."""
    nonce = ask(run.folder, "stop")
    for _ in range(20):
        run.log({"x": 1.0})
    train_until(run, lambda: run.controls._stops)
    run.finish()
    assert command(run, nonce)[6:8] == ("never applied", "The run was over before it looked at run.should_stop.")


def test_log_more_is_true_for_so_many_steps(run: tracker.Run) -> None:
    """Counted from the step after which it was asked for."""
    assert not run.log_more
    found = asked_quietly(run, "log more", 5)
    seen = [run.log_more]
    for step in range(found.step, found.step + 8):
        run.poll(step)
        seen.append(run.log_more)
    assert seen == [True, True, True, True, True, True, False, False, False]


def asked_quietly(run: tracker.Run, name: str, value: Any) -> Any:
    """Asks, and polls at the same step until that is answered."""
    nonce = ask(run.folder, name, value)
    until(lambda: (run.poll(7), command(run, nonce).outcome == "applied")[1])
    return command(run, nonce)


def test_poll_is_enough_for_a_loop_that_logs_rarely(run: tracker.Run) -> None:
    """What was asked for takes effect there, at the step that is given."""
    lr = run.control("lr", **LR)
    found = asked_quietly(run, "lr", 0.25)
    assert (lr.value, lr.since, found.step) == (0.25, 7, 7)


def test_a_paused_loop_waits_in_log_and_takes_commands(run: tracker.Run, caplog: pytest.LogCaptureFixture) -> None:
    """Until somebody lets it go on; meanwhile it is alive, and does what is asked."""
    lr = run.control("lr", **LR)
    steps = 0

    def train() -> None:
        nonlocal steps
        while lr.value != 1.0:
            run.log({"x": 1.0})
            steps += 1

    loop = threading.Thread(target=train)
    loop.start()
    paused = ask(run.folder, "paused", True)
    until(lambda: command(run, paused).outcome == "applied")
    until(lambda: any("is paused" in each.getMessage() for each in caplog.records))
    held = steps
    changed = ask(run.folder, "lr", 0.5)
    until(lambda: command(run, changed).outcome == "applied")
    assert (steps, lr.value, loop.is_alive()) == (held, 0.5, True)
    assert run_stored(run).status == "running"
    ask(run.folder, "paused", False)
    until(lambda: steps > held + 10)
    ask(run.folder, "lr", 1.0)
    loop.join(20)
    assert not loop.is_alive()


def test_all_threads_that_log_are_held(run: tracker.Run) -> None:
    """A pause is one of the run, whoever logs; and it ends for all."""
    ends = threading.Event()
    counts = [0, 0]

    def train(number: int) -> None:
        while not ends.is_set():
            run.log({f"x{number}": 1.0})
            counts[number] += 1

    loops = [threading.Thread(target=train, args=(number,)) for number in range(2)]
    for loop in loops:
        loop.start()
    until(lambda: all(counts))
    nonce = ask(run.folder, "paused", True)
    until(lambda: command(run, nonce).outcome == "applied")

    def stand_still() -> bool:
        before = list(counts)
        changed = ask(run.folder, "log more", 1)
        until(lambda: command(run, changed).outcome == "applied")
        return counts == before

    until(stand_still)
    held = list(counts)
    ask(run.folder, "paused", False)
    until(lambda: all(count > before + 10 for count, before in zip(counts, held, strict=True)))
    ends.set()
    for loop in loops:
        loop.join(20)


def test_stop_and_finish_end_a_pause(logdir: Path) -> None:
    """Who is held can be asked to stop; and a run that another thread finishes holds nobody."""
    for how in ("stop", "finish"):
        run = tracker.init(logdir=logdir, name=how, machine=False)
        seen: list[bool] = []

        def train(run: tracker.Run = run, seen: list[bool] = seen) -> None:
            while not seen or not (run.should_stop or "finished" in repr(run)):
                run.log({"x": 1.0})
                seen.append(run.controls.offers.paused.value)
                if run.should_stop or "finished" in repr(run):
                    return

        loop = threading.Thread(target=train)
        loop.start()
        nonce = ask(run.folder, "paused", True)
        until(lambda: command(run, nonce).outcome == "applied")  # noqa: B023 called at once
        if how == "stop":
            ask(run.folder, "stop")
        else:
            run.finish()
        loop.join(20)
        assert not loop.is_alive()
        run.finish()


def test_ctrl_c_ends_a_paused_training() -> None:
    """As at any other line of it, and the run says so."""
    code = """
    import os, signal, sys, tempfile, threading, time, tracker
    from pathlib import Path
    from tracker.store.write import page_file
    folder = tempfile.mkdtemp()
    run = tracker.init(logdir=folder, name="a", machine=False)
    def interrupt():
        page_file.add_command(run.folder, "n", "control:paused", True, None, None)
        while not run.controls.offers.paused.value:
            time.sleep(0.001)
        os.kill(os.getpid(), signal.SIGINT)
    threading.Thread(target=interrupt).start()
    try:
        with run:
            while True:
                run.log({"x": 1.0})
    except KeyboardInterrupt:
        print(tracker.open(folder).run("a").status, [each.outcome for each in run.commands()])
    """
    assert in_a_process(code) == "stopped ['applied']\n"


# --- threads, parts of a run, what is off --------------------------------------------------------------------


def test_only_the_loops_thread_does_what_is_asked(run: tracker.Run) -> None:
    """A loader that logs beside it leaves the model alone; when the loop's thread has ended, another one does it."""
    called: list[str] = []

    @run.action("evaluate")
    def evaluate() -> None:
        called.append(threading.current_thread().name)

    run.should_stop
    ends = threading.Event()
    logged = 0

    def load() -> None:
        nonlocal logged
        while not ends.is_set():
            run.log({"queue": 1.0})
            logged += 1

    loader = threading.Thread(target=load, name="loader")
    loader.start()
    nonce = ask(run.folder, "evaluate")
    until(lambda: run.controls.arrivals.schedule.waits)
    seen = logged
    until(lambda: logged > seen + 100)
    assert called == []
    answered(run, nonce)
    assert called == [threading.current_thread().name]
    loop = threading.Thread(target=lambda: run.poll(), name="loop")
    loop.start()
    loop.join()
    nonce = ask(run.folder, "evaluate")
    until(lambda: len(called) == 2)
    assert called[1] == "loader"
    ends.set()
    loader.join()


def test_what_was_asked_before_a_part_began_is_refused(logdir: Path) -> None:
    """A command to a training that died is none to the one that takes its place; controls begin as the program says."""
    run = tracker.init(logdir=logdir, name="a", machine=False)
    run.control("lr", **LR)
    assert asked(run, "lr", 0.5).outcome == "applied"
    run.finish()
    late = ask(run.folder, "lr", 0.25)
    stop = ask(run.folder, "stop")
    assert command(run, late)[6:8] == ("never applied", "The run was over.")
    again = tracker.init(logdir=logdir, name="a", resume="must", machine=False)
    lr = again.control("lr", **LR)
    found = answered(again, late, stop)
    assert (found.outcome, found.why) == ("refused", "It was asked before this part of the run began.")
    assert command(again, late).value == 0.25
    assert (lr.value, again.should_stop) == (0.001, False)
    assert run_stored(again).controls()[0].value == 0.001
    assert asked(again, "lr", 0.75).outcome == "applied"
    again.finish()
    assert [each.outcome for each in again.commands()] == ["applied", "refused", "refused", "applied"]


def test_a_run_that_goes_on_after_its_end_offers_the_same(run: tracker.Run) -> None:
    """In another file, which says so too; what was asked between is refused, and it is neither stopped nor paused."""
    lr = run.control("lr", **LR)
    asked(run, "lr", 0.5)
    nonce = ask(run.folder, "stop")
    until(lambda: run.should_stop)
    run.finish()
    between = ask(run.folder, "lr", 0.75)
    run.log({"x": 1.0})
    assert lr.value == 0.5
    assert asked(run, "lr", 0.9).outcome == "applied"
    assert command(run, between).outcome == "refused"
    assert command(run, nonce).outcome == "applied"
    assert not run.should_stop
    assert lr.value == 0.9
    assert [each.value for each in run_stored(run).controls()] == [0.9]


def test_of_two_processes_in_one_run_the_newer_one_answers(logdir: Path) -> None:
    """Who resumes a run that still goes on takes its controls over: nothing is done twice."""
    old = tracker.init(logdir=logdir, name="a", machine=False)
    first = old.control("lr", **LR)
    old.log({"x": 1.0})
    new = tracker.init(logdir=logdir, name="a", resume="must", machine=False)
    second = new.control("lr", **LR)
    nonce = ask(new.folder, "lr", 0.5)
    train_until(old, lambda: (new.log({"x": 1.0}), second.value == 0.5)[1])
    assert command(new, nonce).outcome == "applied"
    until(lambda: old.controls not in watched())
    assert first.value == 0.001
    old.finish()
    new.finish()


def watched() -> list[Any]:
    """Whose page is looked at in this process."""
    from tracker.controls.watch import WATCH

    return list(WATCH._watched)


@pytest.mark.parametrize("how", ["argument", "environment"])
def test_controls_can_be_switched_off(logdir: Path, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then nobody looks at anything, and the file does not say that somebody would."""
    if how == "environment":
        monkeypatch.setenv("VIZ_CONTROLS", "0")
    with tracker.init(logdir=logdir, name="a", machine=False, controls=how != "argument") as run:
        lr = run.control("lr", **LR)
        ask(run.folder, "lr", 0.5)
        ask(run.folder, "stop")
        for _ in range(50):
            run.log({"x": 1.0})
            run.poll()
        assert not run.should_stop
        assert lr.value == 0.001
        assert run.controls not in watched()
        stored = run_stored(run)
        assert stored.controls() == []
        assert stored.segments()[-1].environment["controls"] is False
    with tracker.init(logdir=logdir, name="b", machine=False, controls=how != "argument") as run:
        assert run_stored(run).segments()[-1].environment["controls"] is False


def test_a_run_that_nobody_holds_is_let_go_of(logdir: Path) -> None:
    """The watching thread holds no run, and ends when there is none."""
    run = tracker.init(logdir=logdir, name="a", machine=False)
    run.control("lr", **LR)
    run.log({"x": 1.0})
    assert run.controls in watched()
    gone = weakref.ref(run)
    tracker.init(logdir=logdir, name="b", machine=False, controls=False)  # the current one from here on
    del run
    gc.collect()
    assert gone() is None
    until(lambda: tracker.open(logdir).run("a").status == "finished")
    until(lambda: not [each for each in threading.enumerate() if each.name.startswith("everystep-commands")])


# --- events --------------------------------------------------------------------------------------------------


def test_events_are_heard_at_the_next_step_or_at_once(run: tracker.Run, caplog: pytest.LogCaptureFixture) -> None:
    """In their order; who fails is told of in the log, and hears the next one all the same."""
    from tracker.store.write import page_file

    heard: dict[str, list[tuple[str, str]]] = {"loop": [], "thread": [], "other": []}

    def listen(name: str) -> Callable[[Asked], None]:
        def hear(event: Asked) -> None:
            heard[name].append((event.value, threading.current_thread().name.split("-")[0]))
            if event.value == "1":
                raise ValueError("odd event")

        return hear

    run.controls.listen("event:plot", listen("loop"))
    at_once = run.controls.listen("event:", listen("thread"), thread=True)
    run.controls.listen("event:other", listen("other"))
    for number in range(3):
        page_file.add_command(run.folder, f"e{number}", "event:plot", number, None, None)
    until(lambda: len(heard["thread"]) == 3)
    assert heard["loop"] == []
    train_until(run, lambda: len(heard["loop"]) == 3)
    assert heard["thread"] == [("0", "everystep"), ("1", "everystep"), ("2", "everystep")]
    assert heard["loop"] == [(str(number), threading.current_thread().name.split("-")[0]) for number in range(3)]
    assert heard["other"] == []
    assert sum("odd event" in str(each.exc_info) for each in caplog.records) == 2
    run.controls.unlisten(at_once)
    page_file.add_command(run.folder, "e3", "event:plot", 3, None, None)
    train_until(run, lambda: len(heard["loop"]) == 4)
    assert len(heard["thread"]) == 3
    assert run.commands() == [], "events are no commands, and nothing is answered to them"


def test_who_listens_when_the_loop_waits_is_called_too(run: tracker.Run) -> None:
    """A paused training hears clicks."""
    from tracker.store.write import page_file

    heard: list[str] = []
    run.controls.listen("event:", lambda event: heard.append(event.value))
    loop = threading.Thread(target=lambda: train_until(run, lambda: heard))
    loop.start()
    nonce = ask(run.folder, "paused", True)
    until(lambda: command(run, nonce).outcome == "applied")
    page_file.add_command(run.folder, "e", "event:a", 1, None, None)
    until(lambda: heard)
    ask(run.folder, "paused", False)
    loop.join(20)
    assert not loop.is_alive()
