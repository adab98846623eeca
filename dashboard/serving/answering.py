"""A version in the worker: questions that came together are stacked, run as few batches, and told apart again."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from dashboard.serving import messages
from dashboard.serving.messages import Part
from dashboard.serving.refusal import RefusedError
from tracker.models import runners

Arrays = dict[str, npt.NDArray[Any]]

Tensor = Mapping[str, Any]
"""{name, dtype, shape}, an axis of any length being None."""


class Question(NamedTuple):
    """One question as arrays."""

    inputs: Arrays
    saliency: int | None = None


class Version:
    """A model at a step, ready to be asked.

    Args:
        runner: Computes it.
        manifest: What is said of it.
        max_batch: Rows that it is given at once.
    """

    def __init__(self, runner: runners.Runner, manifest: Mapping[str, Any], max_batch: int) -> None:
        self._runner = runner
        self._max_batch = max_batch
        self.manifest = manifest
        self.inputs: list[dict[str, Any]] = list(manifest["inputs"] or runner.inputs)
        self.outputs: list[dict[str, Any]] = list(manifest["outputs"] or runner.outputs)

    @classmethod
    def open(cls, files: Mapping[str, str], manifest: Mapping[str, Any], max_batch: int) -> Version:
        """From its files.

        Raises:
            RefusedError: it cannot be opened; the sentence says why.
        """
        try:
            runner = runners.open_runner({name: Path(path) for name, path in files.items()}, dict(manifest))
        except Exception as error:  # whatever a library says of somebody's file
            raise RefusedError(503, f"the model cannot be opened: {_brief(error)}") from error
        return cls(runner, manifest, max_batch)

    def warm_up(self) -> None:
        """One batch of zeros of its signature, so that the first who asks does not wait for what is made once."""
        shapes = [[1 if size is None else size for size in each["shape"] or ()] for each in self.inputs]
        if any(each["shape"] is None for each in self.inputs) or sum(map(np.prod, shapes)) > MOST_WARM:
            return
        try:
            self._runner.run({
                each["name"]: np.zeros(shape, each["dtype"])
                for each, shape in zip(self.inputs, shapes, strict=True)
            })  # fmt: skip
        except Exception:  # some take no zeros, or no ones for sizes that are theirs to choose: then nothing is warm
            return

    def answers(self, asks: Sequence[Mapping[str, Any]], parts: Sequence[memoryview]) -> tuple[dict[str, Any], list[Part]]:
        """What questions that came together are answered with, one by one, in a message."""
        told, found = [], []
        at = 0
        for ask in asks:
            own = parts[at : at + len(ask["inputs"])]
            at += len(own)
            try:
                arrays = {said["name"]: messages.array_of(said, part) for said, part in zip(ask["inputs"], own, strict=True)}
                began = time.perf_counter()
                outputs = self.run(arrays)
                pairs = [(name, *messages.told(each)) for name, each in outputs.items()]
                told.append({
                    "outputs": [{"name": name, **said} for name, said, _ in pairs],
                    "ms": 1e3 * (time.perf_counter() - began),
                })  # fmt: skip
                found += [part for _, _, part in pairs]
            except RefusedError as error:
                told.append({"status": error.status, "error": error.sentence, "outputs": []})
        return {"answers": told}, found

    def run(self, inputs: Arrays) -> Arrays:
        """The outputs.

        Raises:
            RefusedError: the model does not take these.
        """
        try:
            return self._runner.run(inputs)
        except MemoryError as error:
            raise RefusedError(413, "the model needs more memory for this than it may have") from error
        except Exception as error:  # whatever a library says of what it is given
            raise RefusedError(400, f"the model does not take this: {_brief(error)}") from error


MOST_WARM = 1 << 24


def _brief(error: BaseException) -> str:
    words = str(error).strip() or type(error).__name__
    return words if len(words) <= 500 else words[:499] + "…"
