"""Findings that a run's settings ask for: a detector of one's own, which servers of tests are started with.

The pages of findings are tested with kinds that no training of a second has.
"""

from __future__ import annotations

import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

import tracker
from tracker.findings.finding import Evidence
from tracker.findings.training import Training

NODES = [
    {"name": "x", "kind": "input"},
    {"name": "fc1/weight", "op": "parameter", "kind": "parameter"},
    {"name": "fc1/linear", "op": "linear"},
    {"name": "fc2/log", "op": "log"},
]
EDGES = [
    {"source": "x", "target": "fc1/linear"},
    {"source": "fc1/weight", "target": "fc1/linear"},
    {"source": "fc1/linear", "target": "fc2/log"},
]


@tracker.detector("planted")
def planted(training: Training) -> Iterator[tracker.Finding]:
    """What the settings say, once the steps are there."""
    steps = training.series("train/loss").step
    for each in training.config.get("planted", ()):
        window = each.get("window")
        if len(steps) and steps[-1] >= each["step"]:
            evidence = Evidence(tuple(each.get("tags", ("train/loss",))), tuple(window) if window else None)
            given = {key: value for key, value in each.items() if key not in ("window", "tags")}
            yield tracker.Finding(**given, evidence=evidence)


def finding(kind: str, severity: str, **more: Any) -> dict[str, Any]:
    """A finding as settings have it."""
    usual = {"sentence": f"{kind} was seen.", "advice": "Halve the lr.", "step": 40, "confidence": 0.9}
    return {"kind": kind, "severity": severity, **usual, **more}


EXPLODING = finding(
    "exploding_gradients", "error", layer="fc1.weight", step=40, step_last=44, window=[40, 44], confidence=0.97,
    tags=["grad_norm/fc1.weight", "grad_norm/fc2.weight"], sentence="The gradient of fc1.weight grew 1,000 times.",
)  # fmt: skip
OVERFITTING = finding("overfitting", "warning", step=50, step_last=99, tags=["train/loss", "val/loss"])
PLATEAU = finding("plateau", "info", step=80)


def log(run: tracker.Run, steps: range = range(100)) -> None:
    """Curves, and every 20 steps a histogram, of a training of a hundred steps."""
    for step in steps:
        grown = (1000.0 if 40 <= step < 44 else 1.0) * (1 + 0.3 * (step * 31 % 7))  # one that never moves is clipped
        run.log(
            {
                "train/loss": 1 / (step + 1),
                "val/loss": 2 / (step + 1),
                "grad_norm/fc1.weight": grown,
                "grad_norm/fc2.weight": 2.0 + 0.3 * (step * 17 % 5),
            },
            step=step,
        )
        if step % 20 == 0:
            run.log({"gradients/fc1.weight": tracker.Histogram(np.arange(9.0))}, step=step)


def three(logdir: Path) -> None:
    """Runs with an error and a warning, with a warning, and with an info only."""
    runs = {
        "sick": [EXPLODING, finding("data_starvation", "warning", layer="fc1")],
        "weak": [OVERFITTING],
        "well": [PLATEAU],
    }
    for name, found in runs.items():
        with tracker.init(logdir=logdir, name=name, config={"planted": found}, machine=False) as run:
            run.log_graph(tracker.Graph(NODES, EDGES))
            log(run)


def examined(serve: Callable[..., Any], logdir: Path, *options: str) -> Any:
    """A server that has looked at every run."""
    served = serve(logdir, "--no-token", "--detectors", __file__, *options)
    for run in tracker.open(logdir).runs():
        asked = urllib.parse.urlencode({"run": run.name})
        with urllib.request.urlopen(f"{served.base}/api/v1/findings?{asked}") as answer:
            answer.read()
    return served
