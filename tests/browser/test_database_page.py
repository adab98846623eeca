"""The page over a PostgreSQL database: what is there is drawn, and what comes later appears by itself."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import postgres_cluster
import pytest

import tracker
from tracker.postgres.opened import opened
from tracker.ship.database import Database
from tracker.ship.shipper import Shipper

DRAWN = "(viz.drawn('train/loss').a?.step.length ?? 0)"

_numbers = itertools.count()


@pytest.fixture
def ship(new_database: Callable[[str], str], logdir: Path) -> Any:
    """Brings what is logged so far into a database; its address is `ship.address`."""
    address = new_database(f"page{next(_numbers)}")
    opened(address, for_writing=True)

    def act() -> None:
        with contextlib.closing(Database(address)) as database:
            assert Shipper(logdir, database).run(once=True).trouble is None

    act.address = address  # type: ignore[attr-defined]
    return act


def test_a_curve_is_drawn_and_new_points_arrive(
    ship: Any, logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any], tmp_path: Path
) -> None:
    """Also those of a run that begins later, and, once PostgreSQL was killed and began again, those that come then."""
    served = serve(tmp_path / "none", "--logdir", ship.address)
    page.goto(served.address)
    until(page, "viz.ready")
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        for step in range(1100):
            run.log({"train/loss": 1 / (step + 1)}, step=step)
        run.flush()
        ship()
        until(page, f"{DRAWN} === 1100")
        for step in range(1100, 1103):
            run.log({"train/loss": 0.5}, step=step)
            run.flush()
            ship()
            until(page, f"{DRAWN} === {step + 1}")
        assert page.evaluate("document.querySelector('.run .status').dataset.status") == "running"
    ship()
    until(page, "document.querySelector('.run .status').dataset.status === 'finished'")
    drawn = page.evaluate("viz.drawn('train/loss').a")
    points = tracker.open(logdir).run("a").scalars("train/loss")
    assert (drawn["step"], drawn["value"]) == (points.step.tolist(), points.value.tolist())


def test_histograms_and_media_are_shown(
    ship: Any, logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any], tmp_path: Path
) -> None:
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        for step in range(3):
            run.log({"w": tracker.Histogram(np.arange(9.0)), "seen": tracker.Image(np.eye(4))}, step=step)
    ship()
    served = serve(tmp_path / "none", "--logdir", ship.address, "--no-token")
    page.goto(f"{served.base}/?p=media")
    until(page, "viz.ready && document.querySelectorAll('.picture').length > 0")
    page.goto(f"{served.base}/?p=distributions")
    until(page, "window.viz?.ready && document.querySelectorAll('canvas').length > 0")
    assert page.evaluate("fetch('api/v1/runs').then((answer) => answer.json()).then((all) => all.runs.length)") == 1


def test_it_is_live_again_after_postgresql_was_killed(
    ship: Any,
    logdir: Path,
    serve: Callable[..., Any],
    page: Any,
    until: Callable[..., Any],
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    if postgres_cluster.URL is not None:
        pytest.skip("needs a server of our own")
    server = request.getfixturevalue("cluster")
    page.excuse("the server responded with a status of 5")
    served = serve(tmp_path / "none", "--logdir", ship.address)
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        run.log({"train/loss": 1.0}, step=0)
        run.log({"train/loss": 1.0}, step=1)
        run.flush()
        ship()
        page.goto(served.address)
        until(page, f"viz.ready && {DRAWN} === 2")
        server.kill()
        server.start()
        run.log({"train/loss": 0.5}, step=2)
        run.flush()
        ship()
        until(page, f"{DRAWN} === 3")
