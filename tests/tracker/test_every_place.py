"""Every text, integer and step place, with everything that Python, NumPy and PyTorch have: stored exactly, or refused.

`EVERYSTEP_DOOR_EXAMPLES` says how many values the long test generates.
"""

from __future__ import annotations

import json
import math
import os
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from odd_values import ODD, back

import tracker
from tracker import errors

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
