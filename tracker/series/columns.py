"""What a stretch of points is stored as: the names of its numbers. The tables have columns of these names."""

from __future__ import annotations

SUMMARY = (
    "step", "wall_time", "value", "last_step", "last_wall_time", "last_value", "step_min", "step_max", "wall_time_min",
    "wall_time_max", "min", "min_step", "max", "max_step", "sum", "sum_squares", "nan_count", "posinf_count",
    "neginf_count", "ordered",
)  # fmt: skip
"""Of `scalars`: what stands for its points."""


POINTS = ("steps", "wall_times", "points")
"""Of `scalars`: the points, packed."""
