"""The versions that are open in the worker: opened when they are asked, let go by policy, opened anew after its end."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

from dashboard.serving.limits import Limits
from dashboard.serving.messages import Part
from dashboard.serving.metrics import Metrics
from dashboard.serving.process import Answer, WorkerEndedError, WorkerProcess
from dashboard.serving.refusal import RefusedError
from tracker.errors import TrackerError
from tracker.store.read.models import Version

logger = logging.getLogger("dashboard")

TRIES = 3
"""How often what was not to blame for a worker's end is tried anew."""

MOST_REFUSED = 1_000


class OpenVersion:
    """A model at a step, with what opens it.

    Args:
        key: Names it to the worker; see `key_of`.
        run: Of which run.
        model: Its name.
        step: The version.
        files: Gives the paths of its files by name, once they were read; called on a thread.
        manifest: What is said of it.
        size: Bytes of its files.
    """

    def __init__(
        self,
        key: str,
        run: str,
        model: str,
        step: int,
        files: Callable[[], Mapping[str, str]],
        manifest: Mapping[str, Any],
        size: int,
    ) -> None:
        self.key = key
        self.run = run
        self.model = model
        self.step = step
        self.files = files
        self.manifest = manifest
        self.size = size
        self.worker: WorkerProcess | None = None
        """Where it is open."""
        self.opening: asyncio.Task[None] | None = None
        self.asked = time.monotonic()
        self.inputs: list[dict[str, Any]] = []
        """What it takes, and below what it gives, once it was opened: a manifest may not say."""
        self.outputs: list[dict[str, Any]] = []
        self.users = 0
        """Who asks it just now, or waits until it can be asked."""

    @property
    def is_ready(self) -> bool:
        """Whether it can be asked at once."""
        return self.worker is not None and not self.worker.is_ended

    def __str__(self) -> str:
        return f"{self.model} of {self.run} at step {self.step}"


def _heard(opening: asyncio.Task[None]) -> None:
    """Whoever waits for it is told; where nobody does, it has been logged."""
    if not opening.cancelled():
        opening.exception()


def key_of(run: str, model: str, version: Version) -> str:
    """Names a version; one that was logged anew at the same step is another, though only its classes may be."""
    return f"{run}\n{model}\n{version.step}\n{version.wall_time!r}\n{version.manifest.digest}"


class OpenVersions:
    """All of them, and the worker. On the event loop.

    Args:
        limits: How many, how long.
        metrics: Counts.
        device: Where they compute.
    """

    def __init__(self, limits: Limits, metrics: Metrics, device: str = "cpu") -> None:
        self._limits = limits
        self._device = device
        self._metrics = metrics
        self._worker: WorkerProcess | None = None
        self._starting = asyncio.Lock()
        self._versions: dict[str, OpenVersion] = {}
        self.refused: dict[str, RefusedError] = {}
        """Versions that are not tried again until the server starts anew, and why: they cannot be opened, or ended the
        worker."""
        self._is_stopped = False

    def get(self, key: str) -> OpenVersion | None:
        """A version that is open or being opened."""
        return self._versions.get(key)

    def add(self, version: OpenVersion) -> OpenVersion:
        """One more, which is opened when it is waited for."""
        self._versions[version.key] = version
        return version

    def of_model(self, run: str, model: str) -> list[OpenVersion]:
        """Those of a model, the newest first."""
        found = [each for each in self._versions.values() if (each.run, each.model) == (run, model)]
        return sorted(found, key=lambda each: each.step, reverse=True)

    async def ready(self, version: OpenVersion) -> None:
        """Waits until it can be asked.

        Raises:
            RefusedError: it cannot be opened.
        """
        if not version.is_ready:
            await asyncio.shield(self.begin(version))

    def begin(self, version: OpenVersion) -> asyncio.Task[None]:
        """Begins to open it."""
        if version.opening is None or version.opening.done():
            version.opening = asyncio.get_running_loop().create_task(self._open(version))
            version.opening.add_done_callback(_heard)
        return version.opening

    async def _open(self, version: OpenVersion) -> None:
        try:
            files = await asyncio.to_thread(version.files)
        except (TrackerError, OSError) as error:
            self._versions.pop(version.key, None)
            raise RefusedError(503, f"{version} cannot be opened: {error}") from error
        head = {"do": "open", "version": version.key, "files": files, "manifest": version.manifest}
        for _ in range(TRIES):
            worker = await self._running()
            began = time.monotonic()
            try:
                said, _ = await asyncio.wait_for(worker.ask(head), self._limits.open_s)
            except asyncio.TimeoutError:
                worker.kill(version.key)
                raise self._refuse(version, f"takes longer than {self._limits.open_s:g} s to open") from None
            except WorkerEndedError as error:
                if error.culprit == version.key:
                    raise self._refuse(version, f"ended the process that opened it ({error})") from error
                continue
            if "error" in said:
                raise self._refuse(version, said["error"])
            if said["cold"]:
                logger.info("viz: %s is not warm: %s", version, said["cold"])
            version.worker, version.inputs, version.outputs = worker, said["inputs"], said["outputs"]
            self._metrics.opened(version.model, time.monotonic() - began)
            return
        self._versions.pop(version.key, None)
        raise RefusedError(503, "The process that answers ended several times while the model was opened.")

    def _refuse(self, version: OpenVersion, why: str) -> RefusedError:
        error = RefusedError(503, f"{version} cannot be asked: it {why}." if why[:1].islower() else why)
        logger.error("viz: %s", error)
        self._versions.pop(version.key, None)
        self.refused[version.key] = error
        while len(self.refused) > MOST_REFUSED:
            del self.refused[next(iter(self.refused))]
        return error

    async def ask(self, key: str, head: dict[str, Any], parts: list[Part]) -> Answer:
        """What a version answers to a message.

        Raises:
            RefusedError: it takes too long, or ends the worker.
        """
        version = self._versions.get(key)
        if version is None:  # it ended the worker just now
            raise self.refused.get(key) or RefusedError(503, "The model was let go of; ask again.")
        for _ in range(TRIES):
            await self.ready(version)
            assert version.worker is not None
            try:
                return await asyncio.wait_for(version.worker.ask(head, parts), self._limits.deadline_s)
            except asyncio.TimeoutError:
                if version.worker is not None:
                    version.worker.kill(key)
                raise RefusedError(
                    504, f"{version} took longer than {self._limits.deadline_s:g} s to answer."
                ) from None
            except WorkerEndedError as error:
                if error.culprit == key:
                    raise self._refuse(version, f"ended the process that answers ({error})") from error
        raise RefusedError(503, "The process that answers ended several times; ask again in a moment.")

    async def _running(self) -> WorkerProcess:
        async with self._starting:
            if self._is_stopped:
                raise RefusedError(503, "The server ends.")
            if self._worker is None or self._worker.is_ended:
                worker = WorkerProcess(self._limits.memory_bytes, self._limits.max_batch, self._device)
                try:
                    await worker.start()
                except WorkerEndedError as error:
                    raise RefusedError(503, f"Models cannot be asked: {error}.") from error
                self._metrics.started()
                self._worker = worker
            return self._worker

    def tidy(self) -> None:
        """Lets go of versions by policy, see `Limits`: of none that somebody asks."""
        now = time.monotonic()
        newest = {
            each.key
            for run, model in {(each.run, each.model) for each in self._versions.values()}
            for each in self.of_model(run, model)[: self._limits.newest]
        }
        idle = [each for each in self._versions.values() if each.is_ready and not each.users]
        for each in sorted(idle, key=lambda each: each.asked):
            is_late = each.key not in newest and now - each.asked > self._limits.kept_s
            is_much = len(self._versions) > 1 and (
                len(self._versions) > self._limits.max_open
                or sum(other.size for other in self._versions.values()) > self._limits.open_bytes
            )
            if is_late or is_much:
                self._let_go(each)

    def _let_go(self, version: OpenVersion) -> None:
        del self._versions[version.key]
        if version.worker is not None:
            version.worker.tell({"do": "close", "version": version.key})

    def count(self) -> int:
        """How many are open."""
        return sum(each.is_ready for each in self._versions.values())

    async def stop(self) -> None:
        """Ends the worker; nothing is opened any more."""
        self._is_stopped = True
        async with self._starting:
            if self._worker is not None:
                await self._worker.stop()
