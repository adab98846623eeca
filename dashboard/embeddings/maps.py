"""Maps of embeddings by t-SNE and UMAP, made in processes of their own."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

NEAR = {"tsne": 30, "umap": 15}
"""Methods, and how many neighbours count unless it is said: the perplexity of the one, the neighbours of the other."""

MAX_NEAR = 1000

MAX_WAITING = 16
"""Maps that are made or waited for at once, and as many that are kept in memory once they are made."""

GIVES_WAY_S = 5.0
"""A map that nobody has asked after for so long ends when another one is waited for."""

WAITING = "waiting for another map"


class Map:
    """A map of an embedding that is being made, or is."""

    def __init__(self) -> None:
        self.progress = 0.0
        self.said = "starting"
        self.problem = ""
        self.placed: npt.NDArray[Any] | None = None
        self.asked = 0.0
        self.worker: subprocess.Popen[str] | None = None


class Maps:
    """Maps by t-SNE and UMAP, one process at a time; results are kept in the user's cache folder."""

    def __init__(self, folder: Path | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        self._folder = folder or cache / "everystep" / "maps"
        self._clock = clock
        self._jobs: dict[str, Map] = {}
        self._lock = threading.Lock()
        self._one = threading.Semaphore(1)

    def job(self, method: str, vectors: npt.NDArray[Any], size: int = 3, near: int = 0) -> Map:
        """The map of these vectors, begun if it is not there; one that failed before is tried again.

        Args:
            method: A key of `NEAR`.
            vectors: Shape (N, D).
            size: Dimensions of the map, 2 or 3.
            near: How many neighbours count; 0 for as many as is usual.

        Raises:
            ValueError: no such method, no such map, or too many maps are waited for.
        """
        if method not in NEAR or size not in (2, 3) or not 0 <= near <= MAX_NEAR:
            raise ValueError(f"expected method={'|'.join(NEAR)}, size=2|3, near= up to {MAX_NEAR}")
        digest = hashlib.blake2b(np.ascontiguousarray(vectors).tobytes(), digest_size=12).hexdigest()
        name = f"{method}-{size}-{near or NEAR[method]}-{digest}"
        with self._lock:
            job = self._jobs.get(name)
            if job is None or (job.problem and self._clock() - job.asked > GIVES_WAY_S):
                self._make_room()
                job = self._jobs[name] = Map()
                threading.Thread(target=self._make, args=(name, job, vectors), daemon=True).start()
            job.asked = self._clock()
            if job.said == WAITING:
                for other in self._jobs.values():
                    if other.worker is not None and self._is_left(other):
                        other.worker.terminate()
        return job

    def _make_room(self) -> None:
        waiting = [name for name, job in self._jobs.items() if job.placed is None and not job.problem]
        if len(waiting) >= MAX_WAITING:
            raise ValueError(f"{len(waiting)} maps are waited for; ask again when one is made")
        over = [name for name in self._jobs if name not in waiting][: -MAX_WAITING + 1]
        for name in over:  # those that were asked for first; of what was made the cache folder knows
            del self._jobs[name]

    def _is_left(self, job: Map) -> bool:
        return self._clock() - job.asked > GIVES_WAY_S

    def _make(self, name: str, job: Map, vectors: npt.NDArray[Any]) -> None:
        kept = self._folder / f"{name}.npy"
        try:
            if not kept.is_file():
                job.said = WAITING
                with self._one:
                    if self._is_left(job):
                        raise _AbandonedError
                    job.said = "starting"
                    self._run(name, job, vectors, kept)
            job.placed = np.load(kept, allow_pickle=False)
            job.progress = 1.0
        except _AbandonedError:  # whoever asks again begins it again
            with self._lock:
                if self._jobs.get(name) is job:
                    del self._jobs[name]
        except (OSError, ValueError, RuntimeError) as error:
            job.problem = str(error)

    def _run(self, name: str, job: Map, vectors: npt.NDArray[Any], kept: Path) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as scratch:
            source, target = Path(scratch) / "vectors.npy", Path(scratch) / "map.npy"
            np.save(source, vectors, allow_pickle=False)
            how = name.split("-")[:3]  # method, size, near
            command = [sys.executable, "-m", "dashboard.embeddings.map_worker", *how, str(source), str(target)]
            with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as worker:  # noqa: S603 our own module, with paths that we made
                assert worker.stdout is not None
                assert worker.stderr is not None
                job.worker = worker
                for line in worker.stdout:
                    share, _, words = line.strip().partition(" ")
                    job.progress, job.said = float(share), words
                trouble = worker.stderr.read().strip()
            job.worker = None
            if worker.returncode == -signal.SIGTERM or (worker.returncode and self._is_left(job)):
                raise _AbandonedError
            if worker.returncode:
                raise RuntimeError(trouble.splitlines()[-1] if trouble else "the map could not be made")
            # Written whole or not at all: another server may look for it at the same time.
            part = kept.with_suffix(".part")
            part.write_bytes(target.read_bytes())
            part.replace(kept)


class _AbandonedError(Exception):
    """Nobody looks at the map any more, and somebody waits for another."""
