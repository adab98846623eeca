"""A database for the tests of this folder, with its tables."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
from steering import until

from tracker.postgres.opened import PgStore, opened


@pytest.fixture(scope="session")
def store(new_database: Callable[[str], str]) -> Iterator[PgStore]:
    """A database whose tables are made; each test takes another run's name."""
    made = opened(new_database("runs"), for_writing=True)
    yield made
    made.close()


@pytest.fixture(scope="session")
def address(store: PgStore) -> str:
    """Its address."""
    return store.engine.url.render_as_string(hide_password=False)


@pytest.fixture
def all_told() -> Callable[[], None]:
    """Waits until nobody has a run to tell of any more, from this test or one before."""
    return lambda: until(lambda: not any(each.name == "everystep-tell" for each in threading.enumerate()))
