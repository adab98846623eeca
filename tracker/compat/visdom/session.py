"""Session: what stands behind a `Visdom`. Messages go to the windows of a logdir, and to a log if one is asked for."""

from __future__ import annotations

import json
import logging
import os
import threading
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

from tracker import coerce
from tracker import logdir as logdirs
from tracker.compat.visdom.given import new_window, plain, refused
from tracker.compat.visdom.windows import WindowError, Windows
from tracker.values import arrays

logger = logging.getLogger("tracker")

Handler = Callable[[dict[str, Any]], Any]

LOGGED = ("events", "update")
"""Endpoints whose messages make up what is seen, which a log keeps for `replay_log`."""


class Shared:
    """The windows of one logdir in this process: every session looks at the same ones.

    Attributes:
        windows: What messages go to.
    """

    _all: dict[tuple[Path, int], Shared] = {}  # noqa: RUF012 one of each, for all
    _lock = threading.Lock()

    def __init__(self, root: Path) -> None:
        self._sessions: weakref.WeakSet[Session] = weakref.WeakSet()
        self.windows = Windows(root, tell=self._tell)

    @classmethod
    def of(cls, root: Path, session: Session) -> Shared:
        """Those of a logdir."""
        with cls._lock:
            key = root, os.getpid()
            found = cls._all.get(key)
            if found is None:
                found = cls._all[key] = cls(root)
            found._sessions.add(session)
            return found

    def _tell(self, event: dict[str, Any]) -> None:
        for session in list(self._sessions):
            session.tell(event)


class Session:
    """What a `Visdom` is but for its windows; see there for the arguments."""

    def __init__(
        self,
        server: str = "http://localhost",
        endpoint: str = "events",
        port: int = 8097,
        base_url: str = "/",
        ipv6: bool = True,
        http_proxy_host: str | None = None,
        http_proxy_port: int | None = None,
        env: str = "main",
        send: bool = True,
        raise_exceptions: bool | None = None,
        use_incoming_socket: bool = True,
        log_to_filename: str | os.PathLike[str] | None = None,
        username: str | None = None,
        password: str | None = None,
        proxies: Any = None,
        offline: bool = False,
        use_polling: bool = False,
        *,
        logdir: str | os.PathLike[str] | None = None,
        **newer: Any,
    ) -> None:
        parsed = urlparse(server if "://" in server else f"http://{server}")
        self.server, self.server_base_name = f"{parsed.scheme}://{parsed.netloc}", parsed.netloc
        self.endpoint, self.port, self.ipv6 = endpoint, port, ipv6
        self.base_url = "" if base_url == "/" else base_url
        if self.base_url and (not self.base_url.startswith("/") or self.base_url.endswith("/")):
            raise refused("Visdom", "base_url is no path.", '"/" or "/path"', repr(base_url))
        if username and not password:
            raise refused("Visdom", "password is missing.", "one for the username", None)
        if offline and log_to_filename is None:
            raise refused("Visdom", "offline needs a file to write to.", 'log_to_filename="visdom.log"', None)
        unknown = sorted(set(newer) - {"session_idle_timeout", "session_idle_check_interval", "ssl_verify"})
        if unknown:
            raise TypeError(f"Visdom() got an unexpected argument {unknown[0]!r}")
        self.env = coerce.text(env)
        self.env_list = {self.env}
        self.send, self.offline, self.raise_exceptions = send, offline, raise_exceptions
        self.log_to_filename = log_to_filename
        self.username, self.proxies = username, proxies
        self.http_proxy_host, self.http_proxy_port = http_proxy_host, http_proxy_port
        self.use_socket = (use_incoming_socket or use_polling) and not offline
        self.socket_alive = self.socket_connection_achieved = not offline
        self.event_handlers: dict[str, list[Handler]] = {}
        self.win_data: dict[str, Any] = {}
        self.logdir = logdirs.resolve(logdir)
        self._shared: Shared | None = None
        self._pid = 0
        if not offline:
            self._send({"eid": self.env}, endpoint=f"env/{self.env}")

    @property
    def session(self) -> None:
        """Of HTTP there is none: nothing is sent anywhere."""
        return None

    # --- messages ------------------------------------------------------------------------------------

    def _send(
        self,
        msg: dict[str, Any],
        endpoint: str = "events",
        quiet: bool = False,
        from_log: bool = False,
        create: bool = True,
    ) -> Any:
        """Hands over a message in Visdom's form, for windows that no method makes.

        Args:
            msg: Such as {"data": [a trace of Plotly's], "layout": {…}, "win": "name"}; `eid` is the environment.
            endpoint: What is asked for; "events" makes a window, "update" changes one.
            quiet: Taken, and not needed: what goes wrong is one warning.
            from_log: It comes from a log, and is not written to it once more.
            create: A window that is given no name gets one; else it means every window.

        Returns:
            The window's name, or what was asked for as text. False where the disk refused, unless `raise_exceptions`.
        """
        msg = plain(msg)
        if msg.get("eid") is None:
            msg["eid"] = self.env
        self.env_list.add(msg["eid"])
        if not self.send:
            return msg, endpoint
        if msg.get("win") is not None:
            msg["win"] = coerce.text(msg["win"])
        elif "win" in msg and create:
            msg["win"] = new_window()
        if self.log_to_filename is not None and endpoint in LOGGED and not from_log:
            with open(self.log_to_filename, "a", encoding="utf-8") as file:
                file.write(json.dumps([endpoint, msg]) + "\n")
        if self.offline:
            return msg.get("win", True)
        return self._handed_over(endpoint, msg)

    def _handed_over(self, endpoint: str, msg: dict[str, Any]) -> Any:
        try:
            if self._shared is None or self._pid != os.getpid():  # a forked child has windows of its own
                self._shared, self._pid = Shared.of(self.logdir, self), os.getpid()
            return self._shared.windows.handle(endpoint, msg)
        except WindowError as error:
            # Visdom's client hands on what its server says against a plot, and the training goes on; code was
            # written for that. What asks for something has no other answer.
            if self.raise_exceptions or (self.raise_exceptions is None and endpoint not in LOGGED):
                raise
            logger.warning("tracker: visdom: %s: %s", endpoint, error)
            return str(error) if error.status < 500 else False

    def finish(self) -> None:
        """Finishes the runs that this process writes below the logdir, so that another one can; it may go on itself."""
        if self._shared is not None:
            self._shared.windows.close()

    def replay_log(self, log_filename: str | os.PathLike[str]) -> None:
        """Makes the windows of a log that `log_to_filename` wrote, of ours or of Visdom's own client.

        Raises:
            OSError: it cannot be read.
            WindowArgumentError: a line of it is no message; those before it are done.
        """
        for endpoint, message in messages_of(Path(log_filename)):
            self._send(message, endpoint, from_log=True)

    def check_connection(self, timeout_seconds: float = 0) -> bool:
        """Whether windows can be made: always, but offline."""
        return not self.offline

    # --- events --------------------------------------------------------------------------------------

    def register_event_handler(self, handler: Handler, target: str, env: str | None = None) -> None:
        """Has `handler` called, on a thread of its own, with what somebody does with a window on the page.

        Args:
            handler: Takes a dictionary: `event_type` ("Close", "KeyPress", "PropertyUpdate", "Click"), `target`, `eid`,
                `pane_data`, and what is of the kind: `key` and `key_code`, `propertyId` and `value`, `image_coord`.
            target: The window.
            env: Its environment; any by default.
        """
        if not callable(handler):
            raise refused("register_event_handler", "handler is no function.", "a function", arrays.describe(handler))
        if not self.use_socket:
            raise refused(
                "register_event_handler", "this client hears of no events.", "use_incoming_socket=True, not offline",
                f"use_incoming_socket={self.use_socket}, offline={self.offline}",
            )  # fmt: skip
        self.event_handlers.setdefault(_key(target, env), []).append(handler)

    def clear_event_handlers(self, target: str, env: str | None = None) -> None:
        """Has nobody called any more."""
        self.event_handlers[_key(target, env)] = []

    def tell(self, event: dict[str, Any]) -> None:
        """Calls those who want to know of an event. What one of them raises is said, and the others are called."""
        target = coerce.text(event.get("target"))
        handlers = self.event_handlers.get(target, []) + self.event_handlers.get(_key(target, event.get("eid")), [])
        for handler in handlers:
            try:
                handler(event)
            except Exception:
                logger.exception("tracker: visdom: a handler of window %s failed", target)

    def setup_socket(self, polling: bool = False) -> None:
        """Nothing is to be done: there is no server to connect to."""

    def setup_polling(self) -> None:
        """As `setup_socket`."""


def messages_of(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The messages of a log, line by line.

    Raises:
        WindowArgumentError: a line is none.
    """
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                endpoint, message = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise refused(
                    "replay_log", f"line {number} of {path} is no message.", '["events", {…}]', repr(line[:80])
                ) from error
            if not isinstance(message, dict) or endpoint not in LOGGED:
                raise refused("replay_log", f"line {number} of {path} is no message.", " or ".join(LOGGED), endpoint)
            yield endpoint, message


def _key(target: Any, env: Any) -> str:
    return coerce.text(target) if env is None else f"{coerce.text(env)}\0{coerce.text(target)}"
