"""What reading a run answers with for curves of quality, embeddings and meshes: arrays, checked as they are read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from tracker.errors import DamagedBytesError
from tracker.store.read.records import MediaItem
from tracker.values import stored_array, unpack

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class QualityCurve:
    """Right and wrong at every threshold, at one step; arrays of shape (T,), thresholds even from 0 to 1."""

    step: int
    wall_time: float
    tp: Array
    fp: Array
    tn: Array
    fn: Array
    precision: Array
    recall: Array
    confidence: Array | None
    """The sum of the predictions between a threshold and the next; None where only the counts were logged."""
    auc: float | None
    """The area under the ROC curve, exact where the predictions were logged, else over the thresholds."""
    ap: float | None
    """The average precision, likewise."""
    attributes: dict[str, Any]

    @property
    def thresholds(self) -> Array:
        """From 0 to 1, shape (T,)."""
        return np.linspace(0.0, 1.0, len(self.tp))


@dataclass(frozen=True)
class Confusion:
    """Elements by true class (rows) and predicted class (columns), at one step."""

    step: int
    wall_time: float
    counts: Array
    class_names: list[str]


@dataclass(frozen=True)
class StoredEmbedding:
    """Vectors at one step, with what is known of each."""

    step: int
    wall_time: float
    vectors: Array
    """Shape (N, D)."""
    header: list[str]
    rows: list[list[str]]
    """A row of words for each vector; empty without labels."""
    sprites: Array | None
    """Shape (N, C, H, W), uint8 or 0 to 1."""


@dataclass(frozen=True)
class StoredMesh:
    """A surface or a cloud of points at one step; of a batch the first."""

    step: int
    wall_time: float
    vertices: Array
    """Shape (N, 3)."""
    faces: Array | None
    """Triangles, (F, 3); None of a cloud."""
    colors: Array | None
    """Shape (N, 3), 0 to 255."""


def quality_curves(items: Sequence[MediaItem]) -> list[QualityCurve]:
    """The curves among the items of a series, in order."""
    found: list[QualityCurve] = []
    for item in items:
        array = stored_array.read(item.data)
        if item.said("part", str) == "confidence":
            if found and array.shape == found[-1].tp.shape:
                found[-1] = replace(found[-1], confidence=array.astype(float))
            continue
        if array.ndim != 2 or array.shape[0] != 6:
            raise DamagedBytesError(f"a curve of quality has 6 rows, not {array.shape}")
        tp, fp, tn, fn, precision, recall = array.astype(float)
        auc, ap = _areas(tp, fp, tn, fn, precision)
        if {"auc", "ap"} <= item.attributes.keys():  # exact ones; None where there was one class only
            auc, ap = item.said("auc", (int, float)), item.said("ap", (int, float))
        found.append(
            QualityCurve(
                item.step, item.wall_time, tp, fp, tn, fn, precision, recall, None, auc, ap, item.attributes
            )
        )  # fmt: skip
    return found


def confusions(items: Sequence[MediaItem]) -> list[Confusion]:
    """The matrices among the items of a series, in order."""
    found = []
    for item in items:
        counts = stored_array.read(item.data)
        if counts.ndim != 2 or counts.shape[0] != counts.shape[1]:
            raise DamagedBytesError(f"a confusion matrix is square, not {counts.shape}")
        names = [str(name) for name in item.said("classes", list) or ()]
        if len(names) != len(counts):
            names = [str(number) for number in range(len(counts))]
        found.append(Confusion(item.step, item.wall_time, counts, names))
    return found


def embedding(items: Sequence[MediaItem], step: int | None = None) -> StoredEmbedding | None:
    """The embedding logged at a step, the newest by default; None where there is none."""
    starts = [i for i, item in enumerate(items) if item.said("part", str) == "vectors"]
    wanted = [i for i in starts if step is None or items[i].step == step]
    if not wanted:
        return None
    first = wanted[-1]
    after = [i for i in starts if i > first]
    parts = {item.said("part", str): item for item in items[first : after[0] if after else None]}
    vectors = stored_array.read(parts["vectors"].data)
    if vectors.ndim != 2:
        raise DamagedBytesError(f"an embedding is a table, not {vectors.shape}")
    words = unpack.parsed(parts["labels"].data, "table of labels") if "labels" in parts else {}
    rows, header = _labels(words)
    sprites = stored_array.read(parts["pictures"].data) if "pictures" in parts else None
    return StoredEmbedding(items[first].step, items[first].wall_time, vectors, header, rows, sprites)


def _labels(words: Any) -> tuple[list[list[str]], list[str]]:
    """A row of words for each vector, and what stands above their columns."""
    rows, header = (words.get(name) or [] if isinstance(words, dict) else None for name in ("rows", "header"))
    if not (isinstance(rows, list) and isinstance(header, list) and all(isinstance(row, list) for row in rows)):
        raise DamagedBytesError("labels of an embedding are rows of words")
    width = max(map(len, rows), default=0)
    return (
        [[str(word) for word in row] for row in rows],
        [str(name) for name in header] or ["label", *(f"label {k}" for k in range(2, width + 1))],
    )


def meshes(items: Sequence[MediaItem]) -> list[StoredMesh]:
    """The meshes among the items of a series, in order.

    The parts of one may have come one by one, as TensorFlow's writer puts them down: a new mesh begins with a new step,
    or with a part that the last one has already. What has no vertices is left out.
    """
    groups: list[dict[str, MediaItem]] = []
    for item in items:
        part = item.said("part", str, "vertices")
        assert part is not None
        if not groups or part in groups[-1] or next(iter(groups[-1].values())).step != item.step:
            groups.append({})
        groups[-1][part] = item
    return [_mesh(parts) for parts in groups if "vertices" in parts]


def _mesh(parts: dict[str, MediaItem]) -> StoredMesh:
    arrays: dict[str, Array] = {}
    for part, item in parts.items():
        array = stored_array.read(item.data)
        array = array[0] if array.ndim == 3 and len(array) else array
        if array.ndim != 2 or array.shape[1] != 3:
            raise DamagedBytesError(f"{part} of a mesh come in threes, not {array.shape}")
        arrays[part] = array
    first = parts["vertices"]
    return StoredMesh(first.step, first.wall_time, arrays["vertices"], arrays.get("faces"), arrays.get("colors"))


def _areas(tp: Array, fp: Array, tn: Array, fn: Array, precision: Array) -> tuple[float | None, float | None]:
    """The areas under the curves over thresholds, where no more is known."""
    positives, negatives = float((tp + fn).max(initial=0)), float((fp + tn).max(initial=0))
    if not positives:
        return None, None
    # From the highest threshold down, and a last point beyond it at which nothing is positive.
    recall = np.concatenate([[0.0], tp[::-1] / positives])
    ap = float(np.sum(np.diff(recall) * precision[::-1]))
    if not negatives:
        return None, ap
    rate = np.concatenate([[0.0], fp[::-1] / negatives])
    return float(np.sum(np.diff(rate) * (recall[1:] + recall[:-1]) / 2)), ap
