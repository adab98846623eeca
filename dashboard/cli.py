"""The `viz` command. Each subcommand imports what it needs when it runs, so that `viz --help` is instant."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import io
import keyword
import os
import sys
import webbrowser
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dashboard.commands.refusal import Refusal, Senseless, add_logdir, existing_logdir

if TYPE_CHECKING:
    from dashboard.server.settings import Settings


COMMANDS = (
    ("runs", "list the runs of a logdir", "viz runs --logdir runs"),
    (
        "sql",
        "ask all runs a question in SQL",
        "viz sql \"SELECT run, min(value) FROM points WHERE tag = 'val/loss' GROUP BY run\"",
    ),
    ("export", "write every point to a file", "viz export -o runs.csv"),
    ("import", "bring other programs' logs into a logdir", "viz import old/tensorboard/logs --logdir runs"),
    ("doctor", "check every file and say what is wrong", "viz doctor --logdir runs"),
)
"""Commands of a file of their own, which imports what it needs when it runs."""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command line; 0 when it was done, 1 when it failed, 2 when it made no sense."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a name that the terminal has no letters for is shown as its escape
            with contextlib.suppress(OSError, ValueError):  # one that cannot be told: closed, or another file by now
                stream.reconfigure(errors="backslashreplace")
    parser = _parser()
    arguments = parser.parse_args(argv)
    try:
        status: int = arguments.act(arguments)
        return status
    except Refusal as refusal:
        print(f"viz: {refusal}", file=sys.stderr)  # noqa: T201 the command's own voice
        return refusal.status
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader of our output has gone: `viz runs | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="viz",
        description="everystep: see what your training does, while it does it.",
        epilog="Begin with: viz demo",
    )
    parser.add_argument("--version", action="version", version=f"everystep {_version()}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    serve = _command(commands, "serve", "show a logdir in the browser", "viz serve --logdir runs")
    add_logdir(serve)
    _server_options(serve)
    serve.set_defaults(act=_serve)

    demo = _command(commands, "demo", "train a network on handwritten digits and watch it live", "viz demo")
    add_logdir(demo)
    demo.add_argument("--epochs", type=_positive, default=None, metavar="N", help="how long to train")
    demo.add_argument("--no-browser", action="store_true", help="do not open the browser")
    _server_options(demo)
    demo.set_defaults(act=_demo)

    for name, does, example in COMMANDS:
        command = _command(commands, name, does, example)
        module = importlib.import_module(f"dashboard.commands.{name}{'_' * keyword.iskeyword(name)}")
        module.add(command)
        command.set_defaults(act=module.act)
    return parser


def _command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], name: str, does: str, example: str
) -> argparse.ArgumentParser:
    return commands.add_parser(
        name, help=does, description=does[0].upper() + does[1:] + ".", epilog=f"example: {example}"
    )


def _server_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1, this machine only)"
    )
    parser.add_argument(
        "--port", type=_port, default=None, help="port to listen on (default: 6006, or the next free one)"
    )
    token = parser.add_mutually_exclusive_group()
    token.add_argument("--token", default=None, help="what a visitor must show (default: a new one for each start)")
    token.add_argument(
        "--no-token", action="store_true", help="let everyone in who can reach the port; this machine only"
    )
    parser.add_argument("--read-only", action="store_true", help="the page can change nothing")
    parser.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="name under which a proxy shows the page, such as training.example; may be given several times",
    )
    parser.add_argument(
        "--path-prefix", default="", metavar="P", help="path of the page, as /viz, where a proxy passes it on"
    )
    parser.add_argument("--framed", action="store_true", help="a notebook of this machine may show it in a frame")
    parser.add_argument("--open", action="store_true", help="open the browser")


def _settings(arguments: argparse.Namespace, logdir: Path) -> Settings:
    from dashboard.live.tfevents_mirror import prepare
    from dashboard.server import security
    from dashboard.server.listen import is_loopback
    from dashboard.server.public_address import PlaceError, allowed_name, path_prefix
    from dashboard.server.sessions import secret_of
    from dashboard.server.settings import Settings, index_file

    if not arguments.host.strip():
        raise Senseless("--host is empty, which would be every address; leave it out to be on this machine only")
    if arguments.no_token and not is_loopback(arguments.host):
        raise Refusal(
            f"--no-token is for this machine only; on {arguments.host} anyone on the network could read every run"
        )
    chosen = None if arguments.no_token else _chosen_token(arguments.token)
    token = None if arguments.no_token else chosen or security.new_token()
    # A page of any port of this machine may put a framed one into a frame: it would have to know where it is.
    try:
        prefix = path_prefix(arguments.path_prefix) + (f"/{security.new_token()}" if arguments.framed else "")
        allowed = frozenset(map(allowed_name, arguments.allow_host))
    except PlaceError as error:
        raise Senseless(str(error)) from error
    return Settings(
        logdir,
        host=arguments.host,
        token=token,
        secret=secret_of(chosen) if chosen else None,
        prefix=prefix,
        allowed=allowed,
        read_only=arguments.read_only,
        framed=arguments.framed,
        mirror=prepare(logdir),
        index=index_file(logdir),
    )


def _chosen_token(given: str | None) -> str | None:
    """The token that somebody chose, on the command line or in the environment; None where nobody did."""
    from dashboard.server.security import LEAST_TOKEN

    token, place = (given, "--token") if given is not None else (os.environ.get("VIZ_TOKEN") or None, "VIZ_TOKEN")
    if token is not None and len(token) < LEAST_TOKEN:
        length = f"has {len(token)} of the {LEAST_TOKEN} characters that are the least" if token else "is empty"
        raise Senseless(f"{place} {length}; leave it out to have one made")
    return token


def _serve(arguments: argparse.Namespace) -> int:
    from dashboard.server.listen import PortError, address, serve

    logdir = existing_logdir(arguments.logdir)
    settings = _settings(arguments, logdir)

    def ready(bound: Settings) -> None:
        print(f"everystep is at {address(bound)}", flush=True)  # noqa: T201 the one line that is promised
        if arguments.open:
            webbrowser.open(address(bound))

    try:
        serve(settings, arguments.port, ready)
    except PortError as error:
        raise Refusal(str(error)) from error
    return 0


def _demo(arguments: argparse.Namespace) -> int:
    from dashboard.commands.demo import Demo
    from dashboard.server.listen import PortError, address, serve
    from tracker import logdir as logdirs
    from tracker.errors import LogdirError

    try:
        logdir = logdirs.resolve(arguments.logdir)
        logdir.mkdir(parents=True, exist_ok=True)
    except (LogdirError, OSError) as error:
        raise Refusal(f"the logdir {arguments.logdir} cannot be made: {error}") from error
    settings = _settings(arguments, logdir)
    demo = Demo(logdir, arguments.epochs)

    def ready(bound: Settings) -> None:
        print(f"everystep is at {address(bound)}", flush=True)  # noqa: T201 the one line that is promised
        demo.start()
        if arguments.open or not (arguments.no_browser or _headless()):
            webbrowser.open(address(bound))

    try:
        serve(settings, arguments.port, ready)
    except PortError as error:
        raise Refusal(str(error)) from error
    finally:
        demo.stop()
    return 0


def _headless() -> bool:
    """Whether there is no screen for a browser: over SSH, or in a container."""
    return sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not at least 1")
    return value


def _port(text: str) -> int:
    try:
        value = int(text)
    except ValueError:
        value = -1
    if not 0 <= value <= 65535:
        raise argparse.ArgumentTypeError(f"{text} is no port (0 to 65535)")
    return value


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("everystep")
    except PackageNotFoundError:
        return "(not installed)"
