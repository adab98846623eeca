"""Keeps Python's collector of circles away while thousands of lists are made at once, none of them in a circle.

Measured: a graph of 9,769 nodes takes 0.17 s instead of 0.35 s beside the hundred thousand objects of Dash, a trace
of 67,781 events 0.6 s instead of 1.0.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator


@contextlib.contextmanager
def not_collecting() -> Iterator[None]:
    """The collector is off within, and as it was after."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
