"""What enters the store: every text, integer and step place, with everything that Python, NumPy and PyTorch have.

A value is stored exactly (half a character as its escape), or refused on the caller's line with nothing else lost.
`EVERYSTEP_DOOR_EXAMPLES` says how many values the long test generates.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import subprocess
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from decimal import Decimal
from enum import Enum, IntEnum
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

import tracker
from tracker import door, errors
from tracker.store import writer as writers
from tracker.values.value import Medium, Value

HALF = os.fsdecode(b"caf\xe9")
"""A file's name that is not UTF-8, as Python gives it: with half a character."""
SHOWN = "caf\\udce9"


@pytest.fixture
def run(logdir: Path) -> Iterator[tracker.Run]:
    """A run that is finished with its test."""
    with tracker.init(logdir=logdir, name="run", machine=False) as made:
        yield made


def back(run: tracker.Run) -> Any:
    """The run as it is read, everything acknowledged and nothing lost."""
    assert run.flush()
    stored = tracker.open(run.logdir).run(run.name)
    assert not any(stored.segments()[-1].lost.values()), stored.segments()[-1].lost
    return stored


class Raises:
    """An object that raises whatever it is asked."""

    def _raise(self, *_: Any) -> Any:
        raise RuntimeError("asked")

    __str__ = __repr__ = __float__ = __index__ = __int__ = __len__ = __iter__ = __bool__ = _raise
    __eq__ = __hash__ = __array__ = __getitem__ = item = detach = _raise

    @property
    def shape(self) -> Any:
        raise RuntimeError("asked")

    dtype = size = ndim = shape


class NotItsClass:
    """An object that will not say what it is."""

    @property
    def __class__(self) -> Any:  # type: ignore[override]
        raise RuntimeError("asked")


class Lies:
    """An object whose answers are of the wrong types."""

    size = "one"
    shape = (1,)
    dtype = "float"

    def __str__(self) -> str:
        return 3  # type: ignore[return-value]

    def __index__(self) -> int:
        return 1.5  # type: ignore[return-value]

    def __float__(self) -> float:
        return "1"  # type: ignore[return-value]

    def __len__(self) -> int:
        return -1

    def item(self) -> Any:
        return self

    __repr__ = __str__


class OddText(str):
    """A text that denies it."""

    __slots__ = ()

    def __str__(self) -> str:
        raise RuntimeError("asked")

    def encode(self, *_: Any) -> bytes:
        return b""

    def isascii(self) -> bool:
        return True

    def __len__(self) -> int:
        return 0


class OddNumber(int):
    """A whole number that says it is another one."""

    def __index__(self) -> int:
        return 99

    def __str__(self) -> str:
        raise RuntimeError("asked")

    __repr__ = __str__


class OddDict(dict):  # type: ignore[type-arg]
    """A dictionary that cannot be walked through."""

    def items(self) -> Any:
        raise RuntimeError("asked")


class Colour(Enum):
    """As in a script's settings."""

    RED = "red"


class Level(IntEnum):
    """As in a script's settings."""

    LOW = 3


ODD: list[Any] = [
    None, True, False, np.True_, np.str_("wörd"), b"caf\xe9", bytearray(b"12"), HALF, "\x00", "a\x00b", "", "\ud83d\ude00",
    Colour.RED, Level.LOW, Path("a/b"), datetime(2026, 1, 2, tzinfo=timezone.utc), Decimal("1.5"), Decimal("sNaN"), Decimal(7),
    Fraction(1, 3), Fraction(8, 2), 1j, object(), object, Raises(), NotItsClass(), Lies(), OddText("odd"), OddNumber(5), OddDict(a=1),
    10**5000, -(10**700), float("nan"), float("inf"), -0.0, [1, [2]], {1: 2}, (), {1}, np.ma.masked, np.ma.array([1.0], mask=[True]),
    np.array([3]), np.array([3.0]), np.array(["a"]), np.zeros(0), np.zeros((2, 3)), np.array([{}], object), np.longdouble("1.5"),
    np.datetime64("2026-01-01"), np.datetime64(5, "ns"), np.timedelta64(5, "ns"), np.datetime64("NaT"), np.void(b"ab"),
    np.broadcast_to(np.float32(1), (10**6, 10**6)), np.empty((10**12, 0)), range(3), memoryview(b"12"), len,
]  # fmt: skip


def made(value: Any) -> Any:
    """An object of a class; any other value as it is. Pytest, too, asks what it is given."""
    return value() if isinstance(value, type) else value


SCALAR_TYPES = "?bBhHiIqQefdgFDG"


def torch_values() -> list[Any]:
    """A tensor of one element of every dtype that PyTorch makes one of."""
    torch = pytest.importorskip("torch", reason="needs PyTorch, which only the tests use")
    found = []
    for dtype in sorted({each for each in vars(torch).values() if isinstance(each, torch.dtype)}, key=str):
        for shape in ((), (1,)):
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # some are said to be experimental
                    found.append(torch.ones(shape, dtype=dtype))
            except (RuntimeError, NotImplementedError, TypeError):
                continue  # quantised and packed ones, which cannot be made like this
    assert len(found) > 20
    return found


texts = st.text(st.characters(exclude_categories=()), max_size=40)
wholes = st.one_of(
    st.integers(-(2**200), 2**200), st.integers(-(2**63) - 2, -(2**63) + 2), st.integers(2**63 - 2, 2**63 + 2)
)


@st.composite
def numpy_scalars(draw: st.DrawFn) -> Any:
    """A NumPy scalar of any type of numbers, from any bytes."""
    dtype = np.dtype(draw(st.sampled_from(SCALAR_TYPES)))
    size = dtype.itemsize
    if dtype.char in "gG":
        return dtype.type(draw(st.floats()))
    data = bytes([draw(st.integers(0, 1))]) if dtype.char == "?" else draw(st.binary(min_size=size, max_size=size))
    return np.frombuffer(data, dtype)[0]


class Held(NamedTuple):
    """The place of a value in a list: Hypothesis itself asks what it draws."""

    index: int


def values(held: list[Any]) -> st.SearchStrategy[Any]:
    """Anything that a caller may have in hand."""
    return st.one_of(texts, texts, wholes, st.floats(), numpy_scalars(), st.builds(Held, st.integers(0, len(held) - 1)))


class Place(NamedTuple):
    """A place of the API: how a value is given there, and what stands there afterwards, for all values in order."""

    put: Callable[[tracker.Run, Any], None]
    got: Callable[[Any], list[Any]]
    oracle: Callable[[Any], Any]


ANY = object()
PIXEL = np.zeros((1, 1), np.uint8)
CLASSES = (np.array([0]), np.array([0]))


def is_a(value: Any, kinds: Any) -> bool:
    """What it is by its type, whatever it says."""
    return issubclass(type(value), kinds)


def as_text(value: Any) -> Any:
    """What a text becomes: itself, half a character as its escape. Of other values no more is known than a text."""
    return str.__str__(value).encode("utf-8", "backslashreplace").decode() if type(value) in (str, np.str_) else ANY


def as_setting(value: Any) -> Any:
    """What a value among settings becomes."""
    if type(value) is int and value.bit_length() > 2000:
        return hex(value)
    if type(value) in (bool, int) or (is_a(value, float) and math.isfinite(value)):
        return value
    if is_a(value, (np.integer, np.bool_)) and not is_a(value, np.timedelta64):
        return value.item()
    return as_text(value)


def as_step(value: Any) -> Any:
    """What a step becomes."""
    exact = type(value) in (int, float) or (is_a(value, (np.integer, np.floating)) and value.dtype.kind in "iuf")
    return int(value) if exact else ANY


def as_number(value: Any) -> Any:
    """What a number becomes."""
    return float(value) if type(value) in (int, float) or is_a(value, (np.integer, np.floating)) else ANY


def attribute(kind: str, tag: str, of: Callable[[Any], Any]) -> Callable[[Any], list[Any]]:
    """Reads something of each item of a tag."""
    return lambda stored: [of(item) for item in stored.media(kind, tag)]


def said(tag: str, **given: Any) -> tuple[str, dict[str, Any]]:
    """A tag, and arguments."""
    return tag, given


def picture(tag: str, word: Callable[[Any], dict[str, Any]]) -> Callable[[tracker.Run, Any], None]:
    """Logs a picture of which something is said."""
    return lambda run, value: run.log({tag: tracker.Image(PIXEL, **word(value))})


def graph(value: Any) -> tracker.Graph:
    """A graph with the value in each of its places."""
    return tracker.Graph(
        [{"name": "a", "op": value, "attrs": {"of": value}}, {"name": "b"}],
        [{"source": "a", "target": "b", "dtype": value}],
    )


PLACES: dict[str, Place] = {
    "step": Place(lambda run, value: run.log({"step": 1.0}, step=value), lambda s: s.scalars("step").step.tolist(), as_step),
    "step of several": Place(
        lambda run, value: run.log({"steps": 1.0, "b": 2.0}, step=value), lambda s: s.scalars("steps").step.tolist(), as_step
    ),
    "step of a histogram": Place(
        lambda run, value: run.log({"h": tracker.Histogram([1.0])}, step=value), lambda s: s.histograms("h").step.tolist(), as_step
    ),
    "step of a mark": Place(
        lambda run, value: run.mark("m", step=value, kind="stepped"),
        lambda s: [mark.step for mark in s.marks() if mark.kind == "stepped"],
        lambda value: ANY if value is None else as_step(value),
    ),
    "wall_time": Place(
        lambda run, value: run.log({"time": 1.0}, wall_time=value), lambda s: s.scalars("time").wall_time.tolist(), as_number
    ),
    "number": Place(lambda run, value: run.log({"number": value}), lambda s: s.scalars("number").value.tolist(), as_number),
    "mark": Place(
        lambda run, value: run.mark(value, kind="worded"), lambda s: [m.text for m in s.marks() if m.kind == "worded"], as_text
    ),
    "kind of a mark": Place(
        lambda run, value: run.mark("kinds", kind=value), lambda s: [m.kind for m in s.marks() if m.text == "kinds"], as_text
    ),
    "attribute of a mark": Place(
        lambda run, value: run.mark("said", of=value), lambda s: [m.attributes["of"] for m in s.marks() if m.text == "said"], as_setting
    ),
    "key of an attribute": Place(
        lambda run, value: run.mark("keyed", of={value: 1}),
        lambda s: [next(iter(m.attributes["of"])) for m in s.marks() if m.text == "keyed"],
        as_text,
    ),
    "caption": Place(
        picture("captioned", lambda value: {"caption": value}),
        attribute("image", "captioned", lambda item: item.attributes.get("caption")),
        as_text,
    ),
    "label": Place(
        picture("labelled", lambda value: {"label": value}), attribute("image", "labelled", lambda item: item.attributes.get("label")), as_text
    ),
    "predicted class": Place(
        picture("predicted", lambda value: {"predictions": {value: 1.0}}),
        attribute("image", "predicted", lambda item: item.attributes["predictions"][0]["name"]),
        as_text,
    ),
    "box": Place(
        picture("boxed", lambda value: {"boxes": [{"box": (0, 0, 1, 1), "label": value}]}),
        attribute("image", "boxed", lambda item: item.attributes["boxes"][0]["boxes"][0].get("label")),
        as_text,
    ),
    "class of a mask": Place(
        picture("masked", lambda value: {"masks": {"mask": PIXEL, "labels": {1: value}}}),
        attribute("image", "masked", lambda item: item.attributes["masks"][0]["labels"]["1"]),
        as_text,
    ),
    "text": Place(
        lambda run, value: run.log({"text": tracker.Text(value)}), attribute("text", "text", lambda item: item.data.decode()), as_text
    ),
    "cell": Place(
        lambda run, value: run.log({"cell": tracker.Table([[value, "word"]])}), attribute("table", "cell", lambda item: item.table["0"][0]),
        lambda value: as_text(value) if is_a(value, str) else ANY,
    ),
    "head of a column": Place(
        lambda run, value: run.log({"head": tracker.Table([[1]], columns=[value])}),
        attribute("table", "head", lambda item: next(iter(item.table))),
        as_text,
    ),
    "graph": Place(
        lambda run, value: run.log({"graph": graph(value)}), attribute("graph", "graph", lambda item: item.json["nodes"][0]["op"]), as_text
    ),
    "label of a vector": Place(
        lambda run, value: run.log({"vectors": tracker.Embedding([[1.0]], [[value]], header=[value])}),
        lambda s: [json.loads(item.data)["rows"][0][0] for item in s.media("embedding", "vectors") if item.attributes["part"] == "labels"],
        as_text,
    ),
    "class of a matrix": Place(
        lambda run, value: run.log({"matrix": tracker.ConfusionMatrix(*CLASSES, class_names=[value])}),
        attribute("confusion", "matrix", lambda item: item.attributes["classes"][0]),
        as_text,
    ),
    "title of a chart": Place(
        lambda run, value: run.log({"layout": tracker.Layout({"a": {value: ["Multiline", ["t"]]}})}),
        attribute("layout", "layout", lambda item: next(iter(json.loads(item.data)["a"]))),
        as_text,
    ),
    "title of a figure": Place(
        lambda run, value: run.log({"figure": tracker.Figure({"data": [], "layout": {"title": {"text": value}}})}),
        attribute("figure", "figure", lambda item: item.json["layout"]["title"]["text"]),
        lambda value: as_text(value) if is_a(value, str) else ANY,
    ),
}  # fmt: skip


KEYED = ("tag", "predicted class", "key of an attribute", "title of a chart")


def is_hashable(value: Any) -> bool:
    """Whether it can be the key of a dictionary."""
    try:
        hash(value)
    except Exception:
        return False
    return True


def enter(logdir: Path, name: str, examples: int, number: int | None = None) -> Counter[tuple[str, bool]]:
    """Gives `examples` generated values to places of a run, then reads all of it back; (place, whether stored)."""
    counted: Counter[tuple[str, bool]] = Counter()
    wanted: dict[str, list[Any]] = {place: [] for place in PLACES}
    settings_wanted: dict[str, Any] = {}
    tags: list[str] = []
    innocent = 0
    held = [*ODD, *torch_values()]
    with tracker.init(logdir=logdir, name=name, machine=False) as run:

        @settings(max_examples=examples, deadline=None, database=None, derandomize=number is None,
                  suppress_health_check=list(HealthCheck))  # fmt: skip
        @given(place=st.sampled_from([*PLACES, "setting", "tag"]), value=values(held))
        def one(place: str, value: Any) -> None:
            nonlocal innocent
            value = held[value.index] if isinstance(value, Held) else value
            if (place in KEYED and not is_hashable(value)) or (place == "number" and type(value) is dict):
                return  # no key, and no number but several
            run.log({"innocent": float(innocent)}, step=innocent)
            innocent += 1
            try:
                if place == "setting":
                    run.configure({f"s{len(settings_wanted)}": value})
                    settings_wanted[f"s{len(settings_wanted)}"] = as_setting(value)
                elif place == "tag":
                    run.log({value: 1.0})
                    tags.append(as_text(value))
                else:
                    PLACES[place].put(run, value)
                    wanted[place].append(PLACES[place].oracle(value))
            except errors.TrackerError:
                counted[place, False] += 1
            else:
                counted[place, True] += 1

        (one if number is None else seed(number)(one))()
        stored = back(run)
    assert stored.scalars("innocent").value.tolist() == list(range(innocent))
    for place, expected in wanted.items():
        if expected:
            found = PLACES[place].got(stored)
            assert len(found) == len(expected), place
            for is_, should in zip(found, expected, strict=True):
                assert should is ANY or is_ == should or (is_ != is_ and should != should), (place, is_, should)
    for key, should in settings_wanted.items():
        assert should is ANY or stored.config[key] == should, (key, stored.config[key], should)
    assert {tag for tag in tags if tag is not ANY} <= set(stored.tags("scalar"))
    json.dumps([stored.config, [mark.attributes for mark in stored.marks()]], ensure_ascii=False).encode()
    return counted


def told(counted: Counter[tuple[str, bool]]) -> str:
    """The counts in a line."""
    places = sorted({place for place, _ in counted})
    return f"{sum(counted.values()):,} values: " + "; ".join(
        f"{place} {counted[place, True]:,} stored, {counted[place, False]:,} refused" for place in places
    )


def test_generated_values_in_every_place_are_stored_or_refused(logdir: Path, figure: Callable[[str], None]) -> None:
    """A few hundred of them, the same each time."""
    counted = enter(logdir, "run", 600)
    figure(told(counted))
    assert sum(stored for (_, was), stored in counted.items() if was) > 200


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_a_hundred_thousand_values_in_every_place(logdir: Path, figure: Callable[[str], None]) -> None:
    """The same with new ones each time."""
    every = int(os.environ.get("EVERYSTEP_DOOR_EXAMPLES", "100000"))
    counted: Counter[tuple[str, bool]] = Counter()
    for number in range(max(1, every // 2000)):
        counted += enter(logdir, f"run{number}", min(every, 2000), number)
    figure(told(counted))


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
    subprocess.run([sys.executable, script, logdir, HALF], check=True, timeout=60)
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


# --- one bad thing -----------------------------------------------------------------------------------


def refuse(run: tracker.Run, table: str, when: str) -> None:
    """Lets SQLite refuse rows of the run's file, as a value that it cannot hold would be."""
    assert run.flush()
    driver = run._writer._appender._driver  # type: ignore[union-attr]
    driver.execute(
        f"CREATE TRIGGER refuse_{table} BEFORE INSERT ON {table} WHEN {when} BEGIN SELECT RAISE(ABORT, 'refused'); END"
    )


@pytest.mark.parametrize(
    ("table", "when", "lost"),
    [
        ("marks", "NEW.text='bad'", {"mark": 1}), ("media", "NEW.step=500", {"text": 1}),
        ("scalars", "NEW.count>1 OR (NEW.value>=700 AND NEW.value<720)", {"scalar": 20}), ("sketches", "NEW.step=500", {"histogram": 1}),
        ("scalars", "NEW.count>1", {}),
    ],
    ids=["mark", "text", "points", "histogram", "folding"],
)  # fmt: skip
def test_what_cannot_be_stored_takes_nothing_along(
    run: tracker.Run, caplog: pytest.LogCaptureFixture, table: str, when: str, lost: dict[str, int]
) -> None:
    """Of 2,000 numbers, marks, texts and histograms everything else is there, once and in order; the bad ones are named."""
    run.log({"x": -1.0, "y": -1.0}, step=0)
    refuse(run, table, when)
    with caplog.at_level("WARNING", "tracker"):
        with writers.io_lock:  # so that all of it is one batch
            for step in range(2000):
                run.log({"x": float(step), "y": -2.0}, step=step)
                if step % 100 == 0:
                    run.log({"t": tracker.Text("word"), "h": tracker.Histogram([1.0])}, step=step)
                    run.mark("bad" if step == 500 else "good", step=step)
            run.configure({"lr": 0.1})
        assert run.flush()
    run._writer._appender._driver.execute(f"DROP TRIGGER refuse_{table}")  # type: ignore[union-attr]  # as no run has one
    stored = tracker.open(run.logdir).run("run")
    values = [value for value in range(2000) if not (lost.get("scalar") and 700 <= value < 720)]
    assert stored.scalars("x").value.tolist() == [-1.0, *map(float, values)]
    assert stored.scalars("y").value.tolist() == [-1.0] + [-2.0] * 2000
    assert [mark.step for mark in stored.marks()] == [
        s for s in range(0, 2000, 100) if not ("mark" in lost and s == 500)
    ]
    assert [item.step for item in stored.text("t")] == [
        s for s in range(0, 2000, 100) if not ("text" in lost and s == 500)
    ]
    assert stored.histograms("h").step.tolist() == [
        s for s in range(0, 2000, 100) if not ("histogram" in lost and s == 500)
    ]
    assert stored.config == {"lr": 0.1}
    said = {kind: count for kind, count in stored.segments()[0].lost.items() if count}
    assert said == lost
    warnings_ = [record.getMessage() for record in caplog.records if "is lost" in record.getMessage()]
    assert len(warnings_) == bool(said)
    assert all("refused" in words and "step" in words for words in warnings_)
    run.log({"x": 5000.0}, step=5000)
    run.finish()
    assert tracker.open(run.logdir).run("run").scalars("x").value.tolist()[-1] == 5000.0
    assert tracker.open(run.logdir).run("run").status == "finished"


class Unstorable(Value):
    """A value that encodes as nothing that can be stored."""

    kind = "image"

    def __init__(self, how: str) -> None:
        self.how = how

    n_bytes = 10

    def encode(self) -> list[Medium]:
        if self.how == "raises":
            raise RuntimeError(HALF)
        if self.how == "warns":
            warnings.warn("old", DeprecationWarning, stacklevel=1)
            return [Medium("text/plain", {HALF: Raises(), "n": 2**200, "nan": math.nan}, b"stored")]
        return [Medium("text/plain", {}, b"good"), Medium("text/plain", {}, Lies())]  # type: ignore[arg-type]


def test_values_that_cannot_be_encoded_or_bound(run: tracker.Run) -> None:
    """Each is lost alone; a warning that is an error, as under `python -W error`, loses nothing."""
    with writers.io_lock:
        for step in range(500):
            run.log({"x": float(step)}, step=step)
        run.log(
            {"a": Unstorable("raises"), "b": Unstorable("bound"), "c": tracker.Text("c"), "d": Unstorable("warns")},
            step=3,
        )
    assert run.flush()
    stored = tracker.open(run.logdir).run("run")
    assert stored.segments()[0].lost == {"image": 2}
    assert stored.scalars("x").value.tolist() == list(range(500))
    assert [item.data for item in stored.text("c")] == [b"c"]
    assert [(item.data, item.attributes) for item in stored.images("d")] == [
        (b"stored", {SHOWN: "<Raises>", "n": 2**200, "nan": "nan"})
    ]
    assert stored.images("b") == []


HOSTILE = """
import math, struct, sys
import numpy as np
import tracker
np.seterr(all="raise")
end = sys.float_info.max
numbers = [end, -end, 5e-324, -5e-324, -0.0, 0.0, math.inf, -math.inf, math.nan, 1.7e308, -1.7e308, 2.2e-308, 1e300, 3.5e38]
numbers += [struct.unpack("<d", struct.pack("<Q", bits))[0] for bits in (0x7FF0000000000001, 0xFFF8000000000123)]
array = np.array(numbers)
with tracker.init(logdir=sys.argv[1], name="run", machine=False) as run:
    for step in range(40_000):
        run.log({"a": end if step % 2 else -end, "b": numbers[step % len(numbers)]}, step=step)
    for step in range(20):
        run.log({"h": tracker.Histogram(array)}, step=step)
    run.log({"i": tracker.Image(array.reshape(4, 4)), "t": tracker.Table([numbers, numbers]), "w": tracker.Audio(array, 16000)})
    run.log({"e": tracker.Embedding(array.reshape(4, 4), sprites=array.reshape(4, 2, 2)), "m": tracker.Mesh(np.resize(array, (6, 3)))})
    run.log({"v": tracker.Video(np.resize(array, (2, 8, 8)), fps=5e-324 + 1), "n": np.ma.masked, "p": tracker.PRCurve([0, 1, 1], [1e-320, 0, 1])})
"""


def test_warnings_that_are_errors_lose_nothing(logdir: Path) -> None:
    """`python -W error`, NumPy raising whatever it can: numbers at the ends of float64 are numbers."""
    subprocess.run([sys.executable, "-W", "error", "-c", HOSTILE, logdir], check=True, timeout=100)
    stored = tracker.open(logdir).run("run")
    assert (stored.status, stored.segments()[0].lost) == ("finished", {})
    end = sys.float_info.max
    values = stored.scalars("a").value
    assert len(values) == 40_000
    assert set(values.tolist()) == {end, -end}
    found = stored.envelope("a", 3)
    assert (found.min.min(), found.max.max(), found.count.sum()) == (-end, end, 40_000)
    odd = stored.scalars("b").value.view(np.uint64)
    assert 0x7FF0000000000001 in odd
    assert 0xFFF8000000000123 in odd
    assert (1 << 63) in odd
    assert len(stored.histograms("h")) == 20
    assert stored.histograms("h").merge().max == end
    assert set(stored.tags()) >= {"h", "i", "t", "w", "e", "m", "v", "n", "p"}


# --- beginning and going on --------------------------------------------------------------------------

CROWDED = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (80, 80))
import tracker
if sys.argv[2] == "warm":
    tracker.init(logdir=sys.argv[1], name="before").finish()
held = []
try:
    while True:
        held.append(os.open("/dev/null", os.O_RDONLY))
except OSError:
    pass
run = tracker.init(logdir=sys.argv[1], name="run", config={"lr": 1}, console=sys.argv[2] == "warm")
other = tracker.init(logdir=sys.argv[1], name="run")
for step in range(1000):
    run.log({"loss": float(step)}, step=step)
    other.log({"loss": 0.0}, step=step)
run.mark("here")
assert not run.flush(0.1)
for each in held:
    os.close(each)
assert run.flush()
run.log({"loss": 1000.0})
"""


@pytest.mark.parametrize("loaded", ["cold", "warm"])
def test_a_run_that_begins_without_a_descriptor(logdir: Path, loaded: str) -> None:
    """Nothing is raised; two runs of one name are two; all is stored once there is room, and read as a living run's."""
    subprocess.run([sys.executable, "-c", CROWDED, logdir, loaded], check=True, timeout=60)
    store = tracker.open(logdir)
    run = store.run("run")
    assert (run.status, run.segments()[0].lost, run.config) == ("finished", {}, {"lr": 1})
    assert run.scalars("loss").value.tolist() == [*map(float, range(1001))]
    assert [mark.step for mark in run.marks()] == [999]
    assert store.run("run-2").scalars("loss").value.tolist() == [0.0] * 1000


def log_nothing(run: tracker.Run) -> None:
    """No step."""


@pytest.mark.parametrize(
    ("before", "following"),
    [
        (lambda run: run.log({"h": tracker.Histogram([1.0])}, step=41), 42), (lambda run: run.log({"i": tracker.Image(PIXEL)}, step=41), 42),
        (lambda run: run.log({"t": tracker.Text("a")}, step=41), 42), (lambda run: run.mark("here", step=41), 42),
        (lambda run: run.observe({"machine/cpu": 1.0}, step=41), 0), (log_nothing, 0), (lambda run: run.log({"x": 1.0}, step=-8), -7),
        (lambda run: (run.log({"x": 1.0}, step=5), run.log({"i": tracker.Image(PIXEL)}, step=9), run.mark("later", step=99)), 10),
        (lambda run: run.log({"h": tracker.Histogram([1.0])}, step=-8), -7),
    ],
    ids=["histogram", "picture", "text", "mark", "machine", "nothing", "negative", "several", "negative histogram"],
)  # fmt: skip
def test_a_resumed_run_goes_on_after_whatever_it_logged(
    logdir: Path, before: Callable[[tracker.Run], Any], following: int
) -> None:
    """Twice: what the first resume marks is no step of the training's."""
    with tracker.init(logdir=logdir, name="run", machine=False) as run:
        before(run)
    for _ in range(2):
        with tracker.init(logdir=logdir, name="run", resume="must", machine=False) as run:
            pass
    with tracker.init(logdir=logdir, name="run", resume="must", machine=False) as run:
        run.log({"next": 1.0})
    assert tracker.open(logdir).run("run").scalars("next").step.tolist() == [following]


def test_a_rewind_of_pictures_goes_on_after_the_checkpoint(logdir: Path) -> None:
    """What was left behind is not gone on from."""
    with tracker.init(logdir=logdir, name="run", machine=False) as run:
        for step in range(10):
            run.log({"i": tracker.Image(PIXEL), "h": tracker.Histogram([1.0])}, step=step)
    with tracker.init(logdir=logdir, name="run", resume="must", step=np.int64(4), machine=False):
        pass
    with tracker.init(logdir=logdir, name="run", resume="must", machine=False) as run:
        run.log({"next": 1.0})
    assert tracker.open(logdir).run("run").scalars("next").step.tolist() == [5]


def test_the_door_is_what_readers_can_count_on() -> None:
    """Texts and JSON of it are UTF-8, whatever comes; and reading gives what was written."""
    for value in [*ODD, {HALF: [HALF, 2**200, math.nan]}]:
        door.text(value).encode()
        door.dumps(value).encode()
        if type(value) is not int or value.bit_length() <= door.DIGITS_BITS:
            assert json.loads(door.dumps(value)) == json.loads(json.dumps(door.plain(value)))


@pytest.mark.parametrize(
    "given", [{"tags": 3}, {"tags": Raises}, {"step": "5"}, {"step": 2**64}, {"logdir": "a\x00b"}, {"name": HALF}]
)
def test_what_is_no_beginning_is_refused_by_name(logdir: Path, given: dict[str, Any]) -> None:
    """On the line of `init`, and nothing is begun."""
    with pytest.raises(errors.TrackerError):
        tracker.init(**{"logdir": logdir, "name": "run", **{key: made(value) for key, value in given.items()}})
    assert tracker.open(logdir).runs() == []
