"""plateau: the training stopped learning far from done, or never began.

Definition: the training loss is as high at the end as near its beginning: it fell by less than 5 %, was at no time
lower by more than 8 %, and the score, where one is logged, did not rise clearly and is below 0.8. It counts as a
warning where the fall cannot be told from noise, or the score cannot; as information otherwise, and where it fell by
less than 20 % within the first third of the run and has stood still since.

Thresholds: data with little signal (a coin slightly bent, prices) let the loss fall by 1 or 2 %, clearly, with the
validation following: that is no warning. A loss that varies by a third of its height between batches belongs to samples
that are mostly read right, and to fine-tuning. Fewer than 20 points or less than an epoch say nothing, and fewer than
50 steps, where they are no epochs, are information.

Seen on seeded trainings: right in 18 of 18 that could not learn (zeros, no step, sigmoids seven deep), 1 as
information; of 6 without anything to learn in the data in 2, since the bias is learned, and some had 8 points.
Healthy, 198: no warning; information in 4 (little signal, a contrastive loss that ends near its beginning).

Source: AUTOTRAINER (Zhang et al. 2021), "not converging"; DeepLocalize and UMLAUT ("loss does not decrease").
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tracker.findings.curves import ends, noise, smoothed
from tracker.findings.detector import detector
from tracker.findings.detectors.lr_schedule_bug import lr_schedule_bug
from tracker.findings.detectors.lr_too_high import lr_too_high
from tracker.findings.detectors.lr_too_low import lr_too_low
from tracker.findings.finding import Evidence, Finding
from tracker.findings.headline import score, searches_rate, training_loss, validation_loss
from tracker.findings.ordered import median, quantile
from tracker.findings.training import Series, Training

_FALL, _LOWEST, _SOME, _GOOD, _FEW_STEPS = 0.05, 0.08, 0.2, 0.8, 50


@detector("plateau")
def plateau(training: Training) -> Iterator[Finding]:
    """One finding where loss and score stand still."""
    loss = training_loss(training).finite
    if len(loss) < 20 or loss.value.min() <= 0 or searches_rate(training):
        return
    levels = ends(loss.value)
    curve = smoothed(loss.value, max(3, len(loss) // 20))
    sigma = noise(loss.value)
    if sigma > levels.end / 3:
        return
    is_low = levels.fall > _FALL or curve.min() < (1 - _LOWEST) * levels.start
    if is_low and (levels.fall > _SOME or not _is_flat(curve)):
        return
    if any(each.severity != "info" for find in (lr_too_high, lr_too_low, lr_schedule_bug) for each in find(training)):
        return  # the rate is why
    known = score(training).finite
    if len(known) and float(median(known.value[len(known) // 2 :])) >= _GOOD:
        return
    held = validation_loss(training).finite
    falls = ends(loss.value, 0.3, 1000).is_lower
    followed = (len(held) >= 3 and ends(held.value, 0.3).fall > 0.003) or _rises(known)
    if _rises(known) and levels.fall > 0.01 and not is_low:
        return
    # What is logged once an epoch may have learned all there is before its first point.
    is_whole = len(known) > 0 or len(held) < 3 or len(loss) >= 2 * len(held)
    # A few dozen single steps are not enough to bet on, as a few dozen epochs are.
    is_whole = is_whole and (int(loss.step[-1] - loss.step[0]) >= _FEW_STEPS or len(held) >= 5)
    is_sure = (
        not is_low and is_whole and not (falls and followed) and not _rises(known) and levels.end <= 1.5 * levels.start
    )
    yield Finding(
        "plateau", "warning" if is_sure else "info",
        f"{loss.tag} is at {levels.end:.4g} after {len(loss):,} points, and began at {levels.start:.4g}"
        + (f"; {known.tag} stays at {median(known.value):.3g}." if len(known) else "."),
        "Try to learn 20 samples by heart: if that fails too, look at initialization, gradients and labels.",
        None, int(loss.step[0]), int(loss.step[-1]), 0.75 if is_sure else 0.4,
        Evidence((loss.tag, known.tag) if len(known) else (loss.tag,), (int(loss.step[0]), int(loss.step[-1]))),
    )  # fmt: skip


def _is_flat(curve: np.ndarray) -> bool:
    """Whether it has stood still since the first third."""
    later = curve[len(curve) // 3 :]
    return bool(np.ptp(quantile(later, (0.1, 0.9))) < 0.03 * median(later))


def _rises(known: Series) -> bool:
    if len(known) < 4:
        return False
    return ends(-known.value, 0.3, 1000).is_lower
