"""What a map of some columns draws of a series of histograms: neighbours merged, exactly."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tracker.series import sketch
from tracker.store.read.records import Histograms
from tracker.store.read.sketch_levels import Node, SketchLevels, whole_node
from tracker.values.histogram import Histogram


def distribution(sources: Sequence[SketchLevels], columns: int | None, *, rough: bool = False) -> Histograms:
    """The histograms of some sources as at most `columns` ones that stand for about as many each; None: one by one.

    Args:
        sources: The segments' parts of the series, oldest first.
        columns: At most so many come back.
        rough: Merge whole nodes of the levels only, so that as few rows as can be are read.
    """
    total = sum(source.count() for source in sources)
    size = 1 if columns is None else max(1, -(-total // columns))
    if rough:
        size = whole_node(size)
    groups: list[list[tuple[Node, SketchLevels]]] = []
    room = 0
    for node, source in [(node, part) for part in sources for node in part.nodes(size)]:
        if room <= 0:
            groups.append([])
            room = size
        groups[-1].append((node, source))
        room -= node.count
    firsts, lasts = [group[0][0] for group in groups], [group[-1][0] for group in groups]
    return Histograms(
        np.array([node.step for node in firsts], np.int64),
        np.array([node.wall_time for node in firsts], np.float64),
        tuple(Histogram.of(sketch.merge([source.read(node) for node, source in group])) for group in groups),
        np.array([node.last_step for node in lasts], np.int64),
        np.array([node.last_wall_time for node in lasts], np.float64),
        np.array([sum(node.count for node, _ in group) for group in groups], np.int64),
    )
