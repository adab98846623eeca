"""Vectors out of TensorFlow's checkpoints, as its projector tutorial leaves them: read without TensorFlow."""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tracker
from tests.tracker.test_mirror import opened
from tracker.foreign.mirror import Mirror
from tracker.store.read.reader import Store
from tracker.values import tensorflow_checkpoint

__all__ = ["opened"]

NAME = "embedding/.ATTRIBUTES/VARIABLE_VALUE"
TABLE = np.arange(12, dtype="<f4").reshape(4, 3)
NUMBERS = {"<f4": 1, "<f8": 2, "<i8": 9, "<f2": 19}


def varint(value: int) -> bytes:
    """A whole number as protocol buffers and LevelDB have it."""
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def block(entries: list[tuple[bytes, bytes]]) -> bytes:
    """A block of LevelDB's table: each key by what it shares with the one before."""
    out, before = b"", b""
    for key, value in entries:
        shared = next(
            (k for k, (a, b) in enumerate(zip(before, key, strict=False)) if a != b), min(len(before), len(key))
        )
        out += varint(shared) + varint(len(key) - shared) + varint(len(value)) + key[shared:] + value
        before = key
    return out + struct.pack("<II", 0, 1) + b"\0" + b"crc!"


def checkpoint(prefix: Path, tensors: dict[str, Any]) -> Path:
    """A checkpoint of these tensors, its table in two blocks; the folder's newest."""
    data, entries = b"", [(b"", varint(1 << 3) + varint(1))]
    for name, array in sorted(tensors.items()):
        shape = b"".join(
            varint(2 << 3 | 2) + varint(len(dim)) + dim
            for dim in (varint(1 << 3) + varint(size) for size in array.shape)
        )
        entry = varint(1 << 3) + varint(NUMBERS[array.dtype.str]) + varint(2 << 3 | 2) + varint(len(shape)) + shape
        entry += (
            varint(4 << 3) + varint(len(data)) + varint(5 << 3) + varint(array.nbytes) + varint(6 << 3 | 5) + b"crc!"
        )
        entries.append((name.encode(), entry))
        data += array.tobytes()
    table, handles = b"", []
    for part in (entries[:2], entries[2:]):
        made = block(part)
        handles.append((part[-1][0] if part else b"~", varint(len(table)) + varint(len(made) - 5)))
        table += made
    index = block(handles)
    footer = varint(0) + varint(0) + varint(len(table)) + varint(len(index) - 5)
    prefix.parent.mkdir(parents=True, exist_ok=True)
    prefix.with_name(f"{prefix.name}.index").write_bytes(
        table + index + footer.ljust(40, b"\0") + struct.pack("<Q", tensorflow_checkpoint.MAGIC)
    )
    prefix.with_name(f"{prefix.name}.data-00000-of-00001").write_bytes(data)
    prefix.with_name("checkpoint").write_text(
        f'model_checkpoint_path: "{prefix.name}"\nall_model_checkpoint_paths: "x"\n'
    )
    return prefix


@pytest.mark.parametrize("dtype", ["<f4", "<f8", "<f2"])
def test_tensors_are_read_by_name(tmp_path: Path, dtype: str) -> None:
    """Of any type of floating point, with or without the number of an output behind the name."""
    tensors = {NAME: TABLE.astype(dtype), "embedding/bias": np.ones(3, dtype), "other": np.zeros((2, 2), dtype)}
    prefix = checkpoint(tmp_path / "embedding.ckpt-1", tensors)
    assert tensorflow_checkpoint.names(prefix) == sorted(tensors)
    for name, wanted in tensors.items():
        assert np.array_equal(tensorflow_checkpoint.tensor(prefix, name), wanted)
    assert tensorflow_checkpoint.tensor(prefix, "other:0").shape == (2, 2)
    assert tensorflow_checkpoint.latest(tmp_path) == prefix


def test_a_checkpoint_that_was_moved_is_found(tmp_path: Path) -> None:
    """Its folder still says where it was."""
    prefix = checkpoint(tmp_path / "ckpt-3", {NAME: TABLE})
    (tmp_path / "checkpoint").write_text('model_checkpoint_path: "/elsewhere/logs/ckpt-3"\n')
    assert tensorflow_checkpoint.latest(tmp_path) == prefix
    (tmp_path / "checkpoint").write_text("nothing of the kind")
    assert tensorflow_checkpoint.latest(tmp_path) is None
    assert tensorflow_checkpoint.latest(tmp_path / "not there") is None


def test_the_projectors_tutorial_is_shown_where_it_lies(logdir: Path, opened: Callable[..., Mirror]) -> None:
    """A variable in a checkpoint, its words beside it; when training goes on, the newest."""
    checkpoint(logdir / "a" / "embedding.ckpt-1", {NAME: TABLE})
    (logdir / "a" / "metadata.tsv").write_text("the\nof\nand\nto\n")
    (logdir / "a" / "projector_config.pbtxt").write_text(
        f'embeddings {{\n  tensor_name: "{NAME}"\n  metadata_path: "metadata.tsv"\n}}\n'
    )
    mirror = opened()
    mirror.look()
    mirror.look()
    run = Store(logdir, logdir.parent / "cache").run("a")
    assert run.tags("embedding") == ["embedding"]
    assert run.embedding("embedding").vectors.tolist() == TABLE.tolist()
    assert run.embedding("embedding").rows == [["the"], ["of"], ["and"], ["to"]]
    checkpoint(logdir / "a" / "embedding.ckpt-2", {NAME: TABLE * 10})
    mirror.look()
    mirror.look()
    assert run.embedding("embedding").vectors.tolist() == (TABLE * 10).tolist()


@pytest.mark.parametrize(
    ("tensors", "name", "says"),
    [
        ({NAME: TABLE}, "nothing", "no tensor 'nothing'"),
        ({NAME: TABLE}, "", "no tensor"),
        ({"step": np.array(7)}, "step", "no tensor of floating point"),
    ],
)
def test_what_is_not_there_is_said(tmp_path: Path, tensors: Any, name: str, says: str) -> None:
    """With what is."""
    prefix = checkpoint(tmp_path / "ckpt", tensors)
    with pytest.raises(tracker.errors.LoggedValueError, match=says):
        tensorflow_checkpoint.tensor(prefix, name)


@given(st.data())
def test_damage_is_said_and_never_more(tmp_path_factory: pytest.TempPathFactory, data: Any) -> None:
    """Bytes changed, or the end cut off: the tensor, or one sentence."""
    prefix = checkpoint(tmp_path_factory.mktemp("x") / "ckpt", {NAME: TABLE, "b": TABLE, "c": TABLE})
    index = prefix.with_name("ckpt.index")
    hurt = bytearray(index.read_bytes())
    for at in data.draw(st.lists(st.integers(0, len(hurt) - 1), max_size=4)):
        hurt[at] = data.draw(st.integers(0, 255))
    index.write_bytes(bytes(hurt[: data.draw(st.integers(0, len(hurt)))]) if data.draw(st.booleans()) else bytes(hurt))
    with contextlib.suppress(tracker.errors.LoggedValueError, FileNotFoundError):
        assert tensorflow_checkpoint.tensor(prefix, NAME).size <= 12
