"""The models of a server's runs, asked: which version answers, together with what else, and within which time."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from dashboard.live.websocket import LiveRuns
from dashboard.serving import messages
from dashboard.serving.batcher import Ask, Batcher
from dashboard.serving.limits import Limits
from dashboard.serving.metrics import Metrics
from dashboard.serving.open_versions import OpenVersion, OpenVersions, key_of
from dashboard.serving.refusal import RefusedError
from dashboard.serving.shelf import Shelf, version_of
from tracker.store.read.models import StoredModel, Version
from tracker.store.read.reader import Store

IN_USE_S = 10.0
"""A version that was asked so lately goes on to answer while a newer one is opened. Else one waits for the newer."""

TIDY_S = 30.0
"""How often it is seen to which versions are let go of."""


class Models:
    """Every model of a logdir, asked in a worker that is started at the first question. All of it on the event loop.

    Args:
        store: Opens the logdir.
        live_runs: Says what is new in it; without it all is read at each question.
        limits: How much of everything.
        device: Where they compute.
    """

    def __init__(
        self,
        store: Callable[[], Store],
        live_runs: LiveRuns | None = None,
        limits: Limits | None = None,
        device: str = "cpu",
    ) -> None:
        self.limits = limits or Limits()
        self.metrics = Metrics()
        self.shelf = Shelf(store, live_runs)
        self._versions = OpenVersions(self.limits, self.metrics, device)
        self._batcher = Batcher(self._send, self.limits)
        self._tidying: asyncio.TimerHandle | None = None

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
            saliency: Of which number of the first output's rows the gradient to the first input is wanted; -1 for the
                largest of the first row.

        Raises:
            RefusedError: there is no such model, it does not take this, or it cannot be asked now.
        """
        told: list[dict[str, Any]] = []
        parts: list[messages.Part] = []
        for each, value in inputs.items():
            about, part = ({"picture": True}, value) if isinstance(value, bytes) else messages.told(np.asarray(value))
            told.append({"name": each, **about})
            parts.append(part)
        due = time.monotonic() + self.limits.deadline_s
        version, said, answered = await self._answer(
            await self.shelf.model(run, name, step), step, {"inputs": told, "saliency": saliency}, parts, due
        )
        arrays = {
            each["name"]: messages.array_of(each, part) for each, part in zip(said["outputs"], answered, strict=True)
        }
        more = {"saliency": arrays.pop("")} if "" in arrays else {}
        return {"outputs": arrays, "step": version.step, "ms": said["ms"], **more}

    async def answer_body(
        self, model: StoredModel, step: int | str | None, verb: str, body: bytes
    ) -> tuple[int, bytes]:
        """The step and the JSON of what a model answers to a body of TensorFlow Serving's interface.

        Args:
            model: Which.
            step: The version, or a label; None for the newest.
            verb: predict, classify or regress.
            body: As it was sent.

        Raises:
            RefusedError: as `ask`.
        """
        due = time.monotonic() + self.limits.deadline_s
        version, _, (text,) = await self._answer(model, step, {"inputs": [""], "verb": verb}, [body], due)
        return version.step, bytes(text)

    async def onnx(self, run: str, name: str, step: int | None) -> memoryview:
        """A version as the bytes of an ONNX file: as it was logged, or made of a network of the trainer's.

        Args:
            run: Name of the run.
            name: Of the model.
            step: The version; None for the newest.

        Raises:
            RefusedError: there is no such model, or it cannot be one file.
        """
        model = await self.shelf.model(run, name, step)
        async with self._used(model, step, time.monotonic() + self.limits.deadline_s) as found:
            said, parts = await self._versions.ask(found.key, {"do": "onnx", "version": found.key}, [])
        if "error" in said:
            raise RefusedError(said["status"], said["error"])
        return parts[0]

    async def signature(
        self, model: StoredModel, step: int | str | None
    ) -> tuple[int, list[dict[str, Any]], list[dict[str, Any]]]:
        """A version, and what it takes and gives; it is opened where its manifest does not say that.

        Raises:
            RefusedError: as `ask`.
        """
        version = self._wanted(model, step)
        said = version.manifest.as_json()
        if said["inputs"] and said["outputs"]:
            return version.step, said["inputs"], said["outputs"]
        async with self._used(model, version.step, time.monotonic() + self.limits.deadline_s) as found:
            return found.step, found.inputs, found.outputs

    def room_for(self, size: int) -> None:
        """Raises:
        RefusedError: no more questions are taken, of so many bytes at least.
        """
        self._batcher.check_room(size)

    def states(self, model: StoredModel) -> list[tuple[Version, RefusedError | None]]:
        """The versions of a model that can be asked, and why some cannot, the newest first."""
        return [
            (each, self._versions.refused.get(_key(model, each))) for each in reversed(model.versions) if each.is_kept
        ]

    def metrics_text(self) -> str:
        """Its counts, as Prometheus reads them."""
        return self.metrics.text(self._batcher.count, self._versions.count())

    async def stop(self) -> None:
        """Ends the worker."""
        if self._tidying is not None:
            self._tidying.cancel()
        await self._versions.stop()

    # --- one question --------------------------------------------------------------------------------

    async def _answer(
        self,
        model: StoredModel,
        step: int | str | None,
        head: dict[str, Any],
        parts: Sequence[messages.Part],
        due: float,
    ) -> tuple[OpenVersion, dict[str, Any], Sequence[memoryview]]:
        async with self._used(model, step, due) as found:
            said, answered = await self._batcher.answer(found.key, head, list(parts), due)
            return found, said, answered

    @contextlib.asynccontextmanager
    async def _used(self, model: StoredModel, step: int | str | None, due: float) -> AsyncIterator[OpenVersion]:
        """The version that answers, open, and not let go of meanwhile."""
        found = self._chosen(model, step)
        found.asked = time.monotonic()
        found.users += 1
        try:
            if not found.is_ready:
                await self._opened(found, due)
            yield found
        finally:
            found.users -= 1

    def _chosen(self, model: StoredModel, step: int | str | None) -> OpenVersion:
        """The version that answers."""
        wanted = self._begun(model, self._wanted(model, step))
        if step is None and not wanted.is_ready:
            # The newest one is on its way: who asks all the time is answered by the one before until it is there.
            older = next((each for each in self._versions.of_model(model.run, model.name) if each.is_ready), None)
            if older is not None and older.asked > time.monotonic() - IN_USE_S:
                self._versions.begin(wanted)
                return older
        return wanted

    def _wanted(self, model: StoredModel, step: int | str | None) -> Version:
        """The version that is asked for; of the newest, the newest that can be opened."""
        version = version_of(model, step)
        why = self._versions.refused.get(_key(model, version))
        if why is None:
            return version
        if step is None:
            for each, trouble in self.states(model):
                if trouble is None:
                    return each
        raise why

    def _begun(self, model: StoredModel, version: Version) -> OpenVersion:
        key, said = _key(model, version), version.manifest
        known = self._versions.get(key)
        if known is not None:
            return known

        def files() -> dict[str, str]:
            return {name: str(path) for name, path in model.at(version).files().items()}

        return self._versions.add(
            OpenVersion(key, model.run, model.name, version.step, files, said.as_json(), said.size)
        )

    async def _opened(self, version: OpenVersion, due: float) -> None:
        """Waits for a version that is being opened, as long as whoever asks."""
        opening = asyncio.ensure_future(self._versions.ready(version))
        await asyncio.wait({opening}, timeout=max(0.0, due - time.monotonic()))
        if not opening.done():
            opening.cancel()
            raise RefusedError(504, f"{version} is still being opened; ask again in a moment.")
        opening.result()
        self._tidy()

    def _tidy(self) -> None:
        """Lets go of versions now, and again as long as there are any."""
        self._versions.tidy()
        if self._tidying is not None:
            self._tidying.cancel()
        self._tidying = asyncio.get_running_loop().call_later(TIDY_S, self._tidy) if self._versions.count() else None

    async def _send(self, key: str, batch: Sequence[Ask]) -> Sequence[Any]:
        """The answers of a version to a batch, or the refusals."""
        self.metrics.batched(len(batch))
        parts = [part for ask in batch for part in ask.parts]
        try:
            said, found = await self._versions.ask(
                key, {"do": "ask", "version": key, "asks": [ask.head for ask in batch]}, parts
            )
        except RefusedError as error:
            return [error] * len(batch)
        answers: list[Any] = []
        at = 0
        for each in said["answers"]:
            own = found[at : at + each["parts"]]
            at += len(own)
            answers.append(RefusedError(each["status"], each["error"]) if "error" in each else (each, own))
        return answers


def _key(model: StoredModel, version: Version) -> str:
    return key_of(model.run, model.name, version)
