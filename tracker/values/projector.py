"""The embedding projector's files: a config, and beside it vectors, words and a sheet of pictures."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tracker.errors import LoggedTypeError, LoggedValueError, message
from tracker.values import tensorflow_checkpoint

MOST_CONFIG_BYTES = 16 << 20

_STEPPED = re.compile(r"(.+):(\d{5,})")
"""What PyTorch's and tensorboardX's writers call a tensor: the tag and the step, filled up to five digits."""

_TENSORFLOWS = re.compile(r"(/\.ATTRIBUTES/VARIABLE_VALUE|:\d)$")
"""What TensorFlow puts behind a variable's name: where it lies in a checkpoint, or which output it is."""


@dataclass(frozen=True)
class Entry:
    """An embedding that a config names."""

    name: str
    """As the config has it."""
    tag: str
    step: int
    tensor: Path | None
    """None where the vectors are in a checkpoint."""
    checkpoint: Path | None
    """Its prefix; None where there is none, or it is not needed."""
    shape: tuple[int, ...]
    words: Path | None
    sheet: Path | None
    picture_size: tuple[int, int]
    """Width and height of one picture on the sheet."""

    def files(self) -> list[Path]:
        """All that it is read from."""
        own = [path for path in (self.tensor, self.words, self.sheet) if path is not None]
        return [*own, *tensorflow_checkpoint.files(self.checkpoint)] if self.checkpoint is not None else own


def entries(config: Path) -> list[Entry]:
    """What a config names, in its order.

    Raises:
        LoggedTypeError: this is no config of the projector.
        OSError: it cannot be read.
    """
    with config.open("rb") as file:
        text = file.read(MOST_CONFIG_BYTES).decode("utf-8", "replace")
    try:
        plain = json.loads(text) if config.suffix == ".json" else _pbtxt(text)
        checkpoint = _checkpoint(config.parent, plain)
        return [_entry(config.parent, each, checkpoint) for each in plain.get("embeddings", [])]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        if isinstance(error, LoggedTypeError):
            raise
        raise LoggedTypeError(message(f"{config.name} is not a config of the projector.", got=str(error))) from error


def _checkpoint(folder: Path, plain: dict[str, Any]) -> Path | None:
    """The checkpoint that a config names, or the newest beside it or above it, as TensorBoard looks for it."""
    named = plain.get("model_checkpoint_path") or plain.get("modelCheckpointPath")
    if named and tensorflow_checkpoint.files(folder / str(named)):
        return folder / str(named)
    return tensorflow_checkpoint.latest(folder) or tensorflow_checkpoint.latest(folder.parent)


def _entry(folder: Path, given: dict[str, Any], checkpoint: Path | None) -> Entry:
    plain = {_snake(key): value for key, value in given.items()}
    sprite = {_snake(key): value for key, value in (plain.get("sprite") or {}).items()}
    name = str(plain.get("tensor_name") or "embedding")
    stepped = _STEPPED.fullmatch(name)
    width, height = (int(size) for size in ([*list(sprite.get("single_image_dim") or ()), 0, 0])[:2])
    return Entry(
        name,
        stepped[1] if stepped else _TENSORFLOWS.sub("", name) or name,
        int(stepped[2]) if stepped else 0,
        folder / plain["tensor_path"] if plain.get("tensor_path") else None,
        None if plain.get("tensor_path") else checkpoint,
        tuple(int(size) for size in plain.get("tensor_shape") or ()),
        folder / plain["metadata_path"] if plain.get("metadata_path") else None,
        folder / sprite["image_path"] if sprite.get("image_path") and width > 0 and height > 0 else None,
        (width, height),
    )


def vectors(entry: Entry) -> npt.NDArray[np.float32]:
    """The vectors of an entry, shape (N, D).

    Raises:
        LoggedValueError: they are in a checkpoint, or are not as the config says.
        OSError: the file cannot be read.
    """
    if entry.tensor is None and entry.checkpoint is not None:
        found = tensorflow_checkpoint.tensor(entry.checkpoint, entry.name)
        if found.ndim != 2:
            raise LoggedValueError(
                message(f"{entry.name!r} is no table of vectors.", expected="shape (N, D)", got=found.shape)
            )
        return found.astype(np.float32)
    if entry.tensor is None:
        raise LoggedValueError(
            message(
                f"The vectors of {entry.name!r} are in a checkpoint that is not there.",
                expected="a tensor_path to a .tsv or .bytes file, or a checkpoint of TensorFlow 2 beside the config",
                got="none",
                hint="Log the weights themselves: tracker.Embedding(model.embedding.weight).",
            )
        )
    if entry.tensor.suffix != ".bytes":
        try:
            return np.loadtxt(entry.tensor, delimiter="\t", dtype=np.float32, ndmin=2)
        except ValueError as error:
            raise LoggedValueError(
                message(f"{entry.tensor.name}: not a table of numbers.", expected="numbers and tabs", got=str(error))
            ) from error
    data = entry.tensor.read_bytes()
    flat = np.frombuffer(data[: len(data) // 4 * 4], "<f4")
    if len(entry.shape) != 2 or entry.shape[0] * entry.shape[1] != len(flat) or len(data) % 4:
        raise LoggedValueError(
            message(
                f"{entry.tensor.name}: not as long as its shape says.",
                expected=list(entry.shape),
                got=f"{len(data):,} bytes",
            )
        )
    return flat.reshape(entry.shape)


def words(entry: Entry) -> tuple[list[list[str]] | None, list[str] | None]:
    """The rows of words of an entry, and what their columns are called; None for what it does not have."""
    if entry.words is None:
        return None, None
    lines = entry.words.read_text(encoding="utf-8", errors="replace").rstrip("\n").split("\n")
    rows = [line.rstrip("\r").split("\t") for line in lines]
    # As the projector has it: a table of several columns begins with their names, a single one does not.
    header = rows.pop(0) if len(rows[0]) > 1 else None
    return rows, header


def pictures(entry: Entry, count: int) -> npt.NDArray[np.uint8] | None:
    """The pictures of an entry, (N, H, W, 3), cut out of their sheet; None where it has none.

    Raises:
        LoggedValueError: the sheet is too small for so many.
        OSError: it cannot be read.
    """
    if entry.sheet is None:
        return None
    from PIL import Image

    sheet = np.asarray(Image.open(entry.sheet).convert("RGB"))
    width, height = entry.picture_size
    across, down = sheet.shape[1] // width, sheet.shape[0] // height
    if across * down < count:
        raise LoggedValueError(
            message(f"{entry.sheet.name}: too few pictures.", expected=f"{count:,}", got=f"{across} × {down}")
        )
    places = [((i // across) * height, (i % across) * width) for i in range(count)]
    return np.stack([sheet[y : y + height, x : x + width] for y, x in places])


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])([A-Z])", lambda found: f"_{found.group().lower()}", name)


_TOKEN = re.compile(
    r'\s*(?:(\w+)\s*:?\s*(\{)|(\w+)\s*:\s*(?:"((?:[^"\\]|\\.)*)"|(\[[^\]]*\]|[^\s{}]+))|(\}))|\s*#[^\n]*'
)


def _pbtxt(text: str) -> dict[str, Any]:
    """A protocol buffer in text form as dictionaries; what may be repeated is a list."""
    stack: list[dict[str, Any]] = [{}]
    at = 0
    while at < len(text.rstrip()):
        found = _TOKEN.match(text, at)
        if found is None or found.end() == at:
            raise LoggedTypeError(message("This is not a config of the projector.", got=repr(text[at : at + 40])))
        at = found.end()
        block, opens, key, quoted, bare, closes = found.groups()
        if opens:
            inner: dict[str, Any] = {}
            if block == "embeddings":
                stack[-1].setdefault(block, []).append(inner)
            else:
                stack[-1][block] = inner
            stack.append(inner)
        elif closes:
            stack.pop()
            if not stack:
                raise LoggedTypeError(message("This is not a config of the projector.", got="a } too many"))
        elif key in ("single_image_dim", "tensor_shape"):
            stack[-1].setdefault(key, []).extend(int(each) for each in bare.strip("[]").split(",") if each.strip())
        elif key:
            stack[-1][key] = _unescaped(quoted) if quoted is not None else bare
    if len(stack) > 1:
        raise LoggedTypeError(message("This config of the projector ends in the middle.", got=repr(text[-40:])))
    return stack[0]


def _unescaped(text: str) -> str:
    """A text as protocol buffers write it: bytes beyond ASCII are octal escapes of UTF-8."""
    return re.sub(rb"\\([0-7]{1,3}|[^0-7])", _byte, text.encode()).decode("utf-8", "replace")


def _byte(found: re.Match[bytes]) -> bytes:
    said = found[1]
    return bytes([int(said, 8) & 255]) if said.isdigit() else {b"n": b"\n", b"t": b"\t", b"r": b"\r"}.get(said, said)
