"""The table of counterparts: an operation of this package on the left, what ONNX has for it on the right.

Source: https://onnx.ai/onnx/operators/, as of version 17 of the operations.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from trainer import functional as F
from trainer.function import Function
from trainer.onnx import messages
from trainer.onnx.call import Call
from trainer.onnx.indexing import get_item
from trainer.ops import (
    activation,
    conv,
    convert,
    elementwise,
    index,
    linalg,
    normalize,
    pool,
    reduce,
    select,
    shape,
)
from trainer.ops.pad import Pad

Counterpart = Callable[[Call], str]


def alike(op: str, **attributes: Any) -> Counterpart:
    """One that does the same, with inputs in the dtype of the result."""
    return lambda call: call.node(op, *call.names(call.dtype), **attributes)


def along(op: str) -> Counterpart:
    """One that does the same along an axis."""
    return lambda call: call.node(op, *call.names(), axis=call.options["dim"] % max(1, len(call.sizes)))


def reduced(op: str) -> Counterpart:
    """A reduction along axes."""
    return lambda call: call.reduce(
        op, call.name(call.inputs[0], call.dtype), call.options["dim"], call.options["keepdim"]
    )


def compared(op: str) -> Counterpart:
    """A comparison, of two values in the dtype they have in common."""

    def write(call: Call) -> str:
        dtypes = [call.dtype_of(x) if hasattr(x, "number") else x for x in call.inputs]
        dtype = np.result_type(*dtypes)
        if dtype.kind in "iu":
            dtype = np.dtype(np.int64)  # ONNX Runtime compares whole numbers of few widths
        return call.node(op, *call.names(dtype))

    return write


def negated(counterpart: Counterpart) -> Counterpart:
    """Not that."""
    return lambda call: call.node("Not", counterpart(call))


def of_bools(op: str) -> Counterpart:
    """One that is there for bools only."""

    def write(call: Call) -> str:
        if call.dtype != np.bool_:
            raise call.refuse("of whole numbers has no counterpart in ONNX", "try bools")
        return call.node(op, *call.names(call.dtype))

    return write


def whether(op: str) -> Counterpart:
    """All or any of bools, as the smallest or the largest of ones and zeros."""

    def write(call: Call) -> str:
        truths = call.name(call.inputs[0], np.dtype(np.bool_))
        numbers = call.node("Cast", truths, to=messages.type_of(np.int32))
        found = call.reduce(op, numbers, call.options["dim"], call.options["keepdim"])
        return call.node("Cast", found, to=messages.type_of(np.bool_))

    return write


def position(op: str) -> Counterpart:
    """Where the extreme is."""

    def write(call: Call) -> str:
        x, dim = call.name(call.inputs[0]), call.options["dim"]
        if dim is None:
            return call.node(op, call.node("Reshape", x, call.lengths(-1)), axis=0, keepdims=0)
        return call.node(op, x, axis=dim, keepdims=call.options["keepdim"])

    return write


def extreme(call: Call) -> str:
    return reduced("ReduceMax" if call.options["largest"] else "ReduceMin")(call)


def log1p(call: Call) -> str:
    return call.node("Log", call.node("Add", call.name(call.inputs[0]), call.name(1)))


def leaky_relu(call: Call) -> str:
    return call.node("LeakyRelu", *call.names(), alpha=float(call.options["slope"]))


def clamp(call: Call) -> str:
    bounds = [call.options["low"], call.options["high"]]
    return call.node("Clip", *call.names(), *("" if b is None else call.name(b, call.dtype) for b in bounds))


def relu6(call: Call) -> str:
    return call.node("Clip", *call.names(), call.name(0), call.name(6))


def masked(call: Call) -> str:
    x, mask = call.inputs
    return call.node("Where", call.name(mask, np.dtype(np.bool_)), call.name(x), call.name(0))


def where(call: Call) -> str:
    condition, a, b = call.inputs
    return call.node(
        "Where", call.name(condition, np.dtype(np.bool_)), call.name(a, call.dtype), call.name(b, call.dtype)
    )


def scale_shift(call: Call) -> str:
    x, scale, shift = call.names(call.dtype)
    return call.node("Add", call.node("Mul", x, scale), shift)


def linear(call: Call) -> str:
    x, weight, bias = call.inputs
    if len(call.sizes) == 2:
        return call.node("Gemm", *call.names(), transB=1)
    turned = call.node("Transpose", call.name(weight), perm=[1, 0])
    y = call.node("MatMul", call.name(x), turned)
    return y if bias is None else call.node("Add", y, call.name(bias))


def einsum(call: Call) -> str:
    return call.node(
        "Einsum", *call.names(call.dtype), equation=f"{','.join(call.options['terms'])}->{call.options['result']}"
    )


def conv2d(call: Call) -> str:
    geometry = call.options["geometry"]
    return call.node(
        "Conv",
        *call.names(),
        kernel_shape=geometry.weight_shape[2:],
        strides=geometry.stride,
        pads=geometry.padding * 2,
        dilations=geometry.dilation,
        group=geometry.groups,
    )


def pooled(op: str, **attributes: Any) -> Counterpart:
    """A pooling."""

    def write(call: Call) -> str:
        windows = call.options["windows"]
        return call.node(
            op,
            *call.names(),
            kernel_shape=windows.kernel,
            strides=windows.stride,
            pads=windows.padding * 2,
            **attributes,
        )

    return write


def padded(call: Call) -> str:
    before, after = zip(*call.options["widths"], strict=True)
    return call.node("Pad", *call.names(), call.lengths(*before, *after), call.name(call.options["value"]))


def normalized(call: Call) -> str:
    x, weight, bias = call.inputs
    dims, eps = call.options["dims"], float(call.options["eps"])
    last = call.sizes_of(x)[dims[0] :]
    if dims == tuple(range(-len(dims), 0)) and (weight is None or call.sizes_of(weight) == last):
        scale = call.constant(np.ones(last, call.dtype)) if weight is None else call.name(weight)
        return call.node(
            "LayerNormalization",
            call.name(x),
            scale,
            *([] if bias is None else [call.name(bias)]),
            axis=dims[0],
            epsilon=eps,
        )
    centred = call.node("Sub", call.name(x), call.reduce("ReduceMean", call.name(x), dims, True))
    variance = call.reduce("ReduceMean", call.node("Mul", centred, centred), dims, True)
    y = call.node("Div", centred, call.node("Sqrt", call.node("Add", variance, call.name(eps))))
    y = y if weight is None else call.node("Mul", y, call.name(weight))
    return y if bias is None else call.node("Add", y, call.name(bias))


def reshape(call: Call) -> str:
    x = call.inputs[0]
    return call.name(x) if call.sizes_of(x) == call.sizes else call.reshape(call.name(x), call.sizes)


def permute(call: Call) -> str:
    rank = len(call.sizes)
    return call.node("Transpose", *call.names(), perm=[dim % rank for dim in call.options["dims"]])


def expand(call: Call) -> str:
    before = call.sizes_of(call.inputs[0])
    padded = (1,) * (len(call.sizes) - len(before)) + before
    wanted = [1 if was == size else size for was, size in zip(padded, call.sizes, strict=True)]
    return call.node("Expand", *call.names(), call.lengths(*wanted))


def cast(call: Call) -> str:
    return call.name(call.inputs[0], call.dtype)


def take_along(call: Call) -> str:
    return call.node("GatherElements", *call.names(), axis=call.options["dim"])


def one_hot(call: Call) -> str:
    classes = call.name(call.inputs[0], np.dtype(np.int64))
    depth, values = call.lengths(call.options["count"]), call.constant(np.array([0, 1], np.int64))
    return call.node("OneHot", classes, depth, values, axis=-1)


COUNTERPARTS: dict[type[Function], Counterpart] = {
    activation.Erf: alike("Erf"),
    activation.LeakyRelu: leaky_relu,
    activation.LogSoftmax: along("LogSoftmax"),
    activation.Relu: alike("Relu"),
    activation.Relu6: relu6,
    activation.Sigmoid: alike("Sigmoid"),
    activation.Softmax: along("Softmax"),
    activation.Softplus: alike("Softplus"),
    activation.Tanh: alike("Tanh"),
    conv.Conv2d: conv2d,
    convert.Cast: cast,
    convert.Clone: cast,
    convert.Move: cast,
    elementwise.Abs: alike("Abs"),
    elementwise.Add: alike("Add"),
    elementwise.BitwiseAnd: of_bools("And"),
    elementwise.BitwiseOr: of_bools("Or"),
    elementwise.Cos: alike("Cos"),
    elementwise.Div: alike("Div"),
    elementwise.Equal: compared("Equal"),
    elementwise.Exp: alike("Exp"),
    elementwise.Greater: compared("Greater"),
    elementwise.GreaterEqual: compared("GreaterOrEqual"),
    elementwise.Invert: of_bools("Not"),
    elementwise.Less: compared("Less"),
    elementwise.LessEqual: compared("LessOrEqual"),
    elementwise.Log: alike("Log"),
    elementwise.Log1p: log1p,
    elementwise.Mul: alike("Mul"),
    elementwise.Neg: alike("Neg"),
    elementwise.NotEqual: negated(compared("Equal")),
    elementwise.Pow: alike("Pow"),
    elementwise.Sign: alike("Sign"),
    elementwise.Sin: alike("Sin"),
    elementwise.Sqrt: alike("Sqrt"),
    elementwise.Sub: alike("Sub"),
    F.OneHot: one_hot,
    index.GetItem: get_item,
    linalg.EinSum: einsum,
    linalg.Linear: linear,
    linalg.MatMul: alike("MatMul"),
    normalize.Normalize: normalized,
    normalize.ScaleShift: scale_shift,
    Pad: padded,
    pool.AvgPool2d: pooled("AveragePool", count_include_pad=1),
    pool.MaxPool2d: pooled("MaxPool"),
    reduce.All: whether("ReduceMin"),
    reduce.Any_: whether("ReduceMax"),
    reduce.ArgMax: position("ArgMax"),
    reduce.ArgMin: position("ArgMin"),
    reduce.Extreme: extreme,
    reduce.Mean: reduced("ReduceMean"),
    reduce.Sum: reduced("ReduceSum"),
    reduce.TakeAlong: take_along,
    select.Clamp: clamp,
    select.Masked: masked,
    select.Maximum: alike("Max"),
    select.Minimum: alike("Min"),
    select.Where: where,
    shape.Cat: along("Concat"),
    shape.Expand: expand,
    shape.Permute: permute,
    shape.Reshape: reshape,
}
"""What is not in here has no counterpart, and a model that needs it is refused by name."""
