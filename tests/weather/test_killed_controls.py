"""A training that is killed, forked or without a disk while somebody asks things of it: each is done once, or said not to be."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest
from killed_controls import play
from steering import ask, asked, command, train_until, until

import tracker
from dashboard.cli import main as viz

ROOT = Path(__file__).resolve().parents[2]


def python(code: str, *words: str) -> subprocess.Popen[str]:
    """Starts a script; one that hangs ends with the stacks of its threads."""
    guard = "import faulthandler; faulthandler.dump_traceback_later(90, exit=True)\n"
    return subprocess.Popen(
        [sys.executable, "-c", guard + textwrap.dedent(code), *words], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )


def test_killed_at_random_moments_each_command_is_done_once(logdir: Path, figure: Callable[[str], None]) -> None:
    """A hundred commands, some kills of the training and of the server: none is done twice, none is lost silently."""
    figure(f"controls: {play(logdir, 100, seed=1)}; 0 twice, 0 lost silently")
    assert viz(["doctor", "--logdir", str(logdir)]) == 0


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_a_thousand_commands_and_as_many_kills_as_that_takes(logdir: Path, figure: Callable[[str], None]) -> None:
    """The same, for longer."""
    figure(f"controls: {play(logdir, 1_000, seed=1_000)}; 0 twice, 0 lost silently")


def test_the_receipt_is_in_the_file_before_anything_is_done(logdir: Path) -> None:
    """An action that kills its own process has been told as begun; the training that follows does not begin it again."""
    code = """
    import os, signal, sys, tracker
    run = tracker.init(logdir=sys.argv[1], name="a", resume="allow", machine=False)
    @run.action("die")
    def die():
        os.kill(os.getpid(), signal.SIGKILL)
    print("begun", flush=True)
    while True:
        run.log({"x": 1.0})
    """
    first = python(code, str(logdir))
    assert first.stdout is not None
    assert first.stdout.readline() == "begun\n"
    nonce = ask(logdir / "a", "die")
    assert first.wait(100) == -signal.SIGKILL
    stored = tracker.open(logdir).run("a")
    (found,) = stored.commands()
    assert (found.nonce, found.outcome, found.why) == (nonce, "started", "The run ended before this was done.")
    with tracker.init(logdir=logdir, name="a", resume="must", machine=False) as run:
        run.action("die")(lambda: os._exit(7))
        lr = run.control("lr", 1.0)
        assert asked(run, "lr", 2.0).outcome == "applied"
        assert lr.value == 2.0
        assert stored.commands()[0][6:8] == ("started", "The run ended before this was done.")
    first.stdout.close()


def test_a_forked_child_leaves_commands_to_its_parent(logdir: Path) -> None:
    """Also those that had come when it was forked; what it logs stands beside the run, which offers nothing there."""
    run = tracker.init(logdir=logdir, name="a", machine=False)
    lr = run.control("lr", 1.0)
    run.log({"x": 1.0})
    nonce, stop = ask(run.folder, "lr", 2.0), ask(run.folder, "stop")
    until(lambda: run.controls.arrivals.waiting == 2)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            stops = [run.should_stop]
            for _ in range(500):
                run.poll()
                run.log({"x": 2.0})
                stops.append(run.should_stop)
            status = 0 if (lr.value, any(stops), run.controls.takes) == (1.0, False, False) else 2
            run.control("childs", 1)
            run.finish()
        finally:
            os._exit(status)
    assert os.waitpid(child, 0)[1] == 0
    stored = tracker.open(logdir).run("a")
    assert {segment.reason for segment in stored.segments()} == {"start", "child"}
    assert [each.outcome for each in stored.commands()] == ["pending", "pending"]
    train_until(run, lambda: lr.value == 2.0 and run.should_stop)
    assert [command(run, each).outcome for each in (nonce, stop)] == ["applied", "applied"]
    assert [each.definition.name for each in stored.controls()] == ["lr"]
    run.finish()


def test_a_child_that_resumes_the_run_is_asked_instead(logdir: Path) -> None:
    """A process of its own in a child has a thread of its own."""
    run = tracker.init(logdir=logdir, name="a", machine=False)
    run.log({"x": 1.0})
    hear, tell = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            own = tracker.init(logdir=logdir, name="b", machine=False)
            lr = own.control("lr", 1.0)
            own.log({"x": 1.0})
            os.write(tell, b"begun")
            train_until(own, lambda: lr.value == 2.0)
            own.finish()
            os._exit(0)
        finally:
            os._exit(1)
    assert os.read(hear, 5) == b"begun"
    ask(logdir / "b", "lr", 2.0)
    assert os.waitpid(child, 0)[1] == 0
    run.finish()


FULL = """
import logging, resource, signal, sys, time, tracker
logging.disable(logging.WARNING)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
run = tracker.init(logdir=sys.argv[1], name="a", machine=False)
lr = run.control("lr", 1.0)
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
run.log({"x": 1.0})
run.flush()
resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
while run._writer.trouble is None:
    run.log({"x": 1.0})
print("full", flush=True)
while not run.should_stop:
    run.log({"x": 1.0})
run.log({"x": 1.0})
assert lr.value == 1.0
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
assert run.flush(60)
run.finish()
"""


def test_on_a_full_disk_nothing_is_changed_unsaid_but_the_training_can_be_stopped(logdir: Path) -> None:
    """What has no receipt does not happen, and is told so once there is room; Stop does, as it may be asked for that."""
    training = python(FULL, str(logdir))
    assert training.stdout is not None
    assert training.stdout.readline() == "full\n"
    nonce = ask(logdir / "a", "lr", 2.0)
    stop = ask(logdir / "a", "stop")
    assert training.wait(100) == 0
    training.stdout.close()
    found = {each.nonce: each for each in tracker.open(logdir).run("a").commands()}
    assert (found[nonce].outcome, found[nonce].why) == ("refused", "The disk did not take the receipt, so that it was not applied.")  # fmt: skip
    assert found[stop].outcome == "applied"
    assert [mark.text for mark in tracker.open(logdir).run("a").marks()] == ["stop"]


def test_viz_doctor_is_content_with_a_run_that_was_asked_things(
    logdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Receipts, definitions and marks are rows like others; and one that was changed is found."""
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        run.control("lr", 1.0)
        run.action("fail")(lambda: 1 / 0)
        asked(run, "lr", 2.0)
        asked(run, "fail")
        asked(run, "nothing")
    assert viz(["doctor", "--logdir", str(logdir)]) == 0
    (file,) = (logdir / "a").glob("events.*.sqlite")
    import sqlite3

    connection = sqlite3.connect(file)
    with connection:
        connection.execute("UPDATE receipts SET outcome=replace(outcome, 'refused', 'applied')")
    connection.close()
    capsys.readouterr()
    assert viz(["doctor", "--logdir", str(logdir)]) == 1
    assert re.search("receipt", capsys.readouterr().out)
    with pytest.raises(tracker.errors.StoreError, match="a receipt"):
        tracker.open(logdir).run("a").commands()
    viz(["doctor", "--logdir", str(logdir), "--repair"])
    outcomes = [each.outcome for each in tracker.open(logdir).run("a").commands()]
    assert sorted(outcomes) == ["applied", "failed", "never applied"], "what was saved, and what nobody answered now"
