"""A `viz` command, run to its end: in a fork of a process that has imported it, where its beginning is not what is asked."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path

import fork_server


def viz(
    *words: str | Path, environment: Mapping[str, str] | None = None, timeout: float = 60
) -> subprocess.CompletedProcess[str]:
    """What it printed, and its exit status.

    Args:
        words: The command and its options.
        environment: What is set besides.
        timeout: After so many seconds it is killed.
    """
    command = [str(word) for word in words]
    around = {**os.environ, **(environment or {})}
    if not hasattr(os, "fork"):
        begun = [sys.executable, "-m", "dashboard", *command]
        return subprocess.run(begun, capture_output=True, text=True, timeout=timeout, env=around, cwd=fork_server.ROOT)
    with tempfile.TemporaryFile("w+", encoding="utf-8") as errors:
        process = fork_server.shared().start(command, around, stderr=errors)
        timer = threading.Timer(timeout, process.kill)
        timer.start()
        with process.stdout:
            said = process.stdout.read()
        status = process.wait()
        timer.cancel()
        errors.seek(0)
        return subprocess.CompletedProcess(command, status, said, errors.read())
