"""What a call of `log_model` was given, checked on the caller's line, as a value to log."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tracker import coerce
from tracker.errors import ModelError, message
from tracker.models import file_export, manifest, signature
from tracker.models.exporters import export_later
from tracker.models.logged_model import LoggedModel

MAX_NAME = 200
"""Characters of a model's name, which stands in addresses."""


def checked_name(name: Any) -> str:
    """A name that a model may have.

    Raises:
        ModelError: it may not.
    """
    if isinstance(name, str) and 0 < len(name) <= MAX_NAME and name.isprintable() and name.strip() == name:
        found = coerce.text(name)
        if found == name and not any(part in ("", ".", "..") for part in name.split("/")) and ":" not in name:
            return name
    raise ModelError(
        message(
            "log_model: name must name a model.",
            expected=f'1 to {MAX_NAME} characters such as "digits", without ":"',
            got=coerce.text(name, 100),
        )
    )


def logged(
    model: Any,
    *,
    inputs: Any = None,
    outputs: Any = None,
    classes: Any = None,
    preprocess: Any = None,
    labels: Sequence[str] = (),
    method: str | None = None,
    example: Any = None,
    keep: int | None = None,
) -> LoggedModel:
    """A version of a model as a value to log; see `Run.log_model`.

    Raises:
        ModelError, ModelTypeError: it cannot be kept.
    """
    takes, examples = signature.given(inputs, "inputs", "x")
    gives, _ = signature.given(outputs, "outputs", "y")
    names = None if classes is None else manifest.check_classes(_listed(classes))
    said = {
        "classes": None if names is None else tuple(names),
        "preprocess": preprocess,
        "labels": tuple(manifest.check_labels(list(labels))),
        "method": method or ("classify" if names else "predict"),
        "keep": keep,
    }
    if isinstance(model, (str, os.PathLike)):
        exported = file_export.of_path(model)
        size = sum(len(content) for content in exported.files.values())
        return LoggedModel(lambda: exported, size, takes, gives, made_by="", **said)
    tried = tuple(examples.values()) if example is None else _example(example)
    made_by, export = export_later(model, tried or None, signature.names(takes) or None, signature.names(gives) or None)
    return LoggedModel(export, 0, takes, gives, made_by=made_by, **said)


def _example(example: Any) -> tuple[Any, ...]:
    given = example.values() if isinstance(example, Mapping) else example if isinstance(example, tuple) else [example]
    return tuple(signature.snapshot(each, "example") for each in given)


def _listed(classes: Any) -> Any:
    return classes.tolist() if isinstance(classes, np.ndarray) else classes
