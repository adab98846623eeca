"""Modelled: what a run has for models: a version is logged, and what was logged answers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tracker.models import log_model
from tracker.store.read.models import StoredModel
from tracker.store.read.run import StoredRun


class Modelled:
    """The part of a `Run` that keeps models."""

    name: str
    folder: Path

    def log_model(
        self,
        model: Any,
        name: str = "model",
        *,
        inputs: Any = None,
        outputs: Any = None,
        classes: Any = None,
        preprocess: Any = None,
        labels: Sequence[str] = (),
        step: int | None = None,
        example: Any = None,
        method: str | None = None,
        keep: int | None = None,
    ) -> None:
        """Keeps a version of a model: a copy is made now, and its files are written beside the training.

        Args:
            model: A model of `trainer`, PyTorch, Keras or scikit-learn; the path of an .onnx file, or of a
                TensorFlow.js folder.
            name: What the model is called in its run.
            inputs: What goes in: an example batch (array, tensor), a shape such as `(None, 1, 8, 8)` whose first axis
                is the batch, `("int64", (None, 16))`, or a dictionary of these by name. Files say it themselves.
            outputs: What comes out, likewise.
            classes: Names of the classes, in the order of the output.
            preprocess: What becomes of a picture before it is an input, such as `{"size": [8, 8], "mode": "L"}` or
                "mobilenet".
            labels: What this version is called besides its step, such as `["stable"]`.
            step: Where training stands; the last logged step by default. A version of the same step is replaced.
            example: A batch, or a tuple of several, that the model can be called with, where exporting needs one.
            method: How it is meant to be asked: "predict", "classify" (the default with `classes`) or "regress".
            keep: Of how many versions of this name the files are kept; the oldest are let go, and stay listed.

        Raises:
            ModelError, ModelTypeError: what was given cannot be kept; nothing was. What the world does (a full disk) is
                counted, and told, and raises nothing.
        """
        known = log_model.checked_name(name)
        value = log_model.logged(
            model, inputs=inputs, outputs=outputs, classes=classes, preprocess=preprocess, labels=labels,
            method=method, example=example, keep=keep,
        )  # fmt: skip
        self._log_beside(known, value, step)

    def _log_beside(self, tag: str, value: Any, step: int | None) -> None:
        raise NotImplementedError

    def models(self) -> list[StoredModel]:
        """The models that it has logged so far, by name, each at its newest version."""
        return self._stored().models()

    def model(self, name: str = "model", step: int | None = None) -> StoredModel:
        """One of them, at its newest version or that of a step.

        Raises:
            SeriesNotFoundError: there is none.
        """
        return self._stored().model(name, step)

    def _stored(self) -> StoredRun:
        self.flush(durable=False)
        return StoredRun(self.name, self.folder)

    def flush(self, timeout: float = 30.0, *, durable: bool = True) -> bool:
        raise NotImplementedError
