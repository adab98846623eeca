"""`viz ship`: sends what runs log here to a server, or into a database, as it is logged."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from typing import TYPE_CHECKING

from dashboard.commands.refusal import CommandError, UsageError, add_logdir, existing_logdir

if TYPE_CHECKING:
    from tracker.ship.shipper import Progress

ONCE_WAIT_S = 600.0

LINE_S = 0.5
"""Between two lines, or two states of the one on a terminal."""


def add(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    add_logdir(parser)
    parser.add_argument(
        "--to",
        default=os.environ.get("VIZ_SERVER"),
        metavar="URL",
        help="address of the server (default: $VIZ_SERVER), or of a database: postgresql+psycopg://…",
    )
    parser.add_argument("--token", default=None, help="the server's write token (default: $VIZ_WRITE_TOKEN)")
    parser.add_argument(
        "--wait",
        type=float,
        default=None,
        metavar="SECONDS",
        help="end when the server does not answer for so long (default: never; with --once: 600)",
    )
    parser.add_argument("--once", action="store_true", help="end when all that is here now is there, too")


def act(arguments: argparse.Namespace) -> int:
    """Sends until Ctrl-C or SIGTERM, which end it with 0, but 1 where the server does not answer; with --once until
    all is there, and 1 if some cannot be."""
    from tracker.errors import LogdirError, MissingPackageError
    from tracker.ship.elsewhere import elsewhere
    from tracker.ship.server import ForbiddenError, Server, ServerAddressError
    from tracker.ship.shipper import Shipper

    root = existing_logdir(arguments.logdir)
    if not arguments.to:
        raise UsageError("--to is missing: the address of a server that was started with viz serve --receive")
    try:
        server = elsewhere(arguments.to, arguments.token or os.environ.get("VIZ_WRITE_TOKEN"))
    except (ServerAddressError, LogdirError, MissingPackageError) as error:
        raise UsageError(" ".join(str(error).split())) from error
    lines = _Lines(server.address)
    shipper = Shipper(root, server, lines.tell)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: shipper.stopped.set())
    try:
        wait = arguments.wait if arguments.wait is not None else ONCE_WAIT_S if arguments.once else None
        progress = shipper.run(once=arguments.once, wait_s=wait)
    except ForbiddenError as error:
        hint = ". Is --token the server's write token?" if isinstance(server, Server) else ""
        raise CommandError(f"{str(error).rstrip('.')}{hint}") from error
    finally:
        server.close()
    lines.end(progress)
    return 1 if progress.trouble or (arguments.once and progress.refused) else 0


class _Lines:
    """Says how it stands: one line that changes on a terminal, one for each change of trouble in a file."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._is_terminal = sys.stderr.isatty()
        self._last = 0.0
        self._trouble: str | None = None

    def tell(self, progress: Progress) -> None:
        """Called by the shipper with each change."""
        if self._is_terminal:
            if time.monotonic() - self._last >= LINE_S or progress.trouble != self._trouble:
                self._last = time.monotonic()
                sys.stderr.write(f"\r\x1b[K{self._words(progress)}")
                sys.stderr.flush()
        elif progress.trouble != self._trouble:
            sys.stderr.write(f"viz ship: {progress.trouble or f'{self._address} answers again'}\n")
            sys.stderr.flush()
        self._trouble = progress.trouble

    def end(self, progress: Progress) -> None:
        """The last line, and what was set aside."""
        sys.stderr.write(f"{chr(13) + chr(27) + '[K' if self._is_terminal else ''}viz ship: {self._words(progress)}\n")
        for path, why in progress.refused.items():
            sys.stderr.write(f"viz ship: not sent: {path}: {why}\n")
        for path, why in progress.deleted.items():
            sys.stderr.write(f"viz ship: not sent any more: {path}: {why}\n")

    def _words(self, progress: Progress) -> str:
        behind = f"{progress.behind:,} rows behind" if progress.behind else "all there"
        whole = f"{progress.done:,} of {progress.segments:,} segments whole"
        return progress.trouble or f"{whole} at {self._address}, {behind}, {progress.sent:,} rows sent"
