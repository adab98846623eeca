"""Meshes: what is logged comes back, what is no mesh is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tracker
from tracker.errors import LoggedTypeError, LoggedValueError

SQUARE = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0.0]])


@pytest.mark.parametrize(
    "colors", [None, np.full((4, 3), 255, np.uint8), np.ones((4, 3)), np.ones((1, 4, 3), np.float16)]
)
@pytest.mark.parametrize(
    "faces", [None, [[0, 1, 2], [0, 2, 3]], np.array([[[0, 1, 2]]], np.uint8), np.array([[0.0, 1, 2]])]
)
def test_what_is_logged_comes_back(logdir: Path, faces: Any, colors: Any) -> None:
    """A surface or a cloud, with colors or without; of two steps each its own."""
    with tracker.init(logdir=logdir, name="run") as run:
        run.log({"m": tracker.Mesh(SQUARE * 2)}, step=1)
        run.log({"m": tracker.Mesh(SQUARE, faces, colors)}, step=2)
    first, found = tracker.open(logdir).run("run").meshes("m")
    assert (first.step, found.step) == (1, 2)
    assert first.vertices.tolist() == (SQUARE * 2).tolist()
    assert first.faces is None
    assert found.vertices.tolist() == SQUARE.tolist()
    assert (found.faces is None) == (faces is None)
    if faces is not None:
        assert found.faces[0].tolist() == [0, 1, 2]
    assert (found.colors is None) == (colors is None)
    if colors is not None:
        assert (found.colors == 255).all()


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        ({"vertices": [1, 2, 3]}, LoggedValueError, "in threes"),
        ({"vertices": np.zeros((4, 2))}, LoggedValueError, "in threes"),
        ({"vertices": np.zeros((0, 3))}, LoggedValueError, "in threes"),
        ({"vertices": SQUARE, "faces": [[0, 1, 4]]}, LoggedValueError, "not there"),
        ({"vertices": SQUARE, "faces": [[0, 1, -1]]}, LoggedValueError, "not there"),
        ({"vertices": SQUARE, "faces": [[0, 1, 0.5]]}, LoggedTypeError, "whole numbers"),
        ({"vertices": SQUARE, "colors": np.zeros((3, 3))}, LoggedValueError, "color for each"),
        ({"vertices": "abc"}, LoggedTypeError, "not an array"),
    ],
)
def test_what_is_no_mesh_is_refused(arguments: Any, error: type[Exception], says: str) -> None:
    """On the caller's line."""
    with pytest.raises(error, match=says):
        tracker.Mesh(**arguments)
