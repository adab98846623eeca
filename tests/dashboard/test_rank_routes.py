"""Ranks over HTTP: packed cells with who logged them; wrong questions answered."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ranked_run import Values, write_ranks
from starlette.testclient import TestClient

from dashboard.server.application import create_app
from dashboard.server.settings import Settings

TABLE = np.random.default_rng(0).normal(1, 0.1, (5, 90))
TABLE[3, 40:] = np.nan


@pytest.fixture
def ask(logdir: Path) -> Iterator[Callable[..., Any]]:
    """Asks a server of one run of five ranks: ask(run="many", tag="x", columns=10)."""
    write_ranks(logdir / "many", {"x": TABLE, "once": TABLE[:, :1]}, host="node")
    with TestClient(create_app(Settings(logdir)), base_url="http://127.0.0.1:6006") as client:
        yield lambda **query: client.get("/api/v1/ranks", params=query)


def decoded(data: bytes) -> tuple[dict[str, Any], dict[str, Values]]:
    """As the page reads it."""
    (length,) = struct.unpack_from("<I", data)
    head = json.loads(data[4 : 4 + length])
    cells = np.frombuffer(data, "<f8", offset=4 + length).reshape(len(head["forms"]), len(head["ranks"]), -1)
    return head, dict(zip(head["forms"], cells, strict=True))


def test_cells_of_one_value_come_once(ask: Callable[..., Any]) -> None:
    """They are what was logged; each rank says where it was and how far it has come."""
    head, cells = decoded(ask(run="many", tag="x").content)
    assert (head["first"], head["width"], head["columns"], head["forms"]) == (0, 1, 90, ["mean"])
    np.testing.assert_array_equal(cells["mean"], TABLE)
    assert [each["rank"] for each in head["ranks"]] == [0, 1, 2, 3, 4]
    third = head["ranks"][3]
    assert (third["host"], third["status"], third["points"], third["step"]) == ("node", "finished", 40, 39)
    assert third["value"] == TABLE[3, 39]


def test_wider_columns_say_least_mean_and_greatest(ask: Callable[..., Any]) -> None:
    """Over what each holds, in the window that is asked for."""
    head, cells = decoded(ask(run="many", tag="x", columns=3, start=0, stop=29).content)
    assert (head["width"], head["columns"], head["forms"]) == (16, 2, ["mean", "min", "max"])
    np.testing.assert_array_equal(cells["min"][:, 0], TABLE[:, :16].min(1))
    np.testing.assert_array_equal(cells["max"][:, 1], TABLE[:, 16:32].max(1))
    np.testing.assert_allclose(cells["mean"][:, 0], TABLE[:, :16].mean(1), rtol=1e-12)
    head, cells = decoded(ask(run="many", tag="once").content)
    assert (head["columns"], cells["mean"].shape) == (1, (5, 1))


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"run": "many"}, 400), ({"tag": "x"}, 400), ({"run": "many", "tag": "y"}, 404), ({"run": "no", "tag": "x"}, 404),
        ({"run": "many", "tag": "x", "columns": "0"}, 400), ({"run": "many", "tag": "x", "start": "a"}, 400),
        ({"run": "many", "tag": "x", "start": "9" * 19}, 400),
    ],
)  # fmt: skip
def test_a_wrong_question_is_answered(ask: Callable[..., Any], query: dict[str, str], status: int) -> None:
    """With a sentence."""
    answer = ask(**query)
    assert answer.status_code == status
    assert answer.json()["error"]


def test_a_window_where_nothing_is_has_one_column(ask: Callable[..., Any]) -> None:
    """Beyond the last step, and before the first."""
    for window in ({"start": 500, "stop": 900}, {"start": -90, "stop": -5}):
        head, _ = decoded(ask(run="many", tag="x", **window).content)
        assert head["columns"] >= 1
