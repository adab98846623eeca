"""Histogram: how the numbers of a tensor are distributed."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tracker.errors import LoggedValueError, message
from tracker.series import sketch
from tracker.series.sketch import Sketch
from tracker.values import arrays
from tracker.values.value import Value

MAX_ELEMENTS = 2**33
"""Twenty seconds of counting. An array that was broadcast may say that it has more than any machine holds."""


class Histogram(Value):
    """The distribution of an array's elements, counted when it is made.

    Buckets are under 0.79 % wide and the same everywhere, so that histograms of different steps, layers and
    processes add up exactly. NaN and ±inf are counted apart. About 2 ns an element; an array on a GPU is
    counted there.

    Args:
        values: Real numbers: an array of any shape of NumPy, CuPy, PyTorch, JAX, or a (nested) list; empty,
            boolean, integer and bfloat16 arrays included.

    Raises:
        LoggedTypeError: `values` is not an array of real numbers.
        LoggedValueError: there are over 8 thousand million.
    """

    kind = "histogram"

    def __init__(self, values: Any) -> None:
        tensor = arrays.torch_on_gpu(values)
        if tensor is not None:
            from tracker.values import torch_sketch

            self.sketch: Sketch = torch_sketch.count(tensor)
        else:
            array, xp = arrays.real_array(values, "Histogram")
            if array.size > MAX_ELEMENTS:
                raise LoggedValueError(
                    message(
                        "Histogram: it is too large.",
                        expected=f"at most {MAX_ELEMENTS:,} elements",
                        got=arrays.describe(values),
                        hint="Log its parts, and Histogram.merged of them; or a sample.",
                    )
                )
            self.sketch = sketch.count(array, xp)

    @classmethod
    def of(cls, counted: Sketch) -> Histogram:
        """A histogram of what was counted elsewhere."""
        made = cls.__new__(cls)
        made.sketch = counted
        return made

    @classmethod
    def merged(cls, parts: list[Histogram]) -> Histogram:
        """The histogram of everything that is in the parts."""
        return cls.of(sketch.merge([part.sketch for part in parts]))

    @property
    def n_bytes(self) -> int:
        return 200 + self.sketch.buckets.nbytes + self.sketch.counts.nbytes

    @property
    def counts(self) -> npt.NDArray[np.int64]:
        """Elements in each bin, shape (bins,)."""
        return sketch.histogram(self.sketch)[0]

    @property
    def edges(self) -> npt.NDArray[np.float64]:
        """The bins' edges, shape (bins + 1,); empty when there is no finite element."""
        return sketch.histogram(self.sketch)[1]

    @property
    def total(self) -> int:
        """All elements, NaN and ±inf included."""
        return self.sketch.total

    @property
    def nan_count(self) -> int:
        """Elements that are NaN."""
        return self.sketch.nan_count

    @property
    def posinf_count(self) -> int:
        """Elements that are +inf."""
        return self.sketch.posinf_count

    @property
    def neginf_count(self) -> int:
        """Elements that are -inf."""
        return self.sketch.neginf_count

    @property
    def min(self) -> float:
        """The smallest finite element, exactly; NaN without any."""
        return self.sketch.min

    @property
    def max(self) -> float:
        """The largest finite element, exactly; NaN without any."""
        return self.sketch.max

    def quantile(self, q: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """The q-quantiles of the finite elements, off by less than 0.79 % each; see `store.sketch.quantile`."""
        return sketch.quantile(self.sketch, q)

    def __repr__(self) -> str:
        return f"Histogram({self.total:,} elements, {self.min:.6g} to {self.max:.6g})"
