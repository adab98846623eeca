"""What tests of the dashboard share: a run that goes on, and a visitor of its server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

import tracker
from dashboard.server.application import create_app
from dashboard.server.settings import Settings


@pytest.fixture
def run(logdir: Path) -> Iterator[tracker.Run]:
    """A run that goes on."""
    with tracker.init(logdir=logdir, name="a", machine=False) as begun:
        begun.log({"loss": 1.0}, step=0)
        begun.flush()
        yield begun


@pytest.fixture
def client(logdir: Path, run: tracker.Run) -> Iterator[TestClient]:
    """A visitor; the server knows the run."""
    with TestClient(create_app(Settings(logdir)), base_url="http://127.0.0.1:6006") as made:
        made.get("/api/v1/runs")
        yield made
