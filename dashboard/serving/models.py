"""The models of a server's runs: which versions are open, which of them answers, and what becomes of a worker's end."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from dashboard.serving import messages
from dashboard.serving.batcher import Ask, Batcher
from dashboard.serving.limits import Limits
from dashboard.serving.process import Answer, WorkerEndedError, WorkerProcess
from dashboard.serving.refusal import RefusedError
from tracker.errors import TrackerError
from tracker.store.read.reader import Store

logger = logging.getLogger("dashboard")

IN_USE_S = 10.0
"""A version that was asked so lately goes on to answer while a newer one is opened. Else one waits for the newer."""


@dataclass(eq=False)
class Open:
    """A version that is open in the worker, or is being opened."""

    run: str
    model: str
    step: int
    size: int
    ready: asyncio.Task[None]
    asked: float = field(default_factory=time.monotonic)
    is_ready: bool = False


class Models:
    """Every model of a logdir, asked in a worker that is started at the first question. All of it on the event loop.

    Args:
        store: Opens the logdir.
        limits: How much of everything.
    """

    def __init__(self, store: Callable[[], Store], limits: Limits | None = None) -> None:
        self._store = store
        self.limits = limits or Limits()
        self._batcher = Batcher(self._send, self.limits)
        self._worker: WorkerProcess | None = None
        self._starting = asyncio.Lock()
        self._open: dict[str, Open] = {}
        self._refused: dict[str, RefusedError] = {}
        """By version: why it is not tried again until the server starts anew: it ended the worker."""

    async def ask(
        self,
        run: str,
        name: str,
        step: int | None,
        inputs: Mapping[str, npt.NDArray[Any] | bytes],
        saliency: int | None = None,
    ) -> dict[str, Any]:
        """What a model answers: {"outputs": {name: array}, "step": n, "ms": x}, and "saliency" where it was asked for.

        Args:
            run: Name of the run.
            name: Of the model.
            step: The version; None for the newest.
            inputs: By name, each with the batch as first axis; or a picture's file, which the model's `preprocess`
                makes an array of one row.
            saliency: Of which number of the first output's rows the gradient to the first input is wanted.

        Raises:
            RefusedError: there is no such model, it does not take this, or it cannot be asked now.
        """
        due = time.monotonic() + self.limits.deadline_s
        key, found = await self._ready(run, name, step, due)
        told, parts = [], []
        for each, value in inputs.items():
            said, part = ({"picture": True}, value) if isinstance(value, bytes) else messages.told(np.asarray(value))
            told.append({"name": each, **said})
            parts.append(part)
        said, answered = await self._batcher.answer(key, {"inputs": told, "saliency": saliency}, parts, due)
        arrays = {each["name"]: messages.array_of(each, part) for each, part in zip(said["outputs"], answered, strict=True)}
        more = {"saliency": arrays.pop("")} if "" in arrays else {}
        return {"outputs": arrays, "step": found.step, "ms": said["ms"], **more}

    async def stop(self) -> None:
        """Ends the worker."""
        if self._worker is not None:
            await self._worker.stop()

    # --- versions ------------------------------------------------------------------------------------

    async def _ready(self, run: str, name: str, step: int | None, due: float) -> tuple[str, Open]:
        """A version that is open, opened for this question if need be."""
        try:
            stored = await asyncio.to_thread(lambda: self._store().run(run).model(name, step))
        except (TrackerError, LookupError) as error:
            raise RefusedError(404, str(error)) from error
        key = f"{run}\n{name}\n{stored.step}"
        if key in self._refused:
            raise self._refused[key]
        found = self._open.get(key)
        if found is None:
            size = sum(each["size"] for each in stored.manifest["files"])
            files = {each["name"]: str(stored.file(each["name"])) for each in stored.manifest["files"]}
            ready = asyncio.get_running_loop().create_task(self._opening(key, files, stored.manifest))
            found = self._open[key] = Open(run, name, stored.step, size, ready)
        found.asked = time.monotonic()
        if not found.is_ready:
            await asyncio.wait({found.ready}, timeout=max(0.0, due - time.monotonic()))
            if not found.ready.done():
                raise RefusedError(504, f"{name} at step {found.step} is still being opened; ask again in a moment")
            found.ready.result()
        return key, found

    async def _opening(self, key: str, files: dict[str, str], manifest: Mapping[str, Any]) -> None:
        try:
            said, _ = await self._asked({"do": "open", "version": key, "files": files, "manifest": manifest}, [])
        except WorkerEndedError as error:
            raise self._blamed(key, error) from error
        except BaseException:
            self._open.pop(key, None)
            raise
        if "error" in said:
            self._open.pop(key, None)
            raise RefusedError(said["status"], said["error"])
        self._open[key].is_ready = True

    def _blamed(self, key: str, error: WorkerEndedError) -> RefusedError:
        """Why a version is not asked any more that ended the worker."""
        run, name, step = key.split("\n")
        why = RefusedError(503, f"{name} of {run} at step {step} ended the process that answers ({error}); "
                                "it is not asked again until the server starts anew")  # fmt: skip
        logger.error("viz: %s", why)
        self._refused[key] = why
        self._open.clear()
        return why

    # --- the worker ----------------------------------------------------------------------------------

    async def _asked(self, head: dict[str, Any], parts: list[messages.Part]) -> Answer:
        async with self._starting:
            if self._worker is None or self._worker.is_ended:
                self._open = {key: each for key, each in self._open.items() if key == head["version"]}
                self._worker = WorkerProcess(self.limits.memory_bytes, self.limits.max_batch)
                await self._worker.start()
        return await self._worker.ask(head, parts)

    async def _send(self, key: str, batch: Sequence[Ask]) -> Sequence[Any]:
        """The answers of a version to a batch, or the refusals."""
        parts = [part for ask in batch for part in ask.parts]
        head = {"do": "ask", "version": key, "asks": [ask.head for ask in batch]}
        try:
            said, found = await self._asked(head, parts)
        except WorkerEndedError as error:
            return [self._blamed(key, error)] * len(batch)
        answers, at = [], 0
        for each in said["answers"]:
            own = found[at : at + len(each["outputs"])]
            at += len(own)
            answers.append(RefusedError(each["status"], each["error"]) if "error" in each else (each, own))
        return answers
