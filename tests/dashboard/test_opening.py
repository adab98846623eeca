"""Opening a large logdir: the list comes first, what is known is not asked for again, and all is what the files say."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from opened_segments import opened
from starlette.testclient import TestClient

import tracker
from dashboard.api import curves
from dashboard.live import catalog, catalog_cache, file_stamps, folders, websocket
from dashboard.live.catalog import Catalog
from dashboard.live.folders import Folders
from dashboard.live.run_list import compact_list
from dashboard.server.application import create_app
from dashboard.server.settings import Settings
from tracker import logdir as logdirs

NAMES = [f"r{number}" for number in range(6)]


@pytest.fixture(autouse=True)
def _of_any_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """A logdir of six runs is a large one, and what was just written counts as settled."""
    monkeypatch.setattr(catalog, "MET_AT_ONCE", 2)
    for module in (catalog_cache, websocket):
        monkeypatch.setattr(module, "WORTH_IT", 0)
    monkeypatch.setattr(file_stamps, "SETTLED_S", -1.0)
    monkeypatch.setattr(folders, "YOUNG_S", -60.0)


def _log_six(root: Path) -> None:
    for number, name in enumerate(NAMES):
        with tracker.init(logdir=root, name=name, machine=False, config={"lr": 0.1 * number}) as run:
            for step in range(5):
                value = float(step * number) if number else float("nan")
                run.log({"loss": value, "other": float("inf")}, step=step)


@pytest.fixture
def six(logdir: Path, fill: Callable[..., None]) -> Path:
    """A logdir of six finished runs, each a day after the one before."""
    fill(logdir, _log_six)
    for number, name in enumerate(NAMES):
        (path,) = logdirs.segment_files(logdir / name)
        path.rename(path.with_name(f"events.2026010{number + 1}T000000-{path.stem[-8:]}.sqlite"))
    return logdir


def test_the_first_look_meets_the_newest_runs_and_lists_all(six: Path, tmp_path: Path) -> None:
    """Of the others there is the name and when they began; meeting them ends where one long look does."""
    plain, library = Catalog(six), Catalog(six, index=tmp_path / "index")
    plain.scan()
    library.scan(glance=True, patience_s=0.0)
    first = compact_list(library.runs.values())
    assert [run["name"] for run in first["runs"]] == ["r4", "r5"]
    assert first["unmet"]["names"] == ["r0", "r1", "r2", "r3"]
    assert time.gmtime(first["unmet"]["began"][2])[:6] == (2026, 1, 3, 0, 0, 0)
    assert not library.is_complete
    library.scan()  # nothing came or went: who was not met is left to `meet`
    assert len(library.unmet) == 4
    library.look(["r0"])  # it was written to
    library.meet(0.0)
    assert library.met == ["r5", "r4", "r0", "r3"]
    library.complete()
    assert library.is_complete
    assert compact_list(library.runs.values()) == compact_list(plain.runs.values()) | {
        "unmet": {"names": [], "began": []}
    }


def test_a_run_that_goes_before_it_was_met_is_none(six: Path) -> None:
    """It is told as removed like any other."""
    library = Catalog(six)
    library.scan(glance=True, patience_s=0.0)
    shutil.rmtree(six / "r1")
    assert library.scan().removed == ["r1"]
    library.complete()
    assert sorted(library.runs) == ["r0", "r2", "r3", "r4", "r5"]


def test_what_is_kept_is_taken_over_as_runs_are_met(six: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A start with an index opens no file and lists no folder, though it meets them by and by."""
    first = Catalog(six, index=tmp_path / "index")
    first.scan()
    first.keep()
    files = opened(monkeypatch)
    listed: list[Path] = []
    monkeypatch.setattr(logdirs, "segment_files", listed.append)
    monkeypatch.setattr(logdirs, "all_run_folders", lambda *_: pytest.fail("the logdir was walked"))
    second = Catalog(six, index=tmp_path / "index")
    second.scan(glance=True, patience_s=0.0)
    second.complete()
    assert (files, listed) == ([], [])
    assert compact_list(second.runs.values()) == compact_list(first.runs.values())


def test_a_folder_is_listed_again_where_something_came_or_went(six: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also in one that holds no run, and behind a link, of which no folder's times tell."""
    (six / "empty").mkdir()
    known = Folders(six, None)
    walks = []
    walk = logdirs.all_run_folders
    monkeypatch.setattr(logdirs, "all_run_folders", lambda *asked: walks.append(asked) or walk(*asked))
    assert list(known.look()) == list(known.look()) == NAMES
    assert len(walks) == 1
    shutil.copytree(six / "r0", six / "empty" / "r0")
    assert list(known.look()) == ["empty/r0", *NAMES]
    shutil.rmtree(six / "r2")
    assert "r2" not in known.look()
    assert len(walks) == 3
    target = six.parent / "elsewhere"
    shutil.copytree(six / "r1", target / "r1")
    (six / "linked").symlink_to(target)
    assert "linked/r1" in known.look()
    shutil.copytree(six / "r1", target / "r9")
    assert "linked/r9" in known.look()


def test_a_folder_that_was_changed_just_now_is_not_believed(six: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may change once more within one tick of its clock."""
    monkeypatch.setattr(folders, "YOUNG_S", 60.0)
    known = Folders(six, None)
    known.look()
    assert known.known.paths == []
    assert known.stamp_of(six / "r0") is None


def test_a_logdir_that_is_a_run_itself_is_known_again(
    six: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has no folder besides those of runs."""
    shutil.copytree(six / "r0", six, dirs_exist_ok=True)
    first = Catalog(six, index=tmp_path / "index")
    first.scan()
    first.keep()
    monkeypatch.setattr(logdirs, "all_run_folders", lambda *_: pytest.fail("the logdir was walked"))
    second = Catalog(six, index=tmp_path / "index")
    second.scan()
    assert list(second.runs) == [".", *NAMES]


def test_folders_of_any_number_are_listed(six: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond 63 bits they cannot be known again, and are gone through anew."""
    monkeypatch.setattr(Folders, "stamp_of", lambda *_: (1, 1 << 63, 0, 0))
    known = Folders(six, None)
    assert list(known.look()) == list(known.look()) == NAMES


def asked(made: TestClient, **more: Any) -> bytes:
    """The answer to a question for curves, as it is sent."""
    answer = made.post("/api/v1/curves", json={"tag": "loss", "runs": NAMES, "columns": 100, **more})
    assert answer.status_code == 200
    return answer.content


def served(root: Path, index: Path) -> TestClient:
    return TestClient(create_app(Settings(root, index=index)), base_url="http://127.0.0.1:6006")


def whole(made: TestClient) -> dict[str, Any]:
    """The list of runs, once all of them were met, as a page puts it together."""
    found: dict[str, Any] = made.get("/api/v1/runs?form=page").json()
    unmet = found["unmet"]["names"]
    while unmet:
        more = made.get(f"/api/v1/runs?form=page&met={found['met']}").json()
        names = {run["name"] for run in more["runs"]}
        found["runs"] += more["runs"]
        unmet = [name for name in unmet if name not in names]
        found["met"] = more["met"]
        assert more["left"] == len(unmet)
    return found


def test_a_page_is_told_of_the_others_as_they_are_met(six: Path, tmp_path: Path) -> None:
    """Each once; what is not finite is a word."""
    with served(six, tmp_path / "index") as made:
        found = whole(made)
        table = made.get("/api/v1/table").json()["runs"]
    assert sorted(run["name"] for run in found["runs"]) == NAMES
    values = {run["name"]: run["scalars"]["loss"]["value"] for run in found["runs"]}
    assert [values[name] for name in NAMES] == ["NaN", 4.0, 8.0, 12.0, 16.0, 20.0]
    assert [table[name]["loss"][0] for name in NAMES] == ["NaN", 4.0, 8.0, 12.0, 16.0, 20.0]


def test_curves_of_finished_runs_are_kept_for_the_next_start(
    six: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They come to the same bytes from no file; of a run that went on since they are read anew."""
    with served(six, tmp_path / "index") as made:
        whole(made)
        first, both = asked(made, also=["other"]), asked(made, tag=None, tags=["loss", "other"])
    files = opened(monkeypatch)
    with served(six, tmp_path / "index") as made:
        whole(made)
        assert asked(made) == first
        assert asked(made, tag=None, tags=["loss", "other"]) == both
        assert files == []
        narrow = asked(made, columns=1)  # more points than a card of one column is sent
        assert len(files) == 6
        assert asked(made, columns=1) == narrow
        assert len(files) == 6
        assert asked(made, start=3) != first
    with tracker.init(logdir=six, name="r3", resume="allow", machine=False) as run:
        run.log({"loss": 77.0}, step=9)
    with served(six, tmp_path / "index") as made:
        whole(made)
        assert asked(made) != first


@pytest.mark.parametrize("damage", ["cut", "flipped", "other", "empty", "another tag's"])
def test_kept_curves_that_are_damaged_or_foreign_are_thrown_away(six: Path, tmp_path: Path, damage: str) -> None:
    """They are read from the runs, and kept anew."""
    with served(six, tmp_path / "index") as made:
        whole(made)
        first = asked(made)
        asked(made, tag="other")
    kept = sorted((tmp_path / "index.curves").iterdir(), key=lambda path: b'"loss"' not in path.read_bytes())
    data = kept[0].read_bytes()
    changed = {
        "cut": data[:-9],
        "flipped": data[:-9] + bytes([data[-9] ^ 1]) + data[-8:],
        "other": b"{}" * 400,
        "empty": b"",
        "another tag's": kept[1].read_bytes(),
    }
    kept[0].write_bytes(changed[damage])
    for _ in range(2):
        with served(six, tmp_path / "index") as made:
            whole(made)
            assert asked(made) == first
    assert kept[0].read_bytes()[-64:] == data[-64:]


def test_of_kept_curves_those_are_read_that_somebody_asks_for(
    six: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each block is compared with its checksum then: a damaged one costs nobody who does not ask for it."""
    monkeypatch.setattr(curves, "KEPT_TOGETHER", 1)
    monkeypatch.setattr(curves, "CURVES_A_TURN", 1)
    with served(six, tmp_path / "index") as made:
        whole(made)
        first = [asked(made, runs=[name]) for name in NAMES]
    (kept,) = (tmp_path / "index.curves").iterdir()
    data = kept.read_bytes()
    kept.write_bytes(data[:-9] + bytes([data[-9] ^ 1]) + data[-8:])  # among the last one's columns
    files = opened(monkeypatch)
    with served(six, tmp_path / "index") as made:
        whole(made)
        assert [asked(made, runs=[name]) for name in NAMES[:-1]] == first[:-1]
        assert files == []
        assert asked(made, runs=[NAMES[-1]]) == first[-1]
        assert len(files) == 1
        assert [asked(made, runs=[name]) for name in NAMES] == first


def test_a_cache_that_cannot_be_written_costs_nothing_else(six: Path, tmp_path: Path) -> None:
    """A file where its folder should be."""
    (tmp_path / "index.curves").write_text("")
    with served(six, tmp_path / "index") as made:
        whole(made)
        assert asked(made) == asked(made)
