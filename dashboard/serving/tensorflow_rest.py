"""Bodies of TensorFlow Serving's REST interface, in and out: predict in rows and columns, classify, regress.

Pure, and run in the worker: a body of megabytes keeps no page waiting. What a body may say is what
https://www.tensorflow.org/tfx/serving/api_rest documents; sentences are ours.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import orjson

from dashboard.serving.refusal import RefusedError
from dashboard.serving.tensor_json import array_of, decoded, encoded, filled, flattened, is_base64, kind_of, parsed

Arrays = dict[str, npt.NDArray[Any]]
Tensors = Sequence[Mapping[str, Any]]

PREDICT, CLASSIFY, REGRESS = (f"tensorflow/serving/{verb}" for verb in ("predict", "classify", "regress"))

SIGNATURES = ("", "serving_default", PREDICT, CLASSIFY, REGRESS)
"""By which names of signatures a model may be asked: it has one of its own, asked in up to three ways."""

SCORES = ("scores", "probabilities", "output_probability")
"""Outputs that are taken for the scores of classes before others."""


class Asked(NamedTuple):
    """What a body asks.

    Attributes:
        inputs: By name.
        answer: Makes the body of the answer from the outputs.
    """

    inputs: Arrays
    answer: Callable[[Arrays], bytes]


Picture = Callable[[bytes], npt.NDArray[Any]]
"""Makes of a picture's file a batch of one."""


def asked(
    verb: str, body: bytes | memoryview, inputs: Tensors, classes: Sequence[str] | None, picture: Picture | None = None
) -> Asked:
    """What is asked.

    Args:
        verb: predict, classify or regress.
        body: As it was sent.
        inputs: What the model takes.
        classes: The names of its classes.
        picture: For {"b64": …} in the place of numbers, where the model says how pictures become these.

    Raises:
        RefusedError: it asks nothing that the model could answer.
    """
    said = parsed(body)
    signature = said.get("signature_name", "")
    if not isinstance(signature, str):
        raise RefusedError(400, f"signature_name: expected a text, got {kind_of(signature)}.")
    if signature not in SIGNATURES:
        raise RefusedError(400, f'Serving signature name: "{signature[:200]}" not found in signature def.')
    if verb == "predict":
        return _predict(said, inputs, picture)
    arrays = _examples(said, inputs, picture)
    return Asked(arrays, regressed if verb == "regress" else lambda outputs: classified(outputs, classes))


# --- predict -------------------------------------------------------------------------------------------


def _predict(said: Mapping[str, Any], inputs: Tensors, picture: Picture | None) -> Asked:
    if "instances" in said and "inputs" in said:
        raise RefusedError(400, 'The request has both "instances" and "inputs": expected one of them.')
    if "instances" in said:
        return Asked(_rows(said["instances"], inputs, picture), in_rows)
    if "inputs" in said:
        return Asked(_columns(said["inputs"], inputs, picture), in_columns)
    raise RefusedError(400, 'The request has neither "instances" nor "inputs".')


def _rows(rows: Any, inputs: Tensors, picture: Picture | None) -> Arrays:
    if not isinstance(rows, list) or not rows:
        got = "an empty one" if rows == [] else kind_of(rows)
        raise RefusedError(400, f"instances: expected a list of one instance at least, got {got}.")
    if not _is_named(rows[0]):
        if len(inputs) != 1:
            names = ", ".join(each["name"] for each in inputs)
            raise RefusedError(400, f"instances: the model has {len(inputs)} inputs; name them in each: {names}.")
        return {inputs[0]["name"]: _tensor(rows, inputs[0], picture)}
    wanted = {each["name"] for each in inputs}
    for i, row in enumerate(rows):
        if not _is_named(row):
            raise RefusedError(400, f"instances: an object at item 0, and {kind_of(row)} at item {i}.")
        if row.keys() != wanted:
            got = ", ".join(map(str, row))[:200]
            raise RefusedError(400, f"instances: item {i} names {got}; expected {', '.join(sorted(wanted))}.")
    return {each["name"]: _tensor([row[each["name"]] for row in rows], each, picture) for each in inputs}


def _columns(value: Any, inputs: Tensors, picture: Picture | None) -> Arrays:
    if not _is_named(value):
        if len(inputs) != 1:
            names = ", ".join(each["name"] for each in inputs)
            raise RefusedError(400, f"inputs: the model has {len(inputs)} of them; expected an object of {names}.")
        return {inputs[0]["name"]: _tensor(value, inputs[0], picture)}
    for each in inputs:
        if each["name"] not in value:
            raise RefusedError(400, f"inputs: {each['name']} is missing.")
    return {each["name"]: _tensor(value[each["name"]], each, picture) for each in inputs}


def _is_named(value: Any) -> bool:
    return isinstance(value, dict) and not is_base64(value)


def _tensor(value: Any, tensor: Mapping[str, Any], picture: Picture | None) -> npt.NDArray[Any]:
    """The array of an input: of numbers, or of pictures where it takes these and they are sent as such."""
    files = [value] if is_base64(value) else value
    if tensor["dtype"] != "string" and isinstance(files, list) and files and all(map(is_base64, files)):
        if picture is None:
            raise RefusedError(
                400, f"{tensor['name']}: bytes, where numbers are expected: the model has no preprocess."
            )
        return np.concatenate([picture(decoded(each, tensor["name"])) for each in files])
    return array_of(value, tensor)


def in_rows(outputs: Arrays) -> bytes:
    """The answer in rows: a value for each instance, or an object of them where there are several outputs."""
    sizes = {name: len(each) if each.ndim else None for name, each in outputs.items()}
    if None in sizes.values() or len({*sizes.values()}) != 1:
        raise RefusedError(400, f'The outputs have no batch axis in common; ask with "inputs". Their rows: {sizes}.')
    if len(outputs) == 1:
        ((name, array),) = outputs.items()
        return b'{"predictions":' + encoded(array, as_bytes=name.endswith("_bytes")) + b"}"
    rows = (
        b",".join(_pair(name, array[i]) for name, array in outputs.items())
        for i in range(next(iter(sizes.values())) or 0)
    )
    return b'{"predictions":[{' + b"},{".join(rows) + b"}]}"


def in_columns(outputs: Arrays) -> bytes:
    """The answer in columns: the tensor, or an object of them where there are several."""
    if len(outputs) == 1:
        ((name, array),) = outputs.items()
        return b'{"outputs":' + encoded(array, as_bytes=name.endswith("_bytes")) + b"}"
    return b'{"outputs":{' + b",".join(_pair(name, array) for name, array in outputs.items()) + b"}}"


def _pair(name: str, value: Any) -> bytes:
    return orjson.dumps(name) + b":" + encoded(np.asarray(value), as_bytes=name.endswith("_bytes"))


# --- classify and regress --------------------------------------------------------------------------------


def _examples(said: Mapping[str, Any], inputs: Tensors, picture: Picture | None) -> Arrays:
    """Examples of features, each a value or a flat list of them; what no input is called is left aside."""
    examples, context = said.get("examples"), said.get("context", {})
    if not isinstance(examples, list) or not examples:
        got = "nothing" if examples is None else "an empty list" if examples == [] else kind_of(examples)
        raise RefusedError(400, f"examples: expected a list of one example at least, got {got}.")
    if not isinstance(context, dict):
        raise RefusedError(400, f"context: expected an object of features, got {kind_of(context)}.")
    for i, example in enumerate(examples):
        if not isinstance(example, dict):
            raise RefusedError(400, f"examples: expected an object of features at item {i}, got {kind_of(example)}.")
        both = next((name for name in example if name in context), None)
        if both is not None:
            raise RefusedError(400, f"examples: item {i} names the feature {both[:200]}, and so does the context.")
    return {
        each["name"]: np.concatenate(
            [_feature({**context, **example}, each, i, picture) for i, example in enumerate(examples)]
        )
        for each in inputs
    }


def _feature(
    example: Mapping[str, Any], tensor: Mapping[str, Any], i: int, picture: Picture | None
) -> npt.NDArray[Any]:
    name = tensor["name"]
    if name not in example:
        raise RefusedError(400, f"examples: item {i} lacks the feature {name}.")
    value = example[name]
    if tensor["dtype"] != "string" and is_base64(value):
        return _tensor(value, tensor, picture)
    shape, flat = flattened(value, name)
    if len(shape) > 1:
        raise RefusedError(400, f"{name}: expected a value or a list of values, got a list of lists.")
    found = filled(flat, tensor["dtype"], name)
    row = [-1 if size is None else size for size in tensor["shape"][1:]]
    try:
        return found.reshape(1, *row)
    except ValueError as error:
        said = ", ".join("any" if size is None else str(size) for size in tensor["shape"][1:])
        raise RefusedError(400, f"{name}: {len(flat):,} values, where the shape of one is ({said}).") from error


def classified(outputs: Arrays, classes: Sequence[str] | None) -> bytes:
    """For each example the label and the score of each class, in the model's order."""
    scores = scores_of(outputs)
    if scores is None:
        raise RefusedError(400, "The model has no output of a score for each class; ask it with :predict.")
    labels = [orjson.dumps(name) for name in (classes or ())[: scores.shape[1]]]
    labels += [b'""'] * (scores.shape[1] - len(labels))
    rows = []
    for row in scores:
        numbers = encoded(row)[1:-1].split(b",") if len(row) else []
        rows.append(b",".join(b"[%b,%b]" % pair for pair in zip(labels, numbers, strict=True)))
    return b'{"results":[[' + b"],[".join(rows) + b"]]}"


def scores_of(outputs: Mapping[str, npt.NDArray[Any]]) -> npt.NDArray[Any] | None:
    """The output that says how likely classes are, (N, classes); None where none can be."""
    found = {name: each for name, each in outputs.items() if each.dtype.kind == "f" and each.ndim == 2}
    return next((found[name] for name in (*SCORES, *found) if name in found), None)


def regressed(outputs: Arrays) -> bytes:
    """A number for each example."""
    for each in outputs.values():
        if each.dtype.kind == "f" and (each.ndim == 1 or (each.ndim == 2 and each.shape[1] == 1)):
            return b'{"results":' + encoded(each.reshape(-1)) + b"}"
    raise RefusedError(400, "The model has no output of one number for each example; ask it with :predict.")
