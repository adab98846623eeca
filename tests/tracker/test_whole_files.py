"""Embeddings of the projector and traces of profilers: shown where they lie, imported once, followed when they change."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tracker
from tests.tracker.test_event_files import event, write
from tests.tracker.test_mirror import opened, seen
from tracker.foreign.importer import import_logs
from tracker.foreign.mirror import Mirror
from tracker.store.read.reader import Store
from tracker.values import projector

__all__ = ["opened"]

TRACE = {"traceEvents": [{"ph": "X", "pid": 1, "tid": 1, "name": "step", "ts": 0, "dur": 5}]}


@pytest.fixture
def digits(real_data: Path, logdir: Path) -> Path:
    """A run's folder as PyTorch's add_embedding leaves it, at rest."""
    shutil.copytree(real_data / "projector" / "digits_torch", logdir / "digits", copy_function=shutil.copyfile)
    for path in (logdir / "digits").rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
        os.utime(path, (1e9, 1e9))
    return logdir / "digits"


def session(folder: Path, host: str = "host", ending: str = ".trace.json.gz", age: float = 100.0) -> Path:
    """A trace in a profiler's session below a run's folder."""
    path = folder / "plugins" / "profile" / "2026_11_24_10_00_00" / f"{host}{ending}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(json.dumps(TRACE).encode()))
    os.utime(path, (time.time() - age,) * 2)
    return path


def stored(logdir: Path, name: str) -> Any:
    """A run of the logdir or its mirror."""
    return Store(logdir, logdir.parent / "cache").run(name)


def embeddings(run: Any, tag: str) -> list[Any]:
    """The vectors of each embedding under a tag."""
    return [item for item in run.media("embedding", tag) if item.attributes["part"] == "vectors"]


# --- where they lie ---------------------------------------------------------------------------------------


def test_a_projectors_folder_is_shown_where_it_lies(digits: Path, logdir: Path, opened: Callable[..., Mirror]) -> None:
    """Vectors, words and pictures, at the step that PyTorch wrote into the name; nothing is written beside them."""
    before = sorted(logdir.rglob("*"))
    opened().look()
    run = stored(logdir, "digits")
    assert run.tags("embedding") == ["digits", "digits_two_columns"]
    (first,) = embeddings(run, "digits_two_columns")
    assert (first.step, first.array.shape, first.wall_time) == (1, (300, 64), 1e9)
    found = run.embedding("digits")
    assert (found.header, len(found.rows), found.sprites.shape) == (["label"], 300, (300, 3, 8, 8))
    assert np.array_equal(found.vectors, np.loadtxt(digits / "00000/digits/tensors.tsv", dtype=np.float32))
    assert run.embedding("digits_two_columns").header == ["digit", "parity"]
    assert run.status == "finished"
    assert sorted(logdir.rglob("*")) == before


def test_an_embedding_that_is_logged_again_is_the_newest(
    digits: Path, logdir: Path, opened: Callable[..., Mirror]
) -> None:
    """add_embedding rewrites the config with one more: the others are not read again, and a file that changed is."""
    mirror = opened()
    mirror.look()
    table = digits / "00007" / "digits" / "tensors.tsv"
    table.parent.mkdir(parents=True)
    table.write_text("1\t2\n3\t4\n")
    with (digits / "projector_config.pbtxt").open("a") as file:
        file.write('embeddings {\n  tensor_name: "digits:00007"\n  tensor_path: "00007/digits/tensors.tsv"\n}\n')
    mirror.look()
    assert len(embeddings(stored(logdir, "digits"), "digits")) == 1  # just written: it may be half there
    mirror.look()
    assert [item.step for item in embeddings(stored(logdir, "digits"), "digits")] == [0, 7]
    table.write_text("5\t6\n7\t8\n9\t10\n")
    os.utime(table, (2e9, 1e9))
    mirror.look()
    assert stored(logdir, "digits").embedding("digits").vectors.tolist() == [[5, 6], [7, 8], [9, 10]]


def test_an_embedding_that_is_taken_out_of_the_config_is_gone(
    digits: Path, logdir: Path, opened: Callable[..., Mirror]
) -> None:
    """The files are the truth, and the run's curves are read again with it."""
    write(digits / "tfevents.1", event(1.0, 0, tag="x", simple_value=3.0))
    mirror = opened()
    mirror.look()
    config = digits / "projector_config.pbtxt"
    text = config.read_text()
    config.write_text(text[: text.index("embeddings", 5)])
    for _ in range(2):
        mirror.look()
    assert stored(logdir, "digits").tags("embedding") == ["digits"]
    assert seen(logdir, "digits") == [3.0]


def test_a_restart_of_the_training_cuts_its_curves_and_not_its_embeddings(
    digits: Path, logdir: Path, opened: Callable[..., Mirror]
) -> None:
    """The files that are read whole stand beside the run's line."""
    mirror = opened()
    mirror.look()
    write(digits / "tfevents.1", *(event(1.0 + step, step, tag="x", simple_value=step) for step in range(9)))
    mirror.look()
    write(digits / "tfevents.1", event(20.0, 4, start=True), event(21.0, 4, tag="x", simple_value=40.0), mode="ab")
    mirror.look()
    assert seen(logdir, "digits") == [0, 1, 2, 3, 40]
    assert len(stored(logdir, "digits").tags("embedding")) == 2


def test_sessions_of_profilers_belong_to_the_run_above_them(logdir: Path, opened: Callable[..., Mirror]) -> None:
    """As TensorFlow's and JAX's lie, one tag a host; PyTorch's lie in the run's folder itself."""
    session(logdir / "a")
    session(logdir / "a", "other", ".trace.json.gz")
    (logdir / "a" / "plugins/profile/2026_11_24_10_00_00/host.xplane.pb").write_bytes(b"the same in another form")
    (logdir / "b").mkdir()
    (logdir / "b" / "worker_7.1790000000.pt.trace.json").write_text(json.dumps(TRACE))
    mirror = opened()
    mirror.look()
    mirror.look()
    run = stored(logdir, "a")
    assert run.tags("profile") == ["2026_11_24_10_00_00/host", "2026_11_24_10_00_00/other"]
    assert json.loads(run.profile()) == TRACE
    assert stored(logdir, "b").tags("profile") == ["worker_7.1790000000"]


def test_a_trace_that_is_being_written_is_waited_for(logdir: Path, opened: Callable[..., Mirror]) -> None:
    """Until two looks find it the same."""
    path = session(logdir / "a", age=0.0)
    mirror = opened()
    mirror.look()
    with pytest.raises(tracker.errors.RunNotFoundError):
        stored(logdir, "a")
    path.write_bytes(gzip.compress(json.dumps([*TRACE["traceEvents"], *TRACE["traceEvents"]]).encode()))
    mirror.look()
    mirror.look()
    (item,) = stored(logdir, "a").media("profile", "2026_11_24_10_00_00/host")
    assert len(json.loads(gzip.decompress(item.data))) == 2


def test_what_a_profiler_wrote_beside_its_traces_is_kept(real_data: Path, logdir: Path) -> None:
    """Overviews and statistics, byte for byte."""
    folder = session(logdir.parent / "logs").parent
    for name in ("profile_demo.op_profile.json", "profile_demo.overview_page.pb"):
        shutil.copyfile(real_data / "traces" / name, folder / name)
    list(import_logs(logdir.parent / "logs", logdir))
    run = tracker.open(logdir).run("logs")
    assert (
        run.media("file", f"{folder.name}/profile_demo.overview_page.pb")[0].data
        == (real_data / "traces" / "profile_demo.overview_page.pb").read_bytes()
    )
    assert run.tags("scalar") == []


# --- what is wrong with them ------------------------------------------------------------------------------


def test_vectors_in_a_checkpoint_are_said_to_be_there(
    real_data: Path, logdir: Path, opened: Callable[..., Mirror]
) -> None:
    """One sentence for each, and no run."""
    shutil.copytree(real_data / "projector" / "three_embeddings_no_checkpoint", logdir / "a")
    mirror = opened()
    mirror.look()
    mirror.look()
    said = opened.said  # type: ignore[attr-defined]
    assert [sentence.count("checkpoint") for sentence in said] == [2, 2, 2]
    assert Store(logdir, logdir.parent / "cache").runs() == []


@pytest.mark.parametrize("damage", ["words too few", "sheet too small", "sheet missing", "words missing"])
def test_what_belongs_to_vectors_and_does_not_fit_is_left_out(digits: Path, logdir: Path, damage: str) -> None:
    """And said; the vectors are shown."""
    folder = digits / "00000" / "digits"
    if damage == "words too few":
        (folder / "metadata.tsv").write_text("one\ntwo\n")
    elif damage == "sheet too small":
        text = (digits / "projector_config.pbtxt").read_text()
        (digits / "projector_config.pbtxt").write_text(text.replace("single_image_dim: 8", "single_image_dim: 64"))
    else:
        (folder / ("sprite.png" if damage == "sheet missing" else "metadata.tsv")).unlink()
    (done,) = import_logs(digits, logdir / "out")
    if "missing" in damage:
        assert "No such file" in done.warnings[0]
        return
    found = tracker.open(logdir / "out").run("digits").embedding("digits")
    assert found.vectors.shape == (300, 64)
    assert (bool(found.rows), found.sprites is not None) == (damage != "words too few", damage == "words too few")
    assert "left out" in done.warnings[0]


def test_a_config_leads_to_no_file_outside_of_its_folder(digits: Path, logdir: Path) -> None:
    """Somebody else's logdir shows what is in it, and no more."""
    (logdir / "secret.tsv").write_text("1\t2\n")
    text = (digits / "projector_config.pbtxt").read_text()
    (digits / "projector_config.pbtxt").write_text(text.replace("00000/digits/tensors.tsv", "../secret.tsv"))
    done = next(each for each in import_logs(digits, logdir / "out") if each.path.name.endswith("pbtxt"))
    assert "outside" in done.warnings[0]
    assert tracker.open(logdir / "out").run("digits").tags("embedding") == ["digits_two_columns"]


def test_a_config_that_is_none_is_said(tmp_path: Path, logdir: Path) -> None:
    """Cut in the middle, or something else."""
    for text in ('embeddings {\n tensor_name: "x"', "}}}", "[1, 2"):
        (tmp_path / "projector_config.pbtxt").write_text(text)
        (done,) = import_logs(tmp_path / "projector_config.pbtxt", logdir)
        assert done.failed
        assert "projector" in done.warnings[0]


def test_names_of_any_letters_are_read(tmp_path: Path) -> None:
    """Protocol buffers escape what is not ASCII."""
    path = tmp_path / "projector_config.pbtxt"
    path.write_text('embeddings {\n  tensor_name: "\\346\\227\\245:00003"\n  tensor_shape: [2, 3] # both\n}\n')
    (entry,) = projector.entries(path)
    assert (entry.tag, entry.step, entry.shape) == ("日", 3, (2, 3))


@pytest.mark.parametrize(
    ("name", "tag"), [("w:0", "w"), ("e/.ATTRIBUTES/VARIABLE_VALUE", "e"), ("a:00012", "a"), ("x", "x")]
)
def test_tensors_are_called_as_their_variables(tmp_path: Path, name: str, tag: str) -> None:
    """Without what TensorFlow and PyTorch put behind their names."""
    path = tmp_path / "projector_config.pbtxt"
    path.write_text(f'embeddings {{ tensor_name: "{name}" }}')
    assert projector.entries(path)[0].tag == tag


# --- imported ---------------------------------------------------------------------------------------------


def test_importing_twice_adds_nothing(digits: Path, real_data: Path, logdir: Path) -> None:
    """Nor does what belongs to an embedding become a log of its own."""
    session(digits)
    first = list(import_logs(digits, logdir / "out"))
    assert [dict(each.added) for each in first] == [{"embedding": 2}, {"profile": 1}]
    again = list(import_logs(digits, logdir / "out"))
    assert not any(each.added for each in again)
    assert [run.name for run in tracker.open(logdir / "out").runs()] == ["digits"]
    list(import_logs(real_data / "projector" / "iris_projector_config.json", logdir / "iris"))
    (iris,) = tracker.open(logdir / "iris").runs()
    found = iris.embedding("Iris")
    assert (found.vectors.shape, found.header[-1], len(found.rows)) == ((150, 4), "class", 150)


def test_a_trace_of_any_name_is_taken_for_what_it_is(real_data: Path, logdir: Path) -> None:
    """By its first bytes: not for a table of numbers."""
    (done,) = import_logs(real_data / "traces" / "list_form_trace.json", logdir)
    assert done.added == {"profile": 1}
    assert tracker.open(logdir).run(done.run).tags("profile") == ["list_form_trace"]
