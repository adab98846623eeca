"""A server that a benchmark asks."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.report import ROOT


@contextmanager
def served(logdir: Path) -> Iterator[str]:
    """The address of a server."""
    command = [sys.executable, "-m", "dashboard", "serve", "--logdir", str(logdir), "--port", "0", "--no-token"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stdout is not None
    try:
        yield next(found.group().rstrip("/") for line in process.stdout if (found := re.search(r"http://\S+", line)))
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()
