"""Values that a caller may have in hand and nobody would expect: objects that raise, that lie, that count in place."""

from __future__ import annotations

import os
from datetime import datetime, timezone
from decimal import Decimal
from enum import Enum, IntEnum
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

import tracker

HALF = os.fsdecode(b"caf\xe9")
"""A file's name that is not UTF-8, as Python gives it: with half a character."""
SHOWN = "caf\\udce9"


def back(run: tracker.Run) -> Any:
    """The run as it is read, everything acknowledged and nothing lost."""
    assert run.flush()
    stored = tracker.open(run.logdir).run(run.name)
    assert not any(stored.segments()[-1].lost.values()), stored.segments()[-1].lost
    return stored


class Raises:
    """An object that raises whatever it is asked."""

    def _raise(self, *_: Any) -> Any:
        raise RuntimeError("asked")

    __str__ = __repr__ = __float__ = __index__ = __int__ = __len__ = __iter__ = __bool__ = _raise
    __eq__ = __hash__ = __array__ = __getitem__ = item = detach = _raise

    @property
    def shape(self) -> Any:
        raise RuntimeError("asked")

    dtype = size = ndim = shape


class NotItsClass:
    """An object that will not say what it is."""

    @property
    def __class__(self) -> Any:  # type: ignore[override]
        raise RuntimeError("asked")


class Lies:
    """An object whose answers are of the wrong types."""

    size = "one"
    shape = (1,)
    dtype = "float"

    def __str__(self) -> str:
        return 3  # type: ignore[return-value]

    def __index__(self) -> int:
        return 1.5  # type: ignore[return-value]

    def __float__(self) -> float:
        return "1"  # type: ignore[return-value]

    def __len__(self) -> int:
        return -1

    def item(self) -> Any:
        return self

    __repr__ = __str__


class OddText(str):
    """A text that denies it."""

    __slots__ = ()

    def __str__(self) -> str:
        raise RuntimeError("asked")

    def encode(self, *_: Any) -> bytes:
        return b""

    def isascii(self) -> bool:
        return True

    def __len__(self) -> int:
        return 0


class OddNumber(int):
    """A whole number that says it is another one."""

    def __index__(self) -> int:
        return 99

    def __str__(self) -> str:
        raise RuntimeError("asked")

    __repr__ = __str__


class OddDict(dict):  # type: ignore[type-arg]
    """A dictionary that cannot be walked through."""

    def items(self) -> Any:
        raise RuntimeError("asked")


class Colour(Enum):
    """As in a script's settings."""

    RED = "red"


class Level(IntEnum):
    """As in a script's settings."""

    LOW = 3


ODD: list[Any] = [
    None, True, False, np.True_, np.str_("wörd"), b"caf\xe9", bytearray(b"12"), HALF, "\x00", "a\x00b", "", "\ud83d\ude00",
    Colour.RED, Level.LOW, Path("a/b"), datetime(2026, 1, 2, tzinfo=timezone.utc), Decimal("1.5"), Decimal("sNaN"), Decimal(7),
    Fraction(1, 3), Fraction(8, 2), 1j, object(), object, Raises(), NotItsClass(), Lies(), OddText("odd"), OddNumber(5), OddDict(a=1),
    10**5000, -(10**700), float("nan"), float("inf"), -0.0, [1, [2]], {1: 2}, (), {1}, np.ma.masked, np.ma.array([1.0], mask=[True]),
    np.array([3]), np.array([3.0]), np.array(["a"]), np.zeros(0), np.zeros((2, 3)), np.array([{}], object), np.longdouble("1.5"),
    np.datetime64("2026-01-01"), np.datetime64(5, "ns"), np.timedelta64(5, "ns"), np.datetime64("NaT"), np.void(b"ab"),
    np.broadcast_to(np.float32(1), (10**6, 10**6)), np.empty((10**12, 0)), range(3), memoryview(b"12"), len,
]  # fmt: skip


def made(value: Any) -> Any:
    """An object of a class; any other value as it is. Pytest, too, asks what it is given."""
    return value() if isinstance(value, type) else value
