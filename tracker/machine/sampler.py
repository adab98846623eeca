"""Sampler: the thread that reads the machine now and then, beside the training and never in its way."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from tracker.errors import LoggedValueError, message
from tracker.machine import environment, gpus
from tracker.machine.meter import PREFIX, Meter
from tracker.values.value import Value
from tracker.worker_thread import Worker

logger = logging.getLogger("tracker")

INTERVAL_S = 10.0
"""Between two readings, as users of W&B and Trackio know it: a day is 8,640 points a curve."""

SHORTEST_S = 0.1
SETTLED_S = 0.05
"""After which a run begins to be measured: a sweep may begin and end one every few milliseconds."""

STOP_S = 0.4
"""What the end of a run waits for what is under way, such as git in a huge repository."""

Observe = Callable[[Mapping[str, float | Value]], None]


class Sampler:
    """Reads the machine until it is stopped.

    Args:
        observe: Takes what was found.
        folder: The run's folder.
        interval: Seconds between two readings.
        rank: The process's place in a distributed training: its curves are then `machine/rank3/…`.
        command: Keep the command line, redacted.
        diff: Keep what differs from the git commit, redacted.
    """

    def __init__(
        self, observe: Observe, folder: Path, interval: float, rank: int | None, command: bool, diff: bool
    ) -> None:
        # Here, for 10 ms of the caller's: a thread that is forked away or interrupted within an import leaves its lock
        # held in the child, and the interpreter in doubt about what ended it.
        with contextlib.suppress(ImportError, OSError):
            import psutil  # noqa: F401
        with contextlib.suppress(OSError):
            gpus.driver()

        self._observe = observe
        self._folder = folder
        self._interval = interval
        self._prefix = PREFIX if rank is None else f"{PREFIX}rank{rank}/"
        self._name = "environment" if rank is None else f"rank{rank}"
        self._command, self._diff = command, diff
        self._stopped = threading.Event()
        self._thread = Worker(self._run, "machine")

    def start(self) -> None:
        """Starts the thread; where none can be started, the machine is not sampled."""
        try:
            self._thread.start()
        except RuntimeError as error:
            logger.warning("tracker: the machine is not sampled: no thread can be started (%s)", error)

    def ask_to_stop(self) -> None:
        """Ends it soon."""
        self._stopped.set()

    def stop(self) -> None:
        """Ends it; a reading that is under way is waited for, but not for long."""
        self.ask_to_stop()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(STOP_S)

    def _run(self) -> None:
        own: gpus.Gpus | None = None
        meter: Meter | None = None
        said = False
        due = began = time.monotonic()
        try:
            while not self._stopped.wait(max(0.0, due - time.monotonic())):
                due = max(due + self._interval, time.monotonic())  # a machine that slept does not catch up
                try:
                    own = own or gpus.Gpus()
                    if not said:
                        about = environment.gather(own.describe(), command=self._command, diff=self._diff)
                        self._observe({self._name: about})
                        said, due = True, time.monotonic() + SETTLED_S
                        continue
                    if meter is None:
                        meter = Meter(self._folder, own)
                        due = max(began + self._interval, time.monotonic())
                        continue
                    found = meter.read()
                except (OSError, ImportError) as error:  # no descriptor left: the next reading may find one
                    logger.info("tracker: a reading of the machine is left out: %s", error)
                    continue
                self._observe({self._prefix + tag[len(PREFIX) :]: value for tag, value in found.items()})
        except Exception as error:  # noqa: BLE001 an odd system must not cost a training its log
            logger.warning("tracker: the machine is not sampled any more: %s", error)
        finally:
            if own is not None:
                own.close()


def interval_of(machine: bool | float) -> float | None:
    """Seconds between two readings, from what `tracker.init(machine=…)` was given; None for none at all.

    Raises:
        LoggedValueError: neither True, False nor a length of time.
    """
    if isinstance(machine, bool):
        return INTERVAL_S if machine else None
    if isinstance(machine, (int, float)) and SHORTEST_S <= machine < float("inf"):
        return float(machine)
    raise LoggedValueError(
        message(
            "machine says how often the machine is sampled.",
            expected=f"True (every {INTERVAL_S:.0f} s), False, or seconds, at least {SHORTEST_S}",
            got=repr(machine)[:120],
        )
    )
