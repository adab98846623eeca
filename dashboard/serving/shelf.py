"""Which models there are: what is asked by name becomes a run's model with its versions, read anew only when news come.

A question is answered in less time than a run is read. So what was read of a run is kept until the one thread that
follows the logdir says that something of it is new.
"""

from __future__ import annotations

import asyncio
import errno
import sqlite3
from collections.abc import Callable, Iterable
from typing import Any

from dashboard.live.changes import Changes
from dashboard.live.websocket import WAIT_S, LiveRuns
from dashboard.serving.refusal import RefusedError
from tracker.errors import LogdirError, RunNameError, RunNotFoundError, SeriesNotFoundError, TrackerError
from tracker.store.read.models import StoredModel, Version
from tracker.store.read.reader import Store

MOST_KEPT = 256
"""Models whose versions are kept in memory."""

MOST_SPLITS = 16
"""Slashes of a name at which a run may end and a model begin."""

OF_MODELS = {"model", "runs", "line"}
"""News of a run after which it may have other models or versions than before."""

LATEST = "latest"


class Shelf:
    """Finds models by name.

    Args:
        store: Opens the logdir.
        live_runs: Says what is new; without it all is read at each question.
    """

    def __init__(self, store: Callable[[], Store], live_runs: LiveRuns | None = None) -> None:
        self._store = store
        self._live_runs = live_runs
        self._models: dict[tuple[str, str], asyncio.Task[StoredModel]] = {}
        self._found: dict[str, tuple[str, str]] = {}
        """Run and model by what they were called by in an address."""
        self._names: dict[str, dict[str, float]] = {}
        """By run: its models, with the time of the last version of each."""
        self._unread: set[str] | None = None
        """Runs whose names are to be read; None for all of them."""
        self._naming: asyncio.Task[None] | None = None
        if live_runs is not None:
            live_runs.listeners.append(self.note)

    def note(self, changes: Changes) -> None:
        """Lets go of what is not so any more. On the event loop."""
        runs = {*changes.removed, *(run for run, what in changes.changed.items() if what & OF_MODELS)}
        if not runs:
            return
        for key in [key for key in self._models if key[0] in runs]:
            del self._models[key]
        self._found.clear()  # what a name means may change with any of them
        if self._unread is not None:
            self._unread |= runs

    async def model(self, run: str, name: str, step: int | str | None = None) -> StoredModel:
        """A model of a run with all its versions.

        Args:
            run: Name of the run.
            name: Of the model.
            step: The one that will be asked. A page may know of a version before the news of it come here.

        Raises:
            RefusedError: there is none.
        """
        found = await self._kept(run, name)
        if isinstance(step, int) and self._live_runs is not None and all(each.step != step for each in found.versions):
            self._models.pop((run, name), None)
            found = await self._kept(run, name)
        return found

    async def _kept(self, run: str, name: str) -> StoredModel:
        key = (run, name)
        reading = self._models.get(key)
        if reading is None or self._live_runs is None:
            reading = asyncio.get_running_loop().create_task(asyncio.to_thread(self._read, run, name))
            self._models[key] = reading
            while len(self._models) > MOST_KEPT:
                del self._models[next(iter(self._models))]
        if reading.done() and not reading.cancelled() and reading.exception() is None:
            return reading.result()
        try:
            return await asyncio.shield(reading)
        except RefusedError:
            self._models.pop(key, None)
            raise

    def _read(self, run: str, name: str) -> StoredModel:
        if self._live_runs is not None:
            self._live_runs.poller.ready.wait(WAIT_S)  # of what comes after its first look we are told
        try:
            return self._store().run(run).model(name)
        except (RunNotFoundError, SeriesNotFoundError, RunNameError, LogdirError) as error:
            raise RefusedError(404, str(error)) from error
        except (TrackerError, ValueError, OSError, sqlite3.Error) as error:
            if isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG:
                raise RefusedError(404, "No model has such a long name.") from error
            raise RefusedError(503, f"{name} of {run} cannot be read: {error}") from error

    async def find(self, name: str) -> StoredModel:
        """A model by what it is called in an address: `run/model`, or `model` for that of the run that logged it last.

        Raises:
            RefusedError: there is none.
        """
        found = self._found.get(name)
        if found is None:
            names = await self._all_names()
            of = [(models[name], run) for run, models in names.items() if name in models]
            found = next((each for each in _splits(name) if each[1] in names.get(each[0], ())), None)
            found = found or ((max(of)[1], name) if of else None)
            if found is not None and self._live_runs is not None and len(self._found) < MOST_KEPT:
                self._found[name] = found
        if found is not None:
            return await self.model(*found)
        for run, model in _splits(name):  # it may be so new that nobody was told yet
            try:
                return await self.model(run, model)
            except RefusedError as error:
                if error.status != 404:
                    raise
        near = ", ".join(sorted({f"{run}/{model}" for run, models in names.items() for model in models})[:5])
        there = f"There are: {near} …" if near else "No run has logged one."
        raise RefusedError(404, f"Could not find any versions of model {name[:200]}. {there}")

    async def names(self) -> list[str]:
        """All models, as `run/model`."""
        return [f"{run}/{model}" for run, models in (await self._all_names()).items() for model in models]

    async def _all_names(self) -> dict[str, dict[str, float]]:
        if self._live_runs is None:
            self._names = await asyncio.to_thread(self._names_read)
        elif self._naming is not None or self._unread is None or self._unread:
            if self._naming is None:
                self._naming = asyncio.get_running_loop().create_task(self._name(self._live_runs))
            await asyncio.shield(self._naming)
        return self._names

    async def _name(self, live_runs: LiveRuns) -> None:
        """Reads the names that are not known, once for all who ask meanwhile."""
        unread, self._unread = self._unread, set()
        try:
            found = await asyncio.to_thread(live_runs.models, unread)
        except BaseException:
            self._unread = None
            raise
        finally:
            self._naming = None
        for run in self._names.keys() & (self._names if unread is None else unread):
            del self._names[run]
        self._names.update(found)

    def _names_read(self) -> dict[str, dict[str, float]]:
        found: dict[str, dict[str, float]] = {}
        for each in self._store().runs():
            models = each.models()
            if models:
                found[each.name] = {model.name: model.version.wall_time for model in models}
        return found


def _splits(name: str) -> Iterable[tuple[str, str]]:
    parts = name.split("/")
    for i in range(len(parts) - 1, max(0, len(parts) - 1 - MOST_SPLITS), -1):
        yield "/".join(parts[:i]), "/".join(parts[i:])


def version_of(model: StoredModel, step: int | str | None) -> Version:
    """A version by its step or a label.

    Raises:
        RefusedError: there is none, or its files are gone.
    """
    versions = model.versions
    if isinstance(step, str):
        versions = [each for each in versions if step in each.manifest.labels or step == LATEST]
        what = f"version label {step[:100]}"
    else:
        versions = [each for each in versions if step in (None, each.step)]
        what = f"version {step}"
    if not versions:
        raise RefusedError(404, f"Could not find {what} of model {model.name}.")
    if not versions[-1].is_kept and isinstance(step, int):
        raise RefusedError(404, f"The files of {model.name} at step {step} are not kept any more.")
    kept: list[Any] = [each for each in versions if each.is_kept]
    if not kept:
        raise RefusedError(404, f"The files of {model.name} are not kept any more.")
    found: Version = kept[-1]
    return found
