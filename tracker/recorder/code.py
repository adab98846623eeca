"""Code: which files of the user's own a training ran, by their hashes, and which of them have changed since."""

from __future__ import annotations

import contextlib
import hashlib
import sys
import sysconfig
from collections.abc import Mapping
from functools import cache
from pathlib import Path

MOST_FILES = 2_000
MOST_BYTES = 1 << 22
"""Of one file."""


def digest_of(path: Path) -> str:
    """The SHA-256 of a source file; "" where it cannot be read."""
    try:
        if path.stat().st_size > MOST_BYTES:
            return ""
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""


def code_files(below: Path) -> dict[str, str]:
    """The hashes of the loaded modules that lie below a folder and were not installed, by their paths from there."""
    found: dict[str, str] = {}
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if not isinstance(file, str) or not file.endswith(".py") or len(found) >= MOST_FILES:
            continue
        with contextlib.suppress(ValueError, OSError):
            path = Path(file).resolve()
            name = path.relative_to(below).as_posix()
            if name not in found and not is_installed(path):
                found[name] = digest_of(path)
    return found


def is_installed(path: Path) -> bool:
    """Whether a file belongs to the interpreter or to a package that was installed, such as one in a .venv here."""
    if {"site-packages", "dist-packages"} & {*path.parts}:
        return True
    return any(path.is_relative_to(place) for place in _places())


@cache
def _places() -> list[Path]:
    """Where the interpreter's own modules lie; asked once, for hundreds of files."""
    places = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib")}
    return [Path(place).resolve() for place in places if place]


def changed(known: Mapping[str, str], below: Path) -> list[str]:
    """Those files that are not any more what they were, or not there."""
    return sorted(name for name, digest in known.items() if digest_of(below / name) != digest)
