"""PostgreSQL for tests: Debian's, a temporary cluster of its own on a socket, which ends with who started it."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import left_behind

URL = os.environ.get("EVERYSTEP_POSTGRES")
"""A database server to use instead, whose user may make databases."""

SETTINGS = {"listen_addresses": "", "fsync": "off", "shared_buffers": "64MB", "max_connections": "60", "jit": "off"}


def programs() -> Path | None:
    """The folder of `initdb` and `postgres`, the newest; None where there are none."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return folders[-1].parent if folders else None


class Cluster:
    """A running server.

    Args:
        folder: Its own, which it may fill; owned by the user that it runs as.
        user: Who that is; None for who runs the tests. PostgreSQL refuses root.
    """

    def __init__(self, folder: Path, user: str | None) -> None:
        self.folder = folder
        self._user = user
        self._bin = programs()
        assert self._bin is not None
        self._call(
            "initdb", "-D", folder / "data", "-U", "tester", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C"
        )
        self.process: subprocess.Popen[bytes]
        self.start()

    def start(self) -> None:
        """Starts it, as at first or after it was ended."""
        words = [word for name, value in SETTINGS.items() for word in ("-c", f"{name}={value}")]
        command = [str(self._bin / "postgres"), "-D", str(self.folder / "data"), "-k", str(self.folder), *words]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                command, stdout=log, stderr=log, cwd="/", user=self._user, start_new_session=True
            )
        left_behind.lasting.add(self.process)
        self._call("pg_ctl", "-D", self.folder / "data", "-w", "-t", "60", "status", until=True)

    def _call(self, program: str, *words: object, until: bool = False) -> None:
        ready = ["pg_isready", "-h", str(self.folder), "-q"]
        command = ready if until else [program, *map(str, words)]
        command[0] = str(self._bin / command[0])
        while True:
            done = subprocess.run(command, capture_output=True, text=True, cwd="/", user=self._user, timeout=60)
            if done.returncode == 0:
                return
            if not until or self.process.poll() is not None:
                raise RuntimeError(f"{program}: {done.stdout}{done.stderr}")

    def url(self, database: str) -> str:
        """The address of one of its databases."""
        return f"postgresql+psycopg://tester@/{database}?host={self.folder}"

    def kill(self) -> None:
        """Ends it as a power loss does its processes."""
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait(60)

    def stop(self) -> None:
        """Ends it, if it runs."""
        if self.process.poll() is None:
            self.kill()


@contextlib.contextmanager
def cluster() -> Iterator[Cluster]:
    """A cluster, in a folder whose path is short enough for a socket."""
    user = next((name for name in ("postgres", "nobody") if _is_user(name)), None) if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory(prefix="everystep-pg-", dir="/tmp") as name:
        if user:
            os.chown(name, pwd.getpwnam(user).pw_uid, -1)
        made = Cluster(Path(name), user)
        try:
            yield made
        finally:
            made.stop()


def _is_user(name: str) -> bool:
    with contextlib.suppress(KeyError):
        return bool(pwd.getpwnam(name))
    return False
