"""What the tests of the tracker share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from visdom_pair import Pair
from window_client import Client

import tracker
from tracker.compat.visdom import Visdom
from tracker.compat.visdom.windows import Windows


@pytest.fixture
def run(logdir: Path) -> Iterator[tracker.Run]:
    """A run that is finished with its test."""
    with tracker.init(logdir=logdir, name="run", machine=False) as made:
        yield made


@pytest.fixture
def windows(logdir: Path) -> Iterator[Windows]:
    """What keeps the windows of Visdom's clients."""
    made = Windows(logdir)
    yield made
    made.close()


@pytest.fixture
def say(windows: Windows) -> Client:
    """One of those clients."""
    return Client(windows)


@pytest.fixture
def again(windows: Windows, logdir: Path) -> Iterator[Callable[[], Client]]:
    """Another server over the same logdir, after the first has ended."""
    made: list[Windows] = []

    def start() -> Client:
        windows.close()
        made.append(Windows(logdir))
        return Client(made[-1])

    yield start
    for each in made:
        each.close()


@pytest.fixture
def ours(tmp_path: Path) -> Pair:
    """Our Visdom, which writes what it would send."""
    return Pair(tmp_path, Visdom)
