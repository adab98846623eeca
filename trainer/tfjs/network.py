"""A Keras model as a module: layers by their names, and which takes what from which."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from trainer.errors import ShapeError, sentence
from trainer.nn.module import Module
from trainer.tensor import Tensor
from trainer.tfjs.words import Shape


class Network(Module):
    """Layers wired as Keras has them. Takes and gives images as Keras does, (N, H, W, C); inside they are (N, C, H, W).

    Attributes:
        layers: By Keras' names. They are no attributes of the network, since a file may call a layer "forward".
        calls: For each use of a layer: its name, and the numbers of the calls whose results it takes. The first calls
            are the inputs.
        inputs: Name and shape of each input, without the batch; None is any length.
        outputs: Name of each output, and the number of the call that gives it.
    """

    def __init__(
        self,
        layers: dict[str, Module],
        calls: Sequence[tuple[str, tuple[int, ...]]],
        inputs: Sequence[tuple[str, Shape]],
        outputs: Sequence[tuple[str, int]],
    ) -> None:
        self.layers = layers
        self.calls = list(calls)
        self.inputs = list(inputs)
        self.outputs = list(outputs)
        self._last_use = {at: i for i, (_, taken) in enumerate(self.calls) for at in taken}

    def named_children(self) -> Iterator[tuple[str, Module]]:
        yield from self.layers.items()

    def forward(self, *arrays: Tensor) -> Any:
        """The outputs for inputs of shape (N, *shape): a tensor, or a tuple of several."""
        if len(arrays) != len(self.inputs):
            got = f"{len(arrays)} of them"
            raise ShapeError(sentence("Network: it has other inputs.", ", ".join(n for n, _ in self.inputs), got))
        kept = {at for _, at in self.outputs}
        results: list[Any] = []
        for i, (name, taken) in enumerate(self.calls):
            if i < len(arrays):
                results.append(turned(check_input(self.inputs[i], arrays[i]), (0, 3, 1, 2)))
                continue
            results.append(self.layers[name](*(results[at] for at in taken)))
            for at in taken:
                if self._last_use[at] == i and at not in kept:
                    results[at] = None  # so that its memory goes where no gradient needs it
        found = tuple(turned(results[at], (0, 2, 3, 1)) for _, at in self.outputs)
        return found[0] if len(found) == 1 else found


def turned(x: Any, dims: tuple[int, int, int, int]) -> Any:
    """Images with their axes in another order; anything else as it is."""
    return x.permute(*dims) if x.ndim == 4 else x


def check_input(declared: tuple[str, Shape], x: Any) -> Any:
    """An input, which must have the shape that is declared behind its batch axis.

    Raises:
        ShapeError: it has not.
    """
    name, shape = declared
    got = tuple(x.shape)
    if len(got) != len(shape) + 1 or any(n not in (None, m) for n, m in zip(shape, got[1:], strict=True)):
        expected = f"(N, {', '.join('any' if n is None else str(n) for n in shape)})"
        hint = f"try x[None], which is {(1, *got)}" if len(got) == len(shape) else None
        raise ShapeError(sentence(f"input {name!r} has another shape.", expected, got, hint))
    return x
