"""A server that has just started and is asked everything at once: no answer fails because something is still imported."""

from __future__ import annotations

import json
import subprocess
import sys
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
from served import ROOT

import tracker

NEWEST = {
    "scalars": "scalar", "histograms": "histogram", "graph": "graph", "graph/overview": "graph", "quality": "pr_curve",
    "confusion": "confusion", "mesh": "mesh", "layout": "layout", "embedding": "embedding", "embedding/sprites": "embedding",
}  # fmt: skip
"""Routes that are asked by run and tag, and of which kind."""

MEDIA = ("image", "audio", "text", "table", "figure")


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
        for run in ("projector",) if kind == "embedding" else (RUN,):
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
        begin.wait(60)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                answer.read()
                return address, answer.status, b""
        except urllib.error.HTTPError as error:
            return address, error.code, error.read()[:300]

    with ThreadPoolExecutor(len(asked)) as pool:
        return [each for each in pool.map(ask, asked) if each[1] >= 400]


@pytest.mark.timeout(900)
@pytest.mark.parametrize("starts", [1, pytest.param(100, marks=pytest.mark.long)])
def test_everything_asked_at_once_is_answered(logdir: Path, serve_as_users_do: Callable[..., Any], starts: int) -> None:
    """Imports on several threads that meet a module half made would be a 500 now and then, for the first who asks."""
    for _ in range(starts):
        served = serve_as_users_do(logdir, "--no-token")
        assert at_once(served.base) == [], "".join(served.lines)
        served.stop()


HALF = """
import importlib.machinery, sys, threading, time
import dash, dash_ag_grid, dash_mantine_components, fastapi, plotly.io.json
from starlette.testclient import TestClient

half, whole, answers = threading.Event(), threading.Event(), []

class Halfway(importlib.machinery.SourceFileLoader):
    def exec_module(self, module):
        half.set()
        whole.wait()
        super().exec_module(module)

class Finder:
    def find_spec(name, path=None, target=None):
        spec = importlib.machinery.PathFinder.find_spec(name, path) if name == "PIL.ImageMode" else None
        if spec:
            spec.loader = Halfway(name, spec.origin)
        return spec

def ask():
    from dashboard.server.dash_app import create_dash
    controls = TestClient(create_dash("/dash/"), base_url="http://127.0.0.1")
    answers.extend(controls.get(f"/dash/{path}").status_code for path in ("", "_dash-layout", "_dash-dependencies"))

for name in [name for name in sys.modules if name.partition(".")[0] == "PIL"]:
    del sys.modules[name]
sys.meta_path.insert(0, Finder)
threading.Thread(target=__import__, args=("PIL.Image",)).start()
half.wait()
asking = threading.Thread(target=ask)
asking.start()
while asking.is_alive():
    frame = sys._current_frames().get(asking.ident)
    if frame and frame.f_code.co_name == "acquire" and "importlib" in frame.f_code.co_filename:
        break  # it waits for a module that another thread imports
    time.sleep(0.01)
was_half = not asking.is_alive()
whole.set()
asking.join()
print(was_half, *answers)
"""


def test_the_controls_are_not_asked_while_what_they_look_at_is_half_there() -> None:
    """Plotly looks into modules that it finds loaded; the first pictures of an embedding load one on another thread."""
    said = subprocess.run([sys.executable, "-c", HALF], capture_output=True, text=True, cwd=ROOT, timeout=100)
    assert said.stdout.split()[1:] == ["200"] * 3, said.stdout + said.stderr


def test_a_server_that_nobody_asks_for_a_model_imports_nothing_that_answers_for_one() -> None:
    """What is imported before the first answer is waited for: all that models need comes with the first question."""
    code = "import sys, tracker, dashboard.server.interface; print(*sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    few = {"dashboard.serving", "dashboard.serving.limits", "dashboard.serving.paths", "tracker.store.read.modelled"}
    found = {each for each in said.stdout.split() if "serving" in each or "model" in each or "trainer" in each}
    assert {each for each in found if each.partition(".")[0] in ("dashboard", "tracker", "trainer")} == few
