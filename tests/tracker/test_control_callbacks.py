"""A program's functions that the page may call: actions, and who listens to events."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

import pytest
from steering import answered, ask, asked, command, run_stored, train_until, until

import tracker
from tracker.store.read.commands import Asked

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

    def is_done() -> bool:
        nonlocal step
        step += 1
        run.log({"x": 1.0}, step=step)
        return bool(called) and command(run, nonce).outcome == "done"

    until(is_done)  # not after so many steps: on a busy machine a loop is a million ahead before anybody looks
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


def test_of_a_very_long_traceback_the_end_is_kept(run: tracker.Run, caplog: pytest.LogCaptureFixture) -> None:
    """What went wrong stands there."""

    @run.action("evaluate")
    def evaluate() -> None:
        raise ZeroDivisionError("x" * 50_000 + " no examples")

    assert answered(run, ask(run.folder, "evaluate")).outcome == "failed"
    (record,) = [each for each in caplog.records if each.levelno == logging.ERROR]
    assert record.getMessage().endswith("x no examples\n")
    assert len(record.getMessage()) < 10_200


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
    loop.join(60)
    assert not loop.is_alive()
