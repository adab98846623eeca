"""Bounds of Visdom's port: of passwords that are tried, of programs that listen, of messages that wait."""

from __future__ import annotations

import asyncio
import hashlib
import json
import threading
from collections.abc import Sequence
from typing import Any

import event_loop
import pytest
from starlette.datastructures import Headers

from dashboard.visdom import door, sources, worker
from dashboard.visdom.door import Door
from dashboard.visdom.sources import Sources
from dashboard.visdom.worker import MessageWorker
from tracker.compat.visdom.windows import WindowError

TOKEN = "a token of the tests"


class Clock:
    """A clock that is moved by hand, in the place of a module's `time`."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        """As `time.monotonic`."""
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """That of the port."""
    made = Clock()
    for module in (door, sources):
        monkeypatch.setattr(module, "time", made)
    return made


# --- passwords ----------------------------------------------------------------------------------------------


def shown(at: Door, password: str, **more: str) -> int:
    """The status for who shows a password."""
    said = {"username": "viz", "password": hashlib.sha256(password.encode()).hexdigest(), **more}
    return at.answer({"type": "http", "client": ("127.0.0.1", 1)}, Headers(), json.dumps(said).encode())[0]


def test_who_tried_too_often_may_try_again_after_a_minute(clock: Clock) -> None:
    """Until then the right one does not open either: it might be the one that was guessed."""
    at = Door(TOKEN, None)
    assert [shown(at, "wrong") for _ in range(21)] == [401] * 20 + [429]
    assert shown(at, TOKEN) == 429
    clock.now += 61
    assert shown(at, TOKEN) == 200


def test_what_is_no_password_s_length_is_not_read() -> None:
    """Whatever it says."""
    at = Door(TOKEN, None)
    assert shown(at, TOKEN, username="x" * 20_000) == 401
    assert shown(at, TOKEN) == 200


def test_a_cookie_opens_what_lies_below_the_path_and_nothing_beside_it() -> None:
    """A path that only begins with the same letters is another one."""
    at = Door(TOKEN, b"secret", "/visdom")
    said = {"password": hashlib.sha256(TOKEN.encode()).hexdigest()}
    _, _, headers = at.answer({"type": "http"}, Headers(), json.dumps(said).encode())
    cookie = Headers({"cookie": headers["set-cookie"].partition(";")[0]})
    scope = {"type": "http", "method": "POST"}
    assert at.lets_in(scope, cookie, "/visdom/events")
    for beside in ("/visdomain/events", "/events", "/", "", None):
        assert not at.lets_in(scope, cookie, beside), beside


# --- programs that listen -----------------------------------------------------------------------------------


def listening(there: Sources) -> Any:
    """The name of a program that begins to ask, or None where there is no room."""
    return there.asked({}).get("sid")


def heard(there: Sources, sid: str) -> list[Any]:
    """What it is told."""
    return [json.loads(each) for each in there.asked({"message_type": "query", "sid": sid})["messages"]]


def test_who_asks_no_more_makes_room_for_others(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that was killed says nothing of it."""
    monkeypatch.setattr(sources, "MAX_SOURCES", 2)

    async def play() -> None:
        there = Sources()
        gone, stays = listening(there), listening(there)
        assert there.asked({}) == {"success": False, "reason": "busy"}
        clock.now += 59
        assert len(heard(there, stays)) == 1
        clock.now += 2
        assert listening(there) is not None
        assert there.asked({"message_type": "query", "sid": gone})["reason"] == "closed"
        assert there.asked({"message_type": "query", "sid": stays})["success"] is True

    event_loop.run(play())


@pytest.mark.parametrize("limit", [{"MAX_BEHIND": 3}, {"MAX_BEHIND_BYTES": 100}], ids=str)
def test_who_takes_nothing_is_left_the_newest(limit: dict[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    """And is one of whom the server holds no more than that."""
    for name, value in limit.items():
        monkeypatch.setattr(sources, name, value)

    async def play() -> list[Any]:
        there = Sources()
        sid = listening(there)
        for i in range(9):
            there.asked({"message_type": "send", "sid": sid, "message": json.dumps({"cmd": "echo", "n": i})})
        return heard(there, sid)

    told = [each["n"] for each in event_loop.run(play())]
    assert told == list(range(9))[-len(told) :]
    assert 2 <= len(told) <= 4


# --- messages that wait -------------------------------------------------------------------------------------


class Slow:
    """Windows whose disk stands still until it is let go on."""

    def __init__(self) -> None:
        self.goes_on = threading.Event()

    def handle_all(self, messages: Sequence[tuple[str, dict[str, Any]]]) -> list[str]:
        """Answers each with its own name."""
        assert self.goes_on.wait(60)
        return [str(said["win"]) for _, said in messages]

    def close(self) -> None:
        """As of windows."""


@pytest.mark.parametrize("limit", [{"MAX_WAITING": 3}, {"MAX_WAITING_BYTES": 40}], ids=str)
def test_a_server_that_is_behind_says_so(limit: dict[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    """To who comes then; those before are answered, and after them others."""
    for name, value in limit.items():
        monkeypatch.setattr(worker, name, value)

    async def play() -> None:
        slow = Slow()
        at = MessageWorker(slow)  # type: ignore[arg-type]
        bodies = [json.dumps({"win": f"{i}"}).encode() for i in range(4)]  # of 12 bytes each
        waiting = [asyncio.create_task(at.done("events", body)) for body in bodies[:3]]
        await asyncio.sleep(0)
        with pytest.raises(WindowError, match="busy") as met:
            await at.done("events", bodies[3])
        assert met.value.status == 503
        slow.goes_on.set()
        assert await asyncio.gather(*waiting) == ["0", "1", "2"]
        assert await at.done("events", bodies[3]) == "3"
        await asyncio.to_thread(at.stop)

    event_loop.run(asyncio.wait_for(play(), 60))
