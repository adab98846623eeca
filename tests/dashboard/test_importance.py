"""Importance of settings: what was planted is found, what was not is not, and how sure it is is said."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dashboard.hparams.importance import importance


def sweep(n: int, seed: int = 0) -> tuple[dict[str, list[Any]], np.ndarray]:
    """Runs whose metric follows `a` (not monotonic), the word `kind` and nothing else of six."""
    rng = np.random.default_rng(seed)
    settings: dict[str, list[Any]] = {f"noise{i}": list(rng.random(n)) for i in range(4)}
    settings["a"] = list(rng.random(n))
    settings["kind"] = [str(each) for each in rng.choice(["x", "y", "z"], n)]
    target = np.abs(np.array(settings["a"]) - 0.5) * 4 + (np.array(settings["kind"]) == "y") + 0.1 * rng.normal(size=n)
    return settings, target


def test_planted_settings_are_found_and_the_others_are_not() -> None:
    """A setting that works in the middle of its range has no rank correlation, and is found all the same."""
    found = importance(*sweep(300))
    assert {each.name for each in found[:2]} == {"a", "kind"}
    assert [each.name for each in found if each.is_clear] == [each.name for each in found[:2]]
    by_name = {each.name: each for each in found}
    assert abs(by_name["a"].correlation) < 0.2
    assert math.isnan(by_name["kind"].correlation)
    assert all(each.low <= each.share <= each.high for each in found)


@pytest.mark.parametrize("seed", [0, *(pytest.param(each, marks=pytest.mark.long) for each in (1, 2, 3))])
def test_noise_is_called_noise(seed: int) -> None:
    """Of twelve settings that do nothing, none is said to matter clearly, with few runs as with many."""
    rng = np.random.default_rng(seed)
    for n in (12, 40, 200):
        settings = {f"p{i}": list(rng.random(n)) for i in range(12)}
        assert sum(each.is_clear for each in importance(settings, rng.normal(size=n))) <= 1


def test_a_word_that_names_its_run_explains_nothing() -> None:
    """Each run has its own: what is learned of one says nothing of another."""
    _, target = sweep(60)
    (found,) = importance({"id": [f"run{i}" for i in range(60)]}, target)
    assert not found.is_clear


def test_more_runs_make_it_surer() -> None:
    """The range narrows."""
    widths = []
    for n in (30, 300):
        found = {each.name: each for each in importance(*sweep(n))}["a"]
        widths.append((found.high - found.low) / found.share)
    assert widths[1] < widths[0] / 2


def test_diverged_runs_and_missing_settings_are_no_obstacle() -> None:
    """NaN and infinity of the metric are left out; a missing value is a value."""
    settings, target = sweep(200)
    target[::10], target[5] = math.nan, math.inf
    settings["a"][3] = None
    settings["flag"] = [bool(i % 2) for i in range(200)]
    settings["huge"] = [math.inf if i % 2 else 1 for i in range(200)]
    assert {each.name for each in importance(settings, target)[:2]} == {"a", "kind"}


@pytest.mark.parametrize(
    ("settings", "target"),
    [({}, []), ({"a": [1, 2]}, [1.0, 2.0]), ({"a": [1] * 20}, list(range(20))), ({"a": list(range(20))}, [1.0] * 20)],
    ids=["nothing", "two runs", "one setting for all", "one outcome for all"],
)
def test_nothing_is_said_of_nothing(settings: dict[str, list[Any]], target: list[float]) -> None:
    """Too few runs, or no difference between them."""
    assert importance(settings, target) == []


def test_the_same_question_has_the_same_answer() -> None:
    """A page that is loaded again shows the same bars."""
    assert repr(importance(*sweep(50))) == repr(importance(*sweep(50)))  # NaN is not equal to itself


def test_the_interface_answers_and_refuses(tmp_path: Path) -> None:
    """Through HTTP; what does not fit is told so."""
    from starlette.testclient import TestClient

    from dashboard.server.application import create_app
    from dashboard.server.settings import Settings

    settings, target = sweep(40)
    with TestClient(create_app(Settings(tmp_path)), base_url="http://127.0.0.1") as client:
        said = {"parameters": settings, "target": [None, *target[1:]]}
        answer = client.post("/api/v1/importance", json=said, headers={"origin": "http://127.0.0.1"})
        assert {each["name"] for each in answer.json()["importance"][:2]} == {"a", "kind"}
        wrong = {"parameters": {"a": [1]}, "target": [1, 2]}
        answer = client.post("/api/v1/importance", json=wrong, headers={"origin": "http://127.0.0.1"})
        assert answer.status_code == 400
        assert "one length" in answer.json()["error"]
