"""The live feed by questions, for who has no WebSocket: the same news, each told once."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx2 as httpx
import numpy as np
import pytest
from starlette.testclient import TestClient

import tracker
from dashboard.live import long_polling
from dashboard.live.websocket import LiveRuns


def opened(client: Any, *tags: str, base: str = "") -> str:
    """Opens a tab that shows some tags; where to ask for its news."""
    tab = f"{base}/live/{client.post(f'{base}/live').json()['tab']}"
    assert client.post(tab, json={"watch": tags, "ping": 7}).status_code == 204
    return tab


def message(answer: Any) -> tuple[dict[str, Any], np.ndarray]:
    """Head and columns."""
    assert answer.status_code == 200, answer.text
    data = answer.content
    length = int.from_bytes(data[:4], "little")
    return json.loads(data[4 : 4 + length]), np.frombuffer(data, "<f8", offset=4 + length)


def steps_of(answer: Any) -> list[int]:
    """The steps of all points that a message tells."""
    head, columns = message(answer)
    assert head["again"] == []
    steps, at = [], 0
    for group in head["points"]:
        n = sum(group["counts"])
        steps += columns[at : at + n].astype(int).tolist()
        at += 3 * n
    return steps


def steps_until(client: Any, tab: str, last: int) -> list[int]:
    """The steps that are told, in order, until one is reached."""
    steps: list[int] = []
    while not steps or steps[-1] < last:
        steps += steps_of(client.get(tab))
    return steps


def test_each_point_is_told_once_and_in_order(client: TestClient, run: tracker.Run) -> None:
    """However the run's points and the questions fall: what comes between two questions waits for the next."""
    tab = opened(client, "loss")
    head, _ = message(client.get(tab))
    assert head["answers"][0]["pong"] == 7
    writing = threading.Thread(
        target=lambda: [(run.log({"loss": 0.5}, step=step), run.flush()) for step in range(1, 60)]
    )
    writing.start()
    assert steps_until(client, tab, 59) == list(range(1, 60))
    writing.join()


def test_tabs_are_told_apart(client: TestClient, run: tracker.Run) -> None:
    """Each hears of what it shows; of the rest only the last value, for the list."""
    shows, other = opened(client, "loss"), opened(client, "val")
    for step in range(1, 4):
        run.log({"loss": 0.5}, step=step)
    run.flush()
    assert steps_until(client, shows, 3) == [1, 2, 3]
    assert steps_until(client, other, 3)[-1] == 3
    assert client.post(other, json={"watch": ["loss"]}).status_code == 204
    run.log({"loss": 0.5}, step=4)
    run.flush()
    assert steps_until(client, other, 4) == [4]


def test_a_question_is_answered_empty_after_a_while(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before a proxy gives up."""
    monkeypatch.setattr(long_polling, "HELD_S", 0.05)
    tab = opened(client)
    message(client.get(tab))
    head, _ = message(client.get(tab))
    assert (head["points"], head["answers"], head["removed"]) == ([], [], [])


BODIES = [b"", b"x", b"[]", b"7", b'"watch"', b'{"watch": %s}' % json.dumps([str(i) for i in range(6000)]).encode(), b"[" * 200_000, b'{"watch": ["' + b"x" * 300_000 + b'"]}']  # fmt: skip


@pytest.mark.parametrize("body", BODIES, ids=lambda body: body[:12].decode())
def test_what_no_page_says_is_refused(client: TestClient, body: bytes) -> None:
    """With a sentence; the tab goes on."""
    tab = opened(client, "loss")
    answer = client.post(tab, content=body, headers={"content-type": "application/json"})
    assert answer.status_code in (400, 413, 415)
    assert "expected" in answer.json()["error"] or answer.json()["error"]
    assert message(client.get(tab))[0]["answers"][0]["pong"] == 7


def test_a_tab_that_is_not_there_is_said_to_be_gone(client: TestClient) -> None:
    """After a restart, or a pause: the page opens another one."""
    for name in ("x", "a" * 22, "%00", "é"):
        assert client.get(f"/live/{name}").status_code == 410
        assert client.post(f"/live/{name}", json={}).status_code == 410


def test_there_are_never_more_tabs_than_some(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who opens one after the other loses the oldest of their own."""
    monkeypatch.setattr(long_polling, "MAX_TABS", 3)
    tabs = [opened(client) for _ in range(5)]
    assert [client.post(tab, json={}).status_code for tab in tabs] == [410, 410, 204, 204, 204]


def test_who_does_not_ask_any_more_is_forgotten(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that nothing is gathered for nobody; who waits for an answer has not gone."""
    later, is_held, going = [0.0], threading.Event(), long_polling.gone

    def held(request: Any) -> Any:
        is_held.set()
        return going(request)

    monkeypatch.setattr(long_polling, "time", SimpleNamespace(monotonic=lambda: time.monotonic() + later[0]))
    monkeypatch.setattr(long_polling, "gone", held)
    monkeypatch.setattr(long_polling, "HELD_S", 60.0)
    gone, waits = (client.post("/live").json()["tab"] for _ in range(2))
    with ThreadPoolExecutor(1) as asking:
        answer = asking.submit(client.get, f"/live/{waits}")
        assert is_held.wait(60)
        later[0] = long_polling.FORGOTTEN_S + 1
        client.post("/live")  # with each that is opened it is looked who has gone
        assert client.post(f"/live/{waits}", json={"ping": 1}).status_code == 204
        assert message(answer.result(60))[0]["answers"][0]["pong"] == 1
    assert client.post(f"/live/{gone}", json={}).status_code == 410


def test_who_has_gone_is_forgotten_though_nobody_comes(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the clock."""
    discard, is_forgotten = LiveRuns.discard, threading.Event()
    monkeypatch.setattr(LiveRuns, "discard", lambda self, tab: (discard(self, tab), is_forgotten.set()))
    monkeypatch.setattr(long_polling, "FORGOTTEN_S", 0.05)
    client.post("/live")
    assert is_forgotten.wait(60)


def test_a_held_question_does_not_hold_the_server(logdir: Path, run: tracker.Run, serve: Callable[..., Any]) -> None:
    """Ctrl-C ends it at once and without a word, whoever waits."""
    served = serve(logdir, "--no-token")
    with httpx.Client(timeout=60) as asker:
        tab = opened(asker, base=served.base)
        message(asker.get(tab))
        ended: list[Exception] = []

        def ask() -> None:
            try:
                while True:
                    message(asker.get(tab))
            except httpx.HTTPError as error:
                ended.append(error)

        asking = threading.Thread(target=ask)
        asking.start()
        assert served.stop() == 0
        asking.join(60)
        assert not asking.is_alive()
        assert ended
    assert [line for line in served.lines if "everystep is at" not in line] == []
