"""Ranks side by side and joined: each cell and each column is what the points in it are, however they lie in files."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest
from examples import examples
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from ranked_run import BEGAN, Values, write_rank, write_ranks

import tracker
from dashboard.curves import joined_ranks, query, rank_grid, rank_tags
from dashboard.curves.kept import Kept
from dashboard.curves.query import Question
from tracker.series.stretch import Points
from tracker.store.read import read_only
from tracker.store.write import transaction as transactions

RANDOM = np.random.default_rng(7)
odd = st.sampled_from([np.nan, np.inf, -np.inf])
tables = st.tuples(st.integers(2, 5), st.integers(1, 60)).flatmap(
    lambda shape: st.lists(st.floats(-1e6, 1e6) | odd, min_size=shape[0] * shape[1], max_size=shape[0] * shape[1]).map(
        lambda values: np.array(values).reshape(shape)
    )
)


def a_run(tmp_path: Path, table: Values, every: int, batch: int) -> Any:
    """Segments of a run in small stretches, so that a hundred points lie as a million would."""
    folder = tmp_path / "run"
    shutil.rmtree(folder, ignore_errors=True)
    with mock.patch.multiple(transactions, STRETCH_POINTS=8, FAN_OUT=3, FOLD_POINTS=4):
        for rank, row in enumerate(table):
            step = np.arange(len(row)) * every
            write_rank(folder, rank, {"x": Points.of(step, BEGAN + step * 0.5, row)}, batch=batch)
    return tracker.open(tmp_path).run("run").segments()


def check_cells(grid: rank_grid.RankGrid, table: Values, every: int, *, is_exact: bool) -> None:
    """That each cell is of the points of its column; where summaries gave way, of up to two columns more."""
    columns = grid.columns
    step = np.arange(table.shape[1]) * every
    column = (step - columns.first) // columns.width
    for row, values in enumerate(table):
        seen = 0
        for at in range(columns.count):
            cell = grid.min[row, at], grid.mean[row, at], grid.max[row, at]
            if is_exact:
                own = values[column == at]
                assert grid.points[row, at] == len(own)
                seen += len(own)
                own = own[np.isfinite(own)]
                wanted = (own.min(), own.mean(), own.max()) if len(own) else (np.nan,) * 3
                np.testing.assert_allclose(cell, wanted, rtol=1e-9, atol=1e-6)
            elif grid.points[row, at]:
                near = values[(column >= at - 2) & (column <= at + 2)]
                near = near[np.isfinite(near)]
                assert not len(near) or np.isnan(cell[0]) or (cell[0] >= near.min() and cell[2] <= near.max())
        assert not is_exact or seen == ((column >= 0) & (column < columns.count)).sum()
    finite = np.isfinite(table).any(1)
    inside = (column >= 0) & (column < columns.count)
    for row in np.flatnonzero(finite):  # no extreme of any point is missing
        values = table[row][inside]
        values = values[np.isfinite(values)]
        if len(values):
            assert (np.nanmin(grid.min[row]), np.nanmax(grid.max[row])) == (values.min(), values.max())


@examples(25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tables, st.integers(1, 12), st.integers(1, 30), st.integers(1, 60), st.booleans())
def test_cells_are_what_the_points_in_them_are(
    tmp_path: Path, table: Values, every: int, columns: int, batch: int, is_few: bool
) -> None:
    """By their points at once, or by the summaries of each."""
    known = a_run(tmp_path, table, every, batch)
    with mock.patch.object(rank_grid, "FEW_POINTS", 1000 if is_few else 0):
        ranks = [*rank_grid.series_of_ranks(known, "x", Kept(1 << 24))]
        assert [each.rank for each in ranks] == [*range(len(table))]
        assert all(each.count == table.shape[1] for each in ranks)
        assert [each.newest[:2] for each in ranks] == [((table.shape[1] - 1) * every, BEGAN + (table.shape[1] - 1) * every * 0.5)] * len(table)  # fmt: skip
        found = rank_grid.columns_for(ranks, columns, None, None)
        assert found.count <= columns
        grid = rank_grid.grid_of(known, ranks, found, Kept(1 << 24))
    check_cells(grid, table, every, is_exact=is_few)


@examples(25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tables, st.integers(1, 12), st.integers(1, 30), st.booleans(), st.sampled_from(["step", "wall_time"]))
def test_joined_columns_are_over_all_points_of_all_ranks(
    tmp_path: Path, table: Values, every: int, columns: int, is_few: bool, axis: str
) -> None:
    """The mean over the ranks, and the least and the greatest of any; none is left out."""
    known = a_run(tmp_path, table, every, 20)
    with mock.patch.object(joined_ranks, "FEW_POINTS", 1000 if is_few else 0):
        answer = query.read(known, Question("x", columns, axis=axis, joins_ranks=True))
    assert answer is not None
    head, arrays = answer
    assert (head["form"], head["ranks"], head["counts"]) == ("columns", len(table), {})
    found = dict(zip(query.COLUMNS, arrays, strict=True))
    step = np.tile(np.arange(table.shape[1]) * every, len(table))
    values = table.ravel()
    assert found["count"].sum() == len(values)
    assert len(found["count"]) <= columns
    for at in range(head["length"]):
        own = values[(step >= found["step_first"][at]) & (step <= found["step_last"][at])]
        assert found["count"][at] == len(own)
        own = own[np.isfinite(own)]
        if len(own):
            assert (found["min"][at], found["max"][at]) == (own.min(), own.max())
            np.testing.assert_allclose(found["mean"][at], own.mean(), rtol=1e-9, atol=1e-6)


def test_each_step_is_a_column_where_there_are_few(tmp_path: Path) -> None:
    """So that mean, least and greatest are over the ranks alone; asked for a window, a neighbour comes at each side."""
    table = RANDOM.normal(1, 0.1, (4, 50))
    known = a_run(tmp_path, table, 10, 50)
    answer = query.read(known, Question("x", 1000, 100, 200, joins_ranks=True))
    assert answer is not None
    found = dict(zip(query.COLUMNS, answer[1], strict=True))
    assert found["step_first"].tolist() == [90, *range(100, 201, 10), 210]
    np.testing.assert_allclose(found["mean"], table[:, 9:22].mean(0))
    np.testing.assert_array_equal(found["min"], table[:, 9:22].min(0))
    np.testing.assert_array_equal(found["max"], table[:, 9:22].max(0))


def test_what_one_rank_logged_is_its_curve(tmp_path: Path) -> None:
    """A tag that only rank 0 logs, as most do: nothing is joined, and its points come as ever."""
    points = Points.of([0, 1], [1.0, 2.0], [3.0, 4.0])
    for rank in range(3):
        write_rank(tmp_path / "run", rank, {"x": points} | ({"val": points} if rank == 0 else {}))
    known = tracker.open(tmp_path).run("run").segments()
    question = Question("val", 10, joins_ranks=True)
    joined, alone = query.read(known, question), query.read(known, Question("val", 10))
    assert joined is not None
    assert alone is not None
    assert joined[0] == alone[0]
    assert joined[0]["form"] == "points"


def test_a_rank_that_was_rewound_is_what_its_live_line_says(tmp_path: Path) -> None:
    """And a resumed one is one row, of all of its files."""
    folder = tmp_path / "run"
    steps = np.arange(10)
    first, again = (Points.of(steps, BEGAN + steps, np.full(10, value)) for value in (1.0, 2.0))
    write_rank(folder, 0, {"x": first}, segment="a")
    write_rank(folder, 1, {"x": first}, segment="b")
    write_rank(
        folder, 0, {"x": again.part(5, 10)}, segment="c", parent="a", fork_step=4, reason="rewind", created=BEGAN + 20
    )
    known = tracker.open(tmp_path).run("run").segments()
    ranks = [*rank_grid.series_of_ranks(known, "x", Kept(1 << 24))]
    grid = rank_grid.grid_of(known, ranks, rank_grid.columns_for(ranks, 100, None, None), Kept(1 << 24))
    assert grid.mean.tolist() == [[1.0] * 5 + [2.0] * 5, [1.0] * 10]
    assert [len(each.segments) for each in ranks] == [2, 1]


@pytest.mark.parametrize("ends", [(-(1 << 63), (1 << 63) - 1), ((1 << 63) - 3, (1 << 63) - 1), (-5, 5)])
def test_steps_of_any_size_have_a_column(tmp_path: Path, ends: tuple[int, int]) -> None:
    """The smallest and the greatest of 64 bits among them."""
    for rank in range(2):
        write_rank(tmp_path / "run", rank, {"x": Points.of([*ends], [1.0, 2.0], [3.0, 4.0])})
    known = tracker.open(tmp_path).run("run").segments()
    ranks = [*rank_grid.series_of_ranks(known, "x", Kept(1 << 24))]
    for most in (1, 7, 1000):
        grid = rank_grid.grid_of(known, ranks, rank_grid.columns_for(ranks, most, None, None), Kept(1 << 24))
        assert grid.columns.count <= most
        assert grid.points.sum() == 4
        assert (np.nanmin(grid.min), np.nanmax(grid.max)) == (3.0, 4.0)


def test_columns_stay_as_a_run_goes_on(tmp_path: Path) -> None:
    """Their width is a multiple of the tag's own interval, counted from the first step."""
    write_ranks(tmp_path / "run", {"x": RANDOM.normal(1, 0.1, (3, 990))}, every=50)
    known = tracker.open(tmp_path).run("run").segments()
    ranks = [*rank_grid.series_of_ranks(known, "x", Kept(1 << 24))]
    assert rank_grid.columns_for(ranks, 1000, None, None) == rank_grid.Columns(0, 50, 990)
    assert rank_grid.columns_for(ranks, 500, None, None) == rank_grid.Columns(0, 100, 495)
    assert rank_grid.columns_for(ranks, 500, 10_020, 20_000) == rank_grid.Columns(10_000, 50, 201)
    assert rank_grid.columns_for(ranks, 500, 10_020, 99_000) == rank_grid.Columns(10_000, 100, 395)


@pytest.mark.parametrize("is_few", [True, False], ids=["points", "summaries"])
def test_what_was_read_is_not_read_again_until_a_file_holds_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_few: bool
) -> None:
    """Only the files that do are opened; what is kept is bounded, and what had to go is read again."""
    monkeypatch.setattr(rank_grid, "FEW_POINTS", 1000 if is_few else 0)
    opened: list[Path] = []
    connect = read_only.connect
    monkeypatch.setattr(read_only, "connect", lambda path, *more: opened.append(path) or connect(path, *more))
    table = RANDOM.normal(1, 0.1, (3, 50))
    write_ranks(tmp_path / "run", {"x": table}, ends=False)

    def asked(kept: Kept) -> tuple[rank_grid.RankGrid, list[str], list[str]]:
        known = tracker.open(tmp_path).run("run").segments()
        opened.clear()
        ranks = [*rank_grid.series_of_ranks(known, "x", kept)]
        grid = rank_grid.grid_of(known, ranks, rank_grid.columns_for(ranks, 100, 0, 49), kept)
        return grid, sorted({path.name for path in opened}), [each.segments[0].said_status for each in ranks]

    kept = Kept(1 << 20)
    first, files, _ = asked(kept)
    assert len(files) == 3
    again, files, _ = asked(kept)
    assert files == []
    for name in rank_grid.FORMS:
        np.testing.assert_array_equal(getattr(again, name), getattr(first, name))
    (tmp_path / "run" / "events.s1.sqlite").unlink()
    more = RANDOM.normal(1, 0.1, 60)
    write_rank(tmp_path / "run", 1, {"x": Points.of(np.arange(60), BEGAN + np.arange(60), more)})
    grid, files, said = asked(kept)
    assert (files, said) == (["events.s1.sqlite"], ["running", "finished", "running"])
    np.testing.assert_array_equal(grid.mean[1], more[:50])
    assert 0 < kept.size <= 1 << 20
    nothing = Kept(10)
    assert len(asked(nothing)[1]) == len(asked(nothing)[1]) == 3
    assert nothing.size == 0


def test_tags_that_name_ranks_are_a_row_each(tmp_path: Path) -> None:
    """Of processes that each log under a name of their own, and of one that logs for all."""
    steps = np.arange(5)
    for rank in range(3):
        write_rank(tmp_path / "many", rank, {f"machine/rank{rank}/cpu": Points.of(steps, BEGAN + steps, steps + rank)})
    own = {f"rank_{rank:02}/loss": Points.of(steps, BEGAN + steps, steps * 10 + rank) for rank in (11, 2, 0)}
    write_rank(tmp_path / "one", None, {**own, "rankings/loss": own["rank_00/loss"], "loss": own["rank_00/loss"]})
    for run, tag, ranks, factor in (
        ("many", "machine/rank*/cpu", [0, 1, 2], 1),
        ("one", "rank_*/loss", [0, 2, 11], 10),
    ):
        known = tracker.open(tmp_path).run(run).segments()
        found = [*rank_grid.series_of_ranks(known, tag, Kept(1 << 20))]
        assert [each.rank for each in found] == ranks
        grid = rank_grid.grid_of(known, found, rank_grid.columns_for(found, 10, None, None), Kept(1 << 20))
        assert grid.mean.tolist() == [[step * factor + rank for step in range(5)] for rank in ranks]
    known = tracker.open(tmp_path).run("one").segments()
    assert [each.rank for each in rank_grid.series_of_ranks(known, "loss", Kept(1 << 20))] == [None]
    assert not [*rank_grid.series_of_ranks(known, "machine/rank*/cpu", Kept(1 << 20))]


@pytest.mark.parametrize(
    ("tag", "found"),
    [
        ("machine/rank3/cpu", ("machine/rank*/cpu", 3)), ("rank_3/loss", ("rank_*/loss", 3)),
        ("a/Rank-07", ("a/Rank-*", 7)), ("rank1/rank2", ("rank*/rank2", 1)), ("frank3/x", None), ("rank/x", None),
        ("rank3x", None), ("rank", None),
    ],
)  # fmt: skip
def test_a_whole_part_of_a_tag_says_the_rank(tag: str, found: tuple[str, int] | None) -> None:
    """And what it is called for all ranks is told from what it is for one."""
    assert rank_tags.joined(tag) == found
    assert not rank_tags.is_joined(tag)
    assert found is None or rank_tags.is_joined(found[0])
