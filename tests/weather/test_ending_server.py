"""A server ends when it is asked to, whatever its threads are held by."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
from pathlib import Path

STUCK = """
import sys, threading
from dashboard.server import interface; from dashboard.live import catalog as library
import dashboard.live.catalog
from dashboard.server import listen
listen.END_S = 3.0  # of 8: how long it is does not matter here
held = threading.Event()
dashboard.live.catalog.Catalog.scan = lambda self, **_: held.wait()  # a disk that stands still
from dashboard.cli import main
sys.exit(main(["serve", "--logdir", sys.argv[1], "--no-token", "--port", "0"]))
"""


def test_a_disk_that_stands_still_does_not_keep_it(tmp_path: Path) -> None:
    """SIGTERM, while the thread that follows reads and a request waits for it."""
    process = subprocess.Popen(
        [sys.executable, "-c", STUCK, tmp_path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        assert process.stdout is not None
        address = next(word for line in process.stdout for word in line.split() if word.startswith("http"))
        asking = subprocess.Popen(
            [sys.executable, "-c", f"import urllib.request; urllib.request.urlopen({address + 'api/v1/runs'!r})"],
            stderr=subprocess.DEVNULL,
        )
        with contextlib.suppress(subprocess.TimeoutExpired):
            asking.wait(1)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
        asking.wait(60)
    finally:
        process.kill()
        process.communicate()
