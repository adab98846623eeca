"""Time on the graph: colours follow the page's cursor, and the first value that is not finite is marked and told."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tracker
import trainer
from trainer import nn

NODES = [
    {"name": "x", "kind": "input"},
    {"name": "fc1/weight", "op": "parameter", "kind": "parameter"},
    {"name": "fc1/linear", "op": "linear"},
    {"name": "fc1/scale", "op": "mul"},
    {"name": "fc2/weight", "op": "parameter", "kind": "parameter"},
    {"name": "fc2/linear", "op": "linear"},
    {"name": "fc2/scale", "op": "mul"},
]
EDGES = [
    {"source": source, "target": target}
    for source, target in (
        ("x", "fc1/linear"), ("fc1/weight", "fc1/linear"), ("fc1/linear", "fc1/scale"),
        ("fc1/scale", "fc2/linear"), ("fc2/weight", "fc2/linear"), ("fc2/linear", "fc2/scale"),
    )
]  # fmt: skip

FILL = """(name) => [...document.querySelectorAll(".graph-svg .box")].find((box) => box.getAttribute("aria-label").startsWith(name)).style.getPropertyValue("--fill")"""
BROKEN = "[...document.querySelectorAll('.graph-svg .box.is-broken')].map((box) => box.getAttribute('aria-label').split(',')[0].split(' ')[0]).join()"


def test_colours_follow_the_cursor_and_the_break_is_told(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """Of gradient norms at 30 steps; one of them becomes NaN at step 20."""
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        run.log_graph(tracker.Graph(NODES, EDGES))
        for step in range(30):
            second = math.nan if step >= 20 else 10.0 - step / 4
            run.log({"grad_norm/fc1.weight": 1.0 + step, "grad_norm/fc2.weight": second}, step=step)
    page.goto(f"{serve(logdir, '--no-token').base}/?p=graph&at=0")
    until(page, "viz.ready")
    page.get_by_role("radio", name="Gradient norm").check()
    until(page, "!document.querySelector('.graph-player').hidden")
    first = until(page, f"({FILL})('weight')")
    until(page, "document.querySelector('.graph-broken').textContent.includes('at step 20')")
    assert "gradient norm of fc2/weight" in page.inner_text(".graph-broken")
    assert page.evaluate(BROKEN) == ""
    slider = page.get_by_label("Step of the graph")
    slider.focus()
    page.keyboard.press("ArrowRight")
    until(page, "document.querySelector('.graph-player output').textContent === 'step 1'")
    until(page, f"({FILL})('weight') !== {first!r}")
    page.click(".graph-broken")
    until(page, f"{BROKEN} === 'weight' && location.search.includes('at=20')")
    page.keyboard.press("Escape")
    slider.focus()
    page.keyboard.press("Home")
    page.get_by_label("Play or pause").click()
    until(page, "viz.get('pace') >= 5")
    page.get_by_label("Play or pause").click()
    page.get_by_role("radio", name="Operation").check()
    until(page, "document.querySelector('.graph-player').hidden")


@pytest.mark.filterwarnings("ignore:invalid value encountered in sqrt:RuntimeWarning")
def test_who_made_the_first_bad_value_is_marked_and_told(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """A training of ours inside detect_anomaly, end to end: operation, line, inputs and step, without colouring by any."""

    class Root(nn.Module):
        """Takes a root that has none at the fifth call."""

        def __init__(self) -> None:
            self.scale = nn.Linear(4, 4)
            self.calls = 0

        def forward(self, x: trainer.Tensor) -> trainer.Tensor:
            self.calls += 1
            y = self.scale(x)
            return (y * y + (1.0 if self.calls < 6 else -1e6)).sqrt()

    model = nn.Sequential(nn.Linear(4, 4), Root())
    batches = [(np.ones((2, 4), np.float32), np.zeros((2, 4), np.float32))] * 10
    optimizer = trainer.optim.SGD(model.parameters(), lr=0.01)
    with tracker.init(logdir=logdir, name="a", machine=False) as run, trainer.detect_anomaly():
        watch = trainer.TrackerCallback(run)
        with pytest.raises(trainer.AnomalyError):
            trainer.fit(model, batches, nn.MSELoss(), optimizer, 1, callbacks=[watch], progress=False)
    page.goto(f"{serve(logdir, '--no-token').base}/?p=graph")
    until(page, "viz.ready && document.querySelector('.graph-broken:not([hidden])')")
    said = page.inner_text(".graph-broken")
    assert said.startswith(f"Step 5: sqrt at {Path(__file__).name}:")
    assert "Its inputs: float32 (2, 4), -1e+06 to" in said
    assert "8 NaN" in said
    until(page, f"{BROKEN} === 'sqrt'")
    page.click(".graph-broken")
    until(page, "viz.get('pace') === 5")
    until(page, f"{BROKEN} === 'sqrt'")
    until(page, "document.querySelector('.graph-svg .box.is-selected')?.getAttribute('aria-label').startsWith('sqrt')")


@pytest.mark.timeout(300)  # PyTorch is imported, with what its tensors without values need: a minute of a busy machine
def test_what_pytorch_modules_put_out_colours_the_graph(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """tracker.watch: activation norms and dead shares by module, and the module that broke."""
    torch = pytest.importorskip("torch", reason="needs PyTorch, which only the tests use")
    model = torch.nn.Sequential(torch.nn.Linear(4, 6), torch.nn.ReLU(), torch.nn.Linear(6, 2))
    with torch.no_grad():
        model[0].weight[:3], model[0].bias[:3] = 0, -1  # half of the units are dead
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        watch = tracker.watch(model, every=2, run=run)
        for step in range(7):
            if step == 6:
                model[2].weight.data[0, 0] = float("inf")
            model(torch.ones(5, 4)).sum().backward()
        watch.stop()
    stored = tracker.open(logdir).run("a")
    assert stored.scalars("dead/1").step.tolist() == [0, 2, 4, 6]
    assert (stored.scalars("dead/1").value >= 0.5).all()
    assert np.isfinite(stored.scalars("act_norm/0").value).all()
    (mark,) = [mark for mark in stored.marks() if mark.kind == "anomaly"]
    assert (mark.step, mark.attributes["node"], mark.attributes["operation"]) == (6, "2", "Linear")
    assert "its weight is not finite" in mark.text
    page.goto(f"{serve(logdir, '--no-token').base}/?p=graph&at=2")
    until(page, "viz.ready")
    page.get_by_role("radio", name="Dead units").check()
    until(page, "!document.querySelector('.graph-player').hidden")
    until(page, f"({FILL})('1/relu')")  # what broke is told before what was watched has come
    assert "Step 6: Linear 2" in page.inner_text(".graph-broken")


@pytest.mark.parametrize(
    ("theme", "width"), [("light", 1440), ("dark", 1024), pytest.param("light", 700, marks=pytest.mark.long)]
)
def test_what_is_not_finite_has_a_colour_and_the_sentence_its_room(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any], theme: str, width: int
) -> None:
    """A share of 0 is not what was never watched; a long sentence leaves the graph in sight in a narrow window."""
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=theme)
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        run.log_graph(tracker.Graph(NODES, EDGES))
        for step in range(3):
            run.log({"dead/fc1": 0.0, "dead/fc2": 0.5 if step < 2 else math.nan}, step=step)
        run.mark(
            "Linear fc2 at model.py:12 put out the first value that is not finite; its fc2.weight is not finite.",
            2, kind="anomaly", node="fc2", inputs=["float32 (64, 10), 0.0003411 to 1.068e+05, mean 3279"] * 2,
        )  # fmt: skip
    page.goto(f"{serve(logdir, '--no-token').base}/?p=graph&at=1")
    until(page, "viz.ready")
    page.get_by_role("radio", name="Dead units").check()
    until(page, "!document.querySelector('.graph-player').hidden")
    found = "[...document.querySelectorAll('.graph-svg .box')].map((box) => box.style.getPropertyValue('--fill'))"
    until(page, f"{found}.filter(Boolean).length >= 2")
    assert page.evaluate(f"{found}.some((fill) => !fill)")
    assert "not finite" not in page.inner_text(".graph-legend")
    page.evaluate("viz.set('pace', null)")
    until(page, "document.querySelector('.graph-legend').textContent.includes('not finite')")
    player = page.locator(".graph-player").bounding_box()
    canvas = page.locator("#graph-canvas").bounding_box()
    assert player["height"] < 0.3 * canvas["height"]
    assert player["x"] + player["width"] <= canvas["x"] + canvas["width"]
