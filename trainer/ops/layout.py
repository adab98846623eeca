"""How images lie in memory: channel by channel, and a batch of many innermost.

They are shown as (N, C, H, W) all the same. So a product of matrices is written where it stays, the next reads it where
it is, and what works on elements in between keeps the layout. A batch of many images lies (C, H, W, N), because what
moves, pads or pools images does so line by line, and then a line is W N numbers long.
"""

from __future__ import annotations

from typing import Any

# From so many images on they lie innermost; fewer make shorter lines than most images' pixels. A step with 64 images
# of 28 x 28 and two convolutions (benchmarks/trainer_speed.py) takes 6.6 ms instead of 9.1.
MANY_IMAGES = 32


def memory_order(n: int) -> tuple[int, int, int, int]:
    """The order in which the axes of n images (N, C, H, W) lie in memory: (C, H, W, N) or (C, N, H, W)."""
    return (1, 2, 3, 0) if n >= MANY_IMAGES else (1, 0, 2, 3)


def empty_images(xp: Any, shape: tuple[int, ...], dtype: Any) -> Any:
    """Images (N, C, H, W) that lie as `memory_order` says."""
    return as_images(xp.empty([shape[axis] for axis in memory_order(shape[0])], dtype=dtype), shape[0])


def as_images(lying: Any, n: int) -> Any:
    """(N, C, H, W) of n images whose axes stand in the order of `memory_order`."""
    return lying.transpose(3, 0, 1, 2) if memory_order(n)[-1] == 0 else lying.swapaxes(0, 1)
