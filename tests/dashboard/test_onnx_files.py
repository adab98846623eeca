"""What a browser is sent to run a model: ONNX Runtime out of its package, and the model as one ONNX file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

import tracker
from dashboard.http import installed_scripts
from dashboard.server.application import create_app
from dashboard.server.settings import Settings
from trainer import nn


@pytest.fixture
def client(logdir: Path) -> Iterator[TestClient]:
    """A server whose run `a` has a model `net` of the trainer's, at two steps."""
    with tracker.init(logdir=logdir, name="a") as run:
        for step in (1, 2):
            run.log_model(
                nn.Sequential(nn.Linear(4, 3), nn.Softmax()), "net", inputs={"x": (None, 4)}, outputs={"y": (None, 3)}, step=step
            )  # fmt: skip
    with TestClient(create_app(Settings(logdir, token=None)), base_url="http://127.0.0.1:6006") as made:
        yield made


ASK = "/api/v1/models/onnx?run=a&name=net"


def test_a_network_of_the_trainer_is_sent_as_onnx(client: TestClient, logdir: Path) -> None:
    """And says of any batch what Python says."""
    onnxruntime = pytest.importorskip("onnxruntime", reason="needs ONNX Runtime: pip install 'everystep[serve]'")
    session = onnxruntime.InferenceSession(client.get(f"{ASK}&step=1").content, providers=["CPUExecutionProvider"])
    x = np.random.default_rng(0).random((5, 4), np.float32)
    (found,) = session.run(["y"], {"x": x})
    assert np.abs(found - tracker.open(logdir).run("a").model("net", 1).predict(x)).max() < 1e-6


def test_who_names_the_digest_may_keep_the_file(client: TestClient, logdir: Path) -> None:
    """Another version may come to a step; of a digest there is one for ever."""
    digests = [tracker.open(logdir).run("a").model("net", step).digest for step in (1, 2)]
    kept = client.get(f"{ASK}&step=1&digest={digests[0]}")
    assert kept.headers["cache-control"].endswith("immutable")
    assert client.get(f"{ASK}&step=1&digest={digests[1]}").status_code == 404
    newest = client.get(ASK)
    assert newest.headers["cache-control"] == "private, no-cache"
    assert newest.content != kept.content
    assert client.get(ASK, headers={"if-none-match": newest.headers["etag"]}).status_code == 304


@pytest.mark.parametrize(
    "asked", ["run=a&name=nothing", "run=b&name=net", "run=a&name=net&step=7", "run=a&name=net&step=x"]
)
def test_what_is_not_there_is_said(client: TestClient, asked: str) -> None:
    """In a sentence."""
    answer = client.get(f"/api/v1/models/onnx?{asked}")
    assert answer.status_code in (400, 404)
    assert answer.json()["error"]


def test_what_no_browser_can_run_is_said(client: TestClient, logdir: Path) -> None:
    """A network that no ONNX file can say, or whose files are gone."""
    for path in (logdir / "a" / "models").iterdir():
        path.unlink()
    answer = client.get(ASK)
    assert answer.status_code in (404, 503)
    assert "Traceback" not in answer.text


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A stand-in for the package that brings ONNX Runtime, which is not there yet."""
    folder = tmp_path / "packages"
    folder.mkdir()
    monkeypatch.setattr("sys.path", [str(folder)])
    _forget()
    yield folder / "everystep_try"
    monkeypatch.undo()
    _forget()


def _forget() -> None:
    installed_scripts.place.cache_clear()
    installed_scripts.digest.cache_clear()


def _install(package: Path, script: str) -> None:
    (package / "onnxruntime").mkdir(parents=True, exist_ok=True)
    (package / "__init__.py").write_text("")
    (package / "onnxruntime" / "ort.wasm.bundle.min.mjs").write_text(script)
    (package / "onnxruntime" / "ort-wasm-simd-threaded.wasm").write_bytes(b"\0asm\1\0\0\0")
    _forget()


def test_the_package_is_served_by_what_it_holds(client: TestClient, package: Path) -> None:
    """As what it is, kept for ever by its digest; without it the answer says what to install."""
    said = client.get("/packages/onnxruntime").json()
    assert said["files"] is None
    assert "pip install 'everystep[try]'" in said["why"]
    _install(package, "export const one = 1;")
    files: dict[str, Any] = client.get("/packages/onnxruntime").json()["files"]
    for key, form in (("script", "text/javascript"), ("wasm", "application/wasm")):
        answer = client.get(f"/packages/{files[key]}")
        assert answer.headers["content-type"].startswith(form)
        assert answer.headers["cache-control"].endswith("immutable")
        assert "wasm" not in answer.headers["content-security-policy"]
    _install(package, "export const one = 2;")
    assert client.get(f"/packages/{files['script']}").status_code == 404
    newer = client.get("/packages/onnxruntime").json()["files"]
    assert newer["script"] != files["script"]
    assert newer["wasm"] == files["wasm"]
    assert client.get(f"/packages/0123456789abcdef/{files['wasm'].partition('/')[2]}").status_code == 404
