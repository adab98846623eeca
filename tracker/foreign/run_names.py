"""Names of runs for what other programs call theirs, and for folders. Light: it is asked for by who reads no log."""

from __future__ import annotations

import hashlib
from pathlib import Path

from tracker import logdir


def run_names(found: list[str], source: Path) -> dict[str, str]:
    """A name for the run of each folder below `source`, no two the same; "." is called as the source is."""
    names: dict[str, str] = {}
    taken: set[str] = set()
    for name in found:
        shown = run_name(name)
        if shown in taken:  # two folders whose names differ only in what no run's name may hold
            shown = _shortened(shown, name)
        names[name] = shown
        taken.add(shown)
    if "." in names:
        top = source.resolve()
        own = run_name(top.parent.name if top.is_file() else top.name)
        names["."] = f"{own} (top)" if own in taken else own
    return names


LONGEST_PART = 240
"""Bytes of a part of a run's name, which is the name of a folder."""


def run_name(text: str) -> str:
    """A path as the name of a run: what no run's name may hold becomes "_", and what is too long is cut."""
    parts = []
    for part in text.split("/"):
        clean = "".join("_" if _is_odd(char) else char for char in part)
        if logdir.is_segment(clean) or clean in logdir.OWN_NAMES:
            clean = f"_{clean}"
        if clean not in ("", ".", ".."):
            parts.append(_shortened(clean, part) if len(clean.encode()) > LONGEST_PART else clean)
    name = "/".join(parts)
    if name[1:2] == ":" or name.startswith("~"):
        name = f"_{name}"
    return logdir.check_run_name(name if name.strip() else "run")


def _is_odd(char: str) -> bool:
    return ord(char) < 32 or 0xD800 <= ord(char) <= 0xDFFF or char in "\\\x7f"


def _shortened(name: str, whole: str) -> str:
    """The beginning of a name with a digest of all of it, which tells it from others that begin so."""
    above, _, last = name.rpartition("/")
    cut = last.encode()[: LONGEST_PART - 20].decode("utf-8", "ignore")
    digest = hashlib.blake2b(whole.encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()
    return f"{above}/{cut}-{digest}" if above else f"{cut}-{digest}"
