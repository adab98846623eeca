"""Keras models with seeded weights that are like trained ones: MobileNet, and small ones of every layer."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pytest


def keras_on_torch() -> Any:
    """Keras with PyTorch behind it; the test is skipped where they are not."""
    os.environ.setdefault("KERAS_BACKEND", "torch")
    pytest.importorskip("torch", reason="needs PyTorch behind Keras, as referee")
    return pytest.importorskip("keras", reason="needs Keras: pip install everystep[frameworks]")


def seeded(keras: Any, model: Any, images: Any, seed: int = 0) -> Any:
    """The model with weights drawn anew, and with the statistics that its batch norms see in `images`.

    With statistics of other data, values would grow or vanish from layer to layer, and every answer would be the same.
    """
    random = np.random.default_rng(seed)
    norms = [layer for layer in layers_of(model) if type(layer).__name__ == "BatchNormalization"]
    for layer in layers_of(model):
        for weight in layer.weights:
            shape = tuple(weight.shape)
            if weight.name in ("kernel", "depthwise_kernel", "pointwise_kernel"):
                depthwise = type(layer).__name__ == "DepthwiseConv2D" or weight.name == "depthwise_kernel"
                fan_in = np.prod(shape[:2]) if depthwise else np.prod(shape[:-1])
                weight.assign(random.normal(0, np.sqrt(2 / fan_in), shape).astype(np.float32))
            elif weight.name == "gamma":
                weight.assign(random.uniform(0.6, 1.4, shape).astype(np.float32))
            elif weight.name in ("beta", "bias"):
                weight.assign(random.normal(0, 0.3, shape).astype(np.float32))
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 0.0
    model(images, training=True)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    return model


def layers_of(model: Any) -> list[Any]:
    """All layers, those of models in it too."""
    found = []
    for layer in model.layers:
        found += layers_of(layer) if hasattr(layer, "layers") else [layer]
    return found


def answer(keras: Any, model: Any, x: Any) -> Any:
    """What Keras says, in evaluation, as NumPy."""
    import torch

    with torch.no_grad():
        return keras.ops.convert_to_numpy(model(x, training=False))


def mobilenet(keras: Any, version: int, size: int, alpha: float, images: Any, seed: int = 0) -> Any:
    """MobileNet v1 or v2 for pictures of a size, a thousand classes."""
    make = {1: keras.applications.MobileNet, 2: keras.applications.MobileNetV2}[version]
    return seeded(keras, make(input_shape=(size, size, 3), alpha=alpha, weights=None), images, seed)


def pictures(count: int, size: int, seed: int = 0) -> Any:
    """Pictures (N, size, size, 3) in -1 … 1, smooth as photographs are."""
    random = np.random.default_rng(seed)
    coarse = random.uniform(-1, 1, (count, 9, 9, 3))
    at = np.linspace(0, 7.999, size)
    low, part = at.astype(int), at % 1
    rows = coarse[:, low] * (1 - part)[:, None, None] + coarse[:, low + 1] * part[:, None, None]
    smooth = rows[:, :, low] * (1 - part)[:, None] + rows[:, :, low + 1] * part[:, None]
    return np.clip(smooth + random.normal(0, 0.05, smooth.shape), -1, 1).astype(np.float32)
