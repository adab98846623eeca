"""Binding a port of our own and serving on it until told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from types import FrameType
from urllib.parse import quote

import uvicorn

from dashboard.receive.alone import only_receiver
from dashboard.server import connections
from dashboard.server.application import create_app
from dashboard.server.public_address import LOOPBACK
from dashboard.server.settings import Settings
from tracker import databases

DEFAULT_PORT = 6006
PORTS_TRIED = 100

MAX_MESSAGE_BYTES = 1 << 20
"""Of one message of an open tab, which is some kilobytes."""

SWITCH_S = 0.0005
"""After so long a thread of ours lets another one have Python's lock. The usual 5 ms are waited for at every row of
SQLite that is read while another thread computes."""


class PortError(Exception):
    """The port cannot be had; the message says why and what to do."""


def bind(host: str, port: int | None, option: str = "--port") -> socket.socket:
    """A socket that listens, so that a printed address is one that answers.

    Args:
        host: Name or address to listen on.
        port: The one and no other; None for 6006 or the next free one.
        option: By which it was chosen.

    Raises:
        PortError: it is taken, or not ours to take.
    """
    wanted = [port] if port is not None else range(DEFAULT_PORT, DEFAULT_PORT + PORTS_TRIED)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    problem = ""
    for number in wanted:
        listener = socket.socket(family, socket.SOCK_STREAM)
        if os.name == "posix":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, number))
            listener.listen(128)
            listener.set_inheritable(False)
            return listener
        except (OSError, OverflowError) as error:
            listener.close()
            problem = getattr(error, "strerror", None) or str(error)
    if port is not None:
        raise PortError(
            f"port {port} on {host} cannot be used ({problem}); choose another with {option}, or leave {option} out"
        )
    raise PortError(f"no port from {DEFAULT_PORT} to {DEFAULT_PORT + PORTS_TRIED - 1} on {host} is free ({problem})")


def address(settings: Settings) -> str:
    """What to open in the browser, the token included."""
    name = settings.host if settings.host not in ("0.0.0.0", "::") else socket.gethostname()  # noqa: S104 compared, not bound
    name = f"[{name}]" if ":" in name else name
    query = f"?token={quote(settings.token, safe='')}" if settings.token else ""
    return f"{scheme(settings)}://{name}:{settings.port}{settings.prefix}/{query}"


def scheme(settings: Settings) -> str:
    """How addresses of the server begin."""
    return "http" if settings.certificate is None else "https"


def visdom_words(settings: Settings) -> str:
    """How a client of Visdom's is made that speaks with this server, the token included."""
    name = settings.host if settings.host not in ("0.0.0.0", "::") else socket.gethostname()  # noqa: S104 compared, not bound
    name = f"[{name}]" if ":" in name else name
    password = f', username="viz", password="{settings.token}"' if settings.token else ""
    return f'Visdom(server="{scheme(settings)}://{name}", port={settings.visdom_port}{password})'


def serve(settings: Settings, port: int | None, ready: Callable[[Settings], None]) -> None:
    """Serves until Ctrl-C or SIGTERM.

    Args:
        settings: Their port is set to the one that was bound.
        port: As in `bind`.
        ready: Called with the settings once the socket listens.

    Raises:
        PortError: as in `bind`.
        ReceivingError: it is to receive runs, and another server does so already.
    """
    sys.setswitchinterval(SWITCH_S)
    listener = bind(settings.host, port)
    listeners = [listener]
    settings = replace(settings, port=listener.getsockname()[1])
    if settings.visdom_port is not None:
        listeners.append(bind(settings.host, settings.visdom_port, "--visdom-port"))
        settings = replace(settings, visdom_port=listeners[1].getsockname()[1])
    config = uvicorn.Config(
        create_app(settings),
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        http=connections.of_at_most(_most_connections(settings)),  # asyncio's protocols, both
        ws=connections.SocketConnection,
        ws_max_size=MAX_MESSAGE_BYTES,
        ws_per_message_deflate=False,  # loopback is faster than deflate; measured 1 ms a frame
        lifespan="on",
        timeout_graceful_shutdown=2,
        ssl_certfile=None if settings.certificate is None else settings.certificate[0],
        ssl_keyfile=None if settings.certificate is None else settings.certificate[1],
    )
    server = _Server(config, lambda: ready(settings))
    # uvicorn raises the signal again once it is done; ending by request is no failure.
    with _receiving(settings), contextlib.suppress(KeyboardInterrupt):
        server.run(sockets=listeners)


def _receiving(settings: Settings) -> contextlib.AbstractContextManager[None]:
    if settings.write_tokens is None or databases.of(settings.logdir) is not None:  # which orders who writes by itself
        return contextlib.nullcontext()
    return only_receiver(settings.logdir)


def _most_connections(settings: Settings) -> int:
    """Each machine that sends runs has two connections; a quarter of the files that we may open is for them."""
    files = _allow_files()
    return (
        connections.MAX_CONNECTIONS if settings.write_tokens is None else max(connections.MAX_CONNECTIONS, files // 4)
    )


def _allow_files() -> int:
    """Opens as many files as the system lets us: a run of a thousand ranks is a thousand, each with two beside it."""
    if os.name != "posix":
        return 0
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(MOST_FILES, hard)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    return wanted


MOST_FILES = 65_536

END_S = 8.0
"""From the wish to end until the process ends, whatever runs: a disk may stand still under a thread that reads."""


TICK_S = 1.0
"""How often those who are late are let go of, and the date of answers is made."""


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._say_ready = ready
        self._wake: Callable[[], object] = lambda: None  # nobody sleeps yet

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begins to end; what cannot be ended in order is left."""
        last = threading.Timer(END_S, os._exit, (0,))
        last.daemon = True
        last.start()
        super().handle_exit(sig, frame)
        with contextlib.suppress(RuntimeError):  # a second Ctrl-C, when all has ended
            self._wake()

    async def main_loop(self) -> None:
        """As uvicorn's own, which wakes ten times a second to see whether it is to end: half of what an idle server
        uses. Here who wishes it to end wakes it."""
        ends = asyncio.Event()
        self._wake = partial(asyncio.get_running_loop().call_soon_threadsafe, ends.set)
        while not await self.on_tick(0):
            connections.let_go(self.server_state.connections, time.monotonic())
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(ends.wait(), TICK_S)

    def install_signal_handlers(self) -> None:  # older uvicorn
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self.handle_exit)

    @contextlib.contextmanager
    def capture_signals(self):  # type: ignore[no-untyped-def]
        """As uvicorn's own, but what was caught is not raised again: it was asked for, and has been done.

        That the server is there is said once a Ctrl-C finds who ends it in order.
        """
        if threading.current_thread() is not threading.main_thread():
            self._say_ready()
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            self._say_ready()
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server on `host`."""
    return host in LOOPBACK
