"""A server that has just started and is asked everything at once: no answer fails because something is still imported."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pytest
from every_kind import RUN, TAGS, every_kind

import tracker

NEWEST = {
    "scalars": "scalar", "histograms": "histogram", "graph": "graph", "graph/overview": "graph", "quality": "pr_curve",
    "confusion": "confusion", "mesh": "mesh", "layout": "layout", "embedding": "embedding", "embedding/sprites": "embedding",
}  # fmt: skip
"""Routes that are asked by run and tag, and of which kind."""

MEDIA = ("image", "audio", "video", "text", "table", "figure")


@pytest.fixture(scope="module")
def logdir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A value of every kind, and an embedding with pictures."""
    folder = tmp_path_factory.mktemp("runs")
    every_kind(folder)
    rng = np.random.default_rng(0)
    with tracker.init(logdir=folder, name="projector", machine=False) as run:
        vectors, pictures = rng.normal(size=(60, 8)), rng.random((60, 6, 6))
        run.log({TAGS["embedding"]: tracker.Embedding(vectors, [str(i) for i in range(60)], sprites=pictures)}, step=0)
    return folder


def questions() -> list[tuple[str, Any]]:
    """Addresses below the server's, and what is sent to them."""
    asked: list[tuple[str, Any]] = [("", None), ("dash/", None), ("dash/_dash-layout", None), ("healthz", None)]
    for route, kind in NEWEST.items():
        for run in (RUN, "projector") if kind == "embedding" else (RUN,):
            asked.append((f"api/v1/{route}?{urlencode({'run': run, 'tag': TAGS[kind]})}", None))
    asked += [(f"api/v1/media?{urlencode({'run': RUN, 'tag': TAGS[kind], 'kind': kind})}", None) for kind in MEDIA]
    for extra in ("neighbours?index=3&", "map?method=tsne&"):
        asked.append((f"api/v1/embedding/{extra}{urlencode({'run': 'projector', 'tag': TAGS['embedding']})}", None))
    asked += [
        (f"api/v1/{route}?{urlencode({'run': RUN})}", None) for route in ("profiles", "environment", "console", "marks")
    ]
    asked += [(f"api/v1/{route}", None) for route in ("runs", "runs?form=page", "table?tag=x", "shelf", "trash")]
    asked.append(("api/v1/curves", {"tag": TAGS["scalar"], "runs": [RUN, "a", "b"]}))
    asked.append(("api/v1/export", {"form": "csv", "runs": ["a"]}))
    return asked * 2


def at_once(base: str) -> list[tuple[str, int, bytes]]:
    """Asks all of them at the same moment: (address, status, the beginning of what it said) of those that were refused."""
    asked = questions()
    begin = threading.Barrier(len(asked))

    def ask(question: tuple[str, Any]) -> tuple[str, int, bytes]:
        address, body = question
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{base}/{address}", data, {"content-type": "application/json"})
        begin.wait(30)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                answer.read()
                return address, answer.status, b""
        except urllib.error.HTTPError as error:
            return address, error.code, error.read()[:300]

    with ThreadPoolExecutor(len(asked)) as pool:
        return [each for each in pool.map(ask, asked) if each[1] >= 400]


@pytest.mark.timeout(900)
@pytest.mark.parametrize("starts", [2, pytest.param(100, marks=pytest.mark.long)])
def test_everything_asked_at_once_is_answered(logdir: Path, serve: Callable[..., Any], starts: int) -> None:
    """Imports on several threads that meet a module half made would be a 500 now and then, for the first who asks."""
    for _ in range(starts):
        served = serve(logdir, "--no-token")
        assert at_once(served.base) == [], "".join(served.lines)
        served.stop()
