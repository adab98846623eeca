"""What model.json says of one layer, word by word: each is looked at before it is believed."""

from __future__ import annotations

import math
import reprlib
from typing import Any, NamedTuple, NoReturn

from trainer.errors import CheckpointError

Shape = tuple[int | None, ...]
"""Of one sample, without the batch: (H, W, C) for images, in Keras' order; None is any length."""

MAX_LENGTH = 2**31 - 1
"""Of an axis, a stride or a count of filters: what an index of TensorFlow.js can hold."""

MAX_ELEMENTS = 2**26
"""Of what a layer takes or gives for one sample: 256 MiB of float32. A picture of 224 x 224 has 150,528."""


_SHORT = reprlib.Repr()  # goes a few levels deep, however deep a value is nested
_SHORT.maxstring = _SHORT.maxother = 70


def shown(value: Any) -> str:
    """A value as an error names it: not longer than fits on a line."""
    text = _SHORT.repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


class Words(NamedTuple):
    """The class of a layer, its name, and its `config`."""

    kind: str
    name: str
    config: dict[str, Any]

    def refuse(self, why: str) -> NoReturn:
        """Raises with the layer's name."""
        raise CheckpointError(f"layer {shown(self.name)} ({self.kind[:60]}) of model.json {why}")

    def count(self, word: str, default: int | None = None, least: int = 1) -> int:
        """A whole number of at least `least`."""
        value = self.config.get(word, default)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if type(value) is not int or not least <= value <= MAX_LENGTH:
            self.refuse(f"has {word} = {shown(value)}, which is no whole number from {least} to {MAX_LENGTH:,}")
        return value

    def number(self, word: str, default: float) -> float:
        """A finite number."""
        value = self.config.get(word, default)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or abs(value) > 1e30 or math.isnan(value):
            self.refuse(f"has {word} = {shown(value)}, which is no number")
        return float(value)

    def flag(self, word: str, default: bool) -> bool:
        """True or false."""
        value = self.config.get(word, default)
        if not isinstance(value, bool):
            self.refuse(f"has {word} = {shown(value)}, which is neither true nor false")
        return value

    def pair(self, word: str, default: tuple[int, int] | None = None) -> tuple[int, int]:
        """One whole number for both directions, or [down, right]."""
        value = self.config.get(word)
        if value is None and default is not None:
            return default
        value = [value, value] if isinstance(value, int) else value
        if not isinstance(value, list) or len(value) != 2 or not all(
            type(n) is int and 1 <= n <= MAX_LENGTH for n in value
        ):  # fmt: skip
            self.refuse(f"has {word} = {shown(value)}, which is no pair of whole numbers of at least 1")
        return value[0], value[1]

    def choice(self, word: str, default: str, allowed: tuple[str, ...]) -> str:
        """One of a few words, in lower case."""
        value = self.config.get(word, default)
        if not isinstance(value, str) or value.lower() not in allowed:
            self.refuse(f"has {word} = {shown(value)}; known are {', '.join(allowed)}")
        return value.lower()

    def axis(self, word: str, default: int, rank: int) -> int:
        """An axis behind the batch as 0 … rank - 1, said as Keras does: 1 is the first, -1 the last; [3] is 3."""
        value = self.config.get(word, default)
        value = value[0] if isinstance(value, list) and len(value) == 1 else value
        if type(value) is not int or not (1 <= value <= rank or -rank <= value <= -1):
            self.refuse(f"has {word} = {shown(value)}, but its input has {rank} axes behind the batch")
        return value - 1 if value > 0 else value + rank

    def images(self, shapes: list[Shape]) -> tuple[int | None, int | None, int]:
        """The only input, which must be images (H, W, C) with a known number of channels."""
        shape = self.only(shapes)
        if self.config.get("data_format") not in (None, "channels_last"):
            self.refuse("has data_format = 'channels_first'; save the model with channels_last")
        if len(shape) != 3 or shape[2] is None:
            self.refuse(f"wants images (height, width, channels), not {shown(shape)}")
        return shape[0], shape[1], shape[2]

    def only(self, shapes: list[Shape]) -> Shape:
        """The only input."""
        if len(shapes) != 1:
            self.refuse(f"takes one input, not {len(shapes)}")
        return shapes[0]


def checked_shape(words: Words, value: Any, word: str) -> Shape:
    """The shape that an input layer declares, without its batch axis."""
    if not isinstance(value, list) or not 2 <= len(value) <= 9 or not all(
        n is None or (type(n) is int and 1 <= n <= MAX_LENGTH) for n in value
    ):  # fmt: skip
        words.refuse(f"has {word} = {shown(value)}, which is no shape such as [null, 224, 224, 3]")
    shape = tuple(value[1:])
    check_elements(words, shape)
    return shape


def check_elements(words: Words, shape: Shape) -> None:
    """Refuses what would not fit in memory."""
    elements = math.prod(n or 1 for n in shape)
    if elements > MAX_ELEMENTS:
        words.refuse(f"has {elements:,} elements a sample, {shown(shape)}; at most {MAX_ELEMENTS:,} are computed")
