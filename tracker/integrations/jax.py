"""JAX and Flax: trees of arrays by their paths. Scalars go into `tracker.log` as they are.

run.log({"train/loss": loss, **histograms(grads, "gradients")}, step=step)
"""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from tracker.values.histogram import Histogram


def histograms(tree: Any, prefix: str = "") -> dict[str, Histogram]:
    """A histogram of each array of a tree (parameters, gradients, a Flax state) under its path."""
    found = {}
    for path, leaf in jax.tree_util.tree_flatten_with_path(tree)[0]:
        name = "/".join(_part(key) for key in path) or "value"
        found[f"{prefix}/{name}" if prefix else name] = Histogram(np.asarray(leaf))
    return found


def _part(key: Any) -> str:
    """A dictionary's key, a sequence's index, an object's attribute."""
    for name in ("key", "idx", "name"):
        if hasattr(key, name):
            return str(getattr(key, name))
    return str(key)
