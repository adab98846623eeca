"""Kinds that TensorBoard has no page for, in event files: a tensor of strings, and beside it what is said of each."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from tracker.foreign import tensors
from tracker.values.value import Medium

KINDS = ("confusion", "figure", "pane", "table", "video")
"""What comes back as what it was."""


def fill(value: Any, kind: str, items: Sequence[Medium]) -> None:
    """Writes the items of a value into a summary's value."""
    about = value.metadata.plugin_data
    about.plugin_name = kind.encode()
    about.content = json.dumps({"items": [[item.form, dict(item.attributes)] for item in items]}).encode()
    tensors.fill_strings(value.tensor, [item.data for item in items], (len(items),))


def items(kind: str, content: bytes, strings: Sequence[bytes]) -> list[Medium] | None:
    """The items again; None of a plugin that is called like a kind of ours and is another's."""
    if kind not in KINDS:
        return None
    try:
        said = json.loads(content)["items"]
        return [
            Medium(str(form), {str(key): value for key, value in attributes.items()}, data)
            for (form, attributes), data in zip(said, strings, strict=True)
        ]
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
