"""Layouts: kept as they were said, refused when they say nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import tracker
from tracker.errors import LoggedValueError


def test_a_layout_comes_back_and_the_newest_counts(logdir: Path) -> None:
    """What was said last stands."""
    charts = {"loss": {"both": ("Multiline", ["train/.*", "val/loss"]), "band": ["Margin", ("a", "b", "c")]}}
    with tracker.init(logdir=logdir, name="run") as run:
        run.log({"layout": tracker.Layout({"old": {"x": ["Multiline", ["y"]]}})}, step=0)
        run.log({"layout": tracker.Layout(charts)}, step=1)
    found = tracker.open(logdir).run("run").layout("layout")
    assert found == {"loss": {"both": ["Multiline", ["train/.*", "val/loss"]], "band": ["Margin", ["a", "b", "c"]]}}


@pytest.mark.parametrize(
    "charts",
    [
        [],
        {"a": []},
        {"a": {"b": ["Pie", ["x"]]}},
        {"a": {"b": ["Margin", ["x", "y"]]}},
        {"a": {"b": ["Multiline", []]}},
        {"a": {"b": ["Multiline", "x"]}},
        {"a": {"b": ["Multiline", [1]]}},
    ],
)
def test_what_is_no_layout_is_refused(charts: Any) -> None:
    """On the caller's line."""
    with pytest.raises(LoggedValueError, match="Layout"):
        tracker.Layout(charts)
