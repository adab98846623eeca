"""Windows: what Visdom's server does with the messages of its clients, done with panes of runs instead of in memory."""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tracker import coerce, logdir, start
from tracker.compat.visdom import changes, experiments, message
from tracker.compat.visdom import window as told_windows
from tracker.compat.visdom.environment import Environment
from tracker.compat.visdom.environment_name import config_of, environment_of, run_name
from tracker.compat.visdom.message import DEFAULT_ENVIRONMENT, WindowError
from tracker.compat.visdom.pane_events import Bridge
from tracker.errors import TrackerError
from tracker.run import Run
from tracker.store.read.run import StoredRun

__all__ = ["WindowError", "Windows"]

logger = logging.getLogger("tracker")

MAX_ENVIRONMENTS = 1_000
"""That are known by name: one more is refused."""

MAX_OPEN = 32
"""That are open for writing: of more, the one that nothing was said to for longest is finished, and resumed when
something is. Each holds two threads and three files."""

MAX_POINTS_TOLD, MAX_TOLD = 50_000, 4_000_000
"""Points, and characters as JSON, of a window that goes along with an event. Of a larger one nothing does."""

Said = Mapping[str, Any]


class Windows:
    """The windows of all environments of a logdir. Any thread may call it; messages are done one after the other.

    An environment is a run, opened when something is first said to it and kept open.

    Args:
        where: The logdir, as of `tracker.init`.
        tell: Called, on a thread of its own, with what somebody did with a pane on the page, as Visdom's clients are
            told: `event_type`, `target`, `eid`, `pane_data` and what belongs to the kind.
        delete: Called with the name of a run that is to go; without it its windows are closed, and it is not listed.
    """

    def __init__(
        self,
        where: str | os.PathLike[str] | None = None,
        *,
        tell: Callable[[dict[str, Any]], None] | None = None,
        delete: Callable[[str], None] | None = None,
    ) -> None:
        self.root = logdir.resolve(where)
        self._events = None if tell is None else Bridge(tell, self._pane_data, self._closed_on_page)
        self._delete = delete
        self._lock = threading.RLock()
        self._known: dict[str, Environment] = {}
        self._listed: dict[str, None] | None = None
        """Names of all environments; None until somebody asks."""

    # --- messages ------------------------------------------------------------------------------------

    def handle(self, endpoint: str, said: Said) -> str:
        """Does what a message says; returns when that is in the file, so that no kill takes it.

        Args:
            endpoint: "events", "update", "close", "win_exists", "win_data", "win_hash", "save", "fork_env",
                "delete_env", "env_state", or "env/" and an environment.
            said: As Visdom's client sends it, JSON values.

        Returns:
            The body of the server's answer: a window's name, "true", JSON, or nothing.

        Raises:
            WindowError: it cannot be done.
        """
        (answer,) = self.handle_all([(endpoint, said)])
        if isinstance(answer, WindowError):
            raise answer
        return answer

    def handle_all(self, messages: Sequence[tuple[str, Said]]) -> list[str | WindowError]:
        """`handle` for several, in order: the file is waited for once. What cannot be done is among the answers."""
        with self._lock:
            touched: dict[int, Environment] = {}
            answers = [self._answered(*each, place, touched) for place, each in enumerate(messages)]
            for environment in dict.fromkeys(touched.values()):
                try:
                    environment.commit()
                except WindowError as error:
                    answers = [
                        error if touched.get(place) is environment else answer for place, answer in enumerate(answers)
                    ]
                if not environment.is_there:
                    self._forget(environment)  # nothing came of what was said to it
            return answers

    def _answered(self, endpoint: str, said: Said, place: int, touched: dict[int, Environment]) -> str | WindowError:
        try:
            act = _ENDPOINTS.get("env" if endpoint.startswith("env/") else endpoint)
            if act is None:
                raise WindowError(f"There is no endpoint {endpoint!r:.80}.", 404)
            if act in _OF_ALL:
                return act(self, said)
            # Its client calls it so in this one message.
            name = message.environment(said, "env" if act is Windows._hash and said.get("env") is not None else "eid")
            if "eid" not in said and endpoint.startswith("env/"):
                name = endpoint.removeprefix("env/")
            if act in _ASKS and not self.is_there(name):
                return "false"
            makes = act in _MAKES or (act is Windows._data and said.get("data") is not None)
            touched[place] = environment = self.environment(name, create=makes)
            return act(self, environment, said)
        except WindowError as error:
            return error
        except (TrackerError, OSError) as error:
            return WindowError(coerce.text(error, 2_000), 503 if isinstance(error, OSError) else 400)
        except RecursionError:
            return WindowError("This is nested too deeply.")
        except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
            # What is stored may have been written by anybody, and a message may hold whatever JSON can.
            logger.warning("tracker: a message of Visdom's (%.80s) could not be done", endpoint, exc_info=error)
            return WindowError(f"This cannot be done ({type(error).__name__}: {error!s:.300}).")

    # --- environments --------------------------------------------------------------------------------

    def is_there(self, name: str) -> bool:
        """Whether there is an environment of that name."""
        try:
            return name in self._known or bool(logdir.segment_files(self.root / run_name(name)))
        except ValueError:
            return False

    def environment(self, name: str, *, create: bool = False) -> Environment:
        """An environment.

        Args:
            name: Its own.
            create: Whether one that is not there begins.

        Raises:
            WindowError: there is none of that name, or no room for one more.
        """
        found = self._known.get(name)
        if found is None:
            try:
                run = run_name(name)
            except ValueError as error:
                raise WindowError(str(error), 413) from error
            if not create and name != DEFAULT_ENVIRONMENT and not logdir.segment_files(self.root / run):
                raise WindowError(f"There is no environment {name!r:.600}.", 404)
            if len(self._known) >= MAX_ENVIRONMENTS:
                raise WindowError(f"There are at most {MAX_ENVIRONMENTS:,} environments; delete some.", 413)
            found = self._known[name] = Environment(self.root, name, run, self._opened)
            if self._listed is not None:
                self._listed[name] = None
        found.used = time.monotonic()
        return found

    def adopt(self, name: str, run: Run) -> None:
        """Has an environment be a run that this process has open: what is said to it goes there."""
        with self._lock:
            found = self._known[name] = Environment(self.root, name, run.name, self._opened)
            found.adopt(run)

    def _opened(self, environment: Environment, run: Run) -> None:
        opened = [each for each in self._known.values() if each.is_open and each is not environment]
        for each in sorted(opened, key=lambda each: each.used)[: max(0, len(opened) + 1 - MAX_OPEN)]:
            each.finish()
        if self._events is not None:
            self._events.watch(environment, run)

    def _pane_data(self, environment: Environment, id: str) -> dict[str, Any] | None:
        """A window as it goes along with an event: None where it is not there, or too large."""
        with self._lock:
            window = environment.windows.get(id)
            points = 0 if window is None else sum(trace.stop - trace.start for trace in window.traces.values())
            if window is None or points > MAX_POINTS_TOLD:
                return None
            told = environment.told(window)
        return told if len(json.dumps(told)) <= MAX_TOLD else None

    def _closed_on_page(self, environment: Environment, id: str) -> None:
        with self._lock:
            environment.close_window(id)
            environment.commit()

    def _names(self) -> list[str]:
        """The names of all environments: those of this process, and runs that have panes."""
        if self._listed is None:
            self._listed = {DEFAULT_ENVIRONMENT: None}
            for name, folder in logdir.run_folders(self.root) if self.root.is_dir() else ():
                stored = StoredRun(name, folder)
                if _has_panes(stored):
                    environment = environment_of(name, stored.config)
                    self._listed |= {} if environment is None else {environment: None}
            self._listed |= dict.fromkeys(self._known)
        return list(dict.fromkeys([DEFAULT_ENVIRONMENT, *self._listed]))

    def close(self) -> None:
        """Finishes the runs that are open. Can be called twice."""
        with self._lock:
            ends = [threading.Thread(target=environment.finish) for environment in self._known.values()]
            for end in ends:
                end.start()
            for end in ends:
                end.join()

    # --- endpoints of one environment ----------------------------------------------------------------

    def _make(self, environment: Environment, _: Said) -> str:
        environment.run()  # somebody who says its name is about to say more, or to wait for what happens on the page
        return ""

    def _show(self, environment: Environment, said: Said) -> str:
        id = message.window(said) or f"window_{time.time_ns() // 100:x}"
        changes.show(environment, id, said)
        return id

    def _update(self, environment: Environment, said: Said) -> str:
        return changes.update(environment, message.named_window(said), said)

    def _close_windows(self, environment: Environment, said: Said) -> str:
        id = message.window(said)
        for each in [*environment.windows] if id is None else [id]:
            environment.close_window(each)
        return ""

    def _exists(self, environment: Environment, said: Said) -> str:
        return "true" if said.get("win") and message.named_window(said) in environment.windows else "false"

    def _hash(self, environment: Environment, said: Said) -> str:
        found = environment.windows.get(message.named_window(said))
        return "false" if found is None else found.hash()

    def _data(self, environment: Environment, said: Said) -> str:
        id = message.window(said)
        if said.get("data") is not None:
            return self._set_data(environment, id, said["data"])
        if id is None:
            told = {each.id: environment.told(each) for each in environment.windows.values()}
            return json.dumps(told)
        return json.dumps(environment.told(environment.window(id)))

    def _set_data(self, environment: Environment, id: str | None, data: Any) -> str:
        try:
            told = json.loads(data) if isinstance(data, str) else data
        except (ValueError, RecursionError) as error:
            raise WindowError(f"data: expected JSON of a window, as win_data tells of it ({error!s:.100}).") from error
        several = told if id is None else {id: told}
        if not isinstance(several, dict):
            raise WindowError("data: expected windows by their names.")
        made = [told_windows.as_messages(each, message.checked_window(name)) for name, each in several.items()]
        for name in [*environment.windows] if id is None else []:
            if name not in several:
                environment.close_window(name)
        for endpoint, each in (pair for pairs in made for pair in pairs):
            act = changes.show if endpoint == "events" else changes.update
            act(environment, each["win"], each)
        return ""

    def _delete_environment(self, environment: Environment, _: Said) -> str:
        for id in [*environment.windows] if self._delete is None else []:
            environment.close_window(id)
        environment.commit()
        environment.finish()
        self._forget(environment)
        if self._delete is not None and logdir.segment_files(environment.folder):
            self._delete(environment.run_name)
        return ""

    def _record(self, environment: Environment, said: Said) -> str:
        return experiments.answer(environment, said)

    def _forget(self, environment: Environment) -> None:
        self._known.pop(environment.name, None)
        if self._listed is not None:
            self._listed.pop(environment.name, None)

    # --- endpoints of all ----------------------------------------------------------------------------

    def _state(self, _: Said) -> str:
        return json.dumps(self._names())

    def _save(self, said: Said) -> str:
        names = said.get("data")
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise WindowError("data: expected a list of environments.")
        known = self._names()
        return json.dumps([name for name in names if name in known])

    def _suggest(self, said: Said) -> str:
        return experiments.suggestion(said)

    def _fork(self, said: Said) -> str:
        source = self.environment(message.environment(said, "prev_eid"))
        name = message.environment(said)
        source.commit()
        if not logdir.segment_files(source.folder):
            raise WindowError(f"The environment {source.name!r:.600} holds nothing yet.", 404)
        if name == source.name:
            return name
        target = self.environment(name, create=True)
        if logdir.segment_files(target.folder):
            self._delete_environment(target, said)
        self._known.pop(name, None)
        if logdir.segment_files(target.folder):
            raise WindowError(f"There is an environment {name!r:.600} already; choose another name.", 409)
        run = start.start(
            self.root, target.run_name, config_of(name), None, (), "", None, None, source.run_name, machine=False
        )  # fmt: skip
        self.adopt(name, run)
        return name


def _has_panes(stored: StoredRun) -> bool:
    try:
        return bool(stored.tags("pane")) and bool(stored.panes())
    except Exception:  # noqa: BLE001 whatever is wrong with one run, the others are listed
        return False


_MAKES: set[Callable[..., str]] = {Windows._make, Windows._show, Windows._update, Windows._record}
_ASKS: set[Callable[..., str]] = {Windows._exists, Windows._hash}
_OF_ALL: set[Callable[..., str]] = {Windows._state, Windows._save, Windows._fork, Windows._suggest}
_ENDPOINTS: dict[str, Callable[..., str]] = {
    "events": Windows._show,
    "update": Windows._update,
    "close": Windows._close_windows,
    "win_exists": Windows._exists,
    "win_hash": Windows._hash,
    "win_data": Windows._data,
    "delete_env": Windows._delete_environment,
    "env": Windows._make,
    "env_state": Windows._state,
    "save": Windows._save,
    "fork_env": Windows._fork,
    "experiments/log": Windows._record,
    "experiments/suggest": Windows._suggest,
}
