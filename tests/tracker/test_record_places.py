"""Where records stand is foreseen from those before, and always what going from one to the next would find."""

from __future__ import annotations

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from tracker.foreign import record_places, records
from tracker.foreign.record_bodies import Bodies


def one_by_one(data: bytes, at: int) -> list[int]:
    """As the format says it."""
    found = []
    while (length := records._length(data[at : at + 12])) >= 0 and at + length + 16 <= len(data):
        found.append(at)
        at += length + 16
    return [*found, at]


def foreseen(data: bytes, at: int = 0) -> list[int]:
    found: list[int] = record_places.places(Bodies(data), data, at, records._length).tolist()
    return found


PATTERNS = st.lists(st.tuples(st.lists(st.integers(1, 6), min_size=1, max_size=12), st.integers(1, 300)), max_size=5)
"""Lengths that repeat, so often; then others."""


@given(PATTERNS, st.data())
@example([([3] * 40 + [4] * 40, 20), ([5] * 40 + [4] * 40, 20)], None)
def test_records_stand_where_going_from_one_to_the_next_finds_them(
    patterns: list[tuple[list[int], int]], data: st.DataObject | None
) -> None:
    """Whatever lengths follow one another, wherever the bytes end, and whichever of them is another than it was."""
    whole = b"".join(
        records.framed(bytes([length] * length)) for lengths, times in patterns for length in lengths * times
    )
    assert foreseen(whole) == one_by_one(whole, 0)
    if data is None or not whole:
        return
    cut = whole[: data.draw(st.integers(0, len(whole)))]
    assert foreseen(cut) == one_by_one(cut, 0)
    place = data.draw(st.integers(0, len(whole) - 1))
    wrong = whole[:place] + bytes([whole[place] ^ data.draw(st.integers(1, 255))]) + whole[place + 1 :]
    assert foreseen(wrong) == one_by_one(wrong, 0)
    start = data.draw(st.sampled_from(one_by_one(whole, 0)))
    assert foreseen(whole, start) == one_by_one(whole, start)


def test_of_records_that_repeat_few_are_gone_through_one_by_one(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    """Those of twenty tags, of which half have a letter more, and of lengths that never repeat not many are tried."""
    walked: list[int] = []
    known = record_places._walked
    monkeypatch.setattr(record_places, "_walked", lambda *given: (found := known(*given), walked.append(len(found)))[0])
    whole = b"".join(records.framed(bytes(40 + (number % 20 >= 10))) for number in range(20_000))
    assert len(foreseen(whole)) == 20_001
    assert sum(walked) < 200
    walked.clear()
    lengths = np.random.default_rng(0).integers(1, 200, 20_000).tolist()
    whole = b"".join(records.framed(bytes(length)) for length in lengths)
    assert len(foreseen(whole)) == 20_001
    assert len(walked) < 10
