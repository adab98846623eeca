"""The HTTP interface to profiles: which there are, each as a whole in packed columns, and an event's details.

A profile is named by the hash of what was logged, so that answers about it never change and the browser may keep them.
"""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard.http import wire
from dashboard.http.gc_pause import not_collecting
from dashboard.http.request_values import RequestValues
from dashboard.http.requests import answered, finite_answer
from dashboard.profiles.stored import opened
from dashboard.profiles.view import ProfileView
from tracker.store.read.reader import Store
from tracker.store.read.run import StoredRun

MAX_KEPT_EVENTS = 2_000_000
"""Of all profiles that are kept ready: about 400 MB with what profilers note of each event."""

_HASH = re.compile(r"[0-9a-f]{32}")
"""What may stand in the name of a file."""

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
        run = RequestValues.of_query(request).name("run")

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
                        "name": item.said("name", str, ""),
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
        asked = RequestValues.of_query(request)
        number = asked.whole("id", 0)
        if number is None:
            raise asked.wrong("id", "the number of an event", "nothing")
        view = await self._of(request)
        try:
            found = view.arguments(number)
        except KeyError as error:
            raise HTTPException(404, "the profile has no such event") from error
        return finite_answer(found, KEEP)

    async def file(self, request: Request) -> Response:
        """The trace as it was logged, for other programs."""
        asked = RequestValues.of_query(request)
        run, digest = asked.name("run"), asked.name("hash")
        data = await answered(lambda: self._store().run(run).blob(digest))
        if data is None or not data.startswith(b"\x1f\x8b") or not _HASH.fullmatch(digest):
            raise HTTPException(404, "there is no such profile")
        headers = {**KEEP, "content-disposition": f'attachment; filename="{digest}.trace.json.gz"'}
        return Response(data, media_type="application/gzip", headers=headers)

    async def _of(self, request: Request) -> ProfileView:
        asked = RequestValues.of_query(request)
        run, digest = asked.name("run"), asked.name("hash")
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
