"""Models' files as runs: ONNX, GraphDef, Keras JSON; of each its graph."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from tracker.foreign.batch import Item
from tracker.foreign.log import Log
from tracker.values.graph import Graph

_HEAD = 4096
_KERAS = re.compile(rb'"class_name": ?"(Functional|Model|Sequential)"')


def is_keras(path: Path) -> bool:
    """Whether a JSON file describes a Keras model."""
    with path.open("rb") as file:
        return bool(_KERAS.search(file.read(_HEAD)))


def read(path: Path) -> Iterator[Log]:
    """The graph of a model's file, as the one value of a run.

    Raises:
        LoggedValueError: it holds no such model.
        OSError: it cannot be read.
    """
    log = Log(config={"model": path.name})
    log.items.append(Item("graph", "graph", 0, path.stat().st_mtime, Graph.from_file(path).encode()))
    yield log
