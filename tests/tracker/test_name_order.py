"""The order of names: as people count, the same in Python and in the page, total whatever names hold."""

from __future__ import annotations

import json
import random
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tracker
from tracker.name_order import name_order, naturally

ROOT = Path(__file__).resolve().parents[2]
KNOWN = json.loads((ROOT / "tests" / "web" / "name_order.json").read_text(encoding="utf-8"))
NAMES = st.text(st.sampled_from("am/_. -0129é😀\ue000") | st.characters(exclude_categories=["Cs"]), max_size=12)


def test_names_stand_as_people_count() -> None:
    """The table that tests/web/name_order.test.js holds the page to."""
    shuffled = random.Random(1).sample(KNOWN, len(KNOWN))
    assert naturally(shuffled) == KNOWN


@given(st.lists(NAMES, max_size=8, unique=True))
def test_the_order_is_total(names: list[str]) -> None:
    """No two names are equal, and whatever order they come in they leave in one."""
    ordered = naturally(names)
    assert ordered == naturally(reversed(names))
    assert len({name_order(name) for name in names}) == len(names)


@given(st.text("ab/-", max_size=4), st.integers(0, 10**30), st.integers(0, 10**30), st.text("ab/-", max_size=4))
def test_numbers_stand_by_their_size(before: str, low: int, high: int, after: str) -> None:
    """Also those of many digits."""
    names = [f"{before}{number}{after}" for number in sorted((low, high))]
    assert naturally(names) == names


@given(st.sampled_from(["lr=", "lr_", "a-", ""]), st.decimals(0, 1000, places=4), st.decimals(0, 1000, places=4))
def test_decimals_stand_by_their_size(before: str, low: Decimal, high: Decimal) -> None:
    """As learning rates in the names of a sweep do."""
    names = [f"{before}{number.normalize():f}" for number in sorted((low, high))]
    assert naturally(names) == names


@given(st.lists(st.text("ab/-_:", max_size=6)))
def test_names_without_numbers_stand_as_ever(names: list[str]) -> None:
    """By their characters."""
    assert naturally(names) == sorted(names)


@pytest.mark.parametrize("kind", ["runs", "tags"])
def test_readers_give_names_in_this_order(tmp_path: Path, kind: str) -> None:
    """What `tracker.open` lists: `m2` before `m12`."""
    for name in ("m12", "m2", "m1"):
        with tracker.init(logdir=tmp_path, name=name, machine=False) as run:
            run.log({"acc/12": 1.0, "acc/2": 2.0, "acc": 0.0}, step=0)
    store = tracker.open(tmp_path)
    found = [run.name for run in store.runs()] if kind == "runs" else store.run("m2").tags("scalar")
    assert found == (["m1", "m2", "m12"] if kind == "runs" else ["acc", "acc/2", "acc/12"])
