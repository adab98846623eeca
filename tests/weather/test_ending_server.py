"""A server ends when it is asked to, whatever its threads are held by; and does not look for the wish all the time."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

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

ASLEEP = """
import sys
from dashboard.server import listen
listen.TICK_S = listen.END_S = 1000.0  # neither its next look nor the last means ends it
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


@pytest.mark.skipif(not psutil.LINUX, reason="the system counts no sleeps of a thread")
def test_who_serves_sleeps_until_it_is_woken(tmp_path: Path) -> None:
    """An idle server's main thread does not look whether it is to end; who asks it to wakes it."""
    process = subprocess.Popen(
        [sys.executable, "-c", ASLEEP, tmp_path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )

    def sleeps() -> int:
        lines = Path(f"/proc/{process.pid}/task/{process.pid}/status").read_text("ascii").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("voluntary"))

    try:
        assert process.stdout is not None
        assert any("http" in line for line in process.stdout)
        least = 100
        for _ in range(20):  # its imports come first
            before = sleeps()
            time.sleep(2)
            least = min(least, sleeps() - before)
            if least < 10:
                break
        assert least < 10
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.communicate()
