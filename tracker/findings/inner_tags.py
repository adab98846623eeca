"""Inner tags: what `watch`, the trainer and the machine's meter log beside a user's own.

Findings tell of them where they matter; no run is judged by them. The page's text/tag_order.js has the same groups.
"""

from __future__ import annotations

LAYERS = ("grad_norm", "weight_norm", "update_ratio", "act_norm", "dead", "saturated", "unused")
"""Groups that hold a tag for each parameter or module."""

ENDS = ("input", "output", "passes", "time")
"""Groups of what goes in and comes out, and of what a step is made of."""

MACHINES = ("machine", "system")
"""How busy a machine was, as this tracker and as others call it."""

_STARTS = tuple(f"{group}/" for group in (*LAYERS, *ENDS, *MACHINES))
_ALONE = frozenset(("batch/classes", "batch/commonest", "batch/label_change", "clipped", "clip_factor", "accumulated"))
"""Keras's callback logs a user's metrics as `batch/…` too."""


def is_inner(tag: str) -> bool:
    """Whether a curve is of layers, batches, steps or machines, and not what a user measures a run by."""
    return tag.startswith(_STARTS) or tag in _ALONE
