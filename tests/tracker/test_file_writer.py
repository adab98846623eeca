"""What other code reaches into: `writer.file_writer` and its kin, closed writers that go on, protobufs that are handed over."""

from __future__ import annotations

import importlib
import inspect
import logging
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tracker
from tracker.compat.tensorboard import GlobalSummaryWriter, SummaryWriter
from tracker.foreign.importer import import_logs

pytestmark = pytest.mark.filterwarnings("ignore")

RIVALS = {"PyTorch": "torch.utils.tensorboard", "tensorboardX": "tensorboardX"}
PIXELS = np.random.default_rng(0).integers(0, 256, (3, 8, 10), np.uint8)


def rival(name: str) -> Any:
    """A rival's SummaryWriter."""
    return pytest.importorskip(RIVALS[name], reason=f"needs {name} as referee").SummaryWriter


def files(folder: Path) -> list[Path]:
    """Its event files, in the order of their names."""
    return sorted(folder.glob("*tfevents*"))


def read_files(folder: Path, into: Path) -> Any:
    """The one run of a folder's event files, read without the run of ours that lies beside them."""
    apart = into / "apart"
    apart.mkdir(parents=True)
    for path in files(folder):
        (apart / path.name).write_bytes(path.read_bytes())
    list(import_logs(apart, into / "imported"))
    (run,) = tracker.open(into / "imported").runs()
    return run


# --- attributes -------------------------------------------------------------------------------------------

NOT_OURS = {"tensorboardX": {"_comet_config", "_comet_logger", "_default_metadata", "_get_comet_logger"}}
"""Private names that nothing outside of tensorboardX itself can use."""


@pytest.mark.parametrize("name", RIVALS)
def test_every_attribute_of_the_rivals_writers_and_of_what_they_hand_out_is_there(name: str, tmp_path: Path) -> None:
    """By introspection of living objects: the writer, its file writer, the event writer in that; callable where theirs is."""
    theirs, ours = rival(name)(str(tmp_path / "theirs")), SummaryWriter(str(tmp_path / "ours"), tfevents=True)
    try:
        for path in ("", "file_writer", "file_writer.event_writer"):
            a, b = theirs, ours
            for part in filter(None, path.split(".")):
                a, b = getattr(a, part), getattr(b, part)
            wanted = {each for each in dir(a) if not each.startswith("_")}
            if not path:
                wanted |= {"_get_file_writer"} | ({"_write_to_disk"} if name == "tensorboardX" else set())
            for each in sorted(wanted - {"close"}):
                found = getattr(b, each)
                assert callable(found) == callable(getattr(a, each)), each
                if callable(found) and inspect.ismethod(getattr(a, each)):
                    parameters = inspect.signature(found).parameters
                    assert set(inspect.signature(getattr(a, each)).parameters) - {"kwargs"} <= set(parameters), each
        assert ours.default_bins == theirs.default_bins
        assert list(ours.all_writers or ()) == [str(tmp_path / "ours")]
        assert ours.file_writer is ours._get_file_writer()
        assert ours.file_writer is not None
        assert ours.file_writer.get_logdir() == ours.file_writer.event_writer.get_logdir() == str(tmp_path / "ours")
    finally:
        theirs.close()
        ours.close()


@pytest.mark.parametrize("given", ["text", "path", "nothing"])
def test_attributes_have_the_values_that_pytorchs_have(
    given: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As they were given: a path stays one."""
    monkeypatch.chdir(tmp_path)
    chosen = {"text": "some/./where", "path": Path("some/where"), "nothing": None}[given]
    found = {}
    for name, make in (("theirs", rival("PyTorch")), ("ours", SummaryWriter)):
        writer = make(chosen, "-words", 5, 7, 11, ".suffix")
        attributes = ("log_dir", "purge_step", "max_queue", "flush_secs", "filename_suffix")
        found[name] = {each: getattr(writer, each) for each in attributes}
        found[name]["get_logdir"] = writer.get_logdir()
        found[name]["all_writers"] = list(writer.all_writers)
        writer.close()
        found[name]["closed"] = writer.file_writer, writer.all_writers
        if given == "nothing":  # the second may have passed between the two
            found[name] = {each: str(value)[-15:] for each, value in found[name].items()}
    assert found["ours"] == found["theirs"]


def test_a_closed_writer_has_no_file_writer_until_something_is_logged(tmp_path: Path) -> None:
    """As PyTorch's: None after close() and after `with`, another one after that; closing twice is nothing."""
    for make in (rival("PyTorch"), SummaryWriter):
        with make(str(tmp_path / make.__module__)) as writer:
            first = writer.file_writer
            assert first is not None
        assert (writer.file_writer, writer.all_writers) == (None, None)
        writer.close()
        writer.flush()
        assert writer.file_writer is None
        second = writer._get_file_writer()
        assert second is writer.file_writer
        assert second is not first
        assert list(writer.all_writers.values()) == [second]
        writer.close()


def test_a_writer_that_writes_nothing_hands_out_what_takes_everything(tmp_path: Path) -> None:
    """tensorboardX's write_to_disk=False; code that reaches into it goes on."""
    writer = SummaryWriter(tmp_path / "a", write_to_disk=False)
    handed = writer._get_file_writer()
    handed.add_summary(b"")
    handed.event_writer.add_event(b"")
    with handed.use_metadata(global_step=3):
        handed.flush()
    handed.close()
    handed.reopen()
    assert (writer.run, writer.scalar_dict, handed.event_writer._file_name) == (None, {}, str(tmp_path / "a"))
    writer.close()
    assert list(tmp_path.iterdir()) == []


def test_code_that_uploads_the_file_finds_it(tmp_path: Path) -> None:
    """`event_writer._file_name` is asked for by public code, of tensorboardX's one object further in."""
    for tfevents in (True, False):
        with SummaryWriter(tmp_path / str(tfevents), tfevents=tfevents) as writer:
            handed = writer._get_file_writer().event_writer
            assert Path(handed._file_name).is_file()
            assert ("tfevents" in handed._file_name) == tfevents
            assert handed._ev_writer._file_name == handed._file_name


# --- a folder that is there -------------------------------------------------------------------------------


@pytest.mark.parametrize("tfevents", [False, True])
def test_the_folder_holds_a_file_when_the_constructor_returns(tmp_path: Path, tfevents: bool) -> None:
    """Frameworks' tests look into it at once: it was empty in 5 of 60."""
    for number in range(10):
        with SummaryWriter(tmp_path / str(number), tfevents=tfevents) as writer:
            names = os.listdir(writer.log_dir)
            assert any(name.endswith(".sqlite") for name in names)
            assert any("tfevents" in name for name in names) == tfevents


@pytest.mark.parametrize("tfevents", [False, True])
def test_a_folder_that_was_deleted_comes_back_for_what_is_logged_and_for_nothing_else(
    tmp_path: Path, tfevents: bool
) -> None:
    """Tests and clean-ups remove it under the writer; neither a flush nor the end of the run brings it back."""
    for more in (False, True):
        writer = SummaryWriter(tmp_path / "a", tfevents=tfevents)
        writer.add_scalar("x", 1.0, 0)
        writer.flush()
        shutil.rmtree(tmp_path / "a")
        if more:
            writer.add_scalar("x", 2.0, 1)
        writer.flush()
        writer.close()
        assert (tmp_path / "a").exists() == more
    assert tracker.open(tmp_path).run("a").scalars("x").value.tolist() == [2.0]
    if tfevents:
        assert read_files(tmp_path / "a", tmp_path / "1").scalars("x").value.tolist() == [2.0]


@pytest.mark.skipif(os.name == "nt", reason="there it is a path")
@pytest.mark.parametrize("log_dir", ["C:\\runs\\exp1", "runs\\a", "D:"])
def test_a_path_of_windows_is_a_name_on_other_systems(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, log_dir: str
) -> None:
    """As to PyTorch's writer, and to the operating system; a script from elsewhere logs all the same."""
    monkeypatch.chdir(tmp_path)
    with rival("PyTorch")(log_dir) as theirs:
        theirs.add_scalar("x", 1.0, 0)
    with SummaryWriter(log_dir) as writer:
        writer.add_scalar("x", 1.0, 0)
    assert os.listdir(tmp_path) == [log_dir]
    assert tracker.open(tmp_path).run(log_dir).scalars("x").value.tolist() == [1.0]


# --- after the end ----------------------------------------------------------------------------------------


def every_call(writer: Any, step: int) -> None:
    """Each method once, at one step."""
    import torch

    pyplot = pytest.importorskip("matplotlib.pyplot", reason="needs Matplotlib")
    pyplot.switch_backend("agg")
    writer.add_scalar("scalar", step, step)
    writer.add_scalars("scalars", {"a": step}, step)
    writer.add_histogram("histogram", np.arange(10.0), step)
    writer.add_histogram_raw("raw", 0.0, 1.0, 2, 1.0, 1.0, [0.5, 1.0], [1, 1], step)
    writer.add_image("image", PIXELS, step)
    writer.add_images("images", PIXELS[None], step)
    writer.add_image_with_boxes("boxes", PIXELS, np.array([[1, 1, 3, 3]]), step)
    writer.add_figure("figure", pyplot.figure(figsize=(1, 1)), step)
    writer.add_audio("audio", np.zeros(100), step, 8000)
    writer.add_text("text", f"words {step}", step)
    writer.add_embedding(np.zeros((4, 3)), global_step=step)
    writer.add_pr_curve("pr", np.array([0, 1, 1]), np.array([0.1, 0.9, 0.4]), step)
    writer.add_mesh("mesh", np.zeros((1, 4, 3), np.float32), global_step=step)
    writer.add_tensor("tensor", torch.zeros(2), step)
    writer.add_custom_scalars({"c": {f"chart {step}": ["Multiline", ["scalar"]]}})
    writer.add_graph(torch.nn.Linear(2, 1), torch.zeros(1, 2))
    writer.flush()


def counted(run: Any) -> dict[tuple[str, str], int]:
    """How often each tag of each kind was logged."""
    found = {("scalar", tag): len(run.scalars(tag)) for tag in run.tags("scalar") if not tag.startswith("machine/")}
    found |= {("histogram", tag): len(run.histograms(tag).step) for tag in run.tags("histogram")}
    for kind in ("image", "figure", "audio", "text", "embedding", "pr_curve", "mesh", "tensor", "layout", "graph"):
        found |= {(kind, tag): len({(i.step, i.wall_time) for i in run.media(kind, tag)}) for tag in run.tags(kind)}
    return found


@pytest.mark.parametrize("end", ["close", *(pytest.param(end, marks=pytest.mark.long) for end in ("with", "both"))])
@pytest.mark.parametrize("tfevents", [False, True])
def test_every_call_after_the_end_is_kept_once(tmp_path: Path, tfevents: bool, end: str) -> None:
    """As PyTorch's writer does, which opens another file: a fit and then a test, and then another."""
    writer = SummaryWriter(tmp_path / "runs" / "a", tfevents=tfevents)
    for step in range(3):
        if end == "close":
            every_call(writer, step)
            writer.close()
        else:
            with writer:
                every_call(writer, step)
            if end == "both":
                writer.close()
    run = tracker.open(tmp_path / "runs").run("a")
    found = counted(run)
    assert run.status == "finished"
    assert len(found) == 16
    # add_scalars brings a layout of its own, once.
    assert {key: count for key, count in found.items() if count != 3} == {("layout", "custom_scalars__config__"): 4}
    assert run.scalars("scalar").value.tolist() == [0, 1, 2]
    if tfevents:
        assert len(files(tmp_path / "runs" / "a")) == 3
        again = counted(read_files(tmp_path / "runs" / "a", tmp_path))
        # Embeddings are no events, and a figure is a picture there.
        assert {key: count for key, count in again.items() if count != 3} == {("layout", "custom_scalars__config__"): 4}
        assert len(again) == 15


def test_a_test_after_a_fit_is_kept_as_pytorchs_writer_keeps_it(tmp_path: Path) -> None:
    """The same calls to both; theirs read by TensorBoard's own reader, ours too."""
    module = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator", reason="needs TensorBoard")
    found = {}
    for name, make in (("theirs", rival("PyTorch")), ("ours", lambda path: SummaryWriter(path, tfevents=True))):
        writer = make(str(tmp_path / name))
        for step in range(5):
            writer.add_scalar("loss", step, step)
        writer.close()
        writer.add_scalar("test_loss", 9.0, 5)
        writer.flush()
        read = module.EventAccumulator(str(tmp_path / name)).Reload()
        found[name] = {tag: [(e.step, e.value) for e in read.Scalars(tag)] for tag in read.Tags()["scalars"]}
        writer.close()
    assert found["ours"] == found["theirs"]
    assert tracker.open(tmp_path).run("ours").scalars("test_loss").value.tolist() == [9.0]


# --- protobufs --------------------------------------------------------------------------------------------


def summaries(name: str) -> list[Any]:
    """Ready protobufs of most kinds, as a rival's own functions make them."""
    made = importlib.import_module(f"{RIVALS[name]}.summary")
    experiment, start, end = made.hparams({"lr": 0.1, "opt": "adam", "bn": True}, {"hp_metric": -1})
    return [
        experiment,
        start,
        end,
        made.scalar("loss", 0.25),
        made.histogram("w", np.arange(100.0), [0.0, 10.0, 50.0, 100.0]),
        made.text("notes", "**hello**"),
        made.image("p", PIXELS, dataformats="CHW"),
        made.pr_curve("pr", np.array([0, 1, 1]), np.array([0.1, 0.9, 0.4])),
        made.mesh("m", np.zeros((1, 4, 3), np.float32), None, None, None),
        made.custom_scalars({"c": {"chart": ["Multiline", ["loss"]]}}),
    ]


@pytest.mark.parametrize("name", RIVALS)
def test_protobufs_become_what_an_import_makes_of_them(name: str, tmp_path: Path) -> None:
    """The same summaries to their file writer, imported, and to ours: values, steps and times; and to our event file."""
    found = {}
    for which, make in (("theirs", rival(name)), ("ours", lambda path: SummaryWriter(path, tfevents=True))):
        writer = make(str(tmp_path / which / "a"))
        for step, summary in enumerate(summaries(name)):
            writer._get_file_writer().add_summary(summary, np.int64(step), walltime=100.0 + step)
        writer.close()
    found = {
        "ours": tracker.open(tmp_path / "ours").run("a"),
        "theirs": read_files(tmp_path / "theirs" / "a", tmp_path / "1"),
        "files": read_files(tmp_path / "ours" / "a", tmp_path / "2"),
    }
    told = {which: (run.config, described(run)) for which, run in found.items()}
    assert told["theirs"][0] == {"lr": 0.1, "opt": "adam", "bn": True}
    assert len(told["theirs"][1]) == 10
    assert told["ours"] == told["theirs"] == told["files"]


def described(run: Any) -> list[tuple[Any, ...]]:
    """All that a run holds, but for the machine."""
    found: list[tuple[Any, ...]] = []
    for tag in run.tags("scalar"):
        points = run.scalars(tag)
        if not tag.startswith("machine/"):
            found.append(("scalar", tag, points.step.tolist(), points.wall_time.tolist(), points.value.tolist()))
    for tag in run.tags("histogram"):
        each = run.histograms(tag)
        found.append(("histogram", tag, each.step.tolist(), each[0].counts.tolist(), each[0].edges.tolist()))
    for kind in ("image", "text", "pr_curve", "mesh", "layout", "hparams"):
        for tag in run.tags(kind):
            found += [(kind, tag, item.step, item.wall_time, item.hash) for item in run.media(kind, tag)]
    return sorted(found, key=repr)


def test_an_event_brings_its_own_step_and_time_where_it_is_taken_as_it_is(tmp_path: Path) -> None:
    """`event_writer.add_event` as it is; `file_writer.add_event` now, unless told otherwise; neither changes the event."""
    event_pb2 = pytest.importorskip("tensorboard.compat.proto.event_pb2", reason="needs TensorBoard's protobufs")
    summary = importlib.import_module("torch.utils.tensorboard.summary").scalar("x", 1.0)
    event = event_pb2.Event(summary=summary, step=7, wall_time=5.0)
    with SummaryWriter(tmp_path / "a") as writer:
        handed = writer._get_file_writer()
        handed.event_writer.add_event(event)
        handed.add_event(event)
        handed.add_event(event.SerializeToString(), np.int32(9), 6.0)
        with handed.use_metadata(global_step=11, walltime=8.0):
            handed.add_event(event)
    points = tracker.open(tmp_path).run("a").scalars("x")
    assert points.step.tolist() == [7, 7, 9, 11]
    assert points.wall_time.tolist()[::2] == [5.0, 6.0]
    assert points.wall_time[3] == 8.0
    assert points.wall_time[1] > 1e9
    assert (event.step, event.wall_time) == (7, 5.0)


def test_a_graph_that_is_handed_over_is_one_of_ours(tmp_path: Path) -> None:
    """(GraphDef, RunMetadata), as PyTorch traces it."""
    torch = pytest.importorskip("torch", reason="needs PyTorch as referee")
    graph = importlib.import_module("torch.utils.tensorboard._pytorch_graph").graph
    with SummaryWriter(tmp_path / "a") as writer:
        writer._get_file_writer().add_graph(graph(torch.nn.Linear(4, 2), torch.zeros(1, 4)))
    assert any("Linear" in node["name"] for node in tracker.open(tmp_path).run("a").graph()["nodes"])


def test_a_restart_that_is_handed_over_goes_back(tmp_path: Path) -> None:
    """`SessionLog.START` at a step: what lay after it is left behind, as an import leaves it."""
    event_pb2 = pytest.importorskip("tensorboard.compat.proto.event_pb2", reason="needs TensorBoard's protobufs")
    writer = SummaryWriter(tmp_path / "a", tfevents=True)
    for step in range(10):
        writer.add_scalar("x", step, step)
    start = event_pb2.Event(step=6, session_log=event_pb2.SessionLog(status=event_pb2.SessionLog.START))
    writer._get_file_writer().event_writer.add_event(start)
    writer.add_scalar("x", 100, 6)
    writer.close()
    for run in (tracker.open(tmp_path).run("a"), read_files(tmp_path / "a", tmp_path / "1")):
        assert run.scalars("x").value.tolist() == [0, 1, 2, 3, 4, 5, 100]


@pytest.mark.parametrize("given", [None, 5, {"a": 1}, "words", b"\xff\xff\xff"])
def test_what_is_no_protobuf_is_refused_on_the_callers_line(tmp_path: Path, given: Any) -> None:
    """A TypeError, as TensorBoard's own; nothing of the run suffers."""
    with SummaryWriter(tmp_path / "a") as writer:
        with pytest.raises(TypeError, match="add_summary"):
            writer._get_file_writer().add_summary(given)
        with pytest.raises(TypeError, match="add_event"):
            writer._get_file_writer().add_event(given)
        writer.add_scalar("x", 1.0, 0)
    assert tracker.open(tmp_path).run("a").scalars("x").value.tolist() == [1.0]


def test_what_of_an_event_cannot_be_kept_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A value without content is not swallowed."""
    summary_pb2 = pytest.importorskip("tensorboard.compat.proto.summary_pb2", reason="needs TensorBoard's protobufs")
    with SummaryWriter(tmp_path / "a") as writer, caplog.at_level(logging.WARNING):
        writer._get_file_writer().add_summary(summary_pb2.Summary(value=[summary_pb2.Summary.Value(tag="empty")]))
    assert "'empty'" in caplog.text


# --- the writer of a process ------------------------------------------------------------------------------


@pytest.fixture
def one() -> Iterator[Callable[..., GlobalSummaryWriter]]:
    """getSummaryWriter of a process that has none yet."""
    GlobalSummaryWriter._one = None
    yield GlobalSummaryWriter.getSummaryWriter
    if GlobalSummaryWriter._one is not None:
        GlobalSummaryWriter._one.close()
    GlobalSummaryWriter._one = None


def test_the_global_writer_takes_what_tensorboardxs_takes(
    tmp_path: Path, one: Callable[..., GlobalSummaryWriter]
) -> None:
    """The time in third place, steps counted by tag, `smw` and `file_writer`; closed, the same one goes on."""
    theirs = pytest.importorskip("tensorboardX", reason="needs tensorboardX as referee").GlobalSummaryWriter
    for each in ("add_scalar", "add_image", "add_text"):
        wanted = list(inspect.signature(getattr(theirs, each)).parameters)
        assert list(inspect.signature(getattr(GlobalSummaryWriter, each)).parameters)[: len(wanted)] == wanted
    writer = one(tmp_path / "a")
    for value in range(3):
        writer.add_scalar("x", value, 100.0 + value)
    writer.add_text("t", "words", 5.0)
    writer.add_image("i", PIXELS, 6.0, "CHW")
    assert writer.smw.file_writer is not None
    writer.close()
    assert one() is writer
    writer.add_scalar("x", 3, 103.0)
    writer.close()
    run = tracker.open(tmp_path).run("a")
    points = run.scalars("x")
    assert (points.step.tolist(), points.wall_time.tolist()) == ([0, 1, 2, 3], [100.0, 101.0, 102.0, 103.0])
    assert (run.text("t")[0].wall_time, run.images("i")[0].wall_time) == (5.0, 6.0)
