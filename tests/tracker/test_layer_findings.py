"""Findings of layers: each detector on series that show its fault, and on near misses; and on short real trainings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tracker
from tracker.findings.examine import examine
from tracker.findings.finding import Finding
from tracker.findings.layers import by_depth, lasting, whole_gradient
from tracker.findings.training import Series, Training
from tracker.values.histogram import Histogram

LOOKS = 20
FALLING = np.linspace(2.3, 0.1, LOOKS)
STUCK = np.full(LOOKS, 2.3)


def series(tag: str, values: Any) -> Series:
    value = np.asarray(values, float)
    return Series(tag, np.arange(len(value)) * 10, value, np.zeros(len(value)))


def training(
    values: Mapping[str, Any],
    *,
    config: Mapping[str, Any] | None = None,
    histograms: Mapping[str, Any] | None = None,
    graph: Mapping[str, Any] | None = None,
) -> Training:
    """A training that logged these values, every ten steps."""
    known = {tag: series(tag, each) for tag, each in values.items()}
    drawn = {tag: [Histogram(np.asarray(each, np.float32))] for tag, each in (histograms or {}).items()}
    return Training(
        config or {}, "finished", [*known], known.__getitem__, (), [*drawn], drawn.__getitem__, lambda: graph
    )


def said(of: Training, kind: str) -> list[Finding]:
    return [each for each in examine(of) if each.kind == kind]


def chain(*names: str, op: str = "linear") -> dict[str, Any]:
    """The graph of layers one after the other, with their weights of 8 × 8."""
    nodes, edges = [], []
    for name in names:
        nodes += [
            {"name": f"{name}/{op}", "op": op, "kind": "op", "attrs": {}},
            {"name": f"{name}/weight", "op": "parameter", "kind": "parameter", "attrs": {"shape": [8, 8]}},
        ]
        edges.append({"source": f"{name}/weight", "target": f"{name}/{op}"})
    return {"nodes": nodes, "edges": edges}


def norms(family: str, layers: Mapping[str, float | Any]) -> dict[str, Any]:
    wave = 1 + 0.1 * np.sin(np.arange(LOOKS)) if family == "grad_norm" else 1.0  # none is as even as a number
    return {f"{family}/{name}.weight": wave * np.broadcast_to(each, LOOKS) for name, each in layers.items()}


WIDE = np.random.default_rng(0).normal(0, 1, 64)
GROWS = 0.1 * np.arange(1, LOOKS + 1)
DEEP = {f"fc{i}": 10.0 ** (i - 6) for i in range(1, 7)}
SIZES = dict.fromkeys(("fc1", "fc2", "out"), 4.0)  # 8 x 8 with a root mean square of 0.5: a size of 1.4

# kind: (what shows it, the layer, what does not)
CASES: dict[str, tuple[Callable[[], Training], str | None, list[Callable[[], Training]]]] = {
    "dead_relu": (
        lambda: training({"dead/act1": [0.1] * 5 + [0.95] * 15, "dead/act2": [0.3] * LOOKS, "loss": STUCK}),
        "act1",
        [
            lambda: training({"dead/act1": [0.6] * LOOKS, "loss": FALLING}),
            lambda: training({"dead/act1": [0.95, 0.4] * 10, "loss": FALLING}),
            lambda: training({"dead/act1": [0.9] * 15 + [0.2] * 5, "loss": FALLING}),
            lambda: training({"dead/a": [0.9] * LOOKS, "loss": FALLING}, graph=chain("a", op="leaky_relu")),
        ],
    ),
    "saturated_activations": (
        lambda: training({"saturated/act2": [0.9] * LOOKS, "loss": STUCK}),
        "act2",
        [
            lambda: training({"saturated/act2": np.linspace(0, 0.75, LOOKS), "loss": FALLING}),
            lambda: training({"saturated/out": [0.95] * LOOKS, "loss": FALLING}),
            lambda: training({"saturated/a": [0.95] * LOOKS, "loss": FALLING}, graph=chain("a", op="softmax")),
        ],
    ),
    "vanishing_gradients": (
        lambda: training({**norms("grad_norm", DEEP), "loss": STUCK}, graph=chain(*DEEP)),
        "fc1",
        [
            lambda: training({**norms("grad_norm", DEEP), "loss": FALLING}, graph=chain(*DEEP)),
            lambda: training({**norms("grad_norm", {k: v**0.3 for k, v in DEEP.items()}), "loss": STUCK}),
            lambda: training({**norms("grad_norm", dict.fromkeys(DEEP, 0.0)), "loss": STUCK}),
        ],
    ),
    "exploding_gradients": (
        lambda: training({"grad_norm": 2.0 ** np.arange(LOOKS), "loss": 2.3 * 1.3 ** np.arange(LOOKS)}),
        None,
        [
            lambda: training({"grad_norm": [3e3] * LOOKS, "loss": FALLING * 1e4}),
            lambda: training({"grad_norm": [1.0] * 10 + [90.0] + [1.0] * 9, "loss": FALLING}),
            lambda: training({"grad_norm": np.linspace(0.5, 5, LOOKS), "loss": FALLING}),
        ],
    ),
    "accumulating_gradients": (
        lambda: training({"accumulated": np.arange(1, LOOKS + 1), "loss": STUCK}),
        None,
        [
            lambda: training({"accumulated": [1.0] * LOOKS, "grad_norm": GROWS, "loss": STUCK}),
            lambda: training({"grad_norm": np.linspace(1, 5, LOOKS), "loss": FALLING}),
        ],
    ),
    "bad_initialization": (
        lambda: training(
            {**norms("weight_norm", SIZES), "loss": STUCK}, histograms={"parameters/fc1.weight": [0.5] * 64}
        ),
        "fc1",
        [
            lambda: training(
                {**norms("weight_norm", SIZES), "loss": FALLING},
                histograms={"parameters/fc1.weight": WIDE, "parameters/out.weight": [0.0] * 64},
                graph=chain(*SIZES),
            ),
            lambda: training({**norms("weight_norm", {"fc1": 4.0, "out": np.linspace(0, 2, LOOKS)}), "loss": FALLING}),
            lambda: training(
                {**norms("weight_norm", {"0": 4.0, "1": 2.8}), "loss": FALLING},
                histograms={"parameters/1.weight": [1.0] * 8},
            ),
        ],
    ),
    "frozen_layer": (
        lambda: training(
            {
                **norms("grad_norm", dict.fromkeys(SIZES, 0.1)),
                **norms("update_ratio", {"fc1": 1e-3, "fc2": 0.0, "out": 1e-3}),
            }
        ),
        "fc2",
        [
            lambda: training(
                {
                    **norms("grad_norm", dict.fromkeys(SIZES, 0.1)),
                    **norms("update_ratio", {"fc1": 1e-3, "fc2": 0.0, "out": 1e-3}),
                },
                config={"freeze": "fc2"},
            ),
            lambda: training(norms("update_ratio", {"fc1": 0.0, "out": 1e-3})),
            lambda: training({**norms("update_ratio", dict.fromkeys(SIZES, 0.0)), "lr": [0.0] * LOOKS}),
            lambda: training(norms("update_ratio", {"fc1": np.r_[np.zeros(10), np.full(10, 1e-3)], "out": 1e-3})),
        ],
    ),
    "weight_decay_too_large": (
        lambda: training({**norms("weight_norm", dict.fromkeys(SIZES, 4 * 0.8 ** np.arange(LOOKS))), "loss": STUCK}),
        None,
        [
            lambda: training({**norms("weight_norm", dict.fromkeys(SIZES, np.linspace(4, 2.8, LOOKS))), "loss": STUCK}),
            lambda: training(
                {**norms("weight_norm", dict.fromkeys(SIZES, 4 * 0.8 ** np.arange(LOOKS))), "loss": FALLING}
            ),
        ],
    ),
    "clipping_always_active": (
        lambda: training({"grad_norm": [0.01] * LOOKS, "loss": STUCK}),
        None,
        [
            lambda: training({"grad_norm": [0.5, 1.0] * 10, "loss": FALLING}, config={"clip": 1.0}),
            lambda: training({"grad_norm": np.linspace(3, 2, LOOKS), "loss": FALLING}, config={"clip": 1.0}),
            lambda: training({"grad_norm": [1.0] * LOOKS, "loss": FALLING}),
        ],
    ),
}


@pytest.mark.parametrize("kind", CASES)
def test_what_shows_a_fault_is_found(kind: str) -> None:
    """As warning or error, with its layer, a step that was logged, and tags that are there."""
    show, layer, _ = CASES[kind]
    shown = show()
    (found,) = [each for each in said(shown, kind) if each.severity != "info"]
    assert found.layer == layer
    assert found.step is not None
    assert found.step % 10 == 0
    assert found.evidence.tags
    assert {*found.evidence.tags} <= {*shown.tags, *shown.histogram_tags}


@pytest.mark.parametrize(
    ("kind", "number"), [(kind, i) for kind, (_, _, near) in CASES.items() for i in range(len(near))]
)
def test_what_is_near_it_is_no_alarm(kind: str, number: int) -> None:
    """No warning and no error of any of these kinds."""
    missed = CASES[kind][2][number]()
    assert [
        (each.kind, each.sentence) for each in examine(missed) if each.kind in CASES and each.severity != "info"
    ] == []


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("clipping_always_active", {"clipped": [1.0] * LOOKS, "clip_factor": [0.01] * LOOKS}),
        ("accumulating_gradients", {"grad_norm": 0.1 * np.arange(1, LOOKS + 1) ** 1.5}),
        ("exploding_gradients", {"grad_norm": [40.0] * LOOKS}),
        ("bad_initialization", norms("weight_norm", {"fc1": 0.0, "fc2": 0.0})),
    ],
)
def test_each_way_to_show_it(kind: str, more: dict[str, Any]) -> None:
    """Where another tag says it."""
    (found,) = said(training({**more, "loss": STUCK}), kind)
    assert found.severity != "info"


@pytest.mark.parametrize(("size", "word"), [(400.0, "wide"), (1e-4, "keeps a signal's size")])
def test_weights_of_a_wrong_size(size: float, word: str) -> None:
    """Told by the shapes that the graph has."""
    shown = training(
        {
            **norms("weight_norm", dict.fromkeys(SIZES, size)),
            **norms("update_ratio", dict.fromkeys(SIZES, 1e-3)),
            "loss": STUCK,
        },
        graph=chain(*SIZES),
    )
    (found,) = said(shown, "bad_initialization")
    assert word in found.sentence
    assert found.layer == "fc1"


def test_a_detached_layer_is_named(tmp_path: Path) -> None:
    """unused/<parameter> at every look, of all that lies before."""
    unused = {f"unused/{name}.weight": [1.0] * LOOKS for name in ("fc1", "fc2")}
    shown = training(
        {**unused, **norms("grad_norm", {"out": 0.1}), **norms("update_ratio", {"fc1": 0.0, "fc2": 0.0, "out": 1e-3})}
    )
    found = said(shown, "frozen_layer")
    assert [(each.severity, each.layer) for each in found] == [("warning", "fc2")]


def test_depth_is_that_of_the_graph_or_else_of_names() -> None:
    """Tags come sorted by name, which says nothing of depth."""
    names = ["out.weight", "body.10.weight", "body.9.weight", "embed.weight"]
    assert by_depth(training({}), names) == ["embed.weight", "body.9.weight", "body.10.weight", "out.weight"]
    graph = chain("out", "embed", "body.10".replace(".", "/"), "body/9")
    assert by_depth(training({}, graph=graph), names) == [
        "out.weight",
        "embed.weight",
        "body.10.weight",
        "body.9.weight",
    ]


@given(st.lists(st.floats(0, 1), min_size=3, max_size=40), st.floats(0.1, 0.9))
def test_what_lasts_begins_above_and_ends_above(values: list[float], limit: float) -> None:
    """Whatever lies between: at most one point in eleven is below."""
    begun = lasting(series("x", values), limit)
    if begun is None:
        assert min(values[-3:]) < limit or len(values) < 3
    else:
        after = np.array(values[begun // 10 :])
        assert after[0] >= limit
        assert (after[-3:] >= limit).all()
        assert (after < limit).mean() <= 1 / 5


@given(st.lists(st.floats(0, 1e3), min_size=3, max_size=12))
def test_the_whole_gradient_is_that_of_its_parts(lengths: list[float]) -> None:
    """As Pythagoras has it, at each step."""
    found = whole_gradient(training({"grad_norm/a": lengths, "grad_norm/b": [2 * each for each in lengths]}))
    assert found is not None
    assert found.value == pytest.approx(np.sqrt(5) * np.array(lengths))


def test_no_series_is_read_twice() -> None:
    """Reading is what costs; sixty layers are a usual network."""
    read: list[str] = []
    names = [f"fc{i}.weight" for i in range(60)]
    tags = [f"{family}/{name}" for family in ("grad_norm", "weight_norm", "update_ratio", "dead") for name in names]

    def once(tag: str) -> Series:
        read.append(tag)
        return series(tag, np.full(50, 0.5))

    examine(Training({}, "finished", tags, once))
    assert sorted(read) == sorted({*read})


def test_a_training_of_torch_with_a_layer_left_out(tmp_path: Path) -> None:
    """From the hooks to the finding."""
    torch = pytest.importorskip("torch", reason="needs PyTorch, which only the tests use")
    torch.manual_seed(0)
    model = torch.nn.Sequential(
        torch.nn.Linear(8, 16), torch.nn.ReLU(), torch.nn.Linear(16, 16), torch.nn.Linear(16, 2)
    )
    x = torch.randn(32, 8)
    optimizer = torch.optim.SGD([*model[0].parameters(), *model[3].parameters()], lr=0.1)
    with tracker.init(logdir=tmp_path, name="run", machine=False) as run:
        watch = tracker.watch(model, every=2, run=run)
        for step in range(12):
            loss = torch.nn.functional.cross_entropy(model(x), (x[:, 0] > 0).long())
            model.zero_grad()
            loss.backward()
            optimizer.step()
            run.log({"loss": loss.item()}, step=step)
        watch.stop()
    found = [each for each in tracker.open(tmp_path).run("run").findings() if each.severity != "info"]
    assert [(each.kind, each.layer, each.step) for each in found if each.kind in CASES] == [("frozen_layer", "2", 0)]
