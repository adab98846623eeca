"""Whatever lies in a logdir, no method of a run changes anything; one that is added and not asked here fails the test."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import pytest
from canaries import ALL, Harm, World, some
from every_kind import PANES, TAGS

import tracker
from tracker.store.read.run import StoredRun

METHODS: dict[str, list[tuple[Any, ...]]] = {
    "segments": [()], "problems": [()], "tags": [(), ("scalar",)], "scalars": [("train/loss",)], "envelope": [("train/loss", 100)],
    "histograms": [("weights",)], "media": [(kind, tag) for kind, tag in TAGS.items() if kind not in ("scalar", "histogram")],
    "media_steps": [("image", "picture")], "images": [("picture",)], "audio": [("sound",)], "videos": [("film",)], "text": [("words",)],
    "tables": [("cells",)], "figures": [("plot",)], "pr_curves": [("quality",)], "embedding": [("points",)], "meshes": [("surface",)],
    "layout": [("pages",)], "confusions": [("matrix",)], "graph": [()], "profile": [()], "environment": [()], "console": [()], "marks": [()],
    "blob": [("0" * 32,)], "held": [()], "panes": [()], "pane": [(PANES[0],), (PANES[2], 1)],
    "commands": [()], "controls": [()], "models": [()], "model": [("mine",), ("mine", 3)], "findings": [()],
}  # fmt: skip
PROPERTIES = {"status", "config", "started"}


def test_no_method_of_a_run_changes_anything(tmp_path: Path, base: Path) -> None:
    """Of some hostile runs."""
    public = {name for name in dir(StoredRun) if not name.startswith("_")}
    assert public == {*METHODS, *PROPERTIES}
    ask_methods(tmp_path, base, some(2, 4))


@pytest.mark.long
def test_no_method_of_a_run_changes_anything_of_any(tmp_path: Path, base: Path) -> None:
    """Of all."""
    ask_methods(tmp_path, base, ALL)


def ask_methods(root: Path, base: Path, harms: dict[str, Harm]) -> None:
    """Every one, of each run."""
    with World(root, base, harms).lived_in() as world, world.unchanged("tracker.open", inside=True):
        store = tracker.open("runs")
        for run in store.runs():
            for name, calls in METHODS.items():
                for arguments in calls:
                    with contextlib.suppress(tracker.errors.TrackerError, FileNotFoundError):
                        found = getattr(run, name)(*arguments)
                        for item in found if name == "media" else ():
                            item.data
                        if name == "pane":
                            found.content
            for name in PROPERTIES:
                getattr(run, name)
        with contextlib.suppress(ImportError, tracker.errors.TrackerError):
            store.to_pandas()
