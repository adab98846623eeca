"""Counting a PyTorch tensor where it lies: only the filled buckets leave the GPU."""

from __future__ import annotations

from typing import Any

from tracker.series import sketch
from tracker.series.sketch import Sketch

_CHUNK = 1 << 24  # elements at a time: what counting takes beside the tensor, 200 MB of the GPU's memory at most
_FLOAT32_MAX = 3.4028234663852886e38


def count(tensor: Any) -> Sketch:
    """The sketch of a tensor of real numbers on any device that PyTorch can count on; as `store.sketch.count`."""
    flat = tensor.detach().reshape(-1)
    if not flat.numel():
        return sketch.EMPTY
    return sketch.merge([_count_chunk(part) for part in flat.split(_CHUNK)])


def _count_chunk(flat: Any) -> Sketch:
    import torch

    single, beyond = flat.float(), None
    if flat.dtype is torch.float64:
        # A float64 such as 1e300 is finite, but its float32 is not.
        too_large = torch.isinf(single) & ~torch.isinf(flat)
        beyond = flat[too_large].cpu().numpy()
        edge = torch.full_like(single, _FLOAT32_MAX).copysign(single)
        single = torch.where(too_large, edge, single)
    # Sixteen bits with a sign are the codes without one, after the mask. Every GPU is little-endian.
    # One element of a larger stride counts as contiguous and cannot be viewed: the stride is said anew.
    dense = single.contiguous().as_strided((single.numel(),), (1,))
    codes = dense.view(torch.int16)[1::2].to(torch.int64) & 0xFFFF
    every = torch.bincount(codes, minlength=1 << 16)
    found = torch.nonzero(every).reshape(-1)

    def non_finite() -> tuple[int, int, int]:
        infinite = float("inf")
        return int(single.isnan().sum()), int((single == infinite).sum()), int((single == -infinite).sum())

    def moments(all_finite: bool) -> tuple[float, float, float, float]:
        kept = flat if all_finite else flat[single.isfinite()]
        wide = kept.double()
        low, high = kept.aminmax() if kept.dtype is not torch.bool else (kept.all(), kept.any())
        return float(low), float(high), float(wide.sum()), float(wide.dot(wide))

    counted = sketch.from_codes(found.cpu().numpy(), every[found].cpu().numpy(), non_finite, moments)
    return sketch.with_beyond(counted, beyond)
