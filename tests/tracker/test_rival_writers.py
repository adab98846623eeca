"""The same calls to PyTorch's SummaryWriter, to tensorboardX's and to ours: what can be read back is the same.

Theirs is read out of the event files that they wrote, ours out of our store and out of the event files beside it. Each
`add_*` stands with the arguments that the rivals' own tests try.
"""

from __future__ import annotations

import importlib
import io
import json
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tracker
from tracker.compat.tensorboard import SummaryWriter
from tracker.foreign.importer import import_logs

pytestmark = pytest.mark.filterwarnings("ignore")

RIVALS = {"PyTorch": "torch.utils.tensorboard", "tensorboardX": "tensorboardX"}
RNG = np.random.default_rng(0)
PIXELS = RNG.integers(0, 256, (3, 8, 10), np.uint8)
VERTICES = np.array([[[1, 1, 1], [-1, -1, 1], [1, -1, -1], [-1, 1, -1]]], float)
COLORS = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 0, 255]]], int)
FACES = np.array([[[0, 2, 3], [0, 3, 1], [0, 1, 2], [1, 3, 2]]], int)
LABELS, SCORES = RNG.integers(0, 2, 100), RNG.random(100)

Call = Callable[[Any], None]


def torch_values() -> list[Any]:
    """Numbers as PyTorch has them."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed; it is a referee, not a requirement")

    plain = [
        torch.tensor(0.5),
        torch.ones(1) / 3,
        torch.ones(1, 1) / 7,
        torch.tensor(3),
        torch.tensor(True),
        torch.tensor(0.5).double(),
    ]
    return [*plain, torch.tensor([0.25], requires_grad=True)]


def bfloat16(writer: Any) -> Any:
    """A number that tensorboardX's writer does not take; the same as float32 for it."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed; it is a referee, not a requirement")

    taken = "tensorboardX" not in type(writer).__module__
    return torch.tensor(1.5, dtype=torch.bfloat16 if taken else torch.float32)


SCALARS: dict[str, Call] = {
    "python": lambda w: [w.add_scalar("x", value, step) for step, value in enumerate((1, 2.5, True, -0.0))],
    "numpy": lambda w: [
        w.add_scalar("x", kind(3), step) for step, kind in enumerate((np.float16, np.float32, np.float64, np.int8, np.uint64))
    ],
    "arrays of one": lambda w: [w.add_scalar("x", np.full(shape, 2.0), 1) for shape in ((), (1,), (1, 1))],
    "torch": lambda w: [w.add_scalar("x", value, step) for step, value in enumerate(torch_values())],
    "not finite": lambda w: [w.add_scalar("x", value, 0) for value in (np.nan, np.inf, -np.inf)],
    "walltime": lambda w: w.add_scalar("x", 0.2, 0, walltime=7),
    "bfloat16 of PyTorch": lambda w: w.add_scalar("x", bfloat16(w), 1),
    "walltime 0": lambda w: w.add_scalar("x", 0.2, 0, 0),
    "steps of numpy": lambda w: w.add_scalar("x", 0.2, np.int64(12)),
    "steps back": lambda w: [w.add_scalar("x", step, step) for step in (5, 3, 3, 9)],
    "nested tag": lambda w: w.add_scalar("a/b/c d/é", 1.0, 2),
}  # fmt: skip

OTHERS: dict[str, Call] = {
    "add_image CHW": lambda w: w.add_image("v", PIXELS, 1),
    "add_image float": lambda w: w.add_image("v", PIXELS / 255, 1),
    "add_image HWC": lambda w: w.add_image("v", PIXELS.transpose(1, 2, 0), 1, dataformats="HWC"),
    "add_image HW": lambda w: w.add_image("v", PIXELS[0], 1, dataformats="HW"),
    "add_image one channel": lambda w: w.add_image("v", PIXELS[:1], 1),
    "add_image walltime": lambda w: w.add_image("v", PIXELS, 1, 9.0),
    "add_images of one": lambda w: w.add_images("v", PIXELS[None], 1),
    "add_images NHWC": lambda w: w.add_images("v", PIXELS.transpose(1, 2, 0)[None] / 255, 1, dataformats="NHWC"),
    "add_audio": lambda w: w.add_audio("v", np.sin(np.arange(4000) / 10), 3, 8000),
    "add_audio 44100": lambda w: w.add_audio("v", np.zeros((1, 4410)), 3),
    "add_text": lambda w: w.add_text("v", "a|b\n-|-\nc|d", 4),
    "add_pr_curve": lambda w: w.add_pr_curve("v", LABELS, SCORES, 5),
    "add_pr_curve weights": lambda w: w.add_pr_curve("v", LABELS, SCORES, 5, 20, SCORES + 1),
    "add_pr_curve_raw": lambda w: w.add_pr_curve_raw("v", *(np.arange(6 * 5.0).reshape(6, 5)), 5, 5),
    "add_mesh": lambda w: w.add_mesh("v", VERTICES, COLORS, FACES, global_step=6),
    "add_mesh cloud": lambda w: w.add_mesh("v", VERTICES, config_dict={"camera": {"fov": 75}}, global_step=6),
    "add_custom_scalars": lambda w: w.add_custom_scalars({"T": {"a": ["Multiline", ["x", "y"]], "b": ["Margin", ["v", "l", "u"]]}}),
    "add_custom_scalars_multilinechart": lambda w: w.add_custom_scalars_multilinechart(["x", "y"]),
    "add_custom_scalars_marginchart": lambda w: w.add_custom_scalars_marginchart(["v", "l", "u"], "C", "t"),
    "add_tensor": lambda w: w.add_tensor("v", tensor(), 8),
}  # fmt: skip

NOT_THEIRS = {("tensorboardX", "add_tensor")}


def tensor() -> Any:
    """A tensor of PyTorch."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed; it is a referee, not a requirement")

    return torch.arange(6, dtype=torch.float32).reshape(2, 3)


def written(rival: str, tmp_path: Path, call: Call) -> dict[str, Any]:
    """The run that a rival's calls make, and the one of ours; and ours as TensorBoard's files, read again."""
    theirs = pytest.importorskip(RIVALS[rival], reason=f"needs {rival} as referee").SummaryWriter
    with theirs(str(tmp_path / "theirs")) as writer:
        call(writer)
    with SummaryWriter(str(tmp_path / "ours" / "theirs"), tfevents=True) as writer:
        call(writer)
    (tmp_path / "files").mkdir()
    for path in [each for each in (tmp_path / "ours" / "theirs").iterdir() if not each.name.endswith(".sqlite")]:
        path.rename(tmp_path / "files" / path.name)
    found = {"ours": tracker.open(tmp_path / "ours").run("theirs")}
    for name in ("theirs", "files"):
        list(import_logs(tmp_path / name, tmp_path / f"{name}-imported"))
        found[name] = tracker.open(tmp_path / f"{name}-imported").run(name)
    return found


@pytest.mark.parametrize("name", SCALARS)
@pytest.mark.parametrize("rival", RIVALS)
def test_add_scalar_is_what_the_rivals_write(rival: str, name: str, tmp_path: Path) -> None:
    """To the precision that theirs has; wall times that were given, to the last bit."""
    found = written(rival, tmp_path, SCALARS[name])
    (tag,) = found["theirs"].tags("scalar")
    wanted = found["theirs"].scalars(tag)
    for which in ("ours", "files"):
        (own,) = found[which].tags("scalar")
        assert own == tag or (rival == "tensorboardX" and own.replace(" ", "_") == tag)
        points = found[which].scalars(own)
        assert points.step.tolist() == wanted.step.tolist()
        assert np.array_equal(points.value.astype(np.float32), wanted.value.astype(np.float32), equal_nan=True)
        if name.startswith("walltime"):
            assert points.wall_time.tolist() == wanted.wall_time.tolist()


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize("rival", RIVALS)
def test_every_other_method_keeps_what_the_rivals_keep(rival: str, name: str, tmp_path: Path) -> None:
    """The same kind and steps, and contents that are equal, or as near as eight and sixteen bits are."""
    if (rival, name) in NOT_THEIRS:
        assert not hasattr(importlib.import_module(RIVALS[rival]).SummaryWriter, name.split()[0])
        return
    if (rival, name.split()[0]) == ("tensorboardX", "add_audio"):
        pytest.importorskip("soundfile", reason="tensorboardX writes sounds with soundfile")
    found = written(rival, tmp_path, OTHERS[name])
    wanted = contents(found["theirs"])
    assert wanted
    for which in ("ours", "files"):
        values = contents(found[which])
        assert [each[:2] for each in values] == [each[:2] for each in wanted], which
        for (_, _, ours), (_, _, theirs) in zip(values, wanted, strict=True):
            assert near(ours, theirs), which


def contents(run: Any) -> list[tuple[str, int, Any]]:
    """(kind, step, content) of all values of a run; contents as arrays or words."""
    found = []
    for kind in ("image", "audio", "text", "pr_curve", "mesh", "layout", "tensor", "figure", "video"):
        for tag in run.tags(kind):
            for item in run.media(kind, tag):
                if item.attributes.get("part") != "confidence":
                    found.append((kind, item.step, content(kind, item)))
    return found


def content(kind: str, item: Any) -> Any:
    """What an item holds."""
    if kind == "audio":
        with wave.open(io.BytesIO(item.data)) as file:
            return file.getframerate(), np.frombuffer(file.readframes(1 << 20), "<i2").astype(float)
    if kind == "image":
        array = item.array.astype(float)
        return array if array.ndim == 3 and array.shape[2] == 3 else np.repeat(array.reshape(*array.shape[:2], 1), 3, 2)
    if kind in ("text", "layout"):
        return item.text if kind == "text" else json.loads(item.text)
    return (
        item.attributes.get("part"),
        json.loads(item.attributes.get("config") or "{}") or {},
        item.array.astype(float),
    )


def near(a: Any, b: Any) -> bool:
    """Equality, of numbers to one step of eight or sixteen bits."""
    if isinstance(a, tuple):
        return len(a) == len(b) and all(map(near, a, b))
    if isinstance(a, np.ndarray):
        return a.shape == b.shape and np.allclose(a, b, rtol=1e-5, atol=1 if a.max(initial=0) > 50 else 1e-6)
    return bool(a == b)


@pytest.mark.parametrize("rival", RIVALS)
@pytest.mark.parametrize(
    "values",
    [RNG.normal(size=1000), RNG.integers(-5, 5, 100), np.ones((3, 4), bool), np.array([0.0]), RNG.random((4, 5)).astype("f4")],
    ids=["normal", "integers", "booleans", "one zero", "float32"],
)  # fmt: skip
def test_add_histogram_counts_what_the_rivals_count(rival: str, values: Any, tmp_path: Path) -> None:
    """As many, from the same least to the same greatest, and the median as near as their wider bins allow."""
    found = written(rival, tmp_path, lambda writer: writer.add_histogram("w", values, 3))
    ours, files, theirs = (found[name].histograms("w")[0] for name in ("ours", "files", "theirs"))
    assert ours.total == files.total == theirs.total == values.size
    assert (ours.min, ours.max) == (theirs.min, theirs.max) == (values.min(), values.max())
    assert ours.quantile(0.5) == pytest.approx(np.median(values.astype(float)), abs=0.01 if values.size > 500 else 0.51)
    assert found["ours"].histograms("w").step.tolist() == [3]


@pytest.mark.parametrize("rival", RIVALS)
def test_add_histogram_raw_keeps_the_rivals_bins(rival: str, tmp_path: Path) -> None:
    """As the rivals' own tests build them."""
    values = RNG.normal(size=1000)
    counts, limits = np.histogram(values, bins="auto")
    found = written(
        rival,
        tmp_path,
        lambda writer: writer.add_histogram_raw(
            "w", min=values.min(), max=values.max(), num=len(values), sum=values.sum(), sum_squares=values.dot(values),
            bucket_limits=limits[1:].tolist(), bucket_counts=counts.tolist(), global_step=2,
        ),
    )  # fmt: skip
    ours, files, theirs = (found[name].histograms("w")[0] for name in ("ours", "files", "theirs"))
    assert ours.counts.tolist() == files.counts.tolist() == theirs.counts.tolist() == counts.tolist()
    assert ours.edges[1:].tolist() == files.edges[1:].tolist() == theirs.edges[1:].tolist()


@pytest.mark.parametrize("rival", RIVALS)
def test_add_scalars_are_the_rivals_sub_runs_in_one_run(rival: str, tmp_path: Path) -> None:
    """Theirs makes a run for each name; the points are the same."""

    def call(writer: Any) -> None:
        for step in range(5):
            writer.add_scalars("data/group", {"xsinx": step * 0.5, "xcosx": -step}, step)

    theirs = pytest.importorskip(RIVALS[rival], reason=f"needs {rival} as referee").SummaryWriter
    with theirs(str(tmp_path / "theirs")) as writer:
        call(writer)
    with SummaryWriter(tmp_path / "ours" / "a") as writer:
        call(writer)
    list(import_logs(tmp_path / "theirs", tmp_path / "imported"))
    ours = tracker.open(tmp_path / "ours").run("a")
    for name in ("xsinx", "xcosx"):
        (run,) = [
            run
            for run in tracker.open(tmp_path / "imported").runs()
            if run.name.endswith(f"group_{name}" if rival == "PyTorch" else f"group/{name}")
        ]
        wanted = run.scalars(run.tags("scalar")[0])
        points = ours.scalars(f"data/group/{name}")
        assert (points.step.tolist(), points.value.tolist()) == (wanted.step.tolist(), wanted.value.tolist())


@pytest.mark.parametrize("rival", RIVALS)
def test_add_hparams_says_what_the_rivals_say(rival: str, tmp_path: Path) -> None:
    """The same settings and metrics, without their run beside the run."""

    def call(writer: Any) -> None:
        writer.add_hparams(
            {"lr": 0.1, "bsize": 1, "opt": "adam", "bn": True}, {"hparam/accuracy": 10, "hparam/loss": 0.5}
        )

    theirs = pytest.importorskip(RIVALS[rival], reason=f"needs {rival} as referee").SummaryWriter
    with theirs(str(tmp_path / "theirs")) as writer:
        call(writer)
    with SummaryWriter(tmp_path / "ours" / "a", tfevents=True) as writer:
        call(writer)
    list(import_logs(tmp_path / "theirs", tmp_path / "imported"))
    (run,) = [run for run in tracker.open(tmp_path / "imported").runs() if run.config]
    ours = tracker.open(tmp_path / "ours").run("a")
    assert ours.config == run.config == {"lr": 0.1, "bsize": 1, "opt": "adam", "bn": True}
    for tag in ("hparam/accuracy", "hparam/loss"):
        assert ours.scalars(tag).value.tolist() == run.scalars(tag).value.tolist()
    (tmp_path / "files").mkdir()
    for path in (tmp_path / "ours" / "a").glob("*tfevents*"):
        path.rename(tmp_path / "files" / path.name)
    list(import_logs(tmp_path / "files", tmp_path / "again"))
    assert tracker.open(tmp_path / "again").run("files").config == run.config


@pytest.mark.parametrize("rival", RIVALS)
def test_add_embedding_makes_the_rivals_files(rival: str, tmp_path: Path) -> None:
    """Two steps and two tags, with labels of one column and of two, and pictures: read in place, all three are the same."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed; it is a referee, not a requirement")

    features, pictures = torch.rand(10, 4), (torch.rand(10, 3, 6, 6) * 255).round() / 255

    def call(writer: Any) -> None:
        writer.add_embedding(features, metadata=[f"w{k}" for k in range(10)], label_img=pictures, global_step=1)
        writer.add_embedding(features * 2, metadata=[f"w{k}" for k in range(10)], label_img=pictures, global_step=2)
        writer.add_embedding(features, [[str(k), str(k % 2)] for k in range(10)], None, 2, "other tag", ["n", "odd"])

    found = written(rival, tmp_path, call)
    for tag in ("default", "other tag"):
        wanted = [item for item in found["theirs"].media("embedding", tag) if item.attributes["part"] == "vectors"]
        last = found["theirs"].embedding(tag)
        for which in ("ours", "files"):
            items = [item for item in found[which].media("embedding", tag) if item.attributes["part"] == "vectors"]
            assert (
                [item.step for item in items] == [item.step for item in wanted] == ([1, 2] if tag == "default" else [2])
            )
            assert all(np.array_equal(a.array, b.array) for a, b in zip(items, wanted, strict=True))
            each = found[which].embedding(tag)
            assert (each.header, each.rows) == (last.header, last.rows)
            if tag == "default":
                assert np.abs(each.sprites.astype(int) - last.sprites.astype(int)).max() <= 1


@pytest.mark.parametrize("rival", RIVALS)
def test_figures_and_boxes_are_the_rivals_pictures(rival: str, tmp_path: Path) -> None:
    """As large, and figures pixel by pixel."""
    pyplot = pytest.importorskip("matplotlib.pyplot", reason="needs Matplotlib")
    pyplot.switch_backend("agg")

    def call(writer: Any) -> None:
        figure = pyplot.figure(figsize=(2, 1))
        figure.add_subplot().plot([1, 2])
        writer.add_figure("figure", figure, 1)
        writer.add_image_with_boxes("boxes", np.zeros((3, 64, 48)), np.array([[10, 10, 40, 40], [40, 40, 46, 60]]), 2)

    found = written(rival, tmp_path, call)
    theirs = found["theirs"]
    assert found["ours"].images("boxes")[0].array.shape == theirs.images("boxes")[0].array.shape == (64, 48, 3)
    (figure,) = found["ours"].media("figure", "figure")
    assert np.array_equal(figure.array[..., :3], theirs.images("figure")[0].array[..., :3])
