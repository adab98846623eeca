"""The HTTP interface to meshes and point clouds."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard.http import wire
from dashboard.http.request_values import RequestValues, series_of
from dashboard.http.requests import answered
from tracker.errors import SeriesNotFoundError
from tracker.store.read.reader import Store
from tracker.store.read.study_records import meshes


def routes(store: Callable[[], Store]) -> list[Route]:
    """The route /api/v1/mesh.

    Args:
        store: Opens the logdir.
    """

    async def mesh(request: Request) -> Response:
        """One mesh of a series, the newest or that of `step=`, packed: vertices, faces, colors one after the other."""
        run, tag = series_of(request)
        step = RequestValues.of_query(request).whole("step")

        def read() -> bytes:
            items = store().run(run).media("mesh", tag)
            steps = sorted({item.step for item in items})
            at = steps[-1] if step is None else step
            found = meshes([item for item in items if item.step == at])
            if not found:
                raise SeriesNotFoundError(f"run {run!r} has no mesh {tag!r} at step {at}")
            parts = {name: getattr(found[-1], name) for name in ("vertices", "faces", "colors")}
            sizes = {name: 0 if part is None else len(part) for name, part in parts.items()}
            head = {"step": at, "steps": steps, **sizes}
            return wire.message(head, [part.ravel() for part in parts.values() if part is not None])

        return Response(await answered(read), media_type=wire.MEDIA_TYPE)

    return [Route("/api/v1/mesh", mesh)]
