"""`viz export -o FOLDER`: what TensorBoard reads is what we have."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tracker
from dashboard import cli
from tests.tracker.test_every_value import referee, same
from tests.tracker.test_summary_writer import ODD, PICTURE, accumulated
from tracker.compat.tensorboard import SummaryWriter
from tracker.foreign.folders import sources
from tracker.foreign.importer import import_logs

ALL = dict.fromkeys(("scalars", "tensors", "images", "audio", "histograms"), 0)


@pytest.fixture
def exported(logdir: Path, tmp_path: Path) -> Path:
    """A run with a value of each kind, exported."""
    with SummaryWriter(logdir / "a" / "b") as writer:
        writer.add_histogram("w", np.random.default_rng(0).normal(size=1000), 1)
        writer.add_image("p", PICTURE, 2, dataformats="HWC")
        writer.add_audio("s", np.zeros(100), 3, 8000)
        writer.add_text("t", "words", 4)
        writer.add_pr_curve("pr", np.array([0, 1, 1]), np.array([0.1, 0.9, 0.4]), 5)
        writer.add_mesh("m", np.zeros((1, 4, 3), np.float32), faces=np.zeros((1, 2, 3), np.int32), global_step=6)
        writer.add_custom_scalars({"x": {"y": ["Multiline", ["odd"]]}})
        writer.add_tensor("z", np.arange(3), 7)
        writer.add_graph(
            tracker.Graph([{"name": "a/x", "op": "add"}, {"name": "b"}], [{"source": "a/x", "target": "b"}])
        )
    with tracker.init(logdir=logdir, name="a/b", resume="must", config={"lr": 0.1, "layers": [1, 2]}) as run:
        for step in range(3000):
            run.log({"narrow": step * 0.5}, step=step, wall_time=1000.0 + step)
        for step, value in enumerate(ODD):
            run.log({"odd": value}, step=step, wall_time=1000.0 + step)
    assert cli.main(["export", "--logdir", str(logdir), "-o", str(tmp_path / "out")]) == 0
    return tmp_path / "out"


def scalars(found: Any, tag: str) -> list[tuple[int, float, float]]:
    """(step, wall time, value) of a tag as TensorBoard has it, whichever form it was written in."""
    if tag in found.Tags()["scalars"]:
        return [(e.step, e.wall_time, e.value) for e in found.Scalars(tag)]
    from tensorboard.util.tensor_util import make_ndarray

    return [(e.step, e.wall_time, float(make_ndarray(e.tensor_proto))) for e in found.Tensors(tag)]


def test_tensorboard_reads_every_point(exported: Path, logdir: Path) -> None:
    """Equal to the last bit, where float32 does not hold them too."""
    found = accumulated(exported / "a" / "b")
    run = tracker.open(logdir).run("a/b")
    for tag in run.tags("scalar"):
        points = run.scalars(tag)
        ours = zip(points.step.tolist(), points.wall_time.tolist(), points.value.tolist(), strict=True)
        assert repr(scalars(found, tag)) == repr(list(ours))


def test_tensorboard_finds_every_tag_under_its_plugin(exported: Path) -> None:
    """Scalars, histograms, images, sounds, texts, curves, meshes, layouts, the graph, hyperparameters."""
    found = accumulated(exported / "a" / "b")
    tags = found.Tags()
    assert (tags["histograms"], tags["images"], tags["audio"], tags["graph"]) == (["w"], ["p"], ["s"], True)
    plugins = {tag: found.SummaryMetadata(tag).plugin_data.plugin_name for tag in tags["tensors"]}
    assert plugins == {
        "odd": "scalars",
        "t": "text",
        "pr": "pr_curves",
        "m_VERTEX": "mesh",
        "m_FACE": "mesh",
        "custom_scalars__config__": "custom_scalars",
        "z": "tensor",
    }
    assert found.Histograms("w")[0].histogram_value.num == 1000
    assert found.Images("p")[0].encoded_image_string[:4] == b"\x89PNG"
    assert [(node.name, list(node.input)) for node in found.Graph().node] == [("a/x", []), ("b", ["a/x"])]
    assert found.SummaryMetadata("_hparams_/session_start_info").plugin_data.plugin_name == "hparams"


def test_what_was_exported_can_be_imported_again(exported: Path, logdir: Path, tmp_path: Path) -> None:
    """Round the circle: every number, histogram and picture is what it was."""
    for done in import_logs(exported, tmp_path / "again"):
        assert done.warnings == []
    before, after = tracker.open(logdir).run("a/b"), tracker.open(tmp_path / "again").run("a/b")
    assert set(before.tags("scalar")) == set(after.tags("scalar"))
    for tag in before.tags("scalar"):
        for ours, theirs in zip(vars(before.scalars(tag)).values(), vars(after.scalars(tag)).values(), strict=True):
            assert np.array_equal(ours, theirs, equal_nan=True)
    assert after.histograms("w")[0].quantile(0.5) == pytest.approx(before.histograms("w")[0].quantile(0.5), rel=0.02)
    assert np.array_equal(after.images("p")[0].array, before.images("p")[0].array)
    assert after.graph()["edges"] == before.graph()["edges"]
    assert after.config == {"lr": 0.1, "layers": "[1, 2]"}
    assert math.isnan(after.scalars("odd").value[2])


def test_a_folder_that_holds_event_files_is_not_mixed(
    exported: Path, logdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """TensorBoard would show every point twice."""
    capsys.readouterr()
    assert cli.main(["export", "--logdir", str(logdir), "-o", str(exported)]) == 1
    assert "choose a new folder" in capsys.readouterr().err


@pytest.mark.long
def test_everything_real_survives_import_and_export(real_data: Path, tmp_path: Path) -> None:
    """All sound folders in and out again: TensorBoard's classes read the same of what we wrote as of what was there.

    Same tags, steps, wall times and values of every kind, but for the points that a restart of the training made void.
    """
    for source in sorted((real_data / "events").iterdir()):
        runs, out = tmp_path / f"{source.name}-runs", tmp_path / source.name
        if not any(done.added for done in import_logs(source, runs)):
            continue
        assert cli.main(["export", "--logdir", str(runs), "-o", str(out)]) == 0
        stored = {run.name: run for run in tracker.open(runs).runs()}
        for name, paths in sources(source):
            run = source.name if name == "." else name
            if run not in stored or any(segment.reason == "rewind" for segment in stored[run].segments()):
                continue
            wanted = [part for path in paths for part in referee(path).items()]
            (written,) = (out / run).glob("*tfevents*")
            found = referee(written)
            for key, values in wanted:
                if len(paths) == 1:
                    assert [each[:2] for each in found[key]] == [each[:2] for each in values], (run, key)
                    assert same(found[key], values), (run, key)
                else:
                    assert {repr(each) for each in values} <= {repr(each) for each in found[key]}, (run, key)
