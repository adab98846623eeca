"""Models in a run: what is kept answers as it did, each version by its step, whatever is done to the run meanwhile."""

from __future__ import annotations

import os
import shutil
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from digit_models import DIGITS, SHAPE, answer, batch, changed, kept, network
from hostile_models import sound
from steering import until

import tracker
import trainer
from dashboard.cli import main as viz
from tracker.errors import ModelError
from tracker.models import manifest
from tracker.store.read.reader import Store
from tracker.store.write import writer as writers
from tracker.values.opaque import OpaqueValue
from tracker.values.value import Medium


def test_each_version_answers_as_the_network_did_then(run: tracker.Run) -> None:
    """The snapshot is a copy: what training changes later, in place, changes no version."""
    model, x, expected = network(), batch(), {}
    for step in (0, 50, 100):
        expected[step] = answer(model, x)
        run.log_model(model, "digits", inputs=(None, 1, 8, 8), classes=DIGITS, step=step)
        changed(model, 1.0)
    (found,) = run.models()
    assert (found.name, found.step, [each.step for each in found.versions]) == ("digits", 100, [0, 50, 100])
    assert len({each.manifest.digest for each in found.versions}) == 3
    for step, values in expected.items():
        version = run.model("digits", step)
        np.testing.assert_allclose(version.predict(x), values, rtol=1e-5)
        np.testing.assert_allclose(version.predict({"x": x})["output"], values, rtol=1e-5)
    names = [name for name, _ in found.top(x, k=3)]
    assert names == [DIGITS[each] for each in np.argsort(-expected[100][0])[:3]]
    assert found.inputs[0][:] == ("x", "float32", (None, 1, 8, 8))
    assert found.outputs[0][:] == ("output", "float32", (None, 10))


def test_a_version_is_logged_where_training_stands_and_moves_it_nowhere(run: tracker.Run) -> None:
    """As a mark: the loop's next step is one more than its last."""
    run.log({"loss": 1.0}, step=7)
    run.log_model(network(), inputs=(None, 1, 8, 8), labels=["stable"])
    run.log({"loss": 0.5})
    assert run.model().step == 7
    assert run.model().labels == ("stable",)
    run.flush()
    assert tracker.open(run.logdir).run("run").scalars("loss").step.tolist() == [7, 8]


def test_an_onnx_file_says_itself_what_it_takes(run: tracker.Run, tmp_path: Path) -> None:
    """And its bytes are kept as they are; a file that is changed after the call changes nothing."""
    path = tmp_path / "half_plus_two.onnx"
    path.write_bytes(sound())
    run.log_model(path, "half")
    path.write_bytes(b"changed")
    found = run.model("half")
    assert [each[:] for each in found.inputs] == [("x", "float32", (None, 4))]
    assert [each[:] for each in found.outputs] == [("y", "float32", (None, 4))]
    assert found.file("model.onnx").read_bytes() == sound()
    pytest.importorskip("onnxruntime", reason="an ONNX model is run by onnxruntime, of the extra serve")
    np.testing.assert_array_equal(found.predict(np.float32([[0, 1, 2, 4]])), [[2, 2.5, 3, 4]])


def test_the_same_content_is_one_file(run: tracker.Run) -> None:
    """Logged again unchanged, under two names and by a forked child, it takes no room."""
    model = network()
    for step in range(3):
        run.log_model(model, "a", inputs=(None, 1, 8, 8), step=step)
        run.log_model(model, "b", inputs=(None, 1, 8, 8), step=step)
    run.flush()
    before = kept(run)
    assert len(before) == 2  # architecture and weights
    if hasattr(os, "fork"):
        child = os.fork()
        if not child:
            try:
                run.log_model(model, "c", inputs=(None, 1, 8, 8), step=9)
                run.finish()
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        assert run.model("c").step == 9
    assert kept(run) == before


def test_what_was_logged_last_at_a_step_is_its_version(run: tracker.Run) -> None:
    """As a checkpoint that is written again."""
    model, x = network(), batch()
    run.log_model(model, inputs=(None, 1, 8, 8), step=3)
    changed(model, 1.0)
    run.log_model(model, inputs=(None, 1, 8, 8), step=3)
    (version,) = run.model().versions
    np.testing.assert_allclose(run.model().predict(x), answer(model, x), rtol=1e-5)
    assert version.is_kept


def test_versions_after_a_rewind_are_those_of_the_live_line(logdir: Path) -> None:
    """As of all that is logged: what a rewind left behind is not listed."""
    for step in (None, 10):
        kind = {"resume": "must", "step": step} if step else {}
        with tracker.init(logdir=logdir, name="a", machine=False, **kind) as run:
            for place in (10, 20, 30) if step is None else (25,):
                run.log_model(network(), inputs=(None, 1, 8, 8), step=place)
    assert [each.step for each in tracker.open(logdir).run("a").model("model").versions] == [10, 25]


# --- versions that are let go ------------------------------------------------------------------------


def test_of_older_versions_the_files_are_let_go(run: tracker.Run) -> None:
    """They stay listed, and say so when they are asked."""
    model = network()
    for step in range(5):
        run.log_model(model, inputs=SHAPE, step=step, keep=2)
        changed(model, 1.0)
    run.flush()
    found = run.model()
    assert [each.is_kept for each in found.versions] == [False, False, False, True, True]
    assert len(kept(run)) == 3  # one architecture, two of weights
    with pytest.raises(ModelError, match=r"at step 0 are not kept any more.*\n.*step 4"):
        run.model(step=0).predict(batch())
    assert viz(["doctor", "--logdir", str(run.logdir)]) == 0


def test_what_another_version_needs_is_not_let_go(run: tracker.Run) -> None:
    """The same content under another name, or at a later step."""
    first, second = network(), network()
    run.log_model(first, "a", inputs=SHAPE, step=0, keep=1)
    run.log_model(first, "b", inputs=SHAPE, step=0)
    run.log_model(second, "a", inputs=SHAPE, step=1, keep=1)
    run.log_model(first, "a", inputs=SHAPE, step=2, keep=1)
    run.flush()
    assert [each.is_kept for each in run.model("a").versions] == [True, False, True]
    assert run.model("b").version.is_kept


def test_a_resumed_run_lets_go_of_what_it_kept_before(logdir: Path) -> None:
    """`keep` counts versions of the run, not of a process."""
    model = network()
    for step in range(3):
        with tracker.init(logdir=logdir, name="a", resume="allow", machine=False) as run:
            run.log_model(model, inputs=SHAPE, step=step, keep=1)
        changed(model, 1.0)
    assert [each.is_kept for each in tracker.open(logdir).run("a").model("model").versions] == [False, False, True]


# --- the world ---------------------------------------------------------------------------------------


def test_a_disk_that_takes_no_model_stops_no_training(run: tracker.Run) -> None:
    """It is counted and told; what else is logged is stored."""
    (run.folder / "models").write_text("in the way", encoding="utf-8")
    run.log_model(network(), inputs=SHAPE)
    run.log({"loss": 1.0})
    run.finish()
    stored = tracker.open(run.logdir).run("run")
    assert [segment.lost for segment in stored.segments()] == [{"model": 1}]
    assert stored.models() == []
    assert len(stored.scalars("loss")) == 1


def test_finish_waits_for_a_model_that_is_being_made(
    run: tracker.Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Exporting may take longer than a disk is waited for; what a training logs last is what it is for."""
    monkeypatch.setattr(writers, "FINISH_S", 1.0)
    goes_on, is_made = threading.Event(), threading.Event()

    class Slow:
        __module__ = "slow"

    exporter = type(sys)("slow_export")
    exporter.snapshot = lambda model, example, **names: None  # type: ignore[attr-defined]

    def export(held: Any, example: Any, **names: Any) -> Any:
        is_made.set()
        assert goes_on.wait(60)
        return "onnx", {"model.onnx": sound()}, None, None, ""

    exporter.export = export  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "slow_export", exporter)
    monkeypatch.setitem(sys.modules, "slow", type(sys)("slow"))
    monkeypatch.setitem(tracker.models.exporters.EXPORTERS, "slow", "slow_export")
    run.log_model(Slow(), inputs=(None, 4))
    assert is_made.wait(60)
    finishing = threading.Thread(target=run.finish)
    finishing.start()
    finishing.join(3.0)  # three times as long as it would wait for a disk that stands still
    assert finishing.is_alive()
    goes_on.set()
    finishing.join(60)
    until(lambda: run._writer.closed)  # on a busy machine the second may be over before what was made is stored
    assert tracker.open(run.logdir).run("run").model("model").size == len(sound())


def test_a_fork_is_whole_by_itself(logdir: Path) -> None:
    """The first run may be deleted; so may the new one."""
    model, x = network(), batch()
    with tracker.init(logdir=logdir, name="first", machine=False) as run:
        for step in (1, 2):
            run.log_model(model, inputs=SHAPE, step=step)
            changed(model, 1.0)
    with tracker.init(logdir=logdir, name="second", fork="first", step=1, machine=False) as run:
        run.log_model(model, inputs=SHAPE, step=5)
    shutil.rmtree(logdir / "first")
    found = Store(logdir).run("second").model("model")
    assert [each.step for each in found.versions] == [1, 5]
    assert all(each.is_kept for each in found.versions)
    np.testing.assert_allclose(found.predict(x), answer(model, x), rtol=1e-5)


def test_a_run_that_is_moved_or_renamed_keeps_its_models(logdir: Path, tmp_path: Path) -> None:
    """Nothing in it says where it lies."""
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        run.log_model(network(), inputs=SHAPE)
    shutil.move(logdir / "a", tmp_path / "elsewhere" / "b")
    assert Store(tmp_path / "elsewhere").run("b").model("model").predict(batch()).shape == (3, 10)


def test_a_read_only_logdir_answers(logdir: Path) -> None:
    """Reading a model writes nothing beside it."""
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        run.log_model(network(), inputs=SHAPE)
    before = sorted(logdir.rglob("*"))
    for path in before:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        assert Store(logdir).run("a").model("model").predict(batch()).shape == (3, 10)
        assert sorted(logdir.rglob("*")) == before
    finally:
        for path in before:
            path.chmod(0o755 if path.is_dir() else 0o644)


def test_what_is_saved_is_the_files_and_what_is_said_of_them(run: tracker.Run, tmp_path: Path) -> None:
    """`trainer` itself reads the folder."""
    model, x = network(), batch()
    run.log_model(model, inputs=SHAPE, classes=DIGITS)
    folder = run.model().save(tmp_path / "out")
    assert {each.name for each in folder.iterdir()} == {"architecture.json", "weights.safetensors", "manifest.json"}
    assert manifest.of_bytes((folder / "manifest.json").read_bytes()) == run.model().manifest
    np.testing.assert_allclose(answer(trainer.saved_model.load_model(folder), x), answer(model, x), rtol=1e-5)


# --- what is stored may be anybody's -----------------------------------------------------------------


def test_a_file_that_was_changed_is_not_run(run: tracker.Run) -> None:
    """The name says what it holds."""
    run.log_model(network(), inputs=SHAPE)
    weights = next(each for each in run.model().manifest.files if each.name.endswith("safetensors"))
    place = run.folder / "models" / weights.digest
    data = bytearray(place.read_bytes())
    data[-1] ^= 1
    place.write_bytes(bytes(data))
    with pytest.raises(ModelError, match="damaged"):
        run.model().predict(batch())
    assert viz(["doctor", "--logdir", str(run.logdir)]) == 1


def test_a_link_in_the_place_of_a_file_is_not_followed(run: tracker.Run, tmp_path: Path) -> None:
    """A run that was mailed shows nobody a file of this machine."""
    run.log_model(network(), inputs=SHAPE)
    place = run.folder / "models" / run.model().manifest.files[0].digest
    place.rename(tmp_path / "moved")
    place.symlink_to(tmp_path / "moved")
    assert not run.model().version.is_kept
    with pytest.raises(ModelError, match="not kept"):
        run.model().files()


def test_a_row_that_is_no_version_hides_no_other_model(run: tracker.Run) -> None:
    """Whatever stands in its manifest: that model is told to be damaged when it is asked for, and the others answer."""
    run.log_model(network(), "good", inputs=SHAPE)
    bad = {"format": "onnx", "files": [{"name": "../../x", "digest": "0" * 64, "size": 1}]}
    for name, data in (("bad", tracker.coerce.dumps(bad).encode()), ("worse", b"[" * 5000)):
        run.log({name: OpaqueValue("model", [Medium(manifest.FORM, {}, data)])})
    run.log({"other": OpaqueValue("model", [Medium("application/vnd.keras+json", {}, b"{}")])})
    assert [each.name for each in run.models()] == ["good"]
    for name in ("bad", "worse"):
        with pytest.raises(ModelError):
            run.model(name)


def test_commands_take_a_run_with_models_as_any_other(
    run: tracker.Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The list has it; an event file has what it can hold, a graph of the model's name too, and says what it cannot."""
    run.log({"loss": 1.0}, step=0)
    run.log_graph(network(), batch(), tag="digits")
    run.log_model(network(), "digits", inputs=SHAPE)
    run.finish()
    where = ["--logdir", str(run.logdir)]
    assert viz(["runs", *where]) == 0
    assert viz(["export", "run", *where, "-o", str(tmp_path / "points.csv")]) == 0
    capsys.readouterr()
    assert viz(["export", "run", *where, "-o", str(tmp_path / "events")]) == 1
    assert "digits: event files have no form for a model; it stays in its run" in capsys.readouterr().err
    assert viz(["import", str(tmp_path / "events"), "--logdir", str(tmp_path / "again")]) == 0
    (again,) = tracker.open(tmp_path / "again").runs()
    assert again.graph()["nodes"]
    assert again.models() == []
