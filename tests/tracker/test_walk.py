"""Runs chosen by links are found where they lie, each once, and no link leads over a whole disk."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tracker
from tracker import logdir, walk
from tracker.foreign.folders import sources

SEGMENT = "events.20261129T000000-00000000.sqlite"
EVENTS = "events.out.tfevents.1700000000.host"


def log(root: Path, name: str) -> Path:
    """A finished run; its folder."""
    with tracker.init(logdir=root, name=name, machine=False) as run:
        run.log({"loss": 1.0}, step=0)
    return root / name


def names(root: Path) -> list[str]:
    """What a logdir holds."""
    return [name for name, _ in logdir.run_folders(root)]


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """Runs outside the logdir: a, and below a folder b."""
    root = tmp_path / "elsewhere"
    log(root, "a")
    log(root, "b/c")
    return root


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A logdir with a run of its own."""
    made = tmp_path / "runs"
    log(made, "own")
    return made


def test_a_link_to_a_run_and_one_to_a_folder_of_runs(root: Path, elsewhere: Path) -> None:
    """By the names by which they are reached; a run that is behind two has the first of them."""
    (root / "exp").symlink_to(elsewhere)
    assert names(root) == ["exp/a", "exp/b/c", "own"]
    (root / "chosen").symlink_to(elsewhere / "a")
    assert names(root) == ["chosen", "exp/b/c", "own"]
    store = tracker.open(root)
    assert [run.name for run in store.runs()] == names(root)
    assert store.run("exp/b/c").scalars("loss").value.tolist() == [1.0]
    assert store.run("exp/a").scalars("loss").value.tolist() == [1.0], "it may be asked for by each of its names"


def test_links_to_links_relative_ones_and_one_whose_target_comes_later(root: Path, elsewhere: Path) -> None:
    """All are what they lead to, and what leads to nothing is told and not a run."""
    (root / "second").symlink_to(root / "first")
    (root / "later").symlink_to("../elsewhere/later")
    links: list[walk.Link] = []
    assert [name for name, _ in logdir.run_folders(root, links)] == ["own"]
    assert sorted((link.path.name, link.leads_to_nothing) for link in links) == [("later", True), ("second", True)]
    (root / "first").symlink_to("../elsewhere/a")
    log(elsewhere, "later")
    assert names(root) == ["first", "later", "own"]


def test_a_run_of_the_logdir_keeps_its_name(root: Path) -> None:
    """Whatever links to it are made; the trash is none of its names."""
    (root / "a").symlink_to("own")
    (root / "z").symlink_to(root / "own")
    log(root / ".trash", "old")
    (root / "back").symlink_to(".trash/old")
    assert names(root) == ["own"]
    assert tracker.open(root).run("a").scalars("loss").value.tolist() == [1.0]


@pytest.mark.parametrize("target", ["/", "..", ".", "self", "../elsewhere/..", "~", "~/.."])
def test_no_link_is_followed_up(
    target: str, root: Path, elsewhere: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor to a home: what is there is not looked at, and may not be asked for."""
    home = tmp_path / "homes" / "me"
    log(home, "runs/private")
    monkeypatch.setenv("HOME", str(home))
    (root / "self").symlink_to(os.path.expanduser(target))
    assert names(root) == ["own"]
    (link,) = links_of(root)
    assert link.problem
    assert not link.is_whole
    reach = os.path.relpath(home / "runs" / "private", os.path.realpath(root / "self") if target != "self" else root)
    if ".." not in reach:
        with pytest.raises(tracker.errors.RunNotFoundError):
            tracker.open(root).run(f"self/{reach}")


def links_of(root: Path) -> list[walk.Link]:
    """The links that a scan met."""
    links: list[walk.Link] = []
    list(logdir.run_folders(root, links))
    return links


def test_a_large_folder_without_runs_is_not_gone_through(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many entries are looked at as are bearable, whatever links lie in it; runs that are near are shown."""
    large = tmp_path / "large"
    for number in range(100):
        (large / f"{number:02d}" / "deep" / "deeper").mkdir(parents=True)
    (large / "00" / "more").symlink_to(large / "50")
    log(large, "99/deep/deeper/run")
    (root / "data").symlink_to(large)
    opened: list[str] = []
    scandir = os.scandir
    monkeypatch.setattr(walk.os, "scandir", lambda path: (opened.append(str(path)), scandir(path))[1])
    monkeypatch.setattr(walk, "LOOK_ENTRIES", 50 * walk.FOLDER_ENTRIES)
    assert names(root) == ["own"]
    assert len([path for path in opened if "data" in path]) <= 50
    (link,) = links_of(root)
    assert "no run is near" in link.problem
    log(large, "0near")
    assert "data/0near" in names(root)
    (link,) = links_of(root)
    assert "only the nearest" in link.problem


def test_a_run_that_is_chosen_itself_is_shown_whatever_lies_below_it(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thousand folders of pictures beside its files change nothing."""
    monkeypatch.setattr(walk, "LOOK_ENTRIES", 10)
    monkeypatch.setattr(walk, "RUN_ENTRIES", 10)
    run = log(tmp_path / "elsewhere", "run")
    for number in range(100):
        (run / f"pictures{number}").mkdir()
    (root / "chosen").symlink_to(run)
    assert names(root) == ["chosen", "own"]


def test_event_files_behind_links(root: Path, elsewhere: Path, tmp_path: Path) -> None:
    """A folder with one is a run's; a link to the file itself is the file; one source is read once."""
    folder = tmp_path / "tensorboard" / "run"
    folder.mkdir(parents=True)
    (folder / EVENTS).write_bytes(b"x")
    (root / "tb").symlink_to(tmp_path / "tensorboard")
    (root / "own" / EVENTS).symlink_to(folder / EVENTS)
    (root / "zz").symlink_to(folder)
    assert dict(sources(root)) == {"own": [root / "own" / EVENTS], "tb/run": [root / "tb" / "run" / EVENTS]}


def test_a_link_to_a_segment_is_the_segment(root: Path, elsewhere: Path) -> None:
    """Its WAL lies beside what it leads to. One to something else is told of; two to one are one."""
    (file,) = logdir.segment_files(elsewhere / "a")
    (root / "linked").mkdir()
    for name in (file.name, "events.z.sqlite"):
        (root / "linked" / name).symlink_to(file)
    assert logdir.segment_files(root / "linked") == [file]
    assert tracker.open(root).run("linked").scalars("loss").value.tolist() == [1.0]
    (root / "linked" / "events.y.sqlite").symlink_to("/etc/passwd")
    (problem,) = tracker.open(root).run("linked").problems()
    assert "no plain file" in str(problem)


# --- properties -----------------------------------------------------------------------------------------------

PLACES = ["logs", "logs/a", "logs/a/b", "logs/c", "out", "out/a", "out/a/b", "out/d", "far", "far/e"]
TARGETS = [*PLACES, ".", "nowhere"]


@settings(max_examples=150)
@given(
    runs=st.sets(st.sampled_from(PLACES)),
    links=st.dictionaries(
        st.tuples(st.sampled_from(PLACES), st.sampled_from(["k", "l", "m"])), st.sampled_from([*TARGETS, *PLACES])
    ),
)
def test_each_run_that_links_lead_to_is_found_once(runs: set[str], links: dict[tuple[str, str], str]) -> None:
    """Of any folders, runs and links among them: those that a plain search over real folders reaches."""
    with tempfile.TemporaryDirectory() as base:
        top = Path(os.path.realpath(base))
        for place in PLACES:
            (top / place).mkdir(parents=True, exist_ok=True)
        for place in runs:
            (top / place / SEGMENT).touch()
        for (place, name), target in links.items():
            (top / place / name).symlink_to(top / target)
        root = top / "logs"
        found = list(logdir.run_folders(root))
        real = [os.path.relpath(os.path.realpath(folder), top) for _, folder in found]
        assert sorted(real) == sorted(runs & reached("logs", links)), "each once, all of them, and no others"
        for name, folder in found:
            assert logdir.run_folder(root, None, name) == folder
        own = {name for name, folder in found if not any(each.is_symlink() for each in [folder, *folder.parents])}
        assert own == {os.path.relpath(each, "logs") for each in runs if each.startswith("logs")}


def reached(start: str, links: dict[tuple[str, str], str]) -> set[str]:
    """The folders that are followed from one, by definition."""
    known = {place for place in PLACES if walk.is_within(place, start)}
    while True:
        further = {
            below
            for (place, _), target in links.items()
            if place in known and target in PLACES and not walk.is_within(place, target)
            if not walk.is_within(start, target)
            for below in PLACES
            if walk.is_within(below, target)
        }
        if further <= known:
            return known
        known |= further
