"""SummaryWriter: code written for TensorBoard runs unchanged, and what it logs can be read back, by us and by TensorBoard."""

from __future__ import annotations

import inspect
import io
import json
import math
import wave
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pictures

import tracker
from tracker.compat.tensorboard import GlobalSummaryWriter, SummaryWriter

ODD = [1.0, 0.1, math.nan, math.inf, -math.inf, -0.0, 5e-324, 1e300]


@pytest.fixture
def writer(logdir: Path) -> Iterator[SummaryWriter]:
    """A writer of the run "a"; the tests read it back after flush()."""
    made = SummaryWriter(str(logdir / "a"))
    yield made
    made.close()


def read(writer: SummaryWriter) -> Any:
    """The run as it stands on disk."""
    writer.flush()
    return tracker.open(Path(writer.log_dir).parent).run("a")


# --- every method -----------------------------------------------------------------------------------------


def test_add_scalar_keeps_every_bit(writer: SummaryWriter) -> None:
    """TensorBoard's float32 loses 0.1; here it is 0.1."""
    for step, value in enumerate(ODD):
        writer.add_scalar("loss", value, step, walltime=1000.0 + step)
    points = read(writer).scalars("loss")
    assert repr(points.value.tolist()) == repr(ODD)
    assert points.step.tolist() == list(range(len(ODD)))
    assert points.wall_time.tolist() == [1000.0 + step for step in range(len(ODD))]


def test_add_scalar_takes_all_arguments_of_both_writers(writer: SummaryWriter) -> None:
    """PyTorch's fifth is new_style, tensorboardX's is display_name."""
    writer.add_scalar("x", np.float32(1.5), np.int64(3), 1.0, True, True)
    writer.add_scalar("x", 2, 4, 1.0, "shown as", summary_description="what it is")
    writer.add_scalar(
        tag="x",
        scalar_value=[3.0],
        global_step=5,
        walltime=None,
        new_style=False,
        double_precision=True,
        display_name="x",
    )
    assert read(writer).scalars("x").value.tolist() == [1.5, 2, 3]


def test_without_a_step_each_tag_counts_its_own(writer: SummaryWriter) -> None:
    """TensorBoard would put them all on step 0."""
    for value in range(3):
        writer.add_scalar("x", value)
    writer.add_scalar("y", 0)
    writer.add_scalar("x", 3, 10)
    writer.add_scalar("x", 4)
    assert read(writer).scalars("x").step.tolist() == [0, 1, 2, 10, 11]
    assert read(writer).scalars("y").step.tolist() == [0]


def test_use_metadata_gives_a_step_and_a_time(writer: SummaryWriter) -> None:
    """tensorboardX's, for calls that bring none."""
    with writer.use_metadata(global_step=10, walltime=5.0):
        writer.add_scalar("x", 1.0)
        writer.add_text("t", "words")
    points = read(writer).scalars("x")
    assert (points.step.tolist(), points.wall_time.tolist()) == ([10], [5.0])
    assert read(writer).text("t")[0].step == 10


def test_add_scalars_stays_in_its_run_and_on_one_chart(writer: SummaryWriter) -> None:
    """No run of its own for each line."""
    for step in range(3):
        writer.add_scalars("loss", {"train": step, "val": 2 * step}, step)
    run = read(writer)
    assert run.scalars("loss/val").value.tolist() == [0, 2, 4]
    assert [each.name for each in tracker.open(Path(writer.log_dir).parent).runs()] == ["a"]
    layout = json.loads(run.media("layout", "custom_scalars__config__")[-1].text)
    assert layout == {"loss": {"loss": ["Multiline", ["loss/train", "loss/val"]]}}


def test_add_tensor_keeps_the_array(writer: SummaryWriter) -> None:
    """Shape and type included."""
    writer.add_tensor("t", np.arange(6, dtype=np.float32).reshape(2, 3), 7)
    (item,) = read(writer).media("tensor", "t")
    assert (item.step, item.array.tolist(), item.array.dtype) == (7, [[0, 1, 2], [3, 4, 5]], np.float32)


@pytest.mark.parametrize("bins", ["tensorflow", "auto", "fd", "doane"])
def test_add_histogram_counts_every_element(writer: SummaryWriter, bins: str) -> None:
    """Whatever bins are asked for; NaN does not end the training as it does with PyTorch's."""
    writer.add_histogram("w", np.array([1.0, 2.0, 2.0, math.nan]), 1, bins, 5.0, 10)
    (found,) = read(writer).histograms("w")
    assert (found.total, found.nan_count, found.min, found.max) == (4, 1, 1.0, 2.0)


def test_add_histogram_raw_keeps_its_bins(writer: SummaryWriter) -> None:
    """Limits are the upper edges."""
    values = np.random.default_rng(0).normal(size=1000)
    counts, edges = np.histogram(values, bins=20)
    writer.add_histogram_raw(
        "w",
        values.min(),
        values.max(),
        len(values),
        values.sum(),
        (values**2).sum(),
        edges[1:].tolist(),
        counts.tolist(),
        1,
        walltime=5.0,
    )
    (found,) = read(writer).histograms("w")
    assert found.counts.tolist() == counts.tolist()
    assert found.edges[1:].tolist() == edges[1:].tolist()
    assert found.quantile(0.5) == pytest.approx(np.median(values), abs=0.1)


PICTURE = np.random.default_rng(1).integers(0, 256, (5, 7, 3), np.uint8)


@pytest.mark.parametrize("formats", ["CHW", "HWC", "HW", "WH", "NCHW", "NHWC", "hwc"])
def test_add_image_takes_axes_in_any_order(writer: SummaryWriter, formats: str) -> None:
    """The same picture, however it lies."""
    letters = formats.upper()
    whole = PICTURE[None] if "C" in letters else PICTURE[None, ..., :1]
    given = np.transpose(
        whole,
        ["NHWC".index(letter) for letter in letters] + ["NHWC".index(rest) for rest in "NHWC" if rest not in letters],
    )
    given = given.reshape(given.shape[: len(letters)])
    writer.add_image("p", given, 2, 1.0, formats)
    (item,) = read(writer).images("p")
    wanted = PICTURE if "C" in letters else PICTURE[..., 0]
    assert np.array_equal(item.array if "C" in letters else item.array.reshape(5, 7, -1)[..., 0], wanted)


def test_add_images_makes_a_grid(writer: SummaryWriter) -> None:
    """Floats are 0 to 1."""
    writer.add_images("p", np.ones((4, 3, 8, 8)), 0)
    (item,) = read(writer).images("p")
    assert item.array.shape == (17, 17, 3)


LISTS: dict[str, tuple[Any, str, tuple[int, ...]]] = {
    "CHW": ([np.ones((3, 100, 110))] * 5, "CHW", (5, 100, 110, 3)),
    "HWC": ([np.ones((10, 11, 3))] * 5, "HWC", (5, 10, 11, 3)),
    "HW": ([np.ones((10, 11))] * 3, "HW", (3, 10, 11, 1)),
    "NCHW": ([np.ones((3, 10, 11))] * 5, "NCHW", (5, 10, 11, 3)),
    "a tuple": ((np.ones((3, 10, 11)),) * 2, "CHW", (2, 10, 11, 3)),
    "of one": ([np.ones((3, 10, 11))], "CHW", (1, 10, 11, 3)),
    "of Pillow's": ([Pictures.new("RGB", (11, 10), "white")] * 4, "NCHW", (4, 10, 11, 3)),
    "of channels": ([np.ones((10, 11))] * 3, "CHW", (1, 10, 11, 3)),
    "of rows": ([[1.0, 1.0], [1.0, 1.0], [1.0, 1.0]], "HW", (1, 3, 2, 1)),
    "of several sizes": ([np.ones((3, 10, 4)), np.ones((1, 6, 11))], "CHW", (2, 10, 11, 3)),
    "of several types": ([np.ones((3, 10, 11)), np.full((3, 10, 11), 255, np.uint8)], "CHW", (2, 10, 11, 3)),
    "one of Pillow's": (Pictures.new("L", (11, 10), "white"), "CHW", (1, 10, 11, 1)),
}


@pytest.mark.parametrize("case", LISTS)
@pytest.mark.parametrize("tfevents", [False, True])
def test_add_images_takes_a_list_of_pictures_each_with_its_own_axes(logdir: Path, case: str, tfevents: bool) -> None:
    """As tensorboardX does; the same grid as of a batch, white where the pictures were."""
    given, axes, (count, height, width, _) = LISTS[case]
    with SummaryWriter(logdir / "a", tfevents=tfevents) as writer:
        writer.add_images("p", given, 0, dataformats=axes)
        writer.add_images("wanted", np.ones((count, height, width, 3)), 0, dataformats="NHWC")
    found = [tracker.open(logdir).run("a").images(tag)[0].array for tag in ("p", "wanted")]
    assert found[0].shape[:2] == found[1].shape[:2]
    if case != "of several sizes":
        assert np.array_equal(found[0] if found[0].ndim == 3 else found[0][..., None].repeat(3, -1), found[1])


def test_add_image_with_boxes_draws_and_keeps_them(writer: SummaryWriter) -> None:
    """In the picture, and as numbers beside it."""
    writer.add_image_with_boxes(
        "p", np.zeros((3, 40, 60), np.uint8), np.array([[5, 5, 20, 30]]), 0, 1.0, 2, "CHW", ["cat"]
    )
    (item,) = read(writer).images("p")
    assert item.array.shape == (80, 120, 3)
    assert item.array[10, 20].tolist() == [255, 0, 0]
    assert item.attributes["drawn_boxes"] == {"corners": [[5.0, 5.0, 20.0, 30.0]], "labels": ["cat"]}


def test_add_figure_takes_one_or_several(writer: SummaryWriter) -> None:
    """And closes them, as loops want."""
    pyplot = pytest.importorskip("matplotlib.pyplot", reason="needs Matplotlib")
    pyplot.switch_backend("agg")
    figures = [pyplot.figure(figsize=(2, 1)) for _ in range(3)]
    writer.add_figure("f", figures[0], 1, close=False)
    assert pyplot.get_fignums()
    writer.add_figure("f", figures, 2)
    assert not pyplot.get_fignums()
    items = read(writer).media("figure", "f")
    assert [(item.step, item.position) for item in items] == [(1, 0), (2, 0), (2, 1), (2, 2)]
    assert items[0].array.shape[:2] == (items[0].attributes["height"], items[0].attributes["width"])


def test_add_video_is_an_animation(writer: SummaryWriter) -> None:
    """PyTorch's needs moviepy and wrote an empty value here without it."""
    frames = np.random.default_rng(0).integers(0, 255, (2, 5, 3, 8, 6), np.uint8)
    writer.add_video("v", frames, 3, fps=10)
    (item,) = read(writer).media("video", "v")
    animation = Pictures.open(io.BytesIO(item.data))
    assert (animation.n_frames, animation.info["duration"]) == (5, 100)  # type: ignore[attr-defined]
    assert (item.attributes["frames"], item.attributes["fps"]) == (5, 10.0)


@pytest.mark.parametrize("shape", [(800,), (1, 800), (2, 800), (800, 2)])
def test_add_audio_is_a_wave(writer: SummaryWriter, shape: tuple[int, ...]) -> None:
    """One channel or two, either way round."""
    import wave

    writer.add_audio("s", np.full(shape, 0.5), 0, 8000)
    (item,) = read(writer).media("audio", "s")
    with wave.open(io.BytesIO(item.data)) as file:
        assert (file.getframerate(), file.getnframes(), file.getnchannels()) == (8000, 800, 2 if 2 in shape else 1)
        assert np.frombuffer(file.readframes(1), "<i2")[0] == round(0.5 * 32767)
    assert (item.attributes["sample_rate"], item.attributes["frames"]) == (8000, 800)


def test_whole_numbers_are_sounds_over_the_range_of_their_type(writer: SummaryWriter) -> None:
    """As a sound file has them. PyTorch's writer cuts all of them to -1 and 1: a square wave."""
    samples = np.array([0, 1, -1, 12345, -32768, 32767], np.int16)
    writer.add_audio("s", samples, 0, 8000)
    (item,) = read(writer).media("audio", "s")
    with wave.open(io.BytesIO(item.data)) as sound:
        assert np.frombuffer(sound.readframes(6), "<i2").tolist() == samples.tolist()


def test_a_fast_video_is_never_as_slow_as_browsers_make_it(writer: SummaryWriter) -> None:
    """GIF counts hundredths of a second; a single one is shown for ten."""
    for fps, total in ((60, 1200), (24, 2500), (4, 15000)):
        writer.add_video(f"v{fps}", np.random.default_rng(0).random((1, 60, 3, 4, 4)).astype("f4"), 0, fps=fps)
        (item,) = read(writer).media("video", f"v{fps}")
        with Pictures.open(io.BytesIO(item.data)) as video:
            lasting = []
            for frame in range(video.n_frames):
                video.seek(frame)
                lasting.append(video.info["duration"])
        assert sum(lasting) == total
        assert min(lasting) >= 20
        assert item.attributes["fps"] == fps


def test_add_text_keeps_its_words(writer: SummaryWriter) -> None:
    """Markup and all, as text."""
    writer.add_text("notes", "**bold** <script>alert(1)</script>", 4)
    (item,) = read(writer).text("notes")
    assert (item.text, item.step) == ("**bold** <script>alert(1)</script>", 4)


def test_add_graph_of_a_pytorch_module(writer: SummaryWriter) -> None:
    """Operations in their modules, with parameters, inputs and outputs."""
    torch = pytest.importorskip("torch", reason="needs PyTorch, which only the tests use")
    model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Sequential(torch.nn.Linear(8, 2)))
    writer.add_graph(model, torch.zeros(3, 4))
    graph = read(writer).graph()
    names = {node["name"]: node for node in graph["nodes"]}
    assert names["0/weight"]["attrs"] == {"shape": [8, 4], "dtype": "float32"}
    assert names["0/linear"]["kind"] == "op"
    assert {"input/0", "1/relu", "2/0/linear", "2/0/bias", "output/0"} <= set(names)
    edges = {(edge["source"], edge["target"]): edge["shape"] for edge in graph["edges"]}
    assert edges[("1/relu", "2/0/linear")] == [3, 8]
    assert edges[("2/0/linear", "output/0")] == [3, 2]
    assert model.training


def test_add_graph_of_a_network_of_ours(writer: SummaryWriter) -> None:
    """It knows its own."""
    import trainer

    writer.add_graph(trainer.nn.Linear(4, 2), trainer.Tensor(np.zeros((3, 4), np.float32)))
    assert read(writer).graph()["nodes"]


def test_add_onnx_graph(writer: SummaryWriter, real_data: Path) -> None:
    """As many operations as the file has."""
    onnx = pytest.importorskip("onnx", reason="needs onnx: pip install onnx")
    path = real_data / "onnx" / "light_squeezenet.onnx"
    writer.add_onnx_graph(str(path))
    graph = read(writer).graph()
    assert sum(node["kind"] == "op" for node in graph["nodes"]) == len(onnx.load(str(path)).graph.node) == 105


def test_add_openvino_graph(writer: SummaryWriter, tmp_path: Path) -> None:
    """Layers and edges."""
    path = tmp_path / "model.xml"
    path.write_text(
        '<net><layers><layer id="0" name="x" type="Parameter"/><layer id="1" name="y" type="Result"/></layers><edges><edge from-layer="0" from-port="0" to-layer="1" to-port="0"/></edges></net>'
    )
    writer.add_openvino_graph(path)
    assert read(writer).graph()["edges"][0]["target"] == "y"


def test_add_embedding_keeps_vectors_labels_and_pictures(writer: SummaryWriter) -> None:
    """Side by side under one tag."""
    mat = np.random.default_rng(0).normal(size=(4, 3))
    writer.add_embedding(mat, [["a", 1], ["b", 2], ["c", 3], ["d", 4]], np.zeros((4, 1, 2, 2)), 5, "e", ["name", "id"])
    vectors, labels, pictures = read(writer).media("embedding", "e")
    assert np.array_equal(vectors.array, mat.astype(np.float32))
    assert json.loads(labels.text) == {
        "header": ["name", "id"],
        "rows": [["a", "1"], ["b", "2"], ["c", "3"], ["d", "4"]],
    }
    assert pictures.array.shape == (4, 1, 2, 2)
    with pytest.raises(ValueError, match="a label for each"):
        writer.add_embedding(mat, ["a"])


def test_add_pr_curve_agrees_with_tensorboards(writer: SummaryWriter) -> None:
    """The same six rows as PyTorch's writer computes."""
    summary = pytest.importorskip("torch.utils.tensorboard.summary", reason="needs PyTorch and TensorBoard as referees")
    rng = np.random.default_rng(0)
    labels, predictions, weights = rng.integers(0, 2, 200), rng.random(200), rng.random(200)
    writer.add_pr_curve("pr", labels, predictions, 1, 50, weights)
    item, _ = read(writer).media("pr_curve", "pr")
    theirs = summary.compute_curve(labels, predictions, 50, weights)
    assert np.allclose(item.array, theirs, rtol=1e-9, atol=1e-9)
    assert item.attributes["rows"][0] == "tp"
    (curve,) = read(writer).pr_curves("pr")
    assert 0 < curve.auc < 1


def test_add_pr_curve_raw(writer: SummaryWriter) -> None:
    """Six rows given."""
    rows = np.arange(30.0).reshape(6, 5)
    writer.add_pr_curve_raw("pr", *rows, 1, 5)
    assert np.array_equal(read(writer).media("pr_curve", "pr")[0].array, rows)


def test_add_mesh_keeps_its_parts(writer: SummaryWriter) -> None:
    """Vertices, faces, colors and the camera."""
    writer.add_mesh(
        "m", np.zeros((1, 4, 3)), np.zeros((1, 4, 3), np.uint8), np.zeros((1, 2, 3), int), {"camera": {"fov": 75}}, 2
    )
    items = read(writer).media("mesh", "m")
    assert [item.attributes["part"] for item in items] == ["vertices", "faces", "colors"]
    assert json.loads(items[0].attributes["config"]) == {"camera": {"fov": 75}}


def test_add_hparams_of_this_very_run_makes_no_other(writer: SummaryWriter) -> None:
    """They are the run's configuration, the metrics its points; "." is how people ask PyTorch's writer for it."""
    writer.add_hparams(
        {"lr": 0.1, "opt": "adam", "bn": True}, {"hparam/accuracy": 0.9}, {"opt": ["adam", "sgd"]}, ".", 10
    )
    run = read(writer)
    assert run.config == {"lr": 0.1, "opt": "adam", "bn": True}
    assert (run.scalars("hparam/accuracy").step.tolist(), run.scalars("hparam/accuracy").value.tolist()) == (
        [10],
        [0.9],
    )
    assert [each.name for each in tracker.open(Path(writer.log_dir).parent).runs()] == ["a"]


def test_add_custom_scalars(writer: SummaryWriter) -> None:
    """All three ways add up to one layout."""
    writer.add_custom_scalars({"losses": {"both": ["Multiline", ["a", "b"]]}})
    writer.add_custom_scalars_multilinechart(["c"], "losses", "one")
    writer.add_custom_scalars_marginchart(["v", "low", "high"])
    found = json.loads(read(writer).media("layout", "custom_scalars__config__")[-1].text)
    assert found == {
        "losses": {"both": ["Multiline", ["a", "b"]], "one": ["Multiline", ["c"]]},
        "default": {"untitled": ["Margin", ["v", "low", "high"]]},
    }


# --- the writer itself ------------------------------------------------------------------------------------


@pytest.mark.parametrize("module", ["torch.utils.tensorboard", "tensorboardX"])
def test_every_method_and_argument_of_the_rivals_is_taken(module: str) -> None:
    """By name and by place."""
    theirs = pytest.importorskip(module, reason=f"needs {module} as referee").SummaryWriter
    for name, method in inspect.getmembers(theirs, inspect.isfunction):
        if name.startswith("_") and name != "__init__":
            continue
        ours = inspect.signature(getattr(SummaryWriter, name)).parameters
        assert set(inspect.signature(method).parameters) - set(ours) - {"kwargs"} <= set(), name
        if module == "torch.utils.tensorboard":
            places = [
                each
                for each, about in inspect.signature(method).parameters.items()
                if about.kind is about.POSITIONAL_OR_KEYWORD
            ]
            assert list(ours)[: len(places)] == places, name


def test_purge_step_goes_back_and_keeps_the_old_tail(logdir: Path) -> None:
    """The curve goes on from the checkpoint; what was there before can still be read."""
    with SummaryWriter(logdir / "a") as writer:
        for step in range(10):
            writer.add_scalar("x", step, step)
    with SummaryWriter(logdir / "a", purge_step=6) as writer:
        for step in range(6, 8):
            writer.add_scalar("x", 100 + step, step)
    run = tracker.open(logdir).run("a")
    assert run.scalars("x").value.tolist() == [0, 1, 2, 3, 4, 5, 106, 107]
    assert run.scalars("x", abandoned=True).value.tolist() == [6, 7, 8, 9]


def test_the_default_folder_is_tensorboards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """runs/<date>_<host><comment>."""
    monkeypatch.chdir(tmp_path)
    with SummaryWriter(comment="_lr0.1") as writer:
        writer.add_scalar("x", 1.0)
    (run,) = tracker.open("runs").runs()
    assert run.name.endswith("_lr0.1")
    assert writer.get_logdir() == f"runs/{run.name}"


def test_write_to_disk_false_writes_nothing(tmp_path: Path) -> None:
    """For the other ranks of a training."""
    with SummaryWriter(tmp_path / "a", write_to_disk=False) as writer:
        writer.add_scalar("x", 1.0)
        writer.add_histogram("w", [1.0])
        writer.add_hparams({"lr": 1}, {"m": 2})
        writer.flush()
    assert list(tmp_path.iterdir()) == []


def test_the_global_writer_is_one(logdir: Path) -> None:
    """tensorboardX's GlobalSummaryWriter."""
    first = GlobalSummaryWriter.getSummaryWriter(logdir / "a")
    try:
        assert GlobalSummaryWriter.getSummaryWriter() is first
        first.add_scalar("x", 1.0, 0)
        first.export_scalars_to_json(logdir / "x.json")
        ((_, step, value),) = json.loads((logdir / "x.json").read_text())["x"]
        assert (step, value) == (0, 1.0)
    finally:
        first.close()


# --- event files beside it, read by TensorBoard -----------------------------------------------------------


def log_everything(writer: Any) -> None:
    """The same calls for any SummaryWriter."""
    rng = np.random.default_rng(0)
    for step in range(5):
        writer.add_scalar("loss", 0.5**step, step, 1000.0 + step)
        writer.add_histogram("w", rng.normal(size=100), step)
    writer.add_image("p", PICTURE, 0, dataformats="HWC")
    writer.add_audio("s", np.zeros(100), 0, 8000)
    writer.add_text("notes", "hello", 3)
    writer.add_pr_curve("pr", np.array([0, 1, 1]), np.array([0.1, 0.9, 0.4]), 0)
    writer.add_mesh("m", np.zeros((1, 4, 3), np.float32), global_step=0)
    writer.add_custom_scalars({"losses": {"both": ["Multiline", ["loss"]]}})


def accumulated(folder: Path) -> Any:
    """What TensorBoard reads in a folder."""
    module = pytest.importorskip(
        "tensorboard.backend.event_processing.event_accumulator", reason="needs TensorBoard as referee"
    )
    found = module.EventAccumulator(
        str(folder), size_guidance=dict.fromkeys(("scalars", "tensors", "images", "audio", "histograms"), 0)
    )
    return found.Reload()


def test_tensorboard_reads_the_same_from_our_event_files_as_from_pytorchs(tmp_path: Path) -> None:
    """Tag by tag and point by point; and a page of ours does not show the run twice."""
    theirs = pytest.importorskip(
        "torch.utils.tensorboard", reason="needs PyTorch and TensorBoard as referees"
    ).SummaryWriter
    folders: dict[str, Callable[[Path], Any]] = {
        "theirs": lambda path: theirs(str(path)),
        "ours": lambda path: SummaryWriter(path, tfevents=True),
    }
    found = {}
    for name, make in folders.items():
        writer = make(tmp_path / name)
        log_everything(writer)
        writer.close()
        found[name] = accumulated(tmp_path / name)
    assert found["ours"].Tags() == found["theirs"].Tags()
    assert [(e.step, e.wall_time, e.value) for e in found["ours"].Scalars("loss")] == [
        (e.step, e.wall_time, e.value) for e in found["theirs"].Scalars("loss")
    ]
    assert [e.histogram_value.num for e in found["ours"].Histograms("w")] == [
        e.histogram_value.num for e in found["theirs"].Histograms("w")
    ]
    for kind in ("Images", "Audio"):
        tag = found["ours"].Tags()[kind.lower()][0]
        assert [e.step for e in getattr(found["ours"], kind)(tag)] == [
            e.step for e in getattr(found["theirs"], kind)(tag)
        ]
    for tag in found["ours"].Tags()["tensors"]:
        ours, other = ([e.tensor_proto for e in found[name].Tensors(tag)] for name in ("ours", "theirs"))
        assert [each.dtype for each in ours] == [each.dtype for each in other], tag
    from tracker.foreign.event_files import is_beside_a_run

    assert all(is_beside_a_run(path) for path in (tmp_path / "ours").glob("*tfevents*"))


def test_event_files_of_hparams_and_purged_steps_are_tensorboards(tmp_path: Path) -> None:
    """The hparams plugin finds its session; the accumulator forgets what was purged."""
    with SummaryWriter(tmp_path / "a", tfevents=True) as writer:
        for step in range(10):
            writer.add_scalar("x", step, step)
        writer.add_hparams({"lr": 0.1, "opt": "adam"}, {"acc": 1.0})
    with SummaryWriter(tmp_path / "a", purge_step=6, tfevents=True) as writer:
        writer.add_scalar("x", 100, 6)
    found = accumulated(tmp_path / "a")
    assert [e.step for e in found.Scalars("x")] == [0, 1, 2, 3, 4, 5, 6]
    assert set(found.SummaryMetadata("_hparams_/session_start_info").plugin_data.plugin_name) == set("hparams")
