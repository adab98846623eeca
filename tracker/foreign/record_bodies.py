"""The bodies of an event file's records, where they lie in the bytes that were read: many are looked at together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import copy
from functools import lru_cache
from typing import overload

import google_crc32c
import numpy as np
import numpy.typing as npt

LONGEST = 1024
"""Bytes of a body that is looked at together with others of its length."""

FEWEST = 8
"""Bodies of one length that are worth an array."""

_POLYNOMIAL = 0x82F63B78

Places = npt.NDArray[np.int64]


class Bodies(Sequence[bytes]):
    """Bodies of records in some bytes.

    Args:
        data: The bytes.
        starts: Where each body begins there.
        lengths: And how long it is.
    """

    def __init__(self, data: bytes, starts: Places | None = None, lengths: Places | None = None) -> None:
        self._data = data
        self._bytes = np.frombuffer(data + bytes(8), np.uint8)  # a row of whole words may reach beyond the last body
        self.starts = np.empty(0, np.int64) if starts is None else starts
        self.lengths = np.empty(0, np.int64) if lengths is None else lengths

    @classmethod
    def of(cls, bodies: Sequence[bytes]) -> Bodies:
        """These bodies."""
        lengths = np.fromiter(map(len, bodies), np.int64, len(bodies))
        return cls(b"".join(bodies), np.cumsum(lengths) - lengths, lengths)

    def with_places(self, starts: Places, lengths: Places) -> Bodies:
        """Other bodies of the same bytes."""
        found = copy(self)
        found.starts, found.lengths = starts, lengths
        return found

    def add(self, more: Bodies) -> None:
        """Appends bodies of the same bytes."""
        self.starts = np.concatenate([self.starts, more.starts])
        self.lengths = np.concatenate([self.lengths, more.lengths])

    def __len__(self) -> int:
        return len(self.starts)

    @overload
    def __getitem__(self, place: int) -> bytes: ...
    @overload
    def __getitem__(self, place: slice) -> Bodies: ...
    def __getitem__(self, place: int | slice) -> bytes | Bodies:
        if isinstance(place, slice):
            return self.with_places(self.starts[place], self.lengths[place])
        start = int(self.starts[place])
        return self._data[start : start + int(self.lengths[place])]

    def by_length(self) -> Iterator[tuple[int, Places]]:
        """Each length that there is, and the places of the bodies that have it, in order."""
        order = np.argsort(self.lengths, kind="stable")
        for places in np.split(order, np.flatnonzero(np.diff(self.lengths[order])) + 1):
            if len(places):
                yield int(self.lengths[places[0]]), places

    def rows(self, places: Places, width: int) -> npt.NDArray[np.uint8]:
        """The first bytes of some bodies, a row each; at most seven more than the body has."""
        return self.at(self.starts[places], width)

    def at(self, starts: Places, width: int) -> npt.NDArray[np.uint8]:
        """So many bytes from each of some places on."""
        return np.lib.stride_tricks.sliding_window_view(self._bytes, width)[starts]

    def words_behind(self) -> npt.NDArray[np.uint32]:
        """The four bytes behind each, as a number."""
        windows = np.lib.stride_tricks.sliding_window_view(self._bytes, 4)
        words: npt.NDArray[np.uint32] = windows[self.starts + self.lengths].view("<u4")[:, 0]
        return words

    def checksums(self) -> npt.NDArray[np.uint32]:
        """CRC-32C of each, in order."""
        found = np.empty(len(self), np.uint32)
        for length, places in self.by_length():
            if len(places) < FEWEST or not 0 < length <= LONGEST:
                found[places] = [google_crc32c.value(self[place]) for place in places.tolist()]
                continue
            # A CRC is linear: what each byte adds to it depends on its place alone.
            columns = np.ascontiguousarray(self.rows(places, length).T)
            crcs = np.full(len(places), google_crc32c.value(bytes(length)), np.uint32)
            for column, behind in zip(columns, range(length - 1, -1, -1), strict=True):
                crcs ^= _added(behind).take(column)
            found[places] = crcs
        return found


@lru_cache(maxsize=LONGEST)
def _added(behind: int) -> npt.NDArray[np.uint32]:
    """What each value of a byte adds to the CRC of bytes of which so many stand behind it."""
    crcs = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        crcs = crcs >> np.uint32(1) ^ np.where(crcs & 1, np.uint32(_POLYNOMIAL), np.uint32(0))
    for _ in range(behind):
        crcs = crcs >> np.uint32(8) ^ _added(0)[crcs & 0xFF]
    return crcs
