"""Meshes: what is logged comes back, what is no mesh is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tracker
from tests.tracker.test_event_files import copied, write
from tracker.errors import LoggedTypeError, LoggedValueError
from tracker.foreign import mesh_parts, protos
from tracker.values import stored_array

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


def test_parts_that_came_one_by_one_are_one_mesh(tmp_path: Path, logdir: Path) -> None:
    """TensorFlow's writer puts down an event for each part, and a scope before its name; PyTorch's all in one."""
    torus = mesh_events("scope/torus", 0, apart=True) + mesh_events("scope/torus", 1, apart=True)
    path = write(tmp_path / "tfevents", *torus, *mesh_events("other", 2, apart=False))
    copied(path, logdir)
    run = tracker.open(logdir).run("a")
    assert run.tags("mesh") == ["other", "scope/torus"]
    found = [*run.meshes("scope/torus"), *run.meshes("other")]
    assert [each.step for each in found] == [0, 1, 2]
    for each in found:
        assert each.vertices.tolist() == (SQUARE + each.step).tolist()
        assert each.faces.tolist() == [[0, 1, 2]]
        assert each.colors.tolist() == [[each.step, 7, 7]] * 4


def mesh_events(tag: str, step: int, *, apart: bool) -> list[bytes]:
    """A colored triangle as TensorBoard's plugin has it, its colors first."""
    made = protos.Event(wall_time=1.0 + step, step=step)
    parts = {
        "colors": np.full((1, 4, 3), 7) - [[[7 - step, 0, 0]]],
        "vertices": SQUARE[None] + step,
        "faces": np.array([[[0, 1, 2]]]),
    }
    mesh_parts.fill(made.summary.value, tag, [stored_array.item(array, part=part) for part, array in parts.items()])
    if not apart:
        return [made.SerializeToString()]
    return [
        protos.Event(wall_time=1.0 + step, step=step, summary=protos.Summary(value=[each])).SerializeToString()
        for each in made.summary.value
    ]
