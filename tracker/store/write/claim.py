"""Claims: of two runs that begin under one name at the same moment, one gets the folder and the other a number.

A claim is an empty file in the run's folder, taken back once a segment stands there and says the same for good.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import time
from pathlib import Path

from tracker.errors import LogdirError, RunExistsError, RunNotFoundError, TrackerError, message
from tracker.logdir import CLAIM_FILE, STALE_CLAIM_S, segment_files


def claim_folder(root: Path, name: str, resume: str | None) -> tuple[str, Path, bool]:
    """Makes or finds the run's folder: (name, folder, whether it held segments before).

    Without `resume` a name that is taken gets a number (`mnist-2`), so that two runs are never mixed by
    accident.

    Raises:
        RunExistsError: `resume="never"` and the run exists.
        RunNotFoundError: `resume="must"` and it does not.
        LogdirError: the folder cannot be made.
    """
    try:
        return _chosen(root, name, resume)
    except (OSError, ValueError) as error:
        if isinstance(error, TrackerError):
            raise
        if isinstance(error, OSError) and error.errno in WORLD:
            return _without_looking(root, name, resume)
        why = getattr(error, "strerror", None) or error
        raise LogdirError(
            message(
                f"The run's folder {root / name} cannot be made: {why}.",
                hint="Choose a folder that you can write with logdir= or $VIZ_LOGDIR.",
            )
        ) from error


WORLD = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOSPC, errno.EDQUOT})
"""What passes, and is no choice of the caller's: no descriptor or no room left. A run begins without its file then."""


def _without_looking(root: Path, name: str, resume: str | None) -> tuple[str, Path, bool]:
    """`claim_folder` where nothing can be opened. A folder that did not exist is nobody else's, and making one takes no
    descriptor; where there is no room for a folder either, the writer makes it once there is."""
    for attempt in itertools.count(1):
        candidate = root / (name if attempt == 1 else f"{name}-{attempt}")
        try:
            candidate.mkdir(parents=True)
        except FileExistsError:
            if resume in ("allow", "must"):
                return name, candidate, True
            if resume == "never":
                raise
            continue
        except OSError as error:
            if error.errno not in WORLD:
                raise
        break
    return candidate.relative_to(root).as_posix(), candidate, False


def _chosen(root: Path, name: str, resume: str | None) -> tuple[str, Path, bool]:
    folder = root / name
    exists = bool(segment_files(folder))
    if resume == "must" and not exists:
        raise RunNotFoundError(
            message(f'resume="must": there is no run {name!r} in {root}.', hint='Use resume="allow" to start it.')
        )
    if resume == "never" and exists:
        raise RunExistsError(
            message(
                f'resume="never": run {name!r} is in {root} already.', hint='Choose another name, or resume="allow".'
            )
        )
    if resume in ("allow", "must"):
        folder.mkdir(parents=True, exist_ok=True)
        return name, folder, exists
    attempt = 1
    while True:
        candidate = name if attempt == 1 else f"{name}-{attempt}"
        (root / candidate).mkdir(parents=True, exist_ok=True)
        if not segment_files(root / candidate) and _claim(root / candidate):
            # Once more: between the look and the claim another may have begun its run and taken its claim back.
            if not segment_files(root / candidate):
                return candidate, root / candidate, False
            release_claim(root / candidate)
        if resume == "never":
            raise RunExistsError(f'resume="never": run {candidate!r} is in {root} already.')
        attempt += 1


def _claim(folder: Path) -> bool:
    """Claims a folder for a new run: of two processes that ask for the same one, one gets it.

    A folder that is there already (of checkpoints, or one that holds other runs) can still become a run, and so can
    one whose claimant died before its first segment stood.
    """
    claim = folder / CLAIM_FILE
    with contextlib.suppress(FileNotFoundError):
        if time.time() - claim.stat().st_mtime > STALE_CLAIM_S:
            claim.unlink()
    try:
        os.close(os.open(claim, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    except FileExistsError:
        return False
    return True


def release_claim(folder: Path) -> None:
    """Takes the claim back once a segment stands in the folder and says the same for good."""
    with contextlib.suppress(OSError):
        (folder / CLAIM_FILE).unlink()
