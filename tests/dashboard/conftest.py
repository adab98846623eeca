"""What tests of the dashboard share: a run that goes on, a visitor of its server, and one who asks a server of its own process."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from asking import Asker
from every_kind import every_kind
from served import serving, start_forked
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


@pytest.fixture(scope="module")
def asker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asker]:
    """Asks a server of its own process, over a logdir with good runs; warm, so that imports are not counted."""
    folder = tmp_path_factory.mktemp("bounds") / "runs"
    folder.mkdir()
    every_kind(folder)
    with serving(start_forked) as serve:
        served = serve(folder, "--no-token")
        served.logdir = folder
        made = Asker(served)
        run = "deep/run"
        for target in ("graph/overview?run=" + run, "embedding?tag=points&run=" + run, "profiles?run=" + run, "runs"):
            assert made.get(f"/api/v1/{target}").status == 200
        digest = json.loads(made.get(f"/api/v1/profiles?run={run}").body)["profiles"][0]["hash"]
        assert made.get(f"/api/v1/profile?run={run}&hash={digest}").status == 200
        yield made
