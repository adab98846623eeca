"""What somebody does with a pane on the page, as Visdom's clients are told of it."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from tracker.compat.visdom import embeddings
from tracker.run import Run

if TYPE_CHECKING:
    from tracker.compat.visdom.environment import Environment

logger = logging.getLogger("tracker")

MAX_WAITING = 1_000
"""Events that nobody was told of yet; a key that is held down is thirty a second."""


class Bridge:
    """Hears what happens to panes, and tells it in Visdom's words.

    Args:
        tell: Called with each event, on the thread of the run's handlers.
        told: The window of an environment as `win_data` tells of it; None where it is not there, or too large.
        closed: Called with an environment and a window that was closed on the page.
    """

    def __init__(
        self,
        tell: Callable[[dict[str, Any]], None],
        told: Callable[[Environment, str], dict[str, Any] | None],
        closed: Callable[[Environment, str], None],
    ) -> None:
        self._tell, self._told, self._closed = tell, told, closed
        self._waiting: queue.SimpleQueue[tuple[Environment, Any]] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def watch(self, environment: Environment, run: Run) -> None:
        """Hears from now on what happens to the panes of a run."""
        run.on(None, None, lambda event: self._put(environment, event), thread=True)

    def _put(self, environment: Environment, event: Any) -> None:
        # Not told on the run's thread of handlers: who is told says something back, for which nobody waits on a thread
        # of the tracker's own (see `worker_thread.is_ours`).
        if self._waiting.qsize() >= MAX_WAITING:
            logger.warning("tracker: more happens to panes than Visdom's clients are told; some is left out")
            return
        self._waiting.put((environment, event))
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="everystep-visdom-events", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while True:
            self._heard(*self._waiting.get())

    def _heard(self, environment: Environment, event: Any) -> None:
        try:
            pane_data = self._told(environment, event.pane)
            found = in_visdoms_words(event.kind, event.data, pane_data)
            if found is None:
                return
            self._tell({**found, "target": event.pane, "eid": environment.name, "pane_data": pane_data})
            if event.kind == "close":
                self._closed(environment, event.pane)
        except Exception as error:  # noqa: BLE001 whatever one event comes upon: the next ones are told
            logger.warning("tracker: an event of the pane %.100r was not told: %s", event.pane, error)


def in_visdoms_words(kind: str, data: Mapping[str, Any], pane: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """An event as Visdom's page tells it; None for one that it knows nothing like.

    Args:
        kind: "click", "key", "close" or "change".
        data: What the page says of it.
        pane: The window in which it happened, as `win_data` tells of it.
    """
    if kind == "key":
        return {"event_type": "KeyPress", "key": data.get("key"), "key_code": data.get("key_code")}
    if kind == "close":
        return {"event_type": "close"}
    if kind == "change":
        return {"event_type": "PropertyUpdate", "propertyId": data.get("id"), "value": data.get("value")}
    if kind != "click":
        return None
    if pane is not None and pane.get("type") == "embeddings":
        return _entity(data, pane["content"])
    coordinates = {"x": data.get("image_x"), "y": data.get("image_y")}
    return {**data, "event_type": "Click", "image_coord": coordinates}


def _entity(data: Mapping[str, Any], content: Mapping[str, Any]) -> dict[str, Any] | None:
    """Which of the points of embeddings was clicked on."""
    traces, curve, place = embeddings.traces(content.get("data") or []), data.get("curve"), data.get("point")
    if not isinstance(curve, int) or not isinstance(place, int) or not 0 <= curve < len(traces):
        return None
    names, places = traces[curve]["text"], traces[curve]["customdata"]
    if not 0 <= place < len(names):
        return None
    return {"event_type": "EntitySelected", "entityId": names[place], "idx": places[place]}
