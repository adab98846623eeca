"""A shipper that a run begins by itself: a process of its own, which outlives the training until all is sent."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import IO

from tracker.ship import lock
from tracker.ship.server import Server

logger = logging.getLogger("tracker")


def begin(root: Path, url: str) -> None:
    """Begins one, where none sends this logdir to this server already. The caller asks nothing of the network.

    What it has to say is in the file beside its lock. It takes its token from `VIZ_WRITE_TOKEN`.

    Raises:
        ServerAddressError: `url` is no address of a server.
    """
    address = Server(url, None).address
    try:
        lock.ask(root, address)
        if not lock.is_free(root, address):
            return
        log = lock.place_of(root, address).with_suffix(".log")
        with open(log, "wb") as heard:
            _detached([sys.executable, "-m", "tracker.ship", str(root), address], heard)
    except OSError as error:
        logger.warning("tracker: nothing is sent to %s: its sender cannot be begun (%s); try viz ship", address, error)


def _detached(command: list[str], heard: IO[bytes]) -> None:
    """Begins a process that is nobody's child: a training that waits for its own children never meets it. Ctrl-C, which
    ends the training, does not end what sends its last words."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    if os.name == "posix":
        command = ["/bin/sh", "-c", '"$@" &', "sh", *command]
    begun = subprocess.Popen(  # noqa: S603 our own module
        command, stdin=subprocess.DEVNULL, stdout=heard, stderr=heard, env=environment, start_new_session=True
    )
    if os.name == "posix":
        begun.wait()  # for the shell, which waits for nothing: 2 ms
