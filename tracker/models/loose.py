"""Loose models: in files that lie anywhere, and in no run: what another program wrote, or `StoredModel.save`."""

from __future__ import annotations

import hashlib
import stat
from functools import cached_property
from pathlib import Path

from tracker.errors import DamagedBytesError, ModelError
from tracker.models import checks, runners, tfjs_check
from tracker.models import manifest as manifests
from tracker.models.manifest import Manifest, ModelFile
from tracker.models.runners import Runner
from tracker.values import unpack

MANIFEST = "manifest.json"
"""Beside the files of a model that was saved from a run: what was said of it there."""

MAX_ONNX = 2 << 30
"""Bytes of an .onnx file: protobuf has no longer message."""

_ONNX, _TFJS, _TRAINER = "model.onnx", "model.json", ("architecture.json", "weights.safetensors")


class LooseModel:
    """A model in files.

    Attributes:
        name: Of the file or folder.
        manifest: What is said of it, by itself or by the files.
        files: Where each of its files lies, by name.
    """

    def __init__(self, name: str, manifest: Manifest, files: dict[str, Path]) -> None:
        self.name = name
        self.manifest = manifest
        self.files = files

    device = "cpu"
    """Where it answers, as `open_runner` takes it; what is set after the first answer has no effect."""

    @cached_property
    def runner(self) -> Runner:
        """Who answers; opened when first asked.

        Raises:
            ModelError, MissingPackageError: as `runners.open_runner`.
        """
        return runners.open_runner(self.files, self.manifest, self.device)


def is_model(path: Path) -> bool:
    """Whether something of the shape of a model lies at a path."""
    if path.is_dir():
        return any((path / each).is_file() for each in (MANIFEST, _ONNX, _TFJS, _TRAINER[0]))
    return path.is_file() and (path.suffix in (".onnx", ".safetensors") or path.name in (_TFJS, _TRAINER[0]))


def model_at(path: Path) -> LooseModel:
    """The model at a path: an .onnx file with what it has beside it, a folder of TensorFlow.js or its model.json, a
    folder of architecture.json and weights.safetensors or one of these, or a folder that a model was saved to.

    Raises:
        ModelError: there is none, or it is damaged, in a sentence.
    """
    folder = path if path.is_dir() else path.parent
    try:
        if path.suffix == ".onnx" and path.is_file():
            return _onnx(path)
        if (folder / MANIFEST).is_file() and (saved := _saved(folder)) is not None:
            return saved
        if (folder / _TRAINER[0]).is_file() and path.name != _TFJS:
            return _made(folder, "trainer", {each: folder / each for each in _TRAINER})
        if (folder / _ONNX).is_file() and path.is_dir():
            return _onnx(folder / _ONNX)
        if (folder / _TFJS).is_file():
            found = checks.tfjs(_read(folder / _TFJS, tfjs_check.MAX_JSON))
            return _made(folder, "tfjs", {each: folder / each for each in (_TFJS, *found.shards)})
    except OSError as error:
        raise ModelError(f"{error.filename or path}: it cannot be read ({error.strerror or error})") from error
    raise ModelError(
        f"{path}: there is no model; one is an .onnx file, a folder with {_TFJS}, or one with {' and '.join(_TRAINER)}"
    )


def _onnx(path: Path) -> LooseModel:
    found = checks.onnx(_read(path, MAX_ONNX))
    files = {_ONNX: path, **{each: path.parent / manifests.check_file_name(each) for each in found.external}}
    return _made(path, "onnx", files)


def _saved(folder: Path) -> LooseModel | None:
    """A model with its manifest; None where that speaks of something else, as other programs' of this name do."""
    try:
        known = unpack.parsed(_read(folder / MANIFEST, manifests.MAX_BYTES), "manifest")
    except DamagedBytesError as error:
        raise ModelError(f"{folder / MANIFEST}: {error}") from error
    if not isinstance(known, dict) or not {"format", "files", "digest"} <= set(known):
        return None
    said = manifests.of_json(known)
    files = {each.name: folder / each.name for each in said.files}
    for each in said.files:
        if _hashed(each.name, files[each.name]) != each:
            raise ModelError(f"{files[each.name]}: it is not the file that the manifest beside it speaks of")
    return LooseModel(folder.name, said, files)


def _made(path: Path, form: str, files: dict[str, Path]) -> LooseModel:
    known = tuple(sorted(_hashed(name, place) for name, place in files.items()))
    return LooseModel(path.name, Manifest(form, known, manifests.digest_of(known)), files)


def _hashed(name: str, path: Path) -> ModelFile:
    if not stat.S_ISREG(path.stat().st_mode):
        raise ModelError(f"{path}: this is no plain file")
    with path.open("rb") as file:
        digest = hashlib.sha256()
        size = 0
        while piece := file.read(1 << 20):
            digest.update(piece)
            size += len(piece)
    return ModelFile(name, digest.hexdigest(), size)


def _read(path: Path, most: int) -> bytes:
    known = path.stat()
    if not stat.S_ISREG(known.st_mode):
        raise ModelError(f"{path}: this is no plain file")
    if known.st_size > most:
        raise ModelError(f"{path}: it is larger than the {most >> 20:,} MB that such a file may have")
    with path.open("rb") as file:
        return file.read(most)
