"""scikit-learn's estimators as ONNX files, by skl2onnx. Never as pickles, which run what they hold."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any, NamedTuple

import numpy as np

from tracker.errors import MissingPackageError, ModelError, message
from tracker.models import checks
from tracker.models.exporters import Exported
from tracker.models.source import in_one_line

OPSET = 17


class Held(NamedTuple):
    """An estimator as it was when it was logged."""

    model: Any
    features: int


def snapshot(model: Any, example: Any, **names: Any) -> Held:
    """A copy of a fitted estimator.

    Args:
        model: The estimator.
        example: Rows that it takes, needed only where it does not say itself how many features it has learned from.
        names: Of inputs and outputs, which `export` is told again.

    Raises:
        MissingPackageError: skl2onnx is not installed.
        ModelError: it is not fitted, so that it has nothing to say.
    """
    if find_spec("skl2onnx") is None:
        raise MissingPackageError("a model of scikit-learn is kept as ONNX, which skl2onnx makes: pip install skl2onnx")
    features = getattr(model, "n_features_in_", None)
    if features is None and example is not None and np.ndim(example) == 2:
        features = np.shape(example)[1]
    if features is None:
        raise ModelError(
            message(
                f"log_model: {type(model).__name__} does not say how many features it takes.",
                expected="a fitted estimator, or inputs=rows that it takes",
                got="neither",
            )
        )
    return Held(copy.deepcopy(model), int(features))


def export(
    held: Held, example: Any, *, input_names: Sequence[str] | None = None, output_names: Sequence[str] | None = None
) -> Exported:
    """An ONNX file that takes float32 rows of features.

    Of a classifier the outputs are its label, and the probabilities (or scores) of its classes in their order.

    Raises:
        ModelError: the estimator is of a kind that skl2onnx does not know, or is not fitted.
    """
    import skl2onnx
    from skl2onnx.common.data_types import FloatTensorType
    from sklearn.base import is_classifier

    name = input_names[0] if input_names else "x"
    classes = getattr(held.model, "classes_", None)
    # Else the probabilities are a list of dictionaries, which is no tensor.
    options = {id(held.model): {"zipmap": False}} if is_classifier(held.model) else None

    def to_onnx(options: Any) -> Any:
        types = [(name, FloatTensorType([None, held.features]))]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of onnx and skl2onnx about each other
            return skl2onnx.to_onnx(held.model, initial_types=types, options=options, target_opset=OPSET)

    try:
        try:
            made = to_onnx(options)
        except NameError:  # the last step is of a kind without that option, as LinearSVC: it tells a tensor anyway
            made = to_onnx({id(_last_step(held.model)): {}})  # for a pipeline skl2onnx would set it by itself
    except Exception as error:
        raise ModelError(
            message(
                f"log_model: {type(held.model).__name__} cannot be made ONNX.",
                expected="a fitted estimator of a kind that skl2onnx knows",
                got=in_one_line(error),
            )
        ) from error
    names = None
    if classes is not None and np.ndim(classes) == 1:
        names = [str(each) for each in np.asarray(classes).tolist()]
    data = made.SerializeToString()
    found = checks.onnx(data)
    return Exported("onnx", {"model.onnx": data}, found.inputs, found.outputs, classes=names)


def _last_step(model: Any) -> Any:
    """Of a pipeline what answers at its end, else the model."""
    while getattr(model, "steps", None):
        model = model.steps[-1][1]
    return model
