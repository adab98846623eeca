"""What the tests of the tracker share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import tracker


@pytest.fixture
def run(logdir: Path) -> Iterator[tracker.Run]:
    """A run that is finished with its test."""
    with tracker.init(logdir=logdir, name="run", machine=False) as made:
        yield made
