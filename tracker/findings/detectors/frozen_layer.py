"""frozen_layer: a layer that has gradients and never moves, or gets none although it wants one.

Definition: `update_ratio` of a layer's parameters is exactly 0 at every look, three or more, while its gradient is not
0 and other layers move. Or (`unused/<parameter>`) every look finds that no gradient comes to the first layers up to
some depth, as behind a `detach()`. There is no threshold: what an optimizer holds moves in its last digits at least.

Not said: of parameters that want no gradient (`requires_grad=False`), which is a decision, only that they rest (info);
of layers off the path, such as a head that is not used (info). Where the configuration speaks of freezing or fine-
tuning, all is info.

Source: practice; "optimizer without parameters" in Humbatova et al. 2020, "Taxonomy of real faults in deep learning".
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from tracker.findings import settings
from tracker.findings.detector import detector
from tracker.findings.finding import Evidence, Finding
from tracker.findings.headline import learning_rates
from tracker.findings.layers import by_depth, module_of, span, table
from tracker.findings.ordered import median
from tracker.findings.training import Series, Training

_ON_PURPOSE = re.compile(r"fr[eo]+z|fine.?tun|lora|adapter|linear.?prob|backbone|pretrain|transfer", re.IGNORECASE)
_ROUNDED = 1e-7
"""A step of this part of a weight is too short for float32."""
_ADVICE = "Check that the optimizer was given model.parameters(), all of them, after the last layer was added."
_CUT = "Look for detach(), no_grad() or .item() between this layer and the next; a gradient must reach it."


@detector("frozen_layer")
def frozen_layer(training: Training) -> Iterator[Finding]:
    """One for every such layer, at most three."""
    is_meant = bool(_ON_PURPOSE.search(" ".join(f"{key} {value}" for key, value in training.config.items())))
    paths = by_depth(training, training.layers("update_ratio"))
    steps, moved = table(training, "update_ratio", paths)
    others_move = np.nansum(moved > 0, axis=1) > 0 if len(steps) else np.empty(0, bool)
    places: dict[str, list[str]] = {}
    for column, path in enumerate(paths):
        seen = moved[others_move, column]
        seen = seen[np.isfinite(seen)]
        if len(seen) >= 3 and not seen.any():
            places.setdefault(module_of(path), []).append(path)
    said = 0
    for place, each in places.items():
        if any(
            f"update_ratio/{path}" in training.tags and path not in each for path in paths if module_of(path) == place
        ):
            continue  # a part of it moves
        gradients = [training.series(f"grad_norm/{path}").finite for path in each]
        has_gradient = any(len(series) and median(series.value) > _least(training, series) for series in gradients)
        severity = "info" if is_meant or not has_gradient else "warning"
        if not has_gradient and any(f"unused/{path}" in training.tags for path in each):
            continue  # said below
        series = training.series(f"update_ratio/{each[0]}")
        why = "although it has gradients" if has_gradient else "and has no gradients that could move it"
        said += 1
        if said > 3:
            return
        yield Finding(
            "frozen_layer", severity, f"{place} never moves, {why}, while other layers do.", _ADVICE, place,
            span(series)[0], span(series)[1], 0.95 if severity == "warning" else 0.5,
            Evidence(tuple(f"{family}/{path}" for path in each for family in ("update_ratio", "grad_norm"))),
        )  # fmt: skip
    yield from _cut_off(training, paths, is_meant)


def _least(training: Training, gradient: Series) -> float:
    """The length of a gradient below which its step is rounded away: the layer may be held by its optimizer."""
    weight = training.series(gradient.tag.replace("grad_norm/", "weight_norm/", 1)).finite.value
    logged = learning_rates(training).finite.value
    rate = float(logged.max()) if len(logged) else settings.learning_rate(training.config)
    return max(1e-12, _ROUNDED * float(median(weight)) / rate) if len(weight) and rate else 1e-12


def _cut_off(training: Training, paths: list[str], is_meant: bool) -> Iterator[Finding]:
    """The first layers, where no gradient ever comes while all that follow have theirs."""
    unused = training.layers("unused")
    alive = [path for path in training.layers("grad_norm") if path not in unused]
    every = by_depth(training, {*paths, *unused, *training.layers("grad_norm")})
    first = [path for path in every if path in unused]
    if not first or not alive:
        return
    looks = max(len(training.series(f"grad_norm/{path}")) for path in alive)
    if looks < 3 or any(len(unused[path]) < looks - 1 for path in first):
        return
    is_prefix = every[: len(first)] == first
    place = module_of(first[-1])
    severity = "warning" if is_prefix and not is_meant else "info"
    series = unused[first[-1]]
    yield Finding(
        "frozen_layer", severity,
        f"No gradient comes to {place}{' and what lies before it' if len({*map(module_of, first)}) > 1 else ''}, "
        "although it wants one.",
        _CUT, place, span(series)[0], span(series)[1], 0.85 if severity == "warning" else 0.4,
        Evidence(tuple(f"unused/{path}" for path in first[:8])),
    )  # fmt: skip
