"""Layers: what is known of a training's parts, in order of depth, as detectors of layers ask for it."""

from __future__ import annotations

import re
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from tracker.findings.ordered import distinct, median
from tracker.findings.training import Series, Training

T = TypeVar("T")

Table = tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]

_FIRST = frozenset("embed embedding embeddings emb stem input inp patch tok token wte wpe pos".split())
_LAST = frozenset("out output head classifier logits lm predictor decoder final last".split())
NORMS = re.compile(r"(^|[._])(bn|ln)(_|\d|\.|$)|norm", re.IGNORECASE)
"""Names of layers whose weights begin as ones and are multiplied with."""


def module_of(parameter: str) -> str:
    """`fc1` of `fc1.weight`; a parameter of the whole model is its own place."""
    return parameter.rpartition(".")[0] or parameter


def weights(training: Training, paths: Iterable[str]) -> list[str]:
    """Those that are matrices and kernels: no biases, no scales of norms; by their shapes where the graph has them."""
    known = shapes(training)
    return [each for each in paths if _is_weight(each) and len(known.get(each, (1, 1))) >= 2]


def _is_weight(path: str) -> bool:
    last = path.rpartition(".")[2].lower()
    return "weight" in last and not NORMS.search(module_of(path))


def shapes(training: Training) -> dict[str, tuple[int, ...]]:
    """Shapes of the parameters that the graph has, by path."""
    return once(training, "shapes", lambda: _shapes(training))


def _shapes(training: Training) -> dict[str, tuple[int, ...]]:
    return {
        node["name"].replace("/", "."): tuple(node["attrs"]["shape"])
        for node in graph_of(training)["nodes"]
        if node.get("kind") == "parameter" and (node.get("attrs") or {}).get("shape") is not None
    }


_kept: dict[int, dict[str, Any]] = {}


def once(training: Training, name: str, make: Callable[[], T]) -> T:
    """What `make` gives, made once for a training and kept as long as that is."""
    mine = _kept.get(id(training))
    if mine is None:
        mine = _kept[id(training)] = {}
        weakref.finalize(training, _kept.pop, id(training), None).atexit = False
    if name not in mine:
        mine[name] = make()
    found: T = mine[name]
    return found


def graph_of(training: Training) -> Mapping[str, Any]:
    """The graph; one without nodes where none was logged."""
    return training.graph


def by_depth(training: Training, paths: Iterable[str]) -> list[str]:
    """Parameters from the input to the output.

    By the graph where there is one that knows them: a parameter lies where the first operation lies that it goes into.
    Otherwise by their names: numbers as numbers, what is called after an input first, after an output last.
    """
    found = [*paths]
    uses = once(training, "uses", lambda: _uses(training))
    if found and all(each in uses for each in found):
        return sorted(found, key=lambda each: (uses[each], each))
    return sorted(found, key=_natural)


def _uses(training: Training) -> dict[str, int]:
    """Which operation, counted in the order they run, takes each node in first."""
    graph = graph_of(training)
    order = {node["name"]: place for place, node in enumerate(graph["nodes"])}
    uses: dict[str, int] = {}
    for edge in graph["edges"]:
        name, place = edge["source"].replace("/", "."), order.get(edge["target"], 0)
        uses[name] = min(uses.get(name, place), place)
    return uses


def _natural(path: str) -> tuple[int, list[tuple[int, int, str]]]:
    parts = re.findall(r"\d+|[a-z]+", path.lower())
    words = {*parts}
    side = -1 if words & _FIRST else 1 if words & _LAST else 0
    return side, [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in parts]


_ACTIVATIONS = (
    "leaky_relu prelu rrelu relu6 relu gelu silu elu selu celu mish hardswish hardsigmoid hardtanh sigmoid tanh "
    "log_softmax softmax softplus softsign"
).split()


def activation_at(training: Training, path: str) -> tuple[str, bool] | None:
    """Which activation a tag such as `dead/<path>` is of, and whether the model's output comes right out of it.

    Of a layer whose output goes into an activation that is called as a function, it is that. None where the graph
    does not say.
    """
    graph = graph_of(training)
    scope = path.replace(".", "/")
    nodes = {node["name"]: node for node in graph["nodes"] if node.get("kind") in ("op", "output")}
    own = [name for name in nodes if name == scope or name.startswith(f"{scope}/")]
    after: dict[str, list[str]] = {}
    for edge in graph["edges"]:
        after.setdefault(edge["source"], []).append(edge["target"])
    around = [*own, *(target for name in own for target in after.get(name, []))]
    for name in around:
        op = str(nodes.get(name, {}).get("op", "")).rstrip("_")
        if op in _ACTIVATIONS:
            return op, any(nodes.get(each, {}).get("kind") == "output" for each in after.get(name, []))
    return None


def table(
    training: Training, family: str, paths: Sequence[str]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Steps at which any of them was logged, and the values: (steps, paths); NaN where there is none."""
    each = [training.series(f"{family}/{path}") for path in paths]
    if not any(len(series) for series in each):
        return np.empty(0, np.int64), np.empty((0, len(each)))
    first = each[0].step
    if all(len(series) == len(first) and (series.step == first).all() for series in each):
        return first, np.stack([series.value for series in each], axis=1)
    steps = distinct(np.concatenate([series.step for series in each]))
    values = np.full((len(steps), len(each)), np.nan)
    for column, series in enumerate(each):
        values[np.searchsorted(steps, series.step), column] = series.value
    return steps, values


def whole_gradient(training: Training) -> Series | None:
    """The length of all gradients together, logged as such or from those of parameters; None where neither was.

    A parameter without a point at a step has no gradient there; one that never moves is left out.
    """
    return once(training, "whole_gradient", lambda: _whole_gradient(training))


def _whole_gradient(training: Training) -> Series | None:
    for tag in training.roles.grad_norm:
        if len(training.series(tag)) >= 3:
            return training.series(tag)
    moved = training.layers("update_ratio")
    # What never moves belongs to no optimizer, and nobody sets its gradient to 0.
    paths = [path for path in training.layers("grad_norm") if path not in moved or moved[path].value.any()]
    each = [training.series(f"grad_norm/{path}") for path in paths]
    if not any(len(series) for series in each):
        return None
    steps = distinct(np.concatenate([series.step for series in each]))
    total = np.zeros(len(steps))
    for series in each:
        total[np.searchsorted(steps, series.step)] += series.value**2
    return Series(f"grad_norm/{paths[0]}", steps, np.sqrt(total), np.zeros(len(steps))) if len(steps) >= 3 else None


def lasting(series: Series, at_least: float, points: int = 3) -> int | None:
    """The step from which on the series stays at or above a value until its end, for some points; None if it does not.

    A single point below, between others above, is forgiven where ten follow.
    """
    above = series.value >= at_least
    if len(above) < points or not above[-points:].all():
        return None
    start = len(above) - 1
    while start > 0:
        if above[start - 1]:
            start -= 1
        elif start > 1 and above[start - 2] and len(above) - start >= 10:
            start -= 2
        else:
            break
    return int(series.step[start]) if len(above) - start >= points else None


class Learning:
    """How far the loss came: medians of its first and last tenth, at least one and at most fifty points.

    Attributes:
        first, last: The medians; NaN without a loss.
        best: The lowest median of a stretch as long.
        left: last ÷ first; 1 for nothing learned, near 0 for much. NaN where the loss is negative or not there.
    """

    def __init__(self, training: Training) -> None:
        tags = training.roles.train_loss or training.roles.val_loss
        self.tag = tags[0] if tags else None
        value = training.series(self.tag).finite.value if self.tag else np.empty(0)
        n = min(50, max(1, len(value) // 10))
        self.first = self.last = self.best = self.left = float("nan")
        self.points = len(value)
        if not len(value):
            return
        self.first = float(median(value[: max(1, min(n, 5))]))
        self.last = float(median(value[-n:]))
        stretches = value[: len(value) // n * n].reshape(-1, n)
        self.best = float(median(stretches, axis=1).min())
        if self.first > 0 and self.last >= 0:
            self.left = self.last / self.first


def learning(training: Training) -> Learning:
    """How far the loss came."""
    return once(training, "learning", lambda: Learning(training))


def loss_scale(training: Training) -> float:
    """The size of the largest training loss in its first steps, at least 1; of a classifier at most 3, which is about
    what chance gives: what it begins with may itself be far too large."""
    sizes = [0.0]
    for tag in training.roles.train_loss or training.roles.val_loss:
        value = training.series(tag).finite.value[:5]
        if len(value):
            sizes.append(float(median(abs(value))))
    scores = (*training.roles.train_score, *training.roles.val_score)
    is_classifier = "batch/classes" in training.tags or any("acc" in tag.lower() for tag in scores)
    return max(1.0, min(max(sizes), 3.0) if is_classifier else max(sizes))


def span(series: Series) -> tuple[int, int]:
    """Its first and last step."""
    return int(series.step[0]), int(series.step[-1])


def number(value: float) -> str:
    """Three digits, as people write them."""
    return f"{value:.3g}"


def percent(share: float) -> str:
    """A share as people say it."""
    return f"{share:.0%}" if share < 0.995 or share == 1 else f"{share:.1%}"
