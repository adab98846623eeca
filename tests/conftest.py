"""What all tests share: where real data lie, and servers that end with the test that started them."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import patience
import pytest
from examples import WHOLE
from hypothesis import settings
from left_behind import LeftBehind
from one_point import log
from served import Served, serving, start_forked, start_viz
from training_process import Training, trainings

# A shell that starts us in the background has Ctrl-C ignored, which the processes of the tests would inherit.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# How long an example may take is not what these tests are about, and a busy machine would fail them.
# The examples of a plain run are the same each time, so that what it says is about the change that was made. It tries half
# as many as the whole profile, which a scheduled run takes. New ones
# are looked for by --hypothesis-profile=explore.
settings.register_profile("plain", deadline=None, derandomize=True, max_examples=WHOLE // 2)
settings.register_profile("whole", deadline=None, derandomize=True, max_examples=WHOLE)
settings.register_profile("explore", deadline=None, max_examples=1000)
settings.load_profile("plain")

# Nor is how long a disk may take that other tests keep busy.
patience.begin()

# One thread of arithmetic in each process, as each core has a worker already: others wait for theirs by spinning
# (three of the sample runs: 36 s of processor time on two busy cores, 7 with one).
os.environ.setdefault("OMP_NUM_THREADS", "1")

ROOT = Path(__file__).resolve().parent.parent
LEFT_BEHIND = pytest.StashKey[LeftBehind]()


@pytest.fixture(autouse=True)
def _the_same_numbers_each_time() -> None:
    """The generators that all of a process share begin anew with each test, whichever ran before it."""
    torch, ours = sys.modules.get("torch"), sys.modules.get("trainer")
    if torch is not None:
        torch.default_generator.manual_seed(0)
    if ours is not None:
        ours.manual_seed(0)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Files that other programs wrote; see `tests/README.md`. Skips for users who have only the project."""
    folder = Path(os.environ.get("EVERYSTEP_REAL_DATA") or ROOT.parent / "shared" / "real_data")
    if not folder.is_dir():
        pytest.skip("needs the collection of real data; set EVERYSTEP_REAL_DATA to its folder")
    return folder


@pytest.fixture
def logdir(tmp_path: Path) -> Path:
    """An empty logdir."""
    folder = tmp_path / "runs"
    folder.mkdir()
    return folder


@pytest.fixture(scope="session")
def fill(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path, Callable[[Path], None]], None]:
    """Fills a logdir with what a function logs: fill(logdir, log). It logs once, and others get a copy of its files."""
    logged: dict[Callable[[Path], None], Path] = {}

    def filled(logdir: Path, log: Callable[[Path], None]) -> None:
        if log not in logged:
            logged[log] = tmp_path_factory.mktemp("logged")
            log(logged[log])
        shutil.copytree(logged[log], logdir, dirs_exist_ok=True)

    return filled


@pytest.fixture
def figure(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Prints a measured figure at the end of the run: figure("log to drawn: p95 61 ms"). Never an assertion."""
    return lambda line: record_property("figure", line)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The figures that tests measured on the way, whichever process ran them."""
    reports = [report for kind in ("passed", "failed") for report in terminalreporter.stats.get(kind, [])]
    figures = [line for report in reports for name, line in report.user_properties if name == "figure"]
    if figures:
        terminalreporter.section("figures")
        for line in figures:
            terminalreporter.line(line)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Notes what a test begins itself, beside its fixtures."""
    item.stash[LEFT_BEHIND] = LeftBehind()
    with item.stash[LEFT_BEHIND].noting():
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    """Ends what it did not."""
    try:
        return (yield)
    finally:
        if LEFT_BEHIND in item.stash:
            item.stash[LEFT_BEHIND].end()
            del item.stash[LEFT_BEHIND]


@pytest.fixture
def serve() -> Iterator[Callable[..., Served]]:
    """Starts `viz serve` (or another subcommand) on a free port: serve(logdir, "--no-token", command="demo")."""
    with serving(start_forked) as start:
        yield start


@pytest.fixture
def serve_as_users_do() -> Iterator[Callable[..., Served]]:
    """Starts servers by the command itself."""
    with serving(start_viz) as start:
        yield start


@pytest.fixture
def train() -> Iterator[Callable[..., Training]]:
    """Starts a training of a few lines of Python: train(code, *words). Ended with the test."""
    with trainings(Training.begun) as begin:
        yield begin


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """Runs outside the logdir that links lead to: a, and below a folder b."""
    root = tmp_path / "elsewhere"
    log(root, "a")
    log(root, "b/c")
    return root


@pytest.fixture
def own_runs(tmp_path: Path) -> Path:
    """A logdir with a run of its own, called own."""
    root = tmp_path / "runs"
    log(root, "own")
    return root


@pytest.fixture(scope="session")
def cluster() -> Iterator[Any]:
    """A PostgreSQL of our own, real, made anew for each process that tests; tests may kill it and start it again."""
    import postgres_cluster  # knows users as POSIX has them

    if postgres_cluster.programs() is None:
        pytest.skip("needs PostgreSQL: apt-get install postgresql, or EVERYSTEP_POSTGRES=postgresql+psycopg://…")
    with postgres_cluster.cluster() as made:
        yield made


@pytest.fixture(scope="session")
def new_database(request: pytest.FixtureRequest) -> Iterator[Callable[[str], str]]:
    """Makes an empty database and gives its address: new_database("name"); those are dropped at the end."""
    import postgres_cluster
    import sqlalchemy as sa

    server = postgres_cluster.URL or request.getfixturevalue("cluster").url("postgres")
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    made: list[str] = []

    def make(name: str) -> str:
        called = f"everystep_{name}_{os.getpid()}_{len(made)}"
        with engine.connect() as connection:
            connection.execute(sa.text(f'CREATE DATABASE "{called}" TEMPLATE template0'))
        made.append(called)
        return engine.url.set(database=called).render_as_string(hide_password=False)

    yield make
    with contextlib.suppress(sa.exc.SQLAlchemyError), engine.connect() as connection:
        for called in made:
            connection.execute(sa.text(f'DROP DATABASE IF EXISTS "{called}" WITH (FORCE)'))
    engine.dispose()
