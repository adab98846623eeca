"""What is told of a run's controls and commands is bounded, is of its present process, and is what a file says of them."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from control_requests import answered, ask, commands, controls, until
from forged import reseal
from starlette.testclient import TestClient

import tracker
from dashboard.api import controls as api
from dashboard.live import offer
from dashboard.server.application import create_app
from dashboard.server.settings import Settings

ODD: list[Any] = [
    {"type": "number", "value": "NaN", "low": "NaN", "high": 1},
    {"type": "number", "value": 1, "low": 5, "high": -5, "log": True},
    {"type": "number", "value": 1e308, "low": -1e308, "high": 1e308, "log": True},
    {"type": "int", "value": 2**63, "low": -(10**400), "high": 10**400},
    {"type": "text", "value": "x" * 200_000, "doc": "<img src=x onerror=alert(1)>" * 8_000},
    {"type": "choice", "value": [1], "choices": [{"a": []}, None, "<b>", "x" * 200_000, *range(3_000)]},
    {"type": "action", "confirm": "yes", "doc": ["x"]},
    {"type": "constructor"}, {"type": {}}, [], 3, None, "x",
]  # fmt: skip


def test_what_a_file_says_of_controls_costs_the_others_nothing(logdir: Path) -> None:
    """Bounds that are none, texts that are books, kinds that nobody knows: told as far as they are controls."""
    for i, said in enumerate(ODD):
        with tracker.init(logdir=logdir, name=f"odd/{i}", machine=False) as run:
            run.control("lr", 0.5, low=0.0, high=1.0)
            run.log({"loss": 1.0}, step=0)
        path = next((logdir / f"odd/{i}").glob("*.sqlite"))
        with contextlib.closing(sqlite3.connect(path)) as connection:
            which = "SELECT blob FROM media JOIN series ON series.id = series WHERE kind = 'control'"
            connection.execute(f"UPDATE blobs SET data = ? WHERE hash IN ({which})", (json.dumps(said).encode(),))
            connection.commit()
        reseal(path)
    with TestClient(create_app(Settings(logdir)), base_url="http://127.0.0.1:6006") as visitor:
        for i in range(len(ODD)):
            answer = visitor.get("/api/v1/controls", params={"run": f"odd/{i}"})
            assert answer.status_code == 200, (ODD[i], answer.text[:500])
            assert len(answer.content) < 2_000_000
            assert {"stop", "paused", "log more"} <= {each["name"] for each in answer.json()["controls"]}
            for each in answer.json()["controls"]:
                assert isinstance(each["doc"], str)
                assert isinstance(each["confirm"], bool)
                assert all(each[end] is None or isinstance(each[end], (int, float)) for end in ("low", "high"))


def test_thousands_of_controls_are_told_as_far_as_anybody_looks(client: TestClient, run: tracker.Run) -> None:
    """The newest ones."""
    for i in range(2_100):
        run.control(f"c{i}", 0.5)
    run.flush()
    found = controls(client)
    assert len([each for each in found.values() if not each["own"]]) == 2_000
    assert {"stop", "paused", "log more", "c2099"} <= found.keys()


def test_so_many_commands_wait_at_the_most(
    client: TestClient, run: tracker.Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once they are answered there is room for more."""
    monkeypatch.setattr(offer, "MAX_WAITING", 3)
    run.control("lr", 0.5)
    run.flush()
    waiting = [ask(client, "lr", value) for value in (0.1, 0.2, 0.3)]
    refused = ask(client, "lr", 0.4)
    assert refused.status_code == 409
    assert "wait for an answer" in refused.json()["error"]
    answered(client, run, waiting[-1].json()["command"]["nonce"])
    assert ask(client, "lr", 0.4).status_code == 200


def test_the_last_commands_are_the_newest(client: TestClient, run: tracker.Run) -> None:
    """With how many came before them."""
    run.control("lr", 0.5)
    run.flush()
    for value in (0.1, 0.2, 0.3):
        assert ask(client, "lr", value).status_code == 200
    found = client.get("/api/v1/commands?run=a&last=2").json()
    assert ([each["value"] for each in found["commands"]], found["earlier"]) == ([0.2, 0.3], 1)


def test_a_long_text_is_told_whole_while_it_may_still_be_taken(client: TestClient, run: tracker.Run) -> None:
    """What it was asked for is what the page shows beside the control; later nobody reads more than its beginning."""
    run.control("prompt", "a cat")
    run.flush()
    text = "x" * 5_000
    sent = ask(client, "prompt", text).json()["command"]
    assert (sent["value"], sent["cut"]) == (text, False)
    became = answered(client, run, sent["nonce"])
    assert (became["cut"], became["value"]) == (True, "x" * 299 + "…")
    assert (controls(client)["prompt"]["value"], controls(client)["prompt"]["cut"]) == (text, 0)


def test_what_every_run_has_begins_anew_with_its_process(client: TestClient, logdir: Path, run: tracker.Run) -> None:
    """What the last one was asked holds no more."""
    nonce = ask(client, "log more", 5).json()["command"]["nonce"]
    assert answered(client, run, nonce)["outcome"] == "applied"
    assert controls(client)["log more"]["value"] == 5
    run.finish()
    with tracker.init(logdir=logdir, name="a", resume="must", machine=False) as again:
        again.log({"loss": 1.0})
        again.flush()
        assert controls(client)["log more"]["value"] == 0


def test_a_child_of_the_training_changes_nothing_of_it(client: TestClient, logdir: Path, train: Any) -> None:
    """A loader that logs writes a file of its own, newer than the training's, whose controls these are."""
    training = train(
        """
import os, sys, time, tracker
run = tracker.init(logdir=sys.argv[1], name="b", machine=False)
wanted = []
run.action("load")(lambda: wanted.append(1))
while not wanted:
    run.log({"loss": 1.0})
    time.sleep(0.002)
if not os.fork():
    run.log({"loaded": 1.0})
    run.finish()
    os._exit(0)
os.wait()
print("loaded", flush=True)
while True:
    run.log({"loss": 1.0})
    time.sleep(0.002)
""",
        str(logdir),
    )
    until(lambda: '"load"' in client.get("/api/v1/controls?run=b").text)
    assert ask(client, "log more", 5, run="b").status_code == 200
    until(lambda: commands(client, "b")[0]["outcome"] == "applied")
    assert ask(client, "load", None, run="b").status_code == 200
    assert training.says() == "loaded"
    assert len(tracker.open(logdir).run("b").segments()) == 2
    found = client.get("/api/v1/controls?run=b").json()
    assert (found["live"], found["why"]) == (True, "")
    assert controls(client, "b")["log more"]["value"] == 5


def test_so_much_is_told_of_a_run_s_controls(
    client: TestClient, run: tracker.Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With how many there are beside; what every run has is always told."""
    monkeypatch.setattr(api, "MAX_TOLD_BYTES", 1_000)
    for i in range(30):
        run.control(f"c{i}", 0.5)
    run.flush()
    found = client.get("/api/v1/controls?run=a").json()
    told = [each for each in found["controls"] if not each["own"]]
    assert 1 <= len(told) < 10
    assert found["more"] == 30 - len(told)
    assert len(found["controls"]) == len(told) + 3


def test_whole_numbers_that_a_browser_would_round_are_told_as_their_digits(
    client: TestClient, run: tracker.Run
) -> None:
    """So that a seed is shown as what it is."""
    for name, value in (("exact", 1 << 53), ("large", (1 << 53) + 1), ("negative", -(1 << 60))):
        run.control(name, value)
    run.flush()
    found = controls(client)
    assert found["exact"]["value"] == 9007199254740992
    assert (found["large"]["value"], found["negative"]["value"]) == ("9007199254740993", "-1152921504606846976")
