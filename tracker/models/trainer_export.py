"""Models of `trainer` as files: its class by name and its arrays, which it reads again; nothing of it is executed.

This package knows no trainer: a name in a table, asked for once such a model is there.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

import numpy as np

from tracker.models import safetensors
from tracker.models.exporters import Exported

_HOME = "trainer.saved_model"
ARCHITECTURE, WEIGHTS = "architecture.json", "weights.safetensors"


def snapshot(model: Any, example: Any) -> dict[str, Any]:
    """The files of a model as it is now; its arrays are copies."""
    files = dict(import_module(_HOME).to_files(model))
    files[WEIGHTS] = {name: np.array(array) for name, array in files[WEIGHTS].items()}
    return files


def export(
    model: Any, example: Any, *, input_names: Sequence[str] | None = None, output_names: Sequence[str] | None = None
) -> Exported:
    """The same as bytes."""
    files = {**model, WEIGHTS: safetensors.parts(model[WEIGHTS])}
    return Exported("trainer", files)
