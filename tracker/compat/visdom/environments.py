"""What a `Visdom` asks of its environments, and of windows whatever is in them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from tracker.compat.named import named
from tracker.compat.visdom import options
from tracker.compat.visdom.given import refused
from tracker.compat.visdom.session import Session
from tracker.values import arrays

_DIGEST = re.compile("[0-9a-f]{32}")


class Environments(Session):
    """Environments are runs of the logdir; nothing has to be saved."""

    # --- environments --------------------------------------------------------------------------------

    @named
    def save(self, envs: list[str]) -> Any:
        """Names those of some environments that are there, as JSON. All are stored already.

        Raises:
            WindowArgumentError: they are no list of names.
        """
        if not isinstance(envs, list) or not all(isinstance(env, str) for env in envs):
            raise refused("save", "envs is no list of environments.", '["main"]', arrays.describe(envs))
        return self._send({"data": envs}, "save")

    @named
    def fork_env(self, prev_eid: str, eid: str) -> Any:
        """Makes an environment of the windows that another one has now; each goes on by itself.

        Raises:
            WindowArgumentError: a name is no text.
            WindowError: there is no such environment.
        """
        for name, value in (("prev_eid", prev_eid), ("eid", eid)):
            if not isinstance(value, str):
                raise refused("fork_env", f"{name} is no environment's name.", '"main"', arrays.describe(value))
        return self._send({"prev_eid": prev_eid, "eid": eid}, "fork_env")

    @named
    def delete_env(self, env: str) -> Any:
        """Closes the windows of an environment, which is listed no more."""
        return self._send({"eid": env}, "delete_env")

    @named
    def delete_envs(self, env_list: list[str]) -> list[Any]:
        """`delete_env` of several."""
        if not isinstance(env_list, list) or not all(isinstance(env, str) for env in env_list):
            raise refused("delete_envs", "env_list is no list of environments.", '["main"]', arrays.describe(env_list))
        return [self.delete_env(env) for env in env_list]

    def get_env_list(self) -> list[str]:
        """The environments there are."""
        if self.offline:
            return sorted(self.env_list)
        found: list[str] = json.loads(self._send({}, "env_state", quiet=True))
        return found

    @named
    def get_env_state(self, env: str) -> dict[str, Any] | None:
        """The windows of an environment by name; None where there is none of that name."""
        if self.offline or env not in self.get_env_list():
            return None
        found: dict[str, Any] = json.loads(self.get_window_data(None, env))
        return found

    # --- windows -------------------------------------------------------------------------------------

    @named
    def win_exists(self, win: str, env: str | None = None) -> bool | None:
        """Whether there is a window of that name; None offline, where nobody knows."""
        if win is None:
            raise refused("win_exists", "win is missing.", "the name of a window", None)
        answer = self._send({"win": win, "eid": env}, "win_exists", quiet=True)
        return answer == "true" if answer in ("true", "false") else None

    @named
    def win_hash(self, win: str, env: str | None = None) -> str | None:
        """A digest of what is in a window, another one whenever that changes; None where there is no such window."""
        if win is None:
            raise refused("win_hash", "win is missing.", "the name of a window", None)
        answer = self._send({"win": win, "eid": env}, "win_hash", quiet=True)
        return answer if isinstance(answer, str) and _DIGEST.fullmatch(answer) else None

    @named
    def get_window_data(self, win: str | None = None, env: str | None = None) -> Any:
        """A window as Visdom's server describes it, as JSON; all of an environment by name without `win`."""
        return self._send({"win": win, "eid": env}, "win_data", create=False)

    @named
    def set_window_data(self, data: Any, win: str | None = None, env: str | None = None) -> Any:
        """Makes a window what `get_window_data` said, or all of an environment without `win`.

        Args:
            data: The JSON, or what it holds.
            win: The window.
            env: Its environment.
        """
        text = data if isinstance(data, str) else json.dumps(data)
        return self._send({"win": win, "eid": env, "data": text}, "win_data", create=False)

    @named
    def close(self, win: str | None = None, env: str | None = None) -> Any:
        """Closes a window, or all of an environment without `win`. What it showed stays stored."""
        return self._send({"win": win, "eid": env}, "close", create=False)

    @named
    def update_window_opts(self, win: str, opts: Mapping[str, Any], env: str | None = None) -> Any:
        """Changes how a window is shown, and not what it shows."""
        checked = options.options("update_window_opts", opts)
        layout = options.layout(checked, changed=True)
        return self._send({"win": win, "eid": env, "layout": layout, "opts": checked}, "update")

    def _plot(
        self,
        traces: list[dict[str, Any]],
        opts: dict[str, Any],
        win: Any,
        env: Any,
        *,
        layout: dict[str, Any] | None = None,
        update: dict[str, Any] | None = None,
    ) -> Any:
        """Sends a window of Plotly's.

        Args:
            traces: Its data.
            opts: What was said of it.
            win: Its name; a new one without.
            env: Its environment.
            layout: Made of `opts` by default.
            update: What else the message says where a window is changed: its layout is left as it is then.
        """
        if update is None:
            layout = options.layout(opts) if layout is None else layout
            return self._send({"data": traces, "win": win, "eid": env, "layout": layout, "opts": opts})
        return self._send({"data": traces, "win": win, "eid": env, "layout": {}, "opts": opts, **update}, "update")
