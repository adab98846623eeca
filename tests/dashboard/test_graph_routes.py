"""Graphs over HTTP: named by run and hash, a scope at a time; wrong questions get a sentence."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import model_graphs
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

import tracker
from dashboard.api import graphs
from tracker.store.read.reader import Store


@pytest.fixture
def client(logdir: Path) -> TestClient:
    """Asks the routes about a run with two graphs."""
    tracker.init(logdir=logdir, name="deep/run")
    for tag, plain in (("graph", model_graphs.transformer(blocks=4)), ("small", model_graphs.mlp())):
        tracker.log_graph(tracker.Graph(plain["nodes"], plain["edges"]), tag=tag)
    tracker.finish()
    return TestClient(Starlette(routes=graphs.routes(lambda: Store(logdir))))


def test_a_graph_is_asked_for_by_run_and_hash(client: TestClient) -> None:
    """Answers about a hash never change, and the browser may keep them."""
    about = client.get("/api/v1/graph/overview", params={"run": "deep/run"}).json()
    assert (about["tag"], about["tags"]) == ("graph", ["graph", "small"])
    assert [scope["id"] for scope in about["scopes"]] == [int(item) for item in about["open"]]
    one = {"run": "deep/run", "hash": about["hash"]}
    blocks = next(child for child in about["scopes"][0]["children"] if child["label"] == "blocks")
    answer = client.get("/api/v1/graph/scopes", params={**one, "id": "0", "spread": blocks["id"]})
    assert "immutable" in answer.headers["cache-control"]
    assert Counter(scope["form"] for scope in answer.json()["scopes"]) == {"scope": 1, "spread": 1}
    found = client.get("/api/v1/graph/search", params={**one, "q": "block_2 gelu"}).json()["found"]
    assert [each["name"] for each in found] == ["blocks/block_2/mlp/gelu"]
    item = client.get("/api/v1/graph/item", params={**one, "id": found[0]["id"]}).json()
    assert item["op"] == "gelu"
    assert item["inputs"]["links"][0][1] == "blocks/block_2/mlp/up/linear"
    assert ["source", item["attrs"][0][1]] in item["attrs"]


def test_what_is_no_graph_is_not_read_as_one(logdir: Path) -> None:
    """The hash of a text of the same run leads to a sentence."""
    tracker.init(logdir=logdir, name="run")
    tracker.log({"note": tracker.Text("hello")})
    tracker.finish()
    digest = Store(logdir).run("run").text("note")[0].hash
    client = TestClient(Starlette(routes=graphs.routes(lambda: Store(logdir))))
    answer = client.get("/api/v1/graph/scopes", params={"run": "run", "hash": digest, "id": "0"})
    assert answer.status_code == 400
    assert "This graph cannot be unpacked" in answer.text


def test_what_is_open_may_be_said_by_path(client: TestClient) -> None:
    """A page that had the older graph open shows the new one alike."""
    opened = "spread|blocks\nscope|blocks/block_2\nscope|nowhere"
    about = client.get("/api/v1/graph/overview", params={"run": "deep/run", "open": opened}).json()
    assert list(about["open"].values()) == ["scope", "spread", "scope"]
    assert [scope["path"] for scope in about["scopes"]] == ["", "blocks", "blocks/block_2"]


@pytest.mark.parametrize(
    ("path", "params", "status"),
    [
        ("overview", {}, 400),
        ("overview", {"run": "none"}, 404),
        ("overview", {"run": "../../etc"}, 400),
        ("overview", {"run": "deep/run", "tag": "none"}, 404),
        ("scopes", {"run": "deep/run", "hash": "0" * 32, "id": "0"}, 404),
        ("scopes", {"run": "deep/run", "id": "0"}, 400),
        ("scopes", {"run": "deep/run", "hash": "@", "id": "x"}, 400),
        ("scopes", {"run": "deep/run", "hash": "@", "id": "-1"}, 404),
        ("scopes", {"run": "deep/run", "hash": "@", "id": "99999999"}, 404),
        ("scopes", {"run": "deep/run", "hash": "@", "id": ",".join(["0"] * 201)}, 400),
        ("scopes", {"run": "deep/run", "hash": "@"}, 400),
        ("item", {"run": "deep/run", "hash": "@"}, 400),
    ],
)
def test_wrong_questions_get_a_sentence(client: TestClient, path: str, params: dict[str, str], status: int) -> None:
    """Each with the status that says whose mistake it is."""
    if params.get("hash") == "@":
        params = {**params, "hash": client.get("/api/v1/graph/overview", params={"run": "deep/run"}).json()["hash"]}
    assert client.get(f"/api/v1/graph/{path}", params=params).status_code == status
