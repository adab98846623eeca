"""The HTTP interface to profiles: which there are, each as a whole in packed columns, and an event's details.

A profile is named by the hash of what was logged, so that answers about it never change and the browser may keep them.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard import wire
from dashboard.collector import not_collecting
from dashboard.exchange import answered, finite_answer, required
from dashboard.profiles.stored import opened
from dashboard.profiles.view import ProfileView
from tracker.store.reader import Store
from tracker.store.stored_run import StoredRun

MAX_KEPT_EVENTS = 2_000_000
"""Of all profiles that are kept ready: about 400 MB with what profilers note of each event."""

KEEP = {"cache-control": "private, max-age=31536000, immutable"}


def routes(store: Callable[[], Store]) -> list[Route]:
    """The routes below /api/v1/profile.

    Args:
        store: Opens the logdir.
    """
    api = _Profiles(store)
    return [
        Route("/api/v1/profiles", api.listed),
        Route("/api/v1/profile", api.whole),
        Route("/api/v1/profile/event", api.event),
        Route("/api/v1/profile/file", api.file),
    ]


class _Profiles:
    def __init__(self, store: Callable[[], Store]) -> None:
        self._store = store
        self._views: OrderedDict[str, ProfileView] = OrderedDict()
        self._lock = threading.Lock()

    async def listed(self, request: Request) -> Response:
        """The profiles of a run: tag, step, time, hash and the name of the file they came from."""
        run = required(request, "run")

        def read() -> dict[str, Any]:
            stored = self._store().run(run)
            items = [(tag, item) for tag in stored.tags("profile") for item in stored.media("profile", tag)]
            return {
                "run": run,
                "profiles": [
                    {
                        "tag": tag,
                        "step": item.step,
                        "wall_time": item.wall_time,
                        "hash": item.hash,
                        "name": item.attributes.get("name", ""),
                    }
                    for tag, item in items
                ],
            }

        return finite_answer(await answered(read))

    async def whole(self, request: Request) -> Response:
        """A profile as a head and packed columns; see `dashboard.profiles.view`."""
        view = await self._of(request)
        return Response(view.packed, media_type=wire.MEDIA_TYPE, headers=KEEP)

    async def event(self, request: Request) -> Response:
        """What the profiler noted of one event."""
        text = request.query_params.get("id", "")
        if not text.isdecimal() or len(text) > 12:
            raise HTTPException(400, "id= is the number of an event")
        view = await self._of(request)
        try:
            found = view.arguments(int(text))
        except KeyError as error:
            raise HTTPException(404, "the profile has no such event") from error
        return Response(orjson.dumps(found), media_type="application/json", headers=KEEP)

    async def file(self, request: Request) -> Response:
        """The trace as it was logged, for other programs."""
        run, digest = required(request, "run"), required(request, "hash")
        data = await answered(lambda: self._store().run(run).blob(digest))
        if data is None or not data.startswith(b"\x1f\x8b"):
            raise HTTPException(404, "there is no such profile")
        headers = {**KEEP, "content-disposition": f'attachment; filename="{digest}.trace.json.gz"'}
        return Response(data, media_type="application/gzip", headers=headers)

    async def _of(self, request: Request) -> ProfileView:
        run, digest = required(request, "run"), required(request, "hash")
        found: ProfileView = await answered(lambda: self._view(self._store().run(run), digest))
        return found

    def _view(self, run: StoredRun, digest: str) -> ProfileView:
        # Held while one is made: two tabs that ask at once shall not both make it.
        with self._lock:
            view = self._views.get(digest)
            if view is None:
                data = run.blob(digest)
                if data is None:
                    raise HTTPException(404, "there is no such profile")
                with not_collecting():
                    view = ProfileView(opened(data))
                self._views[digest] = view
                while len(self._views) > 1 and sum(map(len, self._views.values())) > MAX_KEPT_EVENTS:
                    self._views.popitem(last=False)
            self._views.move_to_end(digest)
            return view
