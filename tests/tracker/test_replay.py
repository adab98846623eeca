"""What was asked of one run takes effect in another at the same steps, and at the same call of each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from steering import ask, asked

import tracker
from tracker import errors


def loop(run: tracker.Run, steps: int) -> list[Any]:
    """Two calls a step; what the value was at each, and when the action was called."""
    lr = run.control("lr", 1.0)
    seen: list[Any] = []
    run.action("evaluate")(lambda: seen.append("evaluated"))
    for step in range(steps):
        run.log({"train/loss": 1.0}, step=step)
        seen.append(lr.value)
        run.log({"val/loss": 1.0}, step=step)
        seen.append(lr.value)
    return seen


def told(logdir: Path, name: str) -> list[tuple[Any, ...]]:
    return [
        (each.name, each.value, each.step, each.outcome, each.why) for each in tracker.open(logdir).run(name).commands()
    ]


def bring(run: tracker.Run, name: str, value: Any = None) -> None:
    """Asks for something, which the next call of the loop comes by."""
    waiting = run.controls.arrivals.waiting
    ask(run.folder, name, value)
    while run.controls.arrivals.waiting == waiting:
        run.controls.look()


def recorded(logdir: Path, *places: tuple[int, str, str, Any]) -> None:
    """A run `source` that was asked things at (step, tag, name, value), each when the loop came by there."""
    with tracker.init(logdir=logdir, name="source", machine=False) as run:
        lr = run.control("lr", 1.0)
        run.action("evaluate")(lambda: None)
        run.control("gone", 0)
        del lr
        for step in range(20):
            for tag in ("train/loss", "val/loss"):
                run.log({tag: 1.0}, step=step)
                here = [(name, value) for at, where, name, value in places if (at, where) == (step, tag)]
                for name, value in here:
                    # The next call of the same kind a step later: so each is asked for one call before its place.
                    bring(run, name, value)


def test_a_schedule_takes_effect_at_the_same_calls(logdir: Path) -> None:
    """Between which of a step's two calls a value changed; an action too. Who asked is told again."""
    recorded(logdir, (3, "train/loss", "lr", 0.5), (5, "val/loss", "lr", 0.25), (5, "val/loss", "evaluate", None))
    with tracker.init(logdir=logdir, name="again", machine=False, replay="source") as run:
        seen = loop(run, 20)
    assert seen[: 2 * 3 + 2] == [1.0] * 7 + [0.5]  # after val/loss of step 3
    assert seen[2 * 6 :][:3] == ["evaluated", 0.25, 0.25]  # after train/loss of step 6
    assert told(logdir, "again") == told(logdir, "source")
    assert {each.author for each in tracker.open(logdir).run("again").commands()} == {"ada"}


def test_what_does_not_fit_is_refused_with_a_sentence(logdir: Path) -> None:
    """No such control, out of its bounds now, a step that is left out; commands of the page take effect beside it."""
    recorded(
        logdir, (2, "train/loss", "gone", 7), (4, "train/loss", "lr", 0.5), (6, "train/loss", "lr", 8.0),
        (8, "train/loss", "lr", 0.75),
    )  # fmt: skip
    with tracker.init(logdir=logdir, name="again", machine=False, replay="source") as run:
        lr = run.control("lr", 1.0, high=2.0)
        values = {}
        for step in range(20):
            run.log({"train/loss": 1.0}, step=step)
            if step != 8:
                run.log({"val/loss": 1.0}, step=step)
            values[step] = lr.value
        assert asked(run, "lr", 1.5).outcome == "applied"
        assert lr.value == 1.5
    assert (values[3], values[4], values[19]) == (1.0, 0.5, 0.5)
    answers = told(logdir, "again")
    assert [answer[3] for answer in answers] == ["refused", "applied", "refused", "refused", "applied"]
    assert "no control 'gone'" in answers[0][4]
    assert "at most 2" in answers[2][4]
    assert "after step 8" in answers[3][4]


def test_a_pause_is_left_out_and_a_stop_is_not(logdir: Path) -> None:
    """A pause changes nothing that is computed; what was asked for within it takes effect where it began."""
    with tracker.init(logdir=logdir, name="source", machine=False) as run:
        lr = run.control("lr", 1.0)
        held: list[int] = []

        def on_hold() -> None:
            held.append(1)
            if len(held) == 1:
                ask(run.folder, "lr", 0.5)
                ask(run.folder, "paused", False)

        run.controls.while_held = on_hold
        first = []
        for step in range(6):
            run.log({"x": 1.0}, step=step)
            first.append(lr.value)
            if step == 1:
                bring(run, "paused", True)
        bring(run, "stop")
        assert run.should_stop
    assert held
    with tracker.init(logdir=logdir, name="again", machine=False, replay="source") as run:
        lr = run.control("lr", 1.0)
        second: list[Any] = []
        while not run.should_stop:
            run.log({"x": 1.0})
            second.append(lr.value)
    assert second == first == [1.0, 1.0, 0.5, 0.5, 0.5, 0.5]
    assert [answer[0] for answer in told(logdir, "again")] == ["lr", "stop"]


def test_only_what_is_on_the_live_line_is_done_again(logdir: Path) -> None:
    """A rewind takes with it what was asked for after the step to which it goes back."""
    recorded(logdir, (2, "train/loss", "lr", 0.5), (12, "train/loss", "lr", 0.25))
    with tracker.init(logdir=logdir, name="source", machine=False, resume="must", step=10) as run:
        run.log({"train/loss": 1.0})
    with tracker.init(logdir=logdir, name="again", machine=False, replay="source") as run:
        assert {*loop(run, 20)} == {1.0, 0.5}


def test_what_is_not_come_to_is_told(logdir: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A training that ends sooner says what is left of the other's schedule."""
    recorded(logdir, (2, "train/loss", "lr", 0.5), (12, "train/loss", "lr", 0.25))
    with tracker.init(logdir=logdir, name="again", machine=False, replay="source") as run:
        loop(run, 5)
    assert "ended before 1 of what it was to replay; the first is lr after step 12" in caplog.text


def test_a_run_to_replay_has_to_be_there(logdir: Path) -> None:
    """Said where it is asked for; nothing is begun."""
    with pytest.raises(errors.RunNotFoundError):
        tracker.init(logdir=logdir, replay="nothing")
    assert tracker.open(logdir).runs() == []
