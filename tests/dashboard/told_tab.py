"""A tab that asks for its news, as one does where no WebSocket gets through."""

from __future__ import annotations

import json

from starlette.testclient import TestClient


class ToldTab:
    """A tab that was begun, and what it was told so far.

    Args:
        client: Whose visitor it is.
    """

    def __init__(self, client: TestClient) -> None:
        self._client = client
        self._path = f"/live/{client.post('/live').json()['tab']}"
        assert client.post(self._path, json={"watch": [], "ping": 1}).status_code == 204
        self._told: set[str] = set()

    def hear(self, kind: str) -> None:
        """Asks until it was told that something of this kind has changed."""
        while kind not in self._told:
            data = self._client.get(self._path).content
            length = int.from_bytes(data[:4], "little")
            self._told.update(*(each["what"] for each in json.loads(data[4 : 4 + length])["changed"]))

    def forget(self) -> None:
        """What is heard from now on was told from now on."""
        self._told.clear()
