"""Asking runs: what can be asked is told, what cannot be is refused with a sentence, and what became of it is news."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from asking import Asker
from control_requests import answered, ask, commands, controls, numbers, until
from odd_requests import VALUES, WORDS
from served import serving, start_forked
from starlette.testclient import TestClient
from told_tab import ToldTab

import tracker
from dashboard.server.application import create_app
from dashboard.server.settings import Settings


@pytest.fixture
def run(run: tracker.Run) -> tracker.Run:
    """It has a control of each kind and an action."""
    run.control("lr", 1e-3, low=1e-6, high=1.0, log=True)
    run.control("width", 8, low=1, high=64)
    run.control("shuffle", True)
    run.control("rule", "adam", choices=["adam", "sgd"])
    run.control("prompt", "a cat")
    run.action("evaluate")(lambda: None)
    run.flush()
    return run


def test_what_a_run_can_be_asked_is_told_with_what_it_is_now(client: TestClient, run: tracker.Run) -> None:
    """Kinds, bounds and choices as they were declared; and what every run has."""
    found = controls(client)
    assert {name: each["type"] for name, each in found.items() if not each["own"]} == {
        "lr": "number", "width": "int", "shuffle": "bool", "rule": "choice", "prompt": "text", "evaluate": "action",
    }  # fmt: skip
    assert (found["lr"]["value"], found["lr"]["low"], found["lr"]["high"], found["lr"]["log"]) == (1e-3, 1e-6, 1, True)
    assert found["rule"]["choices"] == ["adam", "sgd"]
    assert {name for name, each in found.items() if each["own"]} == {"stop", "paused", "log more"}
    assert client.get("/api/v1/controls?run=a").json()["live"] is True
    assert commands(client) == []


def test_a_command_is_pending_until_the_run_has_answered_it(client: TestClient, run: tracker.Run) -> None:
    """The same nonce once more is the same command, answered with how it stands; a change is a mark."""
    nonce = "0" * 32
    sent = ask(client, "lr", 0.0005, expected=1e-3, nonce=nonce, author=" anna ").json()["command"]
    assert (sent["name"], sent["value"], sent["outcome"], sent["author"]) == ("lr", 0.0005, "pending", "anna")
    again = ask(client, "lr", 0.0005, expected=1e-3, nonce=nonce)
    assert again.json()["command"]["asked"] == sent["asked"]
    assert len(commands(client)) == 1
    became = answered(client, run, nonce)
    assert (became["outcome"], became["old"], became["step"] is not None) == ("applied", 1e-3, True)
    assert controls(client)["lr"]["value"] == 0.0005
    assert ask(client, "lr", 0.0005, expected=1e-3, nonce=nonce).json()["command"] == became
    (mark,) = client.get("/api/v1/marks?run=a").json()["marks"]
    assert mark["kind"] == "control"
    assert "lr" in mark["text"]
    assert [each["commands"] for each in client.get("/api/v1/runs").json()["runs"]] == [True]


def test_who_changes_what_waits_already_says_so(client: TestClient, run: tracker.Run) -> None:
    """Two turns of a slider before the next step: the second replaces what the first asked for."""
    first = ask(client, "lr", 0.01, expected=1e-3).json()["command"]
    assert ask(client, "lr", 0.02, expected=1e-3).status_code == 409  # of somebody who has not seen the first
    second = ask(client, "lr", 0.02, expected=0.01).json()["command"]
    assert answered(client, run, first["nonce"])["outcome"] == "applied"
    assert answered(client, run, second["nonce"])["outcome"] == "applied"
    assert controls(client)["lr"]["value"] == 0.02


REFUSED: list[tuple[dict[str, Any], int, str]] = [
    ({"name": "lr", "value": 2}, 409, "at most 1"),
    ({"name": "lr", "value": 0}, 409, "at least"),
    ({"name": "lr", "value": "x"}, 409, "a number"),
    ({"name": "lr", "value": True}, 409, "a number"),
    ({"name": "lr", "value": None}, 409, "a number"),
    ({"name": "lr", "value": [1]}, 409, "a number"),
    ({"name": "lr", "value": 0.5, "expected": 0.25}, 409, "0.001"),
    ({"name": "lr", "value": 0.5, "expected": True}, 409, "0.001"),
    ({"name": "lr", "value": 0.5, "expected": {"a": 1}}, 409, "0.001"),
    ({"name": "width", "value": 1.5}, 409, "whole number"),
    ({"name": "width", "value": 10**19}, 409, "whole number"),
    ({"name": "shuffle", "value": 1}, 409, "true or false"),
    ({"name": "rule", "value": "lion"}, 409, "adam"),
    ({"name": "prompt", "value": "x" * 10_001}, 409, "10,000 characters"),
    ({"name": "prompt", "value": 3}, 409, "a text"),
    ({"name": "evaluate", "value": 3}, 409, "takes no value"),
    ({"name": "stop", "value": "now"}, 409, "takes no value"),
    ({"name": "paused", "value": "yes"}, 409, "true or false"),
    ({"name": "log more", "value": -1}, 409, "at least"),
    ({"name": "nothing", "value": 3}, 409, "no control"),
    ({"name": "name", "value": "x"}, 409, "no control"),
    ({"name": "control:lr", "value": 0.5}, 409, "no control"),
    ({"name": "<img src=x>", "value": 0.5}, 409, "no control"),
    ({"name": "lr", "value": 0.5, "run": "b"}, 404, "no run"),
    ({"name": "lr", "value": 0.5, "run": "../a"}, 400, "cannot be a folder"),
    ({"name": "", "value": 0.5}, 400, "name is missing"),
    ({"name": 3, "value": 0.5}, 400, "name: expected a text"),
    ({"name": "lr", "value": 0.5, "nonce": ""}, 400, "nonce: expected a text"),
    ({"name": "lr", "value": 0.5, "nonce": None}, 400, "nonce: expected a text"),
    ({"name": "lr", "value": 0.5, "nonce": "x" * 201}, 400, "nonce: expected a text"),
    ({"name": "lr", "value": 0.5, "author": "x" * 101}, 400, "author: expected a text"),
    ({"name": "lr", "value": 0.5, "author": ["x"]}, 400, "author: expected a text"),
]


@pytest.mark.parametrize(("body", "status", "words"), REFUSED, ids=range(len(REFUSED)))
def test_what_cannot_be_is_refused_with_a_sentence_and_not_passed_on(
    client: TestClient, body: dict[str, Any], status: int, words: str
) -> None:
    """Before the run hears of it."""
    said = {**body}
    refused = ask(client, said.pop("name"), said.pop("value"), **said)
    assert refused.status_code == status, refused.text
    assert words in refused.json()["error"]
    assert commands(client) == []


def test_whatever_is_asked_is_answered_and_a_control_stays_what_it_is(client: TestClient, run: tracker.Run) -> None:
    """Values of every wrong kind in each field: refused or taken, and the run goes on with values of its kinds."""
    body = {"run": "a", "name": "lr", "value": 0.5, "expected": None, "nonce": "n", "author": "x"}
    for field in body:
        for odd in VALUES if field in ("value", "expected") else (*VALUES, *WORDS)[::4]:
            said = {**body, "nonce": f"nonce-{next(numbers)}", field: odd}
            text = json.dumps(said).encode("utf-8", "surrogatepass")
            answer = client.post("/api/v1/commands", content=text, headers={"content-type": "application/json"})
            assert answer.status_code in (200, 400, 404, 409), (field, odd, answer.text)
            assert answer.status_code == 200 or answer.json()["error"]
    run.log({"loss": 1.0})
    found = controls(client)
    assert isinstance(found["lr"]["value"], float)
    assert found["shuffle"]["value"] is True


def test_a_nonce_is_of_one_command(client: TestClient) -> None:
    """The answer of another one would be taken for its own."""
    assert ask(client, "lr", 0.5, nonce="n").status_code == 200
    for name, value in (("lr", 0.25), ("width", 9)):
        refused = ask(client, name, value, nonce="n")
        assert refused.status_code == 409
        assert "nonce" in refused.json()["error"]
    assert len(commands(client)) == 1


def test_a_read_only_server_tells_and_asks_nothing(logdir: Path, run: tracker.Run) -> None:
    """It says so, also to who would only look."""
    with TestClient(create_app(Settings(logdir, read_only=True)), base_url="http://127.0.0.1:6006") as visitor:
        assert controls(visitor)["lr"]["value"] == 1e-3
        assert visitor.get("/api/v1/controls?run=a").json()["read_only"] is True
        refused = ask(visitor, "lr", 0.5)
        assert refused.status_code == 403
        assert "--read-only" in refused.json()["error"]
        assert commands(visitor) == []
        assert '"read_only": true' in visitor.get("/").text
    assert not (logdir / "a" / "page.sqlite").exists()


def test_no_form_of_another_site_asks_anything(client: TestClient) -> None:
    """A form can send text, and no JSON."""
    body = json.dumps({"run": "a", "name": "stop", "value": None, "nonce": "n"})
    for kind in ("text/plain", "application/x-www-form-urlencoded"):
        refused = client.post("/api/v1/commands", content=body, headers={"content-type": kind})
        assert refused.status_code == 415
    answer = client.post("/api/v1/commands", content=body, headers={"content-type": "application/json", "origin": "https://evil.example"})  # fmt: skip
    assert answer.status_code == 403
    assert commands(client) == []


def test_a_run_that_is_over_is_asked_nothing_and_what_waited_was_never_applied(
    client: TestClient, run: tracker.Run
) -> None:
    """Said so, and not left waiting for ever."""
    waiting = ask(client, "evaluate", None).json()["command"]["nonce"]
    run.finish()
    refused = ask(client, "lr", 0.5)
    assert refused.status_code == 409
    assert "over" in refused.json()["error"]
    (left,) = commands(client)
    assert left["nonce"] == waiting
    assert left["outcome"] in ("never applied", "done")  # the last step may have taken it
    assert client.get("/api/v1/controls?run=a").json()["live"] is False


# --- news ----------------------------------------------------------------------------------------------------


def heard(tab: Any, found: list[set[str]]) -> None:
    """Gathers what kinds of news a tab is told of the run, until it is closed."""
    with contextlib.suppress(Exception):  # it is closed under us at the end
        while True:
            data = tab.recv()
            length = int.from_bytes(data[:4], "little")
            found += [set(each["what"]) for each in json.loads(data[4 : 4 + length])["changed"]]


def test_a_command_and_its_receipt_reach_every_tab_of_every_server(logdir: Path, run: tracker.Run) -> None:
    """Asked through one server, told to the tabs of both: by the file, which is all that they share."""
    with serving(start_forked) as serve:
        one, other = (Asker(serve(logdir, "--no-token")) for _ in range(2))
        for each in (one, other):
            each.get("/api/v1/runs")
        with one.tab() as first, other.tab() as second, other.tab() as third:
            told: list[list[set[str]]] = [[], [], []]
            listening = [
                threading.Thread(target=heard, args=(tab, found), daemon=True)
                for tab, found in zip((first, second, third), told, strict=True)
            ]
            for thread in listening:
                thread.start()
            body = json.dumps({"run": "a", "name": "lr", "value": 0.5, "nonce": "n"}).encode()
            assert one.post("/api/v1/commands", body).status == 200
            until(lambda: all(any("commands" in what for what in found) for found in told))

            def logged() -> bool:
                run.log({"loss": 1.0})
                return all(any("receipts" in what for what in found) for found in told)

            until(logged)
            assert all(any("marks" in what for what in found) for found in told)


def test_where_no_websocket_gets_through_they_travel_as_answers(client: TestClient, run: tracker.Run) -> None:
    """The same news, asked for."""
    tab = ToldTab(client)
    ask(client, "lr", 0.5)
    tab.hear("commands")
    answered(client, run, commands(client)[0]["nonce"])
    tab.hear("receipts")


TRAINING = """
import sys, time, tracker
run = tracker.init(sys.argv[1], name="b", machine=False)
while not run.should_stop:
    run.log({"loss": 1.0})
    time.sleep(0.002)
run.finish()
"""


@pytest.mark.parametrize("ends", ["stopped", "killed"])
def test_the_list_of_runs_says_which_is_paused(client: TestClient, logdir: Path, ends: str) -> None:
    """From the moment that it waits until it goes on, is asked to stop, or dies; also for who comes later."""

    def standing(of: TestClient = client) -> Any:
        found = {each["name"]: each for each in of.get("/api/v1/runs?form=page").json()["runs"]}
        return (found["b"]["status"], found["b"]["paused"]) if "b" in found else None

    with subprocess.Popen([sys.executable, "-c", TRAINING, str(logdir)]) as training:
        until(lambda: standing() == ("running", False))
        for value in (True, False, True):
            assert ask(client, "paused", value, run="b").status_code == 200
            until(lambda value=value: standing() == ("running", value))  # type: ignore[misc]
        with TestClient(create_app(Settings(logdir)), base_url="http://127.0.0.1:6006") as later:
            until(lambda: standing(later) == ("running", True))
        if ends == "killed":
            training.kill()
            training.wait()
        else:
            ask(client, "stop", None, run="b")
        until(lambda: standing() == ("finished" if ends == "stopped" else "crashed", False))
