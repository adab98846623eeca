"""Embedding: vectors to be looked at from all sides, with what is known of each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tracker import coerce
from tracker.errors import LoggedValueError, message
from tracker.values import arrays, projector, stored_array
from tracker.values.value import Medium, Value

MAX_WORDS = 1_000
"""In the label of one vector."""


class Embedding(Value):
    """A table of vectors, with a row of words and a small picture for each.

    Args:
        vectors: Shape (N, D), kept as float32; a row that is not finite is kept, and is not drawn.
        labels: For each vector a word, or a row of words or numbers.
        header: What the words of a row are called; "label" by default.
        sprites: For each vector a picture, (N, H, W), (N, H, W, C) or (N, C, H, W) with C = 1, 3 or 4: uint8, or
            floats of 0 to 1.

    Raises:
        LoggedTypeError: not arrays of real numbers.
        LoggedValueError: not a table, or a label or a picture too few.
    """

    kind = "embedding"

    def __init__(
        self,
        vectors: Any,
        labels: Sequence[Any] | None = None,
        header: Sequence[str] | None = None,
        sprites: Any = None,
    ) -> None:
        found, xp = arrays.real_array(vectors, "Embedding: vectors")
        table = found if xp is np else xp.asnumpy(found)
        if table.ndim != 2 or not table.size:
            raise LoggedValueError(
                message("Embedding: vectors are a table.", expected="shape (N, D), at least one", got=table.shape)
            )
        self.vectors = arrays.float32(table)
        self.rows = _rows(labels, len(self.vectors))
        width = len(self.rows[0]) if self.rows else 0
        self.header = [coerce.text(name) for name in header] if header is not None else _header(width)
        if self.rows is not None and len(self.header) != width:
            raise LoggedValueError(
                message("Embedding: header names the words of a row.", expected=f"{width} names", got=len(self.header))
            )
        self.sprites = _pictures(sprites, len(self.vectors)) if sprites is not None else None

    @property
    def n_bytes(self) -> int:
        words = sum(60 * len(row) for row in self.rows) if self.rows else 0
        return self.vectors.nbytes + words + (self.sprites.nbytes if self.sprites is not None else 0)

    def encode(self) -> list[Medium]:
        items = [stored_array.item(self.vectors, part="vectors")]
        if self.rows is not None:
            items.append(stored_array.words({"header": self.header, "rows": self.rows}, part="labels"))
        if self.sprites is not None:
            items.append(stored_array.item(self.sprites, part="pictures"))
        return items

    @classmethod
    def from_projector(cls, config: str | Path) -> dict[str, Embedding]:
        """The embeddings that a folder of TensorBoard's projector holds, by name.

        Args:
            config: `projector_config.pbtxt` or a JSON file of the stand-alone projector, or the folder of the former.

        Raises:
            LoggedValueError: a tensor is not beside its config (it is in a checkpoint), or is not as the config says.
            FileNotFoundError: there is no such config.
        """
        path = Path(config)
        path = path / "projector_config.pbtxt" if path.is_dir() else path
        return {entry.name: cls.of_entry(entry) for entry in projector.entries(path)}

    @classmethod
    def of_entry(cls, entry: projector.Entry) -> Embedding:
        """One of the embeddings that a config of the projector names.

        Raises:
            LoggedValueError: its files are not as the config says.
            OSError: they cannot be read.
        """
        vectors = projector.vectors(entry)
        rows, header = projector.words(entry)
        return cls(vectors, rows, header, projector.pictures(entry, len(vectors)))


def _rows(labels: Any, count: int) -> list[list[str]] | None:
    if labels is None:
        return None
    plain = arrays.listed(labels, "Embedding: labels", MAX_WORDS * count)
    rows = [[*map(coerce.text, row)] if isinstance(row, (list, tuple)) else [coerce.text(row)] for row in plain]
    if len(rows) != count or len({len(row) for row in rows}) > 1:
        raise LoggedValueError(
            message(
                "Embedding: a label for each vector, or rows of one length.",
                expected=f"{count:,} labels",
                got=f"{len(rows):,} of {sorted({len(row) for row in rows})} words",
            )
        )
    return rows


def _header(width: int) -> list[str]:
    return ["label"] if width == 1 else [f"label {k + 1}" for k in range(width)]


def _pictures(sprites: Any, count: int) -> npt.NDArray[np.uint8]:
    """(N, C, H, W), uint8."""
    found, xp = arrays.real_array(sprites, "Embedding: sprites")
    array = found if xp is np else xp.asnumpy(found)
    if array.ndim == 3:
        array = array[:, None]
    if array.ndim != 4 or len(array) != count or not {array.shape[1], array.shape[3]} & {1, 3, 4}:
        raise LoggedValueError(
            message(
                "Embedding: a picture for each vector.",
                expected=f"({count}, H, W), ({count}, H, W, C) or ({count}, C, H, W)",
                got=np.shape(sprites),
            )
        )
    if array.shape[1] not in (1, 3, 4):
        array = array.transpose(0, 3, 1, 2)
    if array.dtype.kind == "f":
        array = np.rint(255 * np.clip(np.nan_to_num(array), 0, 1))
    return np.ascontiguousarray(np.clip(array, 0, 255).astype(np.uint8))
