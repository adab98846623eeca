"""What newer clients of Visdom record of an environment: its run's configuration and curves, told in Visdom's words."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

from tracker.compat.visdom.environment import Environment
from tracker.compat.visdom.message import WindowError

KEY = "visdom"
"""In the run's configuration: what is said beside the settings."""

ENDINGS = ("finished", "failed")


def answer(environment: Environment, said: Mapping[str, Any]) -> str:
    """Does what a message to `experiments/log` says, and tells what is recorded then.

    Args:
        environment: Whose experiment it is.
        said: `action` is "log" with `name`, `params`, `tags` and `description`; "metrics" with `metrics` and `step`; or
            "finish" with `status`.

    Raises:
        WindowError: there is no such action or status, or the experiment has ended.
    """
    action = said.get("action", "log")
    before = environment.config()
    about = dict(before.get(KEY) or {})
    if about.get("status") in ENDINGS:
        raise WindowError(f"The experiment {environment.name!r:.600} is over: it {about['status']}.", 409)
    about = {"status": "running", "created_at": time.time(), **about}
    metrics: Mapping[str, Any] = {}
    if action == "metrics":
        metrics = _mapping(said, "metrics")
        environment.log_metrics(metrics, said.get("step"))
    elif action == "log":
        about |= {key: said[key] for key in ("name", "description") if said.get(key) is not None}
        about["tags"] = {**about.get("tags", {}), **_mapping(said, "tags")}
        environment.configure({**_mapping(said, "params"), KEY: about})
    elif action == "finish":
        if said.get("status") not in ENDINGS:
            raise WindowError(f"status: expected {' or '.join(ENDINGS)}; got {said.get('status')!r:.80}.")
        about |= {"status": said["status"], "finished_at": time.time()}
        environment.configure({KEY: about})
    else:
        raise WindowError(f"action: expected log, metrics or finish; got {action!r:.80}.")
    return json.dumps(_told(environment, about, metrics, said.get("step")))


def suggestion(said: Mapping[str, Any]) -> str:
    """Says that there is none, as Visdom's server does."""
    words = "There is no strategy that suggests settings."
    return json.dumps({"status": "not_implemented", "suggestion": None, "params": said.get("params"), "message": words})


def _mapping(said: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = said.get(key)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise WindowError(f"{key}: expected values by name; got {found!r:.80}.")
    return found


def _told(environment: Environment, about: Mapping[str, Any], metrics: Mapping[str, Any], step: Any) -> dict[str, Any]:
    """An experiment as Visdom's server tells of it; of its metrics those of this message."""
    settings = {key: value for key, value in environment.config().items() if key != KEY}
    now = time.time()
    return {
        "env_id": environment.name,
        "name": about.get("name") or environment.name,
        "description": about.get("description") or "",
        "status": about["status"],
        "created_at": about["created_at"],
        "finished_at": about.get("finished_at"),
        "params": [{"key": key, "value": value, "dtype": _kind(value)} for key, value in settings.items()],
        "metrics": [{"key": key, "value": value, "step": step, "timestamp": now} for key, value in metrics.items()],
        "tags": [{"key": key, "value": value} for key, value in (about.get("tags") or {}).items()],
    }


def _kind(value: Any) -> str:
    return type(value).__name__ if isinstance(value, (bool, int, float)) else "str"
