"""unshuffled_data: the training sees its samples in one order.

Definition: what the training loss does within an epoch, with the epoch's own level, slope and scale taken off, is what
it did within the epoch before, over 3 epochs and more. The epoch's length is that between validations, or what the tag
of the epochs or the repetition itself says. It is a warning where the accuracies of batches vary by twice what
chance makes of batches of their size; without accuracies, where neighbouring batches are alike too (samples sorted by
class or by time), or late batches are as bad as the first ones. It is information where a random order is kept. Or the
trainer's own count of labels says so; or half of the first batches are read wrong to the last sample, which samples
drawn at the validation's accuracy are in one of ten.

Thresholds: the correlation of two epochs of m batches is 0 within 1 / sqrt(m) where the order is new; 0.5 and 5 of
these are asked for. Neighbours of a random order are alike by as much: 0.4 and 2.5 of these. Of n samples read right
with probability p the accuracy varies by p (1 - p) / n: 0.8 to 1.5 times that in random orders, 2.3 to 18 times where
samples were sorted. `batch/label_change` of 0.8 and more: of sorted labels nearly all are equal to the one before. A
mean over the epoch so far, as Keras shows it, starts anew each epoch: it is known by what it is the mean of, which is
at no point below 0, and left out.

Seen on seeded trainings: right in 17 of 18 in one order; a warning in 9 of 12 sorted by class (the others learned both
classes at once) and in 1 of 6 whose order is random but kept. Healthy, 198: nothing; a smaller last batch, whose
contrastive loss is lower for that, was information until it was left out.

Source: Bengio 2012, section 2.1.2; Bottou 2012, "Stochastic gradient descent tricks": shuffle the examples.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tracker.findings.curves import repeats
from tracker.findings.detector import detector
from tracker.findings.finding import Evidence, Finding
from tracker.findings.headline import learning_rates, training_loss, validation_loss
from tracker.findings.ordered import distinct, median, quantile
from tracker.findings.pairs import accuracies, share
from tracker.findings.training import Series, Training

_ALIKE, _SIGMAS, _SMOOTH, _SORTED, _WRONG, _CHANCE = 0.5, 5.0, 0.4, 0.8, 0.5, 0.1
_APART, _BY_CHANCE, _LARGEST = 2.0, 2.5, 1024


@detector("unshuffled_data")
def unshuffled_data(training: Training) -> Iterator[Finding]:
    """By the labels that were counted, else by the loss."""
    loss = training_loss(training).finite
    labels = training.series("batch/label_change").finite
    if len(labels) >= 3 and median(labels.value) >= _SORTED and not _is_one_sided(training):
        classes = training.series("batch/classes").finite.value
        yield Finding(
            "unshuffled_data", "warning",
            f"{median(labels.value):.0%} of the labels are equal to the one before"
            + (f", with {median(classes):.0f} classes in a batch." if len(classes) else "."),
            "Shuffle the samples anew each epoch (shuffle=True), or say why their order matters.",
            None, int(labels.step[0]), int(labels.step[-1]), 0.9, Evidence(("batch/label_change", loss.tag)),
        )  # fmt: skip
        return
    if len(loss) < 12:
        return
    stride = float(median(np.diff(loss.step))) or 1.0
    lengths = [multiple * each for each in _epochs(training, loss, stride) for multiple in _multiples(each / stride)]
    found = [(*_alike(_by_phase(loss, each, stride)), each) for each in lengths]
    alike, neighbours, length = max(found, default=(0.0, 0.0, 0.0))
    if alike < _ALIKE or _follows_rate(training, length):
        yield from _read_wrong(training)
        return
    apart = _dispersion(training, length)
    # Neighbours of a random order are alike by 1 / sqrt(points), give or take.
    least = max(_SMOOTH, _BY_CHANCE * (stride / length) ** 0.5)
    is_sorted = apart > _APART if apart is not None else neighbours > least or _swings(loss, length)
    yield Finding(
        "unshuffled_data", "warning" if is_sorted else "info",
        f"{loss.tag} repeats every {length:.0f} steps, as the epochs do: {alike:.0%} alike from one to the next"
        + (", and it goes by kinds of samples." if is_sorted else "."),
        "Shuffle the samples anew each epoch (shuffle=True), or say why their order matters.",
        None, int(loss.step[0]), int(loss.step[-1]), min(0.95, 0.4 + alike / 2),
        Evidence((loss.tag,), (int(max(loss.step[0], loss.step[-1] - 3 * length)), int(loss.step[-1]))),
    )  # fmt: skip


def _read_wrong(training: Training) -> Iterator[Finding]:
    """Where whole batches are read wrong that should not be: what was learned last is not what comes next."""
    for tag in accuracies(training, training.roles.train_score)[:1]:
        right = share(training.series(tag))
        early = right.value[: len(right) * 2 // 5]
        held = [share(training.series(each)) for each in accuracies(training, training.roles.val_score)[:1]]
        if len(early) < 30 or not held or not early.any() or len(held[0]) < 3:
            continue
        known = held[0].value[held[0].step <= right.step[len(early)]]
        batch = round(1 / float(right.value[right.value > 0].min()))
        if not len(known) or float((early == 0).mean()) < _WRONG or (1 - float(known.mean())) ** batch > _CHANCE:
            continue
        yield Finding(
            "unshuffled_data", "warning",
            f"{tag} is 0 in {(early == 0).mean():.0%} of the first batches, where {held[0].tag} is {known.mean():.3g}: "
            "batches hold labels of one kind, and the next ones another.",
            "Shuffle the samples anew each epoch (shuffle=True), or say why their order matters.",
            None, int(right.step[0]), int(right.step[-1]), 0.7, Evidence((tag, held[0].tag)),
        )  # fmt: skip


def _multiples(points: float) -> list[int]:
    """How many epochs together are a whole number of points: those in between are seen at every other one only."""
    whole = [count for count in (1, 2, 3) if abs(points * count - round(points * count)) < 0.05]
    return [count for count in {1, *whole[:1]} if points * count >= 4]


def _epochs(training: Training, loss: Series, stride: float) -> list[float]:
    """How many steps an epoch may have."""
    found = []
    held = validation_loss(training).step
    if len(held) >= 3:
        found.append(float(median(np.diff(held))))
    for tag in training.tags:
        if tag.rsplit("/", 1)[-1].lower() == "epoch":
            epoch = training.series(tag).finite
            if len(epoch) >= 12 and epoch.value[-1] - epoch.value[0] >= 3:
                found.append(float(epoch.step[-1] - epoch.step[0]) / float(epoch.value[-1] - epoch.value[0]))
    return found or [stride * lag for lag in _by_itself(loss.value)]


def _by_itself(value: np.ndarray) -> list[int]:
    """The lag at which the curve less its trend is most like itself."""
    n = len(value)
    if n < 60:
        return []
    width = max(5, n // 12)
    flat = value - np.convolve(np.pad(value, width, mode="edge"), np.ones(2 * width + 1) / (2 * width + 1), "valid")
    spectrum = np.abs(np.fft.rfft(flat - flat.mean(), 2 * n)) ** 2
    found = np.fft.irfft(spectrum)[: n // 4]
    if len(found) < 9 or not found[0] > 0:
        return []
    lag = int(np.argmax(found[8:])) + 8
    return [lag] if found[lag] > 0.3 * found[0] else []


def _by_phase(series: Series, length: float, stride: float) -> np.ndarray:
    """Its values at the same places of every epoch, (epochs, points); the first epoch, which falls more, left out."""
    points = int(length / stride + 0.01)
    begin = series.step[0] + (length if series.step[-1] - series.step[0] >= 5 * length else 0)
    count = int((series.step[-1] + stride - begin) / length + 1e-9)
    at = begin + length * np.arange(count)[:, None] + stride * np.arange(points)
    return np.asarray(np.interp(at, series.step, series.value))


def _alike(rows: np.ndarray) -> tuple[float, float]:
    """How alike epochs are, and neighbours within one; 0 where they are too few, or each a mean from its start."""
    rows = rows[:, :-1]  # the last batch is often smaller, and its loss another for that
    count, points = rows.shape
    if count < 3 or points < 4:
        return 0.0, 0.0
    alike, pattern = repeats(rows.reshape(-1), points)
    if alike < _SIGMAS / np.sqrt(points * (count - 1)):
        return 0.0, 0.0
    if _are_means(rows):
        return 0.0, 0.0
    # What is learned by heart later shows no kinds any more: the first epochs do.
    early = repeats(rows[:3].reshape(-1), points)[1]
    return alike, max(_smoothness(pattern), _smoothness(early))


def _smoothness(pattern: np.ndarray) -> float:
    """How alike neighbours are, from -1 to 1."""
    power = float(pattern @ pattern)
    return float(pattern[1:] @ pattern[:-1]) / power if power else 0.0


def _swings(loss: Series, length: float) -> bool:
    """Whether batches late in the run are as bad as before all learning, be it some of them or all."""
    late = loss.value[loss.step > loss.step[-1] - 3 * length]
    usual, high = quantile(late, (0.5, 0.95))
    start = float(median(loss.value[:3]))
    return bool(high > 0.4 * start and (usual < 0.4 * high or usual > 0.7 * start))


def _dispersion(training: Training, length: float) -> float | None:
    """How much more the accuracies of an epoch's batches vary than where chance parts samples into batches: of n
    samples read right with probability p by p (1 - p) / n. None where no accuracies of single batches were logged."""
    for tag in accuracies(training, training.roles.train_score)[:1]:
        right = share(training.series(tag))
        epoch = (right.step - right.step[0]) // max(1, round(length))
        later = right.value[epoch > 0]  # in the first one the model changes most
        if len(later) < 12:
            return None
        batch = _batch_size(later)
        if batch is None:
            return None
        epochs = [each for n in distinct(epoch[epoch > 0]) if len(each := right.value[epoch == n]) > 2]
        chance = sum(len(each) * each.mean() * (1 - each.mean()) / batch for each in epochs)
        return float(sum(len(each) * each.var() for each in epochs) / chance) if chance else None
    return None


def _batch_size(right: np.ndarray) -> int | None:
    """The fewest samples of which nearly all of these are shares; None where they are shares of no such number."""
    some = distinct(np.round(right, 6))
    some = some[:: len(some) // 500 + 1]
    sizes = np.arange(1, _LARGEST + 1)
    counts = some[None, :] * sizes[:, None]
    fits = (np.abs(counts - np.round(counts)) < 0.005).mean(axis=1) >= 0.8
    return int(sizes[fits][0]) if fits.any() else None


def _are_means(rows: np.ndarray) -> bool:
    """Whether each value is the mean of its epoch so far: then what it is the mean of is a loss too, never below 0."""
    total = rows * np.arange(1, rows.shape[1] + 1)
    parts = np.diff(total, axis=1)
    return bool(rows.min() >= 0 and (parts < 0).mean() < 0.02)


def _follows_rate(training: Training, length: float) -> bool:
    """Whether the learning rate has the same period."""
    lr = learning_rates(training).finite
    if len(lr) < 12 or np.ptp(lr.value) <= 0.05 * lr.value.max():
        return False
    rows = _by_phase(lr, length, float(median(np.diff(lr.step))) or 1.0)
    return len(rows) >= 2 and repeats(rows.reshape(-1), rows.shape[1])[0] > 0.5


def _is_one_sided(training: Training) -> bool:
    """Whether one label is so common that neighbours are alike in any order, though a batch has others too.

    Who answers with that label is right about as often as it is seen: where nobody ever was, each batch has another.
    """
    commonest = training.series("batch/commonest").finite.value
    classes = training.series("batch/classes").finite.value
    if not len(commonest) or not len(classes):
        return False
    share_of = float(median(commonest))
    right = accuracies(training, training.roles.val_score) or accuracies(training, training.roles.train_score)
    if right and float(median(np.sort(share(training.series(right[0])).value)[-3:])) < share_of - 0.1:
        return False
    alike = float(median(training.series("batch/label_change").finite.value))
    return bool(median(classes) > 1) and alike < share_of**2 + (1 - share_of) ** 2 + 0.1
