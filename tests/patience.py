"""What a machine and a disk that are busy with other things are given by tests that are about something else.

A run waits for its disk for some seconds, and a training goes on when those are over: it is stored later, or what was
asked of it is refused. Beside tests that sync a database all the time a disk that is well takes as long now and then.
"""

from __future__ import annotations

PATIENCE_S = 60.0


def begin() -> None:
    """Of the runs of this process, from here on."""
    from tracker.controls import applier
    from tracker.store.write import writer

    writer.BEGIN_S = writer.FINISH_S = applier.RECEIPT_S = PATIENCE_S
