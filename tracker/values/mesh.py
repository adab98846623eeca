"""Mesh: a surface, or a cloud of points, in space."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tracker.errors import LoggedTypeError, LoggedValueError, message
from tracker.values import arrays, stored_array
from tracker.values.value import Medium, Value


class Mesh(Value):
    """Vertices with the faces between them, or without any: then a cloud of points.

    A batch is stored whole, and its first is what the page shows, as TensorBoard does.

    Args:
        vertices: Shape (N, 3) or (B, N, 3).
        faces: Triangles as numbers of vertices, from 0, (F, 3) or (B, F, 3).
        colors: One a vertex, (N, 3) or (B, N, 3): whole numbers of 0 to 255, or floats of 0 to 1.

    Raises:
        LoggedTypeError: not arrays of real numbers, or faces that are not whole numbers.
        LoggedValueError: not of these shapes, or a face names a vertex that is not there.
    """

    kind = "mesh"

    def __init__(self, vertices: Any, faces: Any = None, colors: Any = None) -> None:
        self.vertices = arrays.float32(_threes(vertices, "vertices"))
        batch, count, _ = self.vertices.shape
        self.faces = _faces(faces, batch, count) if faces is not None else None
        self.colors = _colors(colors, batch, count) if colors is not None else None

    @property
    def n_bytes(self) -> int:
        parts = (self.vertices, self.faces, self.colors)
        return sum(part.nbytes for part in parts if part is not None)

    def encode(self) -> list[Medium]:
        parts = (("vertices", self.vertices), ("faces", self.faces), ("colors", self.colors))
        return [stored_array.item(array, part=part) for part, array in parts if array is not None]


def _threes(values: Any, part: str) -> npt.NDArray[Any]:
    found, xp = arrays.real_array(values, f"Mesh: {part}")
    array: npt.NDArray[Any] = found if xp is np else xp.asnumpy(found)
    if array.ndim == 2:
        array = array[None]
    if array.ndim != 3 or array.shape[2] != 3 or not array.size:
        raise LoggedValueError(
            message(f"Mesh: {part} come in threes.", expected="shape (N, 3) or (B, N, 3)", got=np.shape(found))
        )
    return array


def _faces(values: Any, batch: int, count: int) -> npt.NDArray[np.int32]:
    array = _threes(values, "faces")
    if array.dtype.kind not in "iu" and not (array == np.floor(array)).all():
        raise LoggedTypeError(
            message("Mesh: faces are numbers of vertices.", expected="whole numbers", got=array.dtype)
        )
    if len(array) != batch or array.min() < 0 or array.max() >= count:
        raise LoggedValueError(
            message(
                "Mesh: a face names a vertex that is not there.",
                expected=f"{batch} × (F, 3) of 0 to {count - 1}",
                got=f"{len(array)} × {array.shape[1:]} of {array.min():g} to {array.max():g}",
            )
        )
    return array.astype(np.int32)


def _colors(values: Any, batch: int, count: int) -> npt.NDArray[np.uint8]:
    array = _threes(values, "colors")
    if array.shape[:2] != (batch, count):
        raise LoggedValueError(message("Mesh: a color for each vertex.", expected=(batch, count, 3), got=array.shape))
    if array.dtype.kind == "f":
        array = np.rint(255 * np.clip(np.nan_to_num(array), 0, 1))
    found: npt.NDArray[np.uint8] = np.clip(array, 0, 255).astype(np.uint8)
    return found
