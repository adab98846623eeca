"""A version in the worker: questions that came together are stacked, run as few batches, and told apart again."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from dashboard.serving import messages, tensor_json, tensorflow_rest
from dashboard.serving.messages import Part
from dashboard.serving.refusal import RefusedError
from tracker.models import as_onnx, runners

Arrays = dict[str, npt.NDArray[Any]]

MOST_WARM = 1 << 22
"""Numbers of a batch that is tried before anybody asks; one of a larger model is a row."""

MOST_ANSWERED = 4_000_000
"""Numbers of an answer: some 80 MB as JSON, which the server holds until it is taken."""

TOP = -1
"""For the number of an output: that of the largest."""


class Question(NamedTuple):
    """One question as arrays.

    Attributes:
        inputs: By name.
        body: Makes the answer's JSON body of the outputs; None where arrays are wanted.
        saliency: Of which number of the first output the gradient is wanted, or None.
    """

    inputs: Arrays
    body: Callable[[Arrays], bytes] | None
    saliency: int | None


Answer = tuple[dict[str, Any], list[Part]]
"""What the head says of an answer, and its parts."""


class Version:
    """A model at a step, ready to be asked.

    Args:
        runner: Computes it.
        manifest: What is said of it.
        max_batch: Rows that it is given at once.
        files: Where its files lie, by name.
    """

    def __init__(
        self, runner: runners.Runner, manifest: Mapping[str, Any], max_batch: int, files: Mapping[str, str]
    ) -> None:
        self._runner = runner
        self._manifest = manifest
        self._files = {name: Path(path) for name, path in files.items()}
        self.inputs = [_plain(each) for each in manifest["inputs"] or runner.inputs]
        self.outputs = [_plain(each) for each in manifest["outputs"] or runner.outputs]
        self._rows = _rows_at_once([*self.inputs, *self.outputs], max_batch)

    @classmethod
    def open(
        cls, files: Mapping[str, str], manifest: Mapping[str, Any], max_batch: int, device: str = "cpu"
    ) -> Version:
        """From its files.

        Raises:
            RefusedError: it cannot be opened; the sentence says why.
        """
        try:
            runner = runners.open_runner({name: Path(path) for name, path in files.items()}, dict(manifest), device)
        except Exception as error:  # whatever a library says of somebody's file
            raise RefusedError(503, f"the model cannot be opened: {_brief(error)}") from error
        return cls(runner, manifest, max_batch, files)

    def warm_up(self) -> str:
        """Tries a batch of zeros, so that the first who asks does not wait for what is made once.

        Returns:
            Why it could not: some take no zeros, or no ones for the sizes that may be any; it is asked all the same.
        """
        shapes = [[1 if size is None else size for size in each["shape"]] for each in self.inputs]
        if self._rows and self._rows * sum(map(np.prod, shapes)) <= MOST_WARM:
            shapes = [[self._rows, *shape[1:]] for shape in shapes]
        if sum(map(np.prod, shapes)) > MOST_WARM:
            return "a row of it is too large"
        try:
            outputs = self.run(
                {each["name"]: _zeros(shape, each["dtype"]) for each, shape in zip(self.inputs, shapes, strict=True)}
            )
        except RefusedError as error:
            return error.sentence
        if not self.outputs:  # nobody said before
            self.outputs = [
                {
                    "name": name,
                    "dtype": "string" if each.dtype.kind in "OSU" else each.dtype.name,
                    "shape": _shape(each),
                }
                for name, each in outputs.items()
            ]
        return ""

    def onnx(self) -> bytes:
        """The model as one ONNX file, for who runs it elsewhere.

        Raises:
            RefusedError: it cannot be one; the sentence says why.
        """
        try:
            return as_onnx.onnx_bytes(self._files, dict(self._manifest))
        except Exception as error:  # whatever is said of somebody's file
            raise RefusedError(400, f"This model cannot be run by a browser: {_brief(error)}") from error

    def answers(
        self, asks: Sequence[Mapping[str, Any]], parts: Sequence[memoryview]
    ) -> tuple[dict[str, Any], list[Part]]:
        """What questions that came together are answered with, one by one, in a message."""
        questions: dict[int, Question] = {}
        answers: dict[int, Answer | RefusedError] = {}
        at = 0
        for i, ask in enumerate(asks):
            own = parts[at : at + len(ask["inputs"])]
            at += len(own)
            try:
                questions[i] = self._question(ask, own)
            except RefusedError as error:
                answers[i] = error
            except MemoryError:
                answers[i] = RefusedError(413, "The question takes more memory than there is for it.")
            except Exception as error:  # noqa: BLE001 what one body holds must not end the process for all
                answers[i] = RefusedError(400, f"The question cannot be read: {_brief(error)}")
        for together in self._groups(questions):
            found = self._answered([questions[i] for i in together])
            answers.update(zip(together, found, strict=True))
        told, all_parts = [], []
        for i in range(len(asks)):
            answer = answers[i]
            if isinstance(answer, RefusedError):
                told.append({"status": answer.status, "error": answer.sentence, "parts": 0})
            else:
                told.append({**answer[0], "parts": len(answer[1])})
                all_parts += answer[1]
        return {"answers": told}, all_parts

    def run(self, inputs: Arrays) -> Arrays:
        """The outputs, of as many rows at a time as it takes.

        Raises:
            RefusedError: the model does not take these.
        """
        count = _rows_of(inputs)
        try:
            if not self._rows or count is None or count <= self._rows:
                return self._runner.run(inputs)
            found: dict[str, list[npt.NDArray[Any]]] = {}
            for start in range(0, count, self._rows):
                some = {name: each[start : start + self._rows] for name, each in inputs.items()}
                for name, each in self._runner.run(some).items():
                    found.setdefault(name, []).append(each)
            return {name: np.concatenate(pieces) for name, pieces in found.items()}
        except MemoryError as error:
            raise RefusedError(413, "The model needs more memory for this than it may have.") from error
        except Exception as error:  # whatever a library says of what it is given
            raise RefusedError(400, f"The model does not take this: {_brief(error)}") from error

    # --- what is asked -------------------------------------------------------------------------------

    def _question(self, ask: Mapping[str, Any], parts: Sequence[memoryview]) -> Question:
        if "verb" in ask:
            picture = self._picture if self._manifest.get("preprocess") else None
            asked = tensorflow_rest.asked(ask["verb"], parts[0], self.inputs, self._manifest.get("classes"), picture)
            return Question(asked.inputs, asked.answer, None)
        given = {said["name"]: (said, part) for said, part in zip(ask["inputs"], parts, strict=True)}
        names = [each["name"] for each in self.inputs]
        if given.keys() != {*names}:
            raise RefusedError(400, f"The model takes {', '.join(names)}; got {', '.join(given) or 'nothing'}.")
        return Question(
            {each["name"]: self._input(each, *given[each["name"]]) for each in self.inputs}, None, ask["saliency"]
        )

    def _input(self, tensor: Mapping[str, Any], said: Mapping[str, Any], part: memoryview) -> npt.NDArray[Any]:
        if "picture" in said:
            if not self._manifest.get("preprocess"):
                raise RefusedError(400, f"{tensor['name']}: a picture, and the model does not say what becomes of one.")
            return self._picture(bytes(part))
        array = messages.array_of(said, part)
        tensor_json.check_shape(array.shape, tensor)
        target = _dtype(tensor["dtype"])
        if (array.dtype.kind == "O") != (target.kind == "O"):
            raise RefusedError(400, f"{tensor['name']}: expected {tensor['dtype']}, got {said['dtype']}.")
        return array.astype(target, copy=False)

    def _picture(self, data: bytes) -> npt.NDArray[Any]:
        from tracker.models import preprocess

        try:
            return preprocess.array(data, self._manifest["preprocess"], self.inputs[0])
        except (ValueError, OSError) as error:
            raise RefusedError(400, f"The picture cannot be read: {_brief(error)}") from error

    # --- answered together ---------------------------------------------------------------------------

    def _groups(self, questions: Mapping[int, Question]) -> list[list[int]]:
        """Questions whose rows can be laid one below the other; those with a row count of their own are alone."""
        found: dict[Any, list[int]] = {}
        for i, question in questions.items():
            alike: Any = tuple((name, each.dtype, each.shape[1:]) for name, each in question.inputs.items())
            alone = not self._rows or not _rows_of(question.inputs) or question.saliency is not None
            found.setdefault(i if alone else alike, []).append(i)
        return list(found.values())

    def _answered(self, questions: Sequence[Question]) -> list[Answer | RefusedError]:
        began = time.perf_counter()
        try:
            outputs = self._outputs(questions)
        except RefusedError as error:
            if len(questions) == 1:
                return [error]
            return [self._answered([each])[0] for each in questions]  # whosever fault it is, it is not the others'
        ms = 1e3 * (time.perf_counter() - began)
        return [self._told(question, own, ms) for question, own in zip(questions, outputs, strict=True)]

    def _outputs(self, questions: Sequence[Question]) -> list[Arrays]:
        if len(questions) == 1:
            return [self.run(questions[0].inputs)]
        names = list(questions[0].inputs)
        counts = [len(each.inputs[names[0]]) for each in questions]
        together = self.run({name: np.concatenate([each.inputs[name] for each in questions]) for name in names})
        if any(_rows_of({name: each}) != sum(counts) for name, each in together.items()):
            self._rows = 0  # its outputs are not of rows, whatever its signature says
            raise RefusedError(400, "The outputs have no batch axis.")
        edges = np.cumsum([0, *counts]).tolist()
        return [{name: each[start:stop] for name, each in together.items()} for start, stop in pairwise(edges)]

    def _told(self, question: Question, outputs: Arrays, ms: float) -> Answer | RefusedError:
        count = sum(each.size for each in outputs.values())
        if count > MOST_ANSWERED:
            return RefusedError(413, f"The answer is too large: {count:,} values; ask for fewer rows.")
        try:
            if question.body is not None:
                return {"rows": _rows_of(question.inputs) or 1}, [question.body(outputs)]
            saliency = {} if question.saliency is None else {"": self._saliency(question, outputs)}
        except RefusedError as error:
            return error
        pairs = [(name, *messages.told(np.asarray(each))) for name, each in {**outputs, **saliency}.items()]
        return {"outputs": [{"name": name, **said} for name, said, _ in pairs], "ms": ms}, [part for *_, part in pairs]

    def _saliency(self, question: Question, outputs: Arrays) -> npt.NDArray[Any]:
        found = getattr(self._runner, "saliency", None)
        if found is None:
            raise RefusedError(400, f"A model of the format {self._manifest['format']} tells no gradients.")
        index = question.saliency
        if index == TOP:
            index = int(np.argmax(next(iter(outputs.values()))[0]))
        try:
            return np.asarray(found(question.inputs, index))
        except Exception as error:  # as of any question
            raise RefusedError(400, f"The model has no gradient here: {_brief(error)}") from error


def _plain(tensor: Any) -> dict[str, Any]:
    return dict(tensor) if isinstance(tensor, Mapping) else dict(tensor.as_json())


def _rows_at_once(tensors: Sequence[Mapping[str, Any]], max_batch: int) -> int:
    """How many rows a model is given at once; 0 where its tensors have no rows in common."""
    first = {each["shape"][0] if len(each["shape"]) else 0 for each in tensors}
    return {frozenset({None}): max_batch, frozenset({1}): 1}.get(frozenset(first), 0)


def _rows_of(arrays: Arrays) -> int | None:
    """The rows that arrays have in common; None where they have none."""
    counts = {len(each) if each.ndim else None for each in arrays.values()}
    return counts.pop() if len(counts) == 1 else None


def _shape(array: npt.NDArray[Any]) -> list[int | None]:
    return [None, *array.shape[1:]] if array.ndim else []


def _dtype(name: str) -> np.dtype[Any]:
    return np.dtype({"string": "object", "bfloat16": "float32"}.get(name, name))


def _zeros(shape: Sequence[int], dtype: str) -> npt.NDArray[Any]:
    return np.full(shape, "", object) if dtype == "string" else np.zeros(shape, _dtype(dtype))


def _brief(error: BaseException) -> str:
    words = str(error).strip() or type(error).__name__
    return words if len(words) <= 500 else words[:499] + "…"
