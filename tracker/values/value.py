"""What every value that is not a number has in common."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from tracker.errors import LoggedTypeError, LoggedValueError, TrackerError, message
from tracker.values import arrays


class Medium(NamedTuple):
    """One encoded item as it is stored: its media type, what is said of it, its bytes."""

    form: str
    attributes: Mapping[str, Any]
    data: bytes


class Value:
    """A value that can be logged under a tag. It holds a snapshot: changing the source later changes nothing.

    Whatever is wrong with what it is made of is raised there, by name; numbers near the ends of a type's range are
    nobody's mistake and warn of nothing.
    """

    kind: str
    """The kind of series it belongs to, as in `run.tags(kind)`."""
    has_files = False
    """Whether it has `files`, too large to wait among pictures."""
    keep: int | None = None
    """Of how many values of its series the files are kept; None for all."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        for name in ("__init__", "encode"):
            if name in cls.__dict__:
                setattr(cls, name, _guarded(cls.__dict__[name], named=name == "__init__"))

    @property
    def n_bytes(self) -> int:
        """What it takes in memory while it waits."""
        raise NotImplementedError

    def encode(self) -> list[Medium]:
        """The items to store. Called on a thread of the tracker's own, once."""
        raise NotImplementedError

    def files(self) -> Mapping[str, Sequence[bytes | memoryview]]:
        """What its items refer to and is too large for a segment: contents, in parts, by their SHA-256 in hex. Asked
        for after `encode`; it is on the disk before the items are stored."""
        return {}


def _guarded(method: Callable[..., Any], *, named: bool) -> Callable[..., Any]:
    @functools.wraps(method)
    def guarded(self: Any, *values: Any, **options: Any) -> Any:
        try:
            with np.errstate(all="ignore"):
                return method(self, *values, **options)
        except (TrackerError, OSError, ImportError):
            raise
        except MemoryError as error:
            if not named:
                raise
            raise LoggedValueError(
                message(
                    f"{type(self).__name__}: there is no memory for this.",
                    got=arrays.describe(values[0]) if values else None,
                    hint="Log a part of it, or a sample.",
                )
            ) from error
        except Exception as error:
            if not named or isinstance(error, Warning):
                raise
            # What a foreign object raises when it is looked at, or a call with arguments that there are not.
            raise LoggedTypeError(
                message(
                    f"{type(self).__name__}: this cannot be logged.",
                    got=arrays.describe(values[0]) if values else None,
                    hint=f"{type(error).__name__}: {arrays.words_of(error)}",
                )
            ) from error

    return guarded
