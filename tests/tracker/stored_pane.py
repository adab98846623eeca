"""A pane, and its points, as they stand in the files of their run."""

from __future__ import annotations

from typing import Any

import tracker
from tracker.store.read.panes import StoredPane


def stored(run: Any, id: str, n: int | None = None) -> StoredPane:
    """A pane of it as it is read."""
    assert run.flush()
    return tracker.open(run.logdir).run(run.name).pane(id, n)


def points(run: Any, id: str, trace: str) -> list[tuple[float, float]]:
    """The points of a trace as a page has them: those from its start on."""
    (about,) = [each for each in stored(run, id).content["traces"] if each["name"] == trace]
    reading = tracker.open(run.logdir).run(run.name)
    y = reading.scalars(about["y"])
    x = reading.scalars(about["x"]).value if about["x"] else y.step - about["start"]
    kept = y.step >= about["start"]
    return list(zip(x[kept].tolist(), y.value[kept].tolist(), strict=True))
