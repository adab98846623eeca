"""How far noise that remembers takes the level of some steps: by its scale and its first autocorrelation, as AR(1).

Where each value is a share ρ of the one before and something new, the mean of n of them varies as
σ² (1 + 2 Σ (1 − k/n) ρᵏ) / n, as that of fewer values which know nothing of each other: the effective sample size.

Both are taken from the past of some ranks together. A short past shows too little of either: the autocorrelation is
found (1 + 4ρ)/n too low, and the scale by as much as the past's own level varies; which is made good here.

Source: Bayley and Hammersley, "The 'Effective' Number of Independent Observations in an Autocorrelated Time Series"
(1946); Marriott and Pope, "Bias in the Estimation of Autocorrelations" (1954).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]

LEAST_STEPS = 16
"""Of a past that says something."""

_NORMAL = 1.4826
_MEDIAN = 1.2533
"""The median of k points of normal noise varies as this by the root of k."""

_FEW = 8
"""Ranks of which the one of the most noise counts, as there is little to go by; of more the median does."""

_FARTHEST = 3.0
"""Standard deviations beyond which a value counts as if it were there: a pause of one step is no memory."""

_MOST_MEMORY = 0.99
_LEAST_SHOWN = 0.1


def memory(past: Values) -> float:
    """The first autocorrelation of noise, at the most: as it is found, its bias, and two standard errors.

    Args:
        past: (R, S), of R ranks, which vary around a level each; NaN where there is nothing.

    Returns:
        From 0 to 0.99; 0 where nothing varies.
    """
    scale = _scales(past)
    varying = scale > 0
    if not varying.any() or past.shape[1] < 2:
        return 0.0
    rows, steps = past[varying], past.shape[1]
    unit = (rows - np.nanmedian(rows, axis=1, keepdims=True)) / scale[varying, None]
    unit = np.clip(np.nan_to_num(unit), -_FARTHEST, _FARTHEST)
    power = float((unit**2).mean())
    found = float((unit[:, 1:] * unit[:, :-1]).mean()) / power if power > 0 else 0.0
    # The ranks are measured by their median, so that one of them is known by the others.
    error = 2 * np.sqrt(max(0.0, 1 - found**2) / (steps * max(1, len(rows) - 1)))
    return float(np.clip(found + (1 + 4 * max(0.0, found)) / steps + error, 0.0, _MOST_MEMORY))


def inflation(memory: float, steps: int) -> float:
    """How many times as much as that of independent values the mean of `steps` values of a memory varies; from 1."""
    lag = np.arange(1, steps)
    return float(1 + 2 * ((1 - lag / steps) * memory**lag).sum())


def level_deviation(past: Values, steps: int) -> float | None:
    """The standard deviation of the median of `steps` steps of a rank where nothing is wrong.

    Args:
        past: As of `memory`.
        steps: Of the window.

    Returns:
        In units of the values; None where the past is too short to say.
    """
    if past.shape[1] < LEAST_STEPS or not len(past):
        return None
    own, scale = memory(past), _scales(past)
    length = past.shape[1]
    shown = max(_LEAST_SHOWN, 1 - inflation(own, length) / length)
    usual = float(scale.max() if len(scale) < _FEW else np.median(scale))
    return float(usual / np.sqrt(shown) * _MEDIAN * np.sqrt(inflation(own, steps) / steps))


def _scales(past: Values) -> Values:
    """The standard deviation of each row around its level, whatever a few of its values are."""
    found = np.zeros(len(past))
    known = (~np.isnan(past)).any(axis=1)
    if known.any():
        rows = past[known]
        found[known] = _NORMAL * np.nanmedian(np.abs(rows - np.nanmedian(rows, axis=1, keepdims=True)), axis=1)
    return found
