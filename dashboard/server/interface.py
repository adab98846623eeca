"""The interface: all routes that need the store, and the one reader behind them."""

from __future__ import annotations

from starlette.routing import BaseRoute, Router, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from dashboard.api import (
    controls,
    curves,
    edits,
    embeddings,
    export,
    graphs,
    histograms,
    hparams,
    layouts,
    machines,
    media,
    meshes,
    models,
    onnx_files,
    pane_edits,
    panes,
    profiles,
    quality,
    runs,
    tries,
)
from dashboard.http.turns import Turns
from dashboard.live import long_polling, trash
from dashboard.live.poller import Poller
from dashboard.live.tfevents_mirror import MirrorProcess
from dashboard.live.websocket import LiveRuns
from dashboard.server import vendor_scripts
from dashboard.server.settings import Settings
from dashboard.serving import paths
from dashboard.serving.models import Models
from tracker.store.read.reader import Store

OF_THE_STORE = (
    media.routes, graphs.routes, profiles.routes, machines.routes, quality.routes, embeddings.routes, meshes.routes,
    layouts.routes, export.routes, models.routes,
)  # fmt: skip
"""What is asked of the store alone."""


class Interface:
    """The ASGI app below the page's own routes; its errors are told by the application around it.

    Args:
        settings: Of the server.
    """

    def __init__(self, settings: Settings) -> None:
        logdir, mirror = settings.logdir, settings.mirror

        def store() -> Store:
            return Store(logdir, mirror)

        if not settings.read_only:
            trash.finish_moves(logdir)  # before the first look, which would see a run in two places
        self._live_runs = live_runs = LiveRuns(lambda tell: Poller(logdir, tell, mirror, settings.index))
        reading = Turns()
        self.models = Models(store, live_runs, settings.limits)
        """What the models of runs are asked by: over TensorFlow Serving's interface, and by the page."""
        self._rest: ASGIApp | None = None
        self._prefix = settings.prefix
        self._mirror = MirrorProcess(logdir, mirror) if mirror is not None else None
        self.routes: list[BaseRoute] = [
            WebSocketRoute("/live", live_runs.serve),
            *long_polling.routes(live_runs),
            *runs.routes(live_runs, store),
            *curves.routes(live_runs, store, reading),
            *histograms.routes(live_runs, store, reading),
            *edits.routes(live_runs, store, settings.read_only),
            *panes.routes(store, settings.read_only),
            *pane_edits.routes(live_runs, store, settings.read_only),
            *controls.routes(live_runs, store, settings.read_only),
            *tries.routes(live_runs, store, self.models, settings.read_only),
            *onnx_files.routes(self.models),
            *hparams.routes(),
            *(route for routes in OF_THE_STORE for route in routes(store)),
            *vendor_scripts.routes(),
        ]
        self._router = Router(self.routes, redirect_slashes=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_rest = scope["type"] == "http" and scope["path"].startswith(paths.BELOW)
        await (self._serving() if is_rest else self._router)(scope, receive, send)

    def _serving(self) -> ASGIApp:
        """What TensorFlow Serving's clients ask, imported when the first of them does."""
        if self._rest is None:
            from dashboard.serving.rest import Rest

            self._rest = Rest(self.models, self._prefix)
        return self._rest

    def start(self) -> None:
        """Begins to follow the logdir; call it on the event loop."""
        self._live_runs.start()
        if self._mirror is not None:
            self._mirror.start()

    def stop(self) -> None:
        """Ends following and all tabs' connections; waits for the look under way."""
        if self._mirror is not None:
            self._mirror.stop()
        self._live_runs.stop()

    def quiet_for(self) -> float:
        """The seconds for which nobody has waited for an answer."""
        return self._live_runs.poller.quiet_for()
