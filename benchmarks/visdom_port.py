"""Appending to a line through Visdom's port, a point a message, each in the file before it is answered.

    python benchmarks/visdom_port.py [--count 20000] [--alone 20000] [--client 2000] [--together 8]

The server alone is asked over plain sockets that stay open, by one client and by several at once; then by Visdom's own
client (skipped where it is not installed), beside what that costs with a server that answers at once and stores nothing.
Bars: 2,000 appends a second by plain requests, the server's memory at the end within 10 % of what it was after the first
thousand, every point kept.
"""

from __future__ import annotations

import argparse
import json
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from urllib.request import urlopen

import numpy as np
import psutil

ROOT = Path(__file__).resolve().parent.parent
# Not this folder, whose `requests` would be taken for the package of that name.
sys.path[:1] = [str(ROOT), str(ROOT / "tests")]

from served import Served, serving, start_viz  # noqa: E402  # found on the path set above

import tracker  # noqa: E402
from benchmarks import report  # noqa: E402

WARM = 1_000
BAR = 2_000
FLAT = 0.10


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=20_000, help="appends by plain requests of several clients")
    parser.add_argument("--alone", type=int, default=20_000, help="appends by plain requests of one client")
    parser.add_argument("--client", type=int, default=2_000, help="appends by Visdom's client")
    parser.add_argument("--together", type=int, default=8, help="clients at once")
    parser.add_argument("--nothing", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.nothing:
        do_nothing()
    with tempfile.TemporaryDirectory() as folder, serving(start_viz) as serve:
        logdir = Path(folder) / "runs"
        logdir.mkdir()
        served = serve(logdir, "--no-token", "--visdom-port", "0")
        rows = measured(served, port_of(served), logdir, options)
    report.show(f"appends through Visdom's port ({report.machine()})", rows, ["figure", "value", "bar", ""])


def measured(served: Served, port: int, logdir: Path, options: argparse.Namespace) -> list[list[object]]:
    """The rows of the table."""
    process = psutil.Process(served.process.pid)
    appended: dict[str, int] = {}

    def plain(window: str, count: int) -> None:
        with Plain(port) as client:
            for step in range(appended.get(window, 0), appended.get(window, 0) + count):
                client.append(window, step)
        appended[window] = appended.get(window, 0) + count

    # Dash is imported when it is asked for, or after a while: its 45 MiB are no appends'.
    with urlopen(f"{served.base}/dash/_dash-layout", timeout=60) as answer:  # of our own server
        answer.read()
    plain("one", WARM)
    began = process.memory_info().rss / 2**20
    one = options.alone / timed(lambda: plain("one", options.alone))
    each = options.count // options.together
    several = (
        each
        * options.together
        / timed(
            lambda: together([lambda name=name: plain(f"several {name}", each) for name in range(options.together)])
        )
    )
    ended = process.memory_info().rss / 2**20
    rows: list[list[object]] = [
        ["plain requests, one client", f"{one:,.0f}/s", f"≥ {BAR:,}/s", report.verdict(one, BAR, at_least=True)],
        [f"plain requests, {options.together} clients", f"{several:,.0f}/s", f"≥ {BAR:,}/s", report.verdict(several, BAR, at_least=True)],
        ["memory of the server", f"{began:,.0f} → {ended:,.0f} MiB", "± 10 %", report.verdict(abs(ended - began), FLAT * began)],
    ]  # fmt: skip
    if find_spec("visdom") is None:
        rows.append(["Visdom's client", "not installed", "", ""])
    else:
        import visdom  # noqa: F401  # it takes seconds, and is not what is timed

        with Nothing() as nothing:
            alone = options.client / timed(lambda: by_client(nothing.port, options.client))
        ours = options.client / timed(lambda: by_client(port, options.client))
        appended["client"] = options.client
        rows.append(["Visdom's client, a server that does nothing", f"{alone:,.0f}/s", "", ""])
        rows.append(["Visdom's client, this server", f"{ours:,.0f}/s", "", f"{ours / alone:.0%} of that"])
    kept, wrong = stored(logdir, appended)
    rows.append(["points kept", f"{kept:,} of {sum(appended.values()):,}", "all", report.verdict(wrong, 0)])
    return rows


def stored(logdir: Path, appended: dict[str, int]) -> tuple[int, int]:
    """How many points are in the file, and how many are missing or are not what was sent."""
    run, kept, wrong = tracker.open(logdir).run("main"), 0, 0
    for window, count in appended.items():
        (trace,) = run.pane(window).content["traces"]
        y, x = run.scalars(trace["y"]).value, run.scalars(trace["x"]).value
        kept += len(y)
        steps = np.arange(count, dtype=float)
        wrong += 0 if np.array_equal(x, steps) and np.array_equal(y, steps / 8) else max(1, count - len(y))
    return kept, wrong


class Plain:
    """A client that asks over one connection, with as little of its own as can be."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def append(self, window: str, step: int) -> None:
        """Appends a point, and waits until that is answered."""
        trace = {
            "x": [float(step)], "y": [step / 8], "name": "1", "type": "scatter", "mode": "lines", "textposition": "right",
            "line": {}, "marker": {"size": 10, "symbol": "dot", "line": {"color": "#000000", "width": 0.5}},
        }  # fmt: skip
        opts = {"markers": False, "fillarea": False, "mode": "lines", "markersymbol": "dot", "markersize": 10}
        said = {"data": [trace], "win": window, "eid": "main", "layout": {}, "opts": opts, "name": None, "append": True}
        body = json.dumps(said).encode()
        head = f"POST /update HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n\r\n"
        self._socket.sendall(head.encode() + body)
        answer = b""
        while not answer.endswith(window.encode()):
            part = self._socket.recv(65536)
            if not part:
                raise SystemExit(f"the server closed the connection: {answer[:300]!r}")
            answer += part
        if not answer.startswith(b"HTTP/1.1 200"):
            raise SystemExit(f"the server answered {answer[:300]!r}")

    def __enter__(self) -> Plain:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()


class Nothing:
    """A server in a process of its own that answers at once, and does nothing: what is left is the client's cost."""

    def __init__(self) -> None:
        self._process = subprocess.Popen([sys.executable, __file__, "--nothing"], stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())

    def __enter__(self) -> Nothing:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()


def do_nothing() -> None:
    """The process of such a server."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(listener.getsockname()[1], flush=True)
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=answer_at_once, args=(connection,), daemon=True).start()


def answer_at_once(connection: socket.socket) -> None:
    """Answers what comes over one connection."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with connection:
        waiting = b""
        while True:
            head, found, rest = waiting.partition(b"\r\n\r\n")
            length = re.search(rb"(?i)content-length: (\d+)", head)
            if found and length and len(rest) >= int(length[1]):
                waiting = rest[int(length[1]) :]
                text = b"true" if b"/win_exists" in head else b"client"
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(text), text))
                continue
            part = connection.recv(65536)
            if not part:
                return
            waiting += part


def by_client(port: int, count: int) -> None:
    """Appends by Visdom's own client, which asks before each append whether the window is there."""
    from visdom import Visdom

    client = Visdom(server="http://127.0.0.1", port=port, use_incoming_socket=False, raise_exceptions=True)
    for step in range(count):
        x, y = np.array([float(step)]), np.array([step / 8])
        client.line(Y=y, X=x, win="client", update="append")


def port_of(served: Served) -> int:
    """Visdom's port, as the server printed it."""
    end = time.monotonic() + 10
    while time.monotonic() < end:
        found = re.search(r"Visdom\(server=.*port=(\d+)", "".join(served.lines))
        if found:
            return int(found[1])
        time.sleep(0.01)
    raise SystemExit("the server did not say its port for Visdom's clients")


def timed(act: Callable[[], object]) -> float:
    """The seconds that it takes."""
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def together(acts: list[Callable[[], object]]) -> None:
    """All of them at once, each on a thread."""
    threads = [threading.Thread(target=act) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
