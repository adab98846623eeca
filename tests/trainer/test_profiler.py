"""`trainer.profile()`: every operation and gradient of a step, with its time, its module and its bytes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tracker
import trainer
from dashboard.profiles import trace, words
from trainer import nn
from trainer.data import DataLoader, collate
from trainer.function import mode

RANDOM = np.random.default_rng(0)
INPUTS = RANDOM.standard_normal((40, 8)).astype(np.float32)
TARGETS = RANDOM.integers(0, 3, 40)


def small() -> nn.Sequential:
    return nn.Sequential({"first": nn.Linear(8, 16), "tanh": nn.Tanh(), "last": nn.Linear(16, 3)})


def profiled() -> tuple[trainer.Profiler, dict[str, Any]]:
    """Four steps on a clock that only goes while a sample is loaded (10 µs each) or is read (1 µs)."""
    now = [0]

    def clock(ns: int = 1_000) -> int:
        now[0] += ns
        return now[0]

    def slowly(samples: list[Any]) -> Any:
        clock(10_000 * len(samples))
        return collate(samples)

    model, loader = small(), DataLoader((INPUTS, TARGETS), batch_size=10, collate_fn=slowly)
    optimizer, loss = trainer.optim.Adam(model.parameters()), nn.CrossEntropyLoss()
    with trainer.profile(clock) as profiler:
        for inputs, targets in loader:
            optimizer.zero_grad()
            loss(model(inputs), targets).backward()
            optimizer.step()
            profiler.step()
    return profiler, profiler.trace()


def events(found: dict[str, Any], category: str) -> list[dict[str, Any]]:
    return [each for each in found["traceEvents"] if each["ph"] == "X" and each.get("cat") == category]


def test_every_operation_and_gradient_is_timed_where_it_ran() -> None:
    """A clock that ticks shows which lies in which: the operations in their modules, gradients in "backward"."""
    ticks = iter(range(0, 10**9, 1000))
    model = small()
    with trainer.profile(clock=lambda: next(ticks)) as profiler:
        model(INPUTS).sum().backward()
        profiler.step()
    found = profiler.trace()
    forward, backward = events(found, "forward"), events(found, "backward")
    assert [(each["name"], each["args"]["module"]) for each in forward] == [
        ("linear", "first"),
        ("tanh", "tanh"),
        ("linear", "last"),
        ("sum", ""),
    ]
    assert [each["name"] for each in backward] == [
        "sum gradient",
        "linear gradient",
        "tanh gradient",
        "linear gradient",
    ]
    assert [each["args"]["module"] for each in backward] == ["", "last", "tanh", "first"]
    assert forward[0]["args"] == {"module": "first", "shape": [40, 16], "dtype": "float32", "bytes": 40 * 16 * 4}
    assert backward[3]["args"]["bytes"] == (8 * 16 + 16) * 4
    assert {each["dur"] for each in forward + backward} == {1.0}
    read = trace.build(found)
    inside = {
        read.names[read.name[i]]: read.names[read.name[read.parent[i]]] for i in range(len(read)) if read.parent[i] >= 0
    }
    assert inside["tanh"] == "tanh (Tanh)"
    assert inside["tanh (Tanh)"] == "Sequential"
    assert inside["tanh gradient"] == "backward"
    assert inside["backward"] == "ProfilerStep#0"
    arrows = {(read.names[read.name[a]], read.names[read.name[b]]) for a, b in read.flows.tolist()}
    assert arrows == {("linear", "linear gradient"), ("tanh", "tanh gradient"), ("sum", "sum gradient")}


def test_what_arrays_take_rises_forward_and_falls_back() -> None:
    """The memory line: results are held until their gradients are done, and nothing is left at the end."""
    x = trainer.tensor(np.ones((100, 100), np.float32), requires_grad=True)
    with trainer.profile() as profiler:
        loss = ((x * 2.0).tanh() * 3.0).sum()
        held = profiler.trace()["traceEvents"][-1]["args"]["bytes"]
        loss.backward()
        del loss
        x.grad = None
    lines = [each["args"]["bytes"] for each in profiler.trace()["traceEvents"] if each["ph"] == "C"]
    assert held >= 40_000
    assert max(lines) >= held
    assert lines[-1] == 0
    assert min(lines) >= 0


def test_steps_loader_and_optimizer_are_said_in_words() -> None:
    """The page speaks of this trace as it does of torch.profiler's."""
    _, found = profiled()
    names = {each["name"] for each in found["traceEvents"]}
    assert {"DataLoader.__next__", "backward", "optimizer", "ProfilerStep#0", "ProfilerStep#3"} <= names
    said = [each["text"] for each in words.sentences(trace.build(found))]
    assert said[0].startswith("4 steps, typically ")
    steps = [each["dur"] for each in events(found, "step")]
    share = 4 * 101 / sum(steps)
    assert f"The loader takes {share:.0%} of the step.".replace("%", " %") in said
    assert any(text.startswith("Going back takes ") for text in said)
    assert any(text.startswith("CPU memory peaks at ") for text in said)


def test_a_profile_is_kept_with_the_run(tmp_path: Path) -> None:
    """tracker.Profile takes it as it takes torch.profiler's, and gives back the trace."""
    profiler, found = profiled()
    with tracker.init(tmp_path, name="a", machine=False) as run:
        run.log({"profile": tracker.Profile(profiler)}, step=3)
    read = trace.read(tracker.open(tmp_path).run("a").profile())
    assert len(read) == sum(each["ph"] == "X" for each in found["traceEvents"])


@pytest.mark.parametrize("steps", [range(1, 3), range(2, 4), range(4, 50)])
def test_fit_profiles_the_steps_it_was_asked_for(tmp_path: Path, steps: range) -> None:
    """From the loading of the first to the end of the last, or of the training; the callback's own time is named."""
    with tracker.init(tmp_path, name="a", machine=False) as run:
        model = small()
        callback = trainer.TrackerCallback(run, profile=steps)
        optimizer = trainer.optim.SGD(model.parameters(), lr=0.1)
        loader = DataLoader((INPUTS, TARGETS), batch_size=10)
        trainer.fit(model, loader, nn.CrossEntropyLoss(), optimizer, 2, callbacks=[callback], progress=False)
    stored = tracker.open(tmp_path).run("a")
    (kept,) = stored.media("profile", "profile")
    last = min(steps[-1], 8)
    assert kept.step == last
    read = trace.read(stored.profile())
    found = [read.names[i] for i in read.name]
    assert found.count("optimizer") == found.count("DataLoader.__next__") == last - steps.start + 1
    assert sum(name.startswith("ProfilerStep#") for name in found) == last - steps.start + 1
    assert mode.observer is None


def test_an_error_in_the_training_leaves_nobody_looking_on(tmp_path: Path) -> None:
    """What is computed after it is not slowed down, and its events are whole."""

    def broken(output: Any, targets: Any) -> Any:
        raise RuntimeError("no")

    with tracker.init(tmp_path, name="a", machine=False) as run:
        model = small()
        callback = trainer.TrackerCallback(run, profile=range(1, 2))
        with pytest.raises(RuntimeError, match="no"):
            trainer.fit(
                model,
                DataLoader((INPUTS, TARGETS)),
                broken,
                trainer.optim.SGD(model.parameters()),
                1,
                callbacks=[callback],
            )
    assert mode.observer is None
    with pytest.raises(ValueError, match="8 features"), trainer.profile() as profiler:
        model(np.ones((1, 7), np.float32))
    assert mode.observer is None
    assert all(each["dur"] >= 0 for each in profiler.trace()["traceEvents"] if each["ph"] == "X")


def test_a_profiler_is_used_once() -> None:
    """Two stretches in one trace would be one long step."""
    with trainer.profile() as profiler:
        pass
    with pytest.raises(trainer.TrainerError, match="used before"):
        profiler.__enter__()


@pytest.mark.parametrize("steps", [range(3), range(3, 3), range(1, 9, 2)])
def test_steps_to_profile_are_checked(steps: range) -> None:
    """On the caller's line."""
    with pytest.raises(trainer.ArgumentError, match="one after the other"):
        trainer.TrackerCallback(None, profile=steps)
