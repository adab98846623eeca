"""Visdom: the class that Visdom's users know, whose windows are panes of runs. No server is needed to write them."""

from __future__ import annotations

from tracker.compat.visdom.recorded import Recorded


class Visdom(Recorded):
    """Windows of an environment, which is a run of the logdir; what is shown is stored, and seen with `viz serve`.

    Args:
        server, port, endpoint, base_url, ipv6, proxies, http_proxy_host, http_proxy_port, username, password: Taken,
            and not needed: nothing is sent anywhere.
        env: The environment that windows belong to where nothing else is said.
        send: False has every method return the message and what it is for, and does nothing.
        raise_exceptions: True raises what cannot be done, False warns of it. None, the default, warns of what cannot be
            drawn in a window that is there, as Visdom does, and raises the rest. Arguments that are wrong always raise.
        use_incoming_socket, use_polling: False to both refuses handlers of events.
        log_to_filename: A file to which messages that make or change windows are written too, for `replay_log`.
        offline: Write the log only.
        logdir: The folder that holds runs; `$VIZ_LOGDIR` or "runs" by default.

    Every method takes the window `win` (a new one by default, and its name is what it returns), the environment `env`,
    and `opts`: `title`, `width`, `height`, `showlegend`, `legend`, of each axis `xtype`, `xlabel`, `xtick`, `xtickmin`,
    `xtickmax`, `xtickvals`, `xticklabels`, `xtickstep`, `xtickfont`, then `marginleft` … `marginbottom`, and
    `layoutopts` and `traceopts` with {"plotly": {…}}. Arrays may be NumPy's, tensors of any framework, or lists.

    Raises:
        WindowArgumentError: an argument is not what it should be: a ValueError, and an AssertionError as Visdom's own.
        LogdirError: the logdir is no folder, or cannot be written.
    """
