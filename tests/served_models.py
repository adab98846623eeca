"""ONNX models for tests of serving: those of TensorFlow Serving's documentation, and a classifier."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np


def half_plus(path: Path, b: float) -> Path:
    """y = 0.5 x + b, of numbers (N,)."""
    from onnx import TensorProto, helper, numpy_helper

    half, plus = (numpy_helper.from_array(np.float32(value), name) for value, name in ((0.5, "a"), (b, "b")))
    nodes = [helper.make_node("Mul", ["x", "a"], ["ax"]), helper.make_node("Add", ["ax", "b"], ["y"])]
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N"]) for name in "xy")
    return _saved(path, nodes, [x], [y], [half, plus])


def scorer(path: Path) -> Path:
    """Scores of three classes of x (N, 2): its two numbers, and their sum."""
    from onnx import TensorProto, helper, numpy_helper

    weights = numpy_helper.from_array(np.array([[1, 0, 1], [0, 1, 1]], np.float32), "w")
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 2])
    y = helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["N", 3])
    return _saved(path, [helper.make_node("MatMul", ["x", "w"], ["scores"])], [x], [y], [weights])


def named_inputs(path: Path) -> Path:
    """The documented three inputs: tag, signal (N, 5), sensor (N, 2, 2); the tag, the signal's sum, the sensor twice."""
    from onnx import TensorProto, helper, numpy_helper

    inputs = [
        helper.make_tensor_value_info("tag", TensorProto.STRING, ["N"]),
        helper.make_tensor_value_info("signal", TensorProto.FLOAT, ["N", 5]),
        helper.make_tensor_value_info("sensor", TensorProto.INT64, ["N", 2, 2]),
    ]
    outputs = [
        helper.make_tensor_value_info("tag_bytes", TensorProto.STRING, ["N"]),
        helper.make_tensor_value_info("sum", TensorProto.FLOAT, ["N"]),
        helper.make_tensor_value_info("sensors", TensorProto.INT64, ["N", 2, 2]),
    ]
    nodes = [
        helper.make_node("Identity", ["tag"], ["tag_bytes"]),
        helper.make_node("ReduceSum", ["signal", "axes"], ["sum"], keepdims=0),
        helper.make_node("Add", ["sensor", "sensor"], ["sensors"]),
    ]
    return _saved(path, nodes, inputs, outputs, [numpy_helper.from_array(np.array([1], np.int64), "axes")])


def _saved(path: Path, nodes: list[Any], inputs: list[Any], outputs: list[Any], constants: list[Any]) -> Path:
    import onnx
    from onnx import helper

    graph = helper.make_graph(nodes, "graph", inputs, outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    onnx.checker.check_model(model)
    onnx.save(model, str(path))
    return path


def slow(path: Path) -> Path:
    """y = x (1,) of whole numbers, after as many turns of a loop."""
    from onnx import TensorProto, helper, numpy_helper

    int64, boolean = TensorProto.INT64, TensorProto.BOOL
    body = helper.make_graph(
        [helper.make_node("Identity", ["goes"], ["goes_on"]), helper.make_node("Mul", ["kept", "one"], ["next"])],
        "body",
        [
            helper.make_tensor_value_info("turn", int64, []),
            helper.make_tensor_value_info("goes", boolean, []),
            helper.make_tensor_value_info("kept", int64, [1]),
        ],
        [helper.make_tensor_value_info("goes_on", boolean, []), helper.make_tensor_value_info("next", int64, [1])],
    )
    nodes = [
        helper.make_node("Squeeze", ["x"], ["count"]),
        helper.make_node("Loop", ["count", "true", "x"], ["y"], body=body),
    ]
    constants = [
        numpy_helper.from_array(np.array([1], np.int64), "one"),
        numpy_helper.from_array(np.array(True), "true"),
    ]
    x, y = (helper.make_tensor_value_info(name, int64, [1]) for name in "xy")
    return _saved(path, nodes, [x], [y], constants)


def zeros(path: Path) -> Path:
    """As many zeros as x (1,) says."""
    from onnx import TensorProto, helper

    x = helper.make_tensor_value_info("x", TensorProto.INT64, [1])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N"])
    return _saved(path, [helper.make_node("ConstantOfShape", ["x"], ["y"])], [x], [y], [])


def picker(path: Path) -> Path:
    """10, 20 or 30, as x (N,) says; another number fails, whatever stands beside it."""
    from onnx import TensorProto, helper, numpy_helper

    numbers = numpy_helper.from_array(np.array([10, 20, 30], np.float32), "numbers")
    x = helper.make_tensor_value_info("x", TensorProto.INT64, ["N"])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N"])
    return _saved(path, [helper.make_node("Gather", ["numbers", "x"], ["y"])], [x], [y], [numbers])


def echo(path: Path) -> Path:
    """A text (N,) as it came."""
    from onnx import TensorProto, helper

    x, y = (helper.make_tensor_value_info(name, TensorProto.STRING, ["N"]) for name in ("text", "same"))
    return _saved(path, [helper.make_node("Identity", ["text"], ["same"])], [x], [y], [])
