"""A server with a token, and a browser that stands before it."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

import tracker
from dashboard.server import security
from dashboard.server.application import create_app
from dashboard.server.settings import Settings

TOKEN = "a" * 43

HOST = {"host": "127.0.0.1:6006"}


@contextlib.contextmanager
def stranger(logdir: Path, **settings: Any) -> Iterator[TestClient]:
    """A browser that has not been let in; the server has a run `a`.

    Args:
        logdir: What is served.
        settings: Of the server, beside its token.
    """
    with tracker.init(logdir=logdir, name="a") as run:
        run.log({"loss": 1.0}, step=0)
    with TestClient(create_app(Settings(logdir, token=TOKEN, **settings)), base_url="http://127.0.0.1:6006") as made:
        yield made


def let_in(client: TestClient) -> dict[str, str]:
    """Visits the page with the token; the cookie stays with the client, the header is what the page sends with it."""
    (key,) = re.findall(r'"key": "([0-9a-f]{64})"', client.get(f"/?token={TOKEN}").text)
    return {security.KEY_HEADER: key}
