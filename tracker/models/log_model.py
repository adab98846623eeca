"""What a call of `log_model` was given, checked on the caller's line, as a value to log."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tracker import coerce
from tracker.errors import ModelError, message
from tracker.models import file_export, manifest, signature
from tracker.models.exporters import Exported, export_later, names_of
from tracker.models.logged_model import LoggedModel
from tracker.models.preprocess import checked
from tracker.models.signature import TensorSpec

MAX_NAME = 200
"""Characters of a model's name, which stands in addresses."""

MAX_KEEP = 1_000_000


def checked_name(name: Any) -> str:
    """A name that a model may have.

    Raises:
        ModelError: it may not.
    """
    if isinstance(name, str) and 0 < len(name) <= MAX_NAME and name.isprintable() and name.strip() == name:
        found = coerce.text(name)
        if found == name and not any(part in ("", ".", "..") for part in name.split("/")) and not {*name} & {*":\\?#"}:
            return name
    raise ModelError(
        message(
            "log_model: name must name a model.",
            expected=f'1 to {MAX_NAME} characters such as "digits" or "gan/generator", without \\ : ? #',
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
        ModelError, ModelTypeError, LoggedTypeError: it cannot be kept.
    """
    try:
        takes, examples = signature.given(inputs, "inputs", "x")
        gives, _ = signature.given(outputs, "outputs", "y")
        names = None if classes is None else manifest.check_classes(_listed(classes))
        said: dict[str, Any] = {
            "classes": None if names is None else tuple(names),
            "labels": tuple(manifest.check_labels(_listed(labels))),
            "method": _method(method, has_classes=names is not None),
            "keep": _keep(keep),
        }
        if isinstance(model, (str, os.PathLike)):
            made_by, exported = file_export.of_path(model, asks=not takes and not gives)
            takes, gives = _of_files(takes, exported.inputs, "inputs"), _of_files(gives, exported.outputs, "outputs")
            export, size = _done(exported), _size_of(exported)
        else:
            tried = _example(example) if example is not None else tuple(examples.values()) or _zeros(takes)
            names_in, names_out = signature.names(takes) or None, signature.names(gives) or None
            made_by, export, made = export_later(model, tried or None, names_in, names_out)
            takes = takes or _of_example(tried)
            gives = gives or _of_files((), made and made.outputs, "outputs")
            size = _size(model) if made is None else _size_of(made)
        said["preprocess"] = checked(preprocess, [each.as_json() for each in takes])
        _check_classes_fit(names, gives)
        value = LoggedModel(export, size, takes, gives, made_by=made_by, **said)
        value.check_said()
        return value
    except Exception as error:
        raise coerce.mistake("log_model", error) from error


def _done(exported: Exported) -> Callable[[], Exported]:
    return lambda: exported


def _of_files(said: tuple[TensorSpec, ...], found: Any, what: str) -> tuple[TensorSpec, ...]:
    """A signature that files say themselves; where the caller says it too, with other names, that is a mistake."""
    if found is None:
        return said
    known = signature.of_json(list(found), what)
    if said and {each.name for each in said} != {each.name for each in known}:
        raise ModelError(
            message(
                f"log_model: {what} are called otherwise in the file.",
                expected=", ".join(each.name for each in known),
                got=", ".join(each.name for each in said),
                hint=f"Leave {what}= out: the file says them.",
            )
        )
    return known


def _example(example: Any) -> tuple[npt.NDArray[Any], ...]:
    given = example.values() if isinstance(example, Mapping) else example if isinstance(example, tuple) else [example]
    return tuple(signature.snapshot(each, "example") for each in given)


def _zeros(takes: Sequence[TensorSpec]) -> tuple[npt.NDArray[Any], ...]:
    """A sample of nothing, where the shapes say all but how many there are."""
    if any(size is None for each in takes for size in each.shape[1:]) or any(each.dtype == "string" for each in takes):
        return ()
    if sum(each.elements for each in takes) > 1 << 26:
        return ()
    return tuple(np.zeros((1, *each.shape[1:]), each.numpy) for each in takes)  # type: ignore[arg-type]


def _of_example(example: Sequence[npt.NDArray[Any]]) -> tuple[TensorSpec, ...]:
    """What an example says of the inputs that nobody described."""
    named = dict(zip(names_of(example), example, strict=True))
    return signature.given(named, "example", "x")[0] if named else ()


def _size_of(exported: Exported) -> int:
    contents = exported.files.values()
    return sum(len(each) if isinstance(each, bytes) else sum(map(len, each)) for each in contents)


def _size(model: Any) -> int:
    """What a copy of a model takes, as far as its parameters say."""
    try:
        return sum(int(getattr(each, "nbytes", 0)) for each in model.parameters())
    except Exception:  # noqa: BLE001 a foreign model may have anything under that name; the bound is a rough one
        return 0


def _listed(values: Any) -> Any:
    """Names as a list: of a NumPy array its texts, of a single text that one."""
    if isinstance(values, str):
        return [values]
    return values.tolist() if isinstance(values, np.ndarray) else values


def _method(method: Any, *, has_classes: bool) -> str:
    if method is None:
        return "classify" if has_classes else "predict"
    if method in manifest.METHODS:
        return str(method)
    raise ModelError(
        message("log_model: method says how it is asked.", expected=" | ".join(manifest.METHODS), got=repr(method))
    )


def _keep(keep: Any) -> int | None:
    if keep is None or (type(keep) is int and 1 <= keep <= MAX_KEEP):
        return keep
    raise ModelError(message("log_model: keep is a number of versions.", expected="1, 2 … or None", got=repr(keep)))


def _check_classes_fit(classes: Sequence[str] | None, gives: Sequence[TensorSpec]) -> None:
    """That an output has a number for each class, as far as its shape is known; one alone tells two of them apart."""
    last = gives[0].shape[-1] if gives and gives[0].shape else None
    if classes is not None and last is not None and last not in (len(classes), 1):
        raise ModelError(
            message(
                "log_model: there is not a class for each number that comes out.",
                expected=f"{last:,} names",
                got=f"{len(classes):,}",
            )
        )
