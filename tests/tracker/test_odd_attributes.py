"""What a value says of itself may be anything, in a file that anybody may have made: it costs the value, or nothing."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import every_kind
import pytest
from forged import alter

import tracker
from tracker.errors import DamagedBytesError, StoreError
from tracker.foreign.exporter import export_events
from tracker.store.read.left_out import LeftOut
from tracker.store.read.run import StoredRun

ODD: list[Any] = [
    {}, {"auc": 0.5}, {"ap": "x", "auc": []}, {"part": []}, {"part": {}}, {"part": "vertices", "classes": 7}, {"classes": {"a": 1}},
    {"classes": ["only one"]}, {"width": "x", "height": [], "sample_rate": {}, "channels": None, "frames": -1}, {"width": 1e300},
    {"belongs": {}}, {"table": "x", "session": [], "plugin": {}, "config": []}, {"masks": 3, "boxes": {"a": []}, "caption": []},
]  # fmt: skip


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    logdir = tmp_path_factory.mktemp("good")
    every_kind.every_kind(logdir)
    return logdir / every_kind.RUN


def questions(run: StoredRun) -> dict[str, Callable[[], Any]]:
    """All that can be asked of what a run holds besides numbers."""
    tags = every_kind.TAGS
    asked: dict[str, Callable[[], Any]] = {
        "pr_curves": lambda: run.pr_curves(tags["pr_curve"]),
        "confusions": lambda: run.confusions(tags["confusion"]),
        "embedding": lambda: run.embedding(tags["embedding"]),
        "meshes": lambda: run.meshes(tags["mesh"]),
        "layout": lambda: run.layout(tags["layout"]),
        "graph": run.graph,
        "profile": run.profile,
        "console": run.console,
        "environment": run.environment,
        "marks": run.marks,
        "table": lambda: [item.table for item in run.tables(tags["table"])],
        "figure": lambda: [item.json for item in run.figures(tags["figure"])],
    }
    return asked


def forged(good: Path, tmp_path: Path, *statements: str) -> StoredRun:
    """A copy of the good run that says something else, with checksums that are right."""
    (path,) = good.glob("*.sqlite")
    (tmp_path / "run").mkdir()
    made = tmp_path / "run" / path.name
    made.write_bytes(path.read_bytes())
    for statement in statements:
        alter(made, statement)
    return StoredRun("run", made.parent)


@pytest.mark.parametrize("odd", ODD, ids=range(len(ODD)))
def test_odd_attributes_cost_no_more_than_their_value(good: Path, tmp_path: Path, odd: Any) -> None:
    """Every reader answers, or says in the store's own words that the value is damaged; so does an export."""
    run = forged(
        good, tmp_path, *(f"UPDATE {table} SET attributes='{json.dumps(odd)}'" for table in ("media", "marks"))
    )
    for question in questions(run).values():
        with contextlib.suppress(DamagedBytesError, StoreError):
            question()
    assert export_events(run, tmp_path / "out", LeftOut()) > 2500


def test_curves_without_their_areas_have_them_of_their_counts(good: Path, tmp_path: Path) -> None:
    """One area without the other raised KeyError: 'ap'."""
    half = "json_remove(json_set(attributes, '$.auc', 'x'), '$.ap')"
    run = forged(
        good, tmp_path, f"UPDATE media SET attributes={half} WHERE json_extract(attributes, '$.auc') IS NOT NULL"
    )
    found = run.pr_curves(every_kind.TAGS["pr_curve"])
    assert [(curve.step, round(curve.auc or 0, 1), round(curve.ap or 0, 1)) for curve in found] == [
        (3, 1, 1),
        (7, 1, 1),
    ]


@pytest.mark.parametrize(
    "data", [b"", b"[]", b'{"columns": 3}', b'{"columns": [{"name": [], "kind": 1, "values": 2}]}']
)
def test_a_table_that_is_none_says_so(tmp_path: Path, data: bytes) -> None:
    """Whatever stands where its columns should."""
    import zlib

    with tracker.init(logdir=tmp_path, name="run", machine=False) as logged:
        logged.log({"cells": tracker.Table({"a": [1]})}, step=0)
    every_kind.replace_blobs(tmp_path / "run", zlib.compress(data))
    (item,) = tracker.open(tmp_path).run("run").tables("cells")
    with pytest.raises(DamagedBytesError, match="damaged"):
        item.table
