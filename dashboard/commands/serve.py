"""`viz serve`: the dashboard of a logdir, or of a database."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING

from dashboard.commands.refusal import CommandError, add_logdir, existing_logdir
from dashboard.commands.server_options import add_server_options, settings_of

if TYPE_CHECKING:
    from dashboard.server.settings import Settings


def add(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    add_logdir(parser)
    add_server_options(parser)


def act(arguments: argparse.Namespace) -> int:
    """Serves until Ctrl-C; prints the address once it listens."""
    import webbrowser

    from dashboard.receive.alone import ReceivingError
    from dashboard.server.listen import PortError, address, serve, visdom_words

    logdir = existing_logdir(arguments.logdir, or_database=True, for_writing=arguments.receive)
    settings = settings_of(arguments, logdir)

    def ready(bound: Settings) -> None:
        print(f"everystep is at {address(bound)}", flush=True)  # noqa: T201 the one line that is promised
        if bound.visdom_port is not None:
            print(f"clients of Visdom: {visdom_words(bound)}", flush=True)  # noqa: T201 nothing else says the password
        if bound.write_tokens is not None and not (arguments.write_token or os.environ.get("VIZ_WRITE_TOKEN")):
            print(f"machines that send runs show the token {bound.write_tokens['']}", flush=True)  # noqa: T201 nothing else says it
        if arguments.open:
            webbrowser.open(address(bound))

    try:
        serve(settings, arguments.port, ready)
    except (PortError, ReceivingError) as error:
        raise CommandError(str(error)) from error
    return 0
