"""Runs: their names and folders, going on with one, rewinding, and what is read of them."""

from __future__ import annotations

import argparse
import dataclasses
import math
import os
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tracker
from tracker import errors
from tracker import logdir as logdirs
from tracker.store.write import claim as claims


def finished(logdir: Path, name: str | None = None, steps: range = range(3), **options: Any) -> tracker.Run:
    """A run with one point a step whose value is its step."""
    with tracker.init(logdir=logdir, name=name, **options) as run:
        for step in steps:
            run.log({"x": float(step)}, step=step)
    return run


def test_a_run_is_a_folder_named_by_its_path(logdir: Path) -> None:
    """As in TensorBoard: the name is the path below the logdir."""
    finished(logdir, "mnist/adam")
    assert [file.suffix for file in (logdir / "mnist" / "adam").iterdir()] == [".sqlite"]
    assert [run.name for run in tracker.open(logdir).runs()] == ["mnist/adam"]


def test_the_logdir_is_made_and_found_by_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """$VIZ_LOGDIR, else runs in the current folder."""
    monkeypatch.setenv("VIZ_LOGDIR", str(tmp_path / "deep" / "er"))
    finished(None, "a")  # type: ignore[arg-type]
    assert [run.name for run in tracker.open().runs()] == ["a"]
    monkeypatch.delenv("VIZ_LOGDIR")
    monkeypatch.chdir(tmp_path)
    assert logdirs.resolve(None) == tmp_path / "runs"


def test_a_name_that_is_taken_gets_a_number(logdir: Path) -> None:
    """Two trainings are never mixed by accident."""
    assert [finished(logdir, "a").name for _ in range(3)] == ["a", "a-2", "a-3"]


def test_a_run_without_a_name_gets_one(logdir: Path) -> None:
    """From the script and the time; several within a second differ."""
    names = {finished(logdir).name for _ in range(3)}
    assert len(names) == 3


def test_a_folder_that_is_there_already_can_become_a_run(logdir: Path) -> None:
    """One made for checkpoints, or the parent of other runs."""
    (logdir / "a" / "checkpoints").mkdir(parents=True)
    finished(logdir, "a/b")
    assert finished(logdir, "a").name == "a"
    assert [run.name for run in tracker.open(logdir).runs()] == ["a", "a/b"]


@pytest.mark.parametrize(
    "name", ["", " ", "/etc", "../up", "a/../../b", "a//b", "./a", "C:\\x", "a\\b", "~/a", "a\x00b", "a\nb", "x" * 300, "events.1.sqlite", 3],
    ids=lambda name: ascii(name)[:20],
)  # fmt: skip
def test_a_name_that_is_no_path_below_the_logdir_is_refused(logdir: Path, name: Any) -> None:
    """No name climbs out of the logdir or breaks the file system."""
    with pytest.raises(errors.RunNameError):
        tracker.init(logdir=logdir, name=name)
    assert list(logdir.iterdir()) == []


@pytest.mark.parametrize("name", ["損失/学習 1", "lr=0.1,bs=32", "a b%20c#?&", "..a", "a..", "🔥"])
def test_odd_names_are_names(logdir: Path, name: str) -> None:
    """Spaces, signs of URLs, other scripts."""
    finished(logdir, name)
    store = tracker.open(logdir)
    assert [run.name for run in store.runs()] == [name]
    assert store.run(name).scalars("x").value.tolist() == [0, 1, 2]


def test_a_logdir_that_cannot_be_made_says_so(tmp_path: Path) -> None:
    """At the start, where it costs nothing, and not after a night of training."""
    (tmp_path / "file").write_text("")
    with pytest.raises(errors.LogdirError, match="cannot be made"):
        tracker.init(logdir=tmp_path / "file" / "runs", name="a")
    with pytest.raises(errors.LogdirError, match="no address of a database"):
        tracker.init(logdir="postgresql://host")


ADDRESSES = [
    "s3://bucket/runs", "gs://b", "hdfs://name:9000/x", "S3://b", "abfss://c@a.dfs.core.windows.net/x", "dbfs:/x", "https://x/y", "hdfs:x", "hdfs:x",
    "file:///data/runs", "unheard-of+x://y", "mysql+driver://u:secret@h/d", "sqlite:///runs.db",
    Path("postgresql+psycopg://u:secret@h/d"),
]  # fmt: skip


@pytest.mark.parametrize("address", [*ADDRESSES, *map(Path, ADDRESSES[:4])], ids=str)
def test_an_address_is_no_folder(
    address: str | Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The system would make a local folder `s3:` and all would seem well; also where `Path` made one slash of two."""
    from dashboard import cli
    from tracker.compat.tensorboard import SummaryWriter

    finished(tmp_path / "runs", "a")
    monkeypatch.chdir(tmp_path)
    for begin in (
        lambda: tracker.init(logdir=address, name="a"),
        lambda: tracker.open(address),
        lambda: SummaryWriter(address),
        lambda: SummaryWriter(logdir=address, tfevents=True),
    ):
        with pytest.raises(ValueError, match="only folders of this machine") as said:
            begin()
        assert isinstance(said.value, errors.LogdirError)
        assert "secret" not in str(said.value)
    monkeypatch.setenv("VIZ_LOGDIR", str(address))
    with pytest.raises(errors.RemoteLogdirError):
        tracker.init(name="a")
    monkeypatch.delenv("VIZ_LOGDIR")
    assert cli.main(["export", "--logdir", "runs", "-o", str(address)]) == 1
    assert cli.main(["import", "runs", "--logdir", str(address)]) == 1
    assert capsys.readouterr().err.count("only folders of this machine") == 2
    assert [path.name for path in tmp_path.iterdir()] == ["runs"]


@pytest.mark.skipif(os.name == "nt", reason="there it is a disk")
@pytest.mark.parametrize("name", ["C:/runs", "c:\\runs", "lr:0.1", "gs1:x", "a:b/c", "2026-11-29T10:00/x"])
def test_a_colon_is_a_letter_of_a_name(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A path of Windows too, on other systems."""
    monkeypatch.chdir(tmp_path)
    finished(Path(name), "a")
    assert (tmp_path / name).is_dir()


@dataclasses.dataclass
class Options:
    lr: float = 0.1
    layers: tuple[int, ...] = (3, 4)


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (None, {}), ({"lr": 0.1, "n": np.int64(3)}, {"lr": 0.1, "n": 3}), (Options(), {"lr": 0.1, "layers": [3, 4]}),
        (argparse.Namespace(a=1), {"a": 1}), ({"x": math.nan, 3: Path("/a")}, {"x": "nan", "3": "/a"}), ({"a": {"b": [1, {2}]}}, {"a": {"b": [1, [2]]}}),
    ],
    ids=repr,
)  # fmt: skip
def test_a_configuration_is_kept_whatever_holds_it(logdir: Path, config: Any, expected: dict[str, Any]) -> None:
    """Dictionaries, dataclasses, argparse; what JSON does not know becomes text."""
    finished(logdir, "a", config=config)
    assert tracker.open(logdir).run("a").config == expected


def test_what_is_no_configuration_is_refused(logdir: Path) -> None:
    """A word is not a set of named values."""
    with pytest.raises(errors.LoggedTypeError, match="config"):
        tracker.init(logdir=logdir, name="a", config="fast")


# --- going on --------------------------------------------------------------------------------------------


def test_resume_never_must_and_allow(logdir: Path) -> None:
    """never only starts, must only goes on, allow does either."""
    with pytest.raises(errors.RunNotFoundError, match="must"):
        tracker.init(logdir=logdir, name="a", resume="must")
    assert finished(logdir, "a", resume="allow").name == "a"
    assert finished(logdir, "a", range(3, 5), resume="must").name == "a"
    with pytest.raises(errors.RunExistsError, match="never"):
        tracker.init(logdir=logdir, name="a", resume="never")
    with pytest.raises(errors.RunNameError, match="needs the name"):
        tracker.init(logdir=logdir, resume="allow")
    with pytest.raises(errors.RunNameError, match="allow"):
        tracker.init(logdir=logdir, name="a", resume="yes")
    assert tracker.open(logdir).run("a").scalars("x").step.tolist() == [0, 1, 2, 3, 4]


def test_a_resumed_run_counts_on(logdir: Path) -> None:
    """A step left out is one more than the last of the run."""
    finished(logdir, "a", range(5))
    with tracker.init(logdir=logdir, name="a", resume="allow") as run:
        run.log({"x": 1.0})
    assert tracker.open(logdir).run("a").scalars("x").step.tolist() == [0, 1, 2, 3, 4, 5]


def test_a_rewind_leaves_one_clean_line_and_loses_nothing(logdir: Path) -> None:
    """Crashed at 212, gone on from the checkpoint at 200: one line; the tail is kept, off it; no step is refused."""
    finished(logdir, "a", range(213))
    with tracker.init(logdir=logdir, name="a", resume="must", step=200) as run:
        for step in range(201, 300):
            run.log({"x": float(step)}, step=step)
    stored = tracker.open(logdir).run("a")
    assert stored.scalars("x").step.tolist() == list(range(300))
    assert stored.scalars("x", abandoned=True).step.tolist() == list(range(201, 213))
    found = stored.envelope("x", 10)
    assert (found.points, found.max.max(), found.step_last[-1]) == (300, 299.0, 299)
    assert [mark.kind for mark in stored.marks()] == ["resume"]
    assert stored.marks()[0].step == 200


def test_rewinding_again_cuts_every_branch_behind(logdir: Path) -> None:
    """Back to 200, then back to 150: what lies after 150 in either is off the line."""
    finished(logdir, "a", range(213))
    finished(logdir, "a", range(201, 250), resume="must", step=200)
    finished(logdir, "a", range(151, 160), resume="must", step=150)
    stored = tracker.open(logdir).run("a")
    assert stored.scalars("x").step.tolist() == list(range(160))
    assert len(stored.scalars("x", abandoned=True)) == (213 - 151) + (250 - 201)


def test_a_rewound_run_counts_from_its_checkpoint(logdir: Path) -> None:
    """The first step left out is one more than the checkpoint's."""
    finished(logdir, "a", range(10))
    with tracker.init(logdir=logdir, name="a", resume="must", step=4) as run:
        run.log({"x": 0.0})
    assert tracker.open(logdir).run("a").scalars("x").step.tolist() == [0, 1, 2, 3, 4, 5]


def test_a_fork_is_a_run_of_its_own_from_a_step_on(logdir: Path) -> None:
    """It holds all kinds up to the step, keeps what it was not told anew, and leaves the first run alone."""
    with tracker.init(logdir=logdir, name="a", config={"lr": 0.1}, tags=["first"]) as run:
        for step in range(100):
            values = {"x": float(step), "h": tracker.Histogram([step]), "p": tracker.Image(np.zeros((2, 2)))}
            run.log(values, step=step)
    with tracker.init(logdir=logdir, name="b", fork="a", step=49, config={"lr": 0.01}) as run:
        for step in range(50, 60):
            run.log({"x": -float(step)}, step=step)
    first, second = tracker.open(logdir).run("a"), tracker.open(logdir).run("b")
    assert first.scalars("x").value.tolist() == [float(i) for i in range(100)]
    assert second.scalars("x").value.tolist() == [float(i) if i < 50 else -float(i) for i in range(60)]
    assert len(second.histograms("h")) == len(second.images("p")) == 50
    assert (first.config, second.config) == ({"lr": 0.1}, {"lr": 0.01})
    assert second.segments()[-1].tags == ("first",)
    assert [segment.run for segment in second.segments()] == ["a", "b"]
    assert [(mark.kind, mark.text) for mark in second.marks()] == [("fork", "forked from a after step 49")]
    shutil.rmtree(logdir / "a")
    assert second.images("p")[0].array.shape[:2] == (2, 2)


def test_a_run_is_forked_while_it_is_written(logdir: Path) -> None:
    """The copy is whole as of that moment and stays so; without a name it gets the first one's with a number."""
    with tracker.init(logdir=logdir, name="a") as first:
        first.log({"x": 1.0}, step=0)
        first.flush()
        with tracker.init(logdir=logdir, fork="a") as second:
            first.log({"x": 2.0}, step=1)
            first.flush()
            second.log({"x": 3.0})
            second.flush()
            assert (second.name, tracker.open(logdir).run("a-2").status) == ("a-2", "running")
    store = tracker.open(logdir)
    assert store.run("a").scalars("x").value.tolist() == [1.0, 2.0]
    assert store.run("a-2").scalars("x").value.tolist() == [1.0, 3.0]
    assert store.run("a-2").scalars("x").step.tolist() == [0, 1]
    assert store.run("a-2").status == "finished"


def test_a_fork_that_cannot_be_says_why(logdir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing to copy, two wishes at once, many processes at once."""
    finished(logdir, "a", range(3))
    with pytest.raises(errors.RunNotFoundError, match="There is no run 'b'"):
        tracker.init(logdir=logdir, fork="b")
    with pytest.raises(errors.RunNameError, match="fork makes a new run"):
        tracker.init(logdir=logdir, name="b", fork="a", resume="allow")
    monkeypatch.setenv("WORLD_SIZE", "4")
    monkeypatch.setenv("RANK", "1")
    with pytest.raises(errors.RunNameError, match="cannot be forked by all of them"):
        tracker.init(logdir=logdir, name="b", fork="a")
    assert [run.name for run in tracker.open(logdir).runs()] == ["a"]


def test_what_is_not_said_anew_holds_on(logdir: Path) -> None:
    """A run that is resumed without its configuration keeps it."""
    with tracker.init(logdir=logdir, name="a", config={"lr": 1}, group="g", tags=["t"], notes="n"):
        pass
    with tracker.init(logdir=logdir, name="a", resume="must"):
        pass
    newest = tracker.open(logdir).run("a").segments()[-1]
    assert (newest.config, newest.group, newest.tags, newest.notes) == ({"lr": 1}, "g", ("t",), "n")


def test_ranks_of_one_training_share_a_run(logdir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each process its own file; the reader joins them, or gives one rank's alone."""
    monkeypatch.setenv("WORLD_SIZE", "4")
    runs = []
    for rank in range(4):
        monkeypatch.setenv("RANK", str(rank))
        runs.append(tracker.init(logdir=logdir, name="a"))
    for step in range(5):
        for rank, run in enumerate(runs):
            run.log({"loss": rank + step / 10}, step=step)
    for run in runs:
        run.finish()
    stored = tracker.open(logdir).run("a")
    assert [run.name for run in runs] == ["a"] * 4
    assert len(stored.segments()) == 4
    assert len(stored.scalars("loss")) == 20
    assert stored.scalars("loss", rank=2).value.tolist() == [2.0, 2.1, 2.2, 2.3, 2.4]
    found = stored.envelope("loss", 5)
    assert found.count.tolist() == [4] * 5
    assert found.min.tolist() == [0.0, 0.1, 0.2, 0.3, 0.4]
    assert found.max.tolist() == [3.0, 3.1, 3.2, 3.3, 3.4]


# --- reading ---------------------------------------------------------------------------------------------


def test_reading_what_is_not_there_says_what_is(logdir: Path) -> None:
    """The nearest thing to help is the list of what there is."""
    finished(logdir, "a")
    store = tracker.open(logdir)
    with pytest.raises(errors.RunNotFoundError, match="There are: a"):
        store.run("b")
    with pytest.raises(errors.SeriesNotFoundError, match="There are: x"):
        store.run("a").scalars("y")
    with pytest.raises(errors.SeriesNotFoundError, match="no histograms"):
        store.run("a").histograms("x")
    with pytest.raises(ValueError, match="scalar"):
        store.run("a").tags("scalars")
    with pytest.raises(errors.LogdirError, match="does not exist"):
        tracker.open(logdir / "nowhere")


def test_a_run_can_be_read_while_it_is_written(logdir: Path) -> None:
    """What was acknowledged is there; the run is running."""
    with tracker.init(logdir=logdir, name="a") as run:
        for step in range(2000):
            run.log({"x": float(step)}, step=step)
            if step % 500 == 499:
                run.flush()
                stored = tracker.open(logdir).run("a")
                assert stored.status == "running"
                assert stored.scalars("x").value.tolist() == [float(i) for i in range(step + 1)]
    assert tracker.open(logdir).run("a").status == "finished"


def test_every_kind_is_read_as_it_was_logged(logdir: Path) -> None:
    """Histograms, pictures, texts, graphs and marks."""
    picture = np.random.default_rng(0).integers(0, 256, (6, 5, 3), np.uint8)
    nodes = [
        {"name": "x", "op": "input", "kind": "input"},
        {"name": "fc/matmul", "op": "matmul", "attrs": {"shape": [2, 3]}},
    ]
    with tracker.init(logdir=logdir, name="a") as run:
        run.log(
            {
                "w": tracker.Histogram(np.arange(10.0)),
                "p": [tracker.Image(picture, "one"), tracker.Image(picture, label=3)],
            },
            step=1,
        )
        run.log({"t": tracker.Text("**bold** <b>")}, step=2)
        run.log_graph(tracker.Graph(nodes, [{"source": "x", "target": "fc/matmul", "shape": [2], "dtype": "f4"}]))
        run.mark("lr halved", step=2, kind="lr", lr=0.5)
    stored = tracker.open(logdir).run("a")
    assert stored.tags() == ["graph", "p", "t", "w"]
    assert stored.histograms("w").step.tolist() == [1]
    assert stored.histograms("w")[0].total == 10
    assert [
        (item.position, item.attributes.get("caption"), item.attributes.get("label")) for item in stored.images("p")
    ] == [(0, "one", None), (1, None, "3")]
    assert all(np.array_equal(item.array, picture) for item in stored.images("p"))
    assert stored.text("t")[0].text == "**bold** <b>"
    assert [node["name"] for node in stored.graph()["nodes"]] == ["x", "fc/matmul"]
    assert [(mark.kind, mark.text, mark.step, mark.attributes) for mark in stored.marks()] == [
        ("lr", "lr halved", 2, {"lr": 0.5})
    ]


def test_the_same_picture_a_thousand_times_is_kept_once(logdir: Path) -> None:
    """Blobs are named by their content."""
    picture = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        for step in range(50):
            run.log({"p": tracker.Image(picture)}, step=step)
    (file,) = (logdir / "a").iterdir()
    connection = sqlite3.connect(file)
    assert connection.execute("SELECT count(*) FROM media").fetchone() == (50,)
    assert connection.execute("SELECT count(*) FROM blobs").fetchone() == (1,)
    connection.close()


def test_a_finished_run_is_one_plain_file(logdir: Path) -> None:
    """Folded out of WAL mode: it can be copied, mailed, and read from a read-only disk."""
    finished(logdir, "a")
    (file,) = (logdir / "a").iterdir()
    connection = sqlite3.connect(file)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert connection.execute("SELECT count(*), status FROM state").fetchone() == (1, "finished")
    connection.close()


def test_importing_the_tracker_loads_nothing_heavy() -> None:
    """A training that logs pays for logging only."""
    import subprocess
    import sys

    code = "import sys, tracker; print([m for m in ('dash', 'plotly', 'cupy', 'torch', 'PIL', 'pandas', 'flask', 'watchdog') if m in sys.modules])"
    said = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2]
    )
    assert said.stdout.strip() == "[]"


def test_a_run_that_begins_between_a_look_and_a_claim_is_not_joined(
    logdir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sixteen processes that start at once have sixteen runs, however their steps interleave."""
    claim = claims._claim
    others: list[tracker.Run] = []

    def late(folder: Path) -> bool:
        if not others:
            monkeypatch.setattr(claims, "_claim", claim)
            others.append(tracker.init(logdir=logdir, name="same", machine=False))
            others[0].log({"x": 1.0})
            others[0].finish()
        return claim(folder)

    monkeypatch.setattr(claims, "_claim", late)
    with tracker.init(logdir=logdir, name="same", machine=False) as run:
        run.log({"x": 2.0})
    assert (others[0].name, run.name) == ("same", "same-2")
    assert [each.scalars("x").value.tolist() for each in tracker.open(logdir).runs()] == [[1.0], [2.0]]
    assert not (logdir / "same" / logdirs.CLAIM_FILE).exists()
