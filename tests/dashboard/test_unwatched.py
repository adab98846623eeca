"""What is done through the page is told at once, also where the file system sends no events."""

from __future__ import annotations

import json

import pytest
from control_requests import until
from starlette.testclient import TestClient

import tracker
from dashboard.live import poller
from dashboard.live.poller import Poller
from dashboard.live.watches import Watches


@pytest.fixture
def pollers(monkeypatch: pytest.MonkeyPatch) -> list[Poller]:
    """Those that were started: nobody watches for them, and they go through nothing by the clock."""
    started: list[Poller] = []
    start = Poller.start
    for name in ("SCAN_S", "WATCHED_SCAN_S", "NET_S"):
        monkeypatch.setattr(poller, name, 3600.0)
    monkeypatch.setattr(Watches, "begin", lambda _: False)
    monkeypatch.setattr(Poller, "start", lambda self: (started.append(self), start(self)))
    return started


@pytest.fixture
def unwatched(pollers: list[Poller], client: TestClient) -> TestClient:
    """A visitor of such a server, which has looked for the last time."""
    until(lambda: pollers[0]._last_scan)
    return client


def test_a_fork_is_among_the_runs(unwatched: TestClient) -> None:
    """Who made it looks for it."""
    assert unwatched.post("/api/v1/runs/fork", json={"run": "a", "name": "b"}).json() == {"run": "b"}
    until(lambda: {run["name"] for run in unwatched.get("/api/v1/runs").json()["runs"]} == {"a", "b"})


def test_a_command_is_news(unwatched: TestClient, run: tracker.Run) -> None:
    """In every tab, and not only in the one that asked."""
    run.flush()
    tab = f"/live/{unwatched.post('/live').json()['tab']}"
    assert unwatched.post(tab, json={"watch": []}).status_code == 204
    body = {"run": "a", "name": "stop", "value": None, "nonce": "n"}
    assert unwatched.post("/api/v1/commands", json=body).status_code == 200
    told: set[str] = set()

    def hear() -> bool:
        data = unwatched.get(tab).content
        for each in json.loads(data[4 : 4 + int.from_bytes(data[:4], "little")]).get("changed", []):
            told.update(each["what"])
        return "commands" in told

    assert any(hear() for _ in range(3))
