"""What becomes of versions and of the worker: newer versions, slow and large questions, a death, a full queue."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import event_loop
import numpy as np
import psutil
import pytest
from asking import Asker
from served import Served
from served_models import half_plus, picker, slow, zeros
from starlette.testclient import TestClient

import tracker
from dashboard.server.application import create_app
from dashboard.server.settings import Settings
from dashboard.serving.limits import Limits
from dashboard.serving.models import Models
from dashboard.serving.refusal import RefusedError
from tracker.store.read.reader import Store
from trainer import nn

pytest.importorskip("onnx", reason="makes slow and large models: pip install onnx")
pytest.importorskip("onnxruntime", reason="runs them: pip install 'everystep[serve]'")

FOREVER = 10**15
"""Turns of the slow model's loop."""


@pytest.fixture(scope="module")
def logged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A logdir with models of every bad habit."""
    folder = tmp_path_factory.mktemp("life")
    with tracker.init(logdir=folder / "runs", name="a", machine=False) as run:
        run.log_model(half_plus(folder / "two.onnx", 2.0), "two", step=1)
        run.log_model(slow(folder / "slow.onnx"), "slow", step=1)
        run.log_model(picker(folder / "picker.onnx"), "picker", step=1)
        run.log_model(zeros(folder / "zeros.onnx"), "zeros", step=1)
    return folder / "runs"


@contextmanager
def visiting(logdir: Path, limits: Limits | None = None) -> Iterator[TestClient]:
    """A visitor of a server of these limits."""
    settings = Settings(logdir, limits=limits)
    with TestClient(create_app(settings), base_url="http://127.0.0.1:6006") as made:
        yield made


def asked(client: TestClient, name: str, *rows: float) -> tuple[int, Any]:
    """Status and JSON."""
    answer = client.post(f"/v1/models/{name}:predict", json={"instances": [*rows]})
    return answer.status_code, answer.json()


def worker() -> psutil.Process:
    """The process that answers, of this one's."""
    (found,) = filter(is_worker, psutil.Process().children())
    return found


def is_worker(process: psutil.Process) -> bool:
    """Whether a process answers for models. One that ends just now says nothing of itself."""
    with suppress(psutil.Error):
        return "dashboard.serving.worker" in process.cmdline()
    return False


def metric(client: TestClient, name: str) -> float:
    """A number that Prometheus reads."""
    lines = client.get("/v1/metrics").text.splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.partition(" ")[0].partition("{")[0] == name)


def until(holds: Callable[[], bool]) -> None:
    """Waits for a condition."""
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_what_takes_too_long_is_given_up(logged: Path) -> None:
    """504 with a sentence; the worker that hangs is ended and others are answered, by a new one."""
    late: list[str] = []

    def is_answered(client: TestClient, name: str, row: float, answer: float) -> bool:
        """On a busy machine the time may be over before a good question is answered as well."""
        status, said = asked(client, name, row)
        if status != 200:
            late.append(name)
            assert status == 504, said
            return False
        assert said == {"predictions": [answer]}
        return True

    with visiting(logged, Limits(deadline_s=1.0, open_s=60.0)) as client:
        until(lambda: is_answered(client, "two", 1.0, 2.5))  # the first opening may take a second
        until(lambda: is_answered(client, "slow", 3, 3))
        first, begun, late[:] = worker().pid, metric(client, "everystep_serving_worker_starts_total"), []
        status, said = asked(client, "slow", FOREVER)
        assert status == 504
        assert "1 s" in said["error"]
        until(lambda: is_answered(client, "two", 1.0, 2.5))
        assert worker().pid != first
        until(lambda: is_answered(client, "slow", 3, 3))  # it was the question's fault, and not the model's
        assert 1 <= metric(client, "everystep_serving_worker_starts_total") - begun <= 1 + len(late)


def test_a_full_queue_is_said(logged: Path) -> None:
    """429 for those beyond; 504 for those whose time is over while they wait; the server answers meanwhile."""
    with visiting(logged, Limits(deadline_s=5.0, open_s=60.0, max_waiting=4)) as client:
        until(lambda: asked(client, "slow", 3)[0] == 200)
        until(lambda: asked(client, "two", 3)[0] == 200)
        batches = metric(client, "everystep_serving_batch_size_count")
        with ThreadPoolExecutor(10) as pool:
            busy = pool.submit(asked, client, "slow", FOREVER)
            until(lambda: metric(client, "everystep_serving_batch_size_count") > batches)
            waiting = [pool.submit(asked, client, "two", 1.0) for _ in range(9)]
            until(lambda: sum(each.done() for each in waiting) >= 5)
            refused = [each.result() for each in waiting if each.done()]
            assert {status for status, _ in refused} == {429}
            assert "busy" in refused[0][1]["error"]
            assert metric(client, "everystep_serving_queue_depth") == 4
            assert client.get("/healthz").status_code == 200
            assert busy.result()[0] == 504
            assert {each.result()[0] for each in waiting} <= {200, 429, 504}


def test_a_model_that_ends_the_worker_is_named(logged: Path) -> None:
    """503 with its name, run and step; it is not tried again, and says so in its status; the others answer."""
    with visiting(logged, Limits(deadline_s=60.0)) as client, ThreadPoolExecutor(2) as pool:
        assert asked(client, "two", 1.0)[0] == 200
        assert asked(client, "slow", 3)[0] == 200
        batches = metric(client, "everystep_serving_batch_size_count")
        dying = pool.submit(asked, client, "slow", FOREVER)
        until(lambda: metric(client, "everystep_serving_batch_size_count") > batches)
        other = pool.submit(asked, client, "two", 1.0)
        worker().kill()
        status, said = dying.result()
        assert status == 503
        assert "slow of a at step 1" in said["error"]
        assert "signal 9" in said["error"]
        assert other.result() == (200, {"predictions": [2.5]})
        assert asked(client, "slow", 3) == (503, said)
        (told,) = client.get("/v1/models/slow").json()["model_version_status"]
        assert told["state"] == "END"
        assert told["status"]["error_message"] == said["error"]
        assert asked(client, "two", 1.0)[0] == 200


def test_a_worker_that_dies_idle_is_started_again(logged: Path) -> None:
    """Nobody is to blame, and nobody notices."""
    with visiting(logged) as client:
        assert asked(client, "two", 1.0)[0] == 200
        first = worker()
        first.kill()
        first.wait(60)
        assert asked(client, "two", 3.0) == (200, {"predictions": [3.5]})


@pytest.mark.parametrize("count", [10**8, -1, *(pytest.param(10**power, marks=pytest.mark.long) for power in (10, 15))])
def test_an_answer_that_is_too_large(logged: Path, count: int) -> None:
    """4xx with a sentence, in the memory that there is; and the same worker goes on."""
    with visiting(logged) as client:
        answer = client.post("/v1/models/zeros:predict", json={"inputs": [3]})
        assert answer.json() == {"outputs": [0.0, 0.0, 0.0]}
        first = worker().pid
        answer = client.post("/v1/models/zeros:predict", json={"inputs": [count]})
        assert answer.status_code in (400, 413)
        assert answer.json()["error"]
        assert worker().pid == first


def log_versions(folder: Path, count: int) -> None:
    """So many of one model, each of which answers its step to 0."""
    with tracker.init(logdir=folder / "runs", name="a", machine=False) as run:
        for step in range(count):
            run.log_model(half_plus(folder / "m.onnx", float(step)), "m", step=step)
            run.flush()


def test_versions_are_let_go_of(tmp_path: Path) -> None:
    """No more than so many are open; those that were not asked for longest go first, and come again when asked."""
    log_versions(tmp_path, 5)
    with visiting(tmp_path / "runs", Limits(max_open=2)) as client:
        for step in (0, 1, 2, 3, 4, 0):
            answer = client.post(f"/v1/models/m/versions/{step}:predict", json={"instances": [0.0]})
            assert answer.json() == {"predictions": [float(step)]}
            assert metric(client, "everystep_serving_open_versions") <= 2
        assert metric(client, "everystep_serving_worker_starts_total") == 1


def test_by_policy_the_newest_stay(tmp_path: Path) -> None:
    """The newest two of a model stay; others go when they were not asked lately."""
    log_versions(tmp_path, 4)
    with visiting(tmp_path / "runs", Limits(kept_s=0.0)) as client:
        for step in (3, 2, 0, 1):
            answer = client.post(f"/v1/models/m/versions/{step}:predict", json={"instances": [0.0]})
            assert answer.json() == {"predictions": [float(step)]}
        # The newest two, and the one that was asked just now.
        assert metric(client, "everystep_serving_open_versions") == 3
        client.post("/v1/models/m/versions/0:predict", json={"instances": [0.0]})
        assert metric(client, "everystep_serving_open_versions") == 3


def test_a_version_that_is_logged_anew_is_another(tmp_path: Path) -> None:
    """At the same step, as after a rewind: what was open is not asked any more."""
    with tracker.init(logdir=tmp_path / "runs", name="a", machine=False) as run, visiting(tmp_path / "runs") as client:
        for b in (1.0, 2.0):
            run.log_model(half_plus(tmp_path / "m.onnx", b), "m", step=7)
            run.flush()
            until(lambda b=b: asked(client, "a%2Fm", 0.0) == (200, {"predictions": [b]}))  # type: ignore[misc]


def test_a_newer_version_takes_over_and_no_request_is_lost(tmp_path: Path, serve: Callable[..., Served]) -> None:
    """A training logs versions while clients ask: every answer is that of a version, and soon of the newest."""
    with tracker.init(logdir=tmp_path / "runs", name="a", machine=False) as run:
        run.log_model(half_plus(tmp_path / "m.onnx", 0.0), "m", step=0)
        run.flush()
        asker = Asker(serve(tmp_path / "runs", "--no-token"))
        body = json.dumps({"instances": [0.0]}).encode()
        answers: list[tuple[int, bytes]] = []
        ends = threading.Event()

        def ask() -> None:
            while not ends.is_set():
                found = asker.post("/v1/models/a%2Fm:predict", body)
                answers.append((found.status, found.body))

        with ThreadPoolExecutor(2) as pool:
            clients = [pool.submit(ask) for _ in range(2)]
            try:
                for step in range(4):
                    if step:
                        run.log_model(half_plus(tmp_path / "m.onnx", float(step)), "m", step=step)
                        run.flush()
                    until(lambda step=step: answers[-1:] == [(200, b'{"predictions":[%.1f]}' % step)])  # type: ignore[misc]
            finally:
                ends.set()
            for each in clients:
                each.result()
    assert {status for status, _ in answers} == {200}
    assert len({text for _, text in answers}) == 4


def test_the_worker_ends_with_the_server(tmp_path: Path, logged: Path, serve: Callable[..., Served]) -> None:
    """However it ends: killed, it says nothing to anybody."""
    served = serve(logged, "--no-token")
    assert Asker(served).post("/v1/models/two:predict", b'{"instances": [1]}').status == 200
    (child,) = psutil.Process(served.process.pid).children()
    served.process.kill()
    served.process.wait()
    child.wait(60)


def test_what_waits_is_asked_together(logged: Path) -> None:
    """Each is answered for itself; one that is wrong fails alone; a row is what it is by itself."""
    model = tracker.open(logged).run("a").model("two")
    bodies = [json.dumps({"instances": [float(i)] * (1 + i % 3)}).encode() for i in range(40)]
    bodies[7] = b'{"instances": ["seven"]}'
    bodies[9] = b'{"inputs": {"x": [9.0, 18.0]}}'

    async def ask() -> tuple[list[Any], str]:
        models = Models(lambda: Store(logged))
        try:
            await models.answer_body(model, None, "predict", bodies[0])
            asking = (models.answer_body(model, None, "predict", body) for body in bodies)
            return await asyncio.gather(*asking, return_exceptions=True), models.metrics_text()
        finally:
            await models.stop()

    answers, metrics = event_loop.run(ask())
    refused, columns = answers.pop(7), answers.pop(8)
    assert isinstance(refused, RefusedError)
    assert refused.status == 400
    assert json.loads(columns[1]) == {"outputs": [6.5, 11.0]}
    rest = [i for i in range(40) if i not in (7, 9)]
    for i, (step, text) in zip(rest, answers, strict=True):
        assert step == 1
        assert json.loads(text) == {"predictions": [0.5 * i + 2.0] * (1 + i % 3)}
    counts = dict(line.rsplit(" ", 1) for line in metrics.splitlines())
    assert float(counts["everystep_serving_batch_size_sum"]) == 41
    assert float(counts["everystep_serving_batch_size_count"]) <= 4


def test_what_fails_in_the_model_fails_alone(logged: Path) -> None:
    """Rows of others that were laid beside it are computed again without it."""

    async def ask() -> list[Any]:
        models = Models(lambda: Store(logged))
        try:
            model = await models.shelf.model("a", "picker")
            await models.answer_body(model, None, "predict", b'{"instances": [0]}')
            bodies = [json.dumps({"instances": [i % 5]}).encode() for i in range(20)]
            asking = (models.answer_body(model, None, "predict", body) for body in bodies)
            return await asyncio.gather(*asking, return_exceptions=True)
        finally:
            await models.stop()

    for i, answer in enumerate(event_loop.run(ask())):
        if i % 5 < 3:
            assert answer == (1, b'{"predictions":[%.1f]}' % (10 + 10 * (i % 5)))
        else:
            assert isinstance(answer, RefusedError)
            assert answer.status == 400


def test_asking_in_python(logged: Path) -> None:
    """What the page stands on: arrays by name, the step that answered, and a refusal by name."""

    async def ask() -> tuple[dict[str, Any], RefusedError]:
        models = Models(lambda: Store(logged))
        try:
            found = await models.ask("a", "two", None, {"x": np.array([1.0, 2.0])})
            with pytest.raises(RefusedError) as refused:
                await models.ask("a", "two", None, {"y": np.array([1.0])})
            return found, refused.value
        finally:
            await models.stop()

    found, refused = event_loop.run(ask())
    np.testing.assert_array_equal(found["outputs"]["y"], np.array([2.5, 3.0], np.float32))
    assert found["step"] == 1
    assert refused.status == 400
    assert "takes x; got y" in str(refused)


def test_where_models_answer_is_said_to_the_worker(tmp_path: Path) -> None:
    """A model of ours on a GPU that is not there is refused with what to install; nothing ends."""
    with tracker.init(logdir=tmp_path, name="a", machine=False) as run:
        run.log_model(nn.Linear(1, 1), "line", inputs=(None, 1), step=1)
    settings = Settings(tmp_path, model_device="cuda")
    with TestClient(create_app(settings), base_url="http://127.0.0.1:6006") as client:
        status, answer = asked(client, "line", [1.0])
        if importlib.util.find_spec("cupy"):
            assert status == 200
        else:
            assert status == 503
            assert "cupy" in answer["error"]
        assert client.get("/v1/models/line").status_code == 200
