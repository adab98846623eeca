"""Parts of the server that are imported while it answers: what waits for them, and what is said when they fail."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from dashboard.server.lazy_app import LazyApp


def test_questions_wait_for_the_part_and_it_is_made_once() -> None:
    """Two that come meanwhile are both answered by the one part."""
    may, made = threading.Event(), []

    def make() -> Any:
        assert may.wait(60)
        made.append(1)
        return PlainTextResponse("here")

    client = TestClient(LazyApp(make, "the part"))
    with ThreadPoolExecutor(2) as asking:
        answers = [asking.submit(client.get, "/") for _ in range(2)]
        assert not any(answer.done() for answer in answers)
        may.set()
        assert [answer.result(60).text for answer in answers] == ["here", "here"]
    assert made == [1]


def test_a_part_that_cannot_be_had_is_named(caplog: pytest.LogCaptureFixture) -> None:
    """The question is answered, the live line closed, and the terminal has the reason."""

    def make() -> Any:
        raise ImportError("no such library")

    client = TestClient(LazyApp(make, "what reads runs"))
    answer = client.get("/api/v1/runs")
    assert answer.status_code == 503
    assert answer.json() == {"error": "The server lacks what reads runs; its terminal says why."}
    with pytest.raises(WebSocketDisconnect) as closed, client.websocket_connect("/live"):
        pass
    assert closed.value.code == 1011
    assert "no such library" in caplog.text


def test_a_server_waits_for_no_library_that_it_does_not_need_yet() -> None:
    """It listens before NumPy is there, and reads runs without what only writers need."""
    code = """
import sys
import dashboard.server.listen
from dashboard.server.settings import Settings
print(*(name for name in ("numpy", "sqlalchemy", "dash") if name in sys.modules))
import dashboard.server.interface
print(*(name for name in ("numpy", "sqlalchemy", "dash") if name in sys.modules))
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.splitlines() == ["", "numpy"]
