"""Models of `trainer` as files: classes by name and arrays, which it reads again.

The code of somebody's own module is nowhere in them, so that it is kept as ONNX, which is what it computes. This
package knows no trainer: names in a table, asked for once such a model is there.
"""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from tracker.errors import ModelError, message
from tracker.models import checks, exporters, safetensors
from tracker.models.exporters import Exported

_HOME, _FRONT, _ERRORS = "trainer.saved_model", "trainer", "trainer.errors"
ARCHITECTURE, WEIGHTS = "architecture.json", "weights.safetensors"


def snapshot(model: Any, example: Any, **names: Any) -> Exported:
    """The files of a model as it is now, made of copies of its arrays, with what one sample of the example gives.

    Args:
        model: The module.
        example: Arrays in a tuple that it can be called with, or None.
        **names: `input_names` and `output_names`.

    Raises:
        ModelError: it cannot be written, or does not answer to its example.
    """
    if example is None and not names.get("input_names"):
        raise ModelError(
            message(
                "log_model: what goes into the model is not said.",
                expected="inputs=(None, 1, 8, 8), with None for the batch, or an example batch",
                got="no inputs",
            )
        )
    errors = import_module(_ERRORS)
    try:
        files = dict(import_module(_HOME).to_files(model))
    except errors.ExportError as error:
        if example is not None and hasattr(import_module(_FRONT), "export_onnx"):
            return _as_onnx(model, example, names, errors)
        hint = "With an example=, what it computes is kept, as ONNX."
        raise ModelError(message(f"log_model: {error}", hint=hint)) from error
    weights = dict(files[WEIGHTS])
    outputs = None if example is None else _outputs(_Question.of(files[ARCHITECTURE], weights, example, names))
    return Exported("trainer", {**files, WEIGHTS: safetensors.parts(weights)}, None, outputs)


def export(held: Exported, example: Any, **names: Any) -> Exported:
    """What `snapshot` made."""
    return held


def _as_onnx(model: Any, example: tuple[Any, ...], names: Mapping[str, Any], errors: Any) -> Exported:
    with tempfile.TemporaryDirectory(prefix="everystep-export-") as folder:
        place = Path(folder, "model.onnx")
        said = {key: value for key, value in names.items() if value is not None}
        try:
            import_module(_FRONT).export_onnx(model, place, example if len(example) > 1 else example[0], **said)
        except errors.TrainerError as error:
            raise ModelError(f"log_model: {error}") from error
        data = place.read_bytes()
    found = checks.onnx(data)
    note = f"{type(model).__name__} is a class of its own: what it computes is kept, as ONNX."
    return Exported("onnx", {"model.onnx": data}, found.inputs, found.outputs, note)


@dataclass(frozen=True)
class _Question:
    """What does a model of this architecture give? Two are the same whatever the weights are."""

    architecture: bytes
    inputs: tuple[tuple[str, str, tuple[int, ...]], ...]
    outputs: tuple[str, ...]
    asked: dict[str, Any] = field(compare=False)
    """Weights and arrays, until it was answered."""

    @classmethod
    def of(cls, architecture: bytes, weights: Any, example: Sequence[Any], names: Mapping[str, Any]) -> _Question:
        known = names.get("input_names") or exporters.names_of(example)
        given = {name: array[:1] for name, array in zip(known, example, strict=True)}
        inputs = tuple((name, str(array.dtype), array.shape) for name, array in given.items())
        return cls(architecture, inputs, tuple(names.get("output_names") or ()), {"weights": weights, "given": given})


@functools.lru_cache(maxsize=64)
def _outputs(question: _Question) -> list[dict[str, Any]]:
    """What a model gives, from a pass over one sample: made once, and not for each version that is logged."""
    home = import_module(_HOME)
    asked = dict(question.asked)
    question.asked.clear()  # the answer is kept, the weights are not
    said = [{"name": name, "dtype": dtype, "shape": None} for name, dtype, _ in question.inputs]
    try:
        model = home.from_files(question.architecture, dict(asked["weights"]))
        answers = home.Runner(model, said, []).run(asked["given"])
    except Exception as error:
        shapes = ", ".join(f"{name} {dtype} {shape}" for name, dtype, shape in question.inputs)
        raise ModelError(message(f"log_model: the model does not take such inputs: {error}", got=shapes)) from error
    named = question.outputs if len(question.outputs) == len(answers) else tuple(answers)
    return [
        {"name": name, "dtype": str(array.dtype), "shape": [None, *array.shape[1:]]}
        for name, array in zip(named, answers.values(), strict=True)
        if array.ndim
    ]
