"""Pictures, sounds, texts and tables of a series as the page asks for them: one step, or one place over the steps."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tracker.store.read.records import MediaItem
from tracker.store.read.run import StoredRun

MAX_MASKS = 64
"""Masks of a picture that are looked for, each by itself."""

MAX_TEXT = 1_000_000
"""Characters of a text that are sent: a novel."""


def answer(
    run: StoredRun, kind: str, tag: str, step: int | str | None, position: int | None, *, is_last_alone: bool = False
) -> dict[str, Any]:
    """The steps of a series and items of it, as JSON values.

    Args:
        run: The run.
        kind: "image", "audio" …
        tag: What they were logged under.
        step: Only those of this step, "newest" for the last; None for all.
        position: Only those at this place among the items logged together.
        is_last_alone: Only the last of all these.

    Raises:
        SeriesNotFoundError: the run has none.
    """
    steps = run.media_steps(kind, tag)
    at = (steps[-1] if steps else None) if isinstance(step, str) else step
    found = run.media(kind, tag, step=at, position=position)
    if position is not None:
        found = _with_masks(run, kind, tag, found, position)
    shown = found[-1 if is_last_alone else 0 :]
    return {"run": run.name, "tag": tag, "steps": steps, "items": [_item(each, kind) for each in shown]}


def _with_masks(run: StoredRun, kind: str, tag: str, found: list[MediaItem], position: int) -> list[MediaItem]:
    """The items with the masks over them, which stand at the places behind theirs."""
    most = min(MAX_MASKS, max((len(_listed(item.attributes.get("masks"))) for item in found), default=0))
    parts: dict[tuple[int, float], list[MediaItem]] = {}
    for place in range(position + 1, position + 1 + most):
        for first in run.media(kind, tag, position=place):
            for part in (first, *first.parts):  # of masks without their pictures the first stands for all
                together = parts.setdefault((part.step, part.wall_time), [])
                if part.attributes.get("belongs") == "mask" and len(together) == place - position - 1:
                    together.append(replace(part, parts=()))
    return [replace(item, parts=tuple(parts.get((item.step, item.wall_time), ()))) for item in found]


def _item(found: MediaItem, kind: str) -> dict[str, Any]:
    """An item as JSON values, with what belongs to it."""
    plain = {
        "step": found.step,
        "wall_time": found.wall_time,
        "position": found.position,
        "form": found.form,
        "hash": found.hash,
        "attributes": found.attributes,
    }
    if found.parts:
        plain["parts"] = [{"hash": part.hash, "attributes": part.attributes} for part in found.parts]
    if kind == "text":
        text = found.data.decode("utf-8", "replace")
        cut = f"… (cut off here: {len(text):,} characters in all)" if len(text) > MAX_TEXT else ""
        plain["text"] = text[:MAX_TEXT] + cut
    return plain


def _listed(value: Any) -> Any:
    return value if isinstance(value, (list, dict)) else ()
