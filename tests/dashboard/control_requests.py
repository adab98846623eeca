"""What tests say to the routes of controls: asking a run, and what it offers, was asked and answered."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import tracker

numbers = iter(range(10**9))


def ask(client: Any, name: Any, value: Any, **more: Any) -> Any:
    """Asks the run something, by a nonce of its own."""
    body = {"run": "a", "name": name, "value": value, "nonce": f"nonce-{next(numbers)}", **more}
    return client.post("/api/v1/commands", json=body)


def controls(client: Any, run: str = "a") -> dict[str, Any]:
    """What a run can be asked, by name."""
    return {each["name"]: each for each in client.get("/api/v1/controls", params={"run": run}).json()["controls"]}


def commands(client: Any, run: str = "a") -> list[dict[str, Any]]:
    """What it was asked."""
    found: list[dict[str, Any]] = client.get("/api/v1/commands", params={"run": run}).json()["commands"]
    return found


def until(holds: Callable[[], Any]) -> Any:
    """Waits for what another thread does."""
    for _ in range(6000):
        if found := holds():
            return found
        time.sleep(0.01)
    raise AssertionError("never so")


def answered(client: Any, run: tracker.Run, nonce: str) -> dict[str, Any]:
    """What became of a command of a run that logs on."""

    def look() -> dict[str, Any] | None:
        run.log({"loss": 1.0})
        found = next(each for each in commands(client) if each["nonce"] == nonce)
        return found if found["outcome"] not in ("pending", "started") else None

    result: dict[str, Any] = until(look)
    return result
