"""The index of a logdir: what it saves is time; what is shown is always what the files say."""

from __future__ import annotations

import json
import os
import secrets
import shutil
from pathlib import Path
from typing import Any

import pytest
from examples import examples
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from opened_segments import opened

import tracker
from dashboard.live import cache_writer, catalog, catalog_cache, file_stamps, folders, segment_state, user_edits
from dashboard.live.catalog import Catalog
from dashboard.live.changes import Changes
from dashboard.live.run_list import compact_list, last_step_of


@pytest.fixture(autouse=True)
def _of_any_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """A logdir of three runs has an index too, and what was just written counts as settled."""
    monkeypatch.setattr(catalog_cache, "WORTH_IT", 0)
    monkeypatch.setattr(file_stamps, "SETTLED_S", -1.0)
    monkeypatch.setattr(folders, "YOUNG_S", -60.0)


def log(root: Path, name: str, values: list[float], **how: Any) -> None:
    """A run, or more of one, of two curves."""
    with tracker.init(logdir=root, name=name, machine=False, **how) as run:
        for step, value in enumerate(values):
            run.log({"loss": value, "other": -value}, step=step)


def told(library: Catalog) -> Any:
    """All that a library says of its runs."""
    return {name: repr(run.summary()) for name, run in library.runs.items()}


def read_at_a_start(logdir: Path, folder: Path, first: Catalog, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The runs of which a start with the index opens a file; in the end it knows what the one before did."""
    files = opened(monkeypatch)
    second = Catalog(logdir, index=folder / "index")
    second.scan()
    assert told(second) == told(first)
    return [path.parent.name for path in files]


def test_a_start_with_an_index_opens_no_file(logdir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And knows the same, marks and words of the page included."""
    for number in range(3):
        log(logdir, f"run{number}", [1.0, float("nan"), float(number)])
    with tracker.init(logdir=logdir, name="marked", machine=False) as run:
        run.mark("here", step=0)
    user_edits.write(logdir / "run1", "note", "the good one")
    first = Catalog(logdir, index=tmp_path / "index")
    first.scan()
    first.keep()
    files = opened(monkeypatch)
    second = Catalog(logdir, index=tmp_path / "index")
    news = second.scan(glance=True)
    assert files == []
    assert second.is_complete
    assert told(second) == told(first)
    assert set(news.changed) == set(first.runs)
    assert [any(s.has_marks for s in run.segments.values()) for run in second.runs.values()].count(True) == 1
    assert compact_list(second.runs.values()) == compact_list(first.runs.values())


def test_an_index_is_decoded_run_by_run_the_newest_first(
    logdir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it says of a run that nobody has looked at yet costs nothing, and names are no order of age."""
    monkeypatch.setattr(catalog, "MET_AT_ONCE", 1)
    for name in ("b", "c", "a"):
        log(logdir, name, [1.0])
    first = Catalog(logdir, index=tmp_path / "index")
    first.scan()
    first.keep()
    decoded: list[str] = []
    of = catalog_cache.Index.of
    monkeypatch.setattr(
        catalog_cache.Index, "of", lambda self, place: decoded.append(Path(place).name) or of(self, place)
    )
    second = Catalog(logdir, index=tmp_path / "index")
    second.scan(glance=True, patience_s=0.0)
    assert decoded == ["a"]
    assert compact_list(second.runs.values())["unmet"] == {
        "names": ["b", "c"],
        "began": [first.runs[name].known()[0].created for name in ("b", "c")],
    }
    second.complete()
    assert decoded == ["a", "c", "b"]
    assert told(second) == told(first)


def test_an_entry_that_cannot_be_understood_costs_its_run_and_no_other(
    logdir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though its checksum fits: that run is read from its file."""
    for name in ("a", "b"):
        log(logdir, name, [1.0, 2.0])
    first = Catalog(logdir, index=tmp_path / "index")
    first.scan()
    dumps, spoiled = json.dumps, []

    def odd(value: Any, **how: Any) -> str:
        text = dumps(value, **how)
        if '"finished"' not in text or spoiled:
            return text
        spoiled.append(text)
        return text.replace('"finished"', '["inished]')

    with monkeypatch.context() as patched:
        patched.setattr(json, "dumps", odd)
        first.keep()
    assert spoiled
    assert read_at_a_start(logdir, tmp_path, first, monkeypatch) == ["a"]


def test_an_entry_that_a_disk_has_changed_costs_its_run_and_no_other(
    logdir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each has a checksum of its own: a value that is as sound as before, and another one, is never shown."""
    for name in ("a", "b"):
        log(logdir, name, [1.0, 2.0], notes=f"note {name}")
    first = Catalog(logdir, index=tmp_path / "index")
    first.scan()
    first.keep()
    data = (tmp_path / "index").read_bytes()
    assert data.count(b"note b") == 1
    (tmp_path / "index").write_bytes(data.replace(b"note b", b"note c"))
    assert read_at_a_start(logdir, tmp_path, first, monkeypatch) == ["b"]


def test_entries_are_those_of_the_index_that_was_opened(
    logdir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another server replaces the file while runs are still met by it."""
    monkeypatch.setattr(catalog, "MET_AT_ONCE", 1)
    for name in ("a", "b", "c"):
        log(logdir, name, [1.0])
    first = Catalog(logdir, index=tmp_path / "index")
    first.scan()
    first.keep()
    files = opened(monkeypatch)
    second = Catalog(logdir, index=tmp_path / "index")
    second.scan(patience_s=0.0)
    first.runs = {"c": first.runs["c"]}
    first.keep()
    second.complete()
    assert files == []
    assert list(second.runs) == ["a", "b", "c"]


def test_what_changes_while_the_index_is_written_is_read_from_its_file(
    logdir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is written in pieces, between which runs go on, come and go."""
    monkeypatch.setattr(cache_writer, "A_PIECE", 1)
    for name in ("a", "b", "c"):
        log(logdir, name, [1.0])
    first = Catalog(logdir, index=tmp_path / "index")
    first.scan()
    pieces = first.keeping()
    next(pieces)
    log(logdir, "a", [5.0], resume="allow")
    log(logdir, "d", [4.0])
    shutil.rmtree(logdir / "b")
    first.scan()
    assert len([*pieces]) == 2
    second, plain = Catalog(logdir, index=tmp_path / "index"), Catalog(logdir)
    for each in (second, plain):
        each.scan()
    assert told(second) == told(plain)
    unfinished = first.keeping()
    next(unfinished)
    unfinished.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["index", "runs"]


CHANGES = ("log", "resume", "delete", "rename", "truncate", "garble", "swap", "touch", "say", "keep")


@pytest.mark.long
@examples(40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(CHANGES), st.integers(0, 3), st.integers(1, 70)), max_size=8))
def test_an_old_index_never_shows_what_is_no_longer_so(tmp_path: Path, changes: list[tuple[str, int, int]]) -> None:
    """Whatever happened to the files since it was written, and also when it was written in between."""
    root, kept = tmp_path / "runs", tmp_path / "index"
    shutil.rmtree(root, ignore_errors=True)
    kept.unlink(missing_ok=True)
    template = tmp_path / "template"
    if not template.exists():
        for number in range(3):
            log(template, f"r{number}", [float(number)] * 3)
    shutil.copytree(template, root)
    for change, number, size in [("keep", 0, 1), *changes]:
        folder = root / f"r{number}"
        files = sorted(folder.glob("events.*.sqlite"))
        if change == "keep":
            library = Catalog(root, index=kept)
            library.scan()
            library.keep()
        elif change == "log":
            log(root, "new", [float(size)] * size)
        elif change == "resume":
            log(root, f"r{number}", [float(size)] * size, resume="allow")
        elif not files:
            continue
        elif change == "delete":
            shutil.rmtree(folder)
        elif change == "rename":
            folder.rename(root / f"moved{len(list(root.iterdir()))}-{number}-{secrets.token_hex(4)}")
        elif change == "truncate":
            os.truncate(files[0], files[0].stat().st_size // 2)
        elif change == "garble":
            _write_in_place(files[0], b"\0" * files[0].stat().st_size)
        elif change == "swap":
            # The file of another run under this one's name, with its old size and time where they fit.
            other = next(iter(sorted(root.glob("*/events.*.sqlite"))))
            _write_in_place(files[0], other.read_bytes())
        elif change == "touch":
            os.utime(files[0], (size, size))
        elif change == "say":
            user_edits.write(folder, "note", f"note {size}")
    plain, quick = Catalog(root), Catalog(root, index=kept)
    plain.scan()
    quick.scan(glance=True)
    quick.complete()
    assert told(quick) == told(plain)


def test_a_file_that_was_overwritten_is_read_anew(logdir: Path, tmp_path: Path) -> None:
    """Of the same inode, size and time as before: the time of its last change is the system's own."""
    log(logdir, "a", [1.0])
    log(logdir, "b", [2.0])
    first = Catalog(logdir, index=tmp_path / "index")
    first.scan()
    first.keep()
    (a,), (b,) = logdir.glob("a/events.*.sqlite"), logdir.glob("b/events.*.sqlite")
    assert a.stat().st_size == b.stat().st_size
    _write_in_place(a, b.read_bytes())
    second = Catalog(logdir, index=tmp_path / "index")
    second.scan()
    assert second.runs["a"].summary()["scalars"]["loss"]["value"] == 2.0


def _write_in_place(path: Path, data: bytes) -> None:
    """Changes a file as nobody should: same inode, and the time that it had before."""
    before = path.stat()
    with path.open("r+b") as file:
        file.truncate(len(data))
        file.write(data)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.parametrize("damage", ["cut", "flipped", "other number", "other name", "empty", "other", "older"])
def test_a_damaged_index_is_not_used(logdir: Path, tmp_path: Path, damage: str) -> None:
    """It is made anew from the files."""
    log(logdir, "a", [1.0, 2.0])
    kept = tmp_path / "index"
    library = Catalog(logdir, index=kept)
    library.scan()
    library.keep()
    data = kept.read_bytes()
    middle = len(data) // 2
    kept.write_bytes(
        {
            "cut": data[:middle],
            "flipped": data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :],
            "other number": data[:-9] + bytes([data[-9] ^ 1]) + data[-8:],  # in the checksum of the last entry
            "other name": data.replace(b'"runs":{"a":', b'"runs":{"b":'),
            "empty": b"",
            "other": b"{}" * 400,
            "older": data.replace(catalog_cache.MAGIC, catalog_cache.MAGIC[:-2] + b"0\n", 1),
        }[damage]
    )
    again = Catalog(logdir, index=kept)
    again.scan()
    assert told(again) == told(library)
    again.keep()
    assert kept.read_bytes() == data


def test_a_cache_folder_that_cannot_be_written_costs_only_the_index(logdir: Path, tmp_path: Path) -> None:
    """A file where the folder should be: nothing is kept, nothing is lost."""
    (tmp_path / "taken").write_text("")
    log(logdir, "a", [1.0])
    library = Catalog(logdir, index=tmp_path / "taken" / "index")
    library.scan()
    library.keep()
    assert told(library)


def test_what_is_being_written_is_not_kept(logdir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A commit may be on its way into a file that looks the same."""
    monkeypatch.setattr(file_stamps, "SETTLED_S", 3600.0)
    log(logdir, "a", [1.0])
    library = Catalog(logdir, index=tmp_path / "index")
    library.scan()
    library.keep()
    files = opened(monkeypatch)
    Catalog(logdir, index=tmp_path / "index").scan()
    assert len(files) == 1


def test_a_glance_reads_the_headline_and_completing_the_rest(logdir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The list is there at once, says nothing that it does not know, and then all of it."""
    monkeypatch.setattr(segment_state, "FEW_SERIES", 0)
    for number in range(3):
        log(logdir, f"run{number}", [3.0, 2.0, float(number)])
    library, plain = Catalog(logdir), Catalog(logdir)
    plain.scan()
    library.scan(glance=True)
    brief = compact_list(library.runs.values())
    assert [run["scalars"]["loss"]["value"] for run in brief["runs"]] == [0.0, 1.0, 2.0]
    assert [run["step"] for run in brief["runs"]] == [None] * 3
    assert brief["tagsets"] == [{"scalar": ["loss", "other"]}]
    assert not library.is_complete
    news = library.complete(most=2)
    assert news.changed == {"run0": {"last"}, "run1": {"last"}}
    assert last_step_of(library.runs["run0"])["step"] == 2
    library.complete()
    assert library.is_complete
    assert told(library) == told(plain)
    assert compact_list(library.runs.values()) == compact_list(plain.runs.values())
    assert library.complete() == Changes()


def test_what_changes_after_a_glance_is_told(logdir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that was only glanced at and grew has no cursor that could be trusted: its line is asked for anew."""
    monkeypatch.setattr(segment_state, "FEW_SERIES", 0)
    log(logdir, "a", [1.0])
    library = Catalog(logdir)
    library.scan(glance=True)
    shutil.rmtree(logdir / "a")
    log(logdir, "a", [2.0, 3.0])
    assert "line" in library.scan().changed["a"]
    library.complete()
    assert library.runs["a"].summary()["scalars"]["loss"]["value"] == 3.0
