"""What of finished runs is let go: which runs rules choose, and what is left of a file without its media or models."""

from __future__ import annotations

import contextlib
import re
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from copies import log_all, rows_of, run_of, stamps_of
from examples import examples
from forged import as_of_before
from hypothesis import given
from hypothesis import strategies as st

import tracker
from tracker import logdir as logdirs
from tracker.copying.folder_place import FolderPlace
from tracker.copying.run_copy import copy_run
from tracker.doctor import examine
from tracker.pruning import choice, run_parts, segment_media, standing
from tracker.pruning.choice import Candidate
from tracker.store.read.run_files import RunFiles

VALUES = st.none() | st.floats(allow_nan=True)
RUNS = st.lists(st.tuples(st.floats(0, 100), VALUES), max_size=12)


@given(RUNS, st.none() | st.floats(0, 100), st.none() | st.integers(0, 5), st.sampled_from(["min", "max"]))
def test_the_rules_choose_what_is_old_and_not_among_the_best(
    given_runs: list[tuple[float, float | None]], older: float | None, keep: int | None, mode: str
) -> None:
    """Each run that goes is old enough, and so many at least are no worse; one without a value is never ranked."""
    runs = [Candidate(f"r{number}", 100 - age, best) for number, (age, best) in enumerate(given_runs)]
    gone = choice.chosen(runs, 100, older, keep, mode)
    for run in runs:
        is_old = older is None or 100 - run.last > older
        if run.best is None or not np.isfinite(run.best):
            goes = is_old and keep is None
        else:
            better = [
                each for each in runs if each.best is not None and np.isfinite(each.best) and each is not run
                and ((each.best, each.name) < (run.best, run.name) if mode == "min" else (-each.best, each.name) < (-run.best, run.name))
            ]  # fmt: skip
            goes = is_old and (keep is None or len(better) >= keep)
        assert (run in gone) == goes


@pytest.mark.parametrize(("text", "seconds"), [("30d", 2592000), ("12h", 43200), ("90min", 5400), ("2w", 1209600), ("1.5 s", 1.5)])  # fmt: skip
def test_ages_are_read(text: str, seconds: float) -> None:
    """With their units, and nothing else."""
    assert choice.age_of(text) == seconds
    for wrong in (text[:-1], f"-{text}", f"{text}x", " "):
        with pytest.raises(ValueError, match=re.escape(wrong)):
            choice.age_of(wrong)


KINDS = ("image", "words", "points", "histogram", "same")


@examples(15)
@given(st.lists(st.sampled_from(KINDS), max_size=10), st.booleans())
def test_a_run_without_its_media_has_all_else(acts: list[str], ends: bool) -> None:
    """Every other row as it was, also what has the same content as media; `viz doctor` finds nothing; twice is once."""
    with tempfile.TemporaryDirectory() as made:
        root = Path(made)
        run = tracker.init(logdir=root, name="a", machine=False)
        for step, act in enumerate(acts):
            if act == "image":
                run.log({f"seen{step % 2}": tracker.Image(np.full((4, 4), step % 3 / 3))}, step=step)
            elif act == "words":
                run.log({"words": tracker.Text(f"at {step % 2}")}, step=step)
            elif act == "same":
                run.log({"cells": tracker.Table({"a": [step]})}, step=step)
            elif act == "points":
                for each in range(70):
                    run.log({"loss": each}, step=step * 100 + each)
            else:
                run.log({"w": tracker.Histogram(np.arange(5.0))}, step=step)
        run.finish()
        (path,) = logdirs.segment_files(run.folder)
        before = rows_of(path)
        would = run_parts.media(run.folder, act=False)
        assert rows_of(path) == before
        went = run_parts.media(run.folder, act=True)
        assert (went.items, went.size, went.problems) == (would.items, would.size, {})
        after = rows_of(path)
        gone = {row[0] for row in before["series"] if row[1] in segment_media.MEDIA}
        assert went.items.get("image", 0) == acts.count("image")
        assert after["media"] == [row for row in before["media"] if row[1] not in gone]
        mentioned = {row[8] for row in after["media"]}
        assert after["blobs"] == [row for row in before["blobs"] if row[1] in mentioned]
        for table in ("segment", "state", "scalars", "sketches", "receipts"):
            assert after[table] == before[table]
        assert [row[:5] for row in after["series"]] == [row[:5] for row in before["series"]]
        assert len(after["marks"]) == len(before["marks"]) + bool(went.items)
        assert examine(root).is_healthy
        stamps = stamps_of(root)
        assert run_parts.media(run.folder, act=True).items == {}
        assert stamps_of(root) == stamps


def test_a_run_says_what_was_taken_out(logdir: Path) -> None:
    """By a mark, where every reader finds it; its curves and texts are there, its pictures are not."""
    folder = log_all(logdir, "a")
    run_parts.media(folder, act=True)
    run = tracker.open(logdir).run("a")
    (mark,) = [mark for mark in run.marks() if mark.kind == "pruned"]
    assert mark.text == "1 of audio, 6 of image, 1 of table pruned"
    assert len(run.scalars("val/loss")) == 1500
    assert len(run.text("words")) == 3
    assert run.images("seen") == []
    assert run.problems() == []
    assert len(run.models()) == 1


def test_models_go_with_their_versions_and_recordings(logdir: Path) -> None:
    """And media stay; nothing is named that is not there."""
    folder = log_all(logdir, "a")
    would = run_parts.models(folder, act=False)
    assert would.items == {"model": 1, "file": 3}
    assert run_parts.models(folder, act=True).items == would.items
    assert examine(logdir).is_healthy
    run = tracker.open(logdir).run("a")
    assert run.models() == []
    assert len(run.images("seen")) == 3
    assert not (folder / "models").exists()
    assert not (folder / "recordings").exists()


def test_a_copy_keeps_what_its_source_let_go(logdir: Path, tmp_path: Path) -> None:
    """Copied before or after: the copy of before has its pictures still, that of after equals the source as it is."""
    folder = log_all(logdir, "a")
    back = tmp_path / "back"
    for turn in ("before", "before", "after", "after"):
        if turn == "after":
            run_parts.media(folder, act=True)
        with contextlib.closing(FolderPlace(back, turn)) as place:
            assert copy_run(folder, place).problems == {}
        kept = run_of(back / "before")
    with contextlib.closing(FolderPlace(back, "before")) as place:
        assert copy_run(folder, place).is_nothing
    assert run_of(back / "before") == kept
    assert run_of(back / "after") == run_of(folder)
    assert examine(back).is_healthy


def test_a_file_of_before_is_left_alone_and_named(logdir: Path) -> None:
    """It has no checksums that could be kept; its models' files stay with its rows."""
    folder = log_all(logdir, "a", points=5)
    (path,) = logdirs.segment_files(folder)
    as_of_before(path)
    before = run_of(folder)
    for part in (run_parts.media, run_parts.models):
        assert "before 0.1.0" in part(folder, act=True).problems[path.name]
    assert run_of(folder) == before


def test_a_segment_behind_a_link_is_left_alone(logdir: Path, tmp_path: Path) -> None:
    """It lies elsewhere."""
    folder = log_all(logdir, "a", points=5)
    (path,) = logdirs.segment_files(folder)
    path.rename(tmp_path / path.name)
    path.symlink_to(tmp_path / path.name)
    before = rows_of(tmp_path / path.name)
    assert "link" in run_parts.media(folder, act=True).problems[path.name]
    assert rows_of(tmp_path / path.name) == before


def test_who_may_live_is_told_from_who_ended(logdir: Path) -> None:
    """Here by the process; elsewhere silence counts after a day only."""
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        run.log({"loss": 1.0})
        run.flush()
        (segment,) = RunFiles(run.folder).segments()
        now = time.time()
        assert standing.may_live([segment], now)
        dead = replace(segment, writer=segment.writer._replace(pid_started="1"))
        assert not standing.may_live([dead], now)
        elsewhere = replace(segment, writer=segment.writer._replace(host="other"), heartbeat=now - 3600)
        assert standing.may_live([elsewhere], now)
        assert not standing.may_live([elsewhere], now + 86400)
    assert not standing.may_live(RunFiles(run.folder).segments(), now)
