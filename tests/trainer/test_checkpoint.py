"""Files: what was saved comes back, without pickle, whole or not at all."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import trainer
from trainer import CheckpointError, DTypeError, nn


def test_nested_states_come_back(tmp_path: Path) -> None:
    """Dicts, lists, numbers, texts, None, and arrays of every dtype with their bits."""
    state: dict[str, Any] = {
        "weights": {"a/b": np.array([1.5, np.nan, np.inf, -0.0]), "empty": np.zeros((0, 3), np.float16)},
        "list": [1, 2.5, "text", None, True, [np.arange(3, dtype=np.uint8)]],
        "scalar": np.float32(0.1),
        "tensor": trainer.tensor([[1, 2]]),
    }
    path = tmp_path / "state.npz"
    trainer.save(state, path)
    back = trainer.load(path)
    np.testing.assert_array_equal(back["weights"]["a/b"], state["weights"]["a/b"])
    assert np.signbit(back["weights"]["a/b"][-1])
    assert back["weights"]["empty"].dtype == np.float16
    assert back["list"][:5] == [1, 2.5, "text", None, True]
    assert back["list"][5][0].tolist() == [0, 1, 2]
    assert back["scalar"] == np.float32(0.1)
    assert back["tensor"].tolist() == [[1, 2]]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["state.npz"]


def test_a_model_is_saved_by_its_state(tmp_path: Path) -> None:
    """NumPy alone can read it."""
    model, other = nn.Linear(3, 2), nn.Linear(3, 2)
    trainer.save(model, tmp_path / "model.npz")
    other.load_state_dict(trainer.load(tmp_path / "model.npz"))
    np.testing.assert_array_equal(other.weight.numpy(), model.weight.numpy())
    with np.load(tmp_path / "model.npz", allow_pickle=False) as file:
        np.testing.assert_array_equal(file["weight"], model.weight.numpy())


def test_what_cannot_be_saved_leaves_the_old_file(tmp_path: Path) -> None:
    """The name of the part is in the message, and no half of a file lies around."""
    path = tmp_path / "state.npz"
    trainer.save({"a": 1}, path)
    with pytest.raises(DTypeError, match="/b/0 cannot be saved"):
        trainer.save({"b": [object()]}, path)
    with pytest.raises(DTypeError, match="no text"):
        trainer.save({1: 2}, path)
    assert trainer.load(path) == {"a": 1}
    assert len(list(tmp_path.iterdir())) == 1


def test_a_pickle_is_not_opened(tmp_path: Path) -> None:
    """A checkpoint from a stranger does no harm; so does a damaged or foreign file."""
    harm = tmp_path / "harm"

    class Harm:
        def __reduce__(self) -> Any:
            return (Path.touch, (harm,))

    path = tmp_path / "file.npz"
    good = tmp_path / "good.npz"
    trainer.save({"a": np.zeros(100)}, good)
    np.savez(tmp_path / "objects.npz", structure=np.array([Harm()], dtype=object))
    for content in (
        pickle.dumps(Harm()),
        b"",
        b"text",
        good.read_bytes()[:-50],
        (tmp_path / "objects.npz").read_bytes(),
    ):
        path.write_bytes(content)
        with pytest.raises(CheckpointError, match=r"file\.npz cannot be loaded"):
            trainer.load(path)
    with open(path, "wb") as file:
        np.save(file, np.zeros(3))
    with pytest.raises(CheckpointError):
        trainer.load(path)
    np.savez(path, a=np.zeros(3))
    with pytest.raises(CheckpointError, match=r"trainer\.save"):
        trainer.load(path)
    with pytest.raises(FileNotFoundError):
        trainer.load(tmp_path / "none.npz")
    assert not harm.exists()


def test_a_model_in_safetensors_is_read_by_others(tmp_path: Path) -> None:
    """The package of that name reads ours, and we read its files, bfloat16 included (issue 4)."""
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))
    path = tmp_path / "model.safetensors"
    trainer.save(model, path)
    other = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))
    other.load_state_dict(trainer.load(path))
    for name, value in model.state_dict().items():
        np.testing.assert_array_equal(other.state_dict()[name], value)
    theirs = pytest.importorskip("safetensors.numpy", reason="needs safetensors to be compared with")
    for name, value in theirs.load_file(path).items():
        np.testing.assert_array_equal(value, model.state_dict()[name])
        assert value.dtype == model.state_dict()[name].dtype
    arrays = {"a": np.arange(6, dtype=np.int16).reshape(2, 3), "b": np.array([True]), "empty": np.zeros((0, 2))}
    theirs.save_file(arrays, path, metadata={"format": "np"})
    for name, value in trainer.load(path).items():
        np.testing.assert_array_equal(value, arrays[name])
        assert value.dtype == arrays[name].dtype


def test_bfloat16_of_a_safetensors_file_becomes_float32(tmp_path: Path) -> None:
    """The upper half of a float32: nothing is lost."""
    head = b'{"w":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]}}'
    path = tmp_path / "w.safetensors"
    path.write_bytes(len(head).to_bytes(8, "little") + head + np.array([0x3FC0, 0xC000], "<u2").tobytes())
    np.testing.assert_array_equal(trainer.load(path)["w"], np.array([1.5, -2.0], np.float32))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff" * 40,
        (10).to_bytes(8, "little") + b"not JSON..",
        (2).to_bytes(8, "little") + b"[]",
        (50).to_bytes(8, "little") + b'{"w":{"dtype":"F32","shape":[9],"data_offsets":[0,36]}}'[:50].ljust(50),
        (55).to_bytes(8, "little") + b'{"w":{"dtype":"F32","shape":[9],"data_offsets":[0,36]}}',
        (54).to_bytes(8, "little") + b'{"w":{"dtype":"F32","shape":[9],"data_offsets":[0,4]}}' + b"1234",
    ],
)
def test_a_damaged_safetensors_file_is_refused(content: bytes, tmp_path: Path) -> None:
    """With a sentence, whatever the damage."""
    path = tmp_path / "w.safetensors"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"w\.safetensors cannot be loaded"):
        trainer.load(path)


def test_what_a_safetensors_file_cannot_hold_is_named(tmp_path: Path) -> None:
    """Numbers and nested states are for .npz."""
    path = tmp_path / "w.safetensors"
    with pytest.raises(DTypeError, match="lr cannot be stored in a safetensors file"):
        trainer.save({"w": np.zeros(2), "lr": 0.1}, path)
    with pytest.raises(DTypeError, match="holds arrays by name"):
        trainer.save([1, 2], path)
    assert not path.exists()


def test_no_name_of_an_array_gets_in_the_way_of_another(tmp_path: Path) -> None:
    """Not those that the format or NumPy use for themselves, and not two paths that read alike."""
    state = {
        "structure": np.array([1.0]),
        "file": np.array([2.0]),
        "allow_pickle": np.array([3.0]),
        "a": {"b": np.array([4.0])},
        "a/b": np.array([5.0]),
        "x": np.array([6.0]),
        "x.npy": np.array([7.0]),
    }
    trainer.save(state, tmp_path / "s.npz")
    found = trainer.load(tmp_path / "s.npz")
    assert found == state
