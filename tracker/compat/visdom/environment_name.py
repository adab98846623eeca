"""Names of environments as names of runs, and back: any text of up to 500 characters is a folder, no two the same.

Most are both already (`main`, `mnist_adam`, `team/mnist`). What no folder can be called, or a run may not, is escaped
as in addresses: `%` and two digits for a byte, and `%_` for a part that is empty. SQLite opens no file whose path is
longer than 511 bytes: a long name is cut, and told from others by its digest; in full it stands in the run's config.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from tracker import logdir

MAX_CHARACTERS = 500

MAX_BYTES = 200
"""Of a run's name, which leaves 250 for the logdir above it."""

BEGINNING_BYTES = 100
"""Of a long name, before its digest."""

EMPTY = "%_"
CUT = "%~"

CONFIG = "visdom environment"
"""In the config of a run: the environment that it is, where its name does not say so."""

_NEVER = re.compile("[\x00-\x1f\x7f%\\\\\ud800-\udfff]")
_PIECE = re.compile("%[0-9A-F]{2}|[^%]")


def run_name(environment: str) -> str:
    """The run that an environment is.

    Raises:
        ValueError: its name is longer than 500 characters.
    """
    if len(environment) > MAX_CHARACTERS:
        raise ValueError(
            f"The name of an environment has at most {MAX_CHARACTERS} characters; this one has {len(environment):,}."
        )
    parts = [_part(part) for part in environment.split("/")]
    if len(parts[0]) > 1 and parts[0][1] == ":":  # a disk of Windows
        parts[0] = f"{parts[0][0]}%3A{parts[0][2:]}"
    name = "/".join(parts)
    if len(name.encode()) <= MAX_BYTES:
        return name
    digest = hashlib.sha256(environment.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    return f"{_beginning(name)}{CUT}{digest}"


def config_of(environment: str) -> dict[str, Any] | None:
    """What the config of its run says, where its name does not; None where it does."""
    return None if environment_of(run_name(environment)) == environment else {CONFIG: environment}


def environment_of(run: str, config: Mapping[str, Any] | None = None) -> str | None:
    """The environment that a run is; None of a run that no environment is.

    Args:
        run: Its name.
        config: Its config, where that is known.
    """
    try:
        if CUT in run:
            found = str((config or {}).get(CONFIG, ""))
        else:
            found = "/".join("" if part == EMPTY else _unescaped(part) for part in run.split("/"))
        return found if run_name(found) == run else None
    except ValueError:
        return None


def _part(part: str) -> str:
    if not part.strip():
        return _escaped(part) or EMPTY
    found = _NEVER.sub(lambda match: _escaped(match[0]), part)
    first, last = found[0], found[-1]
    if first in ".~ " or logdir.is_segment(found) or found == logdir.PAGE_FILE:
        found = _escaped(first) + found[1:]
    if last == " " and len(part) > 1:
        found = found[:-1] + _escaped(last)
    return found


def _escaped(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode("utf-8", "surrogatepass"))


def _unescaped(part: str) -> str:
    found = b"".join(
        bytes([int(piece[1:], 16)]) if piece[0] == "%" else piece.encode("utf-8", "surrogatepass")
        for piece in _PIECE.findall(part)
    )
    return found.decode("utf-8", "surrogatepass")


def _beginning(name: str) -> str:
    """The first part of a run's name, no escape and no character of it cut through."""
    found, size = "", 0
    for piece in _PIECE.findall(name.partition("/")[0]):
        size += len(piece.encode())
        if size > BEGINNING_BYTES:
            break
        found += piece
    return found.rstrip(" .")
