"""Numbers of any framework as Python floats."""

from __future__ import annotations

from typing import Any

from tracker.errors import LoggedTypeError, LoggedValueError, message
from tracker.values import arrays


def number(value: Any, tag: str) -> float:
    """A number as a float; NaN and ±inf are numbers too.

    Args:
        value: int, float, bool, a NumPy or CuPy scalar, or an array or tensor of any framework with exactly
            one element, on any device (one on a GPU is waited for).
        tag: What it is logged under, for the message.

    Raises:
        LoggedTypeError: not a number.
        LoggedValueError: an array of more than one element, or of none; a finite number beyond 1.8e308.
    """
    try:
        if isinstance(value, (int, float)):
            return arrays.real(value)
        if not isinstance(value, (str, bytes)) and arrays.size_of(value) != 1:
            raise LoggedValueError(
                message(
                    f"{tag!r}: a scalar is one number.",
                    expected="one element",
                    got=arrays.describe(value),
                    hint=f"For its distribution log tracker.Histogram(...) under {tag!r}; or log its mean."
                    if arrays.size_of(value)
                    else "An empty array has none.",
                )
            )
        return arrays.real(arrays.single(value))
    except OverflowError as error:
        raise LoggedValueError(
            message(f"{tag!r}: this number does not fit a float64.", expected="at most 1.8e308", got="a larger one")
        ) from error
    except LoggedValueError:
        raise
    except Exception as error:  # whatever a foreign object's conversion raises: it is no number to us
        raise LoggedTypeError(
            message(
                f"{tag!r}: this value cannot be logged.",
                expected="a number, a one-element array, or a tracker value such as tracker.Histogram or tracker.Image",
                got=arrays.describe(value),
            )
        ) from error
