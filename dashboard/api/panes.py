"""The HTTP interface to panes: which a run has, one of them, where they lie on the page, and what is done in them."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard.http.request_values import RequestValues, is_whole
from dashboard.http.requests import answered, finite_answer
from dashboard.live import pane_edits
from tracker.store.read.panes import StoredPane
from tracker.store.read.reader import Store
from tracker.store.read.records import MediaItem
from tracker.store.read.run import StoredRun

DOCUMENT_POLICY = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; base-uri 'none'; "
    "form-action 'none'"
)
"""Of a document that a run brings: it runs no script, sends no form and asks nobody for anything."""

_HINTS = re.compile(r"<(?=(?:link|meta|base)\b)", re.IGNORECASE)
"""Elements by which a browser looks up or connects to another host whatever the policy says. They begin with just these
letters or are none, so that one letter put between makes them unknown ones."""

_OWN_COLOURS = re.compile(r"background|bgcolor|color-scheme", re.IGNORECASE)
"""What says these has colours of its own, which were chosen for white unless it says so itself."""

_DARK = "<style>:where(html) { color-scheme: dark; background: #16191f; color: #e7e9ee }</style>"
"""The page's colours in its dark theme (`frame.css`), over which any rule of the document's own has its way."""

_DOCTYPE = re.compile(r"\s*<!doctype[^>]*>", re.IGNORECASE)


def routes(store: Callable[[], Store], read_only: bool) -> list[Route]:
    """Routes below /api/v1.

    Args:
        store: Opens the logdir.
        read_only: Whether every change is refused.
    """
    api = _Panes(store, read_only)
    return [
        Route("/api/v1/panes", api.panes),
        Route("/api/v1/pane", api.pane),
        Route("/api/v1/pane/html", api.document),
    ]


class _Panes:
    def __init__(self, store: Callable[[], Store], read_only: bool) -> None:
        self._store = store
        self._read_only = read_only

    async def panes(self, request: Request) -> Response:
        """The panes of a run as they stand, without what they hold, and where the page has them."""
        name = RequestValues.of_query(request).name("run")

        def read() -> dict[str, Any]:
            run = self._run(name)
            places = pane_edits.places(run.folder)
            return {
                "run": name,
                "panes": [_listed(pane) for pane in run.panes() if not _is_closed(pane, places.get(pane.id, {}))],
                "places": places,
                "live": run.status == "running",
                "read_only": self._read_only,
            }

        return finite_answer(await answered(read))

    async def pane(self, request: Request) -> Response:
        """One pane with what it holds; `n=` asks for one of its states, from 1."""
        found = await answered(lambda: self._asked(request))
        return finite_answer(await answered(lambda: _whole(found)))

    async def document(self, request: Request) -> Response:
        """A text as a document of its own, for a frame that lets it do nothing; `theme=dark`: in dark colours."""
        is_dark = RequestValues.of_query(request).choice("theme", ("light", "dark"), "light") == "dark"

        def read() -> str:
            pane = self._asked(request)
            text = pane.content
            if pane.type != "text" or not isinstance(text, dict) or not isinstance(text.get("text"), str):
                raise HTTPException(404, f"pane {pane.id!r} is no text")
            if text.get("html") is not True:
                return _plain(text["text"])
            quiet = _HINTS.sub("<x-", text["text"])
            return _dark(quiet) if is_dark else quiet

        headers = {
            "content-security-policy": DOCUMENT_POLICY,
            "x-content-type-options": "nosniff",
            "x-dns-prefetch-control": "off",
        }
        return Response(await answered(read), media_type="text/html", headers=headers)

    def _asked(self, request: Request) -> StoredPane:
        asked = RequestValues.of_query(request)
        return self._run(asked.name("run")).pane(asked.name("id"), asked.whole("n", 1))

    def _run(self, name: str) -> StoredRun:
        return self._store().run(name)


def _is_closed(pane: StoredPane, place: dict[str, Any]) -> bool:
    """Whether it was closed in the page, and showed nothing new since."""
    closed = place.get("closed")
    return closed is not None and is_whole(closed) and pane.n <= closed


def _listed(pane: StoredPane) -> dict[str, Any]:
    """A pane as a list names it."""
    return {
        "id": pane.id, "type": pane.type, "title": pane.title, "opts": pane.opts, "n": pane.n, "step": pane.step,
        "wall_time": pane.wall_time, "width": pane.width, "height": pane.height,
    }  # fmt: skip


def _whole(pane: StoredPane) -> dict[str, Any]:
    """A pane with what it holds; pictures and the like by the hashes that `blobs` has them by."""
    items = [
        {**_item(item), "parts": [_item(part) for part in item.parts]} for item in pane.items
    ]  # fmt: skip
    return {**_listed(pane), "states": pane.states, "content": pane.content, "items": items}


def _item(item: MediaItem) -> dict[str, Any]:
    return {"kind": item.said("kind", str), "form": item.form, "hash": item.hash, "attributes": item.attributes}


def _dark(document: str) -> str:
    """A document in the colours of the dark theme, if it has none of its own. What comes before its doctype would make
    it one of the last century."""
    if _OWN_COLOURS.search(document):
        return document
    begin = found.end() if (found := _DOCTYPE.match(document)) else 0
    return document[:begin] + _DARK + document[begin:]


def _plain(text: str) -> str:
    return (
        f'<!doctype html><meta charset="utf-8"><pre style="white-space: pre-wrap; margin: 0">{html.escape(text)}</pre>'
    )
