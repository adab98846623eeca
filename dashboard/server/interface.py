"""The interface: all routes that need the store, and the one reader behind them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import TYPE_CHECKING

from starlette.routing import BaseRoute, Router, WebSocketRoute
from starlette.types import Receive, Scope, Send

from dashboard.alerts.deliver import Means
from dashboard.alerts.owner_key import key_of_user
from dashboard.alerts.reading import known_findings_of
from dashboard.alerts.watcher import Watcher
from dashboard.api import (
    alerts,
    columns,
    controls,
    curves,
    diffs,
    edits,
    embeddings,
    export,
    findings,
    graphs,
    histograms,
    hparams,
    layouts,
    machines,
    media,
    meshes,
    pane_edits,
    panes,
    profiles,
    proposals,
    quality,
    ranks,
    runs,
    senders,
)
from dashboard.http.turns import Turns
from dashboard.live import long_polling, trashes
from dashboard.live.examiner import Examiner
from dashboard.live.poller import Poller
from dashboard.live.websocket import LiveRuns
from dashboard.receive.tokens import WriteTokens
from dashboard.server import vendor_scripts
from dashboard.server.settings import Settings, curves_folder
from dashboard.serving import paths
from tracker import databases
from tracker.store.read.reader import Store

if TYPE_CHECKING:
    from dashboard.api.segments import Segments
    from dashboard.live.tfevents_mirror import MirrorProcess
    from dashboard.server.models_app import ModelsApp

OF_THE_STORE = (
    media.routes, graphs.routes, profiles.routes, machines.routes, quality.routes, embeddings.routes, meshes.routes,
    layouts.routes, export.routes, diffs.routes,
)  # fmt: skip
"""What is asked of the store alone."""


class Interface:
    """The ASGI app below the page's own routes; its errors are told by the application around it.

    Args:
        settings: Of the server.
        mirroring: Who copies event files of other programs, if anybody does.
    """

    def __init__(self, settings: Settings, mirroring: MirrorProcess | None = None) -> None:
        logdir, mirror = settings.logdir, settings.mirror

        def store() -> Store:
            return Store(logdir, mirror)

        if not settings.read_only:
            trashes.of(logdir).finish_moves()  # before the first look, which would see a run in two places
        self._live_runs = live_runs = LiveRuns(lambda tell: Poller(logdir, tell, mirror, settings.index))
        self._examiner = Examiner(live_runs.poller, store)
        live_runs.listeners.append(self._examiner.note)
        reading = Turns()
        self._asks = partial(_models_app, live_runs, store, settings)
        self._models: ModelsApp | None = None
        self._mirroring = mirroring
        if mirroring is not None:
            mirroring.attach(live_runs.poller)
        means, key = Means(store, settings.allow_commands), cache(key_of_user)
        self._watcher = None
        if not settings.read_only and databases.of(logdir) is None:  # rules are kept in a folder
            findings_of, tell = known_findings_of(live_runs.poller), alerts.teller(live_runs)
            self._watcher = Watcher(logdir, live_runs.poller, key, means, findings_of=findings_of, tell=tell)
            live_runs.listeners.append(self._watcher.heard)
        self._routes: list[BaseRoute] = [
            WebSocketRoute("/live", live_runs.serve),
            *long_polling.routes(live_runs),
            *runs.routes(live_runs, store),
            *curves.routes(live_runs, store, reading, curves_folder(settings.index)),
            *histograms.routes(live_runs, store, reading),
            *ranks.routes(live_runs, store, reading),
            *edits.routes(live_runs, store, settings.read_only),
            *findings.routes(live_runs, self._examiner, store, settings.read_only),
            *panes.routes(store, settings.read_only),
            *pane_edits.routes(live_runs, store, settings.read_only),
            *controls.routes(live_runs, store, settings.read_only),
            *proposals.routes(live_runs, store, settings.read_only),
            *alerts.routes(live_runs, means, key, self._watcher),
            *columns.routes(live_runs),
            *hparams.routes(),
            *senders.routes(lambda: self._segments),
            *(route for routes in OF_THE_STORE for route in routes(store)),
            *vendor_scripts.routes(),
        ]
        self._segments: Segments | None = None
        if settings.write_tokens is not None:
            from dashboard.api.segments import Segments  # brings what writes, which other servers need not wait for

            self._segments = Segments(
                logdir, WriteTokens(settings.write_tokens), live_runs.watched, live_runs.poller.asked
            )
            self._routes += self._segments.routes()
        self._router = Router(self._routes, redirect_slashes=False)

    @property
    def routes(self) -> list[BaseRoute]:
        """All that there are."""
        return [*self._routes, *self.models_app.routes]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_asked = scope["type"] == "http" and scope["path"].startswith(paths.ASKED)
        await (self.models_app if is_asked else self._router)(scope, receive, send)

    @property
    def models_app(self) -> ModelsApp:
        """What asks models, from the first question on."""
        if self._models is None:
            self._models = self._asks()
        return self._models

    async def stop_models(self) -> None:
        """Ends the process that answers for models."""
        if self._models is not None:
            await self._models.models.stop()

    def start(self) -> None:
        """Begins to follow the logdir; call it on the event loop."""
        self._live_runs.start()
        self._examiner.start()
        if self._watcher is not None:
            self._watcher.start()

    def stop(self) -> None:
        """Ends following and all tabs' connections; waits for the look under way."""
        if self._mirroring is not None:
            self._mirroring.stop()
        if self._watcher is not None:
            self._watcher.stop()
        if self._segments is not None:
            self._segments.close()
        self._examiner.stop()
        self._live_runs.stop()

    @property
    def is_copying(self) -> bool:
        """Whether runs are to come of event files that were there when the server began."""
        return self._mirroring is not None and self._mirroring.is_copying

    def quiet_for(self) -> float:
        """The seconds for which nobody has waited for an answer."""
        return self._live_runs.poller.quiet_for()


def _models_app(live_runs: LiveRuns, store: Callable[[], Store], settings: Settings) -> ModelsApp:
    from dashboard.server.models_app import ModelsApp

    return ModelsApp(live_runs, store, settings)
