"""Saving and loading: states in one .npz file that NumPy alone can read. Nothing is pickled, so a file can do no harm.

A path that ends in .safetensors takes the arrays of one flat state, such as a model's, in the format of that name.

Arrays are members of the file under their path ("model/conv1.weight", with a "_" at the end where that name is taken);
what is no array (numbers, texts, and how dicts and lists are nested) is one JSON text in the member `structure`.
"""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from trainer import safetensors
from trainer.backend import to_numpy
from trainer.errors import CheckpointError, DTypeError, sentence
from trainer.files import written_whole
from trainer.nn.module import Module
from trainer.tensor import Tensor

_STRUCTURE = "structure"
_ARRAY = "array"  # {"array": path} in the structure stands for an array


def save(obj: Any, path: str | os.PathLike[str]) -> None:
    """Writes a state to a file: all of it or, when something goes wrong, nothing.

    Args:
        obj: A module (its state is saved), or arrays, tensors, numbers, texts and None in lists, tuples and dicts with
            text keys.
        path: The file; one that ends in .safetensors holds a module or a dict of arrays. It is written under another
            name first and then renamed, so that a crash leaves the old one.

    Raises:
        DTypeError: something that is none of these.
    """
    target = Path(path)
    state = obj.state_dict() if isinstance(obj, Module) else obj
    with written_whole(target) as file:
        if target.suffix == safetensors.SUFFIX:
            safetensors.write(_flat(state), file)
        else:
            arrays: dict[str, Any] = {}
            structure = _take_apart(state, "", arrays)
            arrays[_STRUCTURE] = np.frombuffer(json.dumps(structure).encode(), dtype=np.uint8)
            _write_npz(arrays, file)


def load(path: str | os.PathLike[str]) -> Any:
    """What `save` wrote: arrays as NumPy arrays, tuples as lists. For a module, hand it to `load_state_dict`.

    Raises:
        CheckpointError: the file is damaged, or was not written by `save`.
        FileNotFoundError: there is no such file.
    """
    try:
        with open(path, "rb") as file:  # opened here, because NumPy leaves a damaged file open
            if Path(path).suffix == safetensors.SUFFIX:
                return safetensors.read(file)
            arrays = np.load(file, allow_pickle=False)
            return _put_together(json.loads(arrays[_STRUCTURE].tobytes()), arrays)
    except (zipfile.BadZipFile, KeyError, IndexError, TypeError, AttributeError, ValueError, EOFError) as err:
        if isinstance(err, CheckpointError):
            raise
        raise CheckpointError(
            sentence(f"{os.fspath(path)} cannot be loaded.", "a file written by trainer.save", str(err) or "no data")
        ) from err


def _write_npz(arrays: dict[str, Any], file: BinaryIO) -> None:
    """As `numpy.savez`, which however takes the names "file" and "allow_pickle" for itself."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.asarray(array), allow_pickle=False)


def _flat(state: Any) -> dict[str, Any]:
    """A dict of arrays, as the safetensors format holds them."""
    if not isinstance(state, dict) or not all(isinstance(name, str) for name in state):
        got = type(state).__name__
        raise DTypeError(sentence("save: a .safetensors file holds arrays by name.", "a module or a dict", got))
    raws = {name: value.data if isinstance(value, Tensor) else value for name, value in state.items()}
    return {name: to_numpy(raw) if hasattr(raw, "dtype") else raw for name, raw in raws.items()}


def _take_apart(value: Any, path: str, arrays: dict[str, Any]) -> Any:
    """The structure of `value` for JSON; its arrays are put into `arrays`."""
    if isinstance(value, Tensor):
        value = value.data
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, dict):
        for key in value:
            if not isinstance(key, str):
                raise DTypeError(sentence(f"save: a key of {path or 'the state'} is no text.", "str", repr(key)))
        return {"dict": {key: _take_apart(part, f"{path}/{key}", arrays) for key, part in value.items()}}
    if isinstance(value, (list, tuple)):
        return {"list": [_take_apart(part, f"{path}/{i}", arrays) for i, part in enumerate(value)]}
    if hasattr(value, "dtype") and hasattr(value, "shape"):
        name = path.lstrip("/") or "value"
        # {"a/b": x} and {"a": {"b": y}} are two arrays, and NumPy cannot tell the members "x" and "x.npy" apart.
        while name in arrays or name == _STRUCTURE or name.endswith(".npy"):
            name += "_"
        arrays[name] = to_numpy(value)
        return {_ARRAY: name}
    raise DTypeError(
        sentence(f"save: {path or 'the state'} cannot be saved.", "arrays, numbers, texts, dicts, lists", type(value))
    )


def _put_together(structure: Any, arrays: Any) -> Any:
    if not isinstance(structure, dict):
        return structure
    ((kind, content),) = structure.items()
    if kind == "dict":
        return {key: _put_together(part, arrays) for key, part in content.items()}
    if kind == "list":
        return [_put_together(part, arrays) for part in content]
    return arrays[content]
