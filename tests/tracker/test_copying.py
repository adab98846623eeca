"""Runs that are copied: equal row by row and byte by byte, once and twice, whole and cut, live and old, or refused by
name."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from copies import log_all, rows_of, run_of, said_of, stamps_of
from examples import examples
from forged import as_of_before, without_chunks
from hypothesis import given
from hypothesis import strategies as st

import tracker
from dashboard import cli
from tracker import logdir as logdirs
from tracker.copying import run_copy
from tracker.copying.folder_place import FolderPlace
from tracker.copying.place import CopyError
from tracker.copying.run_copy import copy_run
from tracker.store.read import shipping
from tracker.store.run_folder_files import files_of
from tracker.store.run_page import RunPage
from tracker.store.write import page_file, page_merge


def copied(folder: Path, root: Path, name: str = "copy") -> Path:
    """Copies a run to a folder; where its copy lies."""
    with contextlib.closing(FolderPlace(root, name)) as place:
        assert copy_run(folder, place).problems == {}
    return root / name


ACTS = ("points", "picture", "histogram", "mark", "copy", "resume")


@examples(12)
@given(st.lists(st.tuples(st.sampled_from(ACTS), st.integers(1, 90)), min_size=1, max_size=12))
def test_a_copy_equals_its_source_whenever_it_was_made(acts: list[tuple[str, int]]) -> None:
    """Copied again and again while it is written and resumed: in the end all is there, once, and is sound."""
    with tempfile.TemporaryDirectory() as made:
        root, back = Path(made) / "runs", Path(made) / "back"
        run = tracker.init(logdir=root, name="a", machine=False)
        step = 0
        for act, count in acts:
            if act == "points":
                for _ in range(count * 20):
                    run.log({"loss": step, "acc": 1.0}, step=step)
                    step += 1
            elif act == "picture":
                run.log({"seen": tracker.Image(np.full((4, 4), count % 3 / 3))}, step=step)
            elif act == "histogram":
                run.log({"w": tracker.Histogram(np.arange(float(count)))}, step=step)
            elif act == "mark":
                run.mark("here", step=step)
            elif act == "resume":
                run.finish()
                run = tracker.init(logdir=root, name="a", resume="must", machine=False)
            else:
                run.flush()
                copied(run.folder, back)
        run.finish()
        there = copied(run.folder, back)
        assert run_of(there) == run_of(run.folder)
        before = stamps_of(back)
        copied(run.folder, back)
        assert stamps_of(back) == before
        assert cli.main(["doctor", "--logdir", str(back)]) == 0


class CutError(Exception):
    """The copy is cut here."""


class CutPlace(FolderPlace):
    """A place that is reached so many times, and then no more."""

    times = 0

    def take(self, *given: Any) -> Any:
        self._once()
        return super().take(*given)

    def take_piece(self, *given: Any) -> int:
        self._once()
        return super().take_piece(*given)

    def _once(self) -> None:
        self.times -= 1
        if self.times < 0:
            raise CutError


def test_a_copy_that_is_cut_goes_on_where_it_stood(
    logdir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After each piece: none is sent twice, and the end is the same."""
    folder = log_all(logdir, "a")
    monkeypatch.setattr(shipping, "behind", partial(shipping.behind, most_bytes=5_000))
    monkeypatch.setattr(run_copy, "PIECE_BYTES", 1000)
    cuts = 0
    while True:
        place = CutPlace(tmp_path / "back", "a")
        place.times = 1
        try:
            copy_run(folder, place)
            break
        except CutError:
            cuts += 1
        finally:
            place.close()
    assert cuts > 5
    assert run_of(tmp_path / "back" / "a") == run_of(folder)


def test_all_of_a_run_is_copied(logdir: Path, tmp_path: Path) -> None:
    """Its ranks and rewinds, models, recordings, and what is said of it; not the checkpoint beside it."""
    folder = log_all(logdir, "a/b", points=50)
    with tracker.init(logdir=logdir, name="a/b", resume="must", step=20, machine=False) as run:
        run.log({"val/loss": 2.0}, step=21)
    page_file.set_property(folder, "note", "good")
    page_file.set_property(folder, "name", "first")
    page_file.set_property(folder, "name", None)
    (folder / "checkpoint.pt").write_bytes(b"weights")
    there = copied(folder, tmp_path / "back", "a/b")
    assert run_of(there) == run_of(folder)
    assert len(logdirs.segment_files(there)) == 2
    assert {each for each in run_of(there) if each.startswith("models/")}
    assert "recordings/steps-1.npz" in run_of(there)
    assert not (there / "checkpoint.pt").exists()


@pytest.mark.parametrize("is_sound", [True, False])
def test_a_file_that_lacks_nothing_but_its_name_gets_it(logdir: Path, tmp_path: Path, *, is_sound: bool) -> None:
    """Whoever copied it was killed after its last byte; what a machine that lost its power left of it is made anew."""
    folder = log_all(logdir, "a", points=10)
    place = copied(folder, tmp_path)
    beside = [place / name for name, _ in files_of(place)]
    assert len(beside) > 1
    for path in beside:
        path.with_name(f".{path.name}.arriving").write_bytes(
            path.read_bytes() if is_sound else bytes(path.stat().st_size)
        )
        path.unlink()
    with contextlib.closing(FolderPlace(tmp_path, "copy")) as there:
        again = copy_run(folder, there)
    assert len(again.problems) == (0 if is_sound else len(beside))
    assert run_of(copied(folder, tmp_path)) == run_of(folder)
    assert not list(place.rglob("*.arriving"))


def test_a_name_that_another_run_has_is_not_taken(
    logdir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nor by a fork, which has segments of the other; with --as it is copied."""
    log_all(logdir, "a", points=5)
    with tracker.init(logdir=logdir, name="fork", fork="a", machine=False) as run:
        run.log({"val/loss": 1.0})
    log_all(logdir, "other", points=5)
    back = tmp_path / "back"
    words = ["--logdir", str(logdir), "--to", str(back)]
    assert cli.main(["copy", "a", *words]) == 0
    before = stamps_of(back)
    for name in ("fork", "other"):
        assert cli.main(["copy", name, *words, "--as", "a"]) == 1
        assert "--as NAME" in capsys.readouterr().err
    assert stamps_of(back) == before
    assert cli.main(["copy", "fork", *words, "--as", "b/c"]) == 0
    assert run_of(back / "b" / "c") == run_of(logdir / "fork")
    assert cli.main(["copy", "a", *words, "--as", "b/c"]) == 1
    assert cli.main(["copy", "*", *words, "--as", "d"]) == 2
    assert cli.main(["copy", "none", *words]) == 2
    assert cli.main(["copy", "a", "--logdir", str(logdir), "--to", str(logdir)]) == 1


def test_a_cut_copy_of_a_fork_is_known_as_the_fork(logdir: Path, tmp_path: Path) -> None:
    """By its own segment, which goes first."""
    log_all(logdir, "a", points=5)
    with tracker.init(logdir=logdir, name="fork", fork="a", machine=False) as run:
        run.log({"val/loss": 1.0})
    place = CutPlace(tmp_path / "back", "fork")
    place.times = 1
    with pytest.raises(CutError):
        copy_run(run.folder, place)
    place.close()
    assert run_of(copied(run.folder, tmp_path / "back", "fork")) == run_of(run.folder)


def test_a_file_of_before_there_were_checksums_is_copied_as_it_is(logdir: Path, tmp_path: Path) -> None:
    """And once only."""
    folder = log_all(logdir, "a", points=5)
    (path,) = logdirs.segment_files(folder)
    as_of_before(path)
    there = copied(folder, tmp_path / "back")
    assert rows_of(there / path.name) == rows_of(path)
    before = stamps_of(there)
    copied(folder, tmp_path / "back")
    assert stamps_of(there) == before


def test_what_cannot_be_copied_is_named(logdir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A damaged segment, a model that is not what it is called; the rest is copied, and the end is 1."""
    folder = log_all(logdir, "bad", points=3000)
    log_all(logdir, "good", points=5)
    (path,) = logdirs.segment_files(folder)
    without_chunks(path)
    damaged = bytearray(path.read_bytes())
    at = damaged.index(np.float64(1.0 / 1234).tobytes())
    damaged[at] ^= 1
    path.write_bytes(damaged)
    model = next((folder / "models").iterdir())
    model.write_bytes(b"x" + model.read_bytes()[1:])
    assert cli.main(["copy", "*", "--logdir", str(logdir), "--to", str(tmp_path / "back")]) == 1
    said = capsys.readouterr()
    assert f"bad/{path.name} is not copied" in said.err
    assert f"bad/models/{model.name} is not copied" in said.err
    assert "good: copied" in said.out
    assert run_of(tmp_path / "back" / "good") == run_of(logdir / "good")


def test_the_original_is_not_written_by_its_copy(logdir: Path, tmp_path: Path) -> None:
    """Copied back, there is nothing to do; a copy by `cp` that is behind is named and left alone."""
    run = tracker.init(logdir=logdir, name="a", machine=False)
    run.log({"loss": 1.0})
    run.flush()
    there = copied(run.folder, tmp_path / "back")
    before = run_of(run.folder)
    copied(there, logdir, "a")
    assert run_of(run.folder) == before
    shutil.copytree(run.folder, tmp_path / "back" / "by-hand")
    run.log({"loss": 2.0})
    run.finish()
    with contextlib.closing(FolderPlace(tmp_path / "back", "by-hand")) as place:
        found = copy_run(run.folder, place)
    assert "by other means" in next(iter(found.problems.values()))


def test_two_do_not_copy_to_one_folder_at_once(logdir: Path, tmp_path: Path) -> None:
    """A segment has one writer; and no folder is left where nothing was copied."""
    place = FolderPlace(tmp_path / "back", "a/b")
    with pytest.raises(CopyError, match="at this moment"):
        FolderPlace(tmp_path / "back", "a/b")
    place.close()
    assert not (tmp_path / "back" / "a").exists()


def test_links_below_the_target_are_not_followed(logdir: Path, tmp_path: Path) -> None:
    """Of the run's folder, its segment, its page, its models."""
    folder = log_all(logdir, "a", points=5)
    (path,) = logdirs.segment_files(folder)
    page_file.set_property(folder, "note", "good")
    back, victim = tmp_path / "back", tmp_path / "victim"
    victim.mkdir()
    (victim / "file").write_bytes(b"")
    back.mkdir()
    (back / "a").symlink_to(victim)
    with pytest.raises(CopyError, match="link"):
        FolderPlace(back, "a")
    (back / "a").unlink()
    for name in (path.name, "page.sqlite", f".{path.name}.unborn", "models"):
        (back / "a").mkdir()
        (back / "a" / name).symlink_to(victim if name == "models" else victim / "file")
        with contextlib.closing(FolderPlace(back, "a")) as place, contextlib.suppress(CopyError):
            copy_run(folder, place)
        assert [each.name for each in victim.iterdir()] == ["file"], name
        assert (victim / "file").read_bytes() == b"", name
        shutil.rmtree(back / "a")


# --- pages -----------------------------------------------------------------------------------------------

KEYS = st.sampled_from(["name", "note", "tags"])
WORDS = st.lists(st.tuples(st.booleans(), KEYS, st.sampled_from([None, "x", "y"])), max_size=8)


@examples(25)
@given(WORDS)
def test_of_two_words_on_the_same_the_later_one_holds(words: list[tuple[bool, str, str | None]]) -> None:
    """Said here or there in any order, and copied to and fro: both say the same, and a second copy changes nothing."""
    with tempfile.TemporaryDirectory() as made:
        here, there = Path(made) / "here", Path(made) / "there"
        holds: dict[str, str] = {}
        clock = iter(range(1, 100))
        for place in (here, there):
            place.mkdir()
        for is_here, key, value in words:
            place = here if is_here else there
            with pytest.MonkeyPatch.context() as patch:
                now = float(next(clock))
                patch.setattr(page_file.time, "time", lambda now=now: now)
                page_file.set_property(place, key, value)
            holds.pop(key, None)
            holds |= {key: value} if value is not None else {}
        merge(here, there)
        merge(there, here)
        for place in (here, there):
            assert {key: value for key, value, _ in said_of(place).get("properties", [])} == {
                key: f'"{value}"' for key, value in holds.items()
            }
        before = stamps_of(Path(made))
        merge(here, there)
        merge(there, here)
        assert stamps_of(Path(made)) == before


def merge(source: Path, target: Path) -> None:
    from tracker.store.read import page_rows

    page_merge.merge(target, page_rows.read(source))


def test_a_copy_steers_no_run(logdir: Path, tmp_path: Path) -> None:
    """What was asked on a copy's page is not brought to a run that lives; once it is over it is history."""
    run = tracker.init(logdir=logdir, name="a", machine=False)
    run.log({"loss": 1.0})
    run.flush()
    there = copied(run.folder, tmp_path / "back")
    page_file.add_command(there, "n1", "control:stop", True, None, "somebody")
    merge(there, run.folder)
    assert said_of(run.folder) == {}
    run.finish()
    merge(there, run.folder)
    assert [row[0] for row in said_of(run.folder)["commands"]] == ["n1"]


@pytest.mark.parametrize("page", [[], {}, {"properties": [], "commands": {}}, {"properties": [["a", "b"]], "commands": []},
    {"properties": [["a", "b", "c"]], "commands": []}, {"properties": [], "commands": [["", 1.0, "a", "1", None, None]]},
    {"properties": [["a" * 501, "b", 1.0]], "commands": []}, {"properties": [["a", "b", 1e13]], "commands": []}], ids=range(8))  # fmt: skip
def test_what_is_no_page_is_refused(page: Any) -> None:
    """Whatever somebody sends."""
    from tracker.errors import DamagedBytesError
    from tracker.store.run_page import of_json

    assert of_json({"properties": [["a", "1", 1.0]], "commands": []}) == RunPage([("a", "1", 1.0)], [])
    with pytest.raises(DamagedBytesError):
        of_json(page)
