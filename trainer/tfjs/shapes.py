"""What each module makes of a sample's shape: how a model is refused before anything is computed."""

from __future__ import annotations

from trainer import nn
from trainer.nn.module import Module
from trainer.ops.geometry import pair
from trainer.tfjs.words import Shape


def shape_after(module: Module, *shapes: Shape) -> Shape:
    """The shape of a sample behind a module, in Keras' order; None is any length.

    Raises:
        ValueError: windows are larger than the images.
    """
    own = getattr(module, "shape_after", None)
    if own is not None:
        shape: Shape = own(*shapes)
        return shape
    if isinstance(module, nn.Sequential):
        for part in module:
            shapes = (shape_after(part, *shapes),)
        return shapes[0]
    (shape,) = shapes
    if isinstance(module, nn.Linear):
        return (*shape[:-1], module.out_features)
    if isinstance(module, nn.ZeroPad2d):
        left, right, top, bottom = module.padding
        return _longer(shape[0], top + bottom), _longer(shape[1], left + right), shape[2]
    if isinstance(module, nn.AdaptiveAvgPool2d):
        return 1, 1, shape[2]
    if isinstance(module, nn.Conv2d):
        assert not isinstance(module.padding, str)  # layers.py gives numbers
        (ph, pw), (sh, sw), (dh, dw) = (pair(each) for each in (module.padding, module.stride, module.dilation))
        kh, kw = module.kernel_size
        return (
            _windows(shape[0], ph, dh * (kh - 1) + 1, sh),
            _windows(shape[1], pw, dw * (kw - 1) + 1, sw),
            module.out_channels,
        )
    if isinstance(module, (nn.MaxPool2d, nn.AvgPool2d)):
        (kh, kw), (sh, sw) = pair(module.kernel_size), pair(module.stride)
        return _windows(shape[0], 0, kh, sh), _windows(shape[1], 0, kw, sw), shape[2]
    return shape


def _longer(length: int | None, by: int) -> int | None:
    return None if length is None else length + by


def _windows(length: int | None, padding: int, span: int, stride: int) -> int | None:
    """How many windows of `span` pixels fit."""
    if length is None:
        return None
    if length + 2 * padding < span:
        raise ValueError(f"its windows are {span} pixels long, but the images {length + 2 * padding}")
    return (length + 2 * padding - span) // stride + 1
