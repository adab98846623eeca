"""A database for the tests of this folder: real, made anew for each process that tests, and gone with it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator

import postgres_cluster
import pytest
import sqlalchemy as sa

from tracker.postgres.opened import PgStore, opened


@pytest.fixture(scope="session")
def cluster() -> Iterator[postgres_cluster.Cluster]:
    """A server of our own, which tests may kill and start again."""
    if postgres_cluster.programs() is None:
        pytest.skip("needs PostgreSQL: apt-get install postgresql, or EVERYSTEP_POSTGRES=postgresql+psycopg://…")
    with postgres_cluster.cluster() as made:
        yield made


@pytest.fixture(scope="session")
def new_database(request: pytest.FixtureRequest) -> Iterator[Callable[[str], str]]:
    """Makes an empty database and gives its address: new_database("name"); those are dropped at the end."""
    server = postgres_cluster.URL or request.getfixturevalue("cluster").url("postgres")
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    made: list[str] = []

    def make(name: str) -> str:
        called = f"everystep_{name}_{os.getpid()}"
        with engine.connect() as connection:
            connection.execute(sa.text(f'CREATE DATABASE "{called}" TEMPLATE template0'))
        made.append(called)
        return engine.url.set(database=called).render_as_string(hide_password=False)

    yield make
    with contextlib.suppress(sa.exc.SQLAlchemyError), engine.connect() as connection:
        for called in made:
            connection.execute(sa.text(f'DROP DATABASE IF EXISTS "{called}" WITH (FORCE)'))
    engine.dispose()


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
