"""unshuffled_data: the training sees its samples in one order.

Definition: what the training loss does within an epoch, with the epoch's own level, slope and scale taken off, is what
it did within the epoch before, over 3 epochs and more. The epoch's length is that between validations, or what the tag
of the epochs or the repetition itself says. It is a warning where neighbouring batches are alike too (samples sorted by
class or by time), information where a random order is kept; or the trainer's own count of labels says so.

Thresholds: the correlation of two epochs of m batches is 0 within 1 / sqrt(m) where the order is new; 0.5 and 5 of
these are asked for. `batch/label_change` of 0.8 and more: of sorted labels nearly all are equal to the one before. A
mean over the epoch so far, as Keras shows it, starts anew each epoch and gets smoother in it: its first quarter moves
more than 4 times as much as its last, and it is left out.

Source: Bengio 2012, section 2.1.2; Bottou 2012, "Stochastic gradient descent tricks": shuffle the examples.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tracker.findings.curves import repeats
from tracker.findings.detector import detector
from tracker.findings.finding import Evidence, Finding
from tracker.findings.headline import learning_rates, training_loss, validation_loss
from tracker.findings.training import Series, Training

_ALIKE, _SIGMAS, _SORTED = 0.5, 5.0, 0.8


@detector("unshuffled_data")
def unshuffled_data(training: Training) -> Iterator[Finding]:
    """By the labels that were counted, else by the loss."""
    loss = training_loss(training).finite
    labels = training.series("batch/label_change").finite
    commonest = training.series("batch/commonest").finite
    if len(labels) >= 3 and np.median(labels.value) >= _SORTED and np.median(commonest.value, initial=0) < 1:
        pass
    if len(loss) < 12:
        return
    found = max((_alike(loss, period) for period in _periods(training, loss)), default=(0.0, 0, 0.0))
    alike, period, neighbours = found
    if alike < _ALIKE or _follows_rate(training, period):
        return
    is_sorted = neighbours > 0.25
    stride = float(np.median(np.diff(loss.step)))
    yield Finding(
        "unshuffled_data", "warning" if is_sorted else "info",
        f"{loss.tag} repeats every {period * stride:.0f} steps, an epoch: {alike:.0%} alike from one to the next"
        + (", and neighbouring batches are alike." if is_sorted else "."),
        "Shuffle the samples anew each epoch (shuffle=True), or say why their order matters.",
        None, int(loss.step[0]), int(loss.step[-1]), min(0.95, 0.4 + alike / 2),
        Evidence((loss.tag,), (int(loss.step[-min(len(loss), 3 * period)]), int(loss.step[-1]))),
    )  # fmt: skip


def _periods(training: Training, loss: Series) -> list[int]:
    """How many points of the loss an epoch may have."""
    stride = float(np.median(np.diff(loss.step))) or 1.0
    found = set()
    held = validation_loss(training).step
    if len(held) >= 3:
        found.add(round(float(np.median(np.diff(held))) / stride))
    for tag in training.tags:
        if tag.rsplit("/", 1)[-1].lower() == "epoch":
            epoch = training.series(tag).finite
            if len(epoch) >= 12 and epoch.value[-1] - epoch.value[0] >= 3:
                span = float(epoch.step[-1] - epoch.step[0]) / float(epoch.value[-1] - epoch.value[0])
                found.add(round(span / stride))
    if not found:
        found |= _by_itself(loss.value)
    return [each for each in found if 4 <= each <= len(loss) // 3]


def _by_itself(value: np.ndarray) -> set[int]:
    """The lag at which the curve less its trend is most like itself."""
    n = len(value)
    if n < 60:
        return set()
    width = max(5, n // 12)
    flat = value - np.convolve(np.pad(value, width, mode="edge"), np.ones(2 * width + 1) / (2 * width + 1), "valid")
    spectrum = np.abs(np.fft.rfft(flat - flat.mean(), 2 * n)) ** 2
    found = np.fft.irfft(spectrum)[: n // 4]
    if len(found) < 9 or not found[0] > 0:
        return set()
    lag = int(np.argmax(found[8:])) + 8
    return {lag} if found[lag] > 0.3 * found[0] else set()


def _alike(loss: Series, period: int) -> tuple[float, int, float]:
    """How alike the epochs are, their length, and how alike neighbours are within one; 0 where it is a running mean."""
    value = loss.value[period:] if len(loss) >= 5 * period else loss.value  # the first epoch falls more than it repeats
    alike, pattern = repeats(value, period)
    count = len(value) // period
    if count < 3 or alike < _SIGMAS / np.sqrt(period * (count - 1)):
        return 0.0, period, 0.0
    rows = np.abs(np.diff(value[len(value) - count * period :].reshape(count, period), axis=1))
    quarter = max(1, period // 4)
    if np.median(rows[:, :quarter]) > 4 * np.median(rows[:, -quarter:]):
        return 0.0, period, 0.0
    power = float(pattern @ pattern)
    return alike, period, float(pattern[1:] @ pattern[:-1]) / power if power else 0.0


def _follows_rate(training: Training, period: int) -> bool:
    """Whether the learning rate has the same period."""
    lr = learning_rates(training).finite.value
    return len(lr) >= 3 * period and np.ptp(lr) > 0.05 * lr.max() and repeats(lr, period)[0] > 0.5
