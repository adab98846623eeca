"""An agent: the official client of the Model Context Protocol, which talks to `viz mcp` over standard input and output."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import event_loop
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.types import Implementation

ROOT = Path(__file__).resolve().parents[1]


def asked(
    logdir: Path, talk: Callable[[ClientSession], Coroutine[Any, Any, Any]], *words: str, name: str = "lab-agent"
) -> Any:
    """What a client of some name that has begun a session is answered; `words` are more of the command."""
    command = ["-m", "dashboard", "mcp", "--logdir", str(logdir), *words]
    server = StdioServerParameters(command=sys.executable, args=command, env={**os.environ, "PYTHONPATH": str(ROOT)})
    info = Implementation(name=name, version="1")

    async def session() -> Any:
        async with stdio_client(server) as (read, write), ClientSession(read, write, client_info=info) as client:
            await client.initialize()
            return await talk(client)

    return event_loop.run(session())


def json_of(result: Any) -> Any:
    """What a tool answered."""
    assert not result.is_error, result.content
    return json.loads(result.content[0].text)


def proposed(logdir: Path, *proposals: dict[str, Any], name: str = "lab-agent") -> list[Any]:
    """What an agent is answered that proposes these, one after the other, each with a reason."""

    async def talk(client: ClientSession) -> list[Any]:
        return [await client.call_tool("propose", {"why": "loss jumps", **each}) for each in proposals]

    answers: list[Any] = asked(logdir, talk, name=name)
    return answers
