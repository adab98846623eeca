"""Source: what is kept of a model that cannot be made a file that runs: its numbers, and the text of its classes."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from tracker.models import safetensors
from tracker.models.exporters import Exported
from tracker.values import arrays

LONGEST = 200_000
"""Characters of text in one file."""

STATE, TEXT = "state.safetensors", "source.py"


def as_source(
    state: Mapping[str, Any], classes: Iterable[type], own: str, reason: str, more: Mapping[str, str] | None = None
) -> Exported:
    """The files, with the reason in their note.

    Args:
        state: Arrays or tensors by name; what is none, such as a module's own notes, is left out and named.
        classes: Those that the model is made of.
        own: The framework's package, whose own classes its version tells.
        reason: Why there is only source, as a sentence without its full stop.
        more: Further texts by the names of their files.
    """
    numbers: dict[str, npt.NDArray[Any]] = {}
    left = []
    for name, value in state.items():
        try:
            numbers[name] = np.array(arrays.real_array(value, name)[0])
        except Exception:  # noqa: BLE001 a module may keep anything in its state
            left.append(name)
    note = f"{reason}." + (f" Not kept: {', '.join(left)[:200]}." if left else "")
    texts = {TEXT: source_of(classes, own), **(more or {})}
    written = {name: text[:LONGEST].encode("utf-8", "backslashreplace") for name, text in texts.items() if text}
    return Exported("source", {STATE: safetensors.parts(numbers), **written}, (), (), note)


def source_of(classes: Iterable[type], own: str) -> str:
    """The source text of classes that are not the framework's own, one after the other, each under where it is from."""
    parts = []
    for each in dict.fromkeys(classes):
        if each.__module__.partition(".")[0] == own:
            continue
        try:
            text = inspect.getsource(each)
        except (OSError, TypeError):  # written at a prompt
            text = "# its source is not there\n"
        parts.append(f"# {each.__module__}.{each.__qualname__}\n{text}")
    return "\n\n".join(parts)


def in_one_line(error: BaseException) -> str:
    """What an error says, as part of a sentence."""
    said = " ".join(str(error).split())
    return (f"{type(error).__name__}: {said}" if said else type(error).__name__)[:300].rstrip(".")
