"""The options of a command that serves a page, and the server's settings that they come to."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dashboard.commands.own_detectors import add_detectors, run_detectors
from dashboard.commands.refusal import CommandError, UsageError

if TYPE_CHECKING:
    from dashboard.server.settings import Settings


def add_server_options(parser: argparse.ArgumentParser) -> None:
    """The options of the server."""
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
        "--allow-commands",
        action="store_true",
        help="rules of alerts that are armed on the page may start programs on this machine",
    )
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
    parser.add_argument(
        "--visdom-port",
        type=_port,
        default=None,
        metavar="PORT",
        help="also take what clients of Visdom send, on this port (theirs is 8097), and below /visdom of the page's",
    )
    parser.add_argument(
        "--tls-cert",
        type=Path,
        default=None,
        metavar="FILE",
        help="speak TLS, with this certificate (PEM)",
    )
    parser.add_argument("--tls-key", type=Path, default=None, metavar="FILE", help="the certificate's key (PEM)")
    parser.add_argument("--receive", action="store_true", help="take runs from other machines, which `viz ship` sends")
    parser.add_argument(
        "--write-token",
        action="append",
        default=[],
        metavar="[PROJECT=]TOKEN",
        help="with --receive: what who sends runs must show (default: $VIZ_WRITE_TOKEN, else a new one); of a project "
        "it lets write below the folder of that name only; may be given several times",
    )
    add_detectors(parser)
    add_device(parser, "--model-device")
    parser.add_argument("--framed", action="store_true", help="a notebook of this machine may show it in a frame")
    parser.add_argument("--open", action="store_true", help="open the browser")


def add_device(parser: argparse.ArgumentParser, word: str) -> None:
    """The option that says where models answer."""
    parser.add_argument(
        word,
        type=_device,
        default="cpu",
        metavar="DEVICE",
        help="where models answer: cpu, cuda or cuda:1 (with cupy, and onnxruntime-gpu for ONNX; default: cpu)",
    )


def settings_of(arguments: argparse.Namespace, logdir: Path) -> Settings:
    """The settings of a server of this logdir, as its options want them.

    Raises:
        CommandError: they cannot be had, or contradict each other.
    """
    from dashboard.live.tfevents_mirror import prepare
    from dashboard.server import security
    from dashboard.server.listen import is_loopback
    from dashboard.server.public_address import AddressError, allowed_name, path_prefix
    from dashboard.server.sessions import secret_of
    from dashboard.server.settings import Settings, index_file
    from tracker import databases

    if not arguments.host.strip():
        raise UsageError("--host is empty, which would be every address; leave it out to be on this machine only")
    if arguments.no_token and not is_loopback(arguments.host):
        raise CommandError(
            f"--no-token is for this machine only; on {arguments.host} anyone on the network could read every run"
        )
    if arguments.visdom_port is not None and arguments.read_only:
        raise UsageError("--visdom-port takes what is to be written, and --read-only writes nothing: leave one out")
    is_database = databases.of(logdir) is not None
    if arguments.visdom_port is not None and is_database:
        raise UsageError("--visdom-port takes what is to be written into a folder, and this logdir is a database")
    if arguments.receive and arguments.read_only:
        raise UsageError("--receive takes what is to be written, and --read-only writes nothing: leave one out")
    if arguments.write_token and not arguments.receive:
        raise UsageError("--write-token is for a server that takes runs: give --receive too")
    run_detectors(arguments.detectors)
    chosen = None if arguments.no_token else _chosen_token(arguments.token)
    token = None if arguments.no_token else chosen or security.new_token()
    # A page of any port of this machine may put a framed one into a frame: it would have to know where it is.
    try:
        prefix = path_prefix(arguments.path_prefix) + (f"/{security.new_token()}" if arguments.framed else "")
        allowed = frozenset(map(allowed_name, arguments.allow_host))
    except AddressError as error:
        raise UsageError(str(error)) from error
    return Settings(
        logdir,
        host=arguments.host,
        token=token,
        secret=secret_of(chosen) if chosen else None,
        prefix=prefix,
        allowed=allowed,
        read_only=arguments.read_only,
        allow_commands=arguments.allow_commands,
        framed=arguments.framed,
        visdom_port=arguments.visdom_port,
        certificate=_certificate(arguments.tls_cert, arguments.tls_key),
        write_tokens=write_tokens(arguments.write_token) if arguments.receive else None,
        mirror=None if is_database else prepare(logdir),
        model_device=arguments.model_device,
        index=None if is_database else index_file(logdir),
    )


def write_tokens(given: Sequence[str]) -> dict[str, str]:
    """The tokens that let runs in, by project; a new one for all where none was chosen.

    Raises:
        UsageError: one is too short, or its project can be no folder.
    """
    from dashboard.server.security import LEAST_TOKEN, new_token
    from tracker.errors import RunNameError
    from tracker.logdir import check_run_name

    found: dict[str, str] = {}
    for said in given or list(filter(None, os.environ.get("VIZ_WRITE_TOKEN", "").split())):
        project, _, token = said.partition("=")
        if not token.strip("="):  # of no project; it may end in some
            project, token = "", said
        if len(token) < LEAST_TOKEN:
            which = f"of {project!r} " if project else ""
            least = f"of the {LEAST_TOKEN} characters that are the least"
            raise UsageError(f"the write token {which}has {len(token)} {least}")
        if project:
            try:
                check_run_name(project, typed=True)
            except RunNameError as error:
                raise UsageError(" ".join(str(error).split())) from error
        found[project] = token
    return found or {"": new_token()}


def _certificate(cert: Path | None, key: Path | None) -> tuple[Path, Path] | None:
    """The files of a certificate that TLS can be spoken with.

    Raises:
        UsageError: one of them is missing.
        CommandError: they are none.
    """
    if cert is None or key is None:
        if cert is not None or key is not None:
            raise UsageError("--tls-cert and --tls-key belong together: give both")
        return None
    import ssl

    try:
        # Without a word for the key: a server that begins by itself has nobody to ask.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert, key, password=lambda: "")
    except (OSError, ValueError) as error:
        raise CommandError(f"TLS cannot be spoken with {cert} and {key}: {error}") from error
    return cert, key


def _chosen_token(given: str | None) -> str | None:
    """The token that somebody chose, on the command line or in the environment; None where nobody did."""
    from dashboard.server.security import LEAST_TOKEN

    token, place = (given, "--token") if given is not None else (os.environ.get("VIZ_TOKEN") or None, "VIZ_TOKEN")
    if token is not None and len(token) < LEAST_TOKEN:
        length = f"has {len(token)} of the {LEAST_TOKEN} characters that are the least" if token else "is empty"
        raise UsageError(f"{place} {length}; leave it out to have one made")
    return token


def _device(text: str) -> str:
    kind, colon, number = text.partition(":")
    if kind not in ("cpu", "cuda") or (colon and not (kind == "cuda" and number.isdecimal())):
        raise argparse.ArgumentTypeError(f"{text} is no device (cpu, cuda, cuda:1)")
    return text


def _port(text: str) -> int:
    try:
        value = int(text)
    except ValueError:
        value = -1
    if not 0 <= value <= 65535:
        raise argparse.ArgumentTypeError(f"{text} is no port (0 to 65535)")
    return value
