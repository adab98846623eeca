"""`viz diff`: the step where two runs part, what about them is different, and what groups of seeds say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from starlette.testclient import TestClient

import tracker
from dashboard import cli
from dashboard.diff.parting import parting
from dashboard.diff.seeds import compare, group, iqm
from dashboard.server.application import create_app
from dashboard.server.settings import Settings

FINITE = st.floats(-1e6, 1e6, allow_nan=False)
GRID = st.integers(-1000, 1000).map(float)
"""Values whose ties are ties, however their means are rounded."""


def curve(seed: int, n: int = 2000, noise: float = 0.05) -> np.ndarray:
    """A loss that falls, with noise of its own."""
    return 2 * np.exp(-np.arange(n) / 400) + noise * np.random.default_rng(seed).normal(size=n)


def steps(values: Any) -> np.ndarray:
    return np.arange(len(values), dtype=np.int64)


@pytest.mark.parametrize("noise", [0.0, 0.001, 0.05])
@pytest.mark.parametrize("at", [100, 777, 1500])
def test_a_curve_that_leaves_is_seen_where_it_leaves(at: int, noise: float) -> None:
    """To a block or so of what is planted, whatever the scale; both ways round the same step."""
    a, b = curve(1, noise=noise), curve(2 if noise else 1, noise=noise)
    b[at:] += 0.5
    for scale in (1e-9, 1.0, 1e9):
        found = parting(steps(a), scale * a, steps(b), scale * b)
        assert found.step is not None
        assert at <= found.step <= at + 20
        assert found.apart is not None
        assert found.apart < 0
        assert parting(steps(b), scale * b, steps(a), scale * a).step == found.step
    assert found.first_other == (at if not noise else 0)


@pytest.mark.parametrize("pairs", [60, pytest.param(300, marks=pytest.mark.long)])
def test_noise_alone_never_parts(pairs: int) -> None:
    """Two seeds of the same course; not one of so many pairs."""
    wrong = [
        seed for seed in range(pairs)
        if parting(steps(curve(0)), curve(seed), steps(curve(0)), curve(seed + 1000)).step is not None
    ]  # fmt: skip
    assert wrong == []


def test_a_curve_that_strays_and_comes_back_has_not_left() -> None:
    """It did not stay away."""
    a, b = curve(1), curve(2)
    b[500:700] += 3
    assert parting(steps(a), a, steps(b), b).step is None


def test_who_stops_being_finite_has_left() -> None:
    """At the very step."""
    a, b = curve(1), curve(2)
    b[1234:] = np.nan
    assert parting(steps(a), a, steps(b), b).step == 1234


def test_curves_of_different_cadence_are_compared_between_their_points() -> None:
    """One was logged every step, the other every seventh plus three."""
    a, b = curve(1), curve(2)
    b[900:] += 1
    thin = steps(b)[3::7]
    found = parting(thin, b[3::7], steps(a)[::50], a[::50])
    assert found.step is not None
    assert 880 <= found.step <= 1000


@given(arrays.arrays(float, st.integers(0, 200), elements=st.floats(allow_nan=True, allow_infinity=True, width=64)))
def test_the_same_curve_never_parts(values: np.ndarray) -> None:
    """NaN is NaN."""
    found = parting(steps(values), values, steps(values), values.copy())
    assert (found.first_other, found.step) == (None, None)


@given(
    arrays.arrays(float, st.integers(0, 60), elements=st.floats(allow_nan=True, allow_infinity=True)),
    arrays.arrays(float, st.integers(0, 60), elements=st.floats(allow_nan=True, allow_infinity=True)),
)
def test_whatever_curves_hold_the_answer_is_a_step_of_theirs(a: np.ndarray, b: np.ndarray) -> None:
    """Or none; and no warning of NumPy's."""
    with np.errstate(over="ignore", invalid="ignore"):
        found = parting(steps(a), a, steps(b), b)
    assert found.step is None or 0 <= found.step < max(len(a), len(b))
    if found.step is not None:
        assert found.first_other is not None
        assert found.first_other <= found.step


# --- seeds -----------------------------------------------------------------------------------------


@given(arrays.arrays(float, st.integers(1, 40), elements=FINITE))
def test_the_interquartile_mean_is_the_mean_of_the_middle_half(values: np.ndarray) -> None:
    """Where the number of runs can be divided by four it is SciPy's trimmed mean; it lies between the extremes."""
    from scipy.stats import trim_mean

    assert values.min() - 1e-6 <= iqm(values) <= values.max() + 1e-6
    if len(values) % 4 == 0:
        assert iqm(values) == pytest.approx(trim_mean(values, 0.25), abs=1e-6)


@given(arrays.arrays(float, st.integers(2, 5), elements=GRID), arrays.arrays(float, st.integers(2, 5), elements=GRID))
def test_p_is_that_of_all_reassignments(a: np.ndarray, b: np.ndarray) -> None:
    """As SciPy counts them."""
    from scipy.stats import permutation_test

    theirs = permutation_test((a, b), lambda x, y: abs(x.mean() - y.mean()), n_resamples=np.inf, alternative="greater")
    verdict = compare(a, b)
    assert verdict.p == pytest.approx(theirs.pvalue)
    assert verdict.improvement == pytest.approx(np.mean([(y > x) + 0.5 * (y == x) for x in a for y in b]))


def test_no_band_and_no_verdict_from_one_run() -> None:
    """One run says nothing of seeds."""
    assert (group(np.array([1.0])).low, group(np.array([1.0])).high) == (None, None)
    verdict = compare(np.array([1.0]), np.array([2.0, 3.0, 4.0]))
    assert (verdict.p, verdict.is_noise, verdict.more) == (None, None, None)


def test_how_many_seeds_more_is_what_then_decides() -> None:
    """With as many as were said to be needed, about four in five experiments find the difference."""
    random = np.random.default_rng(0)
    needed = compare(np.array([0.0, 1.0, 2.0]), np.array([0.7, 1.7, 2.7])).more
    assert needed is not None
    found = [compare(random.normal(0, 1, 3 + needed), random.normal(0.7, 1, 3 + needed)).is_noise for _ in range(60)]
    assert 0.65 <= 1 - np.mean([each is not False for each in found]) <= 0.95


def test_equal_groups_are_within_noise_nineteen_times_in_twenty() -> None:
    """What a p of five percent promises."""
    random = np.random.default_rng(1)
    wrong = [compare(random.normal(size=5), random.normal(size=5)).is_noise is False for _ in range(300)]
    assert np.mean(wrong) <= 0.08


# --- runs ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run, the same with another lr that parts at step 1,000, and two groups of seeds."""
    folder = tmp_path_factory.mktemp("diff")
    for name, lr, seed in (("a", 0.1, 1), ("b", 0.2, 1)):
        values = curve(1)
        if name == "b":
            values[1000:] += 1
        with tracker.init(logdir=folder, name=name, config={"lr": lr, "seed": seed, "net": {"width": 8}}) as run:
            for step, value in enumerate(values.tolist()):
                run.log({"train/loss": value, "lr": lr}, step=step)
    for group_name, shift in (("old", 0.0), ("new", 5.0)):
        for seed in range(4):
            with tracker.init(logdir=folder, name=f"{group_name}/{seed}", machine=False) as run:
                run.log({"val/loss": shift + seed / 10}, step=9)
    return folder


def said(capsys: pytest.CaptureFixture[str], logdir: Path, *words: str, status: int = 0) -> str:
    assert cli.main(["diff", *words, "--logdir", str(logdir)]) == status
    return capsys.readouterr().out


def test_it_says_where_two_runs_parted_and_what_is_different(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What was changed on purpose comes first."""
    text = said(capsys, runs, "a", "b")
    assert "parted at step 0, seen first in lr" in text
    assert "train/loss" in text
    assert "settings:\n    lr: 0.1 → 0.2\n" in text
    assert "seeds: the same seeds" in text
    found = json.loads(said(capsys, runs, "a", "b", "--json"))
    (loss,) = (each for each in found["parted"] if each["tag"] == "train/loss")
    assert 1000 <= loss["step"] <= 1020
    assert loss["first_other"] == 1000
    assert list(found["circumstances"]) == ["settings", "code", "packages", "machine", "seeds", "controls"]


def test_groups_of_seeds_are_told_apart_or_not(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By what runs are judged by, or by a tag that is named."""
    text = said(capsys, runs, "old/*", "new/*")
    assert "last val/loss" in text
    assert "4 runs, interquartile mean 0.15" in text
    assert "more than seed noise (p = 0.029)" in text
    assert "within seed noise (p = 1)" in said(capsys, runs, "old/*", "old/*")


@pytest.mark.parametrize(
    ("words", "why"),
    [(("a", "none"), "There is no run 'none'"), (("a", "none*"), "no run in"), (("old/*", "b", "--tag", "x"), "none of")],
)  # fmt: skip
def test_who_asks_wrongly_is_told(
    runs: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], why: str
) -> None:
    """In one line."""
    assert cli.main(["diff", *words, "--logdir", str(runs)]) == 1
    assert why in capsys.readouterr().err


def test_the_page_is_told_the_same(runs: Path) -> None:
    """By GET for two runs and POST for two groups; what is wrong is 400 or 404 with a sentence."""
    with TestClient(create_app(Settings(runs)), base_url="http://127.0.0.1:6006") as client:
        found = client.get("/api/v1/diff", params={"first": "a", "second": "b"}).json()
        assert found["circumstances"]["settings"] == {"lr": [0.1, 0.2]}
        assert {each["tag"] for each in found["parted"]} == {"lr", "train/loss"}
        groups = {"first": [f"old/{i}" for i in range(4)], "second": [f"new/{i}" for i in range(4)]}
        assert client.post("/api/v1/seeds", json=groups).json()["is_noise"] is False
        for said in ({**groups, "first": []}, {**groups, "tag": "x"}, {"first": ["a"]}):
            assert client.post("/api/v1/seeds", json=said).status_code == 400
        assert client.get("/api/v1/diff", params={"first": "a", "second": "c"}).status_code == 404
