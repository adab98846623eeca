"""The wire format of protocol buffers: read as their own library reads it, and never beyond the end."""

from __future__ import annotations

import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.errors import DamagedBytesError
from tracker.foreign import protos
from tracker.values.protobuf import fields, varint


@given(st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False), st.text(max_size=300))
def test_fields_are_those_that_were_written(step: int, wall_time: float, words: str) -> None:
    """A fixed number, a whole one (negative ones take ten bytes) and a text, by their numbers."""
    event = protos.Event(step=step, wall_time=wall_time, file_version=words.encode())
    found = dict(fields(event.SerializeToString()))
    assert found.get(2, 0) == step % 2**64
    assert bytes(found.get(3, b"")).decode() == words
    assert struct.unpack("<d", found.get(1, bytes(8)))[0] == wall_time


@given(st.integers(0, 40))
def test_a_message_that_was_cut_is_said_to_be_damaged(cut: int) -> None:
    """Whole fields are given before; nothing beyond the end is made up."""
    whole = protos.Event(step=1 << 40, wall_time=1.5, file_version=b"x" * 20).SerializeToString()
    known, found = list(fields(whole)), []
    with contextlib.suppress(DamagedBytesError):
        found.extend(fields(memoryview(whole)[:cut]))
    assert found == known[: len(found)]
    assert (len(found) == len(known)) == (cut >= len(whole))


@pytest.mark.parametrize("data", [b"", b"\x80", b"\xff" * 20])
def test_a_number_without_end_is_said_to_be_damaged(data: bytes) -> None:
    """Cut off, or of more than 64 bits."""
    with pytest.raises(DamagedBytesError):
        varint(data, 0)


@pytest.mark.parametrize("data", [b"\x0b\x00", b"\x0a\x05abc", b"\x09\x00", b"\x0d\x00"])
def test_what_is_no_field_is_said_to_be_damaged(data: bytes) -> None:
    """Groups, which nobody writes any more, and fields that end after their message."""
    with pytest.raises(DamagedBytesError):
        list(fields(data))
