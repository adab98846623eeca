"""A notebook's cell shows the dashboard, or one chart, from a server of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import tracker
from dashboard import notebook


@pytest.fixture(autouse=True)
def no_server_stays() -> Iterator[None]:
    """What a cell started ends with the test."""
    yield
    notebook.stop()


def test_a_cell_shows_one_chart_live(logdir: Path, page: Any, until: Callable[..., Any]) -> None:
    """Framed as a notebook frames it; the same server for the next cell."""
    run = tracker.init(logdir=logdir, name="a")
    run.log({"loss": 1.0, "other": 2.0}, step=0)
    run.flush()
    shown = notebook.show(logdir, tag="loss", smooth=0)
    assert notebook.show(logdir).address.split("?")[0] == shown.address.split("?")[0]
    assert shown._repr_html_().count("<iframe") == 1
    page.goto(shown.address)
    until(page, "viz.ready")
    assert [card.get_attribute("aria-label") for card in page.query_selector_all(".card")] == ["loss"]
    assert not page.is_visible(".bar")
    run.log({"loss": 3.0}, step=1)
    until(page, "viz.lines(JSON.stringify(['loss']))[0].mean.at(-1) === 3")
    run.finish()


def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    """A file is no logdir."""
    (tmp_path / "file").write_text("x")
    with pytest.raises((RuntimeError, OSError)):
        notebook.show(tmp_path / "file")
