"""What findings rest on is read from a run: the same points whatever the way they came, and bounded however many."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from examples import examples
from hypothesis import given
from hypothesis import strategies as st

import tracker
from tracker.findings import detector as registry
from tracker.findings.examine import load
from tracker.findings.finding import Evidence, Finding
from tracker.findings.training import Training
from tracker.store.read import training_points
from tracker.store.read.diagnosed import examination


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What detectors are given, one dictionary of series an examination; none of ours is asked."""
    load()
    found: list[dict[str, Any]] = []

    def look(training: Training) -> Iterator[Finding]:
        found.append({tag: training.series(tag) for tag in training.tags})
        return iter(())

    monkeypatch.setattr(registry, "_registered", {"look": look})
    return found


logged = st.lists(
    st.tuples(st.floats(width=32), st.booleans(), st.booleans()), min_size=1, max_size=60
)  # value, whether all is committed behind it, whether another tag is logged with it


@examples(25)
@given(logged, st.sampled_from([16, 1 << 16]))
def test_the_way_that_points_came_has_no_part_in_it(
    tmp_path_factory: pytest.TempPathFactory, points: list[tuple[float, bool, bool]], most: int
) -> None:
    """Committed one by one or all at once, finished or going on: detectors are given the same arrays."""
    logdir = tmp_path_factory.mktemp("runs")
    load()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training_points, "MOST_POINTS", most)
        found: list[dict[str, Any]] = []
        patch.setattr(
            registry,
            "_registered",
            {"look": lambda training: found.append({tag: training.series(tag) for tag in training.tags}) or ()},
        )
        for name in ("batched", "committed"):
            with tracker.init(logdir=logdir, name=name, machine=False, controls=False) as run:
                for step, (value, is_committed, both) in enumerate(points * 3):
                    run.log({"loss": value} | ({"other": -value} if both else {}), step=step)
                    if is_committed and name == "committed":
                        run.flush()
                run.flush()
                examination(tracker.open(logdir).run(name))
            examination(tracker.open(logdir).run(name))
        first = found[0]
        assert list(first) == (["loss", "other"] if any(both for *_, both in points) else ["loss"])
        for other in found[1:]:
            assert list(other) == list(first)
            for tag, series in first.items():
                np.testing.assert_array_equal(series.step, other[tag].step)
                np.testing.assert_array_equal(series.value, other[tag].value)


def log(logdir: Path, name: str, values: list[float], **how: Any) -> None:
    """Points of one loss, numbered from where the run stands."""
    with tracker.init(logdir=logdir, name=name, machine=False, **how) as run:
        for value in values:
            run.log({"loss": value})


def test_of_a_rewound_run_only_the_live_line_is_seen(logdir: Path, seen: list[dict[str, Any]]) -> None:
    """What a checkpoint left behind was no part of what came of it."""
    log(logdir, "a", [1.0, 2.0, float("nan"), float("nan")])
    log(logdir, "a", [3.0, 4.0], resume="must", step=1)
    tracker.open(logdir).run("a").findings()
    assert seen[0]["loss"].value.tolist() == [1.0, 2.0, 3.0, 4.0]
    assert seen[0]["loss"].step.tolist() == [0, 1, 2, 3]


def test_ranks_are_put_in_order_of_steps(
    logdir: Path, seen: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """All points of all of them: the NaN of one rank is the training's."""
    runs = []
    for rank in range(2):
        monkeypatch.setenv("RANK", str(rank))
        monkeypatch.setenv("WORLD_SIZE", "2")
        runs.append(tracker.init(logdir=logdir, name="a", machine=False))
    for rank, step in ((0, 0), (1, 0), (0, 1), (0, 2), (1, 1), (1, 2)):  # one of them is behind
        runs[rank].log({"loss": 10.0 * step + rank}, step=step)
    for run in runs:
        run.finish()
    tracker.open(logdir).run("a").findings()
    assert seen[0]["loss"].step.tolist() == [0, 0, 1, 1, 2, 2]
    assert sorted(seen[0]["loss"].value.tolist()) == [0.0, 1.0, 10.0, 11.0, 20.0, 21.0]


def test_a_long_series_keeps_its_spikes(
    logdir: Path, seen: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 30,000 points about a thousand are looked at, the odd one and the NaN among them."""
    monkeypatch.setattr(training_points, "MOST_POINTS", 1000)
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        for step in range(30_000):
            run.log({"loss": {12_345: 1e6, 20_001: float("nan")}.get(step, float(step % 7))}, step=step)
    tracker.open(logdir).run("a").findings()
    series = seen[0]["loss"]
    assert 250 <= len(series) <= 1000
    assert series.step[series.value == 1e6].tolist() == [12_345]
    assert series.step[np.isnan(series.value)].tolist() == [20_001]
    assert series.step[[0, -1]].tolist() == [0, 29_999]


def test_many_series_share_the_room_that_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """The short ones are whole, the long ones have what is left in equal parts."""
    monkeypatch.setattr(training_points, "MOST_ALTOGETHER", 1000)
    level = lambda *lengths: training_points._level(np.array(sorted(lengths), float))  # noqa: E731
    assert level(10, 20, 30) == training_points.MOST_POINTS
    assert level(100, 100, 5000, 5000) == 400
    assert level(5000, 5000) == 500
    assert level(*[9000] * 900) == 16


def test_of_very_many_tags_the_short_ones_are_seen() -> None:
    """In the order of the run; a tag that is a novel is not."""
    tags = [f"layers/{number}/weight/norm" for number in range(20_000)] + ["loss", "x" * 5000]
    found = training_points.chosen_tags(tags)
    assert len(found) == training_points.MOST_TAGS
    assert found[-1] == "loss"
    assert found[:3] == tags[:3]


@pytest.mark.parametrize("is_whole", [True, False], ids=["ended", "killed"])
def test_a_damaged_series_takes_no_other_along(logdir: Path, caplog: pytest.LogCaptureFixture, is_whole: bool) -> None:
    """What of a run can be read is examined, and what cannot is named."""
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        for step in range(200):
            run.log({"train/loss": float("nan") if step > 50 else 2 / (step + 1), "other": 1.0 / (step + 1)}, step=step)
    (path,) = (logdir / "a").glob("*.sqlite")
    connection = sqlite3.connect(path)
    connection.execute("UPDATE scalars SET points=zeroblob(length(points)) WHERE series=2")
    if not is_whole:
        connection.execute("UPDATE series SET logged=-1")
    connection.commit()
    connection.close()
    with caplog.at_level("WARNING", "tracker"):
        found = tracker.open(logdir).run("a").findings()
    assert [(each.kind, each.step) for each in found if each.severity != "info"] == [("nan_or_inf", 51)]
    assert "without other: " in caplog.text
    assert "do not match their checksum" in caplog.text


def test_a_run_that_says_nothing_has_no_findings(logdir: Path) -> None:
    """Nor has one that never logged a number."""
    (logdir / "empty").mkdir()
    (logdir / "empty" / "events.x.sqlite").write_bytes(b"")
    with tracker.init(logdir=logdir, name="silent", machine=False):
        pass
    assert [(run.name, run.findings()) for run in tracker.open(logdir).runs()] == [("empty", []), ("silent", [])]


@pytest.mark.parametrize("steps", [(-(1 << 63), (1 << 63) - 1), (0, 0), ((1 << 63) - 1, -(1 << 63))], ids=str)
def test_odd_steps_and_values_are_examined(logdir: Path, steps: tuple[int, int]) -> None:
    """The ends of the number line, backwards, twice the same; NaN everywhere: an answer, and no detector that fails."""
    odd = [float("nan"), float("inf"), -float("inf"), 1e308, -1e308, 5e-324, 0.0]
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        for place, step in enumerate(steps * 20):
            tags = ("loss", "val/loss", "val/acc", "lr", "grad_norm", "grad_norm/a.weight", "dead/a", "nan", "", "/")
            run.log({tag: odd[(place + number) % 7] for number, tag in enumerate(tags) if tag}, step=step)
            run.log({"val/nan_loss": float("nan")}, step=step)
    found = examination(tracker.open(logdir).run("a"))
    assert found.failed == {}
    assert found.unread == {}
    assert all(isinstance(each.as_dict(), dict) for each in found.findings)


def test_evidence_is_plain() -> None:
    """NumPy's numbers, as detectors have them in hand, become Python's."""
    made = Finding(
        "kind",
        "info",
        "It is.",
        "Try.",
        None,
        np.int64(3),
        None,
        np.float32(0.5),
        Evidence(("a",), (np.int64(1), 2)),  # type: ignore[arg-type]
    ).checked()
    assert type(made.step) is int
    assert type(made.confidence) is float
    assert made.as_dict()["evidence"] == {"tags": ["a"], "window": [1, 2]}
