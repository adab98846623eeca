"""The HTTP interface to models as ONNX files, which the page runs in the browser."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard.http.request_values import RequestValues
from dashboard.serving.models import Models
from dashboard.serving.refusal import RefusedError
from dashboard.serving.shelf import version_of

FOREVER = "private, max-age=31536000, immutable"
ASK_AGAIN = "private, no-cache"
"""Another version may be logged at the same step; only who names the digest knows that it cannot change."""


def routes(models: Models) -> list[Route]:
    """The route /api/v1/models/onnx.

    Args:
        models: Who has them, and converts them.
    """
    return [Route("/api/v1/models/onnx", _OnnxFiles(models).answer)]


class _OnnxFiles:
    def __init__(self, models: Models) -> None:
        self._models = models

    async def answer(self, request: Request) -> Response:
        """One version as an ONNX file, the newest without `step=`. With `digest=` that one or none, for ever."""
        asked = RequestValues.of_query(request)
        run, name = asked.name("run"), asked.name("name")
        step, digest = asked.whole("step"), asked.text("digest")
        try:
            version = version_of(await self._models.shelf.model(run, name, step), step)
            if digest not in (None, version.manifest.digest):
                raise HTTPException(404, "There is another version of this model at this step now.")
            etag = f'"{version.manifest.digest}"'
            headers = {
                "cache-control": ASK_AGAIN if digest is None else FOREVER,
                "content-security-policy": "sandbox; default-src 'none'",
                "etag": etag,
            }
            if etag in request.headers.get("if-none-match", ""):
                return Response(status_code=304, headers=headers)
            found = await self._models.onnx(run, name, version.step)
        except RefusedError as error:
            raise HTTPException(error.status, error.sentence) from error
        return Response(found, media_type="application/octet-stream", headers=headers)
