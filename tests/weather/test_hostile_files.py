"""Files that were damaged, or made to do harm: each is named, the others are read, and nothing outside is touched.

A logdir is mailed, unpacked, shared: what lies in it comes from anybody.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from command import viz
from harmed import HARM, READ_AS_ANY, change, journal_naming, log
from tree_hash import tree

import tracker
from tracker import logdir as logdirs
from tracker.errors import StoreError
from tracker.store.read import read_only, segments


@pytest.mark.parametrize("harm", HARM)
def test_a_file_is_its_own_problem(harm: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Reading it ends, at once and with the store's own error; or it gives what is there."""
    path = log(tmp_path / "runs", "bad")
    HARM[harm](path)
    began = time.monotonic()
    run = tracker.open(tmp_path / "runs").run("bad") if logdirs.segment_files(path.parent) else None
    for question in (
        lambda: segments.read(stack.enter_context(read_only.snapshot(path)), path),
        lambda: run and run.scalars("loss"),
        lambda: run and run.envelope("loss", 100),
        lambda: run and run.tags(),
        lambda: run and (run.status, run.config, run.problems()),
    ):
        with contextlib.suppress(StoreError, FileNotFoundError, LookupError), contextlib.ExitStack() as stack:
            question()
    assert time.monotonic() - began < 20, "a bound far from what it takes, against reading without end"


def computed(path: Path, spelling: str) -> None:
    """In place of what was lost a column that SQLite computes at each look."""
    others = ", ".join(name for name in read_only.columns.STATE if name != "lost")
    change(path, "ALTER TABLE state RENAME TO old", f"CREATE TABLE state ({others}, {spelling} ('{{\"x\":' || 1 || '}}'))",
           f"INSERT INTO state SELECT {others} FROM old", "DROP TABLE old")  # fmt: skip


@pytest.mark.parametrize(
    "spelling",
    [
        "lost TEXT AS",
        '"lost"AS',
        "[lost]aS",
        "lost\x0cAS\x0c",
        "lost\rAS\r",
        "lost TEXT(1)AS",
        "lost GENERATED ALWAYS AS",
    ],
)
def test_a_computed_column_is_not_computed(spelling: str, tmp_path: Path) -> None:
    """However SQLite lets it be written; what it computes could take hours within a single step."""
    path = log(tmp_path, "bad")
    computed(path, spelling)
    with pytest.raises(StoreError, match="something else than tables"):
        read_only.connect(path)


def test_a_schema_that_is_no_text_is_damage(tmp_path: Path) -> None:
    """One flipped byte of the first page, which SQLite cites in its error; the run beside it is told."""
    log(tmp_path, "good")
    HARM["a schema that is no text"](log(tmp_path, "bad"))
    assert [(run.name, run.status) for run in tracker.open(tmp_path).runs()] == [("bad", "unreadable"), ("good", "finished")]  # fmt: skip
    assert "cannot be read" in str(tracker.open(tmp_path).run("bad").problems()[0])
    mended = viz("doctor", "--repair", "--logdir", tmp_path)
    assert (mended.returncode, mended.stderr) == (0, "")
    assert len(tracker.open(tmp_path).run("bad").scalars("loss")) == 100


@pytest.mark.parametrize("index", ["state (lost || 'x')", "state (lost) WHERE lost LIKE '%x'"])
def test_an_index_is_of_columns(index: str, tmp_path: Path) -> None:
    """One of an expression is computed when the file is examined."""
    path = log(tmp_path, "bad")
    change(path, f"CREATE INDEX odd ON {index}")
    with pytest.raises(StoreError, match="something else than tables"):
        read_only.connect(path)


def test_more_series_than_any_run_are_damage(tmp_path: Path) -> None:
    """Two million of them took 125 MiB before they were refused, wherever they are read."""
    import tracemalloc

    from dashboard.live.catalog import Catalog

    log(tmp_path, "good")
    counting = "WITH RECURSIVE c(x) AS (SELECT 100 UNION ALL SELECT x+1 FROM c WHERE x < 300000)"
    change(
        log(tmp_path, "bad"),
        f"INSERT INTO series (id, kind, tag, checksum) {counting} SELECT x, 'scalar', 't' || x, 0 FROM c",
    )
    tracemalloc.start()
    try:
        library = Catalog(tmp_path)
        library.scan()
        with pytest.raises(StoreError, match="more series than any run"):
            tracker.open(tmp_path).run("bad").tags()
        assert tracemalloc.get_traced_memory()[1] < 64 << 20
    finally:
        tracemalloc.stop()
    assert ["more series" in problem.why for problem in library.runs["bad"].problems.values()] == [True]
    assert not library.runs["good"].problems


def test_no_command_waits_for_what_is_no_file(tmp_path: Path) -> None:
    """A FIFO as a segment, or beside one that is to be mended or imported: SQLite would wait for its other end."""
    for harm in ("WAL is a FIFO", "file is a FIFO", "journal is a FIFO"):
        HARM[harm](log(tmp_path / "runs", harm))
    assert viz("doctor", "--repair", "--logdir", tmp_path / "runs").returncode in (0, 1)
    HARM["WAL is a FIFO"](log(tmp_path / "others", "bad"))
    (path,) = (tmp_path / "others" / "bad").glob("*.sqlite")
    told = viz("import", path, "--logdir", tmp_path / "imported")
    assert "no plain file" in told.stdout + told.stderr


def test_reading_an_empty_file_leaves_what_lies_beside_it(tmp_path: Path) -> None:
    """SQLite, let near a database of no pages, removes its WAL file even where it only reads."""
    path = log(tmp_path, "bad")
    path.write_bytes(b"")
    for ending in ("-wal", "-journal"):
        Path(f"{path}{ending}").write_bytes(b"x" * 600)
    before = tree(path.parent)
    with pytest.raises(StoreError, match="the file is empty"):
        read_only.connect(path)
    assert tree(path.parent) == before


@pytest.mark.skipif(sys.version_info < (3, 11), reason="SQLite's limits cannot be set before Python 3.11")
def test_a_text_that_is_too_large_is_not_taken_into_memory(tmp_path: Path) -> None:
    """Settings cost the run nothing else; any other one is damage."""
    path = log(tmp_path, "bad")
    change(path, "UPDATE segment SET config=CAST(zeroblob(5000000) AS TEXT)")
    run = tracker.open(tmp_path).run("bad")
    assert run.config == {"config": "too large to be read"}
    assert len(run.scalars("loss")) == 100
    change(path, "UPDATE segment SET notes=CAST(zeroblob(5000000) AS TEXT)")
    assert "its notes is larger" in str(run.problems()[0])


# --- the server -----------------------------------------------------------------------------------------------


def _without_privilege() -> None:
    """Root, who reads what nobody may, is as anybody from the next program on (Linux)."""
    if os.getuid() == 0:
        import ctypes

        for capability in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
            ctypes.CDLL(None).prctl(24, capability, 0, 0, 0)  # PR_CAPBSET_DROP


@contextlib.contextmanager
def serving(root: Path, *arguments: str) -> Iterator[str]:
    """A server of a logdir, as a user who may not read everything where that can be; its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "dashboard", "serve", "--logdir", root, "--no-token", "--port", "0", *arguments],
        stdout=subprocess.PIPE, text=True, env={**os.environ, "XDG_CACHE_HOME": str(root.parent / "cache")},
        preexec_fn=_without_privilege,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        yield next(word for line in process.stdout for word in line.split() if word.startswith("http")).rstrip("/")
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0, "SIGTERM ends it"
    finally:
        process.kill()
        process.communicate()


def ask(address: str) -> Any:
    """A JSON answer."""
    with urllib.request.urlopen(address, timeout=60) as answer:
        return json.load(answer)


def test_one_server_over_all_of_them(tmp_path: Path, victim: Path) -> None:
    """The good run is listed, drawn and followed live; each bad one is named; the server ends when it is asked to."""
    root = tmp_path / "runs"
    good = log(root, "good")
    for number, (harm, do) in enumerate(HARM.items()):
        do(log(root, f"bad {number:02d} {harm.replace('/', '_')}"))
    Path(f"{log(root, 'journal')}-journal").write_bytes(journal_naming(good, victim))
    outside = tree(victim.parent)
    with serving(root) as address:
        runs = {run["name"]: run for run in ask(f"{address}/api/v1/runs")["runs"]}
        assert runs["good"]["status"] == "finished"
        assert runs["good"]["scalars"]["loss"]["value"] == 0.01
        silent = [
            name for name, run in runs.items() if name != "good" and not run["problems"] and name[7:] not in READ_AS_ANY
        ]
        assert not silent
        curve = ask(f"{address}/api/v1/scalars?run=good&tag=loss&columns=1000")
        assert curve["points"] == 100, curve.keys()
        assert ask(f"{address}/api/v1/table")["runs"]["good"]["loss"][0] == 0.01
        assert ask(f"{address}/healthz") == {"status": "ok"}
        shutil.copytree(root / "good", root / "later")
        deadline = time.monotonic() + 60
        while "later" not in {run["name"] for run in ask(f"{address}/api/v1/runs")["runs"]}:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    assert tree(victim.parent) == outside
