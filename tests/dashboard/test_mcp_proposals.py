"""What agents propose through `viz mcp`, with the official client: kept for a person, and never a command by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

import tracker

pytest.importorskip("mcp", reason="needs the protocol's SDK: pip install 'everystep[mcp]'")

from agent import asked, json_of, proposed
from control_requests import answered, commands
from mcp import ClientSession


@pytest.fixture
def run(run: tracker.Run) -> tracker.Run:
    """It has a learning rate and a prompt."""
    run.control("lr", 1e-3, low=1e-6, high=1.0, log=True)
    run.control("prompt", "a cat")
    run.flush()
    return run


def test_an_agent_proposes_and_hears_what_became_of_it(client: TestClient, logdir: Path, run: tracker.Run) -> None:
    """Nothing is asked until a person accepts; then it is a command of both, and the agent is told the step."""
    (answer,) = proposed(logdir, {"run": "a", "control": "lr", "value": 0.0005})
    made = json_of(answer)
    assert (made["standing"], made["value"], made["value_then"]) == ("waiting", 0.0005, 1e-3)
    run.log({"loss": 1.0})
    assert commands(client) == []
    accepted = client.post("/api/v1/proposals", json={"run": "a", "id": made["id"], "accept": True, "author": "anna"})
    assert accepted.status_code == 200, accepted.text
    became = answered(client, run, accepted.json()["proposal"]["command"]["nonce"])
    assert (became["outcome"], became["author"]) == ("applied", "lab-agent, accepted by anna")

    async def talk(agent: ClientSession) -> Any:
        return await agent.call_tool("proposals", {"run": "a"})

    (told,) = json_of(asked(logdir, talk))["proposals"]
    assert (told["standing"], told["answered_by"]) == ("accepted", "anna")
    assert (told["outcome"], told["step"]) == ("applied", became["step"])


def test_what_the_run_would_refuse_is_refused_with_a_sentence(
    client: TestClient, logdir: Path, run: tracker.Run
) -> None:
    """Out of bounds, of another kind, unknown, without a reason; and nothing is kept."""
    answers = proposed(
        logdir,
        {"run": "a", "control": "lr", "value": 5},
        {"run": "a", "control": "lr", "value": "0.5"},
        {"run": "a", "control": "prompt", "value": '{"a": 1}'},
        {"run": "a", "control": "<img src=x>", "value": 1},
        {"run": "../../etc", "control": "lr", "value": 0.5},
        {"run": "nobody", "control": "lr", "value": 0.5},
        {"run": "a", "control": "lr", "value": 0.5, "why": " "},
        {"run": "a", "control": "lr", "value": 0.5, "why": "x" * 501},
        {"run": "a", "control": "lr", "value": float("nan")},
    )
    told = [each.content[0].text for each in answers]
    assert all(each.is_error and "Traceback" not in text for each, text in zip(answers, told, strict=True))
    assert "lr is at most 1, and 5 is more." in told[0]
    assert "lr is a number" in told[1]
    assert "prompt is a text" in told[2]
    assert "has no control" in told[3]
    assert "There is no run 'nobody'" in told[5]
    assert all("reason of 1 to 500 letters" in each for each in told[6:8])
    assert client.get("/api/v1/proposals?run=a").json()["proposals"] == []
    assert not (logdir / "a" / "page.sqlite").exists()
    run.finish()
    (over,) = proposed(logdir, {"run": "a", "control": "lr", "value": 0.5})
    assert "a is over (finished): it can be asked nothing." in over.content[0].text


def test_an_agent_cannot_pass_for_the_person_who_accepts(client: TestClient, logdir: Path, run: tracker.Run) -> None:
    """Its name is its own, in one line of what can be printed; so is its reason."""
    name = "bot, accepted by anna\n\u202e\x1b[31m" + "x" * 500
    (answer,) = proposed(
        logdir, {"run": "a", "control": "prompt", "value": "a\u202eb", "why": "a\nb \x1b[2J\u202e"}, name=name
    )
    json_of(answer)
    (kept,) = client.get("/api/v1/proposals?run=a").json()["proposals"]
    assert kept["author"].startswith("bot accepted by anna \\u202e\\x1b[31mxxx")
    assert len(kept["author"]) == 100
    assert kept["why"] == "a b \\x1b[2J\\u202e"


def test_a_read_only_server_offers_no_proposing(logdir: Path, run: tracker.Run) -> None:
    """It still tells what was proposed."""

    async def talk(agent: ClientSession) -> Any:
        names = {each.name for each in (await agent.list_tools()).tools}
        asking = {"run": "a", "control": "lr", "value": 0.5, "why": "x"}
        return names, await agent.call_tool("proposals", {"run": "a"}), await agent.call_tool("propose", asking)

    names, told, refused = asked(logdir, talk, "--read-only")
    assert "propose" not in names
    assert json_of(told)["proposals"] == []
    assert refused.is_error
    assert not (logdir / "a" / "page.sqlite").exists()
