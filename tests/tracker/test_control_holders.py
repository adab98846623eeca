"""Who answers what a run is asked: of its threads, its parts and its processes one, or nobody."""

from __future__ import annotations

import gc
import threading
import weakref
from pathlib import Path
from typing import Any

import pytest
from steering import LR, answered, ask, asked, command, run_stored, train_until, until

import tracker


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
    until(lambda: gone() is None)  # the thread may be at a look just now, for which it holds it
    until(lambda: tracker.open(logdir).run("a").status == "finished")
    until(lambda: not [each for each in threading.enumerate() if each.name.startswith("everystep-commands")])
