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
from tracker.models import answers

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
        self._inputs = [_any_batch(each) for each in inputs]
        self._preprocess = preprocess
        self.has_folder = False
        self._places: list[tuple[str, Path | None]] = []
        for word in words:
            path = Path(word)
            if word == "-":
                self._places.append(("standard input", None))
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
                wrong = " ".join(str(error).split())
                yield Sample(name, None, wrong.removeprefix(f"{os.path.basename(name)}: "))

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
        yield from self._of_array("standard input", said)

    def _of_array(self, name: str, said: Any) -> Iterator[Sample]:
        """The samples of a batch, or one sample without the axis of a batch."""
        if isinstance(said, dict) and said and set(said) <= {"inputs", "instances", "signature_name"}:
            said = said.get("inputs", said.get("instances"))  # as TensorFlow Serving's bodies have it
        names = [each["name"] for each in self._inputs]
        given = said if isinstance(said, dict) else {names[0] if len(names) == 1 else "one array": said}
        if set(given) != set(names):
            raise ModelError(f"the model takes {', '.join(names)}, and was given {', '.join(given) or 'nothing'}")
        batches = {each["name"]: _batch(given[each["name"]], each) for each in self._inputs}
        if all(each["shape"] is not None for each in self._inputs):
            batches = answers.fitted(batches, self._inputs)
        sizes = {len(each) for each in batches.values()}
        if len(sizes) != 1:
            raise ModelError(f"the inputs are of different numbers of samples: {', '.join(map(str, sorted(sizes)))}")
        (size,) = sizes
        for row in range(size):
            called = name if size == 1 else f"{name}[{row}]"
            yield Sample(called, {each: value[row : row + 1] for each, value in batches.items()})


def _any_batch(about: Mapping[str, Any]) -> dict[str, Any]:
    """An input of batches of any size. A network of `trainer` without its manifest does not say what it takes."""
    shape = about["shape"]
    return {**about, "dtype": about["dtype"] or "float32", "shape": shape and [None, *shape[1:]]}


def _batch(value: Any, about: Mapping[str, Any]) -> Any:
    """An array with the axis of a batch: one sample alone is a batch of one."""
    if isinstance(value, list):
        try:
            value = np.array(value)
        except ValueError as error:
            raise ModelError(f"{about['name']}: rows of different lengths are no array") from error
    if about["shape"] is None:
        return np.asarray(value, np.float32) if np.asarray(value).dtype.kind in "biuf" else value
    return value[None] if np.ndim(value) == len(about["shape"]) - 1 else value


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
        raise ModelError(
            f"{path.name}: this is no .npy file of numbers ({' '.join(str(error).split())[:200]})"
        ) from error
    if not isinstance(found, np.ndarray):  # an archive, whatever it is called
        raise ModelError(f"{path.name}: this is no .npy file of numbers")
    return found
