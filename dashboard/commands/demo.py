"""`viz demo`: a network that learns handwritten digits, watched live."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from dashboard.commands.refusal import CommandError, add_logdir
from dashboard.commands.server_options import add_server_options, settings_of

if TYPE_CHECKING:
    from dashboard.server.settings import Settings


def add(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    add_logdir(parser)
    parser.add_argument("--epochs", type=_positive, default=None, metavar="N", help="how long to train")
    parser.add_argument("--no-browser", action="store_true", help="do not open the browser")
    add_server_options(parser)


def act(arguments: argparse.Namespace) -> int:
    """Trains and serves; goes on serving when training is done, until Ctrl-C."""
    import webbrowser

    from dashboard.commands.demo_training import DemoTraining
    from dashboard.receive.alone import ReceivingError
    from dashboard.server.listen import PortError, address, serve, visdom_words
    from tracker import logdir as logdirs
    from tracker.errors import LogdirError

    try:
        logdir = logdirs.resolve(arguments.logdir)
        logdir.mkdir(parents=True, exist_ok=True)
    except (LogdirError, OSError) as error:
        raise CommandError(f"the logdir {arguments.logdir} cannot be made: {error}") from error
    settings = settings_of(arguments, logdir)
    training = DemoTraining(logdir, arguments.epochs)

    def ready(bound: Settings) -> None:
        print(f"everystep is at {address(bound)}", flush=True)  # noqa: T201 the one line that is promised
        if bound.visdom_port is not None:
            print(f"clients of Visdom: {visdom_words(bound)}", flush=True)  # noqa: T201 nothing else says the password
        training.start()
        if arguments.open or not (arguments.no_browser or _headless()):
            webbrowser.open(address(bound))

    try:
        serve(settings, arguments.port, ready)
    except (PortError, ReceivingError) as error:
        raise CommandError(str(error)) from error
    finally:
        training.stop()
    return 0


def _headless() -> bool:
    """Whether there is no screen for a browser: over SSH, or in a container."""
    return sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not at least 1")
    return value
