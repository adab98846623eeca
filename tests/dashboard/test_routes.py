"""The HTTP interface: what programs get, to the last digit."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

import tracker
from dashboard.http import wire
from dashboard.server.application import create_app
from dashboard.server.settings import Settings


def _log_two(logdir: Path) -> None:
    for name, bias in (("a", 0.0), ("b/c", 100.0)):
        with tracker.init(logdir=logdir, name=name, config={"bias": bias, "nan": math.nan}, machine=False) as run:
            for step in range(1500):
                run.log(
                    {"loss": bias + 1 / (step + 1), "odd": [math.nan, math.inf, -math.inf, 0.5][step % 4]}, step=step
                )
            run.log({"w": tracker.Histogram(np.arange(100.0))}, step=3)
            run.mark("halved", step=7, kind="lr")


@pytest.fixture
def client(logdir: Path, fill: Callable[..., None]) -> Iterator[TestClient]:
    """A visitor of a logdir with two runs."""
    fill(logdir, _log_two)
    with TestClient(create_app(Settings(logdir)), base_url="http://127.0.0.1:6006") as made:
        yield made


def unpacked(data: bytes) -> tuple[dict[str, Any], list[np.ndarray]]:
    """Head and columns of a packed answer, as another program would read them."""
    length = int.from_bytes(data[:4], "little")
    head = json.loads(data[4 : 4 + length])
    return head, [np.frombuffer(data, "<f8", offset=4 + length)]


def test_runs_are_listed_with_what_the_page_shows(client: TestClient) -> None:
    """Names, states, last values; JSON that any parser takes, NaN included."""
    answer = client.get("/api/v1/runs")
    runs = {run["name"]: run for run in json.loads(answer.text, parse_constant=lambda word: pytest.fail(word))["runs"]}
    assert set(runs) == {"a", "b/c"}
    assert runs["a"]["status"] == "finished"
    assert runs["a"]["scalars"]["loss"]["step"] == 1499
    assert runs["a"]["scalars"]["loss"]["value"] == 1 / 1500
    own = {kind: found for kind, found in runs["a"]["series"].items() if kind != "environment"}
    assert own == {"scalar": ["loss", "odd"], "histogram": ["w"]}
    assert runs["a"]["config"] == {"bias": 0.0, "nan": "nan"}


def test_scalars_are_the_same_as_json_and_packed(client: TestClient) -> None:
    """The contract: GET with run, tag, columns, start, stop; two forms, one answer."""
    query = {"run": "b/c", "tag": "loss", "columns": 50, "start": 10, "stop": 1400}
    plain = client.get("/api/v1/scalars", params=query).json()
    head, (values,) = unpacked(client.get("/api/v1/scalars", params=query, headers={"accept": wire.MEDIA_TYPE}).content)
    assert plain["points"] == 1391
    assert len(plain["min"]) == head["length"] <= 50
    for index, name in enumerate(head["columns"]):
        column = values[index * head["length"] : (index + 1) * head["length"]]
        assert column.tolist() == plain[name]
    assert max(plain["max"]) == 100 + 1 / 11


def test_what_is_not_finite_is_a_word_in_json(client: TestClient) -> None:
    """JSON has no NaN; a client must not fail to parse the rest because of it."""
    plain = client.get("/api/v1/scalars", params={"run": "a", "tag": "odd", "columns": 5000}).json()
    assert plain["first"][:4] == ["NaN", "Infinity", "-Infinity", 0.5]
    assert sum(plain["nan_count"]) == 375


def test_one_question_brings_a_tag_of_many_runs(client: TestClient) -> None:
    """Points as they are when they are few, envelopes when they are many; runs without the tag are left out."""
    body = {"tag": "loss", "runs": ["a", "nowhere", "b/c"], "columns": 2000}
    head, (values,) = unpacked(client.post("/api/v1/curves", json=body).content)
    assert [curve["run"] for curve in head["curves"]] == ["a", "b/c"]
    assert [curve["form"] for curve in head["curves"]] == ["points", "points"]
    assert [sum(curve["counts"].values()) for curve in head["curves"]] == [1500, 1500]
    assert values[:1500].tolist() == list(range(1500))
    assert values[3000:4500].tolist() == [1 / (step + 1) for step in range(1500)]
    head, _ = unpacked(client.post("/api/v1/curves", json={**body, "columns": 100}).content)
    assert head["curves"][0]["form"] == "columns"
    assert head["curves"][0]["length"] <= 100


@pytest.mark.parametrize("columns", [2000, 100])
@pytest.mark.parametrize(("window", "steps"), [((200, 202), [199, 200, 201, 202, 203]), ((200.2, 200.8), [200, 201]), ((-9, 1), [0, 1, 2]), ((1499, 1600), [1498, 1499])])  # fmt: skip
def test_a_window_comes_with_a_neighbour_at_each_side(
    client: TestClient, columns: int, window: tuple[float, float], steps: list[int]
) -> None:
    """Of a short series and of one that is read in columns: the line is seen to come and to go on."""
    body = {"tag": "loss", "runs": ["b/c"], "columns": columns, "start": window[0], "stop": window[1]}
    head, (values,) = unpacked(client.post("/api/v1/curves", json=body).content)
    assert head["curves"][0]["form"] == "points"
    assert values[: len(steps)].tolist() == steps
    assert values[2 * len(steps) :].tolist() == [100 + 1 / (step + 1) for step in steps]


def once_rewound(client: TestClient, body: dict[str, Any]) -> tuple[dict[str, Any], Any]:
    """Curves, as soon as they have a tail: the server learns of a new file as of any, a moment after it is there."""
    deadline = time.monotonic() + 60
    while True:
        head, (values,) = unpacked(client.post("/api/v1/curves", json=body).content)
        if head["tails"]:
            return head, values
        assert time.monotonic() < deadline


def test_tags_asked_together_are_answered_as_one_by_one(client: TestClient, logdir: Path) -> None:
    """Several cards are one question: each file opened once, the answers the same to the bit, tails included."""
    with tracker.init(logdir=logdir, name="a", resume="must", step=1400) as run:
        run.log({"loss": 9.0}, step=1401)
    tags, body = ["loss", "odd", "nowhere"], {"runs": ["a", "b/c"], "columns": 100, "start": 200, "stop": 1450}
    once_rewound(client, {**body, "tag": "loss"})
    head, (values,) = unpacked(client.post("/api/v1/curves", json={**body, "tags": tags}).content)
    assert [answer["tag"] for answer in head["answers"]] == tags
    at = 0
    for tag, answer in zip(tags, head["answers"], strict=True):
        one, (own,) = unpacked(client.post("/api/v1/curves", json={**body, "tag": tag}).content)
        assert answer == one
        np.testing.assert_array_equal(values[at : at + len(own)], own)
        at += len(own)
    assert at == len(values)


@pytest.mark.parametrize("body", [{"tags": []}, {"tags": ["a"] * 65}, {"tags": "loss"}, {"tags": [3]}])
def test_bad_lists_of_tags_get_a_sentence(client: TestClient, body: dict[str, Any]) -> None:
    """None, too many, no list, no text."""
    answer = client.post("/api/v1/curves", json={"runs": ["a"], **body})
    assert answer.status_code == 400
    assert "expected" in answer.json()["error"]


@pytest.mark.parametrize("beyond", [12, 30_000])
def test_what_a_rewind_left_behind_comes_as_a_tail(client: TestClient, logdir: Path, beyond: int) -> None:
    """Every point of it, or the first, last and extremes of its columns when they are many."""
    with tracker.init(logdir=logdir, name="back", machine=False) as run:
        for step in range(200 + beyond):
            run.log({"loss": 50.0 if step == 205 else -float(step)}, step=step)
    with tracker.init(logdir=logdir, name="back", resume="must", step=199, machine=False) as run:
        run.log({"loss": 1.0}, step=200)
    body = {"tag": "loss", "runs": ["back", "a"], "columns": 1000}
    head, values = once_rewound(client, body)
    (tail,) = head["tails"]
    length = tail["length"]
    steps, times, left = values[-3 * length :].reshape(3, length)
    assert tail["run"] == "back"
    assert (steps[0], steps[-1], left.max()) == (200, 199 + beyond, 50.0)
    assert (np.diff(steps) >= 0).all()
    assert (np.diff(times) >= 0).all()
    if beyond < 100:
        assert steps.tolist() == list(range(200, 200 + beyond))
    else:
        assert length <= 1000


def test_histograms_marks_and_graphs_are_answered(client: TestClient) -> None:
    """Counts add up to the elements."""
    head, (values,) = unpacked(client.get("/api/v1/histograms", params={"run": "a", "tag": "w", "bins": 10}).content)
    assert (head["rows"], head["bins"], head["low"], head["high"]) == (1, 10, 0.0, 99.0)
    assert values[-10:].sum() == pytest.approx(100)
    marks = client.get("/api/v1/marks", params={"run": "a"}).json()["marks"]
    assert [(mark["step"], mark["kind"], mark["text"]) for mark in marks] == [(7, "lr", "halved")]
    assert client.get("/api/v1/graph", params={"run": "a"}).status_code == 404


@pytest.mark.parametrize(
    ("address", "status", "words"),
    [
        ("scalars", 400, "run= is missing"), ("scalars?run=a", 400, "tag= is missing"), ("scalars?run=a&tag=no", 404, "There are: loss"),
        ("scalars?run=no&tag=loss", 404, "There are: a"), ("scalars?run=../a&tag=loss", 400, "cannot be a folder"),
        ("scalars?run=a&tag=loss&columns=0", 400, "1 to"), ("scalars?run=a&tag=loss&columns=1e9", 400, "1 to"),
        ("scalars?run=a&tag=loss&start=x", 400, "start=: expected a finite number"), ("scalars?run=a&tag=loss&start=nan", 400, "start=: expected"),
        ("scalars?run=a&tag=loss&axis=up", 400, "axis=: expected one of step"), ("histograms?run=a&tag=loss", 404, "no histogram"), ("media?run=a&tag=x&kind=scalar", 400, "kind=: expected one of image"), ("media?run=a&tag=x&step=y", 400, "whole number"),
        ("blobs/../../x?run=a", 404, ""), ("blobs/" + "0" * 32 + "?run=a", 404, "no such picture"), ("nothing", 404, ""),
    ],
)  # fmt: skip
def test_bad_questions_get_a_sentence(client: TestClient, address: str, status: int, words: str) -> None:
    """400 or 404, what was wrong, never a traceback."""
    answer = client.get(f"/api/v1/{address}")
    assert answer.status_code == status
    assert words in answer.text
    assert "Traceback" not in answer.text


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"tag": 3, "runs": []}', b'{"tag": "x"}', b'{"tag": "loss", "runs": ["a"], "columns": -1}', b'{"tag":"loss","runs":["a"],"columns":"many"}', b"x" * 2_000_000])  # fmt: skip
def test_bad_bodies_get_a_sentence(client: TestClient, body: bytes) -> None:
    """Anyone on this machine can post anything."""
    answer = client.post("/api/v1/curves", content=body)
    assert answer.status_code in (400, 413)
    assert answer.json()["error"]
