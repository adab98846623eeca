"""The first step that is not finite, named without anomaly detection; and what else the callback looks at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import trainer
from trainer import nn, optim
from trainer.batch_stats import of_input, of_output, of_targets
from trainer.step_clock import StepClock

tracker = pytest.importorskip("tracker", reason="marks are the tracker's")
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")  # NumPy warns of what is looked for
X = np.random.default_rng(0).normal(0, 1, (12, 6)).astype(np.float32)
Y = np.arange(12) % 3


class Scaled(nn.Module):
    def forward(self, x: Any) -> Any:
        return x / x.sum(1, keepdim=True)


class Root(nn.Module):
    def forward(self, x: Any) -> Any:
        return (x * 0.0) ** 0.5


def model(middle: nn.Module) -> nn.Sequential:
    trainer.manual_seed(1)
    return nn.Sequential(
        {
            "fc1": nn.Linear(6, 6),
            "norm": nn.BatchNorm1d(6),
            "drop": nn.Dropout(0.3),
            "mid": middle,
            "out": nn.Linear(6, 3),
        }
    )


def fit(of: nn.Module, batches: list[Any], *callbacks: Any) -> None:
    optimizer = optim.SGD(of.parameters(), lr=0.01)
    trainer.fit(of, batches, nn.CrossEntropyLoss(), optimizer, 1, callbacks=callbacks, progress=False)


def watched(tmp_path: Path, of: nn.Module, batches: list[Any]) -> Any:
    with tracker.init(logdir=tmp_path, name="run", machine=False) as run:
        fit(of, batches, trainer.TrackerCallback(run, heavy_every=2, max_overhead=None))
    return tracker.open(tmp_path).run("run")


def test_the_step_is_executed_again_and_changes_nothing(tmp_path: Path) -> None:
    """Operation, module, line, step, what was well before; and every bit as without a watcher."""
    batches = [(X, Y)] * 4 + [(X * np.float32(np.inf), Y)] + [(X, Y)]
    bare = model(nn.ReLU())
    fit(bare, batches)
    seen = model(nn.ReLU())
    (mark,) = watched(tmp_path, seen, batches).marks()
    for name, value in bare.state_dict().items():
        np.testing.assert_array_equal(value, seen.state_dict()[name], name)
    assert (mark.step, mark.kind) == (5, "anomaly")
    assert mark.attributes["node"] == "fc1/linear"
    assert mark.attributes["healthy_step"] == 4
    assert mark.attributes["healthy"]["grad_norm/fc1.weight"] > 0


def test_who_divides_by_nothing_is_named(tmp_path: Path) -> None:
    """A value that an operation made of finite ones."""
    (mark,) = watched(tmp_path, model(Scaled()), [(X, Y), (X, Y)]).marks() or [None]
    assert mark is None  # it has sums that are not 0
    zero = model(Scaled())
    nn.init.zeros_(zero.norm.weight)
    nn.init.zeros_(zero.norm.bias)
    (mark,) = watched(tmp_path / "zero", zero, [(X, Y), (X, Y)]).marks()
    assert mark.step == 1
    assert mark.attributes["node"].startswith("mid/")
    assert mark.attributes["source"].startswith("test_autopsy.py:")


def test_a_gradient_that_is_not_finite_is_found_under_a_finite_loss(tmp_path: Path) -> None:
    """At the step itself, before the weights are gone."""
    (mark,) = watched(tmp_path, model(Root()), [(X, Y), (X, Y)]).marks()
    assert mark.step == 1
    assert "gradient" in mark.text
    assert mark.attributes["node"].startswith("mid/")


def test_what_goes_in_and_comes_out() -> None:
    """Words have no mean; probabilities sum to 1; sorted labels are equal to the one before."""
    assert of_input(np.arange(6).reshape(2, 3)) == {}
    found = of_input({"x": np.array([[0, 0, 1], [2, 200, 1]], np.float32)})
    assert found["input/feature_scale"] == pytest.approx(100)
    assert (found["input/min"], found["input/max"]) == (0, 200)
    assert of_output((np.full((4, 5), 0.2, np.float32), 3))["output/row_sum"] == pytest.approx(1)
    assert of_output(np.eye(4, dtype=np.float32))["output/constant"] == 0.25
    assert of_targets(np.array([1, 1, 1, 2])) == {
        "batch/classes": 2.0, "batch/commonest": 0.75, "batch/label_change": pytest.approx(2 / 3)
    }  # fmt: skip
    assert of_targets(np.array([0.5, 0.1])) == of_targets(np.zeros((3, 4))) == of_targets(np.array([1])) == {}


def test_time_for_data_is_that_between_steps() -> None:
    """Means over the steps since they were asked for last."""
    now = 0.0
    clock = StepClock(lambda: now)
    for waits, works in ((1.0, 2.0), (3.0, 4.0)):
        clock.waits()
        now += waits
        clock.begins()
        now += works
        clock.ends()
    now += 100  # a validation
    assert clock.values() == {"time/data": 2.0, "time/step": 5.0}
    assert clock.values() == {}


@pytest.mark.parametrize(("element", "marks"), [(3e38, 0), (np.inf, 1), (-np.inf, 1), (np.nan, 1)])
def test_a_gradient_is_not_finite_where_an_element_is_not(tmp_path: Path, element: float, marks: int) -> None:
    """Its square may run over by itself, which is no fault of the training."""

    class Planted(trainer.Callback):
        def on_backward(self, loop: trainer.Loop) -> None:
            for p in loop.model.parameters():
                if p.grad is not None and loop.step == 2:
                    p.grad.raw.reshape(-1)[0] = element

    with tracker.init(logdir=tmp_path, name="run", machine=False) as run:
        of, watch = model(nn.ReLU()), trainer.TrackerCallback(run, heavy_every=0, log_graph=False)
        optimizer = optim.SGD(of.parameters(), lr=0.0)
        loss = nn.CrossEntropyLoss()
        trainer.fit(of, [(X, Y)] * 3, loss, optimizer, 1, callbacks=[Planted(), watch], progress=False)
    assert len([each for each in tracker.open(tmp_path).run("run").marks() if each.kind == "anomaly"]) == marks
