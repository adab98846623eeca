"""Real proxies for tests: nginx and Jupyter as processes on this machine, configured by the blocks of the document."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.request import urlopen

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs" / "behind-a-proxy.md"
PLACES = (os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin", str(ROOT / ".venv" / "nginx" / "usr" / "sbin"))
NGINX = shutil.which("nginx", path=os.pathsep.join(PLACES))


def blocks(language: str) -> list[str]:
    """The blocks of the document in a language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


class Proxy:
    """A process before a server; `port` is where it listens.

    Args:
        words: Its command line.
        port: As its configuration says.
        folder: For its output.
        **more: For `subprocess.Popen`.
    """

    def __init__(self, words: list[str], port: int, folder: Path, **more: Any) -> None:
        self.port = port
        self._said = folder / "said.txt"
        with self._said.open("wb") as output:
            self._process = subprocess.Popen(
                words, stdout=output, stderr=output, stdin=subprocess.DEVNULL, start_new_session=True, **more
            )
        deadline = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                return
            except OSError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    self.end()
                    raise AssertionError(f"{words[0]} does not listen:\n{self.said()}") from None
                time.sleep(0.02)

    def said(self) -> str:
        """All that it printed."""
        return self._said.read_text(errors="replace")

    def end(self) -> None:
        """Ends it, and waits for that."""
        if self._process.poll() is None:
            self._process.terminate()
        try:
            self._process.wait(60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def nginx(folder: Path, server: str, base: str) -> Proxy:
    """nginx with a `server` block as the document writes it, before the server at `base`; no root is needed."""
    assert NGINX is not None
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    place = re.sub(r"^http://([^/]+).*", r"\1", base)
    server = server.replace("listen 80;", f"listen 127.0.0.1:{port};").replace("127.0.0.1:6006", place)
    assert f"listen 127.0.0.1:{port};" in server
    assert place in server
    temporary = "\n".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    file = folder / "nginx.conf"
    file.write_text(
        f"daemon off; master_process off; pid {folder}/pid; error_log stderr;\nevents {{}}\n"
        f"http {{ access_log off;\n{temporary}\n{server}\n}}\n"
    )
    return Proxy([NGINX, "-p", str(folder), "-c", str(file), "-e", "stderr"], port, folder)


def jupyter(folder: Path, more: str = "", token: str = "") -> Proxy:
    """A Jupyter server with jupyter-server-proxy, and what else stands in its configuration."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    (folder / "jupyter_server_config.py").write_text(
        f"""
c.ServerApp.jpserver_extensions = {{"jupyter_server_proxy": True}}
c.ServerApp.ip, c.ServerApp.port, c.ServerApp.port_retries = "127.0.0.1", {port}, 0
c.ServerApp.allow_root, c.ServerApp.open_browser = True, False
c.ServerApp.local_hostnames = ["localhost", "training.example"]
c.ServerApp.root_dir = {str(folder)!r}
c.IdentityProvider.token = {token!r}
{more}
"""
    )
    places = {f"JUPYTER_{kind}_DIR": str(folder) for kind in ("CONFIG", "DATA", "RUNTIME")}
    path = f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}"
    environment = {**os.environ, **places, "HOME": str(folder), "PATH": path, "JUPYTER_NO_CONFIG": ""}
    proxy = Proxy([sys.executable, "-m", "jupyter_server"], port, folder, env=environment, cwd=folder)
    urlopen(f"http://127.0.0.1:{port}/api", timeout=60).close()  # it listens before it answers
    return proxy
