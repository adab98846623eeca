"""The process of a shipper that a run began: `python -m tracker.ship LOGDIR URL`."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path

from tracker import databases
from tracker.ship import lock, spool
from tracker.ship.background import DATABASE
from tracker.ship.elsewhere import elsewhere
from tracker.ship.emptying import Emptying
from tracker.ship.server import ForbiddenError, Server
from tracker.ship.shipper import Progress, Shipper

IDLE_S = 60.0
"""After which it ends, when all is there and no run is written: the next run begins another."""


def main() -> int:
    """Sends until nothing is left to be sent; 0 then, or when another process does already."""
    root, url = Path(sys.argv[1]), sys.argv[2]
    ended = threading.Event()
    while not ended.is_set():
        asked = lock.asked(root, url)
        held = lock.taken(root, url)
        if held is None:
            return 0
        with held:
            status = _send(root, url, ended)
        # A run that began in the last moments found the lock taken, and began no sender of its own.
        if status or lock.asked(root, url) == asked:
            return status
    return 0


def _send(root: Path, url: str, ended: threading.Event) -> int:
    if databases.is_address(url):
        url = os.environ.get(DATABASE, url)
    server = elsewhere(url, os.environ.get("VIZ_WRITE_TOKEN"))
    said: list[str | None] = [None]

    def tell(progress: Progress) -> None:
        if progress.trouble != said[-1]:
            said[:] = [progress.trouble]
            _say(progress.trouble or "sending")

    shipper = Shipper(root, server, tell)

    def end(*_: object) -> None:
        ended.set()
        shipper.stopped.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    emptying = None
    if databases.is_address(url) and root == spool.own_folder(url):
        emptying = Emptying(root, server.another(), shipper.stopped)
        emptying.start()
    try:
        progress = shipper.run(idle_s=IDLE_S)
    except ForbiddenError as error:
        _say(f"{error}{'; is $VIZ_WRITE_TOKEN that of the server?' if isinstance(server, Server) else ''}")
        return 1
    finally:
        if emptying is not None:
            emptying.join()
        server.close()
    _say(f"ended: {progress.done:,} of {progress.segments:,} segments are there as a whole")
    return 0


def _say(words: str) -> None:
    sys.stderr.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {words}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
