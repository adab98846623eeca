"""Runners: who answers for a model, by its format. A table of names; each is imported when such a model is first asked.

A module of the table has `open_runner(files, manifest, device=) -> Runner`, with `files` by name as paths and
`manifest` as JSON values. Two of them are the trainer's, which this package does not know.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, cast

import numpy.typing as npt

from tracker.errors import MissingPackageError, ModelError, message
from tracker.models import manifest as manifests
from tracker.models.manifest import Manifest

RUNNERS = {"onnx": "tracker.models.onnx_runner", "trainer": "trainer.saved_model", "tfjs": "trainer.tfjs"}
"""By the format of a version."""


class Runner(Protocol):
    """A model that answers. One thread asks at a time.

    One that can say where its answer comes from also has `saliency(inputs, output_index) -> array`, shaped as the first
    input.

    Attributes:
        inputs: [{"name", "dtype", "shape"}].
        outputs: Likewise.
    """

    inputs: list[dict[str, Any]]
    outputs: list[dict[str, Any]]

    def run(self, inputs: Mapping[str, npt.NDArray[Any]]) -> dict[str, npt.NDArray[Any]]:
        """The outputs by name, of inputs by name, each with the batch on its first axis."""
        ...


def open_runner(files: Mapping[str, Path], said: Manifest | Mapping[str, Any], device: str = "cpu") -> Runner:
    """Who answers for a version of a model.

    Args:
        files: Where each of its files lies, by name. They are looked at before a runner is given them.
        said: Its manifest.
        device: Where it computes: "cpu", or "cuda" with CuPy for trainer's models and onnxruntime-gpu for ONNX.

    Raises:
        ModelError: it cannot be run, or not on that device; a sentence says why.
        MissingPackageError: what runs it is not installed.
    """
    manifest = said if isinstance(said, Manifest) else manifests.of_json(dict(said))
    if manifest.format == "source":
        raise ModelError(message("Of this model only the source was kept.", hint=manifest.note))
    from tracker.models import checks

    checks.check(files, manifest)
    module = import_module(RUNNERS[manifest.format])
    try:
        return cast(Runner, module.open_runner(dict(files), manifest.as_json(), device=device))
    except (ModelError, MissingPackageError):
        raise
    except Exception as error:
        raise ModelError(message(f"This model cannot be opened: {type(error).__name__}: {error}")) from error


def signature_told(form: str, files: Mapping[str, Path]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]] | None:
    """The inputs and outputs of a model whose files do not say them; None where it cannot be run, which who asks hears.

    Args:
        form: Of the model, as in a manifest.
        files: Where each lies, by name.
    """
    try:
        runner = cast(Runner, import_module(RUNNERS[form]).open_runner(dict(files), {}))
    except Exception:  # noqa: BLE001 a layer that there is not, or a package: such a model is kept all the same
        return None
    return runner.inputs, runner.outputs


def ask(runner: Runner, inputs: Mapping[str, npt.NDArray[Any]]) -> dict[str, npt.NDArray[Any]]:
    """What a runner says.

    Raises:
        ModelError: it failed; a sentence says at what.
    """
    try:
        return dict(runner.run(inputs))
    except ModelError:
        raise
    except Exception as error:
        shapes = ", ".join(f"{name} {array.dtype} {array.shape}" for name, array in inputs.items())
        raise ModelError(message(f"The model failed: {type(error).__name__}: {error}", got=shapes)) from error
