"""Requests a second to the digits network, through `viz serve` and through FastAPI with the same model without batches.

    python -m benchmarks.serving
    python -m benchmarks.serving --seconds 10 --turns 5 --clients 32

Each client has one connection, sends a digit as JSON, waits for the answer and sends the next. The servers are asked in
turns, each alone, by one process that does nothing but write and read; what that costs itself the row of a server that
answers nothing (`null`) shows. KServe's v1 server is a row too where it is installed. FastAPI runs as its documentation
says: uvicorn, one process, the body a Pydantic model; the model is opened by the same runner and asked in the handler.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import logging
import os
import re
import selectors
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import psutil

import tracker
from benchmarks import report
from sample_runs.digits import load_digits, make_model

ROOT = Path(__file__).resolve().parent.parent
PATH = "/v1/models/digits:predict"


class Turn(NamedTuple):
    """One server asked for some seconds."""

    seconds: list[float]
    """Of each answer."""
    took: float
    generator_cpu: float
    server_cpu: float


def request(image: np.ndarray) -> bytes:
    body = json.dumps({"instances": image[None].astype(float).tolist()}).encode()
    head = f"POST {PATH} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


def load(
    port: int, requests: list[bytes], seconds: float, server: psutil.Process, check: Callable[[bytes], None]
) -> Turn:
    """Asks from as many connections as there are requests, for so long."""
    chooser, began = selectors.DefaultSelector(), {}
    for data in requests:
        line = socket.create_connection(("127.0.0.1", port))
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        chooser.register(line, selectors.EVENT_READ, [data, b""])
    took: list[float] = []
    cpu, server_cpu = time.process_time(), _cpu(server)
    start = now = time.perf_counter()
    for key in list(chooser.get_map().values()):
        began[key.fd] = time.perf_counter()
        key.fileobj.send(key.data[0])
    checked = 0
    while now - start < seconds:
        for key, _ in chooser.select(1.0):
            key.data[1] += key.fileobj.recv(1 << 16)
            head, _, body = key.data[1].partition(b"\r\n\r\n")
            if len(body) < int(LENGTH.search(head).group(1)):
                continue
            assert head.startswith(b"HTTP/1.1 200"), key.data[1]
            if checked < len(requests):  # answers are what they should be; not looked at for ever
                check(body)
                checked += 1
            now = time.perf_counter()
            took.append(now - began[key.fd])
            key.data[1] = b""
            began[key.fd] = now
            key.fileobj.send(key.data[0])
    wall = time.perf_counter() - start
    cpu, server_cpu = time.process_time() - cpu, _cpu(server) - server_cpu
    for key in list(chooser.get_map().values()):
        key.fileobj.close()
    return Turn(took, wall, cpu, server_cpu)


LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)


def _cpu(server: psutil.Process) -> float:
    return sum(sum(each.cpu_times()[:2]) for each in (server, *server.children(recursive=True)))


# --- servers -------------------------------------------------------------------------------------------


def null_server(port: int) -> None:
    """Answers whatever comes, at once."""
    answer = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"

    class Null(asyncio.Protocol):
        def connection_made(self, transport: asyncio.Transport) -> None:
            self.transport = transport

        def data_received(self, data: bytes) -> None:
            self.transport.write(answer)

    async def serve() -> None:
        server = await asyncio.get_running_loop().create_server(Null, "127.0.0.1", port)
        print("ready", flush=True)
        await server.serve_forever()

    import uvloop

    with contextlib.suppress(KeyboardInterrupt):
        uvloop.run(serve())


def fastapi_server(port: int, logdir: str) -> None:
    """What one writes without us."""
    import uvicorn
    from fastapi import FastAPI
    from pydantic import BaseModel

    runner = tracker.open(logdir).run("digits").model("digits").runner
    app = FastAPI()

    class Question(BaseModel):
        instances: list[list[list[list[float]]]]

    async def predict(question):  # type: ignore[no-untyped-def]  # told below, as the class is of this function
        outputs = runner.run({"x": np.array(question.instances, np.float32)})
        return {"predictions": next(iter(outputs.values())).tolist()}

    predict.__annotations__ = {"question": Question, "return": dict[str, list[list[float]]]}
    app.post(PATH)(predict)
    print("ready", flush=True)
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", access_log=False)


def kserve_server(port: int, logdir: str) -> None:
    """KServe's v1 protocol."""
    import kserve

    runner = tracker.open(logdir).run("digits").model("digits").runner

    class Digits(kserve.Model):
        def __init__(self) -> None:
            super().__init__("digits")
            self.ready = True

        def predict(self, payload: dict, headers: dict | None = None) -> dict:
            outputs = runner.run({"x": np.array(payload["instances"], np.float32)})
            return {"predictions": next(iter(outputs.values())).tolist()}

    print("ready", flush=True)
    server = kserve.ModelServer(http_port=port, enable_grpc=False, workers=1, enable_latency_logging=False)
    for name in ("kserve", "kserve.trace", "uvicorn.access"):
        logging.getLogger(name).setLevel(logging.WARNING)  # else several lines a request
    server.start([Digits()])


@contextlib.contextmanager
def started(kind: str, logdir: str) -> Iterator[tuple[int, psutil.Process]]:
    """A server as a process of its own: its port and itself."""
    if kind == "viz serve":
        words = ["-m", "dashboard", "serve", "--logdir", logdir, "--no-token", "--port", "0"]
        port = 0
    else:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        words = ["-m", "benchmarks.serving", "--be", kind, str(port), logdir]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen([sys.executable, *words], stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        port = port or int(re.search(r":(\d+)/", line).group(1))
        threading.Thread(target=process.stdout.read, daemon=True).start()  # or a server that prints waits for us
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            time.sleep(0.05)
        yield port, psutil.Process(process.pid)
    finally:
        process.send_signal(2)
        process.wait(15)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=5.0, help="of each turn")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--warm", type=float, default=8.0, help="seconds before: a server imports what pages need then")
    parser.add_argument("--be", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.be:
        kind, port, logdir = arguments.be
        {"null": lambda: null_server(int(port)), "FastAPI": lambda: fastapi_server(int(port), logdir),
         "KServe": lambda: kserve_server(int(port), logdir)}[kind]()  # fmt: skip
        return
    (_, _), (images, _) = load_digits()
    model = make_model().eval()
    with tempfile.TemporaryDirectory() as logdir:
        with tracker.init(logdir=logdir, name="digits", machine=False) as run:
            run.log_model(
                model, "digits", inputs={"x": images[:1]}, classes=[str(digit) for digit in range(10)], step=1
            )
        kept = tracker.open(logdir).run("digits").model("digits")
        expected = np.asarray(kept.predict({"x": images[: arguments.clients].astype(np.float32)})["output"])
        requests = [request(image) for image in images[: arguments.clients]]
        known = {tuple(np.round(row, 3)) for row in expected}

        def check(body: bytes) -> None:
            (row,) = json.loads(body)["predictions"]
            assert min(np.abs(expected - row).max(axis=1)) < 1e-4, "another answer than Python's"

        assert len(known) > 1
        kinds = ["null", "viz serve", "FastAPI"]
        try:
            import kserve  # noqa: F401

            kinds.append("KServe")
        except ImportError:
            print("KServe is not installed, and has no row.")
        with contextlib.ExitStack() as stack:
            servers = {kind: stack.enter_context(started(kind, logdir)) for kind in kinds}
            checks = {kind: check if kind != "null" else (lambda body: None) for kind in kinds}
            for kind, (port, process) in servers.items():
                load(port, requests, 1.0 if kind == "null" else arguments.warm, process, checks[kind])
            turns: dict[str, list[Turn]] = {kind: [] for kind in kinds}
            for _ in range(arguments.turns):
                for kind, (port, process) in servers.items():
                    turns[kind].append(load(port, requests, arguments.seconds, process, checks[kind]))
    rows = []
    for kind, found in turns.items():
        seconds = np.concatenate([each.seconds for each in found])
        rates = sorted(len(each.seconds) / each.took for each in found)
        count = len(seconds)
        p50, p99 = 1e3 * np.percentile(seconds, [50, 99])
        rows.append([
            kind, f"{count / sum(each.took for each in found):,.0f}", f"{rates[0]:,.0f} to {rates[-1]:,.0f}",
            f"{p50:.2f}", f"{p99:.2f}", f"{1e6 * sum(each.server_cpu for each in found) / count:,.0f}",
            f"{1e6 * sum(each.generator_cpu for each in found) / count:,.0f}",
        ])  # fmt: skip
    title = f"{arguments.clients} clients, {arguments.turns} turns of {arguments.seconds:g} s each; {report.machine()}"
    report.show(title, rows, ["", "requests/s", "of turns", "p50 ms", "p99 ms", "CPU µs a request", "of asking"])


if __name__ == "__main__":
    main()
