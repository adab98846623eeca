"""What a reader must know of the tables: a file's marks, and the columns it asks for. `schema` has all of them.

Apart from it, because a reader needs no SQLAlchemy and need not wait for its import; `tests/docs` holds them together.
"""

APPLICATION_ID = 0x45565354  # "EVST": says that a SQLite file is ours, whatever it is called
SCHEMA_VERSION = 1
"""In `PRAGMA user_version`. Older files stay readable; a newer one is refused with one sentence."""

SEGMENT = (
    "id", "run", "parent", "fork_step", "reason", "rank", "created", "host", "machine", "pid", "pid_started", "library",
    "run_group", "run_tags", "notes", "config", "environment",
)  # fmt: skip
"""Of `segment`: all."""

STATE = ("written", "heartbeat", "status", "ended", "ending", "lost")
"""Of `state`: all."""

FRESH = ("id", "series", "level", "n", "count", "step", "wall_time", "value")
"""All that a single fresh point fills of `scalars`."""

SUMMARY = (
    "step", "wall_time", "value", "last_step", "last_wall_time", "last_value", "step_min", "step_max", "wall_time_min",
    "wall_time_max", "min", "min_step", "max", "max_step", "sum", "sum_squares", "nan_count", "posinf_count",
    "neginf_count", "ordered",
)  # fmt: skip
"""Of `scalars`: what stands for its points."""

POINTS = ("steps", "wall_times", "points")
"""Of `scalars`: the points, packed."""
