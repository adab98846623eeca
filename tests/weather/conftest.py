"""Weather: processes that are killed, disks that fill, forks at the wrong moment. Real ones; nothing is mocked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder is weather."""
    for item in items:
        if "weather" in item.path.parts:
            item.add_marker(pytest.mark.weather)


@pytest.fixture
def victim(tmp_path: Path) -> Iterator[Path]:
    """A file of the user's outside the logdir, which is there afterwards."""
    made = tmp_path / "home" / "thesis.tex"
    made.parent.mkdir()
    made.write_text("years of work")
    yield made
    assert made.read_text() == "years of work"


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with a value of every kind, to be copied and harmed."""
    from canaries import run_of_every_kind

    return run_of_every_kind(tmp_path_factory.mktemp("base"))
