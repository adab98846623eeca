"""The demo: a real training in a process of its own, which the dashboard watches like any other."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path


class DemoTraining:
    """Trains the digits sample into a logdir.

    Args:
        logdir: Where its run is kept.
        epochs: How long; the sample's own default when None.
    """

    def __init__(self, logdir: Path, epochs: int | None) -> None:
        self._command = [sys.executable, "-m", "sample_runs.digits", "--logdir", str(logdir)]
        if epochs is not None:
            self._command += ["--epochs", str(epochs)]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Begins to train."""
        # A session of its own: Ctrl-C reaches us alone, and we end it in order.
        self._process = subprocess.Popen(  # noqa: S603 our own interpreter and module
            self._command, start_new_session=True, env={**os.environ, "OMP_NUM_THREADS": "1"}
        )

    def stop(self, patience_s: float = 6.0) -> None:
        """Ends the training as Ctrl-C would; its run stays."""
        process = self._process
        if process is None or process.poll() is not None:
            return
        process.send_signal(signal.SIGINT)
        deadline = time.monotonic() + patience_s
        while process.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.1)
        if process.poll() is None:
            process.kill()
            process.wait()
