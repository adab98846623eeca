"""A home with a logdir in it, in which hostile runs lie, and what may change of it while something is asked: nothing
outside of the logdir, or nothing at all.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import every_kind
import numpy as np
import pytest
from every_kind import PANES, TAGS
from harmed import HARM, JOURNALS

import tracker
import trainer
from tracker import logdir as logdirs

Harm = Callable[[Path, Path], object]
"""Done to a segment's file; the other path is of a file of the user's."""


def links_to(name: str) -> Harm:
    """A link to the user's file beside a segment, called as a file of ours is."""

    def link(path: Path, victim: Path) -> None:
        path.with_name(name.format(path.name)).symlink_to(victim)

    return link


def leads_out(path: Path, victim: Path) -> None:
    """A move that is written down as begun, of the user's file."""
    moves = path.parents[1] / logdirs.TRASH_FOLDER / ".moves"
    moves.mkdir(parents=True)
    outside = os.path.relpath(victim.parent, path.parents[1])
    for number, (source, target) in enumerate(((outside, "stolen"), (path.parent.name, outside))):
        plan = {"from": source, "to": target, "files": [victim.name, path.name]}
        (moves / f"{number}.json").write_text(json.dumps(plan))


def is_link(path: Path, victim: Path) -> None:
    """A folder of runs that is a link to the user's."""
    (path.parents[1] / "linked").symlink_to(victim.parent)


def page_journal(path: Path, victim: Path) -> None:
    """The page's own file with a journal that names the user's."""
    from dashboard.live import user_edits

    user_edits.write(path.parent, "note", "x")
    page = path.parent / logdirs.PAGE_FILE
    Path(f"{page}-journal").write_bytes(JOURNALS[0](page, victim))


OUTWARDS: dict[str, Harm] = {
    **{f"journal {each.__name__}": lambda path, victim, each=each: Path(f"{path}-journal").write_bytes(each(path, victim))  # type: ignore[misc]
       for each in JOURNALS},
    **{f"a link called {name}": links_to(name) for name in (
        "{}-wal", "{}-shm", "{}-journal", "page.sqlite", "page.sqlite-journal", ".claimed", ".{}.saved", ".{}.saving", ".{}.unborn",
        ".{}.unborn-x", "{}.damaged", "events.out.tfevents.1.host", "events.other.sqlite", "wandb-summary.json", "trainer_state.json",
    )},
    "the page's journal": page_journal,
    "a folder is a link": is_link,
    "the trash is a link": lambda path, victim: (path.parents[1] / logdirs.TRASH_FOLDER).symlink_to(victim.parent),
    "a move leads out": leads_out,
}  # fmt: skip
ALL: dict[str, Harm] = {
    **{name: lambda path, _, harm=harm: harm(path) for name, harm in HARM.items()},  # type: ignore[misc]
    **OUTWARDS,
}
"""Every way in which a run is made to do harm."""


def some(first: int, step: int) -> dict[str, Harm]:
    """So many of them for a plain run of the tests; between them the tests have all."""
    return dict(itertools.islice(ALL.items(), first, None, step))


class World:
    """A home, a folder for temporary files, a logdir, and files of the user's around all of them.

    Args:
        root: Where.
        base: A run of all kinds, which is copied.
        harms: What is done to a copy of it, each to one; all in one logdir.
    """

    def __init__(self, root: Path, base: Path, harms: dict[str, Harm]) -> None:
        self.root = root
        self.logdir, self.home, self.temporary, self.out = (root / name for name in ("runs", "home", "tmp", "out"))
        self.victim = self.home / "thesis.tex"
        for place in (self.logdir, self.home / ".cache" / "other", self.temporary / "everystep-of-mine", self.out):
            place.mkdir(parents=True)
            (place / "precious.txt").write_text(f"of {place.name}")
        for place in (self.victim, root / "beside.txt", root / "events.beside.sqlite", self.home / "page.sqlite"):
            place.write_text("years of work")
        for path in (self.victim, root / "beside.txt"):
            path.chmod(0o640)
        self.runs = {harm: f"r{number:02d}" for number, harm in enumerate(harms)}
        for name in ("good", *self.runs.values()):
            shutil.copytree(base, self.logdir / name)
        (path,) = logdirs.segment_files(self.logdir / "good")
        for harm, name in self.runs.items():
            harms[harm](self.logdir / name / path.name, self.victim)

    @contextlib.contextmanager
    def lived_in(self) -> Iterator[World]:
        """Within it programs find their way around here."""
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(self.root)
            for name, place in (
                ("HOME", self.home),
                ("XDG_CACHE_HOME", self.home / ".cache"),
                ("TMPDIR", self.temporary),
            ):
                patch.setenv(name, str(place))
            patch.setattr(tempfile, "tempdir", str(self.temporary))
            yield self

    def seen(self, *, inside: bool) -> dict[str, object]:
        """All that is around, or in the logdir too, with content, mode, and time of change.

        What is ours to write is left out: our own folder of the cache and what an export is asked to make; and of a
        database that is read the index of its WAL file, which SQLite makes anew.
        """
        found: dict[str, object] = {}
        for place, folders, names in os.walk(self.root):
            ours = [".cache/everystep"] if inside else [".cache/everystep", "runs"]
            folders[:] = [
                each for each in folders if not f"{place}/{each}".endswith(tuple(f"/{name}" for name in ours))
            ]
            folders[:] = [name for name in folders if not name.startswith("made-")]
            for name in (*folders, *names):
                path = Path(place, name)
                about = path.lstat()
                if name.startswith("made-") or (inside and name.endswith("-shm")):
                    continue
                if stat.S_ISREG(about.st_mode):
                    with path.open("rb") as file:  # one of them is 20 GB of nothing
                        digest = hashlib.sha256(file.read(1 << 22)).hexdigest()
                    said: object = (digest, about.st_size, about.st_mtime_ns, about.st_ino, about.st_nlink)
                else:
                    said = os.readlink(path) if path.is_symlink() else ""
                found[os.path.relpath(path, self.root)] = (oct(about.st_mode), said)
        return found

    @contextlib.contextmanager
    def unchanged(self, what: str, *, inside: bool) -> Iterator[None]:
        """After the block all is as it was."""
        before = self.seen(inside=inside)
        yield
        after = self.seen(inside=inside)
        changed = sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))
        assert not changed, f"{what} changed {[(path, before.get(path), after.get(path)) for path in changed[:5]]}"


def run_of_every_kind(logdir: Path) -> Path:
    """The folder of a run with a value of every kind, made in a logdir."""
    with tracker.init(logdir=logdir, name="base", machine=False, config={"lr": 0.1}) as run:
        for step in range(300):
            run.log({"train/loss": 1.0 / (step + 1), "val/loss": 2.0}, step=step)
        for kind in ("graph", "embedding", "mesh", "layout", "text", "pr_curve", "confusion", "profile", "table"):
            run.log({TAGS[kind]: every_kind._small(kind)}, step=3)
        pixels = np.zeros((4, 4, 3), np.uint8)
        run.log({TAGS["histogram"]: tracker.Histogram([1.0, 2.0])}, step=3)
        run.log({TAGS["image"]: tracker.Image(pixels), TAGS["video"]: tracker.Video(np.stack([pixels] * 2))}, step=3)
        run.log({TAGS["audio"]: tracker.Audio(np.zeros(100), 8000)}, step=3)
        run.log({TAGS["figure"]: tracker.Figure({"data": [], "layout": {}})}, step=3)
        run.mark("here", step=3)
        run.pane(PANES[0], "words")
        run.pane(PANES[2], tracker.Curves({"y": [1.0, 2.0]}))
        run.log_model(trainer.nn.Linear(1, 2), "mine", inputs=(None, 1), step=3)
    return logdir / "base"
