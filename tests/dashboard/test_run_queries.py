"""Choosing runs: the same table as tests/web/run_query.test.js, what holds of any search, and what `viz runs` prints."""

from __future__ import annotations

import json
import math
import statistics
import subprocess
from pathlib import Path
from typing import Any

import node
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import tracker
from dashboard import cli
from dashboard.choosing.choice import choose, is_falling, order_field, ordered
from dashboard.choosing.fields import Fields, Searched, as_json, is_none, is_number, place
from dashboard.choosing.groups import grouped, summary_of
from dashboard.choosing.query import Condition, QueryError, number_in, parse, written
from tracker.better import is_more_better

TABLE = json.loads((Path(__file__).parents[1] / "web" / "run_query.json").read_text())
PARTS = ["last", "min", "max"]


def searched(more: dict[str, Any]) -> Searched:
    """A run of the table."""
    usual = {"paused": False, "group": None, "tags": more.get("labels", []), "notes": "", "said": {}, "findings": None}
    return Searched({**usual, **more})


RUNS = [searched(run) for run in TABLE["runs"]]


def fields_of(runs: list[Searched]) -> Fields:
    """What they can be searched by."""
    metrics = {run.name: run.about["metrics"] for run in runs}

    def metric(name: str, tag: str, part: str) -> float | None:
        found = metrics[name].get(tag)
        return None if found is None else float(found[PARTS.index(part)])

    return Fields(runs, dict.fromkeys(tag for own in metrics.values() for tag in own), metric, TABLE["now"])


FIELDS = fields_of(RUNS)


def found(text: str) -> list[int]:
    """Places of the runs that a search lets through, sorted."""
    return sorted(RUNS.index(run) for run in choose(parse(text), RUNS, FIELDS, TABLE["headline"]))


@pytest.mark.parametrize(("text", "places"), TABLE["searches"])
def test_a_search_lets_through_what_it_says(text: str, places: list[int]) -> None:
    """As on the page."""
    assert found(text) == places


@pytest.mark.parametrize(("text", "words"), [each for each in TABLE["problems"] if each[1]])
def test_what_cannot_be_understood_is_said_in_a_sentence(text: str, words: str) -> None:
    """As on the page."""
    with pytest.raises(QueryError) as caught:
        found(text)
    assert words in str(caught.value)


@pytest.mark.parametrize(("words", "places"), TABLE["orders"])
def test_runs_are_sorted_by_any_of_it(words: str, places: list[int]) -> None:
    """As on the page: the best of a metric first, what has nothing last."""
    field = order_field(words, FIELDS)
    assert [RUNS.index(run) for run in ordered(RUNS, field, is_falling=is_falling(words, field))] == places


NUMBERS = st.floats(allow_nan=False, width=32)
PIECES = st.sampled_from(["lr", "=", "<", ">", "..", "1", "0.01", '"', "/", "-", " ", "best 3", " by ", "val/loss", "nan", ",", "*", "[", "("])  # fmt: skip


@given(st.lists(PIECES, max_size=9).map("".join))
def test_any_text_is_a_search_or_a_problem(text: str) -> None:
    """And what is not let through is what the same with a minus lets through."""
    try:
        query, passing = parse(text), found(text)
        if len(query.terms) != 1 or query.pick is not None:
            return
        text = text.strip()
        others = found(text[1:] if text[0] == "-" else f"-{text}")
    except QueryError:
        return
    assert sorted([*passing, *others]) == list(range(len(RUNS)))


TEXTS = st.one_of(st.text(max_size=8), st.text('"\\\\ =<>!,*.-/:[1ka', max_size=8), st.floats().map(repr))


def is_one(a: str, b: str) -> bool:
    """Whether two settings are the same to whoever looks for one: numbers by size, words without case."""
    return a.lower() == b.lower() or (is_number(a) and is_number(b) and place(a) == place(b))


@given(TEXTS, st.lists(TEXTS, min_size=1, max_size=5))
@example('say"x', ["1", "1k", "1000", "", "a*", "ab"])
def test_a_written_setting_finds_the_runs_that_have_it(key: str, values: list[str]) -> None:
    """Whatever it is called and whatever it is; with a minus all others. The last run has other settings."""
    made = [*({key: value, "lr": 1} for value in values), {"lr": 2}] if key != "lr" else [{key: v} for v in values]
    runs = [searched({**TABLE["runs"][0], "name": str(i), "config": config}) for i, config in enumerate(made)]
    fields = fields_of(runs)

    def passing(text: str) -> set[int]:
        return {int(run.name) for run in choose(parse(text), runs, fields, None)}

    for value in values:
        same = {i for i, each in enumerate(values) if is_one(each, value)}
        words = f"config:{written(key)}={written(value)}"
        assert passing(words) == same
        assert passing(f"{words} {words}") == same
        assert passing(f"-{words}") == set(range(len(runs))) - same
    assert passing(f"config:{written(key)}=*") == set(range(len(values)))


@pytest.mark.parametrize(("text", "words"), TABLE["written"])
def test_a_name_or_a_value_is_written_as_it_is_read(text: str, words: str) -> None:
    """As on the page."""
    assert written(text) == words


@settings(max_examples=5, deadline=None)
@given(st.lists(TEXTS, min_size=50, max_size=200))
def test_the_page_writes_names_and_values_as_this_does(texts: list[str]) -> None:
    """And reads them back."""
    found = node.found()
    if found is None:
        pytest.skip("needs Node 20.11 or newer; ./tests/run installs it")
    script = """
      import { readFileSync } from "node:fs";
      import { parse, written } from "./dashboard/web/text/run_query.js";
      const made = JSON.parse(readFileSync(0, "utf8")).map((text) => {
        const { key, any } = parse(`config:${written(text)}=${written(text)}`).terms[0];
        return [written(text), key, any.map((wanted) => wanted.text)];
      });
      console.log(JSON.stringify(made));
    """
    told = subprocess.run(
        [found, "--input-type=module", "-e", script],
        input=json.dumps(texts),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        cwd=Path(__file__).parents[2],
    )
    for text, (words, key, wanted) in zip(texts, json.loads(told.stdout), strict=True):
        assert words == written(text)
        assert key == f"config:{text}"
        assert len(wanted) == 1


@given(NUMBERS, NUMBERS, st.lists(NUMBERS, max_size=12))
def test_a_range_holds_what_is_between_its_ends(low: float, high: float, values: list[float]) -> None:
    """Ends belong to it; what is less or more is shared out between < and >=."""
    runs = [searched({**TABLE["runs"][0], "name": str(i), "config": {"x": value}}) for i, value in enumerate(values)]
    fields = fields_of(runs)

    def passing(text: str) -> list[float]:
        return [values[int(run.name)] for run in choose(parse(text), runs, fields, None)]

    if not values:
        return
    finite = [value for value in values if math.isfinite(value)]
    low, high = sorted([low, high])
    assert passing(f"x={low!r}..{high!r}") == [value for value in finite if low <= value <= high]
    assert sorted(passing(f"x<{low!r}") + passing(f"x>={low!r}")) == sorted(finite)
    assert sorted(passing(f"x<={low!r}") + passing(f"x>{low!r}")) == sorted(finite)


@given(
    st.lists(
        st.one_of(st.none(), NUMBERS, st.just(math.nan), st.sampled_from(["2", "10", "1e3", "adam", "m2", "m12", ""]))
    )
)
def test_the_best_are_the_first_of_all_in_order(values: list[Any]) -> None:
    """Sorting is by size, then by name, what has nothing last; the other way turns what is there and nothing else."""
    runs = [searched({**TABLE["runs"][0], "name": str(i)}) for i in range(len(values))]
    fields = Fields(runs, ["loss"], lambda name, *_: values[int(name)], 0.0)
    field = fields.metric_of("loss", "last")
    rising, falling = (
        [values[int(run.name)] for run in ordered(runs, field, is_falling=each)] for each in (False, True)
    )
    there = [value for value in rising if not is_none(value)]
    assert [place(value) for value in there] == sorted(place(value) for value in values if not is_none(value))
    assert all(is_none(value) for value in [*rising[len(there) :], *falling[len(there) :]])
    assert [place(value) for value in falling[: len(there)]] == [place(value) for value in reversed(there)]


@given(st.lists(st.tuples(st.sampled_from(["0.1", "0.01", "adam"]), NUMBERS), min_size=1))
def test_groups_hold_each_run_once(values: list[tuple[str, float]]) -> None:
    """And say how many, the best and the mean of what is finite."""
    runs = [searched({**TABLE["runs"][0], "name": str(i), "config": {"k": key}}) for i, (key, _) in enumerate(values)]
    fields = Fields(runs, ["loss", "acc"], lambda name, *_: values[int(name)][1], 0.0)
    groups = grouped(runs, [fields.setting("k")])
    assert sorted(run.name for group in groups for run in group.runs) == sorted(run.name for run in runs)
    assert [group.values[0] for group in groups] == [each for each in ("0.01", "0.1", "adam") if each in dict(values)]
    for group in groups:
        own = [value for key, value in values if key == group.values[0] and math.isfinite(value)]
        for tag, best in (("loss", min), ("acc", max)):
            summary = summary_of(group.runs, fields.metric_of(tag, "last"))
            assert summary.count == len(own)
            if own:
                assert summary.best == best(own)
                assert summary.mean == pytest.approx(statistics.fmean(own))
            assert math.isnan(summary.std) == (len(own) < 2)


@pytest.mark.parametrize(
    ("values", "mean", "std"),
    [([1e308, 1.2e308, 1.4e308], 1.2e308, 2e307), ([-1e200, 1e200], 0.0, math.sqrt(2) * 1e200), ([0.1] * 17, 0.1, 0.0)],
)
def test_the_largest_numbers_have_a_mean_and_equal_ones_no_deviation(
    values: list[float], mean: float, std: float
) -> None:
    runs = [searched({**TABLE["runs"][0], "name": str(i)}) for i in range(len(values))]
    fields = Fields(runs, ["loss"], lambda name, *_: values[int(name)], 0.0)
    summary = summary_of(runs, fields.metric_of("loss", "last"))
    assert (summary.mean, summary.std) == (pytest.approx(mean, rel=1e-12), pytest.approx(std, rel=1e-12))


@pytest.mark.parametrize(
    ("value", "text"),
    [(1.0, "1"), (0.1, "0.1"), (1e-5, "0.00001"), (1.5e-6, "0.0000015"), (1e-7, "1e-7"), (1e20, "100000000000000000000"),
     (1.25e21, "1.25e+21"), (-2.5e-5, "-0.000025"), (True, "true"), (None, "null"), ([1.0, "a"], '[1,"a"]'), (math.inf, "null")],
)  # fmt: skip
def test_settings_are_written_as_a_browser_does(value: Any, text: str) -> None:
    """So that a search finds the same here and on the page."""
    assert as_json(value) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_come_back(value: float) -> None:
    """Whatever the form."""
    assert float(as_json(value)) == value
    assert number_in(as_json(value)) == value


def test_more_is_better_of_what_is_called_so() -> None:
    """By the last part of a tag."""
    better = {"val/acc", "top1_accuracy", "eval/mean-reward", "AP", "x/F1"}
    assert {tag for tag in [*better, "loss", "acc/loss", "val/map_error_rates", "capacity", "train/lr"] if is_more_better(tag)} == better | {"val/map_error_rates"}  # fmt: skip


@pytest.fixture
def sweep_of_six(logdir: Path) -> Path:
    """Two learning rates of three seeds, and one run of another kind."""
    for number in range(6):
        lr, seed = [0.1, 0.01][number % 2], number // 2
        with tracker.init(logdir=logdir, name=f"sweep/{number}", config={"lr": lr, "seed": seed}, machine=False) as run:
            for step, value in enumerate((1.0, 0.2 * lr + seed, lr + seed)):
                run.log({"val/loss": value, "val/acc": 1 - value / 4}, step=step)
    with tracker.init(logdir=logdir, name="other", machine=False) as run:
        run.log({"val/loss": 9.0}, step=0)
    return logdir


def viz_runs(capsys: pytest.CaptureFixture[str], logdir: Path, *words: str, status: int = 0) -> str:
    """What it prints."""
    assert cli.main(["runs", *words, "--logdir", str(logdir)]) == status
    said = capsys.readouterr()
    return said.err if status else said.out


def names(printed: str) -> list[str]:
    """Of a table, its first column."""
    return [line.split()[0] for line in printed.splitlines()[1:]]


def test_runs_are_chosen_on_the_command_line(sweep_of_six: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By the page's words: conditions, picks, the order; least values are read from the files."""
    assert names(viz_runs(capsys, sweep_of_six, "lr=0.1", "seed=1..2", "--sort", "seed")) == ["sweep/2", "sweep/4"]
    assert names(viz_runs(capsys, sweep_of_six, "best 2 by val/loss")) == ["sweep/1", "sweep/0"]
    assert names(viz_runs(capsys, sweep_of_six, "min:val/loss<0.01")) == ["sweep/1"]
    assert names(viz_runs(capsys, sweep_of_six, "sweep", "--sort=-val/acc"))[0] in (
        "sweep/4",
        "sweep/5",
        "sweep/2",
        "sweep/3",
    )
    assert "no run is found by nothing" in viz_runs(capsys, sweep_of_six, "nothing")
    told = json.loads(viz_runs(capsys, sweep_of_six, "newest 1", "--json"))
    assert [run["name"] for run in told] == ["other"]


def test_groups_are_told_on_the_command_line(sweep_of_six: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A line a group: how many, the best, the mean and the deviation."""
    printed = viz_runs(capsys, sweep_of_six, "sweep", "--group-by", "lr").splitlines()
    assert printed[0].split()[:2] == ["lr", "runs"]
    assert [line.split()[:2] for line in printed[1:]] == [["0.01", "3"], ["0.1", "3"]]
    (first, second) = json.loads(viz_runs(capsys, sweep_of_six, "sweep", "--group-by", "lr", "--json"))
    assert first["lr"] == "0.01"
    assert second["mean val/loss"] == pytest.approx(1.1)


@pytest.mark.parametrize(
    ("words", "said"),
    [(["lr<abc"], "comes a number"), (["los<1"], "Is “val/loss” meant?"), (["--sort", "nowhere"], "nowhere"), (["--group-by", "lr,nowhere"], "nowhere")],
)  # fmt: skip
def test_what_it_cannot_understand_is_said(
    sweep_of_six: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    """In one line, with the status of wrong usage."""
    assert said in viz_runs(capsys, sweep_of_six, *words, status=2)


def test_conditions_know_where_they_came_from() -> None:
    """A key that nobody has is looked for as it was written."""
    (term,) = parse("sweep/lr=1e-4/seed=0").terms
    assert isinstance(term, Condition)
    assert term.text == "sweep/lr=1e-4/seed=0"


def test_numbers_of_any_length_are_numbers() -> None:
    """Python makes no whole number of more than 4,300 digits; the page does."""
    runs = [
        searched({**TABLE["runs"][0], "name": f"{i}", "config": {"big": big}})
        for i, big in enumerate(["9" * 5000, "1" + "0" * 5000, "-" + "9" * 5000, 7])
    ]
    fields = fields_of(runs)
    by = order_field("big", fields)
    assert [run.name for run in ordered(runs, by, is_falling=False)] == ["2", "3", "0", "1"]
    for text, names in [
        (f"newest {'9' * 5000}", "0123"),
        (f"oldest {'0' * 5000}1", "3"),
        (f"big={'9' * 5000}", "0"),
        (f"big=1..{'9' * 5000}", "013"),
        ("lowest 1 by big", "2"),
    ]:
        assert "".join(run.name for run in choose(parse(text), runs, fields, None)) == names, text[:20]
