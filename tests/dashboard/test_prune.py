"""`viz prune`: what would go is shown, what is said goes, and what is live, noted, or behind a link stays."""

from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np
import pytest
from copies import log_all, run_of, stamps_of

import tracker
from dashboard import cli
from dashboard.live import trash
from tracker import logdir as logdirs
from tracker.store.read import size
from tracker.store.write import page_file


@pytest.fixture
def sweep(logdir: Path) -> Path:
    """Four runs, the later the better; one has no curve that they are ranked by."""
    for number in range(4):
        with tracker.init(logdir=logdir, name=f"sweep/{number}", machine=False) as run:
            for step in range(3):
                run.log({"val/loss": 4.0 - number + step, "acc": number / 10})
    with tracker.init(logdir=logdir, name="other", machine=False) as run:
        run.log({"loss": 1.0})
    return logdir


def prune(root: Path, *words: str, status: int = 0) -> None:
    assert cli.main(["prune", "--logdir", str(root), *words]) == status


def there(root: Path) -> list[str]:
    return [name for name, _ in logdirs.run_folders(root)]


def test_nothing_goes_until_somebody_says_so(sweep: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What would go stands in a table, with its size."""
    before = stamps_of(sweep)
    prune(sweep, "--older-than", "0s")
    said = capsys.readouterr().out
    assert all(name in said for name in there(sweep))
    assert re.search(r"5 runs, [\d.]+ kB, would go to the trash; to do it, say the same with --yes", said)
    prune(sweep, "*", "--media-only")
    prune(sweep, "*", "--models-only")
    assert capsys.readouterr().out == "nothing to prune\n" * 2
    assert stamps_of(sweep) == before


@pytest.mark.parametrize(
    ("words", "left"),
    [
        (["--keep-best", "2", "--by", "val/loss"], ["other", "sweep/2", "sweep/3"]),
        (["--keep-best", "1", "--by", "val/loss", "--mode", "max"], ["other", "sweep/0"]),
        (["--keep-best", "1", "--by", "acc"], ["other", "sweep/3"]),
        (["--keep-best", "0", "--by", "acc", "sweep/[01]"], ["other", "sweep/2", "sweep/3"]),
        (["--older-than", "1h", "--keep-best", "0", "--by", "acc"], ["other", *(f"sweep/{each}" for each in range(4))]),
        (["sweep/1", "other"], ["sweep/0", "sweep/2", "sweep/3"]),
    ],
    ids=range(6),
)
def test_all_but_the_best_go_to_the_trash(words: list[str], left: list[str], sweep: Path) -> None:
    """By what the tag's name says is best, or by what is said; one that has no such curve stays; and come back."""
    before = {name: run_of(sweep / name) for name in there(sweep)}
    prune(sweep, *words, "--yes")
    assert there(sweep) == left
    assert sorted([*left, *trash.in_trash(sweep)]) == sorted(before)
    for name in trash.in_trash(sweep):
        trash.from_trash(sweep, name)
    assert {name: run_of(sweep / name) for name in there(sweep)} == before


def test_an_old_run_goes_for_good(logdir: Path) -> None:
    """With its models and recordings; the checkpoint beside it stays, and a run below it."""
    folder = log_all(logdir, "a", points=5)
    log_all(logdir, "a/below", points=5)
    (folder / "checkpoint.pt").write_bytes(b"weights")
    prune(logdir, "a", "--for-good", "--yes")
    assert there(logdir) == ["a/below"]
    assert trash.in_trash(logdir) == []
    assert sorted(os.listdir(folder)) == ["below", "checkpoint.pt"]
    assert os.listdir(logdir / ".trash" / ".moves") == []


def test_a_run_goes_to_the_trash_with_its_recordings(logdir: Path) -> None:
    """And comes back with them, also from beside a checkpoint."""
    folder = log_all(logdir, "a", points=5)
    before = run_of(folder)
    (folder / "checkpoint.pt").write_bytes(b"weights")
    prune(logdir, "a", "--yes")
    assert os.listdir(folder) == ["checkpoint.pt"]
    trash.from_trash(logdir, "a")
    assert run_of(folder) == before


def test_what_lives_is_noted_or_lies_elsewhere_stays(
    sweep: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And is named, with the reason; --noted lets go of the notes, and of nothing else."""
    page_file.set_property(sweep / "sweep" / "0", "note", "for the paper")
    page_file.set_property(sweep / "sweep" / "1", "tags", ["keep"])
    with tracker.init(logdir=sweep, name="tagged", machine=False, tags=["pinned"]) as run:
        run.log({"loss": 1.0})
    log_all(tmp_path, "elsewhere", points=5)
    (sweep / "linked").symlink_to(tmp_path / "elsewhere")
    with tracker.init(logdir=sweep, name="live", machine=False) as run:
        run.log({"loss": 1.0})
        run.flush()
        prune(sweep, "*", "--yes")
        said = capsys.readouterr().out
        assert there(sweep) == ["linked", "live", "sweep/0", "sweep/1", "tagged"]
        assert "live stays: it may still be written" in said
        assert "linked stays: it lies elsewhere, behind a link" in said
        assert "sweep/0 stays: it has a note on the page (--noted)" in said
        assert "tagged stays: it is tagged pinned (--noted)" in said
        prune(sweep, "*", "--yes", "--noted", "--media-only")
        prune(sweep, "*", "--yes", "--noted")
        assert there(sweep) == ["linked", "live"]
        run.log({"loss": 2.0})
    assert len(tracker.open(sweep).run("live").scalars("loss")) == 2


def test_media_go_and_the_size_shrinks(logdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of those runs that have any; what went is told."""
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        for step in range(6):
            run.log({"seen": tracker.Image(np.random.default_rng(step).random((99, 99)))}, step=step)
    with tracker.init(logdir=logdir, name="none", machine=False) as run:
        run.log({"loss": 1.0})
    before = size.of_run(logdir / "a")
    prune(logdir, "*", "--media-only", "--yes")
    said = capsys.readouterr().out
    assert "6 images" in said
    assert "none" not in said
    assert size.of_run(logdir / "a") < before
    assert cli.main(["doctor", "--logdir", str(logdir)]) == 0


def test_what_cannot_be_looked_at_is_named(sweep: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And left alone; the others go, and the end is 1."""
    (path,) = logdirs.segment_files(sweep / "sweep" / "0")
    path.write_bytes(b"no database" * 1000)
    prune(sweep, "sweep/*", "--yes", status=1)
    assert "sweep/0 is left alone" in capsys.readouterr().err
    assert there(sweep) == ["other", "sweep/0"]


@pytest.mark.parametrize(
    "words",
    [[], ["--keep-best", "1"], ["--by", "loss"], ["--older-than", "30"], ["--older-than", "x"], ["nobody"],
     ["--media-only", "--for-good", "*"], ["--keep-best", "-1", "--by", "loss"], ["--media-only"]],
    ids=range(9),
)  # fmt: skip
def test_what_makes_no_sense_is_refused(words: list[str], sweep: Path) -> None:
    """With 2; nothing goes."""
    before = stamps_of(sweep)
    prune(sweep, *words, "--yes", status=2)
    assert stamps_of(sweep) == before


def test_the_size_of_a_run_is_that_of_its_files(logdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of its own, and not of checkpoints, links, or other runs; `viz runs` says it."""
    folder = log_all(logdir, "a", points=5)
    page_file.set_property(folder, "note", "x")
    own = [path for path in folder.rglob("*") if path.is_file()]
    (folder / "checkpoint.pt").write_bytes(b"x" * 10_000)
    log_all(logdir, "a/below", points=5)
    (folder / "events.x.sqlite").symlink_to(own[0])
    assert size.of_run(folder) == sum(path.stat().st_size for path in own)
    (folder / "events.x.sqlite").unlink()
    import json

    assert cli.main(["runs", "--logdir", str(logdir), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["bytes"] == size.of_run(folder)
    assert cli.main(["runs", "--logdir", str(logdir)]) == 0
    assert re.search(r" size .*\na .*\d kB", capsys.readouterr().out)
    assert size.of_run(logdir / "nobody") == 0
