"""Profiles and machines over HTTP: packed columns that are the trace, details by event, wrong questions answered."""

from __future__ import annotations

import gzip
import itertools
import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

import tracker
from dashboard.api import machines, profiles
from dashboard.profiles import trace
from tracker.store.read.reader import Store


@pytest.fixture
def client(logdir: Path, real_data: Path) -> TestClient:
    """Asks about a run with two real profiles and one that is no trace."""
    with tracker.init(logdir=logdir, name="deep/run", machine=False) as run:
        for step, name in enumerate(("small_gpu.pt.trace.json", "tf_keras_cpu.trace.json.gz")):
            run.log({"profile": tracker.Profile(real_data / "traces" / name)}, step=step)
        run.log({"odd": tracker.Profile([3])}, step=9)
        broken = tracker.Profile([])
        broken._data = b"{broken"
        run.log({"broken": broken}, step=9)
    store = lambda: Store(logdir)  # noqa: E731
    return TestClient(Starlette(routes=[*profiles.routes(store), *machines.routes(store)]))


def decoded(data: bytes) -> tuple[dict[str, Any], list[np.ndarray]]:
    """As the page reads it."""
    (length,) = struct.unpack_from("<I", data)
    head = json.loads(data[4 : 4 + length])
    at, columns = 4 + length, []
    for dtype, count in head["columns"]:
        assert at % 8 == 0
        columns.append(np.frombuffer(data, dtype, count, at))
        at += -(-columns[-1].nbytes // 8) * 8
    assert at == len(data)
    return head, columns


def test_a_profile_arrives_whole(client: TestClient, real_data: Path) -> None:
    """Rows of the chart hold every event once, in order of time, without overlap; names and flows are the trace's."""
    listed = client.get("/api/v1/profiles", params={"run": "deep/run"}).json()["profiles"]
    assert [(each["tag"], each["step"]) for each in listed] == [
        ("broken", 9),
        ("odd", 9),
        ("profile", 0),
        ("profile", 1),
    ]
    for each, name in zip(listed[2:], ("small_gpu.pt.trace.json", "tf_keras_cpu.trace.json.gz"), strict=True):
        assert each["name"] == name
        answer = client.get("/api/v1/profile", params={"run": "deep/run", "hash": each["hash"]})
        assert "immutable" in answer.headers["cache-control"]
        head, (start, duration, own, names, _, source, target, *_) = decoded(answer.content)
        path = real_data / "traces" / name
        found = trace.read(gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes())
        assert head["count"] == len(found)
        assert sorted(head["names"][i] for i in names) == sorted(found.names[i] for i in found.name)
        assert own.sum() == pytest.approx(found.self_time.sum(), rel=1e-4)
        firsts = [row for track in head["tracks"] for row in track["rows"]] + [head["count"]]
        assert firsts == sorted(firsts)
        for low, high in itertools.pairwise(firsts):
            ends = start[low:high] + duration[low:high]
            assert (start[low + 1 : high] >= ends[:-1] - 0.01).all()
        assert sorted(zip(start[source], start[target], strict=True)) == sorted(
            zip(found.start[found.flows[:, 0]], found.start[found.flows[:, 1]], strict=True)
        )


def test_an_events_details_are_its_own(client: TestClient) -> None:
    """By its place in the columns."""
    listed = client.get("/api/v1/profiles", params={"run": "deep/run"}).json()["profiles"]
    one = {"run": "deep/run", "hash": listed[2]["hash"]}
    head, (_, _, _, names, *_) = decoded(client.get("/api/v1/profile", params=one).content)
    (kernel,) = np.flatnonzero(names == head["names"].index("Kernel"))
    found = client.get("/api/v1/profile/event", params={**one, "id": int(kernel)}).json()
    assert (found["stream"], found["grid"]) == (1, [1, 1, 1])


def test_wrong_questions_get_a_sentence(client: TestClient) -> None:
    """Whatever is asked, and whatever was logged as a profile."""
    listed = {
        each["tag"]: each for each in client.get("/api/v1/profiles", params={"run": "deep/run"}).json()["profiles"]
    }
    good = {"run": "deep/run", "hash": listed["profile"]["hash"]}
    for path, params, status in (
        ("profile", {"run": "deep/run"}, 400),
        ("profile", {**good, "hash": "0" * 32}, 404),
        ("profile", {**good, "run": "none"}, 404),
        ("profile", {**good, "run": "../etc"}, 400),
        ("profile", {**good, "hash": listed["broken"]["hash"]}, 400),
        ("profile", {**good, "hash": listed["odd"]["hash"]}, 200),
        ("profile/event", {**good, "id": "x"}, 400),
        ("profile/event", {**good, "id": "99999999"}, 404),
        ("profile/file", {**good, "hash": "0" * 32}, 404),
        ("profiles", {}, 400),
        ("environment", {"run": "none"}, 404),
        ("console", {"run": "deep/run", "since": "{"}, 400),
        ("console", {"run": "deep/run", "since": '{"a": "b"}'}, 400),
        ("console", {"run": "deep/run"}, 200),
    ):
        assert client.get(f"/api/v1/{path}", params=params).status_code == status, (path, params)


def test_the_file_is_what_was_logged(client: TestClient, real_data: Path) -> None:
    """For other programs, byte for byte."""
    listed = client.get("/api/v1/profiles", params={"run": "deep/run"}).json()["profiles"]
    answer = client.get("/api/v1/profile/file", params={"run": "deep/run", "hash": listed[3]["hash"]})
    assert answer.content == (real_data / "traces" / "tf_keras_cpu.trace.json.gz").read_bytes()
    assert "attachment" in answer.headers["content-disposition"]
