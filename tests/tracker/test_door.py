"""What enters the store: steps, numbers, tags, settings and texts.

A value is stored exactly (half a character as its escape), or refused on the caller's line with nothing else lost.
"""

from __future__ import annotations

import contextlib
import json
import math
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from odd_values import (
    HALF,
    ODD,
    SHOWN,
    Colour,
    Level,
    Lies,
    NotItsClass,
    OddDict,
    OddNumber,
    OddText,
    Raises,
    back,
    made,
)

import tracker
from tracker import coerce, errors

# --- steps -------------------------------------------------------------------------------------------


def integers_of_torch() -> Any:
    """range(3) as tensors."""
    return pytest.importorskip("torch", reason="needs PyTorch, which only the tests use").arange(3)


@pytest.mark.parametrize(
    "of",
    [np.arange, lambda n: np.arange(n, dtype=np.int8), lambda _: integers_of_torch()],
    ids=["int64", "int8", "torch"],
)
def test_a_step_with_an_index_is_a_number_from_then_on(run: tracker.Run, of: Callable[[int], Any]) -> None:
    """Whatever is placed where the loop stands afterwards is placed at a number: a histogram, a mark, a graph, a call."""
    for step in of(3):
        run.log({"loss": 1.0}, step=step)
    run.log({"w": tracker.Histogram([1.0])}, step=of(3)[2])
    run.mark("here")
    run.log_graph(tracker.Graph([{"name": "a"}], []))
    run.log({"loss": 1.0})
    stored = back(run)
    assert stored.scalars("loss").step.tolist() == [0, 1, 2, 3]
    assert stored.histograms("w").step.tolist() == [2]
    assert [mark.step for mark in stored.marks()] == [2]
    assert [type(mark.step) for mark in stored.marks()] == [int]
    assert stored.media("graph", "graph")[0].step == 2


def test_a_step_that_changes_afterwards_stays_what_it_was(run: tracker.Run) -> None:
    """A tensor that counts in place, as trainers keep one; and counting on from it does not count it."""
    torch = pytest.importorskip("torch", reason="needs PyTorch, which only the tests use")
    for counter in (torch.tensor(5), np.array(5)):
        run.log({"loss": 1.0}, step=5)
        run.log({"loss": 1.0}, step=counter)
        counter += 100
        run.mark("here")
        run.log({"loss": 2.0})
        assert int(counter) == 105
    stored = back(run)
    assert stored.scalars("loss").step.tolist() == [5, 5, 6, 5, 5, 6]
    assert [mark.step for mark in stored.marks()] == [5, 5]


def test_small_integers_of_numpy_do_not_wrap_around(run: tracker.Run) -> None:
    """int8 ends at 127; the step after it is 128."""
    run.log({"loss": 1.0}, step=0)
    run.log({"loss": 1.0}, step=np.int8(127))
    run.log({"loss": 1.0})
    assert back(run).scalars("loss").step.tolist() == [0, 127, 128]


def test_the_step_after_the_last_one_is_refused(run: tracker.Run) -> None:
    """On the caller's line, by its name."""
    run.log({"loss": 1.0}, step=2**63 - 1)
    for _ in range(2):
        with pytest.raises(errors.StepError):
            run.log({"loss": 1.0})
    run.log({"loss": 1.0}, step=1)
    assert back(run).scalars("loss").step.tolist() == [2**63 - 1, 1]


@pytest.mark.parametrize(
    "step",
    [Decimal(7), Fraction(14, 2), np.float32(7), np.array([7.0]), np.array([[7]]), True + 6, OddNumber(7)],
    ids=lambda s: getattr(s, "__name__", type(s).__name__),
)
def test_whole_numbers_of_every_kind_are_steps(run: tracker.Run, step: Any) -> None:
    """And a float tensor of one, as a step of an optimizer is."""
    torch = pytest.importorskip("torch", reason="needs PyTorch, which only the tests use")
    run.log({"x": 1.0}, step=step)
    run.log({"x": 1.0}, step=torch.tensor([7.0]))
    run.log({"x": 1.0}, step=torch.tensor(7.0, requires_grad=True))
    assert back(run).scalars("x").step.tolist() == [7, 7, 7]


@pytest.mark.parametrize(
    "step",
    [
        np.ma.masked,
        np.timedelta64(5, "ns"),
        np.datetime64(5, "ns"),
        Raises,
        NotItsClass,
        Lies,
        b"7",
        Decimal("7.5"),
        1j,
    ],
    ids=lambda s: getattr(s, "__name__", type(s).__name__),
)
@pytest.mark.parametrize("known", [True, False])
def test_what_only_looks_like_a_step_is_refused(run: tracker.Run, step: Any, known: bool) -> None:
    """By the call of a loop, which has seen the tag before, and by the first."""
    if known:
        run.log({"x": 0.0}, step=3)
    with pytest.raises(errors.StepError):
        run.log({"x": 1.0}, step=made(step))
    run.log({"x": 2.0})
    assert back(run).scalars("x").step.tolist() == ([3, 4] if known else [0])


def test_a_time_of_any_number(run: tracker.Run) -> None:
    """np.float32 and tensors of one; what is none is refused by name, an integer of 400 digits included."""
    for number, when in enumerate([np.float32(5), np.array([5.0]), np.int64(5), Fraction(5), 5]):
        run.log({"x": 1.0}, step=number, wall_time=when)
    for bad in (10**400, Raises(), "5", np.datetime64(5, "ns"), np.ma.masked):
        with pytest.raises(errors.LoggedValueError, match="wall_time"):
            run.log({"x": 1.0}, step=9, wall_time=bad)
    assert back(run).scalars("x").wall_time.tolist() == [5.0] * 5


# --- numbers and tags --------------------------------------------------------------------------------


def test_what_is_masked_is_not_a_number(run: tracker.Run) -> None:
    """It was stored as 0.0, which is one."""
    run.log({"x": np.ma.masked, "y": np.ma.array([3], mask=[True]), "z": np.ma.array([3], mask=[False])}, step=0)
    run.log({"t": tracker.Table([[np.ma.masked, 1]])}, step=0)
    stored = back(run)
    assert [stored.scalars(tag).value.tolist() for tag in "xyz"] == [[pytest.approx(math.nan, nan_ok=True)]] * 2 + [
        [3.0]
    ]
    assert stored.tables("t")[0].json["columns"][0]["values"] == [None]


def test_keys_that_are_numbers_or_names_are_tags(run: tracker.Run) -> None:
    """Losses by class, by layer, by a member of an Enum; not by what only has some text."""
    run.log(
        {
            "loss": {
                0: 1.0,
                np.int64(1): 2.0,
                0.5: 3.0,
                Colour.RED: 4.0,
                Level.LOW: 5.0,
                np.str_("w"): 6.0,
                OddText("odd"): 7.0,
            }
        },
        step=0,
    )
    for bad in (None, b"a", ("a", 1), Path("a"), object()):
        with pytest.raises(errors.TagError):
            run.log({"loss": {bad: 1.0}}, step=1)
    with pytest.raises(errors.TagError, match="same tag"):
        run.log({1: 1.0, "1": 2.0})
    found = back(run).tags("scalar")
    assert found == sorted(f"loss/{key}" for key in ("0", "1", "0.5", "Colour.RED", str(Level.LOW), "w", "odd"))


def test_a_dictionary_that_cannot_be_walked_through_is_refused(run: tracker.Run) -> None:
    """Or that has no end, which takes no time to find."""
    for bad in (OddDict(a=1), {"a": OddDict(a=1)}, {"a" * 200_000: 1.0}, nested(31)):
        with pytest.raises(errors.TrackerError):
            run.log(bad, step=0)
    run.log({"x": 1.0}, step=0)
    assert back(run).tags("scalar") == ["x"]


def nested(depth: int) -> dict[str, Any]:
    """Two to the power of `depth` values, in as many dictionaries as `depth`."""
    found: dict[str, Any] = {"a": 1.0, "b": 1.0}
    for _ in range(depth - 1):
        found = {"a": found, "b": found}
    return found


@pytest.mark.parametrize("value", [Raises, NotItsClass, Lies, np.datetime64(5, "ns"), np.timedelta64(5, "ns"), bytearray(b"12"), memoryview(b"12")], ids=lambda v: getattr(v, "__name__", type(v).__name__))  # fmt: skip
def test_what_only_looks_like_a_number_is_refused(run: tracker.Run, value: Any) -> None:
    """By name, beside a good one; the next call is taken."""
    with pytest.raises(errors.TrackerError):
        run.log({"x": 1.0, "y": made(value)}, step=0)
    run.log({"x": 2.0}, step=1)
    assert back(run).scalars("x").value.tolist() == [2.0]


# --- settings ----------------------------------------------------------------------------------------


def kept(run: tracker.Run, value: Any) -> Any:
    """What a setting is stored as, beside a point."""
    run.log({"x": 1.0})
    run.configure({"value": value, "lr": 0.1})
    stored = back(run)
    assert stored.config["lr"] == 0.1
    return stored.config["value"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (2**127 + 1, 2**127 + 1), (-(2**200), -(2**200)), (10**600, 10**600), (10**5000, hex(10**5000)), (np.uint64(2**64 - 1), 2**64 - 1),
        (HALF, SHOWN), ("a\x00b", "a\x00b"), ("\ud83d\ude00", "\\ud83d\\ude00"), ("😀", "😀"), ({HALF: {HALF: [HALF]}}, {SHOWN: {SHOWN: [SHOWN]}}),
        (np.arange(3), [0, 1, 2]), (np.ones((2, 2), np.float32), [[1.0, 1.0], [1.0, 1.0]]), (np.array(2.5), 2.5), (np.float32(0.5), 0.5),
        (np.array(["a", HALF]), ["a", SHOWN]), (np.array(["2026-01-01"], "M8[ns]"), ["2026-01-01T00:00:00.000000000"]),
        (np.datetime64(5, "ns"), "1970-01-01T00:00:00.000000005"), (np.ma.array([1, 2], mask=[0, 1]), [1, None]), (np.ma.masked, None),
        (np.longdouble("0.5"), 0.5), (np.array([1 + 2j]), ["(1+2j)"]), (np.arange(1500), [*range(1000), "… (1,500 items)"]), (np.bool_(True), True),
        (np.array([math.nan, math.inf]), ["nan", "inf"]), ({1: "a", "1": "b"}, {"1": "a", "1 (2)": "b"}), (Level.LOW, 3), (Colour.RED, "Colour.RED"),
        ((1, {2}), [1, [2]]), (Decimal("1.10"), "1.10"), (Path("a/b"), "a/b"), (Raises, "<Raises>"), (NotItsClass, "<NotItsClass>"),
        (Lies, "<Lies>"), (OddText("odd"), "odd"), (OddNumber(5), 5), (OddDict(a=1), "{'a': 1}"), (b"caf\xe9", "b'caf\\xe9'"),
        ("x" * 50_000, "x" * 50_000), ("x" * 60_000, "x" * 50_000 + "… (60,000 characters)"),
    ],
    ids=lambda each: getattr(each, "__name__", type(each).__name__),
)  # fmt: skip
def test_a_setting_of_any_kind(run: tracker.Run, value: Any, expected: Any) -> None:
    """Exactly, as the list it is, or with a sign that it was cut; the point beside it is there."""
    assert kept(run, made(value)) == expected


def test_tensors_among_settings_are_lists(run: tracker.Run) -> None:
    """Of bfloat16 as well, on whatever device; a model's weights are cut."""
    torch = pytest.importorskip("torch", reason="needs PyTorch, which only the tests use")
    found = kept(
        run,
        {
            "w": torch.tensor([0.5, 1.5], dtype=torch.bfloat16),
            "n": torch.tensor(3),
            "all": torch.zeros(100, 100),
            "meta": torch.ones(2, device="meta"),
        },
    )
    assert (found["w"], found["n"]) == ([0.5, 1.5], 3)
    assert found["all"] == [[0.0] * 100] * 10 + ["… (100 items)"]
    assert isinstance(found["meta"], str)


def test_settings_that_hold_themselves_or_without_end(run: tracker.Run) -> None:
    """Cut where they begin again; 2³⁰ values in 30 lists are a moment's work."""
    endless: dict[str, Any] = {"lr": 0.1}
    endless["again"] = [endless]
    assert kept(run, endless) == {"lr": 0.1, "again": ["…"]}
    wide: Any = [1, 2]
    for _ in range(12):
        wide = [wide] * 10
    assert len(json.dumps(kept(run, wide))) < 2_000_000
    deep: Any = 1
    for _ in range(100_000):
        deep = [deep]
    assert "…" in str(kept(run, deep))
    while isinstance(deep, list):  # else its end would be deeper than C's stack
        deep = deep.pop()


def test_settings_that_cannot_be_read_are_refused(logdir: Path) -> None:
    """On the line of `init`."""
    for bad in (OddDict(a=1), NotItsClass(), "lr=1", 3, np.zeros(3)):
        with pytest.raises(errors.LoggedTypeError, match="config"):
            tracker.init(logdir=logdir, name="a", config=bad)


# --- texts -------------------------------------------------------------------------------------------


def test_half_a_character_in_every_text_of_a_run(logdir: Path) -> None:
    """Its escape stands there, whoever reads: Python, and JSON of UTF-8 as the page asks for."""
    with contextlib.suppress(OSError), tracker.init(
        logdir=logdir, name="run", group=HALF, notes=HALF, tags=[HALF], config={HALF: HALF}, machine=False,
    ) as run:  # fmt: skip
        run.log({HALF: 1.0}, step=0)
        raise OSError(HALF)
    stored = tracker.open(logdir).run("run")
    segment = stored.segments()[0]
    assert (segment.group, segment.notes, segment.tags, segment.config) == (SHOWN, SHOWN, (SHOWN,), {SHOWN: SHOWN})
    assert (stored.status, segment.ending) == ("crashed", f"OSError: {SHOWN}")
    assert stored.scalars(SHOWN).value.tolist() == [1.0]


@pytest.mark.parametrize(
    "odd", [Raises, Lies, 3, Path("a"), 2**200, "x" * 2_000_000], ids=lambda v: getattr(v, "__name__", type(v).__name__)
)
def test_words_of_a_run_that_are_no_texts(logdir: Path, odd: Any) -> None:
    """Group, tags and notes say what can be said; one word as tags is one tag."""
    odd = made(odd)
    with tracker.init(logdir=logdir, name="a", group=odd, notes=odd, tags=[odd], machine=False) as run:
        run.log({"x": 1.0})
    with tracker.init(logdir=logdir, name="b", tags="fast", machine=False) as run:
        run.log({"x": 1.0})
    store = tracker.open(logdir)
    assert (store.run("a").status, len(store.run("a").scalars("x"))) == ("finished", 1)
    assert store.run("b").segments()[0].tags == ("fast",)


def test_an_exception_that_cannot_be_told_ends_a_run_as_any_other(logdir: Path) -> None:
    """Its name is there."""

    class Untold(Exception):
        def __str__(self) -> str:
            raise RuntimeError("asked")

    with contextlib.suppress(Untold), tracker.init(logdir=logdir, name="run", machine=False) as run:
        run.log({"x": 1.0})
        raise Untold
    stored = tracker.open(logdir).run("run")
    assert (stored.status, stored.segments()[0].ending) == ("crashed", "Untold: <Untold>")


def test_a_script_and_arguments_that_are_not_utf_8(logdir: Path, tmp_path: Path) -> None:
    """The environment can be sent to a page."""
    script = tmp_path / f"{HALF}.py"
    script.write_text(
        "import sys, tracker\nrun = tracker.init(logdir=sys.argv[1], name='run', command=True, console=True)\n"
        "print('caf\\udce9'.encode('utf-8', 'surrogateescape'))\nrun.log({'x': 1.0})\nrun.finish()\n"
    )
    subprocess.run([sys.executable, script, logdir, HALF], check=True, timeout=100)
    (found,) = tracker.open(logdir).run("run").environment()
    assert found["script"] == f"{SHOWN}.py"
    assert SHOWN in json.dumps(found["command"], ensure_ascii=False).replace("\\\\", "\\")
    json.dumps(found, ensure_ascii=False).encode()


def test_titles_of_plotly_figures(run: tracker.Run) -> None:
    """Made with Plotly, which may refuse to write them, or as its dictionary."""
    import plotly.graph_objects as go

    run.log(
        {
            "f": [
                tracker.Figure(go.Figure(layout={"title": {"text": HALF}})),
                tracker.Figure({"data": [], "layout": {"title": {"text": HALF}}}),
            ]
        }
    )
    assert [item.json["layout"]["title"]["text"] for item in back(run).figures("f")] == [SHOWN] * 2


# --- all of them -------------------------------------------------------------------------------------


def test_the_door_is_what_readers_can_count_on() -> None:
    """Texts and JSON of it are UTF-8, whatever comes; and reading gives what was written."""
    for value in [*ODD, {HALF: [HALF, 2**200, math.nan]}]:
        coerce.text(value).encode()
        coerce.dumps(value).encode()
        if type(value) is not int or value.bit_length() <= coerce.DIGITS_BITS:
            assert json.loads(coerce.dumps(value)) == json.loads(json.dumps(coerce.plain(value)))
