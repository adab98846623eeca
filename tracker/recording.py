"""Recording: what stores a run in this process, from its first value until the last one is on disk.

A `Run` is the user's handle and may be forgotten at any moment; a recording may not. The process holds it until what it
has accepted is stored, and a handle that is collected only says so: the rest is done by the recording's own threads.
"""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tracker import process
from tracker.controls.watch import WATCH
from tracker.machine.console import Console
from tracker.machine.sampler import Sampler
from tracker.store.write import writer as writers
from tracker.store.write.appender import Birth
from tracker.store.write.gate import Gate
from tracker.store.write.inbox import Inbox, SealedError
from tracker.store.write.writer import Writer
from tracker.values.value import Value
from tracker.worker_thread import is_ours, started

if TYPE_CHECKING:
    from tracker.landscape.worker import Landscape

_now = time.time


class Recording:
    """A segment being written, and what is read beside it: the machine, the console, landscapes.

    Args:
        folder: The run's.
        birth: What the segment says of itself.
        last_step: Where the loop stands.

    Attributes:
        name: The run's.
        is_open: Whether it takes values: it has not ended, and is of this process.
        is_foreign: In a forked child: it is the parent's.
        ending: (status, ending) of a run that is dropped, or open at the end of the process: as was said before, of
            one that goes on after it was finished.
    """

    def __init__(self, folder: Path, birth: Birth, last_step: int) -> None:
        self.name = birth.run
        self.folder = folder
        self.birth = birth
        self.inbox = Inbox(last_step)
        self.writer = Writer(folder, birth, self.inbox, self._let_go)
        self.gate = Gate(self.inbox, self.writer)
        self.is_open = True
        self.is_foreign = False
        self.is_late = False
        self.ending: tuple[str, str | None] = ("finished", None)
        self.passing_on = threading.RLock()
        """Held by whoever begins the recording that follows this one."""
        self.landscapes: list[Landscape] = []
        self.sampler: Sampler | None = None
        self.console: Console | None = None
        self._ending = threading.RLock()
        self._is_ending = False
        self._handle: weakref.ref[Any] | None = None

    def begin(self, handle: Any) -> None:
        """Starts to store what `handle`, a run, logs; once that is collected, ends."""
        # Called within a garbage collection, at any line of anybody's: see `Writer.drop`.
        self._handle = weakref.ref(handle, lambda _: self.writer.drop())
        process.add(self)
        if process.is_over():
            self.is_late = True
            self.writer.start_late(*process.ending_of(self, self.ending))
        else:
            self.writer.start()

    @property
    def handle(self) -> Any:
        """The run that logs here; None once it was collected."""
        return None if self._handle is None else self._handle()

    def watch(self, interval: float | None, *, console: bool, command: bool, diff: bool) -> None:
        """As `Run.watch`."""
        rank = self.birth.rank
        if interval is not None:
            self.sampler = Sampler(self.observe, self.folder, interval, rank, command, diff)
            self.sampler.start()
        if console:
            self.console = Console(self.observe, "console" if rank is None else f"rank{rank}")
            self.console.start()

    def add(self, numbers: dict[str, float], others: list[tuple[str, Value]], step: int, wall_time: float) -> None:
        """Takes what one call logged, and moves to its step.

        Raises:
            SealedError: as `Gate.add`.
        """
        self.inbox.last_step = step
        self.gate.add(numbers, others, step, wall_time)

    def observe(self, values: Mapping[str, float | Value], step: int | None = None) -> None:
        """Takes what is not of the loop, from any thread: at the step where it stands by default, without moving it."""
        numbers = {tag: value for tag, value in values.items() if not isinstance(value, Value)}
        others = [(tag, value) for tag, value in values.items() if isinstance(value, Value)]
        try:
            self.gate.add(numbers, others, max(self.inbox.last_step, 0) if step is None else step, _now())
        except SealedError:
            return  # the run ended in this moment: a reading of the machine more or less

    # --- the end -------------------------------------------------------------------------------------

    def finish(self, status: str, ending: str | None) -> None:
        """Stores what is left; returns within 5 s whatever the disk does, landscapes aside. Can be called twice."""
        if not self.is_open:
            return
        if is_ours():
            # A finalizer, run by a collection on one of our threads: to wait here could be to wait for ourselves.
            self.ending = (status, ending)
            self.writer.drop()
            return
        self.end(status, ending)
        if not self.is_open and not self.writer.wait_closed(writers.FINISH_S):
            writers.logger.warning(
                "tracker: run %s could not be stored to its end in time (%s); tried again while this process lives: %s",
                self.name, self.writer.trouble or "the disk is slow", told(self.writer.waiting()),
            )  # fmt: skip

    def end(self, status: str, ending: str | None) -> None:
        """Takes nothing more and has the rest stored, without waiting for that. Landscapes are waited for."""
        with self._ending:
            if self._is_ending:
                return  # it ended, or this is a finalizer in the middle of that
            self._is_ending = True
            try:
                if self.landscapes:
                    from tracker.landscape.worker import end

                    end(self.landscapes, cancel=status != "finished")
                if self.sampler is not None:
                    self.sampler.stop()
                if self.console is not None:
                    self.console.stop()
                self.writer.seal()
            except BaseException:  # Ctrl-C: the end of the process tries again
                self._is_ending = False
                raise
            self.ending = (status, ending)
            self.is_open = False
            WATCH.let_go()
            self.writer.close(status, ending)

    def hurry(self) -> None:
        """The end is near: what takes a while to stop is told so."""
        if self.sampler is not None:
            self.sampler.ask_to_stop()

    def give_up(self) -> None:
        """At the end of the process: says how much the disk did not take, here and, where it can be, in the file."""
        lost = self.writer.surrender(writers.LAST_S)
        if not self.writer.closed:
            writers.logger.warning(
                "tracker: run %s ended (%s); lost: %s",
                self.name, self.writer.trouble or "the disk stands still", told(lost),
            )  # fmt: skip

    def _let_go(self) -> None:
        """On the writer's thread, which goes on storing: nobody holds the run any more."""
        if self.sampler is None and self.console is None and not self.landscapes:
            self.end(*self.ending)
        else:
            started(lambda: self.end(*self.ending), "end")

    def leave_to_parent(self) -> None:
        """In a forked child: what waited is the parent's to store, and its file is the parent's alone."""
        self.is_open, self.is_foreign = False, True
        self.passing_on = threading.RLock()
        self._ending = threading.RLock()
        self.writer.abandon()
        self.sampler = None  # its thread is the parent's; the machine is the same
        if self.console is not None:
            self.console.leave_to_parent()
            self.console = None
        self.landscapes = []  # computed there


def told(counts: Mapping[str, int]) -> str:
    """Counts by kind in words."""
    return ", ".join(f"{count:,} {kind}s" for kind, count in counts.items() if count) or "nothing"
