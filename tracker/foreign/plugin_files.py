"""What TensorBoard's plugins read beside event files: embeddings for its projector, traces for its profiler."""

from __future__ import annotations

import io
import math
import re
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tracker.store.reader import StoredRun
from tracker.store.studies import StoredEmbedding
from tracker.values.profile import FORM, XSPACE_FORM, unpacked

KINDS = ("embedding", "profile")
"""Kinds of series whose values go into files of their own, and not into an event file."""

PROJECTOR_CONFIG = "projector_config.pbtxt"
PROFILES = Path("plugins", "profile")


def write(run: StoredRun, folder: Path) -> int:
    """Writes the embeddings and profiles of a run into the folder that its event file goes to; how many.

    Raises:
        OSError: the folder cannot be written.
    """
    count = 0
    names = _Names()
    entries = []
    for tag in run.tags("embedding"):
        for step in run.media_steps("embedding", tag):
            found = run.embedding(tag, step)
            if found is not None:
                entries.append(_embedding(found, tag, folder, Path(f"{step:05}", names(tag))))
                count += 1
    if entries:
        (folder / PROJECTOR_CONFIG).write_text("".join(entries), encoding="utf-8")
    for tag in run.tags("profile"):
        for item in run.media("profile", tag):
            if item.form in (FORM, XSPACE_FORM):
                session = folder / PROFILES / f"step_{item.step}"
                session.mkdir(parents=True, exist_ok=True)
                if item.form == FORM:
                    (session / f"{names(tag)}.trace.json.gz").write_bytes(item.data)
                else:
                    (session / f"{names(tag)}.xplane.pb").write_bytes(unpacked(item.data))
                count += 1
    return count


class _Names:
    """A name for a file for each tag, of characters that every file system takes; two tags never share one."""

    def __init__(self) -> None:
        self._given: dict[str, str] = {}

    def __call__(self, tag: str) -> str:
        if tag not in self._given:
            name = re.sub(r"[^A-Za-z0-9._-]", "_", tag).lstrip(".")[:80] or "untagged"
            taken = {each.lower() for each in self._given.values()}
            number = 1
            while (unique := name if number == 1 else f"{name}-{number}").lower() in taken:
                number += 1
            self._given[tag] = unique
        return self._given[tag]


def _embedding(found: StoredEmbedding, tag: str, folder: Path, place: Path) -> str:
    """Writes the files of an embedding; its entry in the projector's config.

    Called after its tag and its step, as PyTorch's writer does, so that it is read back as what it was.
    """
    (folder / place).mkdir(parents=True, exist_ok=True)
    lines = [f"tensor_name: {_quoted(f'{tag}:{found.step:05}')}"]
    with (folder / place / "tensors.tsv").open("w", encoding="utf-8", newline="\n") as file:
        # Nine digits hold every float32.
        np.savetxt(file, found.vectors, fmt="%.9g", delimiter="\t")
    lines.append(f"tensor_path: {_quoted((place / 'tensors.tsv').as_posix())}")
    if found.rows:
        # The projector takes the first line for names where there are several columns, and only there.
        rows = [found.header, *found.rows] if len(found.rows[0]) > 1 else found.rows
        text = "".join("\t".join(re.sub(r"[\t\r\n]", " ", cell) for cell in row) + "\n" for row in rows)
        (folder / place / "metadata.tsv").write_text(text, encoding="utf-8", newline="\n")
        lines.append(f"metadata_path: {_quoted((place / 'metadata.tsv').as_posix())}")
    if found.sprites is not None:
        (folder / place / "sprite.png").write_bytes(_sheet(found.sprites))
        height, width = found.sprites.shape[2:]
        lines += [
            "sprite {",
            f"  image_path: {_quoted((place / 'sprite.png').as_posix())}",
            f"  single_image_dim: {width}",
            f"  single_image_dim: {height}",
            "}",
        ]
    return "embeddings {\n" + "".join(f"  {line}\n" for line in lines) + "}\n"


def _sheet(sprites: npt.NDArray[np.float64]) -> bytes:
    """Pictures (N, C, H, W), uint8 or 0 to 1, as one PNG: a square of them, row by row."""
    from PIL import Image

    if sprites.dtype.kind == "f":
        sprites = np.rint(255 * np.clip(np.nan_to_num(sprites), 0, 1))
    count, channels, height, width = sprites.shape
    across = math.ceil(math.sqrt(count))
    sheet = np.zeros((math.ceil(count / across) * height, across * width, channels), np.uint8)
    for i, sprite in enumerate(sprites):
        y, x = i // across * height, i % across * width
        sheet[y : y + height, x : x + width] = sprite.transpose(1, 2, 0)
    out = io.BytesIO()
    Image.fromarray(sheet[:, :, 0] if channels == 1 else sheet).save(out, "PNG")
    return out.getvalue()


def _quoted(text: str) -> str:
    """A text as protocol buffers' text format has it."""
    shown = "".join(f"\\{ord(c):03o}" if c in '"\\' or ord(c) < 32 else c for c in text)
    return f'"{shown}"'
