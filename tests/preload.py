"""What processes that fork import once for all that are forked from them: a child of its own takes half a second to."""

from __future__ import annotations

WRITER = [
    "numpy", "psutil", "pytest", "sqlalchemy.dialects.sqlite", "tracker.machine.environment", "tracker.machine.sampler",
    "tracker.run", "tracker.start", "tracker.store.read.reader", "tracker.store.write.writer", "tracker.values.histogram",
]  # fmt: skip
"""`import tracker` alone imports what it needs at the first use, which would be in each child."""

SERVER = [
    "dashboard.commands.own_detectors", "dashboard.commands.serve", "dashboard.server.interface", "dashboard.server.listen",
    "tracker.store.read.training_points", "tracker.store.write.page_file", "uvicorn.lifespan.on", "uvicorn.loops.auto",
]  # fmt: skip
"""And a server what it needs to be asked, to look for findings, and to show the page."""
