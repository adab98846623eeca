"""A network as steps: what follows a convolution and is linear goes into its filters, once, and bounds go with it.

In evaluation a batch norm multiplies each channel and adds to it, which the filters before it can do as well; zeros put
around images are the convolution's own padding.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from trainer import nn
from trainer.nn.module import Module
from trainer.ops.geometry import Pair, pair
from trainer.tfjs.modules import Added, Reshaped, SamePad2d
from trainer.tfjs.network import Network
from trainer.tfjs.steps import Applied, Convolution, Dense, Depthwise, Filters, Means, Same, Step, Sum, Widths


class Unit(NamedTuple):
    """A module of its own and which values it takes and gives, by number."""

    module: Module
    inputs: tuple[int, ...]
    output: int


class Placed(NamedTuple):
    """A step and which values it takes and gives."""

    step: Step
    inputs: tuple[int, ...]
    output: int


class Folded(NamedTuple):
    """A network as units, one behind the other, and the steps that compute the same.

    Attributes:
        inputs: Values that are given; they are the first ones.
        outputs: Values that are wanted.
        units: All modules: what the shapes of all values follow from.
        steps: Fewer; values between units that went into one step are not computed.
    """

    inputs: int
    outputs: tuple[int, ...]
    units: list[Unit]
    steps: list[Placed]


def fold(network: Network) -> Folded:
    """The steps of a network in evaluation mode, with copies of its weights."""
    count = len(network.inputs)
    units: list[Unit] = []
    values = list(range(count))  # of each call
    for name, taken in network.calls[count:]:
        module = network.layers[name]
        inputs = tuple(values[at] for at in taken)
        for part in module if isinstance(module, nn.Sequential) else (module,):
            units.append(Unit(part, inputs, count + len(units)))
            inputs = (units[-1].output,)
        values.append(*inputs)
    outputs = tuple(values[at] for _, at in network.outputs)
    return Folded(count, outputs, units, list(_steps(units, set(outputs))))


def _steps(units: list[Unit], kept: set[int]) -> Iterator[Placed]:
    users: dict[int, list[Unit]] = {}
    makers = {unit.output: unit for unit in units}
    for unit in units:
        for at in unit.inputs:
            users.setdefault(at, []).append(unit)

    def follower(value: int) -> Unit | None:
        """The only one who takes a value that nobody else wants."""
        found = users.get(value, [])
        return found[0] if len(found) == 1 and value not in kept else None

    gone: set[int] = set()
    for unit in units:
        module = unit.module
        if unit.output in gone:
            continue
        if _is_padding(module):
            after = follower(unit.output)
            if after is not None and _is_convolution(after.module):
                continue  # the convolution looks back for it
        if not _is_convolution(module) and not isinstance(module, nn.Linear):
            yield Placed(_plain(module), unit.inputs, unit.output)
            continue
        end, relu = unit.output, None
        weight, bias = _weights(module)
        while relu is None and (after := follower(end)) is not None:
            if isinstance(after.module, (nn.BatchNorm1d, nn.BatchNorm2d)):
                weight, bias = _with_norm(weight, bias, after.module)
            elif isinstance(after.module, (nn.ReLU, nn.ReLU6)):
                relu = "relu6" if isinstance(after.module, nn.ReLU6) else "relu"
            elif not isinstance(after.module, (nn.Identity, nn.Dropout)):
                break
            end = after.output
            gone.add(end)
        before = makers.get(unit.inputs[0])
        padding = before if before is not None and _is_padding(before.module) and follower(before.output) else None
        step = _step(module, weight.astype(np.float32), bias.astype(np.float32), relu, padding)
        yield Placed(step, padding.inputs if padding is not None else unit.inputs, end)


def _is_padding(module: Module) -> bool:
    return isinstance(module, nn.ZeroPad2d) or (isinstance(module, SamePad2d) and module.value == 0)


def _is_convolution(module: Module) -> bool:
    """Whether it is one that there is a step for: all channels meet, or each has one filter."""
    if not isinstance(module, nn.Conv2d):
        return False
    return module.groups == 1 or module.groups == module.in_channels == module.out_channels


def _plain(module: Module) -> Step:
    """The step of a module that nothing is folded into."""
    if isinstance(module, (Reshaped, nn.Identity, nn.Dropout)):
        return Same()
    if isinstance(module, Added):
        return Sum()
    if isinstance(module, nn.AdaptiveAvgPool2d):
        return Means()
    return Applied(module)


def _weights(module: Any) -> tuple[Any, Any]:
    """Filters (O, …) and bias (O,) in float64, so that what is folded in is rounded once."""
    weight = module.weight.raw.astype(np.float64)
    return weight, np.zeros(len(weight)) if module.bias is None else module.bias.raw.astype(np.float64)


def _with_norm(weight: Any, bias: Any, norm: Any) -> tuple[Any, Any]:
    """Filters and bias that give what the batch norm makes of theirs. A variance below 0 gives NaN, as there."""
    mean, variance, scale, shift = (
        each.raw.astype(np.float64) for each in (norm.running_mean, norm.running_var, norm.weight, norm.bias)
    )
    with np.errstate(all="ignore"):
        scale = scale / np.sqrt(variance + norm.eps)
        return weight * scale.reshape(-1, *[1] * (weight.ndim - 1)), (bias - mean) * scale + shift


def _step(module: Any, weight: Any, bias: Any, relu: str | None, padding: Unit | None) -> Step:
    if isinstance(module, nn.Linear):
        none: Filters = Filters(None, bias, relu, (1, 1), (1, 1), lambda h, w: ((0, 0), (0, 0)))
        return Dense(np.ascontiguousarray(weight.T), none)
    widths = _widths(module, None if padding is None else padding.module)
    stride, dilation = pair(module.stride), pair(module.dilation)
    if module.groups > 1:
        kernel = np.ascontiguousarray(weight[:, 0].transpose(1, 2, 0))
        return Depthwise(Filters(kernel, bias, relu, stride, dilation, widths))
    kernel = np.ascontiguousarray(weight.transpose(2, 3, 1, 0))
    return Convolution(Filters(kernel, bias, relu, stride, dilation, widths))


def _widths(module: nn.Conv2d, before: Module | None) -> Widths:
    """What is put around images of a size: by the module before a convolution, and by itself."""
    ph, pw = pair(module.padding)  # type: ignore[arg-type]  # layers.py gives numbers

    def widths(height: int, width: int) -> tuple[Pair, Pair]:
        top = bottom = left = right = 0
        if isinstance(before, SamePad2d):
            (top, bottom), (left, right) = before.widths(height, width)
        elif isinstance(before, nn.ZeroPad2d):
            left, right, top, bottom = before.padding
        return (top + ph, bottom + ph), (left + pw, right + pw)

    return widths
