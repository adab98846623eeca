"""PyTorch's tensors without numbers, and what an operation makes of them.

`FakeTensorMode` itself takes half a millisecond an operation, and as it begins it imports what compiles (one to two
seconds). A picture needs shapes, types and devices only: torch's meta kernels know the first two, and here they are
asked once for each kind of arguments, since layers repeat. What is not that simple is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch._dispatch.python import no_python_dispatcher
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode, in_kernel_invocation_manager
from torch.utils._mode_utils import no_dispatch
from torch.utils._python_dispatch import TorchDispatchMode

_Looks = tuple[tuple[int, ...], tuple[int, ...], Any, Any, int]
"""Shape, strides, type, device, and where in its storage it begins."""


class Refused(Exception):
    """Something that `torch.export` treats in a way of its own."""


class Fakes:
    """Makes tensors without numbers, and what operations give of them, within `mode`.

    Args:
        detached: Is told a tensor and the one that torch put in its place, which it does with what it makes of nothing.
    """

    def __init__(self, detached: Callable[[Any, Any], None]) -> None:
        self.mode = _FakeMode(detached)
        self._empty: dict[_Looks, Any] = {}
        self._results: dict[Any, tuple[type | None, list[int | _Looks]] | None] = {}

    def of(self, tensor: Any) -> Any:
        """One that stands for a real tensor.

        Raises:
            Refused: it is of a kind of its own.
        """
        plain = type(tensor) in (torch.Tensor, torch.nn.Parameter) and tensor.layout is torch.strided
        if not plain or tensor.is_quantized or tensor.is_meta:
            raise Refused("a tensor of a kind of its own")
        with no_dispatch():
            return self._like(_looks(tensor), tensor.requires_grad, isinstance(tensor, torch.nn.Parameter))

    def result(self, func: Any, args: Any, kwargs: Any) -> Any:
        """What an operation gives; it is done only if none was asked for with arguments that look the same."""
        given: list[Any] = []
        key = (func, _key(args, given), _key(kwargs, given))
        try:
            known = self._results.get(key)
        except TypeError as error:
            raise Refused("an argument of a kind of its own") from error
        if known is None:
            with no_python_dispatcher():
                result = func(*args, **kwargs)
            self._results[key] = _recipe(result, given)
            return result
        container, parts = known
        with no_dispatch():
            made = [given[each] if isinstance(each, int) else self._like(each) for each in parts]
        return made[0] if container is None else container(made)

    def _like(self, looks: _Looks, requires_grad: bool = False, parameter: bool = False) -> Any:
        empty = self._empty.get(looks)
        if empty is None:
            empty = self._empty[looks] = torch.empty_strided(looks[0], looks[1], dtype=looks[2], device="meta")
        return FakeTensor(self.mode, empty, looks[3], requires_grad=requires_grad, _is_param=parameter)


class _FakeMode(FakeTensorMode):  # type: ignore[no-untyped-call]
    """Torch's own as far as others ask who it is; what it does is ours."""

    def __init__(self, detached: Callable[[Any, Any], None]) -> None:
        TorchDispatchMode.__init__(self)  # type: ignore[no-untyped-call]
        self._detached = detached
        self._mode_key = torch._C._TorchDispatchModeKey.FAKE
        self._allow_unsafe_data_ptr_access = self.allow_meta = self.in_kernel_invocation = False
        self.shape_env = None
        self.static_shapes = True
        self.enter_stack = []

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Asks the meta kernel, and says of what it gives on which device it would lie."""
        kwargs = dict(kwargs or {})
        given = list(tensors_in((args, kwargs)))
        if not all(type(each) is FakeTensor for each in given):
            raise Refused("a tensor from elsewhere")
        if func is torch.ops.prim.device.default:
            return torch.device("meta") if self.in_kernel_invocation else given[0].fake_device
        devices = {each.fake_device for each in given if each.ndim} or {each.fake_device for each in given}
        if kwargs.get("device") is not None:
            devices = {torch.device(kwargs["device"])}
        elif not given:
            devices = {torch.device("cpu")}
        if len(devices) != 1:
            raise Refused("several devices")
        if not given or kwargs.get("device") is not None:
            kwargs["device"] = torch.device("meta")
        with in_kernel_invocation_manager(self):
            result = func(*args, **kwargs)
        result = self._on(devices.pop(), result)
        if func is torch.ops.aten.detach.default:
            self._detached(given[0], result)
        return result

    def _on(self, device: Any, result: Any) -> Any:
        if isinstance(result, (list, tuple)):
            return type(result)([self._on(device, each) for each in result])
        if not isinstance(result, torch.Tensor) or isinstance(result, FakeTensor):
            return result
        return FakeTensor(self, result, device)


def tensors_in(value: Any) -> Iterator[Any]:
    """The tensors in arguments, in the order in which they stand there."""
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from tensors_in(each)
    elif isinstance(value, dict):
        for each in value.values():
            yield from tensors_in(each)


def _looks(tensor: Any) -> _Looks:
    return tuple(tensor.shape), tensor.stride(), tensor.dtype, tensor.device, tensor.storage_offset()


def _key(value: Any, given: list[Any]) -> Any:
    """What an argument looks like, by which results are known again; tensors in it are added to `given`."""
    if isinstance(value, torch.Tensor):
        given.append(value)
        return _looks(value)
    if isinstance(value, (list, tuple)):
        return tuple([_key(each, given) for each in value])
    if isinstance(value, dict):
        return tuple([(name, _key(each, given)) for name, each in value.items()])
    return type(value), value


def _recipe(result: Any, given: list[Any]) -> tuple[type | None, list[int | _Looks]] | None:
    """How to make it again: which argument each part is, or how it looks; None if parts are no tensors."""
    parts = list(result) if isinstance(result, (list, tuple)) else [result]
    if not all(type(each) is FakeTensor for each in parts):
        return None
    places = [next((i for i, other in enumerate(given) if other is each), None) for each in parts]
    made = [_looks(each) if place is None else place for each, place in zip(parts, places, strict=True)]
    return (None if parts[0] is result else type(result)), made
