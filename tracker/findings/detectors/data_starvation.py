"""data_starvation: the training waits for data.

Definition: the time that a step waits for its batch is most of the step. Read from a pair of tags: a time whose name
has data, load or wait in it, beside that of the whole step (step, batch, iteration, total) or of what else it does
(compute, forward, backward).

Thresholds: half of the step is a warning, a third is told; means after the first tenth, because the first batches
start workers and warm caches, the longest twentieth cut, because epochs begin with a wait (of what
`watch` and the trainer log, which are means, the fifth that is shortest). `watch` and the trainer see
0.01 to 0.12 in healthy trainings of small models. Waits below 3 ms are nothing: steps of a tiny model are as short as
the slicing of its batches.

Measured, and tuned, on 8 trainings that waited: 7 found; the other was looked at twice. Healthy: 0 of 144.

Source: practice; MLPerf's data stall (Mohan et al., "Analyzing and Mitigating Data Stalls in DNN Training", 2021).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tracker.findings.clocks import clocks
from tracker.findings.detector import detector
from tracker.findings.finding import Evidence, Finding
from tracker.findings.ordered import quantile
from tracker.findings.pairs import words
from tracker.findings.training import Series, Training

_SECONDS = frozenset("s sec secs seconds".split())
_OURS = ("time/data", "time/step")
_LEAST_POINTS, _LEAST_MEANS = 3, 2


@detector("data_starvation")
def data_starvation(training: Training) -> Iterator[Finding]:
    """The share of a step that goes by before its batch is there."""
    waits, wholes, rests = clocks(training.tags)
    for tag in waits[:1]:
        wait = training.series(tag).finite
        others = [training.series(other).finite for other in wholes[:1] or rests]
        # What is logged by `watch` and the trainer are means over steps already.
        least = _LEAST_MEANS if tag in _OURS else _LEAST_POINTS
        if len(wait) < least or not others or min(map(len, others)) < least:
            continue
        waited, rest = _typical(wait), sum(map(_typical, others))
        # A step shorter than what it waited was timed beside the wait, and does not hold it.
        whole = rest if wholes and rest >= waited else rest + waited
        part = waited / whole if whole > 0 else 0.0
        if part < 0.33 or waited * _unit(whole, wait) < 0.003:
            continue
        step = int(wait.step[0])
        yield Finding(
            "data_starvation", "warning" if part >= 0.5 else "info",
            f"{part:.0%} of a step is waiting for data ({tag} {waited:.3g} of {whole:.3g}).",
            "Load with more workers, or keep decoded samples in memory, and see whether the step gets shorter.",
            None, step, None, 0.9, Evidence((tag, *(other.tag for other in others)), (step, int(wait.step[-1]))),
        )  # fmt: skip


def _typical(series: Series) -> float:
    """The mean without the first tenth, the longest cut: workers that take turns make every eighth batch a long one."""
    late = series.value[len(series) // 10 :]
    if series.tag in _OURS:  # means over steps already, which one pause of the machine makes large
        return float(quantile(late, 0.20))
    return float(np.minimum(late, quantile(late, 0.95)).mean())


def _unit(whole: float, series: Series) -> float:
    """Seconds of one of what the times are in, by its name; else thousandths where such steps do not fit the clock."""
    if _SECONDS & {*words(series.tag)}:
        return 1.0
    passed = float(series.wall_time[-1] - series.wall_time[0])
    steps = int(series.step[-1] - series.step[0])
    return 1e-3 if steps > 0 and passed > 0 and whole * steps > 50 * passed else 1.0
