"""Trees of arrays, numbers and texts as one file that NumPy alone can read. Nothing is pickled.

The form is that of `trainer.save`: a zip without compression of .npy members and one JSON text, `structure`, which says
how dicts and lists are nested and where arrays belong. A state that the recorder keeps is a checkpoint, therefore.
"""

from __future__ import annotations

import io
import json
import os
import re
import zipfile
from typing import Any, BinaryIO, cast

import numpy as np
import numpy.typing as npt

from tracker.errors import RecordingError, message

_STRUCTURE = "structure"
_ARRAY = "array"
_ODD = re.compile(r"[^ -~]")
"""What a zip's names cannot hold, or not in the same letters everywhere."""

MAX_MEMBERS = 100_000
"""Of a file: a model of 10,000 parameters and its optimizer have half as many."""

_DAMAGE = (
    zipfile.BadZipFile, KeyError, IndexError, TypeError, AttributeError, ValueError, EOFError, RecursionError,
    MemoryError, NotImplementedError, OverflowError,
)  # fmt: skip
"""What bytes that may be anything bring about."""


def write(tree: Any, file: BinaryIO) -> None:
    """Writes a tree: arrays, numbers, texts and None in lists, tuples and dicts with text keys.

    Raises:
        RecordingError: something is none of these.
    """
    arrays: dict[str, Any] = {}
    structure = json.dumps(_take_apart(tree, "", arrays)).encode()
    arrays[_STRUCTURE] = np.frombuffer(structure, np.uint8)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(cast("Any", member), np.asarray(array), allow_pickle=False)


def read(file: BinaryIO) -> Any:
    """The tree in a file, which may be a stranger's: what it unpacks to is as large as the file and no larger.

    Raises:
        RecordingError: it was not written by `write`, or is damaged.
    """
    size = os.fstat(file.fileno()).st_size
    try:
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            if len(members) > MAX_MEMBERS or any(each.compress_type != zipfile.ZIP_STORED for each in members):
                raise ValueError("it is not a zip as the recorder writes them")
            if sum(each.file_size for each in members) > size:
                raise ValueError("its parts are larger than the whole")
            structure = json.loads(_array(archive, _STRUCTURE).tobytes())
            return _put_together(structure, archive)
    except _DAMAGE as error:
        what = str(error) or type(error).__name__
        raise RecordingError(message("A recording cannot be read.", expected="what was recorded", got=what)) from error


def size_of(tree: Any) -> int:
    """Bytes of the arrays in a tree."""
    if isinstance(tree, dict):
        return sum(map(size_of, tree.values()))
    if isinstance(tree, (list, tuple)):
        return sum(map(size_of, tree))
    return int(getattr(tree, "nbytes", 0) or 0)


def _array(archive: zipfile.ZipFile, name: str) -> npt.NDArray[Any]:
    data = io.BytesIO(archive.read(f"{name}.npy"))
    return np.lib.format.read_array(data, allow_pickle=False)


def _take_apart(value: Any, path: str, arrays: dict[str, Any]) -> Any:
    """The structure of `value` for JSON; its arrays are put into `arrays`."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            raise RecordingError(message(f"A key of {path or 'the state'} is no text.", got=list(value)[:5]))
        return {"dict": {key: _take_apart(part, f"{path}/{key}", arrays) for key, part in value.items()}}
    if isinstance(value, (list, tuple)):
        return {"list": [_take_apart(part, f"{path}/{i}", arrays) for i, part in enumerate(value)]}
    if hasattr(value, "dtype") and hasattr(value, "shape"):
        name = _ODD.sub("_", path.lstrip("/")) or "value"
        while name in arrays or name == _STRUCTURE or name.endswith(".npy"):
            name += "_"
        arrays[name] = value
        return {_ARRAY: name}
    what = f"{path or 'The state'} cannot be recorded."
    raise RecordingError(message(what, expected="arrays, numbers, texts, dicts, lists", got=type(value).__name__))


def _put_together(structure: Any, archive: zipfile.ZipFile) -> Any:
    if not isinstance(structure, dict):
        return structure
    ((kind, content),) = structure.items()
    if kind == "dict":
        return {key: _put_together(part, archive) for key, part in content.items()}
    if kind == "list":
        return [_put_together(part, archive) for part in content]
    return _array(archive, content)
