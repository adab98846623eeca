"""`viz brief`: what it says of a run, within its budget; a run that is odd or damaged is told as far as it can be."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tracker
from dashboard import cli
from dashboard.brief.budget import Section, fitted, tokens
from dashboard.brief.course import course
from dashboard.brief.facts import facts
from dashboard.brief.settings import differences
from dashboard.brief.words import text


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """Two runs of a folder, of which the second meets a NaN."""
    for number, lr in enumerate((0.1, 0.01)):
        config = {"lr": lr, "data": {"shuffle": True}, "seed": 7}
        with tracker.init(logdir=tmp_path, name=f"mnist/{number}", config=config, machine=False) as run:
            for step in range(100):
                broken = number and step == 60
                run.log({"train/loss": math.nan if broken else 2 - step / 100, "lr": lr}, step=step)
            run.mark("half way", step=50)
    return tmp_path


def brief(capsys: pytest.CaptureFixture[str], logdir: Path, *words: object, status: int = 0) -> str:
    assert cli.main(["brief", "--logdir", str(logdir), *map(str, words)]) == status
    return capsys.readouterr().out


def test_it_says_what_a_run_is_how_it_stands_what_changed_and_what_is_wrong(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The newest run unless another is named."""
    said = brief(capsys, runs)
    assert said.startswith("Run mnist/1: finished, began ")
    assert "last step 99." in said
    assert "nan_or_inf since step 60: " in said
    assert "train/loss: 2 → 1.01, lowest 1.01 at 99, highest 2 at 0, lately falling by 20% of its range" in said
    assert "(100 points, 1 not finite)" in said
    assert "lr: 0.01 throughout (100 points)" in said
    assert "differ from the run before, mnist/0:\nlr: 0.1 → 0.01\n" in said
    assert "step 50: half way" in said
    assert "differ" not in brief(capsys, runs, "mnist/0")


@pytest.mark.parametrize("budget", [50, 120, 300, 800])
def test_the_budget_is_kept_and_what_matters_most_stays(
    runs: Path, capsys: pytest.CaptureFixture[str], budget: int
) -> None:
    """What is left out is counted."""
    said = brief(capsys, runs, "--tokens", budget)
    assert tokens(said) <= budget
    assert said.startswith("Run mnist/1: finished")
    if budget >= 120:
        assert "nan_or_inf" in said


def test_json_has_all_of_it(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The facts that the words are made of."""
    found = json.loads(brief(capsys, runs, "mnist/1", "--json"))
    assert found["config"] == {"lr": 0.01, "data": {"shuffle": True}, "seed": 7}
    assert found["changed"] == {"since": "mnist/0", "settings": {"lr": [0.1, 0.01]}}
    assert found["metrics"]["told"]["train/loss"]["odd"] == 1
    assert next(each["kind"] for each in found["findings"]) == "nan_or_inf"


def test_who_asks_wrongly_is_told(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In one sentence."""
    assert cli.main(["brief", "mnist/2", "--logdir", str(runs)]) == 1
    assert "There is no run 'mnist/2'" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        brief(capsys, runs, "--tokens", "few")
    assert "few is no budget" in capsys.readouterr().err


def test_a_damaged_run_is_told_as_far_as_it_can_be_read(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What could not be read is named; the others are none the worse."""
    (segment,) = (runs / "mnist" / "1").glob("*.sqlite")
    segment.write_bytes(segment.read_bytes()[:2000])
    assert cli.main(["brief", "mnist/1", "--logdir", str(runs)]) == 1
    said = capsys.readouterr()
    assert "unreadable" in said.out
    assert "mnist/1" in said.err
    assert brief(capsys, runs, "mnist/0").startswith("Run mnist/0: finished")


def test_a_run_of_odd_words_is_told_in_plain_ones(tmp_path: Path) -> None:
    """Whatever stands in names, notes and settings, it is one line each, and of the length of one."""
    odd = "a\nb\x1b[31m" + "x" * 10_000
    with tracker.init(logdir=tmp_path, name="odd", config={odd: odd}, notes=odd, machine=False) as run:
        run.log({"loss": math.inf}, step=0)
    said = text(facts(tracker.open(tmp_path).run("odd")))
    assert "\x1b" not in said
    assert max(map(len, said.splitlines())) < 500
    assert "loss: 1 points, none finite" in said


@given(st.lists(st.lists(st.text(max_size=60), max_size=20), max_size=6), st.integers(10, 400))
def test_whatever_is_said_fits(sections: list[list[str]], most: int) -> None:
    """And with room for all of it, all of it is said."""
    told = [Section(f"Part {i}:", lines, kept=i % 3) for i, lines in enumerate(sections)]
    assert tokens(fitted(told, most)) <= most
    everything = fitted(told, 10**9)
    assert all(line in everything for lines in sections for line in lines)


def test_the_course_of_a_curve_is_exact(tmp_path: Path) -> None:
    """Ends, extremes and their steps as the points have them, in however few columns they come."""
    random = np.random.default_rng(3)
    curves = {}
    for number in range(40):
        values = random.normal(0, 10.0 ** random.integers(-8, 8), random.integers(1, 3000))
        odd = random.random(len(values)) < random.choice([0, 0.01, 0.5, 1])
        curves[f"curve{number}"] = np.where(odd, random.choice([np.nan, np.inf, -np.inf], len(values)), values)
    with tracker.init(logdir=tmp_path, name="run", machine=False) as run:
        for tag, values in curves.items():
            for step, value in enumerate(values.tolist()):
                run.log({tag: value}, step=step)
    with tracker.open(tmp_path).run("run").held() as stored:
        for tag, values in curves.items():
            found, good = course(stored.envelope(tag, 20)), values[np.isfinite(values)]
            assert (found.count, found.odd, found.last_step) == (len(values), len(values) - len(good), len(values) - 1)
            if len(good):
                assert (found.low, found.high) == (good.min(), good.max())
                assert (values[found.low_step], values[found.high_step]) == (good.min(), good.max())


def test_settings_that_differ_are_named_by_their_path() -> None:
    """Those of one side alone have nothing on the other."""
    before: dict[str, Any] = {"lr": 1, "net": {"depth": 2, "width": 3}, "gone": None, "left": 5}
    now: dict[str, Any] = {"lr": 1, "net": {"depth": 4, "width": 3}, "new": [1], "gone": None}
    assert differences(before, now) == {"net.depth": [2, 4], "new": [None, [1]], "left": [5, None]}
