"""Keras' layers as modules of `trainer.nn`: a function a layer, which reads its config and turns its weights.

Keras keeps images as (H, W, C) and filters as (KH, KW, C, O); here they are (C, H, W) and (O, C, KH, KW). Filters are
turned once, when they are read.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from trainer import nn
from trainer.nn.module import Module
from trainer.tensor import Tensor
from trainer.tfjs.modules import Added, Concatenated, Reshaped, SameAvgPool2d, SamePad2d
from trainer.tfjs.weights import Weights
from trainer.tfjs.words import MAX_LENGTH, Shape, Words, check_elements, shown

MAX_WINDOW = 2**16
"""Pixels in a window of pooling, which are gone through one by one; a whole picture of 224 x 224 has 50,176."""

MAX_FILTER = 2**12
"""Pixels under a filter, for the same reason; the largest in use have 11 x 11."""

Pair = tuple[int, int]
Parts = dict[str, Module]
"""What a layer is made of, one behind the other, by names that tell the parts apart."""

Builder = Callable[[Words, list[Shape], Weights], Parts]


def build(words: Words, shapes: list[Shape], weights: Weights) -> Module:
    """The module of a layer for inputs of the given shapes, with its weights.

    Raises:
        CheckpointError: a layer or a word of its config that is not known, or weights of another shape.
    """
    builder = BUILDERS.get(words.kind)
    if builder is None:
        words.refuse(f"is of a class that is not computed here; known are {', '.join(BUILDERS)}")
    parts = builder(words, shapes, weights)
    if not parts:
        return nn.Identity()
    return next(iter(parts.values())) if len(parts) == 1 else nn.Sequential(parts)


def _set(tensor: Tensor | None, values: Any) -> None:
    """Gives a drafted parameter its memory."""
    if tensor is not None:
        tensor.data = np.array(values, dtype=tensor.dtype, order="C")


def _activation(words: Words, word: str = "activation", rank: int = 0) -> Parts:
    """The function behind a layer; none for "linear"."""
    said = words.config.get(word)
    if isinstance(said, dict):  # as Keras 3 has it
        said = said.get("class_name") if not isinstance(said.get("config"), str) else said["config"]
    if said in (None, "linear"):
        return {}
    dim = 1 if rank == 3 else -1
    known: dict[str, Callable[[], Module]] = {
        "relu": nn.ReLU, "relu6": nn.ReLU6, "sigmoid": nn.Sigmoid, "tanh": nn.Tanh, "softplus": nn.Softplus,
        "swish": nn.SiLU, "silu": nn.SiLU, "softmax": lambda: nn.Softmax(dim),
    }  # fmt: skip
    make = known.get(said) if isinstance(said, str) else None
    if make is None:
        words.refuse(f"has {word} = {shown(said)}; known are linear, {', '.join(known)}")
    return {"activation": make()}


def _padding(words: Words, kernel: Pair, stride: Pair, dilation: Pair) -> tuple[Parts, Pair]:
    """What comes before a convolution for its `padding`, and what the convolution pads itself."""
    if words.choice("padding", "valid", ("valid", "same")) == "valid":
        return {}, (0, 0)
    spans = [d * (k - 1) for d, k in zip(dilation, kernel, strict=True)]
    if stride == (1, 1) and not any(span % 2 for span in spans):
        return {}, (spans[0] // 2, spans[1] // 2)
    return {"pad": SamePad2d(kernel, stride, dilation)}, (0, 0)


def _convolution(
    words: Words, name: str, kernel: Any, bias: Any, geometry: tuple[Pair, Pair, Pair], groups: int
) -> Parts:
    """A convolution of filters (O, C / groups, KH, KW), with what pads the images before it."""
    window, stride, dilation = geometry
    before, padding = _padding(words, window, stride, dilation)
    o, c = kernel.shape[:2]
    layer = nn.Conv2d(c * groups, o, window, stride, padding, dilation, groups, bias=bias is not None)
    _set(layer.weight, kernel)
    _set(layer.bias, bias)
    return {**before, name: layer}


def _geometry(words: Words) -> tuple[Pair, Pair, Pair]:
    """Window, stride and dilation."""
    window = words.pair("kernel_size")
    if math.prod(window) > MAX_FILTER:
        words.refuse(f"has filters of {math.prod(window):,} pixels; at most {MAX_FILTER:,} are computed")
    return window, words.pair("strides", (1, 1)), words.pair("dilation_rate", (1, 1))


def _conv2d(words: Words, shapes: list[Shape], weights: Weights) -> Parts:
    _, _, c = words.images(shapes)
    geometry, filters, groups = _geometry(words), words.count("filters"), words.count("groups", 1)
    if c % groups or filters % groups:
        words.refuse(f"has {groups} groups, which do not divide its {c} channels and {filters} filters")
    kernel = weights.take(words, "kernel", (*geometry[0], c // groups, filters)).transpose(3, 2, 0, 1)
    bias = weights.take(words, "bias", (filters,)) if words.flag("use_bias", True) else None
    return {**_convolution(words, "conv", kernel, bias, geometry, groups), **_activation(words, rank=3)}


def _depthwise_filters(words: Words, c: int, window: Pair, weights: Weights) -> Any:
    """(C * multiplier, 1, KH, KW): the filters of each channel one behind the other."""
    multiplier = words.count("depth_multiplier", 1)
    kernel = weights.take(words, "depthwise_kernel", (*window, c, multiplier))
    return kernel.transpose(2, 3, 0, 1).reshape(c * multiplier, 1, *window)


def _depthwise(words: Words, shapes: list[Shape], weights: Weights) -> Parts:
    _, _, c = words.images(shapes)
    geometry = _geometry(words)
    kernel = _depthwise_filters(words, c, geometry[0], weights)
    bias = weights.take(words, "bias", (kernel.shape[0],)) if words.flag("use_bias", True) else None
    return {**_convolution(words, "conv", kernel, bias, geometry, c), **_activation(words, rank=3)}


def _separable(words: Words, shapes: list[Shape], weights: Weights) -> Parts:
    _, _, c = words.images(shapes)
    geometry, filters = _geometry(words), words.count("filters")
    depthwise = _depthwise_filters(words, c, geometry[0], weights)
    kernel = weights.take(words, "pointwise_kernel", (1, 1, depthwise.shape[0], filters)).transpose(3, 2, 0, 1)
    bias = weights.take(words, "bias", (filters,)) if words.flag("use_bias", True) else None
    one = (1, 1), (1, 1), (1, 1)
    return {
        **_convolution(words, "depthwise", depthwise, None, geometry, c),
        **_convolution(words, "pointwise", kernel, bias, one, 1),
        **_activation(words, rank=3),
    }


def _dense(words: Words, shapes: list[Shape], weights: Weights) -> Parts:
    """A matrix over the last axis; on images, that is a convolution of one pixel."""
    shape = words.only(shapes)
    units, features = words.count("units"), shape[-1] if shape else None
    if features is None:
        words.refuse(f"needs to know how many features it gets, not {shown(shape)}")
    kernel = weights.take(words, "kernel", (features, units))
    bias = weights.take(words, "bias", (units,)) if words.flag("use_bias", True) else None
    layer: nn.Linear | nn.Conv2d
    if len(shape) == 3:
        layer = nn.Conv2d(features, units, 1, bias=bias is not None)
        kernel = kernel[:, :, None, None].swapaxes(0, 1)
    else:
        layer = nn.Linear(features, units, bias=bias is not None)
        kernel = kernel.T
    _set(layer.weight, kernel)
    _set(layer.bias, bias)
    return {"dense": layer, **_activation(words, rank=len(shape))}


def _batch_norm(words: Words, shapes: list[Shape], weights: Weights) -> Parts:
    shape = words.only(shapes)
    rank = len(shape)
    if rank not in (1, 3) or words.axis("axis", -1, rank) != rank - 1 or shape[-1] is None:
        words.refuse(
            f"normalises along an axis that is not the last, or an input {shown(shape)} that is no image or row"
        )
    c = shape[-1]
    kind = nn.BatchNorm2d if rank == 3 else nn.BatchNorm1d
    layer = kind(c, eps=words.number("epsilon", 1e-3), momentum=1 - words.number("momentum", 0.99))
    gamma = weights.take(words, "gamma", (c,)) if words.flag("scale", True) else np.ones(c, np.float32)
    beta = weights.take(words, "beta", (c,)) if words.flag("center", True) else np.zeros(c, np.float32)
    _set(layer.weight, gamma)
    _set(layer.bias, beta)
    _set(layer.num_batches_tracked, 0)
    _set(layer.running_mean, weights.take(words, "moving_mean", (c,)))
    _set(layer.running_var, weights.take(words, "moving_variance", (c,)))
    return {"norm": layer}


def _relu(words: Words, shapes: list[Shape], weights: Weights) -> Parts:
    words.only(shapes)
    most, slope = words.config.get("max_value"), words.number("negative_slope", 0.0)
    if words.number("threshold", 0.0) or most not in (None, 6) or (most and slope):
        words.refuse("has a threshold, or another max_value than 6, which is not computed here")
    return {"relu": nn.ReLU6() if most else nn.LeakyReLU(slope) if slope else nn.ReLU()}


def _leaky_relu(words: Words, shapes: list[Shape], weights: Weights) -> Parts:
    words.only(shapes)
    return {"relu": nn.LeakyReLU(words.number("alpha", words.number("negative_slope", 0.3)))}


def _activated(words: Words, shapes: list[Shape], weights: Weights) -> Parts:
    return _activation(words, rank=len(words.only(shapes)))


def _softmax(words: Words, shapes: list[Shape], weights: Weights) -> Parts:
    rank = len(words.only(shapes))
    axis = words.axis("axis", -1, rank)
    return {"softmax": nn.Softmax((2, 3, 1)[axis] if rank == 3 else axis + 1)}


def _zero_padding(words: Words, shapes: list[Shape], weights: Weights) -> Parts:
    words.images(shapes)
    said = words.config.get("padding", 1)
    said = [said, said] if isinstance(said, int) else said
    sides = [[n, n] if isinstance(n, int) else n for n in said] if isinstance(said, list) else []
    if len(sides) != 2 or not all(
        isinstance(side, list) and len(side) == 2 and all(type(n) is int and 0 <= n <= MAX_LENGTH for n in side)
        for side in sides
    ):
        words.refuse(f"has padding = {shown(said)}, which is not [[top, bottom], [left, right]]")
    (top, bottom), (left, right) = sides
    return {"pad": nn.ZeroPad2d((left, right, top, bottom))}


def _pooling(words: Words, shapes: list[Shape], weights: Weights) -> Parts:
    shape = words.images(shapes)
    window = words.pair("pool_size", (2, 2))
    stride = words.pair("strides", window)
    if math.prod(window) > MAX_WINDOW:
        words.refuse(f"pools windows of {math.prod(window):,} pixels; at most {MAX_WINDOW:,} are")
    is_same = words.choice("padding", "valid", ("valid", "same")) == "same"
    if is_same:
        check_elements(words, SamePad2d(window, stride).shape_after(shape))
    if words.kind == "AveragePooling2D":
        return {"pool": SameAvgPool2d(window, stride) if is_same else nn.AvgPool2d(window, stride)}
    before: Parts = {"pad": SamePad2d(window, stride, value=-math.inf)} if is_same else {}
    return {**before, "pool": nn.MaxPool2d(window, stride)}


def _global_average(words: Words, shapes: list[Shape], weights: Weights) -> Parts:
    _, _, c = words.images(shapes)
    kept: Parts = {} if words.flag("keepdims", False) else {"flatten": Reshaped((c,))}
    return {"pool": nn.AdaptiveAvgPool2d(1), **kept}


def _reshape(words: Words, shapes: list[Shape], weights: Weights) -> Parts:
    shape = words.only(shapes)
    target = words.config.get("target_shape")
    if not isinstance(target, list) or len(target) > 8 or target.count(-1) > 1 or not all(
        type(n) is int and (n == -1 or 1 <= n <= MAX_LENGTH) for n in target
    ):  # fmt: skip
        words.refuse(f"has target_shape = {shown(target)}, which is no shape")
    known = math.prod(n for n in target if n != -1)
    if None not in shape:
        total = math.prod(n or 0 for n in shape)
        if total % known if -1 in target else total != known:
            words.refuse(f"makes {shown(target)} of {shown(shape)}, which has {total:,} elements")
    return {"reshape": Reshaped(tuple(target))}


def _flatten(words: Words, shapes: list[Shape], weights: Weights) -> Parts:
    words.only(shapes)
    if words.config.get("data_format") not in (None, "channels_last"):
        words.refuse("has data_format = 'channels_first'; save the model with channels_last")
    return {"flatten": Reshaped((-1,))}


def _dropout(words: Words, shapes: list[Shape], weights: Weights) -> Parts:
    words.only(shapes)
    rate = words.number("rate", 0.5)
    if not 0 <= rate < 1:
        words.refuse(f"has rate = {rate}, which is no share below 1")
    return {"dropout": nn.Dropout(rate)}


def _nothing(words: Words, shapes: list[Shape], weights: Weights) -> Parts:
    words.only(shapes)
    return {}


def _add(words: Words, shapes: list[Shape], weights: Weights) -> Parts:
    lengths = [{n for n in axis if n not in (None, 1)} for axis in zip(*shapes, strict=False)]
    if len(shapes) < 2 or len({len(shape) for shape in shapes}) > 1 or any(len(each) > 1 for each in lengths):
        words.refuse(f"adds {shown(shapes)}, which are not alike")
    return {"add": Added()}


def _concatenate(words: Words, shapes: list[Shape], weights: Weights) -> Parts:
    ranks = {len(shape) for shape in shapes}
    if len(ranks) != 1:
        words.refuse(f"joins {shown(shapes)}, which are not alike")
    axis = words.axis("axis", -1, ranks.pop())
    others = [{n for n in lengths if n is not None} for lengths in zip(*shapes, strict=True)]
    if any(len(each) > 1 for i, each in enumerate(others) if i != axis):
        words.refuse(f"joins {shown(shapes)} along axis {axis + 1}, which differ in others too")
    return {"concatenate": Concatenated(axis)}


BUILDERS: dict[str, Builder] = {
    "InputLayer": _nothing,
    "Conv2D": _conv2d,
    "DepthwiseConv2D": _depthwise,
    "SeparableConv2D": _separable,
    "Dense": _dense,
    "BatchNormalization": _batch_norm,
    "ReLU": _relu,
    "LeakyReLU": _leaky_relu,
    "Activation": _activated,
    "Softmax": _softmax,
    "ZeroPadding2D": _zero_padding,
    "MaxPooling2D": _pooling,
    "AveragePooling2D": _pooling,
    "GlobalAveragePooling2D": _global_average,
    "Reshape": _reshape,
    "Flatten": _flatten,
    "Dropout": _dropout,
    "SpatialDropout2D": _dropout,
    "Add": _add,
    "Concatenate": _concatenate,
}
"""By Keras' name of the class."""
