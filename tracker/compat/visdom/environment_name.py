"""Names of environments as names of runs, and back: any text of up to 500 characters is a folder, and no two the same.

Most are both already (`main`, `mnist_adam`, `team/mnist`). What no folder can be called, or a run may not, is escaped as
in addresses: `%` and two digits for a byte. `%_` is a part that is empty, and a part that ends in a bare `%` goes on in
the next one, as no file system takes more than 255 bytes.
"""

from __future__ import annotations

import re

from tracker import logdir

MAX_CHARACTERS = 500

PART_BYTES = 180
"""Of a part, before it goes on in the next; an escape is three bytes and is not cut through."""

EMPTY = "%_"

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
    return "/".join(piece for part in parts for piece in _pieces(part))


def environment_of(run: str) -> str | None:
    """The environment that a run is; None of a run whose name no environment has."""
    try:
        joined = run.replace("%/", "").split("/")
        found = "/".join("" if part == EMPTY else _unescaped(part) for part in joined)
        return found if len(found) <= MAX_CHARACTERS and run_name(found) == run else None
    except ValueError:
        return None


def _part(part: str) -> str:
    if not part:
        return EMPTY
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


def _pieces(part: str) -> list[str]:
    """A part in pieces that a file system takes."""
    if part == EMPTY:
        return [part]
    pieces, size = [""], 0
    for piece in _PIECE.findall(part):
        count = len(piece.encode())
        if size + count > PART_BYTES:
            pieces[-1] += "%"
            pieces.append("")
            size = 0
        pieces[-1] += piece
        size += count
    return pieces
