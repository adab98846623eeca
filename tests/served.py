"""Servers for tests: `viz` as a process, whose address is what it printed."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fork_server

ROOT = Path(__file__).resolve().parent.parent


class Served:
    """A `viz` process that serves a logdir."""

    def __init__(self, process: Any, logdir: Path, address: str, lines: list[str]) -> None:
        self.process = process
        """Of `subprocess.Popen`, or of `fork_server.Forked`."""
        self.logdir = logdir
        self.address = address
        """As printed, the token included."""
        self.base = address.partition("?")[0].rstrip("/")
        self.token = address.partition("token=")[2]
        self.lines = lines
        """What it has printed so far. It is read away, so that it never waits for a full pipe."""
        self._reader = threading.Thread(target=lambda: lines.extend(process.stdout), daemon=True)
        self._reader.start()

    def fault(self) -> str:
        """Of a server that has ended: what it printed, if a request failed within it, or nothing."""
        self._reader.join(5)
        said = "".join(self.lines)
        return said if "Traceback (most recent call last)" in said else ""

    def stop(self) -> int:
        """Ends it as Ctrl-C does; its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(2)
        try:
            return self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise


@contextlib.contextmanager
def serving(begun: Callable[..., Served]) -> Iterator[Callable[..., Served]]:
    """Gives what starts servers, all of which end with the block. None of them may have printed a traceback."""
    started: list[Served] = []

    def start(folder: Path, *options: str, **more: Any) -> Served:
        started.append(begun(folder, *options, **more))
        return started[-1]

    yield start
    for served in started:
        served.stop()
    faults = [served.fault() for served in started]
    for served in started:
        served.process.stdout.close()
    assert not any(faults), "\n".join(["a server printed:", *filter(None, faults)])


def start_viz(
    folder: Path, *options: str, command: str = "serve", begin: Callable[[list[str], dict[str, str]], Any] | None = None
) -> Served:
    """A `viz` process of a free port, once it has said where it is; `begin` starts it in another way than users do."""
    port = [] if "--port" in options else ["--port", "0"]
    process = (begin or _begin)(
        [command, "--logdir", str(folder), *port, *options],
        {**os.environ, "PYTHONUNBUFFERED": "1", "XDG_CACHE_HOME": str(folder.parent / "cache")},
    )
    assert process.stdout is not None
    lines: list[str] = []
    # A server that never says where it is must fail the test and not hang it.
    timer = threading.Timer(90, process.kill)
    timer.start()
    for line in process.stdout:
        lines.append(line)
        found = re.search(r"https?://\S+", line)
        if found:
            timer.cancel()
            return Served(process, folder, found.group(), lines)
    timer.cancel()
    process.stdout.close()
    raise AssertionError(f"viz ended with {process.wait()} and said:\n{''.join(lines)}")


def start_forked(folder: Path, *options: str, **more: Any) -> Served:
    """The same, but what Python imports is imported once for all tests; where there is no fork, as `start_viz`."""
    begin = fork_server.shared().start if hasattr(os, "fork") else None
    return start_viz(folder, *options, begin=begin, **more)


def _begin(words: list[str], environment: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "dashboard", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=ROOT,
        start_new_session=True,
        env=environment,
    )
