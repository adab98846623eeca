"""Arrays of any framework as NumPy's (or CuPy's), without importing the framework."""

from __future__ import annotations

import itertools
import math
import os
import sys
from typing import Any

import numpy as np
import numpy.typing as npt

from tracker.errors import LoggedTypeError, LoggedValueError, message


def real_array(values: Any, what: str) -> tuple[Any, Any]:
    """(array, array module) of real numbers; the data are not copied where that can be avoided.

    A CuPy array stays on the GPU.

    Raises:
        LoggedTypeError: not an array, or not of real numbers.
        LoggedValueError: longdoubles that are finite, and no float64s.
    """
    array, xp = _as_array(values)
    if array is not None:
        if array.dtype.kind == "f" and array.dtype.itemsize > 8:
            return _float64(array, what), xp
        if array.dtype.kind in "biuf":
            return array, xp
        if str(array.dtype) in _ML_DTYPES:
            return array.astype(np.float32), xp
    raise LoggedTypeError(
        message(
            f"{what}: this is not an array of real numbers.",
            expected="an array of numbers (NumPy, CuPy, torch, JAX) or a list of them",
            got=describe(values if array is None else array),
            hint=_hint(values, array),
        )
    )


def _float64(array: npt.NDArray[Any], what: str) -> npt.NDArray[np.float64]:
    """Longdoubles, rounded; none that was finite is infinite then.

    Raises:
        LoggedValueError: some do not fit.
    """
    with np.errstate(over="ignore"):
        found = array.astype(np.float64)
    beyond = np.isinf(found) & ~np.isinf(array)
    if beyond.any():
        got = str(array[beyond][0])
        raise LoggedValueError(
            message(f"{what}: a number does not fit a float64.", expected="at most 1.8e308", got=got)
        )
    return found


def float32(array: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """A copy for drawing: what is beyond all float32s is infinite, as trainings diverge, and nothing warns of it."""
    with np.errstate(over="ignore"):
        return array.astype(np.float32)


def _hint(values: Any, array: Any) -> str:
    if array is not None and array.dtype.kind == "c":
        return "Of complex numbers log the real and the imaginary part, or the magnitude."
    if str(getattr(values, "device", "")) == "meta":
        return "A tensor on the device meta holds no numbers: log the one that the model computes with."
    if isinstance(values, (str, os.PathLike)):
        return "Of a file log what is in it, such as PIL.Image.open(path) of a picture."
    return ""


def listed(values: Any, what: str, most: int) -> list[Any]:
    """An array, a tensor or anything else that can be gone through, as a list of Python's own values.

    Its length is looked at first: an array that was broadcast, a range or a generator takes no memory itself, and as a
    list all that there is.

    Raises:
        LoggedValueError: there are more than `most`.
    """
    shape = getattr(values, "shape", None)
    count = math.prod(shape) if isinstance(shape, tuple) else len(values) if hasattr(values, "__len__") else 0
    if count <= most:
        found: list[Any] = (
            values.tolist() if hasattr(values, "tolist") else list(itertools.islice(iter(values), most + 1))
        )
        if not isinstance(found, list) or len(found) <= most:
            return found
        count = len(found)
    raise LoggedValueError(
        message(
            f"{what}: it is too large.",
            expected=f"at most {most:,} values",
            got=f"{count:,}" if shape is None else f"{count:,} in {describe(values)}",
            hint="Log a sample of it, or a Histogram.",
        )
    )


# Types that NumPy has from the package ml_dtypes, which JAX uses; NumPy itself calls their kind "V".
_ML_DTYPES = frozenset(
    "bfloat16 float8_e3m4 float8_e4m3 float8_e4m3b11fnuz float8_e4m3fn float8_e4m3fnuz float8_e5m2 float8_e5m2fnuz "
    "float8_e8m0fnu float6_e2m3fn float6_e3m2fn float4_e2m1fn int2 int4 uint2 uint4".split()
)


def _as_array(values: Any) -> tuple[Any, Any]:
    if isinstance(values, np.ndarray):
        return (values.compressed() if isinstance(values, np.ma.MaskedArray) else np.asarray(values)), np
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(values, torch.Tensor):
        return (None, np) if values.is_meta else _from_torch(values, torch)
    if type(values).__module__.partition(".")[0] == "cupy":
        import cupy

        return values, cupy
    if isinstance(values, (str, bytes)) or values is None:
        return None, np
    try:
        array = np.asarray(values)
    except Exception:  # noqa: BLE001 whatever a foreign object's __array__ raises, the answer is "not an array"
        return None, np
    return (None if array.dtype.kind in "OUSmM" else array), np


def torch_on_gpu(values: Any) -> Any:
    """A torch tensor of real numbers that lies on a GPU, dense and detached; None when `values` is anything else."""
    torch = sys.modules.get("torch")
    if torch is None or not isinstance(values, torch.Tensor) or values.device.type not in ("cuda", "xpu"):
        return None
    tensor = _plain(values, torch)
    return None if tensor.dtype.is_complex else tensor


def _from_torch(tensor: Any, torch: Any) -> tuple[Any, Any]:
    return _plain(tensor, torch).cpu().numpy(), np


def _plain(tensor: Any, torch: Any) -> Any:
    """The numbers of a tensor as a dense one that NumPy has a dtype for."""
    tensor = tensor.detach()
    if hasattr(tensor, "full_tensor"):  # a distributed tensor: this process's part would be mistaken for all
        tensor = tensor.full_tensor()
    if tensor.is_sparse or tensor.layout is not torch.strided:
        tensor = tensor.to_dense()
    if tensor.is_conj() or tensor.is_neg():
        tensor = tensor.resolve_conj().resolve_neg()
    if tensor.dtype is torch.bfloat16 or (tensor.dtype.is_floating_point and tensor.dtype.itemsize == 1):
        tensor = tensor.float()
    return tensor


def single(value: Any) -> Any:
    """The number that an array, tensor or scalar of any framework holds, as Python's; anything else as it is.

    What is masked is NaN; a longdouble is rounded to float64.

    Raises:
        TypeError: text, bytes, a time, or an array of more or less than one element. Whatever `value` raises itself.
        OverflowError: a longdouble that is finite and no float64.
    """
    if isinstance(value, (str, bytes, bytearray, memoryview)) or value is None:
        raise TypeError
    if isinstance(value, np.ma.MaskedArray) and value.size == 1 and np.ma.getmaskarray(value).all():
        return float("nan")
    if getattr(getattr(value, "dtype", None), "kind", "") in ("m", "M"):  # NumPy makes whole numbers of some of them
        raise TypeError
    if size_of(value) != 1:
        raise TypeError
    if hasattr(value, "detach"):  # a tensor that records: its history must not be kept alive, nor warned about
        value = value.detach()
    if hasattr(value, "item"):
        value = value.item()
        if isinstance(value, np.floating):  # longdouble, whose item is itself
            value = real(value)
        if isinstance(value, (str, bytes)) or value is None:
            raise TypeError
    return value


def real(value: Any) -> float:
    """A number of any type as the float64 next to it.

    Raises:
        OverflowError: it is finite and beyond all of them. Python says so of whole numbers and fractions; a `Decimal`,
            a longdouble and others would be infinite. Whatever `value` raises itself.
    """
    found = float(value)
    if math.isinf(found) and type(value) is not float and _is_finite(value):
        raise OverflowError("larger than all floats")
    return found


def _is_finite(value: Any) -> bool:
    try:
        return bool(-math.inf < value < math.inf)
    except Exception:  # noqa: BLE001 what cannot be compared is what it says of itself as a float
        return False


def size_of(value: Any) -> int:
    """How many elements an array or tensor has; 1 of what says nothing of the kind."""
    size = getattr(value, "size", 1)
    size = size() if callable(size) else size  # torch spells it numel(), and size() is a shape
    if isinstance(size, tuple):
        size = value.numel()
    return size if isinstance(size, int) else 1


def is_array(value: Any) -> bool:
    """Whether a value is an array or tensor of a framework: one with a shape and a dtype."""
    return isinstance(getattr(value, "shape", None), tuple) and hasattr(value, "dtype") and not isinstance(value, type)


def listable(value: Any) -> np.ndarray[Any, Any]:
    """An array, tensor or NumPy scalar as an array whose `tolist` tells the truth: times are their texts there.

    Raises:
        TypeError: it is none. Whatever `value` raises itself.
    """
    if not isinstance(value, (np.ndarray, np.generic)):
        array, xp = real_array(value, "")
        value = array if xp is np else array.get()
    array = value if isinstance(value, np.ma.MaskedArray) else np.asarray(value)
    if array.dtype.kind in "mM":
        return array.astype(str)
    return _float64(array, "an array") if array.dtype.kind == "f" and array.dtype.itemsize > 8 else array


def kind_of(value: Any) -> str:
    """The name of a value's type."""
    return type.__dict__["__name__"].__get__(type(value))  # type: ignore[no-any-return]  # past what a metaclass says


def words_of(value: Any) -> str:
    """What a value says of itself; nothing where it raises."""
    try:
        return str(value)
    except Exception:  # noqa: BLE001 as its repr
        return ""


def describe(value: Any) -> str:
    """A short sentence on what a value is, for error messages."""
    try:
        shape, dtype = getattr(value, "shape", None), getattr(value, "dtype", None)
        if shape is not None and dtype is not None:
            return f"{kind_of(value)} of shape {tuple(shape)}, dtype {dtype}"
        text = repr(value)
    except Exception:  # noqa: BLE001 a repr that raises must not hide the error it was asked for
        text = ""
    return kind_of(value) + (f" {text}" if 0 < len(text) <= 80 else "")
