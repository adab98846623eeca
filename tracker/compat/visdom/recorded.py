"""The methods of newer versions of Visdom for what a training is made with and how it does."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tracker.compat.named import named
from tracker.compat.visdom.quality import Quality
from tracker.errors import LoggedTypeError, message
from tracker.values import arrays


class Recorded(Quality):
    """What a `Visdom` records of an environment, which is a run: settings are its configuration, metrics its curves."""

    @named
    def experiment(
        self,
        name: str | None = None,
        params: Mapping[str, Any] | None = None,
        tags: Mapping[str, Any] | None = None,
        description: str | None = None,
        env: str | None = None,
    ) -> Any:
        """Says what a training is made with; again, to add to it.

        Args:
            name: What it is called; its environment's name by default.
            params: Settings by name.
            tags: Words by name.
            description: A sentence about it.
            env: Its environment.

        Returns:
            All that is recorded: `env_id`, `name`, `description`, `status`, `params`, `tags`, `metrics` …

        Raises:
            LoggedTypeError: `params` or `tags` are no dictionary.
        """
        for word, value in (("params", params), ("tags", tags)):
            if value is not None and not isinstance(value, Mapping):
                raise _no_dictionary("experiment", word, value)
        said = {"name": name, "params": params, "tags": tags, "description": description}
        return self._asked({"action": "log", **said}, env)

    @named
    def log_metrics(self, metrics: Mapping[str, Any], step: int | None = None, env: str | None = None) -> Any:
        """Logs numbers by name at a step, one more than the last by default: curves of the run."""
        if not isinstance(metrics, Mapping) or not metrics:
            raise _no_dictionary("log_metrics", "metrics", metrics)
        return self._asked({"action": "metrics", "metrics": metrics, "step": step}, env)

    @named
    def finish_experiment(self, status: str = "finished", env: str | None = None) -> Any:
        """Ends a training: "finished" or "failed"."""
        return self._asked({"action": "finish", "status": status}, env)

    @named
    def suggest_experiment(self, params: Mapping[str, Any] | None = None, env: str | None = None) -> Any:
        """Says that there is no suggestion, as Visdom's server does: it has no strategy yet either."""
        if params is not None and not isinstance(params, Mapping):
            raise _no_dictionary("suggest_experiment", "params", params)
        return self._asked({"params": params}, env, "experiments/suggest")

    def _asked(self, said: dict[str, Any], env: str | None, endpoint: str = "experiments/log") -> Any:
        answer = self._send({**said, "eid": env}, endpoint, quiet=True)
        return json.loads(answer) if isinstance(answer, str) else answer


def _no_dictionary(call: str, word: str, got: Any) -> LoggedTypeError:
    expected = "a dictionary of values by name, not empty" if word == "metrics" else "a dictionary of values by name"
    return LoggedTypeError(message(f"{call}: {word} is none.", expected=expected, got=arrays.describe(got)))
