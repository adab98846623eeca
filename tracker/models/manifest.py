"""Manifest: what is said of a version of a model. It lies in a file that anybody may have made, so all is checked."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from tracker import coerce
from tracker.errors import DamagedBytesError, ModelError, message
from tracker.models import signature
from tracker.models.signature import TensorSpec
from tracker.values import unpack

FORM = "application/vnd.everystep.model+json"
"""The media type of an item that is a version of a model."""

FORMATS = ("trainer", "onnx", "tfjs", "source")
METHODS = ("predict", "classify", "regress")

MAX_BYTES = 1 << 20
"""Of a manifest as JSON."""

MAX_FILES = 10_000
MAX_FILE_NAME = 200
MAX_CLASSES = 100_000
MAX_CLASS = 500
MAX_LABELS = 100
MAX_NOTE = 2_000

_DIGEST = re.compile(r"[0-9a-f]{64}")
_LABEL = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")


class ModelFile(NamedTuple):
    """One of the files of a version.

    Attributes:
        name: What the format calls it: no path.
        digest: SHA-256 of what it holds, in hex.
        size: Bytes.
    """

    name: str
    digest: str
    size: int


@dataclass(frozen=True)
class Manifest:
    """What is said of a version of a model; see docs/store-format.md.

    Attributes:
        format: One of `FORMATS`; "source" is kept and not run.
        files: Its files, by name.
        digest: Names all of them together: what is answered by one digest is answered by the same model.
        inputs: What it takes.
        outputs: What it gives; empty where that is not known.
        classes: Names of the classes, in the order of the last axis of its first output.
        preprocess: What becomes of a picture before it is an input; see `tracker.models.preprocess`.
        labels: What this version is called besides its step, such as "stable".
        method: How it is meant to be asked, one of `METHODS`.
        made_by: What wrote the files.
        note: A sentence, such as why there is only source.
        keep: Of how many versions the files are kept from this one on; None for all.
    """

    format: str
    files: tuple[ModelFile, ...]
    digest: str
    inputs: tuple[TensorSpec, ...] = ()
    outputs: tuple[TensorSpec, ...] = ()
    classes: tuple[str, ...] | None = None
    preprocess: Mapping[str, Any] | str | None = None
    labels: tuple[str, ...] = ()
    method: str = "predict"
    made_by: str = ""
    note: str = ""
    keep: int | None = None

    @property
    def size(self) -> int:
        """Bytes of all of its files."""
        return sum(each.size for each in self.files)

    def as_json(self) -> dict[str, Any]:
        """As it is stored."""
        return {
            "format": self.format,
            "files": [each._asdict() for each in self.files],
            "digest": self.digest,
            "inputs": [each.as_json() for each in self.inputs],
            "outputs": [each.as_json() for each in self.outputs],
            "classes": None if self.classes is None else list(self.classes),
            "preprocess": dict(self.preprocess) if isinstance(self.preprocess, Mapping) else self.preprocess,
            "labels": list(self.labels),
            "method": self.method,
            "made_by": self.made_by,
            "note": self.note,
            "keep": self.keep,
        }

    def to_bytes(self) -> bytes:
        """JSON of at most `MAX_BYTES`.

        Raises:
            ModelError: it would be more.
        """
        found = coerce.dumps(self.as_json()).encode()
        if len(found) > MAX_BYTES:
            raise ModelError(
                message(
                    "What is said of this model is too much.",
                    expected=f"at most {MAX_BYTES >> 20} MB of names and settings",
                    got=f"{len(found):,} bytes",
                )
            )
        return found


def digest_of(files: Iterable[ModelFile]) -> str:
    """The digest of all files together: SHA-256 over the sorted pairs of name and digest."""
    pairs = sorted((each.name, each.digest) for each in files)
    return hashlib.sha256(json.dumps(pairs, ensure_ascii=True, separators=(",", ":")).encode()).hexdigest()


def of_bytes(data: bytes) -> Manifest:
    """A manifest as it was stored.

    Raises:
        ModelError: it is none.
    """
    if len(data) > MAX_BYTES:
        raise ModelError(message("What is said of this model is too much.", got=f"{len(data):,} bytes"))
    try:
        return of_json(unpack.parsed(data, "model's manifest"))
    except DamagedBytesError as error:
        raise ModelError(str(error)) from error


def of_json(said: Any) -> Manifest:
    """A manifest from JSON values.

    Raises:
        ModelError: they are none.
    """
    if not isinstance(said, dict):
        raise ModelError(message("A model's manifest is a JSON object.", got=type(said).__name__))
    files = tuple(_file(each) for each in _list(said, "files", MAX_FILES))
    if len({each.name for each in files}) != len(files):
        raise ModelError(message("Two files of a model have the same name."))
    digest = said.get("digest")
    if digest != digest_of(files):
        raise ModelError(message("A model's digest is not that of its files: its manifest is damaged."))
    classes = None if said.get("classes") is None else tuple(check_classes(said["classes"]))
    keep = said.get("keep")
    if keep is not None and (type(keep) is not int or keep < 1):
        raise ModelError(message("A model's `keep` is a number of versions.", got=coerce.text(keep, 100)))
    return Manifest(
        format=_one_of(said, "format", FORMATS),
        files=files,
        digest=digest,
        inputs=signature.of_json(said.get("inputs") or [], "inputs"),
        outputs=signature.of_json(said.get("outputs") or [], "outputs"),
        classes=classes,
        preprocess=_preprocess(said.get("preprocess")),
        labels=tuple(check_labels(said.get("labels") or [])),
        method=_one_of(said, "method", METHODS, "predict"),
        made_by=_text(said, "made_by"),
        note=_text(said, "note"),
        keep=keep,
    )


def check_file_name(name: Any) -> str:
    """A name that a file of a model may have: it is no path, on no system.

    Raises:
        ModelError: it may not.
    """
    if isinstance(name, str) and 0 < len(name) <= MAX_FILE_NAME and name.isprintable():
        plain = not name.startswith((".", " ")) and not name.endswith((".", " ")) and not set(name) & set('/\\:*?"<>|')
        if plain:
            try:
                name.encode()
                return name
            except UnicodeEncodeError:
                pass  # half a character, which no file system takes
    raise ModelError(
        message(
            "A file of a model has a name that it may not have.",
            expected=f"a plain name of at most {MAX_FILE_NAME} characters, such as model.onnx, and no path",
            got=coerce.text(name, 200),
        )
    )


def check_classes(classes: Any) -> list[str]:
    """Names of classes.

    Raises:
        ModelError: they are none.
    """
    if not isinstance(classes, (list, tuple)) or len(classes) > MAX_CLASSES:
        got = f"{len(classes):,}" if isinstance(classes, (list, tuple)) else type(classes).__name__
        raise ModelError(message("A model's classes are names.", expected=f"a list of up to {MAX_CLASSES:,}", got=got))
    for name in classes:
        if not isinstance(name, str) or len(name) > MAX_CLASS:
            raise ModelError(
                message(
                    "A model's classes are names.",
                    expected=f"texts of up to {MAX_CLASS} characters, in the order of the output",
                    got=coerce.text(name, 100),
                )
            )
    return list(classes)


def check_labels(labels: Any) -> list[str]:
    """Labels of a version: words that an address may hold.

    Raises:
        ModelError: they are none.
    """
    if not isinstance(labels, (list, tuple)) or len(labels) > MAX_LABELS:
        raise ModelError(message("Labels of a version are words.", expected='a list such as ["stable"]'))
    for label in labels:
        if not isinstance(label, str) or not _LABEL.fullmatch(label) or label == "latest":
            raise ModelError(
                message(
                    "A label is a word.",
                    expected='letters, digits, "_", "-" and ".", and not "latest", which is the newest one always',
                    got=coerce.text(label, 100),
                )
            )
    return list(dict.fromkeys(labels))


def _file(value: Any) -> ModelFile:
    if not isinstance(value, dict):
        raise ModelError(message("A file of a model is a name, a digest and a size.", got=type(value).__name__))
    name, digest, size = check_file_name(value.get("name")), value.get("digest"), value.get("size")
    if not isinstance(digest, str) or not _DIGEST.fullmatch(digest) or type(size) is not int or size < 0:
        raise ModelError(message(f"The file {name!r} of a model has no digest or size: its manifest is damaged."))
    return ModelFile(name, digest, size)


def _list(said: Mapping[str, Any], key: str, most: int) -> list[Any]:
    found = said.get(key)
    if not isinstance(found, list) or not 0 < len(found) <= most:
        raise ModelError(message(f"A model's {key} are not as they should be.", expected=f"1 to {most:,} of them"))
    return found


def _one_of(said: Mapping[str, Any], key: str, known: tuple[str, ...], default: str | None = None) -> str:
    found = said.get(key, default)
    if isinstance(found, str) and found in known:
        return found
    raise ModelError(message(f"A model's {key} is unknown.", expected=" | ".join(known), got=coerce.text(found, 100)))


def _text(said: Mapping[str, Any], key: str) -> str:
    found = said.get(key, "")
    return found[:MAX_NOTE] if isinstance(found, str) else ""


def _preprocess(value: Any) -> dict[str, Any] | str | None:
    if value is None or isinstance(value, dict) or (isinstance(value, str) and len(value) <= MAX_CLASS):
        return value
    raise ModelError(message("A model's preprocess is a dictionary or a name.", got=type(value).__name__))
