"""A shipper that a run begins by itself: a process of its own, which outlives the training until all is sent."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import IO

from tracker import databases
from tracker.ship import lock
from tracker.ship.elsewhere import elsewhere

logger = logging.getLogger("tracker")

DATABASE = "VIZ_SHIP_DATABASE"
"""In the environment of the process: the address of the database, which may hold a password, as its words do not."""


def begin(root: Path, url: str) -> None:
    """Begins one, where none sends this logdir there already. The caller asks nothing of the network.

    What it has to say is in the file beside its lock. It takes the token of a server from `VIZ_WRITE_TOKEN`.

    Args:
        root: The logdir.
        url: The address of a server, or of a database.

    Raises:
        ServerAddressError, LogdirError: `url` is no address of one.
        MissingPackageError: what speaks with a database is not installed.
    """
    address = elsewhere(url, None).address
    secret = {DATABASE: url} if databases.is_address(url) else {}
    try:
        lock.ask(root, address)
        if not lock.is_free(root, address):
            return
        log = lock.place_of(root, address).with_suffix(".log")
        with open(log, "wb") as heard:
            _detached([sys.executable, "-m", "tracker.ship", str(root), address], secret, heard)
    except OSError as error:
        logger.warning("tracker: nothing is sent to %s: its sender cannot be begun (%s); try viz ship", address, error)


def _detached(command: list[str], secret: dict[str, str], heard: IO[bytes]) -> None:
    """Begins a process that is nobody's child: a training that waits for its own children never meets it. Ctrl-C, which
    ends the training, does not end what sends its last words."""
    environment = {**os.environ, **secret, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    if os.name == "posix":
        command = ["/bin/sh", "-c", '"$@" &', "sh", *command]
    begun = subprocess.Popen(  # noqa: S603 our own module
        command, stdin=subprocess.DEVNULL, stdout=heard, stderr=heard, env=environment, start_new_session=True
    )
    if os.name == "posix":
        begun.wait()  # for the shell, which waits for nothing: 2 ms
