"""`viz copy` and `viz prune` that are killed at any moment: the next one ends what was begun, and no run is torn."""

from __future__ import annotations

import multiprocessing
import os
import random
import shutil
import signal
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import preload
import pytest
from copies import log_all, run_of, stamps_of

from dashboard import cli
from tracker import logdir as logdirs


def copy(source: str, target: str, begun: object | None) -> None:
    """Copies a logdir in small pieces."""
    from tracker.copying import run_copy
    from tracker.store.read import shipping

    shipping.behind = partial(shipping.behind, most_bytes=4_000)
    run_copy.PIECE_BYTES = 500
    if begun is not None:
        begun.set()  # type: ignore[attr-defined]
    os._exit(cli.main(["copy", "*", "--logdir", source, "--to", target]))


def prune(source: str, options: list[str], begun: object) -> None:
    """Prunes a logdir."""
    begun.set()  # type: ignore[attr-defined]
    os._exit(cli.main(["prune", "*", "--logdir", source, "--yes", *options]))


def killed(what: object, *given: object, after_s: float) -> bool:
    """Begins it in a process and kills that; whether it was killed before its end."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([*preload.WRITER, "dashboard.commands.copy", "tracker.copying.folder_place",
                                    "tracker.copying.run_copy", "dashboard.live.catalog", "tracker.pruning.run_parts"])  # fmt: skip
    begun = context.Event()
    child = context.Process(target=what, args=(*given, begun))  # type: ignore[arg-type]
    child.start()
    assert begun.wait(60)
    time.sleep(after_s)
    child.kill()
    child.join()
    return child.exitcode == -signal.SIGKILL


@pytest.fixture
def full(logdir: Path) -> Path:
    """Runs of all kinds."""
    for name in ("a", "b/c"):
        log_all(logdir, name, points=4000)
    return logdir


def check_copies(full: Path, target: Path, times: int, least: int, seed: int) -> None:
    """Kills so many, and more until so many of them were killed before their end; what came to its end is done anew."""
    chance, cut, turns = random.Random(seed), 0, 0
    while turns < times or cut < least:
        was_cut = killed(copy, str(full), str(target), after_s=chance.expovariate(1 / 0.05))
        cut, turns = cut + was_cut, turns + 1
        assert turns < 10 * times
        if not was_cut or chance.random() < 0.1:
            shutil.rmtree(target, ignore_errors=True)
    assert cli.main(["copy", "*", "--logdir", str(full), "--to", str(target)]) == 0
    for name in ("a", "b/c"):
        assert run_of(target / name) == run_of(full / name)
    assert not [each for each in stamps_of(target) if ".unborn" in each]


def test_a_copy_that_is_killed_is_ended_by_the_next(full: Path, tmp_path: Path) -> None:
    """At random moments."""
    check_copies(full, tmp_path / "back", 8, 4, seed=1)


@pytest.mark.long
def test_a_copy_that_is_killed_a_hundred_times_is_ended_by_the_next(full: Path, tmp_path: Path) -> None:
    """As often as it takes."""
    check_copies(full, tmp_path / "back", 100, 31, seed=2)


def runs_of(root: Path) -> dict[str, object]:
    """All runs of a logdir, each as a whole but for the marks that say when something was pruned."""
    found = {name: run_of(folder) for name, folder in logdirs.run_folders(root)}
    for run in found.values():
        for name in filter(logdirs.is_segment, run):
            run[name]["marks"] = [mark for mark in run[name]["marks"] if mark[3] != "pruned"]
            del run[name]["state"]
    return {**found}


def check_prunings(options: list[str], full: Path, tmp_path: Path, times: int, seed: int) -> int:
    """Kills so many; after each the next one leaves what one that nobody killed leaves. How many were cut."""
    chance, cut = random.Random(seed), 0
    shutil.copytree(full, tmp_path / "whole")
    assert cli.main(["prune", "*", "--logdir", str(tmp_path / "whole"), "--yes", *options]) == 0
    wanted = runs_of(tmp_path / "whole")
    assert len(wanted) == (2 if options and options != ["--for-good"] else 0)
    for turn in range(times):
        root = tmp_path / f"turn{turn}"
        shutil.copytree(full, root)
        cut += killed(prune, str(root), options, after_s=chance.expovariate(1 / 0.03))
        assert cli.main(["doctor", "--logdir", str(root)]) == 0
        is_done = not runs_of(root)  # it was killed when no run was left to ask for
        assert cli.main(["prune", "*", "--logdir", str(root), "--yes", *options]) == (2 if is_done else 0)
        assert cli.main(["doctor", "--logdir", str(root)]) == 0
        assert runs_of(root) == wanted
        shutil.rmtree(root)
    return cut


OPTIONS = pytest.mark.parametrize(
    "options", [["--media-only"], ["--models-only"], ["--for-good"], []], ids=lambda each: "".join(each)
)


@OPTIONS
def test_a_pruning_that_is_killed_tears_no_run(options: list[str], full: Path, tmp_path: Path) -> None:
    """Its files are as they were or as they should be, `viz doctor` has nothing to say, and the next one ends it."""
    check_prunings(options, full, tmp_path, 4, seed=len(options))


@pytest.mark.long
@pytest.mark.timeout(1_800)
@OPTIONS
def test_prunings_that_are_killed_a_hundred_times_tear_no_run(
    options: list[str], full: Path, tmp_path: Path, figure: Callable[[str], None]
) -> None:
    """The same, for longer."""
    cut = check_prunings(options, full, tmp_path, 100, seed=100)
    assert cut > 10
    figure(f"viz prune {''.join(options) or 'whole runs'}: SIGKILL at 100 moments, {cut} of them within it; none torn")
