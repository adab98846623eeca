"""Where records stand that follow one another: each one's head says where the next begins.

A training logs the same tags again and again, so that the lengths of its records repeat. What followed the last time
that some lengths came is taken for what follows now, and all of it is compared with the heads that are there at once:
a hundredth of a microsecond a record, where to go from one to the next takes a tenth.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from tracker.foreign.record_bodies import Bodies

HEAD_BYTES, AROUND_BYTES = 12, 16
"""Of a record's head, and of all of it but its body: a checksum stands behind that."""

ALIKE = 64
"""Lengths, one after the other, of which as many as possible have to be as before: tags of equal lengths are many."""

LEARNT = 64
"""Records that are gone through one by one before it is tried to foresee others."""

FORESEEN = 256
"""Records that are foreseen at first; of those that come as foreseen ever more."""

LOOKED_BACK = 1024
"""Records among which it is sought what followed: more than tags that are logged together."""


def places(bodies: Bodies, data: bytes, at: int, length_of: Callable[[bytes], int]) -> npt.NDArray[np.int64]:
    """Where each record begins from `at` on, and where the first thing begins that is no whole one.

    Args:
        bodies: Of the bytes.
        data: The bytes.
        at: Where the first one begins.
        length_of: The length that a head says; -1 when it is none.
    """
    wholes: dict[bytes, int] = {}
    pieces: list[npt.NDArray[np.int64]] = []
    walked = LEARNT
    while True:
        found = _walked(data, at, walked, wholes, length_of)
        pieces.append(found[:-1])
        at = int(found[-1])
        if len(found) <= walked:
            return np.concatenate([*pieces, [at]])
        came, most = 0, FORESEEN
        again = _period(np.diff(found[-LOOKED_BACK - 1 :]))
        while True:
            found = _foreseen(bodies, len(data), at, np.resize(again, most), wholes)
            pieces.append(found[:-1])
            at = int(found[-1])
            came += len(found) - 1
            if len(found) <= most:
                break
            again, most = np.roll(again, -most), 4 * most
        walked = LEARNT if came > LEARNT else 4 * walked  # where nothing comes as foreseen it is tried less and less


def _walked(
    data: bytes, at: int, most: int, wholes: dict[bytes, int], length_of: Callable[[bytes], int]
) -> npt.NDArray[np.int64]:
    """From one to the next, so many; lengths repeat, so that their checksums are computed once each."""
    heads: list[int] = []
    end = len(data)
    for _ in range(most):
        head = data[at : at + HEAD_BYTES]
        try:
            behind = at + wholes[head]
        except KeyError:
            length = length_of(head)
            if length < 0:
                break
            wholes[head] = length + AROUND_BYTES
            behind = at + length + AROUND_BYTES
        if behind > end:
            break
        heads.append(at)
        at = behind
    return np.array([*heads, at], np.int64)


def _period(lengths: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """What is likely to follow some lengths, again and again: what followed when most was as it is now."""
    windows = np.lib.stride_tricks.sliding_window_view(np.concatenate([np.zeros(ALIKE, np.int64), lengths]), ALIKE)
    unlike = windows[:-1, ::-1] != windows[-1, ::-1]
    unlike[:, -1] = True
    back = int(np.argmax(unlike.argmax(axis=1)[::-1]))  # of several places the last
    return lengths[len(lengths) - 1 - back :]


def _foreseen(
    bodies: Bodies, end: int, at: int, lengths: npt.NDArray[np.int64], wholes: dict[bytes, int]
) -> npt.NDArray[np.int64]:
    """Of records of foreseen lengths, their own 16 bytes included, those up to the first that is another or not whole;
    and where that begins."""
    starts = at + np.concatenate([[0], np.cumsum(lengths)])
    starts = starts[: int(np.searchsorted(starts, end, "right"))]
    if len(starts) < 2:
        return starts
    said = {whole: np.frombuffer(head, np.uint32) for head, whole in wholes.items()}
    kinds, number = np.unique(lengths[: len(starts) - 1], return_inverse=True)
    heads = np.stack([said[whole] for whole in kinds.tolist()])[number]
    is_so = (bodies.at(starts[:-1], HEAD_BYTES).view(np.uint32) == heads).all(axis=1)
    return starts if is_so.all() else starts[: int(is_so.argmin()) + 1]
