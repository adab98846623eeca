"""vanishing_gradients: gradients that fade towards the input.

Definition: over the layers' weights in order of depth, four or more, the median over the first half of the run of
`grad_norm` in the first layer is below a thousandth of that in the last, it falls over most of the layers between, and
the loss keeps more than 80 % of what it was. A hundredth will do where it keeps 95 % and the first layer's steps are
below 1e-4 of it. Where the training learned all the same, it is worth knowing only (info).

Thresholds: a sigmoid takes at least three quarters of a gradient at each layer, so that five of them take 99.9 %.
PyTorch's default for deep rectifier networks fades by 10 to 300 over eight layers, and learns. Layers with a gradient
of exactly 0 are cut off or dead, which is another kind. Whether it lasts is asked over half of the run: networks whose
last layer begins at 0 on purpose have no gradient at the first step only.

Source: Hochreiter 1991; Bengio et al. 1994; Glorot and Bengio 2010.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tracker.findings.detector import detector
from tracker.findings.finding import Evidence, Finding
from tracker.findings.layers import by_depth, learning, module_of, number, table, weights
from tracker.findings.ordered import median
from tracker.findings.training import Training

FADED = 1e-3
KEPT = 0.8
FADED_SOME, KEPT_ALL, SHORT = 1e-2, 0.95, 1e-4
_ADVICE = (
    "Try rectifiers or normalization between the layers, He's or Glorot's initialization, or residual connections."
)


@detector("vanishing_gradients")
def vanishing_gradients(training: Training) -> Iterator[Finding]:
    """One, of the first layer."""
    paths = by_depth(training, weights(training, training.layers("grad_norm")))
    if len(paths) < 4:
        return
    steps, norms = table(training, "grad_norm", paths)
    norms = norms[: max(3, (len(steps) + 1) // 2)]
    if len(norms) < 3 or not np.isfinite(norms).all():
        return
    middle = median(norms, axis=0)
    if (middle <= 0).any():
        return
    shares = norms[:, 0] / np.maximum(norms[:, -1], 1e-300)
    falls = np.diff(np.log10(middle))
    limit = FADED_SOME if _rests(training, paths[0]) else FADED
    if median(shares) > limit or (falls > -0.1).mean() < 0.6 or falls.max() > 4:
        return
    left, faded = learning(training).left, float(median(shares))
    severity = "warning" if left > KEPT else "info"
    step = int(steps[np.flatnonzero(shares <= limit)[0]])
    yield Finding(
        "vanishing_gradients", severity,
        f"The gradient of {module_of(paths[0])} is {number(faded)} times that of {module_of(paths[-1])}, fading over "
        f"{len(paths)} layers.",
        _ADVICE, module_of(paths[0]), step, int(steps[-1]), 0.9 if severity == "warning" else 0.4,
        Evidence(tuple(f"grad_norm/{path}" for path in (paths[0], paths[-1])), (step, int(steps[-1]))),
    )  # fmt: skip


def _rests(training: Training, first: str) -> bool:
    """Whether next to nothing was learned, and the first layer hardly moves."""
    steps = training.series(f"update_ratio/{first}").finite.value
    return learning(training).left > KEPT_ALL and len(steps) > 2 and float(median(steps)) < SHORT
