"""A slow rank is named with the tenth of its slow steps, and noise never is; a silent one when the others went on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rank_noise
from ranked_run import BEGAN, Values, write_ranks

import tracker
from tracker.findings.detectors.silent_rank import silent_rank
from tracker.findings.detectors.slow_rank import slow_rank
from tracker.findings.outlying_ranks import outliers
from tracker.findings.training import Series, Training

NOISE = rank_noise.INDEPENDENT


def a_training(tables: Mapping[str, Values], wall: Values | None = None, **more: Any) -> Training:
    """What detectors see of ranks with these values by tag, (ranks, steps)."""
    (count, steps) = next(iter(tables.values())).shape
    step = np.arange(steps)

    def of(tag: str, rank: int) -> Series:
        own = ~np.isnan(tables[tag][rank])
        time = BEGAN + (0.2 * step if wall is None else wall[rank])
        return Series(tag, step[own], tables[tag][rank][own], time[own])

    return Training(
        {}, "running", [*tables], lambda tag: of(tag, 0), ranks=range(count),
        read_ranks=lambda tag: {rank: each for rank in range(count) if len(each := of(tag, rank))}, **more,
    )  # fmt: skip


def named(training: Training) -> list[str | None]:
    return [each.layer for each in slow_rank(training)]


@pytest.mark.parametrize("runs", [15, pytest.param(100, marks=pytest.mark.long)])
def test_runs_of_a_thousand_ranks_name_nobody(runs: int) -> None:
    """Of every kind of noise, of heavy tails and of none."""
    random = np.random.default_rng(0)
    for number in range(runs):
        noise = NOISE[[*NOISE][number % len(NOISE)]]
        assert not [*outliers(noise(random, (1000, 60)))], number


@pytest.mark.parametrize("ranks", [2, 3, 8, 64])
def test_few_ranks_name_nobody_either(ranks: int) -> None:
    """Where the one that is the slowest by chance is so every other step."""
    random = np.random.default_rng(ranks)
    for number in range(30):
        noise = NOISE[[*NOISE][number % 3]]
        assert not [*outliers(noise(random, (ranks, 400)))], number


@pytest.mark.parametrize("kind", ["normal", "pauses", "the same"])
@pytest.mark.parametrize(("ranks", "times"), [(1000, 1.5), (64, 1.6), (8, 1.8), (2, 2.5)])
def test_a_slow_rank_is_named_with_its_tenth_slow_step(kind: str, ranks: int, times: float) -> None:
    """It and no other, wherever it begins."""
    random = np.random.default_rng(1)
    for _ in range(10):
        values = NOISE[kind](random, (ranks, 200))
        rank, began = int(random.integers(ranks)), int(random.integers(20, 180))
        values[rank, began:] *= times
        (found,) = outliers(values[:, : began + 10])
        assert found.row == rank
        assert began - 9 <= found.first <= began + 9


MEMORY = [kind for kind in rank_noise.REMEMBERING if kind.startswith("AR")]


def named_by_chance(kind: str, ranks: int, runs: int, steps: int = 300) -> list[int]:
    """Of so many runs in which nothing is wrong those in which somebody is named."""
    random, made = np.random.default_rng(ranks), rank_noise.REMEMBERING[kind]
    return [number for number in range(runs) if [*outliers(made(random, (ranks, steps)))]]


@pytest.mark.parametrize("kind", ["drift", "checkpoint"])
def test_what_all_ranks_have_in_common_and_checkpoints_of_one_name_nobody(kind: str) -> None:
    """However many ranks there are."""
    for ranks in (2, 3, 8, 16, 64):
        assert named_by_chance(kind, ranks, 10, 200) == [], ranks


@pytest.mark.parametrize(
    ("kind", "ranks"),
    [
        *((kind, ranks) for kind in ("AR(1) 0.8", "AR(1) 0.9") for ranks in (2, 3, 8, 16)),
        *((kind, 50) for kind in MEMORY),
    ],
)
def test_noise_that_remembers_names_nobody(kind: str, ranks: int) -> None:
    """A rank that is slow by chance stays so for a while; how far that goes its past says, and that of the others."""
    assert named_by_chance(kind, ranks, 10, 200) == []


@pytest.mark.long
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize(("kind", "ranks"), [
    *((kind, ranks) for kind in ("AR(1) 0.8", "AR(1) 0.9") for ranks in (2, 3, 5, 8, 16, 32)),
    *((kind, ranks) for kind in MEMORY for ranks in (50, 64, 1000)),
    *((kind, ranks) for kind in ("drift", "checkpoint") for ranks in (2, 3, 8, 16, 64, 1000)),
])  # fmt: skip
def test_a_hundred_runs_that_remember_name_nobody(kind: str, ranks: int) -> None:
    """The same, for longer."""
    assert named_by_chance(kind, ranks, 100) == []


@pytest.mark.parametrize("kind", [*rank_noise.REMEMBERING])
def test_a_slow_rank_is_named_with_its_tenth_slow_step_in_such_noise(kind: str) -> None:
    """By as much as its noise asks for; and where it goes on for long it is named still."""
    random = np.random.default_rng(2)
    for number in range(3):
        values = rank_noise.REMEMBERING[kind](random, (100, 200))
        rank, began = 1 + int(random.integers(99)), int(random.integers(60, 150))
        values[rank, began:] *= 4
        for end in (began + 10, 200):
            assert [found.row for found in outliers(values[:, :end])] == [rank], (number, end)


def test_it_is_said_in_words_with_the_step_and_the_times() -> None:
    """By the whole step; how often as long, and since when."""
    random = np.random.default_rng(2)
    values = 0.2 * NOISE["normal"](random, (100, 60))
    values[17, 40:] *= 2
    (found,) = slow_rank(a_training({"train/loss": np.ones((100, 60)), "time/step": values}))
    assert found.id == "slow_rank:rank 17"
    assert found.severity == "warning"
    assert found.step is not None
    assert abs(found.step - 40) <= 3
    assert found.step_last == 59
    assert found.sentence.startswith("Rank 17 is slower than the other 99: time/step 0.")
    assert "since step" in found.sentence
    assert found.evidence.tags == ("time/step",)


def test_where_ranks_wait_for_each_other_the_part_that_is_slow_says_it() -> None:
    """Their steps are equally long; the wait itself is the longest where nothing is wrong."""
    random = np.random.default_rng(3)
    whole = 0.2 * NOISE["normal"](random, (1, 60)) * np.ones((16, 1))
    compute = 0.1 * NOISE["normal"](random, (16, 60))
    compute[5, 30:] *= 1.8
    waits = np.maximum(0, whole - compute)
    assert named(a_training({"time/step": whole, "time/forward": compute, "time/sync": waits})) == ["rank 5"]
    data = np.full((16, 60), 0.001)
    data[5] *= 3  # many times the others', and nothing of a step
    assert named(a_training({"time/step": whole, "time/data": data})) == []


def test_where_no_times_are_logged_when_points_were_says_it() -> None:
    """By the seconds between a rank's points, so that clocks that differ do not matter."""
    random = np.random.default_rng(4)
    took = 0.2 * NOISE["normal"](random, (32, 80))
    took[9, 50:] *= 2
    wall = took.cumsum(1) + random.normal(0, 100, (32, 1))
    assert named(a_training({"train/loss": np.ones((32, 80))}, wall)) == ["rank 9"]


def test_a_rank_that_is_behind_is_judged_by_its_own_steps() -> None:
    """The others have gone further meanwhile."""
    random = np.random.default_rng(5)
    values = 0.2 * NOISE["normal"](random, (50, 100))
    values[3, 60:] *= 2
    values[3, 70:] = np.nan
    assert named(a_training({"time/step": values})) == ["rank 3"]


def test_a_rank_that_is_silent_is_named_and_a_smaller_training_is_not() -> None:
    """More than a minute and ten steps after the others."""
    values = np.ones((20, 1000))
    values[4, 600:] = np.nan
    (found,) = silent_rank(a_training({"train/loss": values}))
    assert (found.id, found.step, found.step_last) == ("silent_rank:rank 4", 599, 999)
    values[10:, 600:] = np.nan
    assert not [*silent_rank(a_training({"train/loss": values}))]
    short = np.ones((20, 1000))
    short[4, 800:] = np.nan  # 40 s
    assert not [*silent_rank(a_training({"train/loss": short}))]


def test_ranks_are_read_from_their_files_and_runs_of_one_are_not_asked(logdir: Path) -> None:
    """A stored run names it as arrays do."""
    random = np.random.default_rng(6)
    values = 0.2 * NOISE["normal"](random, (8, 100))
    values[6, 70:] *= 2
    write_ranks(logdir / "many", {"time/step": values})
    (found,) = tracker.open(logdir).run("many").findings()
    assert found.id == "slow_rank:rank 6"
    write_ranks(logdir / "one", {"time/step": values[6:7]})
    assert tracker.open(logdir).run("one").findings() == []
