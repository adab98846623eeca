"""What reading a run answers with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt

from tracker.errors import DamagedBytesError, message
from tracker.values import stored_array, unpack

if TYPE_CHECKING:
    from tracker.values.histogram import Histogram

Kind = TypeVar("Kind")


@dataclass(frozen=True)
class Scalars:
    """Every point of a series, in order: arrays of one length."""

    step: npt.NDArray[np.int64]
    wall_time: npt.NDArray[np.float64]
    """Seconds since the epoch."""
    value: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.step)


@dataclass(frozen=True)
class Histograms:
    """The histograms of a series, in order: `h[i]` is one of them, or several that were merged."""

    step: npt.NDArray[np.int64]
    """Where each was logged; of a merged one, its first."""
    wall_time: npt.NDArray[np.float64]
    items: tuple[Histogram, ...]
    last_step: npt.NDArray[np.int64]
    last_wall_time: npt.NDArray[np.float64]
    count: npt.NDArray[np.int64]
    """How many logged ones each stands for."""

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> Histogram:
        return self.items[index]

    def __iter__(self) -> Iterator[Histogram]:
        return iter(self.items)

    def merge(self) -> Histogram:
        """The histogram of all of them together; exact."""
        from tracker.values import histogram  # here: who reads curves only does without

        return histogram.Histogram.merged(list(self.items))


@dataclass(frozen=True)
class MediaItem:
    """One logged item: a picture, a sound, a text, a table, a graph."""

    step: int
    wall_time: float
    position: int
    """Its place among the items logged under the tag at that step."""
    form: str
    """Its media type."""
    attributes: dict[str, Any]
    hash: str
    """Names its bytes within the run."""
    read: Callable[[], bytes]
    parts: tuple[MediaItem, ...] = ()
    """What belongs to it: masks of a picture, pictures in a table's cells."""

    def said(self, name: str, kinds: type[Kind] | tuple[type[Kind], ...], default: Kind | None = None) -> Kind | None:
        """One of its attributes. They lie in a file that anybody may have made: one that is missing, or is not of the
        kinds that it should be, is the default."""
        found = self.attributes.get(name)
        return found if isinstance(found, kinds) else default

    @property
    def data(self) -> bytes:
        """The encoded bytes."""
        return self.read()

    @property
    def array(self) -> npt.NDArray[Any]:
        """A picture's pixels, (H, W) or (H, W, C); the numbers of an item that is an array."""
        if self.form == stored_array.ARRAY_FORM:
            return stored_array.read(self.data)
        import io

        from PIL import Image

        return np.asarray(Image.open(io.BytesIO(self.data)))

    @property
    def samples(self) -> npt.NDArray[np.int16]:
        """A sound's samples, (T, C)."""
        import io
        import wave

        with wave.open(io.BytesIO(self.data)) as file:
            raw = np.frombuffer(file.readframes(file.getnframes()), "<i2")
            return raw.reshape(-1, file.getnchannels())

    @property
    def text(self) -> str:
        """A text's words."""
        return self.data.decode("utf-8")

    @property
    def json(self) -> Any:
        """What a graph, a table or a Plotly figure says: the JSON values of `docs/store-format.md`.

        Raises:
            DamagedBytesError: the bytes are no such thing, or unpack to more than 256 MiB; see `unpack`.
        """
        return unpack.unpacked_json(self.data, self.form, unpack.NUMBERS)

    @property
    def table(self) -> dict[str, list[Any]]:
        """A table's values by column; a picture is {"image": its number among the table's `parts`}.

        Raises:
            DamagedBytesError: it is none.
        """
        try:
            columns = self.json["columns"]
            return {each["name"]: [_number_of(cell, each["kind"]) for cell in each["values"]] for each in columns}
        except (LookupError, TypeError, ValueError) as error:
            if isinstance(error, DamagedBytesError):
                raise
            raise DamagedBytesError(message("This table has no columns as a table's are: it is damaged.")) from error


@dataclass(frozen=True)
class Mark:
    """Something that happened at a moment of the training."""

    step: int | None
    wall_time: float
    kind: str
    text: str
    attributes: dict[str, Any]


@dataclass(frozen=True)
class ConsolePiece:
    """What was printed on one stream within about a second."""

    segment: str
    rank: int | None
    wall_time: float
    step: int
    """The step of the training then."""
    stream: str
    """ "stdout" or "stderr"."""
    text: str


@dataclass(frozen=True)
class ConsolePieces:
    """Pieces in the order of their times, and how far they go."""

    pieces: tuple[ConsolePiece, ...]
    cursor: dict[str, int]
    """By segment, the last row that was read."""
    earlier: bool
    """Whether there are older ones that were not asked for."""

    @property
    def text(self) -> str:
        """All of it as one text."""
        return "".join(piece.text for piece in self.pieces)


def _number_of(cell: Any, kind: str) -> Any:
    """A cell as a Python value: numbers that JSON has not are words there."""
    return float(cell) if kind == "number" and isinstance(cell, str) else cell
