"""Examined: what was found in a run, bound to its files and to the detectors that looked at them."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from dashboard.live.file_stamps import stamp_of
from tracker.findings.finding import SEVERITIES

Stamps = tuple[tuple[Any, ...], ...]


@dataclass(frozen=True, slots=True)
class Examined:
    """What was found in a run as its files were then."""

    stamps: Stamps
    version: str
    """Of the detectors; see `detectors_version`."""
    wall_time: float
    """When that was."""
    findings: tuple[dict[str, Any], ...] = ()
    """`Finding.as_dict()` of each, and the `wall_time` at which it was first seen, or None."""

    def counts(self, dismissed: Collection[str]) -> list[int]:
        """How many errors, warnings and infos nobody dismissed."""
        found = [each["severity"] for each in self.findings if each["id"] not in dismissed]
        return [found.count(severity) for severity in SEVERITIES]

    def marks(self, dismissed: Collection[str]) -> list[dict[str, Any]]:
        """Those that have a moment and are more than worth knowing, as marks of a chart."""
        return [
            {
                "step": each["step"],
                "wall_time": each["wall_time"],
                "kind": "finding",
                "text": each["sentence"],
                "attributes": {"id": each["id"], "severity": each["severity"], "layer": each["layer"]},
            }
            for each in self.findings
            if each["severity"] != "info"
            and each["step"] is not None
            and each["wall_time"] is not None
            and each["id"] not in dismissed
        ]


def stamps_of(paths: Iterable[Path]) -> Stamps:
    """How the segment files of a run are, told without opening one; a look costs two calls to the system each."""
    return tuple((path.name, *stamp_of(path)) for path in sorted(paths))


@cache
def detectors_version() -> str:
    """Names the detectors there are: with other ones a run is examined anew. Those of a user's own belong to them."""
    spec = importlib.util.find_spec("tracker.findings")
    folders = list(spec.submodule_search_locations or ()) if spec is not None else []
    files = {path for folder in folders for path in Path(folder).rglob("*.py")}
    known = sys.modules.get("tracker.findings.detector")
    if known is not None:
        codes = (getattr(function, "__code__", None) for function in known.registered().values())
        files |= {Path(code.co_filename) for code in codes if code is not None}
    found = hashlib.blake2b(digest_size=16)
    for path in sorted(files):
        found.update(path.name.encode())
        found.update(path.read_bytes() if path.is_file() else b"")
    return found.hexdigest()
