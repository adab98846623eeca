"""What the tests of the trainer share: array libraries, PyTorch as a referee, a fixed seed.

`StandIn` plays CuPy where there is none: arrays that are no NumPy arrays and refuse to be mixed with them. It finds
code that would only work on NumPy; whether it works on a GPU, only a GPU can say.
"""

from __future__ import annotations

import importlib
import types
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import trainer


class StandIn:
    """An array that behaves like CuPy's: no scalars, only 0-d arrays, and nothing is converted to NumPy in silence."""

    def __init__(self, array: Any) -> None:
        self.array = np.asarray(array)

    def get(self) -> Any:
        return self.array.copy()

    @property
    def base(self) -> Any:
        """The array that owns the memory, or leads to it."""
        return self.array

    @property
    def device(self) -> Any:
        return types.SimpleNamespace(id=0)

    def item(self) -> Any:
        return self.array.item()

    def tolist(self) -> Any:
        return self.array.tolist()

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.array, name)
        return guarded(found) if callable(found) else wrapped(found)

    def __array__(self, *args: Any, **options: Any) -> Any:
        raise TypeError("Implicit conversion to a NumPy array is not allowed")

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        return guarded(getattr(ufunc, method))(*inputs, **options)

    def __array_function__(self, function: Any, types: Any, args: Any, options: Any) -> Any:
        return guarded(function)(*args, **options)

    def __getitem__(self, index: Any) -> Any:
        return wrapped(self.array[plain(index)])

    def __setitem__(self, index: Any, value: Any) -> None:
        self.array[plain(index)] = plain(value)

    def __len__(self) -> int:
        return len(self.array)

    def __bool__(self) -> bool:
        return bool(self.array)

    def __float__(self) -> float:
        return float(self.array)

    __hash__ = object.__hash__


def plain(value: Any) -> Any:
    """What is inside; NumPy's arrays are refused, its scalars are not, as in CuPy."""
    if isinstance(value, StandIn):
        return value.array
    if isinstance(value, np.ndarray):
        raise TypeError(f"Unsupported type {type(value)}")
    if isinstance(value, (tuple, list)):
        return type(value)(plain(part) for part in value)
    return value


def wrapped(value: Any) -> Any:
    if isinstance(value, (np.ndarray, np.generic)):
        return StandIn(value)
    return (
        tuple(map(wrapped, value)) if type(value) is tuple and any(isinstance(v, np.ndarray) for v in value) else value
    )


def guarded(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function of NumPy, for stand-ins only."""

    def call(*args: Any, **options: Any) -> Any:
        out = options.get("out")
        result = function(*plain(args), **{k: plain(v) for k, v in options.items()})
        return (out[0] if isinstance(out, tuple) else out) if out is not None else wrapped(result)

    return call


def _operator(name: str) -> Callable[..., Any]:
    def operate(self: StandIn, *others: Any) -> Any:
        if any(isinstance(other, trainer.Tensor) for other in others):
            return NotImplemented
        result = getattr(self.array, name)(*plain(others))
        if name.startswith("__i") and name != "__invert__":
            return self
        return wrapped(result)

    return operate


_ARITHMETIC = "add sub mul truediv pow matmul and or"
for _name in [
    *(f"__{prefix}{name}__" for name in _ARITHMETIC.split() for prefix in ("", "r", "i")),
    *(f"__{name}__" for name in "neg abs invert eq ne lt le gt ge".split()),
]:
    setattr(StandIn, _name, _operator(_name))


class StandInLibrary(types.ModuleType):
    """The module that takes cupy's place."""

    def __init__(self) -> None:
        super().__init__("cupy")
        self.ndarray = StandIn
        runtime = types.SimpleNamespace(getDeviceCount=lambda: 1, CUDARuntimeError=OSError)
        self.cuda = types.SimpleNamespace(runtime=runtime, Device=_Device)
        self.random = types.SimpleNamespace(
            default_rng=lambda seed: types.SimpleNamespace(random=guarded(np.random.default_rng(seed).random))
        )
        self.add: Any = guarded(np.add)
        self.add.at = guarded(np.add.at)

    def get_array_module(self, x: Any) -> Any:
        return self if isinstance(x, StandIn) else np

    def asarray(self, x: Any) -> StandIn:
        return x if isinstance(x, StandIn) else StandIn(x)

    def __getattr__(self, name: str) -> Any:
        return guarded(getattr(np, name))


class _Device:
    def __init__(self, number: int = 0) -> None:
        self.id = number

    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...


@pytest.fixture(params=["numpy", "stand-in", "cupy"])
def xp(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The array library under test; the CuPy part needs CuPy and a GPU."""
    if request.param == "numpy":
        return np
    if request.param == "stand-in":
        library = StandInLibrary()
        monkeypatch.setitem(__import__("sys").modules, "cupy", library)
        return library
    try:
        cupy = importlib.import_module("cupy")
    except ImportError:
        pytest.skip("CuPy is not installed")
    try:
        cupy.cuda.runtime.getDeviceCount()
    except cupy.cuda.runtime.CUDARuntimeError as err:
        pytest.skip(f"no GPU: {err}")
    return cupy


@pytest.fixture
def torch() -> Any:
    """PyTorch, where it is installed."""
    try:
        return importlib.import_module("torch")
    except ImportError:
        pytest.skip("PyTorch is not installed; it is a referee, not a requirement")


@pytest.fixture(autouse=True)
def fixed_seed() -> Iterator[None]:
    """Every test draws the same random numbers, and leaves recording as it was."""
    trainer.manual_seed(0)
    yield
    assert trainer.is_grad_enabled()
