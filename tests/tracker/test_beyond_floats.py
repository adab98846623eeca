"""Numbers that are finite where they come from and beyond all floats: refused as what they are, and never infinite."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tracker
from tracker.errors import LoggedValueError
from tracker.values import arrays

WIDE = np.finfo(np.longdouble).max > 1e308 * np.longdouble(10)
wide = pytest.mark.skipif(not WIDE, reason="a longdouble is a float64 here")


def _longdouble() -> Any:
    return np.longdouble("1e400")


@pytest.mark.parametrize(
    "make",
    [
        lambda: Decimal("1e400"), lambda: Decimal("-1e309"), lambda: Fraction(10**400), lambda: -(10**400),
        lambda: np.array(Decimal("1e400"), object), lambda: np.array([10**400], object),
        pytest.param(_longdouble, marks=wide), pytest.param(lambda: -np.array([_longdouble()]), marks=wide),
    ],
)  # fmt: skip
def test_a_finite_number_is_never_logged_as_infinite(run: tracker.Run, make: Callable[[], Any]) -> None:
    """A Decimal and a longdouble were inf, where a whole number of the same size was refused."""
    with pytest.raises(LoggedValueError, match="'a': this number does not fit a float64"):
        run.log({"a": make(), "b": 1.0})
    run.log({"a": Decimal("-Infinity")})
    run.log({"a": np.longdouble("inf")})
    assert run.flush()
    stored = tracker.open(run.logdir).run(run.name)
    assert stored.scalars("a").value.tolist() == [-math.inf, math.inf]
    assert "b" not in stored.tags("scalar")


@given(st.decimals(allow_nan=False))
def test_only_what_is_infinite_becomes_so(value: Decimal) -> None:
    """Whatever a Decimal is, its float is as finite as it."""
    try:
        assert math.isinf(arrays.real(value)) == value.is_infinite()
    except OverflowError:
        assert abs(value) > Decimal("1.7e308")
        assert value.is_finite()


@wide
@pytest.mark.parametrize(
    "make",
    [tracker.Histogram, tracker.Image, tracker.Mesh, tracker.Embedding, lambda given: tracker.PRCurve([0, 1, 0], given[0])],
)  # fmt: skip
def test_arrays_of_longdoubles_are_float64s_or_refused(make: Callable[[Any], Any]) -> None:
    """A histogram of two finite numbers had them in a bin at 3.4e38, and inf as the least and the largest."""
    few = np.array([[0.25, 0.5, 0.75]] * 3, np.longdouble)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        make(few)
        with pytest.raises(LoggedValueError, match="does not fit a float64"):
            make(few * _longdouble())


def test_what_is_drawn_as_float32_diverges_without_a_warning() -> None:
    """A training that diverges and makes errors of warnings is not stopped by a map of its embedding."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isinf(tracker.Embedding(np.full((2, 2), 1e300)).vectors).all()
        assert np.isinf(tracker.Mesh(np.full((3, 3), 1e300)).vertices).all()


@wide
def test_settings_keep_a_longdouble_in_its_own_digits(logdir: Path) -> None:
    """It was "inf" in the settings of a run, with a warning of NumPy's."""
    settings = {"one": _longdouble(), "some": np.array([1, _longdouble()])}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # as in a user's script, where they are no errors
        tracker.init(logdir, "a", config=settings, machine=False).finish()
    config = tracker.open(logdir).run("a").config
    assert "e+400" in config["one"]
    assert "inf" not in str(config)


@wide
def test_a_longdouble_is_the_step_that_it_is(run: tracker.Run) -> None:
    """2⁶² + 1 has a digit more than a float64 keeps: it was another step."""
    run.log({"a": 1.0}, step=np.longdouble(2**62) + 1)
    assert run.flush()
    assert tracker.open(run.logdir).run(run.name).scalars("a").step.tolist() == [2**62 + 1]
