"""A run that is read out of a database is the run that is read out of its files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa
from carrying import carry_run
from every_kind import PANES, RUN, TAGS, every_kind
from examples import examples
from hypothesis import given
from hypothesis import strategies as st

import tracker
from tracker.errors import DamagedBytesError, LogdirError, NewerSchemaError, RunNotFoundError, SeriesNotFoundError
from tracker.postgres.opened import PgStore
from tracker.store.read.panes import StoredPane
from tracker.store.read.run import StoredRun


def _same(one: Any, other: Any) -> None:
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.fixture(scope="module")
def both(store: PgStore, address: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[StoredRun, StoredRun]:
    """A run of every kind, in its files and in the database."""
    root = tmp_path_factory.mktemp("every")
    every_kind(root)
    carry_run(root / RUN, store, "every/kind")
    return tracker.open(root).run(RUN), tracker.open(address).run("every/kind")


@pytest.fixture(scope="module")
def long(store: PgStore, address: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[StoredRun, StoredRun]:
    """A run of two segments with a rewind between them, whose curves have stretches, nodes and fresh points."""
    root = tmp_path_factory.mktemp("long")
    random = np.random.default_rng(3)
    for first, count in ((0, 36_000), (20_000, 4_000)):
        again = {"resume": "must", "step": first} if first else {}
        with tracker.init(logdir=root, name="r", machine=False, **again) as run:
            for step in range(first, first + count):
                value = float("nan") if step % 1013 == 0 else random.normal()
                run.log({"loss": value, "up": step / 7}, step=step)
                if step % 400 == 0:
                    run.log({"h": tracker.Histogram(random.normal(size=50))}, step=step)
    carry_run(root / "r", store, "long")
    return tracker.open(root).run("r"), tracker.open(address).run("long")


@examples(40)
@given(
    st.sampled_from(["loss", "up"]), st.integers(1, 900), st.sampled_from(["step", "wall_time", "relative"]),
    st.floats(0, 1), st.floats(0, 1),
)  # fmt: skip
def test_envelopes_of_any_window(
    long: tuple[StoredRun, StoredRun], tag: str, columns: int, axis: str, one: float, other: float
) -> None:
    files = long[0]
    points = files.scalars(tag)
    along = points.step if axis == "step" else points.wall_time - (files.started if axis == "relative" else 0.0)
    start, stop = sorted(float(along[0] + share * (along[-1] - along[0])) for share in (one, other))
    expected, found = (run.envelope(tag, columns, start, stop, axis=axis) for run in long)
    for name in vars(expected):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name), err_msg=name)


def test_all_points_and_histograms(long: tuple[StoredRun, StoredRun]) -> None:
    for tag in ("loss", "up"):
        for abandoned in (False, True):
            one, other = (run.scalars(tag, abandoned=abandoned) for run in long)
            assert len(one) > 10_000
            for name in ("step", "wall_time", "value"):
                np.testing.assert_array_equal(getattr(other, name), getattr(one, name))
    for columns in (None, 1, 7, 50):
        one, other = (run.histograms("h", columns) for run in long)
        assert one.step.tolist() == other.step.tolist()
        assert [[*map(repr, (h.total, h.min, h.max, h.quantile(0.5)))] for h in one] == [
            [*map(repr, (h.total, h.min, h.max, h.quantile(0.5)))] for h in other
        ]


def test_what_a_run_says_of_itself(both: tuple[StoredRun, StoredRun]) -> None:
    files, there = both
    assert there.tags() == files.tags()
    assert (there.status, there.config, there.started) == (files.status, files.config, files.started)
    assert there.problems() == files.problems() == []
    assert there.environment() == files.environment()
    assert there.marks() == files.marks()
    assert there.console() == files.console()
    assert there.controls() == files.controls()
    for kind, tag in TAGS.items():
        if kind in ("scalar", "histogram") or tag not in files.tags(kind):
            continue
        one, other = files.media(kind, tag), there.media(kind, tag)
        assert [(item.step, item.position, item.hash, item.data) for item in one] == [
            (item.step, item.position, item.hash, item.data) for item in other
        ]
        assert there.media_steps(kind, tag) == files.media_steps(kind, tag)
    with there.held() as held, files.held() as plain:
        assert [len(held.scalars(tag)) for tag in held.tags("scalar")] == [
            len(plain.scalars(tag)) for tag in plain.tags("scalar")
        ]
    with pytest.raises(SeriesNotFoundError):
        there.scalars("nothing")


def test_findings_and_panes(both: tuple[StoredRun, StoredRun], long: tuple[StoredRun, StoredRun]) -> None:
    for files, there in (both, long):
        assert [repr(finding) for finding in there.findings()] == [repr(finding) for finding in files.findings()]
    files, there = both
    shown = [_shown(pane) for pane in files.panes()]
    assert [_shown(pane) for pane in there.panes()] == shown
    assert len(shown) >= len(PANES)
    for each in files.panes():
        assert _shown(there.pane(each.id, 1)) == _shown(files.pane(each.id, 1))


def _shown(pane: StoredPane) -> tuple[object, ...]:
    """A pane; one of them is forged, and says so."""
    try:
        return pane.id, pane.n, pane.states, repr(pane.content)
    except DamagedBytesError as error:
        return pane.id, pane.n, pane.states, str(error)


def test_runs_by_name(store: PgStore, address: str, tmp_path: Path) -> None:
    for name in ("m12", "m2", "deep/m1"):
        with tracker.init(logdir=tmp_path, name=name, machine=False) as run:
            run.log({"x": 1.0}, 0)
        carry_run(tmp_path / name, store, f"named/{name}")
    opened = tracker.open(address)
    assert [run.name for run in opened.runs() if run.name.startswith("named/")] == [
        "named/deep/m1",
        "named/m2",
        "named/m12",
    ]
    with pytest.raises(RunNotFoundError, match="There is no run 'named'"):
        opened.run("named")
    frame = opened.to_pandas(["x"])
    assert set(frame[frame.run.str.startswith("named/")].run) == {"named/deep/m1", "named/m2", "named/m12"}


def test_many_segments_are_one_connection(
    store: PgStore, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, all_told: Callable[[], None]
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "8")
    for rank in range(8):
        monkeypatch.setenv("RANK", str(rank))
        with tracker.init(logdir=tmp_path, name="r", machine=False) as run:
            run.log({"x": float(rank)}, 0)
    carry_run(tmp_path / "r", store, "ranks")
    all_told()
    there = tracker.open(address).run("ranks")
    held: list[int] = []
    sa.event.listen(store.engine, "checkout", lambda *_: held.append(store.engine.pool.checkedout()))  # type: ignore[attr-defined]
    assert len(there.segments()) == 8
    assert sorted(there.scalars("x").value.tolist()) == [*range(8)]
    assert there.envelope("x", 10).points == 8
    assert max(held) <= 2  # and one that is asked where a segment is
    assert store.engine.pool.checkedout() == 0  # type: ignore[attr-defined]


def test_a_database_without_tables(new_database: Callable[[str], str]) -> None:
    with pytest.raises(LogdirError, match="holds no runs"):
        tracker.open(new_database("empty"))


def test_tables_of_a_newer_version(new_database: Callable[[str], str]) -> None:
    url = new_database("newer")
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE everystep_revision (version_num text)")
        connection.exec_driver_sql("INSERT INTO everystep_revision VALUES ('9999')")
    engine.dispose()
    with pytest.raises(NewerSchemaError, match="newer everystep"):
        tracker.open(url)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://me:s3cret@127.0.0.1:1/runs", "postgres://me:s3cret@127.0.0.1:1/runs",
        "postgresql://me@127.0.0.1:1/runs?password=s3cret", "postgresql+psycopg2://me:s3cret@h/runs",
        "postgresql://me:s3cret@h:port/runs", "postgresql+psycopg://me:s3cret@h",
    ],
)  # fmt: skip
def test_no_message_has_a_password(url: str) -> None:
    with pytest.raises(LogdirError) as told:
        tracker.open(url)
    chain: list[BaseException | None] = [told.value, told.value.__cause__]
    assert "s3cret" not in "".join(map(str, chain))
    assert "database" in str(told.value)
