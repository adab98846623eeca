"""Alerts through the page's door: a rule is tried, armed, fires once, and tells who it is to tell."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from control_requests import until
from starlette.testclient import TestClient
from webhook_receiver import receiving

import tracker
from dashboard.server.application import create_app
from dashboard.server.settings import Settings
from tracker.store.read import alert_file


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The key of who arms rules lies in the user's cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def tried(logdir: Path) -> Iterator[TestClient]:
    """A server of two runs that are over."""
    for name, values in (("good", [3, 2, 1, 1]), ("bad", [3, 1, 1, 9])):
        with tracker.init(logdir=logdir, name=name, machine=False) as run:
            for step, value in enumerate(values):
                run.log({"val/loss": value}, step=step)
    with TestClient(create_app(Settings(logdir)), base_url="http://127.0.0.1:6006") as made:
        made.get("/api/v1/runs")
        yield made


def test_a_rule_is_tried_on_every_stored_run(tried: TestClient) -> None:
    """Where it would have fired, and how early; a text that makes no sense is told with its place."""
    found = tried.post("/api/v1/alerts/test", json={"text": "val/loss > 2 * min(val/loss)"}).json()
    assert (found["n_fired"], found["examined"], found["lacking"], found["left"]) == (1, 2, 0, 0)
    (fired,) = found["fired"]
    assert (fired["run"], fired["count"], fired["tag"], fired["curve"]["max"]) == ("bad", 1, "val/loss", [3, 1, 1, 9])
    (crossing,) = fired["crossings"]
    assert (crossing["step"], crossing["sentence"], 0 <= crossing["share"] <= 1) == (3, "val/loss is 9", True)
    assert tried.post("/api/v1/alerts/test", json={"text": "x > 1", "runs": "b*"}).json()["lacking"] == 1
    wrong = tried.post("/api/v1/alerts/test", json={"text": "val/loss >"}).json()
    assert (wrong["place"], "its end" in wrong["problem"]) == (10, True)
    assert tried.get("/api/v1/alerts").json()["rules"] == []


def arm(client: TestClient, text: str, *actions: dict[str, Any], **more: Any) -> Any:
    """What comes of arming a rule."""
    return client.post("/api/v1/alerts", json={"text": text, "actions": list(actions), **more})


def rules(client: TestClient) -> list[dict[str, Any]]:
    """All of them."""
    found: list[dict[str, Any]] = client.get("/api/v1/alerts").json()["rules"]
    return found


def test_an_armed_rule_tells_once_what_happens_from_then_on(client: TestClient, run: tracker.Run, logdir: Path) -> None:
    """The webhook is sent, the chart is marked, the run is asked; what was so before is not told."""
    lr = run.control("lr", 1.0)
    run.log({"x": 5.0}, step=1)
    run.flush()
    with receiving() as receiver:
        steer = {"kind": "control", "name": "lr", "value": 0.5, "leave": True}
        answer = arm(client, "x > 2", {"kind": "webhook", "url": receiver.url}, {"kind": "mark"}, steer, title="up")
        assert answer.status_code == 200, answer.text
        run.log({"x": 1.0}, step=2)
        run.log({"x": 3.0}, step=3)
        run.flush()
        ((key, body),) = receiver.wait_for(1)
        assert (body["run"], body["step"], body["sentence"]) == ("a", 3, "up: a at step 3: x is 3")
        assert key == f"{body['crossing']}-0"

        def steered() -> bool:
            run.log({"x": 3.0})
            return lr.value == 0.5

        until(steered)
        until(lambda: rules(client)[0]["delivered"] == 3)
        (told,) = rules(client)
        assert (told["fired"], told["waiting"], told["last"]["step"], told["ours"]) == (1, 0, 3, True)
        assert receiver.url not in client.get("/api/v1/alerts").text
        marks = client.post("/api/v1/marks", json={"runs": ["a"]}).json()["marks"]["a"]
        assert [each["text"] for each in marks if each["kind"] == "alert"] == ["up: x is 3"]
        assert run.flush()
        (asked,) = tracker.open(logdir).run("a").commands()
        assert (asked.author, asked.value) == ("alert: up", 0.5)
    assert len(receiver.got) == 1


def test_after_a_restart_nothing_is_told_again_and_what_was_missed_is(logdir: Path, run: tracker.Run) -> None:
    """A server that was away for a while sees what happened meanwhile."""
    with receiving() as receiver:
        hook = {"kind": "webhook", "url": receiver.url}
        for value in (3.0, 1.0):
            with TestClient(create_app(Settings(logdir)), base_url="http://127.0.0.1:6006") as client:
                if value == 3.0:
                    assert arm(client, "x > 2", hook).status_code == 200
                    run.log({"x": 3.0}, step=1)
                    run.flush()
                receiver.wait_for(1 if value == 3.0 else 2)
            run.log({"x": 1.0})
            run.log({"x": 4.0})
            run.flush()
        with TestClient(create_app(Settings(logdir)), base_url="http://127.0.0.1:6006") as client:
            got = receiver.wait_for(3)
            until(lambda: rules(client)[0]["delivered"] == 3)
        assert len({key for key, _ in got}) == 3


def test_silence_a_crash_and_alerts_of_the_runs_own_are_told(client: TestClient, run: tracker.Run) -> None:
    """Silence is seen though nothing is written."""
    with receiving() as receiver:
        hook = {"kind": "webhook", "url": receiver.url}
        assert arm(client, "alert warning", hook).status_code == 200
        assert arm(client, "silence 1 second", hook).status_code == 200
        run.alert("loss is odd", "have a look", "WARN")
        run.alert("nothing much")
        run.log({"x": 1.0})
        run.flush()
        said = {body["sentence"].partition(": a")[2] for _, body in receiver.wait_for(2)}
        assert any("loss is odd: have a look" in each for each in said)
        assert any("nothing was logged for 1 s" in each for each in said)
    with pytest.raises(tracker.errors.LoggedTypeError):
        run.alert("x", level="loud")


def test_what_cannot_be_armed_is_refused_with_a_sentence(client: TestClient) -> None:
    """Commands from a page, addresses that are none, texts that make no sense, a rule that is not there."""
    refused = arm(client, "crash", {"kind": "command", "words": ["true"]})
    assert (refused.status_code, "--allow-commands" in refused.json()["error"]) == (403, True)
    assert arm(client, "crash", {"kind": "webhook", "url": "file:///etc/passwd"}).status_code == 400
    assert arm(client, "x", {"kind": "mark"}).status_code == 400
    assert arm(client, "crash", {"kind": "control", "name": "stop"}).status_code == 400
    assert arm(client, "crash", id="no", version=1).status_code == 404
    assert client.post("/api/v1/alerts/pause", json={"id": "no", "paused": True}).status_code == 409
    assert client.post("/api/v1/alerts", content="{}").status_code == 415
    assert rules(client) == []


def test_a_rule_is_changed_as_it_was_seen_and_keeps_its_actions(client: TestClient) -> None:
    """Its address is not told, and so not asked for again; of two who change it one is refused."""
    arm(client, "crash", {"kind": "webhook", "url": "https://x.example/a/b/secret1234"})
    (made,) = rules(client)
    changed = {"text": "x > 1", "id": made["id"], "version": made["version"]}
    answer = client.post("/api/v1/alerts", json=changed)
    (told,) = answer.json()["rules"]
    assert (told["text"], told["version"], told["actions"]) == ("x > 1", 2, made["actions"])
    assert client.post("/api/v1/alerts", json=changed).status_code == 409
    assert client.post("/api/v1/alerts/pause", json={"id": made["id"], "paused": True}).json()["rules"][0]["paused"]
    assert client.post("/api/v1/alerts/remove", json={"id": made["id"]}).json()["rules"] == []


def test_a_server_that_is_read_only_shows_and_does_not_offer(logdir: Path, client: TestClient) -> None:
    """It follows no rule, writes nothing, and answers what a rule would have done."""
    arm(client, "crash", {"kind": "mark"})
    before = alert_file.file_of(logdir).read_bytes()
    with TestClient(create_app(Settings(logdir, read_only=True)), base_url="http://127.0.0.1:6006") as other:
        told = other.get("/api/v1/alerts").json()
        assert (told["read_only"], len(told["rules"])) == (True, 1)
        assert arm(other, "crash").status_code == 403
        assert other.post("/api/v1/alerts/remove", json={"id": told["rules"][0]["id"]}).status_code == 403
        assert other.post("/api/v1/alerts/test", json={"text": "crash"}).json()["examined"] == 1
    assert b"crash" in before
