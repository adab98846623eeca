"""What every run can be asked: to stop, to log more, to pause and to go on."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import threading
from pathlib import Path
from typing import Any

import pytest
from steering import LR, ask, command, run_stored, train_until, until

import tracker

ROOT = Path(__file__).resolve().parents[2]


def in_a_process(code: str, *words: str) -> str:
    """What a script prints; it ends well."""
    guard = "import faulthandler; faulthandler.dump_traceback_later(90, exit=True)\n"
    done = subprocess.run([sys.executable, "-c", guard + textwrap.dedent(code), *words], capture_output=True, text=True, timeout=100, cwd=ROOT, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


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
    loop.join(60)
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
        loop.join(60)


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
        loop.join(60)
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
