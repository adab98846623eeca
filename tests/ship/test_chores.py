"""What a server does by itself, such as looking for findings, waits while somebody sends much."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import hostile_shipments as hostile
import pytest
from asked_server import TOKEN
from replicas import SEGMENT, a_shipment
from starlette.testclient import TestClient

from dashboard.live.poller import Poller
from dashboard.server.application import create_app
from dashboard.server.settings import Settings
from tracker.store.shipment import MEDIA_TYPE


def test_chores_of_the_server_wait_for_who_has_more_to_send(there: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    """Not for those who send what was logged just now, who come all the time."""
    waited_for = []

    @contextlib.contextmanager
    def asked(poller: Poller) -> Iterator[None]:
        waited_for.append(poller)
        yield

    monkeypatch.setattr(Poller, "asked", asked)
    app = create_app(Settings(there, write_tokens={"": TOKEN}))
    rows = hostile.body(a_shipment(tmp_path / "source"))
    headers = {"authorization": f"Bearer {TOKEN}", "content-type": MEDIA_TYPE}
    with TestClient(app, base_url="http://127.0.0.1:6006", headers=headers) as client:
        for more, count in (("", 0), ("&more=1", 1)):
            assert client.put(f"/api/v1/segments/{SEGMENT}/rows?after=0{more}", content=rows).status_code in (200, 409)
            assert len(waited_for) == count
