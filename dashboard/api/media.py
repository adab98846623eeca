"""The HTTP interface to media: pictures, sounds, texts and tables of a series, one step or one place over the steps."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard.http.request_values import RequestValues
from dashboard.http.requests import answered, json_answer
from tracker.store.read.reader import Store
from tracker.store.read.records import MediaItem
from tracker.store.read.run import StoredRun

MAX_POSITION = 1_000_000
"""A place among the items that were logged together."""

# The first bytes decide what is served as a picture, a sound or a video; what was written beside it is not trusted.
_MAGIC = (
    (re.compile(rb"RIFF....WEBP", re.DOTALL), "image/webp"),
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"GIF8"), "image/gif"),
    (re.compile(rb"RIFF....WAVE", re.DOTALL), "audio/wav"),
    (re.compile(rb"....ftyp", re.DOTALL), "video/mp4"),
    (re.compile(rb"\x1aE\xdf\xa3"), "video/webm"),
)
MEDIA_KINDS = ("image", "audio", "video", "text", "table", "figure")
_HASH = re.compile(r"[0-9a-f]{32}")


MAX_MASKS = 64
"""Masks of a picture that are looked for, each by itself."""

MAX_TEXT = 1_000_000
"""Characters of a text that are sent: a novel."""


def routes(store: Callable[[], Store]) -> list[Route]:
    """The routes /api/v1/media and /api/v1/blobs.

    Args:
        store: Opens the logdir.
    """
    api = _Media(store)
    return [
        Route("/api/v1/media", api.media),
        Route("/api/v1/blobs/{hash}", api.blob),
    ]


class _Media:
    def __init__(self, store: Callable[[], Store]) -> None:
        self._store = store

    async def media(self, request: Request) -> Response:
        """The items of a series: steps, attributes and the hashes to fetch them by; texts come along.

        `step=` asks for one step ("newest" for the last), `position=` for one place among those logged together,
        `last=1` for the last of all.
        """
        asked = RequestValues.of_query(request)
        run, tag, kind = asked.name("run"), asked.name("tag"), asked.choice("kind", MEDIA_KINDS, "image")
        position = asked.whole("position", 0, MAX_POSITION)
        step = "newest" if asked.value("step") == "newest" else asked.whole("step")
        is_last_alone = asked.flag("last")

        def read() -> dict[str, Any]:
            return items_of(self._run(run), kind, tag, step, position, is_last_alone=is_last_alone)

        return json_answer(await answered(read))

    async def blob(self, request: Request) -> Response:
        """A picture by the hash of its content, which never changes."""
        run, digest = RequestValues.of_query(request).name("run"), request.path_params["hash"]
        if not _HASH.fullmatch(digest):
            raise HTTPException(404, "no such picture")
        data = await answered(lambda: self._run(run).blob(digest))
        if data is None:
            raise HTTPException(404, "no such picture")
        form = next((form for magic, form in _MAGIC if magic.match(data)), None)
        headers = {
            "cache-control": "private, max-age=31536000, immutable",
            "content-security-policy": "sandbox; default-src 'none'",
        }
        if form is None:
            headers["content-disposition"] = "attachment"
        return Response(data, media_type=form or "application/octet-stream", headers=headers)

    def _run(self, name: str) -> StoredRun:
        return self._store().run(name)


def items_of(
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
