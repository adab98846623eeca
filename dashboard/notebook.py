"""The dashboard in a notebook's cell: all of it, or one chart.

    from dashboard import notebook
    notebook.show("runs")                             # the live dashboard
    notebook.show("runs", tag="train/loss", runs="adam")   # one chart

The server runs beside the kernel, on this machine, and ends with it. What a visitor must know is in its path and not in
a cookie: in a frame of a notebook at "localhost" a browser sends no cookie to "127.0.0.1".
"""

from __future__ import annotations

import atexit
import contextlib
import html
import os
import re
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO
from urllib.parse import urlencode

from tracker import logdir as logdirs

_servers: dict[Path, tuple[subprocess.Popen[str], str]] = {}

START_S = 30.0
"""A server that has not said where it is by then never will."""


class Shown:
    """What a cell displays: a frame on the local server."""

    def __init__(self, address: str, height: int) -> None:
        self.address = address
        self.height = height

    def _repr_html_(self) -> str:
        return (
            f'<iframe src="{html.escape(self.address, quote=True)}" width="100%" height="{self.height}" '
            'style="border:0;border-radius:8px" title="everystep"></iframe>'
        )

    def __repr__(self) -> str:
        return f"everystep is at {self.address}"


def show(
    logdir: str | os.PathLike[str] | None = None,
    *,
    tag: str | None = None,
    runs: str = "",
    smooth: float = 0.9,
    height: int | None = None,
) -> Shown:
    """Shows the dashboard of a logdir, live, in this cell.

    Args:
        logdir: As in `tracker.init`.
        tag: Only the chart of this tag, or of an expression such as "= val/loss - train/loss".
        runs: Filter of the runs, in words or as /regex/.
        smooth: 0 to 0.999.
        height: Of the frame, in pixels; 360 for a chart, else 720.

    Raises:
        RuntimeError: the logdir is a file, or the server did not start; the message is what it said.
    """
    root = logdirs.resolve(logdir)
    wanted = {"runs": runs, "s": f"{smooth:g}", **({"one": tag} if tag else {})}
    query = urlencode({key: value for key, value in wanted.items() if value})
    return Shown(f"{_address(root).rstrip('/')}/?{query}", height or (360 if tag else 720))


def _address(root: Path) -> str:
    known = _servers.get(root)
    if known is not None and known[0].poll() is None:
        return known[1]
    if root.exists() and not root.is_dir():
        raise RuntimeError(f"{root} is a file; give the folder of runs, as in tracker.init(logdir=...)")
    root.mkdir(parents=True, exist_ok=True)
    process = subprocess.Popen(  # noqa: S603 our own module, no shell
        [
            sys.executable,
            "-m",
            "dashboard",
            "serve",
            "--logdir",
            str(root),
            "--port",
            "0",
            "--framed",
            "--no-token",
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    atexit.register(stop, root)
    timer = threading.Timer(START_S, process.kill)
    timer.start()
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        found = re.search(r"http://\S+", line)
        if found:
            timer.cancel()
            # Whatever else it says is read away, so that it never waits for a full pipe.
            threading.Thread(target=_read_away, args=(process.stdout,), daemon=True).start()
            _servers[root] = (process, found.group())
            return found.group()
    timer.cancel()
    process.wait()
    raise RuntimeError(f"the dashboard of {root} did not start:\n{''.join(said)}")


def _read_away(output: IO[str]) -> None:
    with contextlib.suppress(ValueError, OSError):  # closed by `stop`
        for _ in output:
            pass


def stop(root: str | os.PathLike[str] | None = None) -> None:
    """Ends the server of a logdir; of all of them without one."""
    for known in [logdirs.resolve(root)] if root is not None else list(_servers):
        server = _servers.pop(known, None)
        if server is None:
            continue
        process = server[0]
        process.terminate()
        process.wait(10)
        if process.stdout is not None:
            process.stdout.close()
