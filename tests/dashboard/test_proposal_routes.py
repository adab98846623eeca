"""Proposals over HTTP: told, accepted once, declined, refused, out of date, and of files that anybody may have made."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from control_requests import ask, commands, until
from odd_requests import VALUES, WORDS
from starlette.testclient import TestClient
from told_tab import ToldTab

import tracker
from dashboard.live import proposals
from dashboard.server.application import create_app
from dashboard.server.settings import Settings
from tracker.errors import PageChangeError
from tracker.store.read import page_proposals as kept
from tracker.store.read.page_proposals import KEPT_S, MOST_ANSWERED, MOST_WAITING
from tracker.store.write import page_file, page_proposals
from tracker.values.control_definition import RefusedError, is_plain


@pytest.fixture
def run(run: tracker.Run) -> tracker.Run:
    """It has a learning rate."""
    run.control("lr", 1e-3, low=1e-6, high=1.0, log=True)
    run.flush()
    return run


def propose(logdir: Path, control: str = "lr", value: Any = 0.0005, agent: str = "bot") -> str:
    """The id of a new proposal."""
    return proposals.propose(tracker.open(logdir).run("a"), control, value, "loss jumps", agent).proposal.id


def answer(client: Any, id: Any, accept: Any, **more: Any) -> Any:
    return client.post("/api/v1/proposals", json={"run": "a", "id": id, "accept": accept, **more})


def told(client: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get("/api/v1/proposals?run=a").json()["proposals"]
    return found


def test_who_accepts_twice_asks_once_and_who_declines_then_is_too_late(client: TestClient, logdir: Path) -> None:
    """The command is of the agent and of the person; the second answer is the first one's."""
    id = propose(logdir)
    first = answer(client, id, True, author=" anna ")
    again = answer(client, id, True, author="ben")
    assert first.json() == again.json()
    assert (first.json()["proposal"]["standing"], first.json()["proposal"]["by"]) == ("accepted", "anna")
    (command,) = commands(client)
    assert (command["name"], command["value"], command["author"]) == ("lr", 0.0005, "bot, accepted by anna")
    late = answer(client, id, False, author="ben")
    assert (late.status_code, late.json()["error"]) == (409, "anna has accepted this already.")
    assert len(commands(client)) == 1


def test_many_who_answer_at_once_are_one(client: TestClient, logdir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Accepted in some tabs and declined in others, of two servers: one answer, and one command or none."""
    monkeypatch.setattr(page_file, "BUSY_S", 60.0)  # on a busy disk six changes take their time
    with TestClient(create_app(Settings(logdir)), base_url="http://127.0.0.1:6006") as other:
        for _ in range(3):
            id = propose(logdir)
            before = len(commands(client))
            begin = threading.Barrier(6)
            found: list[tuple[bool, int]] = []

            def act(place: int, id: str = id, begin: threading.Barrier = begin, found: Any = found) -> None:
                begin.wait()
                accept = place % 3 != 0
                found.append((accept, answer((client, other)[place % 2], id, accept).status_code))

            threads = [threading.Thread(target=act, args=(place,)) for place in range(6)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            (standing,) = [each["standing"] for each in told(client) if each["id"] == id]
            assert {status for accept, status in found if accept == (standing == "accepted")} == {200}
            assert {status for accept, status in found if accept != (standing == "accepted")} == {409}
            assert len(commands(client)) - before == (standing == "accepted")
            if standing == "accepted":
                break


def test_what_was_declined_is_remembered_and_asks_nothing(client: TestClient, logdir: Path) -> None:
    """The list of runs says how many wait, and hears of both."""

    def waiting() -> int:
        return int(client.get("/api/v1/runs").json()["runs"][0]["proposals"])

    id = propose(logdir)
    assert propose(logdir) == id  # the same of the same agent is one
    until(lambda: waiting() == 1)
    assert answer(client, id, False).json()["proposal"]["by"] == "page"
    until(lambda: waiting() == 0)
    assert [each["standing"] for each in told(client)] == ["declined"]
    assert commands(client) == []
    assert answer(client, id, True).status_code == 409


def test_what_was_proposed_over_another_value_is_out_of_date(client: TestClient, logdir: Path) -> None:
    """It says so before anybody accepts it, and when somebody does."""
    id = propose(logdir)
    assert told(client)[0]["why_not"] == ""
    ask(client, "lr", 0.01)
    sentence = "Out of date: lr is 0.01 by now, and not 0.001 as it was seen."
    assert told(client)[0]["why_not"] == sentence
    refused = answer(client, id, True)
    assert (refused.status_code, refused.json()["error"]) == (409, sentence)
    assert len(commands(client)) == 1
    assert answer(client, id, False).status_code == 200


def test_of_a_run_that_is_over_they_have_lapsed(client: TestClient, logdir: Path, run: tracker.Run) -> None:
    """Nothing waits any more, and nothing can be accepted."""
    id = propose(logdir)
    run.finish()
    (left,) = told(client)
    assert left["standing"] == "lapsed"
    assert "over (finished)" in answer(client, id, True).json()["error"]
    until(lambda: client.get("/api/v1/runs").json()["runs"][0]["status"] == "finished")
    assert client.get("/api/v1/runs").json()["runs"][0]["proposals"] == 0
    with pytest.raises(RefusedError, match="over"):
        propose(logdir)


def test_a_read_only_server_tells_and_takes_no_answer(logdir: Path, run: tracker.Run) -> None:
    """403, and nothing is asked."""
    id = propose(logdir)
    with TestClient(create_app(Settings(logdir, read_only=True)), base_url="http://127.0.0.1:6006") as visitor:
        assert answer(visitor, id, True).status_code == 403
        assert [each["standing"] for each in told(visitor)] == ["waiting"]
        assert commands(visitor) == []


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"id": "none"}, 404, "no such proposal"),
        ({"id": ""}, 400, "id is missing"),
        ({"id": 3}, 400, "id: expected a text"),
        ({"accept": "yes"}, 400, "accept: expected true or false"),
        ({"accept": None}, 400, "accept: expected true or false"),
        ({"author": "x" * 101}, 400, "author: expected a text"),
        ({"run": "b"}, 404, "no run"),
        ({"run": "../a"}, 400, "cannot be a folder"),
    ],
    ids=range(8),
)
def test_what_is_no_answer_is_refused(
    client: TestClient, logdir: Path, body: dict[str, Any], status: int, words: str
) -> None:
    """With a sentence; the proposal waits on."""
    said = {"run": "a", "id": propose(logdir), "accept": True, **body}
    refused = client.post("/api/v1/proposals", json=said)
    assert refused.status_code == status, refused.text
    assert words in refused.json()["error"]
    assert [each["standing"] for each in told(client)] == ["waiting"]


def test_no_form_of_another_site_accepts_anything(client: TestClient, logdir: Path) -> None:
    """A form can send text, and no JSON."""
    body = json.dumps({"run": "a", "id": propose(logdir), "accept": True})
    assert client.post("/api/v1/proposals", content=body, headers={"content-type": "text/plain"}).status_code == 415
    foreign = {"content-type": "application/json", "origin": "https://evil.example"}
    assert client.post("/api/v1/proposals", content=body, headers=foreign).status_code == 403
    assert commands(client) == []


def test_so_many_wait_and_no_more_and_what_was_answered_falls_away(
    client: TestClient, logdir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An agent that proposes without end fills no disk; answers stay for days, and so many."""
    with page_file.changed(logdir / "a" / "page.sqlite") as connection:
        said = {"control": "lr", "value": 0.5, "expected": 1e-3, "author": "x", "why": "x", "wall_time": 1.0}
        for i in range(MOST_WAITING):
            connection.execute(page_file.PROPERTY, (f"proposal:{i}", json.dumps({**said, "author": f"{i}"}), 1.0))
        for i in range(MOST_ANSWERED + 5):
            text = json.dumps({**said, "accepted": False, "by": "anna"})
            connection.execute(page_file.PROPERTY, (f"answered:{i:03}", text, time.time() - i))
    with pytest.raises(PageChangeError, match="50 proposals wait"):
        propose(logdir)
    assert answer(client, "0", False).status_code == 200
    propose(logdir)
    standing = [each["standing"] for each in told(client)]
    assert (standing.count("waiting"), standing.count("declined")) == (MOST_WAITING, MOST_ANSWERED)
    later = time.time() + KEPT_S + 60.0
    monkeypatch.setattr(page_proposals.time, "time", lambda: later)
    assert answer(client, "1", False).status_code == 200
    assert [each["standing"] for each in told(client)].count("declined") == 1


def test_what_is_no_proposal_of_ours_is_passed_over(client: TestClient, logdir: Path) -> None:
    """The file may come from anybody."""
    right = {"control": "lr", "value": 0.5, "expected": None, "author": "x", "why": "x", "wall_time": 1.0}
    with page_file.changed(logdir / "a" / "page.sqlite") as connection:
        texts = [json.dumps({**right, key: odd}) for key in right for odd in (*VALUES[:12], {}, [[]])]
        for i, text in enumerate((*texts, "[" * 10_000, "null", "", *WORDS[:8])):
            text = text.encode("utf-8", "replace").decode()
            connection.execute(page_file.PROPERTY, (f"proposal:x{i}", text, 1.0))
            connection.execute(page_file.PROPERTY, (f"answered:x{i}", text, "soon" if i % 2 else float("inf")))
    assert all(is_plain(each.value) and is_plain(each.expected) for each in kept.proposals(logdir / "a"))
    answered = client.get("/api/v1/proposals?run=a")
    assert answered.status_code == 200, answered.text
    for each in answered.json()["proposals"]:
        assert answer(client, each["id"], True).status_code in (200, 409)
    assert client.get("/api/v1/runs").status_code == 200


def test_tabs_hear_of_a_proposal_and_of_its_answer(client: TestClient, logdir: Path) -> None:
    """As they do of commands."""
    tab = ToldTab(client)
    client.get("/api/v1/runs")
    id = propose(logdir)
    tab.hear("proposals")
    tab.forget()
    answer(client, id, True)
    tab.hear("proposals")
    tab.hear("commands")
