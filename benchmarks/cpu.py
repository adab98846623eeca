"""Who uses the processors while something is measured."""

from __future__ import annotations

import time

import psutil

KINDS = (("--type=renderer", "page"), ("--type=gpu", "compositor"), ("chromium", "browser"), ("dashboard", "server"), ("spawn_main", "writers"))  # fmt: skip


class Shares:
    """Of each kind of process that this one has started, the share of a core since it was made."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.before = _used()

    def now(self) -> dict[str, float]:
        """Percent of one core, by kind; the largest first."""
        shares: dict[str, float] = {}
        for pid, (kind, seconds) in _used().items():
            shares[kind] = shares.get(kind, 0.0) + seconds - self.before.get(pid, (kind, 0.0))[1]
        took = time.monotonic() - self.began
        return {kind: 100 * used / took for kind, used in sorted(shares.items(), key=lambda each: -each[1])}


def _used() -> dict[int, tuple[str, float]]:
    found = {}
    for process in psutil.Process().children(recursive=True):
        try:
            words, times = " ".join(process.cmdline()), process.cpu_times()
        except psutil.Error:
            continue
        kind = next((kind for word, kind in KINDS if word in words), "others")
        found[process.pid] = (kind, times.user + times.system)
    return found
