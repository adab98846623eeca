"""A model that a run keeps, as the ONNX file that a browser is sent."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tfjs_files

import tracker
from tracker.errors import ModelError
from tracker.models import as_onnx
from trainer import nn

onnxruntime = pytest.importorskip("onnxruntime", reason="needs ONNX Runtime: pip install 'everystep[serve]'")

TOPOLOGY = tfjs_files.sequential(("Flatten", "flat", {}), ("Dense", "out", {"units": 3}), shape=(4, 4, 1))


def answered(model: Any, x: Any) -> Any:
    """What the file puts out, asked by the names of the model."""
    data = as_onnx.onnx_bytes(model.files(), model.manifest)
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {session.get_inputs()[0].name: x})
    return found


@pytest.mark.parametrize("said", [True, False], ids=["said", "not said"])
def test_a_model_of_tensorflow_js_becomes_one_file(tmp_path: Path, logdir: Path, said: bool) -> None:
    """By the names of its signature, or by what its own files say of what it takes."""
    random = np.random.default_rng(0)
    weights = {"out/kernel": random.random((16, 3), np.float32), "out/bias": random.random(3, np.float32)}
    folder = tfjs_files.write(tmp_path / "tfjs", TOPOLOGY, weights)
    with tracker.init(logdir=logdir, name="a") as run:
        run.log_model(folder, "net", inputs={"image": (None, 4, 4, 1)} if said else None)
    model = tracker.open(logdir).run("a").model("net")
    x = random.random((3, 4, 4, 1), np.float32)
    wanted = x.reshape(3, 16) @ weights["out/kernel"] + weights["out/bias"]
    assert np.abs(answered(model, x) - wanted).max() < 1e-5


def test_what_cannot_be_written_is_said(logdir: Path) -> None:
    """A sentence of ours, whatever the trainer's was: here of a manifest that came from elsewhere."""
    with tracker.init(logdir=logdir, name="a") as run:
        run.log_model(nn.Linear(4, 3), "net", inputs={"x": (None, 4)})
    model = tracker.open(logdir).run("a").model("net")
    (x,) = model.inputs
    wrong = dataclasses.replace(model.manifest, inputs=(x._replace(shape=(None, 5)),))
    with pytest.raises(ModelError, match="cannot be written as ONNX"):
        as_onnx.onnx_bytes(model.files(), wrong)
