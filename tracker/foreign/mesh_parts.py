"""TensorBoard's meshes: vertices, faces and colors, each under a tag of its own, as one mesh of ours, and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tracker.foreign import protos, tensors
from tracker.foreign.batch import Item
from tracker.values import stored_array
from tracker.values.value import Medium

PLUGIN = "mesh"

_PARTS = {"vertices": (1, "VERTEX", np.float32), "faces": (2, "FACE", np.int32), "colors": (3, "COLOR", np.uint8)}
"""TensorBoard's number of a part, what its tag ends in, and its type."""


_TYPES = tuple(np.dtype(dtype) for _, _, dtype in _PARTS.values())


def part(value: Any, tag: str, said: dict[str, Any]) -> tuple[str, list[Medium]]:
    """The mesh's name and the one part of it that a summary's value holds."""
    about = protos.Mesh.FromString(value.metadata.plugin_data.content)
    found = next((name for name, (number, _, _) in _PARTS.items() if number == about.content_type), "undefined")
    suffix = f"_{_PARTS[found][1]}" if found in _PARTS else ""
    name = tag.removesuffix(suffix) if suffix and tag.endswith(suffix) else tag
    noted = {"part": found, "config": protos.text(about.json_config), **said}
    return name, [stored_array.item(tensors.array_of(value.tensor), **noted)]


def joined(items: Sequence[Item]) -> list[Item]:
    """The items of one event, with the parts of each mesh together: vertices first, as `tracker.Mesh` has them."""
    found: list[Item] = []
    places: dict[str, int] = {}
    order = list(_PARTS)
    for item in items:
        if item.kind != "mesh":
            found.append(item)
        elif item.tag not in places:
            places[item.tag] = len(found)
            found.append(item)
        else:
            place = places[item.tag]
            together = [*found[place].content, *item.content]
            together.sort(
                key=lambda each: order.index(each.attributes["part"]) if each.attributes["part"] in order else 9
            )
            found[place] = found[place]._replace(content=together)
    return found


def fill(values: Any, tag: str, items: Sequence[Medium]) -> None:
    """Adds the summary values that stand for one mesh: a tag for each part, each knowing which others there are."""
    named = [(item.attributes.get("part", "vertices"), item) for item in items]
    named = [(name, item) for name, item in named if name in _PARTS]
    components = sum(1 << _PARTS[name][0] for name, _ in named)
    for name, item in named:
        number, suffix, dtype = _PARTS[name]
        array = stored_array.read(item.data)
        array = array[None] if array.ndim == 2 else array
        value = values.add(tag=f"{tag}_{suffix}".encode())
        value.metadata.plugin_data.plugin_name = PLUGIN.encode()
        value.metadata.plugin_data.content = protos.Mesh(
            name=tag.encode(), content_type=number, json_config=str(item.attributes.get("config") or "").encode(),
            shape=array.shape, components=components,
        ).SerializeToString()  # fmt: skip
        tensors.fill(value.tensor, array if array.dtype in _TYPES else array.astype(dtype))
