"""Sketches: counts are exact, merging is exact, quantiles are as good as promised."""

from __future__ import annotations

import math
import struct
import zlib
from collections import Counter

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tracker import errors
from tracker.series import packed_sketch, sketch
from tracker.series.sketch import Sketch
from tracker.values import torch_sketch

floats32 = hnp.arrays(np.float32, st.integers(0, 200), elements=st.floats(width=32))
floats64 = hnp.arrays(np.float64, st.integers(0, 200), elements=st.floats(width=64))


def same(a: Sketch, b: Sketch) -> bool:
    """Whether two sketches count the same; sums up to rounding."""
    numbers = all(x == y or (math.isnan(x) and math.isnan(y)) for x, y in zip(a[5:7], b[5:7], strict=True))
    return bool(
        np.array_equal(a.buckets, b.buckets) and np.array_equal(a.counts, b.counts) and a[2:5] == b[2:5] and numbers
    )


@given(st.one_of(floats32, floats64))
def test_every_element_is_counted_once_in_its_bucket(values: np.ndarray) -> None:
    """No element is lost, and each lies within the edges of the bucket that counts it."""
    counted = sketch.count(values)
    finite = values[np.isfinite(values)].astype(np.float64)
    assert counted.total == values.size
    assert counted.nan_count == np.isnan(values).sum()
    assert counted.posinf_count == (values == np.inf).sum()
    assert counted.neginf_count == (values == -np.inf).sum()
    assert counted.counts.sum() == finite.size
    assert (np.diff(counted.buckets) > 0).all()
    if finite.size:
        assert (counted.min, counted.max) == (finite.min(), finite.max())
    expected = Counter(bucket_of(float(value)) for value in finite)
    assert dict(zip(counted.buckets.tolist(), counted.counts.tolist(), strict=True)) == expected
    for value in finite.tolist():
        bucket = np.array([bucket_of(value)])
        # Rounding to float32 may lift a float64 over the edge it lies just below.
        kept = float(np.float32(value)) if abs(value) <= 3.4028234663852886e38 else value
        assert sketch.lower_edges(bucket)[0] <= kept <= sketch.upper_edges(bucket)[0]


TORCH_DTYPES = ["float32", "float64", "float16", "bfloat16", "int8", "int64", "uint8", "bool"]


@given(st.one_of(floats32, floats64), st.sampled_from(TORCH_DTYPES), st.booleans())
def test_a_tensor_is_counted_on_its_device_as_numpy_would(values: np.ndarray, dtype: str, strided: bool) -> None:
    """The same buckets, the same counts apart, the same extremes, whatever the dtype and the strides."""
    torch = pytest.importorskip("torch", reason="needs PyTorch")
    tensor = torch.from_numpy(np.nan_to_num(values) if dtype[0] in "iub" and dtype[:2] != "bf" else values)
    tensor = tensor.clamp(-100, 100).to(torch.int8).abs() if dtype == "uint8" else tensor
    tensor = tensor.to(getattr(torch, dtype))
    if strided and tensor.numel():
        tensor = tensor.repeat_interleave(2)[::2].reshape(1, -1, 1)
    expected = sketch.count(tensor.float().numpy() if dtype == "bfloat16" else tensor.numpy())
    found = torch_sketch.count(tensor)
    assert same(found, expected)
    assert np.allclose(found[7:9], expected[7:9], rtol=1e-4, equal_nan=True)


def bucket_of(value: float) -> int:
    """The bucket of a number, from its float32's bytes as another program would take them."""
    with np.errstate(over="ignore"):
        single = float(np.float32(value))
    if math.isinf(single):  # and beyond it, as if it had more exponents
        head, exponent = math.frexp(abs(value))
        upper = max((exponent + 126) * 128 + int((head * 2 - 1) * 128), 0x7F7F)
        return upper if value > 0 else -upper - 1
    upper = int.from_bytes(struct.pack(">f", single)[:2], "big")
    return upper if upper < 0x8000 else -(upper - 0x8000) - 1


@given(st.lists(st.one_of(floats32, floats64), max_size=5))
@example([np.tile(np.repeat([1.7e308, -1.7e308], 250), 2)])  # sums run over in both directions
def test_merging_is_counting_together(parts: list[np.ndarray]) -> None:
    """Over steps, layers or processes: the sum of sketches is the sketch of everything."""
    merged = sketch.merge([sketch.count(part) for part in parts])
    together = sketch.count(np.concatenate([part.astype(np.float64) for part in parts])) if parts else sketch.EMPTY
    assert same(merged, together)


@given(floats64)
def test_packing_brings_the_buckets_back(values: np.ndarray) -> None:
    """What is stored is what was counted."""
    counted = sketch.count(values)
    buckets, counts = packed_sketch.unpack(packed_sketch.pack(counted))
    assert np.array_equal(buckets, counted.buckets)
    assert np.array_equal(counts, counted.counts)


@given(
    hnp.arrays(np.float32, st.integers(1, 300), elements=st.floats(-(2.0**100), 2.0**100, width=32)), st.floats(0, 1)
)
def test_a_quantile_is_off_by_less_than_promised(values: np.ndarray, q: float) -> None:
    """0.79 % of the true element of that rank, and the extremes exactly."""
    counted = sketch.count(values)
    wanted = float(np.sort(values.astype(np.float64))[math.floor(q * (values.size - 1))])
    found = float(sketch.quantile(counted, q))
    assert abs(found - wanted) <= max(sketch.RELATIVE_ERROR * abs(wanted), 1.2e-38)
    assert float(sketch.quantile(counted, 0)) == values.min()
    assert float(sketch.quantile(counted, 1)) == values.max()


@given(st.one_of(floats32, floats64))
def test_bins_are_those_of_numpy(values: np.ndarray) -> None:
    """`counts` and `edges` mean what `numpy.histogram` means by them; edges increase, gaps are bins of none."""
    counted = sketch.count(values)
    counts, edges = sketch.histogram(counted)
    assert len(edges) == (len(counts) + 1 if len(counts) else 0)
    assert (np.diff(edges) > 0).all()
    assert counts.sum() == np.isfinite(values).sum()


@pytest.mark.parametrize(
    "odd",
    [
        np.zeros(0),
        np.full(7, np.nan),
        np.array(3.0),
        np.arange(12).reshape(3, 4)[:, ::2],
        np.arange(12.0)[::-1],
        np.broadcast_to(np.float32(2), (5, 5)),
        np.array([True, False, True]),
        np.array([-(2**63), 2**63 - 1]),
        np.array([2**64 - 1], np.uint64),
        np.float16([1, 65504, -65504, np.inf]),
        np.array([1.0, -2.0], ">f8"),
        np.array([1e308, 1e308]),
        np.array([5e-324, -5e-324]),
    ],
    ids=lambda odd: f"{odd.dtype}-{odd.shape}",
)
def test_odd_arrays_are_counted(odd: np.ndarray) -> None:
    """Empty, all NaN, 0-d, strided, broadcast, boolean, whole numbers, extremes: counted, never an exception."""
    counted = sketch.count(odd)
    assert counted.total == odd.size
    assert same(counted, sketch.count(np.ascontiguousarray(odd.astype(odd.dtype.newbyteorder("=")))))


def test_large_arrays_are_counted_in_parts_that_add_up() -> None:
    """Counting a chunk at a time bounds memory and changes nothing."""
    values = np.random.default_rng(0).normal(size=(1 << 20) + 12345).astype(np.float32)
    counted = sketch.count(values)
    assert counted.total == values.size
    assert same(counted, sketch.merge([sketch.count(values[:1000]), sketch.count(values[1000:])]))


@pytest.mark.parametrize("junk", [b"", b"no zlib", zlib.compress(b"\xff\xff\xff\xff\x01" + b"0" * 50)])
def test_bytes_that_are_no_sketch_are_refused(junk: bytes) -> None:
    """A file may hold anything; a claim of four billion buckets allocates nothing."""
    with pytest.raises(errors.DamagedBytesError):
        packed_sketch.unpack(junk)


@pytest.mark.parametrize(
    ("edges", "counts"),
    [
        ([0, 1, 2], [math.nan, 1]),
        ([0, 1, 2], [math.inf, 1]),
        ([0, 1, 2], [1e300, 1e300]),
        ([0, 1, 2], [1e18, 1e19]),
        ([0, math.nan, 2], [1, 1]),
        ([math.nan] * 3, [1, 1]),
    ],
)
def test_counts_that_nobody_counted_are_no_histogram(edges: list[float], counts: list[float]) -> None:
    """They had become others: 11e18 elements were shown as −7e18, and NaN as none."""
    with pytest.raises(errors.DamagedBytesError):
        sketch.from_edges(edges, counts, math.nan, math.nan, math.nan, math.nan)


@given(
    st.lists(st.floats(allow_nan=False), min_size=2, max_size=8),
    st.lists(st.floats(0, 2.0**50) | st.integers(-5, 10), min_size=7, max_size=7),
    st.floats(),
    st.floats(),
)
def test_whatever_another_program_counted_is_kept_to_its_number(
    edges: list[float], counts: list[float], low: float, high: float
) -> None:
    edges = sorted(edges)
    counts = counts[: len(edges) - 1]
    made = sketch.from_edges(edges, counts, low, high, math.nan, math.nan)
    assert (made.counts > 0).all()
    assert int(made.counts.sum()) == round(math.fsum(max(0, each) for each in counts))
