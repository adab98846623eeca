"""A process that has imported what trainings and servers need, and forks one whenever a test wants it.

What is forked does the same, and is a process like any other; but its imports, a second and a half of a core with Dash,
are paid once a worker and not once a test. `tests/dashboard/test_cli.py` starts the command as users do, and
`tests/weather` the programs whose beginnings and ends are what is tested.
"""

from __future__ import annotations

import atexit
import functools
import gc
import importlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO

import left_behind
import patience
import preload

ROOT = Path(__file__).resolve().parent.parent


class ForkServer:
    """The process that forks; it ends, and with it what it started, when this one does."""

    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair()
        self._process = subprocess.Popen(
            [sys.executable, __file__, str(theirs.fileno())], pass_fds=[theirs.fileno()], cwd=ROOT
        )
        left_behind.lasting.add(self._process)
        theirs.close()
        self._answers = self._socket.makefile("r", encoding="utf-8")
        self._lock = threading.Lock()

    def start(
        self,
        words: list[str],
        environment: Mapping[str, str],
        *,
        code: str | None = None,
        stderr: TextIO | None = None,
    ) -> Forked:
        """`viz` with these words, or a script with them.

        Args:
            words: Behind the name of the command.
            environment: The whole of it.
            code: Of the script.
            stderr: Where its errors go; by default those of `viz` go where its answers do, and those of a script where
                ours do.

        Returns:
            What was begun; what it prints is read from its `stdout`.
        """
        said, out = os.pipe()
        alive, life = os.pipe()
        request = {"words": words, "environment": dict(environment), "code": code}
        with self._lock:
            given = [out, life, *([] if stderr is None else [stderr.fileno()])]
            socket.send_fds(self._socket, [json.dumps(request).encode() + b"\n"], given)
            os.close(out)
            os.close(life)
            pid = self._answer()
        return Forked(self, pid, said, alive)

    def status(self, pid: int) -> int:
        """How a process that has ended did, as `subprocess` says it."""
        with self._lock:
            self._socket.sendall(json.dumps({"pid": pid}).encode() + b"\n")
            return self._answer()

    def close(self) -> None:
        """Ends the process."""
        self._answers.close()
        self._socket.close()
        self._process.wait(60)

    def _answer(self) -> int:
        line = self._answers.readline()
        if not line:
            raise RuntimeError("the process that forks servers has ended; see what it printed above")
        return int(line)


@functools.cache
def shared() -> ForkServer:
    """The one of these tests; ended with them."""
    server = ForkServer()
    atexit.register(server.close)
    return server


class Forked:
    """A forked process, with as much of `subprocess.Popen` as a test asks for."""

    def __init__(self, server: ForkServer, pid: int, said: int, alive: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self.stdout = os.fdopen(said, encoding="utf-8")
        self._server, self._alive = server, alive

    def poll(self) -> int | None:
        """The exit status; None while it runs."""
        return self._ended(0)

    def wait(self, timeout: float | None = None) -> int:
        """The exit status, waited for."""
        status = self._ended(timeout)
        if status is None:
            raise subprocess.TimeoutExpired(["viz"], timeout or 0)
        return status

    def send_signal(self, number: int) -> None:
        """Unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """At once."""
        self.send_signal(signal.SIGKILL)

    def _ended(self, timeout: float | None) -> int | None:
        # Nobody but the process holds the other end of the pipe, which the kernel closes however it ends.
        if self.returncode is None and select.select([self._alive], [], [], timeout)[0]:
            self.returncode = self._server.status(self.pid)
            os.close(self._alive)
        return self.returncode


def main(number: int) -> None:
    """Answers requests until the other end is closed; in a fork it returns to be what was asked for."""
    requests = socket.socket(fileno=number)
    running: set[int] = set()
    kept = b""
    gc.freeze()  # or each fork goes through what it will never let go
    descriptors: list[int] = []
    while True:
        while b"\n" not in kept:
            data, more, _, _ = socket.recv_fds(requests, 65536, 3)
            if not data:
                for pid in running:
                    os.kill(pid, signal.SIGKILL)
                return
            kept += data
            descriptors += more
        line, _, kept = kept.partition(b"\n")
        asked: dict[str, Any] = json.loads(line)
        if "pid" in asked:
            _, status = os.waitpid(asked["pid"], 0)
            running.discard(asked["pid"])
            answer = os.waitstatus_to_exitcode(status)
        else:
            answer = os.fork()
            if answer == 0:
                requests.close()
                be(asked, *descriptors)
                return
            running.add(answer)
            for each in descriptors:
                os.close(each)
            descriptors = []
        requests.sendall(f"{answer}\n".encode())


def warm_up() -> None:
    """Imports all that they import sooner or later, and makes once what each server makes of the page's scripts; what is
    logged is patient with the disk."""
    for name in (*preload.WRITER, *preload.SERVER):
        importlib.import_module(name)
    from dashboard.http import bundles
    from dashboard.server import application, dash_app
    from dashboard.server.settings import Settings
    from tracker.findings import examine

    examine.load()
    dash_app.create_dash(application.DASH_PATH)  # which imports most when it is called
    application.create_app(Settings(ROOT))
    page = bundles.of_the_page()
    made = {entry: page.make(entry) for entry in page.entries}
    patience.begin()
    bundles.Bundles.make = lambda _, entry: made[entry]  # type: ignore[method-assign]


def be(asked: dict[str, Any], out: int, life: int, *errors: int) -> None:
    """Makes this process the one that was asked for; `life` stays open to its end."""
    os.setsid()
    os.set_inheritable(life, False)
    os.environ.clear()
    os.environ.update(asked["environment"])
    os.dup2(out, 1)
    if errors or asked["code"] is None:
        os.dup2(errors[0] if errors else out, 2)
    for each in (out, *errors):
        os.close(each)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if asked["code"] is not None:
        sys.argv = ["-c", *asked["words"]]
        script = types.ModuleType("__main__")
        sys.modules["__main__"] = script
        exec(compile(asked["code"], "<string>", "exec"), script.__dict__)
        return
    sys.argv = ["viz", *asked["words"]]
    sys.exit(cli.main(asked["words"]))


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C at the terminal is for the tests, which then end us

    # Imported here and not by those who only ask.
    from dashboard import cli

    warm_up()
    main(int(sys.argv[1]))
