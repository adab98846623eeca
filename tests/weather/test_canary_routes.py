"""Whatever lies in a logdir, no route changes anything outside of it, or what it only reads.

The routes are those of the application's own tables, Dash's included: one that is added and not asked here fails the test.
"""

from __future__ import annotations

import contextlib
import inspect
import itertools
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from canaries import ALL, World, some
from every_kind import TAGS
from odd_requests import BODIES, QUERIES, RIGHT
from starlette.routing import Mount, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from dashboard.export import files
from dashboard.server.application import create_app
from dashboard.server.settings import Settings, index_file


def tables(app: Any, client: TestClient) -> set[tuple[str, str]]:
    """(method, path) of every route of an application, below "/dash" those of Dash."""
    parts = inspect.getclosurevars(app._app).nonlocals
    assert client.get("/dash/_dash-layout").status_code == 200  # it is imported when it is asked for
    found = set(_routes(parts["web"].routes))
    return found | {(method, path) for method, path in _routes(parts["dash"]._part._server.routes)}


def _routes(routes: Any) -> Iterator[tuple[str, str]]:
    for route in routes:
        if isinstance(route, Mount) and not hasattr(route.app, "_part"):  # a folder of files
            yield "GET", f"{route.path}/{{filename:path}}"
        elif isinstance(route, Mount):
            yield from _routes(route.app._part.routes)
        elif isinstance(route, WebSocketRoute):
            yield "WEBSOCKET", route.path
        else:
            yield from ((method, route.path) for method in route.methods or ("GET",))


DASH = {
    "/dash/": "", "/dash/{path:path}": "x", "/dash/_dash-layout": "", "/dash/_dash-dependencies": "", "/dash/_reload-hash": "",
    "/dash/_favicon.ico": "", "/dash/_dash-update-component": "", "/dash/_dash-ws-callback": "", "/dash/assets/{filename:path}": "",
}  # fmt: skip
KINDS_OF: dict[str, tuple[str, ...]] = {
    "/api/v1/histograms": ("histogram",), "/api/v1/histograms/merged": ("histogram",), "/api/v1/histograms/step": ("histogram",),
    "/api/v1/media": ("image", "audio", "video", "text", "table", "figure"), "/api/v1/graph": ("graph",), "/api/v1/layout": ("layout",),
    "/api/v1/graph/overview": ("graph",), "/api/v1/quality": ("pr_curve",), "/api/v1/confusion": ("confusion",), "/api/v1/mesh": ("mesh",),
    **{f"/api/v1/embedding{rest}": ("embedding",) for rest in ("", "/sprites", "/neighbours", "/axis", "/map")},
}  # fmt: skip
"""What a route asks for; scalars elsewhere."""

CHANGES = (
    "/api/v1/shelf", "/api/v1/runs/said", "/api/v1/trash", "/api/v1/runs/fork", "/api/v1/panes/places",
    "/api/v1/panes/close", "/api/v1/panes/events", "/api/v1/cases",
)  # fmt: skip
"""Routes that may write into the logdir."""


class Visitor:
    """Asks a server whatever it can be asked, of one run after the other."""

    def __init__(self, client: TestClient, hashes: list[str]) -> None:
        self._client = client
        self._hashes = hashes
        self._draw = random.Random(0)

    def ask(self, method: str, path: str, run: str) -> None:
        """One route, for each kind that it knows."""
        for kind in KINDS_OF.get(path, ("scalar",)):
            self._ask(method, path, {"run": run, "runs": [run], "tag": TAGS[kind], "kind": kind})

    def _ask(self, method: str, path: str, said: dict[str, Any]) -> None:
        if path == "/dash/_dash-ws-callback":  # which is let through to nobody
            with pytest.raises(WebSocketDisconnect), self._client.websocket_connect(path):
                pass
            return
        if method == "WEBSOCKET":
            with self._client.websocket_connect(f"ws://127.0.0.1:6006{path}") as tab:
                tab.send_text(json.dumps({"watch": [said["tag"]], "ping": 1}))
                tab.receive()
            return
        if path.startswith("/live"):
            tab = self._client.post("/live", json={}).json()["tab"]
            if "{" in path:
                # Who asks is held until there is news; a ping is answered at once.
                heard = self._client.post(f"/live/{tab}", json={"watch": [said["tag"]], "ping": 1})
                assert heard.status_code < 300
                assert method == "POST" or self._client.request(method, f"/live/{tab}").status_code < 300
            return
        if path.startswith("/dash"):
            self._client.request(method, path.partition("{")[0] + "x" * ("{" in path), json={})
            return
        if path == "/api/v1/shelf":
            said["kind"] = "view"
        if path == "/api/v1/embedding/map":
            said["method"] = "unknown"  # else a process of its own, which outlives the question
        names = (BODIES if method == "POST" else QUERIES)[_known(path)]
        words = {
            name: said.get(name, self._right(name))
            for name in names
            if name not in ("start", "stop", "x", "p", "token")
        }
        for name in ("hash", "name", "digest"):
            path = path.replace(f"{{{name}}}", str(words.get(name) or self._hashes[0])).replace(
                f"{{{name}:path}}", "app.js"
            )
        if method == "POST":
            for form in files.FORMS if path.endswith("export") else [None]:
                answer = self._client.post(path, json={**words, "form": form, "restore": self._draw.random() < 0.5})
                assert answer.status_code < 500 or answer.status_code == 503, (path, said, answer.text)
            return
        query = "&".join(
            f"{name}={quote(each if isinstance(each, str) else json.dumps(each))}" for name, each in words.items()
        )
        answer = self._client.request(method, f"{path}?{query}")
        assert answer.status_code < 500 or answer.status_code == 503, (path, said, answer.text)

    def _right(self, name: str) -> Any:
        if name == "hash":
            return self._draw.choice(self._hashes)
        return (RIGHT.get(name) or ("x",))[0]


def _known(path: str) -> str:
    """A path as `odd_requests` has it."""
    return "/assets/{name}" if path.startswith("/assets/") else path


def settings_of(world: World, *, read_only: bool = False) -> Settings:
    from dashboard.live.tfevents_mirror import prepare

    return Settings(world.logdir, read_only=read_only, mirror=prepare(world.logdir), index=index_file(world.logdir))


def visit(world: World, each: int | None) -> None:
    """Every route, of every run or of some of them; those that may write last."""
    hashes = every_kind_hashes(world.logdir / "good")
    names = list(world.runs.values())
    app = create_app(settings_of(world))
    with world.unchanged("serving", inside=False), TestClient(app, base_url="http://127.0.0.1:6006") as client:
        routes = sorted(tables(app, client))
        assert len(routes) > 60, "the tables were not found"
        unknown = {path for _, path in routes} - {*QUERIES, *BODIES, *DASH, "/live", "/live/{tab}"}
        assert {path for path in unknown if not path.startswith(("/assets/", "/dash/_dash-component-suites"))} == set()
        visitor, turn = Visitor(client, hashes), itertools.cycle(names)
        for is_change in (False, True):
            with world.unchanged("reading", inside=True) if not is_change else contextlib.nullcontext():
                for method, path in routes:
                    if (method == "POST" and path in CHANGES) == is_change:
                        for name in names if each is None else [next(turn) for _ in range(each)]:
                            visitor.ask(method, path, name)


def every_kind_hashes(folder: Path) -> list[str]:
    from asking import hashes_of

    return hashes_of(folder)


def test_no_route_changes_anything_outside(tmp_path: Path, base: Path) -> None:
    """Each route is asked of some hostile run, and each of these by some route."""
    with World(tmp_path, base, some(0, 2)).lived_in() as world:
        visit(world, 1)


@pytest.mark.long
def test_no_route_changes_anything_outside_whatever_it_is_asked(tmp_path: Path, base: Path) -> None:
    """Each route of each hostile run; and a server that may only read changes nothing at all."""
    with World(tmp_path, base, ALL).lived_in() as world:
        app = create_app(settings_of(world, read_only=True))
        with TestClient(app, base_url="http://127.0.0.1:6006") as client, world.unchanged("read-only", inside=True):
            visitor = Visitor(client, every_kind_hashes(world.logdir / "good"))
            for method, path in sorted(tables(app, client)):
                for name in world.runs.values():
                    visitor.ask(method, path, name)
        visit(world, None)
