"""Embeddings that are being looked at: kept in memory between two questions, and mapped in processes of their own."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tracker.errors import SeriesNotFoundError
from tracker.store.reader import Store
from tracker.store.studies import StoredEmbedding

KEPT = 6
"""Embeddings and projections that are kept: a few tabs' worth; 100,000 × 64 are 26 MB."""

ACROSS = 64
"""Pictures in a row of a sheet."""

METHODS = ("tsne", "umap")


class Shelf:
    """What was read or computed last, by what it is of."""

    def __init__(self, store: Callable[[], Store]) -> None:
        self._store = store
        self._things: OrderedDict[Hashable, Any] = OrderedDict()
        self._lock = threading.Lock()

    def steps(self, run: str, tag: str) -> list[int]:
        """The steps at which a run logged the embedding."""
        items = self._store().run(run).media("embedding", tag)
        return sorted({item.step for item in items if item.attributes.get("part") == "vectors"})

    def embedding(self, run: str, tag: str, step: int | None) -> StoredEmbedding:
        """The embedding of a step, the newest by default.

        Raises:
            SeriesNotFoundError: there is none.
        """
        items = self._store().run(run).media("embedding", tag)
        chosen = [item for item in items if step is None or item.step == step]
        if not chosen:
            raise SeriesNotFoundError(f"run {run!r} has no embedding {tag!r} at this step")
        key = (run, tag, chosen[-1].step, chosen[-1].hash)

        def read() -> StoredEmbedding:
            from tracker.store.studies import embedding

            found = embedding(items, chosen[-1].step)
            if found is None:
                raise SeriesNotFoundError(f"embedding {tag!r} of run {run!r} has no vectors")
            return found

        found: StoredEmbedding = self.kept(key, read)
        return found

    def kept(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """What was made of the key before, or is made now."""
        with self._lock:
            if key in self._things:
                self._things.move_to_end(key)
                return self._things[key]
        made = make()
        with self._lock:
            self._things[key] = made
            while len(self._things) > KEPT:
                self._things.popitem(last=False)
        return made


class Map:
    """A map of an embedding that is being made, or is."""

    def __init__(self) -> None:
        self.progress = 0.0
        self.said = "starting"
        self.problem = ""
        self.placed: npt.NDArray[Any] | None = None


class Maps:
    """Maps by t-SNE and UMAP, one process at a time; results are kept in the user's cache folder."""

    def __init__(self, folder: Path | None = None) -> None:
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        self._folder = folder or cache / "everystep" / "maps"
        self._jobs: dict[tuple[str, str], Map] = {}
        self._one = threading.Semaphore(1)

    def job(self, method: str, vectors: npt.NDArray[Any]) -> Map:
        """The map of these vectors, begun if it is not there.

        Raises:
            ValueError: no such method.
        """
        if method not in METHODS:
            raise ValueError(f"method is {' | '.join(METHODS)}")
        digest = hashlib.blake2b(np.ascontiguousarray(vectors).tobytes(), digest_size=12).hexdigest()
        key = (method, digest)
        if key not in self._jobs:
            self._jobs[key] = Map()
            threading.Thread(target=self._make, args=(*key, self._jobs[key], vectors), daemon=True).start()
        return self._jobs[key]

    def _make(self, method: str, digest: str, job: Map, vectors: npt.NDArray[Any]) -> None:
        kept = self._folder / f"{method}-{digest}.npy"
        try:
            if not kept.is_file():
                job.said = "waiting for another map"
                with self._one:
                    self._run(method, job, vectors, kept)
            job.placed = np.load(kept, allow_pickle=False)
            job.progress = 1.0
        except (OSError, ValueError, RuntimeError) as error:
            job.problem = str(error)

    def _run(self, method: str, job: Map, vectors: npt.NDArray[Any], kept: Path) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as scratch:
            source, target = Path(scratch) / "vectors.npy", Path(scratch) / "map.npy"
            np.save(source, vectors, allow_pickle=False)
            command = [sys.executable, "-m", "dashboard.map_worker", method, str(source), str(target)]
            with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as worker:  # noqa: S603 our own module, with paths that we made
                assert worker.stdout is not None
                assert worker.stderr is not None
                for line in worker.stdout:
                    share, _, words = line.strip().partition(" ")
                    job.progress, job.said = float(share), words
                trouble = worker.stderr.read().strip()
            if worker.returncode:
                raise RuntimeError(trouble.splitlines()[-1] if trouble else "the map could not be made")
            # Written whole or not at all: another server may look for it at the same time.
            part = kept.with_suffix(".part")
            part.write_bytes(target.read_bytes())
            part.replace(kept)


def sheet_of(sprites: npt.NDArray[Any]) -> bytes:
    """Pictures (N, C, H, W) as one WebP, `ACROSS` in a row; a browser takes up to 16,383 pixels a side."""
    from PIL import Image

    array = sprites if sprites.dtype == np.uint8 else np.rint(255 * np.clip(np.nan_to_num(sprites), 0, 1))
    array = array.astype(np.uint8).transpose(0, 2, 3, 1)
    count, height, width, channels = array.shape
    rows = min(-(-count // ACROSS), 16_383 // height)
    sheet = np.zeros((rows * ACROSS, height, width, channels), np.uint8)
    sheet[: min(count, len(sheet))] = array[: len(sheet)]
    whole = sheet.reshape(rows, ACROSS, height, width, channels).swapaxes(1, 2)
    flat = whole.reshape(rows * height, ACROSS * width, channels)
    out = io.BytesIO()
    Image.fromarray(flat[:, :, 0] if channels == 1 else flat).save(out, "WEBP", lossless=True, method=0)
    return out.getvalue()
