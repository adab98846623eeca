"""Where kept curves lie: the one that is asked for is found, whatever was added to its file before and after."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
from examples import examples
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from dashboard.curves.curve_cache import CurveCache, KeptCurve
from dashboard.curves.query import COLUMNS, POINTS

KEYS = [f"{begin}{end}" for begin in ("0" * 8, "0" * 7 + "1") for end in ("a" * 16, "b" * 16, "a" * 15 + "b")]
"""Of which several begin alike, as two of very many may."""

curve = st.tuples(st.sampled_from(KEYS), st.booleans(), st.integers(1, 9), st.integers(1, 99))
added = st.lists(st.tuples(st.sampled_from([1, 2, 3]), st.lists(curve, max_size=5)), max_size=5)


def made(is_points: bool, length: int, number: int) -> KeptCurve:
    """A curve of so many points or columns, all of one number."""
    columns = [np.full(length, float(number)) for _ in (POINTS if is_points else COLUMNS)]
    return KeptCurve(number, "points" if is_points else "columns", columns)


@examples(100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(added, st.sampled_from([1, 2, 3]), st.booleans())
def test_the_curve_that_was_kept_last_is_found(
    tmp_path: Path, blocks: list[tuple[int, list[tuple[str, bool, int, int]]]], columns: int, reads_between: bool
) -> None:
    """As points where they are few enough for a card of so many columns, else in so many columns, else not at all."""
    folder = tmp_path / "curves"
    shutil.rmtree(folder, ignore_errors=True)
    cache, expected = CurveCache(folder), {}
    for width, curves in blocks:
        together = {key: made(*rest) for key, *rest in curves}
        cache.put("loss", width, together)
        expected |= {
            key: kept
            for key, kept in together.items()
            if (width == columns if kept.form == "columns" else len(kept.columns[0]) <= 4 * columns)
        }
        if reads_between:
            cache.get("loss", columns, KEYS)
    for each in (cache, CurveCache(folder)):
        found = each.get("loss", columns, [*KEYS, "f" * 24, "", "é"])
        assert {key: (kept.points, kept.form, np.array(kept.columns).tolist()) for key, kept in found.items()} == {
            key: (kept.points, kept.form, np.array(kept.columns).tolist()) for key, kept in expected.items()
        }
