"""Who writes a segment, and whether that process still lives.

`status` in the file says what a process had time to say. One that was killed says nothing, so that a
reader looks: on the same machine at the process itself, from another machine at the age of its heartbeat.
"""

from __future__ import annotations

import os
import platform
from functools import lru_cache
from typing import NamedTuple

HEARTBEAT_S = 5.0
"""How often a writer with nothing else to say says that it lives."""

SILENCE_S = 60.0
"""A writer on another machine that has been silent for this long is taken for dead; if it was only asleep,
its next heartbeat makes it live again."""


class Writer(NamedTuple):
    """A process, so that no other one is taken for it: pids are used again, and containers share them."""

    host: str
    machine: str
    pid: int
    pid_started: str


def this_process() -> Writer:
    """The process that asks."""
    started = _process_started(os.getpid())
    # Where it cannot be told when it began (no descriptor left), nobody may look for it: its heartbeat decides.
    return Writer(_host(), _machine_of(os.getpid()) if started else "", os.getpid(), started)


def is_alive(writer: Writer, heartbeat: float, now: float) -> bool:
    """Whether the process that wrote a segment still runs.

    Args:
        writer: What its file says of it.
        heartbeat: Wall time of its last sign of life.
        now: The reader's wall time. A heartbeat from the future (a clock that jumped) counts as fresh.
    """
    if writer.machine and writer.machine == _machine_of(os.getpid()) and writer.host == _host():
        started = _process_started(writer.pid)
        return bool(started) and started == writer.pid_started
    return now - heartbeat < SILENCE_S


def _host() -> str:
    """The name of this machine, as `socket.gethostname` says it: without that module, which a reader would wait for."""
    return os.uname().nodename if hasattr(os, "uname") else platform.node()


@lru_cache(maxsize=1)
def _machine_of(_: int) -> str:
    """What the asking process's number is counted within: this boot of this machine, and this container.

    Empty where unknown. Asked once a process, for it cannot change, and a look at 200 runs asks 200 times.
    """
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            boot = file.read().strip()
        return f"{boot}/{os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return "" if platform.system() == "Linux" else platform.node()


def _process_started(pid: int) -> str:
    """When a process began, in the system's own ticks; empty when there is no such process (or it is a zombie)."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()
    except OSError:
        if platform.system() == "Linux":
            return ""
        # Elsewhere only that the number is in use can be asked without another package.
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return ""
        except PermissionError:
            return "unknown"
        return "unknown"
    return "" if fields[0] in "ZX" else fields[19]
