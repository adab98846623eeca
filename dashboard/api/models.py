"""The HTTP interface to models: what a run has of them, and their files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from dashboard.http.request_values import RequestValues
from dashboard.http.requests import answered, json_answer
from tracker.models.manifest import ModelFile
from tracker.store.read.models import StoredModel, Version
from tracker.store.read.reader import Store

FOREVER = "private, max-age=31536000, immutable"
ASK_AGAIN = "private, no-cache"
"""A version may be replaced by another of the same step; only who names the digest knows that it cannot change."""


def routes(store: Callable[[], Store]) -> list[Route]:
    """The routes /api/v1/models and /api/v1/models/file.

    Args:
        store: Opens the logdir.
    """
    api = _Models(store)
    return [Route("/api/v1/models", api.models), Route("/api/v1/models/file", api.file)]


class _Models:
    def __init__(self, store: Callable[[], Store]) -> None:
        self._store = store

    async def models(self, request: Request) -> Response:
        """The models of a run, each with its versions; what is said of inputs and classes is the newest version's."""
        run = RequestValues.of_query(request).name("run")

        def read() -> dict[str, Any]:
            problems: list[str] = []
            found = self._store().run(run).models(problems)
            return {"run": run, "models": [_described(each) for each in found], "problems": problems}

        return json_answer(await answered(read))

    async def file(self, request: Request) -> Response:
        """One of the files of a version, the newest without `step=`. With `digest=` that one or none, for ever."""
        asked = RequestValues.of_query(request)
        run, name, wanted = asked.name("run"), asked.name("name"), asked.name("file")
        step, digest = asked.whole("step"), asked.text("digest")

        def read() -> tuple[Path, ModelFile]:
            model = self._store().run(run).model(name, step)
            known = next((each for each in model.manifest.files if each.name == wanted), None)
            if known is None or digest not in (None, known.digest):
                raise HTTPException(404, f"the model {name!r} has no such file")
            return model.file(wanted), known

        place, known = await answered(read)
        headers = {
            "cache-control": ASK_AGAIN if digest is None else FOREVER,
            "content-security-policy": "sandbox; default-src 'none'",
            "etag": f'"{known.digest}"',
        }
        if headers["etag"] in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        return FileResponse(place, media_type="application/octet-stream", filename=known.name, headers=headers)


def _described(model: StoredModel) -> dict[str, Any]:
    said = model.manifest.as_json()
    told = {key: said[key] for key in ("inputs", "outputs", "classes", "preprocess", "method", "note", "made_by")}
    return {"name": model.name, "versions": [_version(each) for each in model.versions], **told}


def _version(version: Version) -> dict[str, Any]:
    said = version.manifest
    return {
        "step": version.step,
        "wall_time": version.wall_time,
        "digest": said.digest,
        "size": said.size,
        "format": said.format,
        "labels": list(said.labels),
        "files": [each._asdict() for each in said.files],
        "kept": version.is_kept,
    }
