"""What a fork server imports once for all the writers that are forked from it: a child of its own takes half a second to."""

from __future__ import annotations

WRITER = [
    "numpy", "psutil", "pytest", "sqlalchemy.dialects.sqlite", "tracker.machine.environment", "tracker.machine.sampler",
    "tracker.run", "tracker.start", "tracker.store.read.reader", "tracker.store.write.writer", "tracker.values.histogram",
]  # fmt: skip
"""`import tracker` alone imports what it needs at the first use, which would be in each child."""
