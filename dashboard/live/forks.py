"""Forks: a run as a new one, whole by itself, with what the page knows of its panes."""

from __future__ import annotations

from pathlib import Path

from dashboard.live import pane_edits


def fork(root: Path, name: str, new: str) -> str:
    """Makes a run that is a copy of another, as `tracker.init(fork=…)` does, and ends at once; its name, which has a
    number behind it where `new` was taken.

    Raises:
        RunNotFoundError, RunNameError, LogdirError, OSError: as their names say.
    """
    from tracker.start import start

    with start(root, new, None, None, (), "", None, None, fork=name, machine=False, controls=False) as run:
        pass
    known = pane_edits.places(root / name)
    if known:
        pane_edits.move(run.folder, known)
    return run.name
