"""Which array library computes: NumPy, or CuPy for arrays on a GPU. The only file that imports cupy, when asked."""

from __future__ import annotations

import importlib
import sys
from typing import Any, TypeAlias

import numpy as np

from trainer.errors import ArgumentError, DeviceError, DTypeError, sentence

# An ndarray of NumPy or of CuPy. The two share an interface but no type, so the checker is told nothing about it.
Array: TypeAlias = Any

# What a list of Python floats becomes, as in PyTorch: half the memory of float64 and twice the speed.
DEFAULT_DTYPE = np.dtype(np.float32)

# glibc hands large blocks back to the system as soon as they are freed, and the next training step pays for them again,
# page by page (measured: 3,000 page faults and 6 of 22 ms in a CNN step). Freeing one block of this size, which is
# never written to and so takes no memory, makes glibc keep blocks up to it; elsewhere it does nothing.
_KEPT_BLOCK_BYTES = 32 * 1024 * 1024 - 65536
np.empty(_KEPT_BLOCK_BYTES, dtype=np.uint8)

_seed = np.random.SeedSequence()
_random = np.random.default_rng(_seed)
_gpu_random: Any = None
# Where the generators stood when that was read last; None since one was handed out.
_stood: dict[str, Any] | None = None
_HELD_BY_US = sys.getrefcount(_random)


def array_module(x: Array) -> Any:
    """The library that owns `x`: cupy for its arrays, numpy for everything else.

    An array of cupy can only exist once cupy was imported, so nothing is imported here.
    """
    cupy = sys.modules.get("cupy")
    return np if cupy is None else cupy.get_array_module(x)


def module_of(device: str) -> Any:
    """numpy for "cpu", cupy for "cuda" and "cuda:0".

    Raises:
        ArgumentError: a device of another name.
        DeviceError: "cuda" without cupy, or without a GPU that it can use.
    """
    if device == "cpu":
        return np
    if device.partition(":")[0] != "cuda":
        raise ArgumentError(sentence("device is unknown.", '"cpu", "cuda" or "cuda:0"', repr(device)))
    try:
        cupy = importlib.import_module("cupy")
    except ImportError as err:
        raise DeviceError(
            sentence(
                f"device {device!r} computes with CuPy, which is not installed.",
                "a Python in which `import cupy` works",
                str(err),
                "try pip install 'everystep[gpu]', or device=\"cpu\"",
            )
        ) from err
    try:
        cupy.cuda.runtime.getDeviceCount()
    except cupy.cuda.runtime.CUDARuntimeError as err:
        raise DeviceError(
            sentence(f"device {device!r} needs a GPU.", "a GPU with a CUDA driver", str(err), 'try device="cpu"')
        ) from err
    return cupy


def device_of(x: Array) -> str:
    """Where `x` lives: "cpu" or "cuda:<number>"."""
    return "cpu" if array_module(x) is np else f"cuda:{x.device.id}"


def to_device(x: Array, device: str) -> Array:
    """`x` on `device`; the same array when it is already there."""
    xp = module_of(device)
    if xp is np:
        return to_numpy(x)
    number = int(device.partition(":")[2] or xp.cuda.Device().id)
    with xp.cuda.Device(number):
        return xp.asarray(x)


def beside(x: Array, like: Array) -> Array:
    """`x` where `like` is: what a caller gives as a NumPy array, such as class numbers, goes to the GPU by itself."""
    xp = array_module(like)
    if array_module(x) is xp:
        return x
    return x.get() if xp is np else xp.asarray(x)


def to_numpy(x: Array) -> Any:
    """`x` in main memory as a NumPy array: shared when it is there already, copied from a GPU."""
    return np.asarray(x) if array_module(x) is np else x.get()


def as_array(data: Any, dtype: Any = None, device: str | None = None) -> Array:
    """`data` as an array: Python floats become float32, arrays keep their dtype and share their memory.

    Args:
        data: A number, nested lists of numbers, or an array: of NumPy, of CuPy, or of any library that NumPy can read,
            such as PyTorch on the CPU, JAX or pandas.
        dtype: What to convert to; None keeps what an array has.
        device: Where it shall live; None leaves an array where it is.

    Raises:
        DTypeError: `data` holds something that is neither number nor bool, or lists of unequal length.
    """
    array = data
    if array_module(data) is np and type(data) is not np.ndarray:
        try:
            array = np.asarray(data)
        except (ValueError, TypeError, RuntimeError) as err:
            raise DTypeError(sentence("data is no array.", "numbers, in lists of equal length", str(err))) from err
        if array.dtype == np.float64 and not hasattr(data, "dtype"):
            array = array.astype(DEFAULT_DTYPE)
    if array.dtype.kind not in "biuf":
        got = f"{type(data).__name__} of dtype {array.dtype}"
        raise DTypeError(sentence("data cannot be computed with.", "bools, integers or floats", got))
    if dtype is not None:
        array = array.astype(dtype, copy=False)
    return array if device is None else to_device(array, device)


def finish(x: Array) -> None:
    """Waits until what computes `x` has ended, which a GPU does some time after it was told to."""
    cupy = sys.modules.get("cupy")
    if cupy is not None and isinstance(x, cupy.ndarray):
        cupy.cuda.get_current_stream().synchronize()


def seed(number: int) -> None:
    """Makes what follows repeatable: initial weights, dropout, shuffling without a seed of its own.

    Args:
        number: Any non-negative integer.
    """
    global _seed, _random, _gpu_random, _stood
    _seed = np.random.SeedSequence(number)
    _random = np.random.default_rng(_seed)
    _gpu_random = _stood = None


def random_state() -> dict[str, Any]:
    """Where the generators stand, as numbers and texts: for going on later with the same draws.

    Those of a GPU are known by their seed only: CuPy does not say where they stand.
    """
    return {"seed": str(_seed.entropy), "generator": _random.bit_generator.state}


def standing() -> dict[str, Any]:
    """`random_state` for who asks in each step, in a twentieth of the time where nothing was drawn since; not to be
    changed."""
    global _stood
    if sys.getrefcount(_random) > _HELD_BY_US:  # somebody has it, and may draw from it at any time
        _stood = None
        return random_state()
    if _stood is None:
        _stood = random_state()
    return _stood


def set_random_state(state: dict[str, Any]) -> None:
    """Goes on where `random_state` found the generators; that of a GPU begins anew from the same seed."""
    global _seed, _gpu_random, _stood
    _stood = None
    entropy = int(state["seed"])
    if entropy != _seed.entropy:
        _seed, _gpu_random = np.random.SeedSequence(entropy), None
    _random.bit_generator.state = state["generator"]


def generator(xp: Any = np) -> Any:
    """The random generator that `seed` sets: NumPy's, or CuPy's own for masks drawn on the GPU."""
    global _gpu_random, _stood
    if xp is np:
        _stood = None
        return _random
    if _gpu_random is None:
        _gpu_random = xp.random.default_rng(int(_seed.generate_state(1)[0]))
    return _gpu_random
