"""What a model says beside what ONNX Runtime says of its file, which ONNX's checker has looked at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from trainer import nn, no_grad
from trainer.onnx import onnx_bytes
from trainer.onnx.tape import tensors


def checked(data: bytes) -> Any:
    """A file as ONNX reads it, after its checker, shapes inferred and compared."""
    onnx = pytest.importorskip("onnx", reason="is the referee of ONNX files")
    model = onnx.load_from_string(data)
    onnx.checker.check_model(model, full_check=True)
    onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
    return model


def session(data: bytes) -> Any:
    """ONNX Runtime with a file, on one thread."""
    runtime = pytest.importorskip("onnxruntime", reason="is the referee of ONNX files")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return runtime.InferenceSession(data, options, providers=["CPUExecutionProvider"])


def answers(data: bytes, inputs: Sequence[Any]) -> list[Any]:
    """What ONNX Runtime gives."""
    runs = session(data)
    given: list[Any] = runs.run(None, {each.name: x for each, x in zip(runs.get_inputs(), inputs, strict=True)})
    return given


def agree(
    model: nn.Module, *example: Any, batches: Sequence[int] = (1, 5), tolerance: float = 1e-5, **options: Any
) -> Any:
    """Writes a model, and compares the file's answers to other numbers of samples with its own; the file as read."""
    data = onnx_bytes(model, list(example), **options)
    read = checked(data)
    model.eval()
    for samples in batches:
        inputs = [resized(x, samples) for x in example]
        with no_grad():
            expected = [tensor.numpy() for tensor in tensors(model(*inputs))]
        given = answers(data, inputs)
        assert len(given) == len(expected)
        for one, other in zip(given, expected, strict=True):
            assert (one.shape, one.dtype) == (other.shape, other.dtype)
            np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance)
    return read


def resized(x: Any, samples: int) -> Any:
    """So many samples: rows of an example and further ones of its kind."""
    more = np.concatenate([x] * (samples // len(x) + 1))[:samples]
    return (more * 0.9 + 0.05).astype(x.dtype) if x.dtype.kind == "f" else more
