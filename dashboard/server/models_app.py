"""What asks models, imported when the first question comes: most servers are never asked, and begin 10 ms earlier."""

from __future__ import annotations

from collections.abc import Callable

from starlette.routing import BaseRoute, Router
from starlette.types import Receive, Scope, Send

from dashboard.api import models, onnx_files, tries
from dashboard.live.websocket import LiveRuns
from dashboard.server.settings import Settings
from dashboard.serving import paths
from dashboard.serving.models import Models
from dashboard.serving.rest import Rest
from tracker.store.read.reader import Store


class ModelsApp:
    """The ASGI app of all that is asked below `paths.ASKED`: TensorFlow Serving's interface, and the page's.

    Args:
        live_runs: What is known of all runs.
        store: Opens the logdir.
        settings: Of the server.
    """

    def __init__(self, live_runs: LiveRuns, store: Callable[[], Store], settings: Settings) -> None:
        self.models = Models(store, live_runs, settings.limits, settings.model_device)
        """What the models of runs are asked by, over both interfaces."""
        self._rest = Rest(self.models, settings.prefix)
        self.routes: list[BaseRoute] = [
            *models.routes(store),
            *tries.routes(live_runs, store, self.models, settings.read_only),
            *onnx_files.routes(self.models),
        ]
        self._router = Router(self.routes, redirect_slashes=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_rest = scope["path"].startswith(paths.BELOW)
        await (self._rest if is_rest else self._router)(scope, receive, send)
