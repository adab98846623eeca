"""What `viz predict` is to ask a model about: pictures, folders of them, arrays of NumPy, JSON on standard input."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from dashboard.commands.refusal import CommandError
from tracker.errors import ModelError

MOST_JSON = 64 << 20
"""Bytes that are read of standard input."""


class Sample(NamedTuple):
    """One thing that is asked.

    Attributes:
        name: What it is called in the answer: a file's path, or its place in an array.
        inputs: Arrays by the names of the model's inputs, each with a batch of one; None of what cannot be asked.
        wrong: Why not, in a sentence.
    """

    name: str
    inputs: Mapping[str, Any] | None
    wrong: str = ""


class Asked:
    """Everything that is asked, one after the other, as it is read.

    Args:
        words: Paths, or - for JSON on standard input.
        inputs: What the model takes, {"name", "dtype", "shape"} each.
        preprocess: What becomes of a picture before, as in a manifest.

    Raises:
        CommandError: a file or folder is not there, or a folder holds no picture.
    """

    def __init__(self, words: Sequence[str], inputs: Sequence[Mapping[str, Any]], preprocess: Any) -> None:
        self._inputs = inputs
        self._preprocess = preprocess
        self.has_folder = False
        self._places: list[tuple[str, Path | None]] = []
        for word in words:
            path = Path(word)
            if word == "-":
                self._places.append((word, None))
            elif path.is_dir():
                self.has_folder = True
                self._places += [(os.path.join(word, each), path / each) for each in _pictures(path)]
            elif path.exists():
                self._places.append((word, path))
            else:
                raise CommandError(f"{word} is not there; an INPUT is a picture, a folder of them, a .npy file or -")

    @property
    def count(self) -> int:
        """How many files there are, standard input being one."""
        return len(self._places)

    def __iter__(self) -> Iterator[Sample]:
        for name, path in self._places:
            try:
                if path is None:
                    yield from self._of_json()
                elif path.suffix.lower() == ".npy":
                    yield from self._of_array(name, _loaded(path))
                else:
                    yield self._of_picture(name, path)
            except ModelError as error:
                yield Sample(name, None, " ".join(str(error).split()))

    def _of_picture(self, name: str, path: Path) -> Sample:
        from tracker.models.preprocess import picture_input

        about, how = picture_input(self._preprocess, self._inputs)
        return Sample(name, {about: how.array(path)})

    def _of_json(self) -> Iterator[Sample]:
        data = sys.stdin.buffer.read(MOST_JSON + 1)
        if len(data) > MOST_JSON:
            raise CommandError(f"standard input is larger than {MOST_JSON >> 20} MB; ask in parts, or with .npy files")
        try:
            said = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise CommandError(f"standard input is no JSON: {error}") from error
        yield from self._of_array("-", said)

    def _of_array(self, name: str, said: Any) -> Iterator[Sample]:
        """The samples of a batch, or one sample without the axis of a batch."""
        from tracker.models.onnx_runner import fitting

        if isinstance(said, dict) and set(said) <= {"inputs", "instances", "signature_name"}:  # as TensorFlow Serving has it
            said = said.get("inputs", said.get("instances"))
        known = {each["name"]: each for each in self._inputs}
        named = said if isinstance(said, dict) else {next(iter(known), "x"): said}
        if set(named) != set(known):
            raise ModelError(f"the model takes {', '.join(known)}, and was given {', '.join(named) or 'nothing'}")
        batches = {}
        for each, value in named.items():
            rank = None if known[each]["shape"] is None else len(known[each]["shape"])
            array = np.asarray(value) if not isinstance(value, list) else _array(each, value)
            array = array[None] if rank is not None and array.ndim == rank - 1 else array
            batches[each] = fitting(array, {**known[each], "shape": _any_batch(known[each]["shape"])})
        sizes = {len(each) for each in batches.values()}
        if len(sizes) != 1:
            raise ModelError(f"its inputs are of different numbers of samples: {sorted(sizes)}")
        (size,) = sizes
        for row in range(size):
            called = name if size == 1 else f"{name}[{row}]"
            yield Sample(called, {each: value[row : row + 1] for each, value in batches.items()})


def _any_batch(shape: Sequence[int | None] | None) -> list[int | None] | None:
    return None if shape is None else [None, *shape[1:]]


def _array(name: str, value: list[Any]) -> np.ndarray[Any, Any]:
    try:
        return np.array(value)
    except ValueError as error:
        raise ModelError(f"{name}: rows of different lengths are no array") from error


def _pictures(folder: Path) -> list[str]:
    """The pictures below a folder by their paths in it, in the order of names; links to folders are not followed."""
    from tracker.models.pictures import ENDINGS
    from tracker.name_order import naturally

    found = []
    for place, folders, files in os.walk(folder):
        folders[:] = [each for each in folders if not each.startswith(".")]
        found += [
            os.path.relpath(os.path.join(place, each), folder)
            for each in files
            if os.path.splitext(each)[1].lower() in ENDINGS and not each.startswith(".")
        ]
    if not found:
        raise CommandError(f"there is no picture in {folder} ({', '.join(sorted(ENDINGS))})")
    return naturally(found)


def _loaded(path: Path) -> np.ndarray[Any, Any]:
    try:
        found = np.load(path, allow_pickle=False, mmap_mode="r")
    except (OSError, ValueError, EOFError, SyntaxError) as error:
        raise ModelError(f"{path.name}: this is no .npy file of numbers ({' '.join(str(error).split())[:200]})") from error
    if not isinstance(found, np.ndarray):  # an archive, whatever it is called
        raise ModelError(f"{path.name}: this is no .npy file of numbers")
    return found
