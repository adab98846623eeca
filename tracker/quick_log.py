"""The common call of `log()`: numbers under tags seen before. A run has it, and so has the door to the current one.

Each line here is paid a hundred million times: what is called is no attribute of an instance (its look-up is not made
quick by the interpreter), and a number is neither packed nor copied here, but by who stores it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from operator import index
from typing import Any

PLAIN: dict[type, Callable[[Any], float]] = dict.fromkeys((float, int, bool), float)
"""What makes a float of them: types that are numbers by themselves, NumPy's among them once that is there. Others,
tensors foremost, are looked at first."""

EXACT = 1 << 53
"""Below it, whole numbers are float64s."""

_now = time.time


class Desk:
    """Where calls of `log()` find the inbox that takes them at the moment; whoever changes that, changes it here."""

    __slots__ = ("inbox",)

    def __init__(self) -> None:
        self.inbox: Any = NOWHERE


class Nowhere:
    """An inbox in which no tag was seen before: each call takes the careful way."""

    single: Mapping[str, int] = {}
    lanes: Mapping[tuple[str, ...], int] = {}


NOWHERE = Nowhere()


class QuickLog:
    """`log`, for what has a desk."""

    _desk: Desk

    def log(self, values: Mapping[str, Any], step: int | None = None, wall_time: float | None = None) -> None:
        """Logs values by tag at a step.

        Args:
            values: Numbers (Python's, NumPy's, one-element arrays and tensors of any framework), `Histogram`,
                `Image` and the other value types, lists of images; nested dictionaries join their keys with "/".
                Keys are texts, or numbers such as those of classes.
            step: Any whole number of 64 bits, in any order, as often as you like: all are kept. Left out, it is
                one more than the step of the call before.
            wall_time: Seconds since the epoch; now by default.

        Raises:
            TagError, StepError, LoggedTypeError, LoggedValueError: what was given cannot be logged; nothing of
                this call was.
        """
        # Whatever is unusual raises or falls through to `_log_carefully`.
        inbox = self._desk.inbox
        try:
            if wall_time is not None:
                return self._log_carefully(values, step, wall_time)
            if len(values) == 1:
                for tag in values:  # noqa: B007 the only one; to unpack it takes longer
                    break
                number = inbox.single[tag]
                value = values[tag]
                if type(value) is not float:
                    value = PLAIN[type(value)](value)
                if step is None:
                    step = inbox.next_step()
                if type(step) is not int or step >= 0x3FFF_FFFF or step < 0:
                    step = _whole(step)
                record = (number, _now(), step, value)
                pending = inbox.pending
                if len(pending) > inbox.long and not inbox.has_room(1):
                    return None
            else:
                tags = (*values,)
                number = inbox.lanes[tags]
                if step is None:
                    step = inbox.next_step()
                if type(step) is not int or step >= 0x3FFF_FFFF or step < 0:
                    step = _whole(step)
                record = (number, _now(), step, *values.values())
                # A sum is a float where all are Python's own numbers: asking each for its type takes twice as long.
                if type(sum(record)) is not float:
                    record = (*record[:3], *[PLAIN[type(value)](value) for value in record[3:]])
                if len(record) != len(tags) + 3:  # another thread adds to it
                    return self._log_carefully(values, step, wall_time)
                pending = inbox.pending
                if len(pending) > inbox.long and not inbox.has_room(len(tags)):
                    return None
            inbox.last_step = step
        except Exception:  # noqa: BLE001 the careful way says what was wrong, if anything was
            return self._log_carefully(values, step, wall_time)
        pending.append(record)
        if inbox.idle and not inbox.attend(record):  # the run was finished: this goes into another segment
            return self._log_carefully(values, record[2], record[1])
        return None

    def _log_carefully(self, values: Mapping[str, Any], step: int | None, wall_time: float | None) -> None:
        """`log`, for every value and every mistake."""
        raise NotImplementedError


def _whole(step: Any) -> int:
    place = index(step)
    if -EXACT < place < EXACT:
        return place
    raise OverflowError
