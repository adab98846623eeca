"""What TensorBoard's plugins read beside event files: embeddings for its projector, traces for its profiler."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import numpy.typing as npt

from tracker.foreign.folders import PROFILE_PLUGIN, PROJECTOR_CONFIG
from tracker.values import profile, projector, stored_array
from tracker.values.value import Medium

LONGEST_NAME = 100
"""Characters of a file's name out of a tag; more are cut, with a digest of the whole behind them."""


def write_embedding(folder: Path, tag: str, step: int, items: Sequence[Medium]) -> None:
    """Adds an embedding to the projector's files in a run's folder; one of the same tag and step is replaced.

    It is called after its tag and its step, as PyTorch's writer does, so that it is read back as what it was.

    Raises:
        OSError: the folder cannot be written.
    """
    parts = {item.attributes.get("part"): item for item in items}
    name, place = f"{tag}:{step:05}", f"{step:05}/{_file_name(tag)}"
    (folder / place).mkdir(parents=True, exist_ok=True)
    vectors = stored_array.read(parts["vectors"].data)
    with (folder / place / "tensors.tsv").open("w", encoding="utf-8", newline="\n") as file:
        np.savetxt(file, vectors, fmt="%.9g", delimiter="\t")  # nine digits hold every float32
    lines = [f"tensor_name: {_quoted(name)}", f"tensor_path: {_quoted(f'{place}/tensors.tsv')}"]
    if "labels" in parts:
        _write_words(folder / place / "metadata.tsv", json.loads(parts["labels"].data))
        lines.append(f"metadata_path: {_quoted(f'{place}/metadata.tsv')}")
    if "pictures" in parts:
        pictures = stored_array.read(parts["pictures"].data)
        _write_sheet(folder / place / "sprite.png", pictures)
        size = "  ".join(f"single_image_dim: {pixels}" for pixels in (pictures.shape[3], pictures.shape[2]))
        lines.append(f"sprite {{ image_path: {_quoted(f'{place}/sprite.png')}  {size} }}")
    config = folder / PROJECTOR_CONFIG
    known = config.read_text(encoding="utf-8") if config.exists() else ""
    if known and name in [each.name for each in projector.entries(config)]:
        return  # its files were replaced; where they lie is the same
    part = config.with_suffix(".part")
    part.write_text(known + "embeddings {\n" + "".join(f"  {line}\n" for line in lines) + "}\n", encoding="utf-8")
    part.replace(config)


def write_profile(folder: Path, tag: str, step: int, item: Medium) -> None:
    """Writes a trace, or what a profiler wrote with it, where TensorBoard's plugin looks: in a folder a session.

    One that was read there goes back into its session; others are of the session of their step.

    Raises:
        OSError: the folder cannot be written.
    """
    session = item.attributes.get("session")
    place = folder.joinpath(*PROFILE_PLUGIN, _file_name(session) if session else f"step_{step}")
    place.mkdir(parents=True, exist_ok=True)
    name = _file_name(tag.removeprefix(f"{session}/"))
    if item.form == profile.FORM:
        (place / f"{name}.trace.json.gz").write_bytes(item.data)
    elif item.form == profile.XSPACE_FORM:
        (place / f"{name}.xplane.pb").write_bytes(profile.unpacked(item.data))
    else:
        (place / name).write_bytes(item.data)


def _file_name(tag: str) -> str:
    """A tag as the name of a file; two tags never share one."""
    name = quote(tag, safe=" ").replace("..", "%2E%2E") or "untagged"
    if len(name) > LONGEST_NAME:
        name = f"{name[:LONGEST_NAME]}-{hashlib.blake2b(tag.encode(), digest_size=6).hexdigest()}"
    return name


def _write_words(path: Path, words: dict[str, Any]) -> None:
    rows: list[list[str]] = words.get("rows") or []
    # The projector takes the first line for names where there are several columns, and only there.
    if rows and len(rows[0]) > 1:
        rows = [words.get("header") or [f"label {k + 1}" for k in range(len(rows[0]))], *rows]
    path.write_text("".join(_line(row) for row in rows), encoding="utf-8", newline="\n")


def _line(cells: Iterable[str]) -> str:
    return "\t".join(re.sub(r"[\t\r\n]", " ", str(cell)) for cell in cells) + "\n"


def _write_sheet(path: Path, pictures: npt.NDArray[Any]) -> None:
    """Pictures (N, C, H, W), uint8 or 0 to 1, side by side in a square, as the projector cuts them."""
    from PIL import Image

    array = pictures if pictures.dtype == np.uint8 else np.rint(255 * np.clip(np.nan_to_num(pictures), 0, 1))
    array = array.astype(np.uint8).transpose(0, 2, 3, 1)
    count, height, width, channels = array.shape
    across = math.ceil(math.sqrt(count))
    sheet = np.zeros((across * across, height, width, channels), np.uint8)
    sheet[:count] = array
    whole = sheet.reshape(across, across, height, width, channels).swapaxes(1, 2)
    flat = whole.reshape(across * height, across * width, channels)
    Image.fromarray(flat[:, :, 0] if channels == 1 else flat).save(path, "PNG")


def _quoted(text: str) -> str:
    """A text in protocol buffers' text form: quotes, control characters and what is not ASCII as octal escapes."""
    return '"' + "".join(chr(c) if 32 <= c < 127 and c not in b'"\\' else f"\\{c:03o}" for c in text.encode()) + '"'
