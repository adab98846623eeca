"""Environment: what a run can be traced by later: code, packages, machine.

By default nothing is kept that often holds a secret: no environment variables, no arguments, no diff, no address of
a remote. The command line and the diff can be asked for, and are redacted then.
"""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
import time
from functools import lru_cache
from pathlib import Path
from typing import Any

from tracker import coerce
from tracker.machine import redaction
from tracker.machine.record import Record
from tracker.values.value import Medium

FRESH_S = 5.0
"""For which what git said of the code is told of every run that begins."""

GIT_S = 5.0
"""What git is given for an answer."""

DIFF_BYTES = 1 << 20
"""Of a diff, so much is kept; a note says what was cut."""


def gather(gpus: list[dict[str, Any]], *, command: bool, diff: bool) -> Record:
    """The environment of this process as a value to store: JSON, and the diff when asked for."""
    found: dict[str, Any] = {
        "cpu": {"name": _cpu_name(), "cores": os.cpu_count()},
        "memory_bytes": _memory_bytes(),
        "gpus": gpus,
        "packages": dict(_packages(tuple(map(_stamped, sys.path)))),
    }
    if command:
        found["command"] = redaction.arguments([Path(sys.executable).name, *sys.argv])
    folder = _code_folder()
    found["git"] = _git_of_a_moment(folder, int(time.monotonic() // FRESH_S))
    items = [Medium("application/json", {}, coerce.dumps(found).encode())]
    if diff and found["git"]:
        text = _git(folder, "diff", "HEAD", "--no-color", "--no-ext-diff", "--no-textconv") or ""
        kept = redaction.text(text, hashes=False).encode("utf-8", "backslashreplace")
        about = {"bytes": len(kept)} if len(kept) > DIFF_BYTES else {}
        items.append(Medium("text/x-diff", about, kept[:DIFF_BYTES]))
    return Record("environment", items)


@lru_cache(maxsize=4)
def _git_of_a_moment(folder: Path, moment: int) -> dict[str, Any] | None:
    """For a sweep, which begins a run every few milliseconds: git takes longer than all else of one."""
    return git(folder)


def git(folder: Path) -> dict[str, Any] | None:
    """Commit, branch and the number of changed files of the repository that holds `folder`; None outside of one."""
    said = _git(folder, "status", "--porcelain=v2", "--branch", "--untracked-files=no")
    if said is None:
        return None
    lines = said.splitlines()
    heads = dict(re.findall(r"^# branch\.(oid|head) (.*)$", said, re.MULTILINE))
    commit, branch = heads.get("oid", ""), heads.get("head", "")
    return {
        "commit": None if commit == "(initial)" else commit,
        "branch": None if branch == "(detached)" else branch,
        "changed": sum(1 for line in lines if not line.startswith("#")),
    }


def _stamped(folder: str) -> tuple[str, int]:
    """A folder, and when something in it was last added or taken away."""
    try:
        return folder, os.stat(folder or ".").st_mtime_ns
    except OSError:
        return folder, 0


@lru_cache(maxsize=2)
def _packages(stamped: tuple[tuple[str, int], ...]) -> dict[str, str]:
    return packages([folder for folder, _ in stamped])


def packages(folders: list[str]) -> dict[str, str]:
    """Version by name of what is installed, from the names of the folders that say so.

    Asking importlib.metadata reads a file for each: 200 ms for 150 packages, against 2.
    """
    found: dict[str, str] = {}
    for folder in folders:
        try:
            names = [
                entry.name for entry in os.scandir(folder or ".") if entry.name.endswith((".dist-info", ".egg-info"))
            ]
        except OSError:
            continue
        for name in names:
            parts = name.rsplit(".", 1)[0].split("-")
            if len(parts) >= 2:
                found.setdefault(re.sub(r"[-_.]+", "-", parts[0]).lower(), parts[1])
    return dict(sorted(found.items()))


def _code_folder() -> Path:
    script = Path(sys.argv[0]) if sys.argv and sys.argv[0] not in ("", "-c", "-m") else Path()
    return script.resolve().parent if script.is_file() else Path.cwd()


def _git(folder: Path, *words: str) -> str | None:
    """What git says; None where there is none, or it refuses, or takes too long."""
    # GIT_OPTIONAL_LOCKS: a look must not hinder the user's own git by the lock of the index.
    settings = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"}
    try:
        done = subprocess.run(  # noqa: S603 nothing of the arguments is from elsewhere
            ["git", "-C", str(folder), "-c", "core.fsmonitor=", *words],  # noqa: S607 the user's own git is meant
            capture_output=True, timeout=GIT_S, stdin=subprocess.DEVNULL, env=settings, check=False,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else None


@lru_cache(maxsize=1)
def _cpu_name() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _memory_bytes() -> int:
    import psutil

    return int(psutil.virtual_memory().total)
