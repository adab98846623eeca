"""Single points are sent of what somebody looks at, and of all once there will be no more: in the end nothing lacks."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from examples import examples
from hypothesis import HealthCheck, example, given
from hypothesis import strategies as st

import tracker
from dashboard.live.changes import Changes
from dashboard.live.segment_state import SegmentState
from dashboard.live.series import NamePool
from dashboard.receive import demand
from tracker.store.read import read_only, segments, shipping
from tracker.store.shipment import packed, unpacked
from tracker.store.write.replica import Replica

TABLES = "segment state series scalars sketches media blobs marks receipts".split()
TAGS = ("a", "b", "c")

acts = st.lists(
    st.one_of(
        st.tuples(st.just("log"), st.sampled_from(TAGS), st.integers(1, 90)),
        st.tuples(st.just("send"), st.one_of(st.none(), st.frozensets(st.sampled_from(TAGS))), st.booleans()),
    ),
    max_size=25,
)


def rows_of(path: Path) -> dict[str, list[Any]]:
    """All that a file holds."""
    connection = sqlite3.connect(path)
    try:
        return {name: connection.execute(f"SELECT rowid, * FROM {name} ORDER BY rowid").fetchall() for name in TABLES}
    finally:
        connection.close()


class Follower:
    """What a page knows of the file that arrives, by following its news."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._state: SegmentState | None = None
        self.heard: dict[str, list[float]] = {}

    def look(self) -> None:
        """Takes in what is new."""
        with read_only.snapshot(self._path) as connection:
            segment = segments.read(connection, self._path)
            assert segment is not None
            if self._state is None:
                self._state = SegmentState.first_read(connection, segment, NamePool())
                for _, kind, tag in [(n, s.kind, s.tag) for n, s in self._state.series.items()]:
                    if kind == "scalar":
                        number = next(n for n, s in self._state.series.items() if s.tag == tag)
                        points = shipping_points(connection, number)
                        self.heard[tag] = points[: self._state.series[number].count]
                return
            changes = Changes()
            self._state.update(connection, segment, "r", changes)
        for new in changes.points:
            assert new.points is not None
            assert len(self.heard.setdefault(new.tag, [])) == new.n
            self.heard[new.tag] += new.points.value.tolist()


def shipping_points(connection: Any, number: int) -> list[float]:
    """The values of a series."""
    from tracker.series import stretch
    from tracker.store.read import new_rows

    return stretch.unpack(new_rows.points_from(connection, number, 0)).value.tolist()


@given(acts)
@example([("log", "a", 5), ("send", frozenset({"b"}), False), ("log", "a", 3), ("send", None, False)])
@example([("log", "a", 5), ("send", frozenset({"b"}), False), ("send", None, False)])
@example([("log", "a", 70), ("send", frozenset(), False), ("log", "a", 9), ("send", frozenset({"a"}), True)])
@examples(25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nothing_lacks_in_the_end_whatever_was_looked_at(tmp_path_factory: pytest.TempPathFactory, acts: Any) -> None:
    """Meanwhile what is looked at is there up to the cursor, without a gap, in the file and for who follows it."""
    folder = tmp_path_factory.mktemp("demand")
    logged: dict[str, list[float]] = {tag: [] for tag in TAGS}
    run = tracker.init(logdir=folder / "here", name="r", machine=False)
    run.log({"a": 0.5})
    logged["a"].append(0.5)
    assert run.flush()
    (source,) = (folder / "here" / "r").glob("events.*.sqlite")
    replica = Replica(folder / source.name)
    follower = Follower(replica.path)
    lacking: frozenset[int] | None = None

    def send(fresh: frozenset[str] | None) -> None:
        nonlocal lacking
        assert run.flush()
        with read_only.snapshot(source) as connection:
            shipment, lacking = shipping.wanted(connection, replica.arrived, fresh, lacking)
        data, compressed = packed(shipment)
        replica.take(unpacked(data, compressed=compressed))

    for act in (("send", None, False), *acts):
        if act[0] == "log":
            for _ in range(act[2]):
                logged[act[1]].append(float(len(logged[act[1]])))
                run.log({act[1]: logged[act[1]][-1]})
            continue
        if act[2]:
            lacking = None  # who sends was begun anew, and does not know
        send(act[1])
        follower.look()
        with read_only.snapshot(replica.path) as connection:
            for number, tag in connection.execute("SELECT id, tag FROM series WHERE kind='scalar'").fetchall():
                found = (
                    shipping_points(connection, number)
                    if connection.execute("SELECT 1 FROM scalars WHERE series=?", (number,)).fetchone()
                    else []
                )
                if act[1] is None or tag in act[1]:
                    assert found == logged[tag]
                    assert follower.heard.get(tag, []) == found
                else:
                    assert found == logged[tag][: len(found)]
    run.finish()
    with read_only.snapshot(source) as connection:
        shipment, lacking = shipping.wanted(connection, replica.arrived, frozenset(), lacking)
    replica.take(shipment)
    replica.close()
    assert lacking == frozenset()
    assert rows_of(source) == rows_of(replica.path) or str(rows_of(source)) == str(rows_of(replica.path))


def test_all_is_wanted_while_it_is_little() -> None:
    """More than a bound, what is looked at; all again only well below it, so that it does not change all the time."""
    rate = [100.0]
    wanted = demand.Demand(lambda: rate[0], lambda: frozenset({"loss"}))
    said = []
    for now in (
        100,
        demand.MANY - 1,
        demand.MANY + 1,
        demand.MANY - 1,
        demand.FEW + 1,
        demand.FEW - 1,
        demand.MANY - 1,
    ):
        rate[0] = float(now)
        said.append(wanted.fresh())
    assert said == [None, None, {"loss"}, {"loss"}, {"loss"}, None, None]
    assert len({demand.named(each) for each in (None, frozenset(), frozenset({"a"}), frozenset({"a", "b"}))}) == 4


def test_ten_thousand_ranks_cost_a_stretch_each(tmp_path: Path) -> None:
    """Of what nobody looks at a row arrives for 64 points, and not one for each."""
    with tracker.init(logdir=tmp_path, name="r", machine=False) as run:
        assert run.flush()
        (source,) = (tmp_path / "r").glob("events.*.sqlite")
        replica = Replica(tmp_path / source.name)
        lacking: frozenset[int] | None = None
        rows = 0
        for step in range(256):
            run.log({"seen": np.sin(step), "unseen": np.cos(step)})
            assert run.flush()
            with read_only.snapshot(source) as connection:
                shipment, lacking = shipping.wanted(connection, replica.arrived, frozenset({"seen"}), lacking)
            rows += sum(row[1] == 2 for row in (*shipment.scalars, *shipment.late))
            replica.take(shipment)
        assert rows == 4
        replica.close()
