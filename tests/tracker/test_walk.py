"""Runs chosen by links are found where they lie, each once, and no link leads over a whole disk."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from examples import examples
from hypothesis import given
from hypothesis import strategies as st
from one_point import log

import tracker
from tracker import logdir, walk
from tracker.foreign.folders import sources

SEGMENT = "events.20261129T000000-00000000.sqlite"
EVENTS = "events.out.tfevents.1700000000.host"


def names(root: Path) -> list[str]:
    """What a logdir holds."""
    return [name for name, _ in logdir.run_folders(root)]


def test_a_link_to_a_run_and_one_to_a_folder_of_runs(own_runs: Path, elsewhere: Path) -> None:
    """By the names by which they are reached; a run that is behind two has the first of them."""
    (own_runs / "exp").symlink_to(elsewhere)
    assert names(own_runs) == ["exp/a", "exp/b/c", "own"]
    (own_runs / "chosen").symlink_to(elsewhere / "a")
    assert names(own_runs) == ["chosen", "exp/b/c", "own"]
    store = tracker.open(own_runs)
    assert [run.name for run in store.runs()] == names(own_runs)
    assert store.run("exp/b/c").scalars("loss").value.tolist() == [1.0]
    assert store.run("exp/a").scalars("loss").value.tolist() == [1.0], "it may be asked for by each of its names"


def test_links_to_links_relative_ones_and_one_whose_target_comes_later(own_runs: Path, elsewhere: Path) -> None:
    """All are what they lead to, and what leads to nothing is told and not a run."""
    (own_runs / "second").symlink_to(own_runs / "first")
    (own_runs / "later").symlink_to("../elsewhere/later")
    links: list[walk.Link] = []
    assert [name for name, _ in logdir.run_folders(own_runs, links)] == ["own"]
    assert sorted((link.path.name, link.leads_to_nothing) for link in links) == [("later", True), ("second", True)]
    (own_runs / "first").symlink_to("../elsewhere/a")
    log(elsewhere, "later")
    assert names(own_runs) == ["first", "later", "own"]


def test_links_in_a_circle_are_told_as_such(own_runs: Path) -> None:
    """Two that lead to each other, and one to itself."""
    (own_runs / "a").symlink_to("b")
    (own_runs / "b").symlink_to("a")
    (own_runs / "c").symlink_to(own_runs / "c")
    links: list[walk.Link] = []
    assert [name for name, _ in logdir.run_folders(own_runs, links)] == ["own"]
    assert sorted(map(str, links)) == [f"{own_runs / name}: it leads in a circle of links" for name in "abc"]


def test_a_run_of_the_logdir_keeps_its_name(own_runs: Path) -> None:
    """Whatever links to it are made; the trash is none of its names."""
    (own_runs / "a").symlink_to("own")
    (own_runs / "z").symlink_to(own_runs / "own")
    log(own_runs / ".trash", "old")
    (own_runs / "back").symlink_to(".trash/old")
    assert names(own_runs) == ["own"]
    assert tracker.open(own_runs).run("a").scalars("loss").value.tolist() == [1.0]


@pytest.mark.parametrize("target", ["/", "..", ".", "self", "../elsewhere/..", "~", "~/.."])
def test_no_link_is_followed_up(
    target: str, own_runs: Path, elsewhere: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor to a home: what is there is not looked at, and may not be asked for."""
    home = tmp_path / "homes" / "me"
    log(home, "runs/private")
    monkeypatch.setenv("HOME", str(home))
    (own_runs / "self").symlink_to(os.path.expanduser(target))
    assert names(own_runs) == ["own"]
    (link,) = links_of(own_runs)
    assert link.problem
    assert not link.is_whole
    reach = os.path.relpath(
        home / "runs" / "private", os.path.realpath(own_runs / "self") if target != "self" else own_runs
    )
    if ".." not in reach:
        with pytest.raises(tracker.errors.RunNotFoundError):
            tracker.open(own_runs).run(f"self/{reach}")


def links_of(own_runs: Path) -> list[walk.Link]:
    """The links that a scan met."""
    links: list[walk.Link] = []
    list(logdir.run_folders(own_runs, links))
    return links


def test_a_large_folder_without_runs_is_not_gone_through(
    own_runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many entries are looked at as are bearable, whatever links lie in it; runs that are near are shown."""
    large = tmp_path / "large"
    for number in range(100):
        (large / f"{number:02d}" / "deep" / "deeper").mkdir(parents=True)
    (large / "00" / "more").symlink_to(large / "50")
    log(large, "99/deep/deeper/run")
    (own_runs / "data").symlink_to(large)
    opened: list[str] = []
    scandir = os.scandir
    monkeypatch.setattr(walk.os, "scandir", lambda path: (opened.append(str(path)), scandir(path))[1])
    monkeypatch.setattr(walk, "LOOK_ENTRIES", 50 * walk.FOLDER_ENTRIES)
    assert names(own_runs) == ["own"]
    assert len([path for path in opened if "data" in path]) <= 50
    (link,) = links_of(own_runs)
    assert "no run is near" in link.problem
    log(large, "0near")
    assert "data/0near" in names(own_runs)
    (link,) = links_of(own_runs)
    assert "only the nearest" in link.problem


def test_a_run_that_is_chosen_itself_is_shown_whatever_lies_below_it(
    own_runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thousand folders of pictures beside its files change nothing."""
    monkeypatch.setattr(walk, "LOOK_ENTRIES", 10)
    monkeypatch.setattr(walk, "RUN_ENTRIES", 10)
    run = log(tmp_path / "elsewhere", "run")
    for number in range(100):
        (run / f"pictures{number}").mkdir()
    (own_runs / "chosen").symlink_to(run)
    assert names(own_runs) == ["chosen", "own"]


def test_event_files_behind_links(own_runs: Path, elsewhere: Path, tmp_path: Path) -> None:
    """A folder with one is a run's; a link to the file itself is the file; one source is read once."""
    folder = tmp_path / "tensorboard" / "run"
    folder.mkdir(parents=True)
    (folder / EVENTS).write_bytes(b"x")
    (own_runs / "tb").symlink_to(tmp_path / "tensorboard")
    (own_runs / "own" / EVENTS).symlink_to(folder / EVENTS)
    (own_runs / "zz").symlink_to(folder)
    assert dict(sources(own_runs)) == {"own": [own_runs / "own" / EVENTS], "tb/run": [own_runs / "tb" / "run" / EVENTS]}


def test_a_link_to_a_segment_is_the_segment(own_runs: Path, elsewhere: Path) -> None:
    """Its WAL lies beside what it leads to. One to something else is told of; two to one are one."""
    (file,) = logdir.segment_files(elsewhere / "a")
    (own_runs / "linked").mkdir()
    for name in (file.name, "events.z.sqlite"):
        (own_runs / "linked" / name).symlink_to(file)
    assert logdir.segment_files(own_runs / "linked") == [file]
    assert tracker.open(own_runs).run("linked").scalars("loss").value.tolist() == [1.0]
    (own_runs / "linked" / "events.y.sqlite").symlink_to("/etc/passwd")
    (problem,) = tracker.open(own_runs).run("linked").problems()
    assert "no plain file" in str(problem)


# --- properties -----------------------------------------------------------------------------------------------

PLACES = ["logs", "logs/a", "logs/a/b", "logs/c", "out", "out/a", "out/a/b", "out/d", "far", "far/e"]
TARGETS = [*PLACES, ".", "nowhere"]


@examples(150)
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
