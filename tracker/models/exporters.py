"""Exporters: who makes files of a framework's model. A table of names; each is imported when such a model is logged.

A module of the table has

    export(model, example, *, input_names=None, output_names=None) -> (format, files, inputs, outputs, note)

called on a thread of the tracker's own with what `snapshot` gave, and

    snapshot(model, example, *, input_names=None, output_names=None) -> a copy that training does not change

made on the caller's thread, which raises by name what the caller did wrong; without it the model is copied by
`copy.deepcopy`. An export that needs the whole process to itself is made there, and is what `export` gives back.
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any, NamedTuple

from tracker.errors import ModelTypeError, message
from tracker.values import arrays

EXPORTERS = {
    "trainer": "tracker.models.trainer_export",
    "torch": "tracker.models.torch_export",
    "keras": "tracker.models.keras_export",
    "tensorflow": "tracker.models.keras_export",
    "sklearn": "tracker.models.sklearn_export",
}
"""By the package that a model's class, or one that it is made from, comes from."""

Parts = Sequence[bytes | memoryview]
"""A content in parts: joined, a large one would be in memory twice."""


class Exported(NamedTuple):
    """A model as files.

    Attributes:
        format: One of `tracker.models.manifest.FORMATS`.
        files: Contents by name: bytes, or these in parts.
        inputs: [{"name", "dtype", "shape"}], or None where the files do not say.
        outputs: Likewise.
        note: A sentence for people; empty where there is nothing to say.
        classes: Names that the model itself has for what it tells apart, where the caller says none.
    """

    format: str
    files: Mapping[str, bytes | Parts]
    inputs: Sequence[Mapping[str, Any]] | None = None
    outputs: Sequence[Mapping[str, Any]] | None = None
    note: str = ""
    classes: Sequence[str] | None = None


Export = Callable[[], Exported]


def names_of(example: Sequence[Any]) -> list[str]:
    """What the inputs are called that nobody named."""
    return ["x"] if len(example) == 1 else [f"x{place}" for place in range(len(example))]


def exporter_of(model: Any) -> tuple[str, str]:
    """Package and module of who exports a model.

    Raises:
        ModelTypeError: it is of no framework that is known.
    """
    for each in type(model).__mro__:
        package = each.__module__.partition(".")[0]
        if package in EXPORTERS:
            return package, EXPORTERS[package]
    raise ModelTypeError(
        message(
            "log_model: this is no model that can be kept.",
            expected="a model of trainer, PyTorch, Keras or scikit-learn, the path of an .onnx file or of a "
            "TensorFlow.js folder",
            got=arrays.describe(model),
            hint="A model of another framework can be written as ONNX first, by that framework's own exporter.",
        )
    )


def export_later(
    model: Any, example: Any, input_names: Sequence[str] | None, output_names: Sequence[str] | None
) -> tuple[str, Export, Exported | None]:
    """Who made a model, what makes files of a copy of it on any thread, and these where they are made already.

    Args:
        model: Of a framework.
        example: A batch, or several in a tuple, that it can be called with; None where nobody said.
        input_names: What its inputs shall be called.
        output_names: And its outputs.

    Raises:
        ModelError, ModelTypeError: it cannot be exported.
    """
    package, module = exporter_of(model)
    exporter = import_module(module)
    take = getattr(exporter, "snapshot", None)
    names = {"input_names": input_names, "output_names": output_names}
    held = take(model, example, **names) if take is not None else copy.deepcopy(model)

    def export() -> Exported:
        return Exported(*exporter.export(held, example, **names))

    return made_by(package), export, held if isinstance(held, Exported) else None


@functools.lru_cache(maxsize=32)
def made_by(package: str) -> str:
    """A package and its version, as far as that can be told."""
    version = getattr(import_module(package), "__version__", "")
    return f"{package} {version}".strip()
