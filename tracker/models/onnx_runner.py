"""ONNX models, run by onnxruntime: on one thread unless more are asked for, in memory that has a bound.

Imported only where an ONNX model is asked something; onnxruntime is loaded when the first is opened.
"""

from __future__ import annotations

import os
import re
import tempfile
import threading
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from tracker.errors import MissingPackageError, ModelError, message
from tracker.models import answers, signature

MOST_BYTES = 8 << 30
"""Of memory that the models of a process work in. A graph of three nodes can ask for 10¹² numbers: what asks for more
than this fails with an error, where the system would end the process."""

MODEL = "model.onnx"

_DTYPES = {
    "tensor(float)": "float32", "tensor(double)": "float64", "tensor(float16)": "float16",
    "tensor(bfloat16)": "bfloat16", "tensor(bool)": "bool", "tensor(string)": "string",
    **{f"tensor({sign}int{bits})": f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)},
}  # fmt: skip


def open_runner(
    files: Mapping[str, Path], manifest: Mapping[str, Any], *, threads: int = 1, device: str = "cpu"
) -> OnnxRunner:
    """A model's files, ready to be asked.

    Args:
        files: By name: `model.onnx`, or the only one that ends so, and what it keeps beside it.
        manifest: What is said of it; only "files" and "format" matter here.
        threads: For one question; with one, answers are the same whatever else runs.
        device: "cpu", or "cuda", or as "cuda:1".

    Raises:
        MissingPackageError: onnxruntime is not installed, or not the build for that device.
        ModelError: it is no model that onnxruntime can run.
    """
    name = MODEL if MODEL in files else next((each for each in files if each.endswith(".onnx")), None)
    if name is None:
        raise ModelError(message("The model has no .onnx file.", expected=MODEL, got=", ".join(files) or "no files"))
    if len(files) == 1:
        return OnnxRunner(files[name], threads, device)
    # Weights beside the model are looked for under the names that it calls them by, which are not those in the store.
    with tempfile.TemporaryDirectory(prefix="everystep-onnx-") as folder:
        for each, path in files.items():
            os.link(path, os.path.join(folder, each))
        return OnnxRunner(Path(folder, name), threads, device)


class OnnxRunner:
    """An open ONNX model.

    Attributes:
        inputs: {"name", "dtype", "shape"} of each; None in a shape is any size.
        outputs: Likewise.
    """

    def __init__(self, path: Path, threads: int = 1, device: str = "cpu") -> None:
        runtime = _runtime()
        providers = _providers(runtime, device)
        options = runtime.SessionOptions()
        options.intra_op_num_threads = max(1, threads)
        options.inter_op_num_threads = 1
        options.log_severity_level = 4  # what goes wrong is raised; it need not be on stderr as well
        options.add_session_config_entry("session.use_env_allocators", "1")
        options.add_session_config_entry("session.load_model_format", "ONNX")
        try:
            self._session = runtime.InferenceSession(str(path), options, providers=providers)
        except Exception as error:
            raise ModelError(f"the model cannot be opened: {_said(error)}") from error
        self.inputs = [_described(each) for each in self._session.get_inputs()]
        self.outputs = [_described(each) for each in self._session.get_outputs()]
        self._specs = signature.of_json(self.inputs, "inputs")

    def run(self, arrays: Mapping[str, Any]) -> dict[str, np.ndarray[Any, Any]]:
        """Outputs by name for inputs by name.

        Raises:
            ModelError: an input is missing, unknown, or of numbers that the model does not take; or it fails on them.
        """
        given = answers.fitted(arrays, self._specs)
        try:
            values = self._session.run(None, given)
        except Exception as error:
            raise ModelError(f"the model fails on this input: {_said(error)}") from error
        return {about["name"]: _plain(value) for about, value in zip(self.outputs, values, strict=True)}


def _providers(runtime: Any, device: str) -> list[Any]:
    """Who computes, as onnxruntime calls them."""
    kind, _, number = device.partition(":")
    if kind == "cpu":
        return ["CPUExecutionProvider"]
    if kind != "cuda" or not (number or "0").isdecimal():
        raise ModelError(message("There is no such device.", expected="cpu, cuda or cuda:1", got=device))
    if "CUDAExecutionProvider" not in runtime.get_available_providers():
        raise MissingPackageError("on cuda an ONNX model is run by another build: pip install onnxruntime-gpu")
    return [("CUDAExecutionProvider", {"device_id": int(number or 0)}), "CPUExecutionProvider"]


_LOCK = threading.Lock()


def _runtime() -> Any:
    """onnxruntime, with the memory of this process's models bounded."""
    try:
        import onnxruntime
    except ImportError as error:
        raise MissingPackageError("an ONNX model is run by onnxruntime: pip install 'everystep[serve]'") from error
    with _LOCK:
        _bound()
    return onnxruntime


@cache
def _bound() -> None:
    """Gives onnxruntime the one allocator of this process that all its models share, which ends at `MOST_BYTES`."""
    import onnxruntime

    onnxruntime.set_default_logger_severity(4)
    where = onnxruntime.OrtMemoryInfo(
        "Cpu", onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, onnxruntime.OrtMemType.DEFAULT
    )
    arena = onnxruntime.OrtArenaCfg({"max_mem": MOST_BYTES, "arena_extend_strategy": 1})
    onnxruntime.create_and_register_allocator(where, arena)


def _described(about: Any) -> dict[str, Any]:
    shape = [size if isinstance(size, int) and size >= 0 else None for size in about.shape or ()]
    return {"name": about.name, "dtype": _DTYPES.get(about.type, about.type), "shape": shape}


def _plain(value: Any) -> np.ndarray[Any, Any]:
    """An output as an array. Of dictionaries, as scikit-learn's classifiers may give, each is a row of its values."""
    if isinstance(value, list) and value and all(isinstance(each, dict) for each in value):
        return np.array([list(each.values()) for each in value])
    if isinstance(value, list):
        try:
            return np.array(value)
        except ValueError:
            return np.array(value, dtype=object)
    return np.asarray(value)


def _said(error: Exception) -> str:
    """What onnxruntime says, in one line, without its codes and the places in its own source."""
    text = " ".join(str(error).split())
    if "Available memory of" in text:
        return f"it needs more than the {MOST_BYTES >> 30} GB of memory that models may work in"
    text = re.sub(r"^\[ONNXRuntimeError\] : \d+ : \w+ : ", "", text)
    return re.sub(r"/\S+\.(cc|h):\d+ \S.*?\) ", "", text)[:300]
