"""`viz mcp`, driven by the official client over standard input and output."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tracker

pytest.importorskip("mcp", reason="needs the protocol's SDK: pip install 'everystep[mcp]'")

from agent import asked, json_of
from mcp import ClientSession


@pytest.fixture(scope="module")
def logdir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs with a curve, a spike, a NaN and a picture."""
    folder = tmp_path_factory.mktemp("agents") / "runs"
    for number in range(2):
        with tracker.init(
            logdir=folder, name=f"mnist/{number}", config={"lr": 0.1 / (1 + number)}, machine=False
        ) as run:
            for step in range(5000):
                run.log({"loss": 1e6 if step == 1234 else 1 / (1 + step)}, step=step)
            if number:
                run.log({"loss": float("nan")}, step=5000)
                run.log({"seen": tracker.Image(np.zeros((8, 2000), np.uint8))}, step=3)
    return folder


def test_an_agent_finds_its_way_from_the_list_to_the_cause(logdir: Path) -> None:
    """Each tool is described, and answers what Python answers; the spike is in as few columns as are asked for."""

    async def talk(client: ClientSession) -> dict[str, Any]:
        said: dict[str, Any] = {"tools": (await client.list_tools()).tools}
        for name, arguments in {
            "list_runs": {"pattern": "mnist/*"},
            "brief": {"run": "mnist/1", "tokens": 300},
            "findings": {"run": "mnist/1"},
            "scalars": {"run": "mnist/0", "tag": "loss", "columns": 10},
            "compare": {"runs": ["mnist/0", "mnist/1"]},
            "image": {"run": "mnist/1", "tag": "seen"},
        }.items():
            said[name] = await client.call_tool(name, arguments)
        return said

    said = asked(logdir, talk)
    assert all(each.description for each in said["tools"])
    assert {each.name for each in said["tools"]} == {*said, "proposals", "propose"} - {"tools"}
    runs = json_of(said["list_runs"])
    assert [each["run"] for each in runs["runs"]] == ["mnist/1", "mnist/0"]
    assert runs["runs"][1]["high"] == 1e6
    assert "nan_or_inf since step 5,000" in said["brief"].content[0].text
    assert json_of(said["findings"])["findings"][0]["kind"] == "nan_or_inf"
    curve = json_of(said["scalars"])
    assert curve["points"] == 5000
    assert len(curve["max"]) <= 10
    assert max(curve["max"]) == 1e6
    assert 1234 in curve["max_step"]
    compared = json_of(said["compare"])
    assert compared["settings_that_differ"] == {"lr": {"mnist/0": 0.1, "mnist/1": 0.05}}
    assert compared["metrics"]["loss"]["mnist/1"]["odd"] == 1
    (picture,) = said["image"].content
    assert (picture.type, picture.mime_type) == ("image", "image/png")


def test_what_cannot_be_answered_is_said_in_a_sentence(logdir: Path) -> None:
    """And the session goes on."""

    async def talk(client: ClientSession) -> list[Any]:
        return [
            await client.call_tool(name, arguments)
            for name, arguments in (
                ("brief", {"run": "../../etc"}),
                ("brief", {"run": "mnist/9"}),
                ("scalars", {"run": "mnist/0", "tag": "nothing"}),
                ("scalars", {"run": "mnist/0", "tag": "loss", "start": float("nan")}),
                ("image", {"run": "mnist/1", "tag": "seen", "step": 4}),
                ("compare", {"runs": ["mnist/0", "who"]}),
                ("list_runs", {"pattern": "[" * 5000}),
                ("brief", {"run": "mnist/0", "tokens": -5}),
            )
        ]

    *wrong, none, small = asked(logdir, talk)
    told = [each.content[0].text for each in wrong]
    assert all(each.is_error for each in wrong if each is not wrong[3])
    assert "There is no run 'mnist/9'" in told[1]
    assert "has no scalar 'nothing'" in told[2]
    assert "no picture 'seen' at step 4" in told[4]
    assert all("Traceback" not in each for each in told)
    assert json_of(none)["runs"] == []
    assert small.content[0].text.startswith("Run mnist/0")
