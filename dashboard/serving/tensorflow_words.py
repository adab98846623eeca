"""What TensorFlow Serving says of models: the state of each version, and their signatures. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dashboard.serving.tensorflow_rest import CLASSIFY, PREDICT, REGRESS

DTYPES = {
    "float32": "DT_FLOAT", "float64": "DT_DOUBLE", "float16": "DT_HALF", "bfloat16": "DT_BFLOAT16", "bool": "DT_BOOL",
    "string": "DT_STRING",
    **{f"{sign}int{bits}": f"DT_{sign.upper()}INT{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)},
}  # fmt: skip

Tensors = Sequence[Mapping[str, Any]]


def status(versions: Sequence[tuple[int, str]]) -> dict[str, Any]:
    """The state of versions, by step, and why some cannot be asked ("" of those that can)."""
    return {
        "model_version_status": [
            {
                "version": str(step),
                "state": "END" if why else "AVAILABLE",
                "status": {"error_code": "UNAVAILABLE" if why else "OK", "error_message": why},
            }
            for step, why in versions
        ]
    }


def metadata(name: str, step: int, inputs: Tensors, outputs: Tensors) -> dict[str, Any]:
    """What a version takes and gives, for each way in which it can be asked."""
    scores = [each for each in outputs if _is_float(each) and len(each["shape"]) == 2]
    numbers = [each for each in outputs if _is_float(each) and tuple(each["shape"][1:]) in ((), (1,))]
    told = _tensors(inputs)
    found = {"serving_default": _signature(told, _tensors(outputs), PREDICT)}
    if scores:
        classes = {"dtype": "DT_STRING", "tensor_shape": _shape(scores[0]["shape"]), "name": "classes:0"}
        found[CLASSIFY] = _signature(told, {"classes": classes, "scores": _tensor(scores[0])}, CLASSIFY)
    if numbers:
        found[REGRESS] = _signature(told, {"outputs": _tensor(numbers[0])}, REGRESS)
    return {
        "model_spec": {"name": name, "signature_name": "", "version": str(step)},
        "metadata": {"signature_def": {"signature_def": found}},
    }


def _signature(inputs: Mapping[str, Any], outputs: Mapping[str, Any], method: str) -> dict[str, Any]:
    return {"inputs": inputs, "outputs": outputs, "method_name": method}


def _tensors(tensors: Tensors) -> dict[str, Any]:
    return {each["name"]: _tensor(each) for each in tensors}


def _tensor(tensor: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "dtype": DTYPES.get(tensor["dtype"], "DT_INVALID"),
        "tensor_shape": _shape(tensor["shape"]),
        "name": f"{tensor['name']}:0",
    }


def _shape(shape: Sequence[int | None]) -> dict[str, Any]:
    return {"dim": [{"size": str(-1 if size is None else size), "name": ""} for size in shape], "unknown_rank": False}


def _is_float(tensor: Mapping[str, Any]) -> bool:
    return str(tensor["dtype"]) in ("float16", "bfloat16", "float32", "float64")
