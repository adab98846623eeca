"""Five optimizers set off from the same place, on surfaces everyone knows, and every step of theirs is logged.

    python -m sample_runs.optimizer_race --logdir runs

Watch them on the page Paths of `viz serve --logdir runs`: over the contours and on the surface, live or step by step.
Each optimizer is a run; `docs/trainer.md` says how a path and its surface are logged.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import tracker
import trainer
from trainer import Tensor, optim

GRID = 81  # points of a surface along each axis


@dataclass(frozen=True)
class Surface:
    """Something to walk down on.

    Attributes:
        function: Of x and y and the cosine to use; for arrays and tensors alike.
        x, y: The window that is drawn.
        start: Where everyone begins.
        minima: Where it is lowest; empty where it has no bottom.
        formula: As a person would write it.
    """

    function: Callable[[Any, Any, Callable[[Any], Any]], Any]
    x: tuple[float, float]
    y: tuple[float, float]
    start: tuple[float, float]
    minima: tuple[tuple[float, float], ...]
    formula: str

    def text(self) -> tracker.Text:
        """The surface as the page Paths reads it."""
        x, y = (np.linspace(*edges, GRID) for edges in (self.x, self.y))
        values = self.function(x[None, :], y[:, None], np.cos)
        plain = {
            "x": self.x,
            "y": self.y,
            "shape": [GRID, GRID],
            "values": [float(f"{value:.6g}") for value in values.ravel()],
            "minima": self.minima,
            "formula": self.formula,
        }
        return tracker.Text(json.dumps(plain), markdown=False)


SURFACES = {
    "beale": Surface(
        lambda x, y, cos: (1.5 - x + x * y) ** 2 + (2.25 - x + x * y**2) ** 2 + (2.625 - x + x * y**3) ** 2,
        (-1.0, 4.0), (-1.5, 2.0), (1.0, 1.5), ((3.0, 0.5),),
        "(1.5 − x + xy)² + (2.25 − x + xy²)² + (2.625 − x + xy³)²",
    ),
    "rosenbrock": Surface(
        lambda x, y, cos: (1 - x) ** 2 + 100 * (y - x**2) ** 2,
        (-2.0, 2.0), (-1.0, 3.0), (-1.4, 1.0), ((1.0, 1.0),),
        "(1 − x)² + 100 (y − x²)²",
    ),
    "saddle": Surface(
        lambda x, y, cos: x**2 - y**2 + 0.1 * y**4,
        (-2.5, 2.5), (-3.0, 3.0), (2.0, 0.001), ((0.0, -(5**0.5)), (0.0, 5**0.5)),
        "x² − y² + 0.1 y⁴",
    ),
    "rastrigin": Surface(
        lambda x, y, cos: 20 + x**2 + y**2 - 10 * cos(2 * math.pi * x) - 10 * cos(2 * math.pi * y),
        (-3.0, 3.0), (-3.0, 3.0), (2.35, -1.4), ((0.0, 0.0),),
        "20 + x² + y² − 10 cos 2πx − 10 cos 2πy",
    ),
}  # fmt: skip

Rule = Callable[[list[Tensor], float], optim.Optimizer]
RULES: dict[str, Rule] = {
    "sgd": lambda p, lr: optim.SGD(p, lr),
    "momentum": lambda p, lr: optim.SGD(p, lr, momentum=0.9),
    "adagrad": lambda p, lr: optim.Adagrad(p, lr),
    "rmsprop": lambda p, lr: optim.RMSprop(p, lr, alpha=0.9),
    "adam": lambda p, lr: optim.Adam(p, lr),
}
# Each rule with the learning rate that suits it: a race of tuned runners, not of step lengths.
LEARNING_RATES = {
    "beale": {"sgd": 0.02, "momentum": 0.002, "adagrad": 0.5, "rmsprop": 0.02, "adam": 0.1},
    "rosenbrock": {"sgd": 0.002, "momentum": 0.002, "adagrad": 1.0, "rmsprop": 0.1, "adam": 0.2},
    "saddle": {"sgd": 0.05, "momentum": 0.02, "adagrad": 0.3, "rmsprop": 0.02, "adam": 0.05},
    "rastrigin": {"sgd": 0.001, "momentum": 0.002, "adagrad": 1.0, "rmsprop": 0.02, "adam": 0.1},
}


def race(rule: str, steps: int, report: Callable[[int, dict[str, float]], None]) -> dict[str, float]:
    """One optimizer on all surfaces at once.

    Args:
        rule: A key of `RULES`.
        steps: How many updates.
        report: Called with the number of updates so far, from 0, and by tag where each walk is and how high.

    Returns:
        How high each walk ends.
    """
    places = {name: Tensor(np.array(s.start), requires_grad=True) for name, s in SURFACES.items()}
    optimizers = {name: RULES[rule]([p], LEARNING_RATES[name][rule]) for name, p in places.items()}
    height: dict[str, float] = {}
    for step in range(steps + 1):
        values: dict[str, float] = {}
        for name, p in places.items():
            value = SURFACES[name].function(p[0], p[1], trainer.cos)
            height[name] = value.item()
            x, y = p.tolist()
            values |= {f"path/{name}/x": x, f"path/{name}/y": y, f"path/{name}/value": height[name]}
            optimizers[name].zero_grad()
            value.backward()
            optimizers[name].step()
        report(step, values)
    return height


def main(logdir: str = "runs", steps: int = 200, name: str | None = None, pace: float | None = None) -> dict[str, Any]:
    """Lets all of them run, one after the other, and gives how high each one ends on each surface.

    Args:
        logdir: Where the runs are stored.
        steps: How many updates of each.
        name: What the runs' names begin with; None for "race".
        pace: Steps per second at most, to watch them walk; None for as fast as it goes.
    """
    ends = {}
    for rule in RULES:
        config = {"optimizer": rule, "steps": steps, "lr": {s: rates[rule] for s, rates in LEARNING_RATES.items()}}
        with tracker.init(logdir=logdir, name=f"{name or 'race'}/{rule}", config=config, group="race") as run:
            run.log({f"path/{each}/surface": surface.text() for each, surface in SURFACES.items()}, step=0)

            def report(step: int, values: dict[str, float], run: tracker.Run = run) -> None:
                run.log(values, step=step)
                if pace:
                    time.sleep(1 / pace)

            ends[rule] = race(rule, steps, report)
    print(f"{'':10}" + "".join(f"{each:>12}" for each in SURFACES))
    for rule, heights in ends.items():
        print(f"{rule:10}" + "".join(f"{heights[each]:12.2g}" for each in SURFACES))
    return ends


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--logdir", default="runs")
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--name")
    parser.add_argument("--pace", type=float, default=0.0, help="steps per second at most, 0 for no limit (default)")
    given = parser.parse_args()
    main(given.logdir, given.steps, given.name, given.pace or None)
