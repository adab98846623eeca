"""Odd messages to Visdom's port: whatever is said there, the server answers with a sentence and goes on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from asking import Asker
from odd_requests import MESSAGES, RAW, VISDOM, OddRequest, OddRequests
from visdom_served import Sender, port_of, serving_visdom
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect


@pytest.fixture(scope="module")
def askers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[tuple[Asker, str]]]:
    """Who asks the port, and who asks below /visdom of the page's, each with the path."""
    with serving_visdom(tmp_path_factory.mktemp("odd") / "runs", "--no-token") as served:
        yield [(Asker(served, port_of(served)), ""), (Asker(served), "/visdom")]


def asked(asker: Asker, below: str, seed: int, count: int) -> list[tuple[int, OddRequest]]:
    """The requests that were answered as errors of the server."""
    queries = dict.fromkeys([*VISDOM, "/healthz", "/socket", "/vis_socket"], ("token", "eid"))
    requests, failed = OddRequests(seed, [], [], VISDOM, queries, below), []
    for _ in range(count):
        request = requests.next()
        answer = asker.ask(request)
        if answer.status >= 500:
            failed.append((answer.status, request))
    return failed


def test_no_message_is_an_error_of_the_server(askers: list[tuple[Asker, str]]) -> None:
    """By both ways; and afterwards a window is made as before."""
    for number, (asker, below) in enumerate(askers):
        assert asked(asker, below, number, 250) == []
        sender = Sender(asker.place[1], below)
        assert sender.text("t", "still here", eid="after") == "t"
        assert sender.line("l", 0.0, 1.0, eid="after") == "l"
    said = askers[0][0].said()
    assert "Traceback" not in said
    assert "could not be done" not in said, "a message was not foreseen"


def test_what_is_hardly_a_request_leaves_no_traceback(askers: list[tuple[Asker, str]]) -> None:
    """Torn heads and lengths that are none, as on the page's port; and WebSockets that say what no client does."""
    asker, _ = askers[0]
    for data in RAW:
        assert (
            asker.raw(data.replace(b"/api/v1/curves", b"/update").replace(b"/live", b"/vis_socket"), cut=True).status
            < 500
        )
    for message in MESSAGES:
        with (
            suppress(WebSocketException, TimeoutError, OSError),
            connect(f"ws://127.0.0.1:{asker.place[1]}/vis_socket") as line,
        ):
            line.send(message)
            line.send('{"cmd": "echo", "n": "end"}')
            while "end" not in str(line.recv(timeout=60)):
                pass
    assert asker.get("/healthz").status == 200
    assert "Traceback" not in asker.said()


@pytest.mark.long
def test_thousands_of_messages_leave_the_server_as_it_was(tmp_path: Path) -> None:
    """Nor does it grow: 64 MiB at the most."""
    with serving_visdom(tmp_path / "runs", "--no-token") as served:
        port_of(served)
        asker = Asker(served)
        assert urlsplit(served.base).port == asker.place[1]
        assert asked(asker, "/visdom", 3, 1000) == []
        before = asker.rss()
        assert asked(asker, "/visdom", 4, 5000) == []
        assert asker.rss() - before <= 64
        assert "Traceback" not in asker.said()
