"""What PyTorch calls a state, or a batch, as plain arrays, numbers and texts, and back: no pickle.

Tensors, tuples and dicts with other keys than texts are written as a dict of one entry that says so; so are all dicts,
that none is taken for another.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from tracker.errors import RecordingError, message

_BITS = {torch.bfloat16: torch.int16}
"""Types that NumPy has not, and what has as many bits."""

_DTYPES = {
    str(dtype).removeprefix("torch."): dtype
    for dtype in (
        torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.uint8, torch.int8, torch.int16, torch.int32,
        torch.int64, torch.bool, torch.complex64, torch.complex128,
    )
}  # fmt: skip
"""What a state may hold, by name."""


def plain(value: Any, *, copy: bool = False) -> Any:
    """A tree of tensors as a tree of arrays in main memory.

    Args:
        value: Tensors, arrays, numbers, texts, None, in dicts, lists, tuples. Of anything else its text.
        copy: Whether the arrays have memory of their own.
    """
    if isinstance(value, torch.Tensor):
        return _tensor(value, copy)
    if isinstance(value, dict):
        return {"dict": [[plain(key), plain(part, copy=copy)] for key, part in value.items()]}
    if isinstance(value, tuple):
        return {"tuple": [plain(part, copy=copy) for part in value]}
    if isinstance(value, list):
        return [plain(part, copy=copy) for part in value]
    if isinstance(value, np.ndarray):
        return value.copy() if copy else value
    if value is None or isinstance(value, (bool, int, float, str, np.generic)):
        return value
    return {"text": str(value)[:1000]}


def as_torch(value: Any) -> Any:
    """What `plain` was given, tensors on the CPU."""
    if isinstance(value, list):
        return [as_torch(part) for part in value]
    if not isinstance(value, dict):
        return value
    if len(value) != 1:
        raise RecordingError(message("A recording is damaged.", expected="one kind", got=list(value)[:5]))
    ((kind, content),) = value.items()
    if kind == "dict":
        return {as_torch(key): as_torch(part) for key, part in content}
    if kind == "tuple":
        return tuple(as_torch(part) for part in content)
    if kind == "text":
        return content
    if kind not in _DTYPES or not isinstance(content, np.ndarray):
        raise RecordingError(message("A recording is damaged.", expected="a tensor", got=kind[:50]))
    dtype = _DTYPES[kind]
    bits = torch.from_numpy(np.array(content))  # a copy, which may be written to
    return bits.view(dtype) if dtype in _BITS else bits


def _tensor(x: Any, copy: bool) -> Any:
    if x.dtype not in _DTYPES.values():
        return {"text": f"a tensor of {x.dtype}, which cannot be recorded"}
    flat = x.detach()
    if flat.device.type != "cpu":
        flat, copy = flat.cpu(), False
    if flat.dtype in _BITS:
        flat = flat.contiguous().view(_BITS[flat.dtype])
    array = flat.resolve_conj().resolve_neg().numpy()
    return {str(x.dtype).removeprefix("torch."): np.array(array) if copy else array}
