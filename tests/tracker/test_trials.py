"""add_hparams: each call is a trial, with its own settings and its own metrics, here and in TensorBoard."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tracker
from tracker.compat.tensorboard import SummaryWriter
from tracker.foreign.importer import import_logs

pytestmark = pytest.mark.filterwarnings("ignore")

TRIALS = [
    ({"lr": 0.125 * k, "layers": k, "opt": f"adam{k}"}, {"hparam/acc": 10.0 * k, "hparam/loss": 1 / 2**k})
    for k in range(1, 6)
]
"""Settings and metrics that float32 holds."""


def pairs(logdir: Path) -> dict[str, tuple[Any, Any]]:
    """The rows of our table of settings: run, settings, last metrics."""
    return {
        run.name: (run.config, {tag: run.scalars(tag).value.tolist()[-1] for tag in run.tags("scalar") if not tag.startswith("machine/")})
        for run in tracker.open(logdir).runs()
        if run.config
    }  # fmt: skip


def tensorboards_pairs(logdir: Path) -> dict[str, tuple[Any, Any]]:
    """The rows that TensorBoard's own hparams plugin shows."""
    pytest.importorskip("tensorboard.plugins.hparams", reason="needs TensorBoard as referee")
    from tensorboard.backend.event_processing import data_provider, plugin_event_multiplexer
    from tensorboard.context import RequestContext
    from tensorboard.plugins import base_plugin
    from tensorboard.plugins.hparams import api_pb2, backend_context, list_session_groups

    read = plugin_event_multiplexer.EventMultiplexer()
    read.AddRunsFromDirectory(str(logdir))
    read.Reload()
    provider = data_provider.MultiplexerDataProvider(read, str(logdir))
    context, asked = backend_context.Context(base_plugin.TBContext(data_provider=provider)), RequestContext()
    experiment = context.experiment_from_metadata(asked, "", True, context.hparams_metadata(asked, ""), [])
    columns = [api_pb2.ColParams(metric=metric.name) for metric in experiment.metric_infos]
    request = api_pb2.ListSessionGroupsRequest(slice_size=100, allowed_statuses=[0, 1, 2, 3], col_params=columns)
    groups = list_session_groups.Handler(asked, context, "", request).run().session_groups
    return {
        group.name: (
            {name: getattr(value, value.WhichOneof("kind")) for name, value in group.hparams.items()},
            {metric.name.tag: metric.value for metric in group.metric_values},
        )
        for group in groups
    }


def imported(logdir: Path, into: Path) -> dict[str, tuple[Any, Any]]:
    """The rows that our reader of event files makes of what we wrote, without the runs of ours beside it."""
    for path in logdir.rglob("*tfevents*"):
        (into / "apart" / path.parent.relative_to(logdir)).mkdir(parents=True, exist_ok=True)
        (into / "apart" / path.relative_to(logdir)).write_bytes(path.read_bytes())
    list(import_logs(into / "apart", into / "imported"))
    return pairs(into / "imported")


def sorted_by(found: dict[str, tuple[Any, Any]]) -> list[tuple[Any, Any]]:
    """The rows without their names."""
    return sorted(found.values(), key=repr)


@pytest.mark.parametrize("named", [False, True], ids=["by the time", "by name"])
def test_each_call_is_a_trial_with_its_own_settings_and_metrics(tmp_path: Path, named: bool) -> None:
    """Here, in TensorBoard and read back out of our event files: five rows, as PyTorch's writer makes them."""
    with SummaryWriter(tmp_path / "runs" / "a", tfevents=True) as writer:
        for number, (settings, metrics) in enumerate(TRIALS):
            writer.add_hparams(settings, metrics, run_name=f"trial {number}" if named else None)
    ours = pairs(tmp_path / "runs")
    assert sorted_by(ours) == sorted(TRIALS, key=repr)
    assert tensorboards_pairs(tmp_path / "runs") == ours
    back = imported(tmp_path / "runs", tmp_path)
    assert {name.removeprefix("apart/"): row for name, row in back.items()} == ours
    assert {run.status for run in tracker.open(tmp_path / "runs").runs()} == {"finished"}
    if named:
        assert sorted(ours) == [f"a/trial {number}" for number in range(5)]
        theirs = pytest.importorskip("torch.utils.tensorboard", reason="needs PyTorch as referee").SummaryWriter
        with theirs(str(tmp_path / "theirs" / "a")) as writer:
            for number, (settings, metrics) in enumerate(TRIALS):
                writer.add_hparams(settings, metrics, run_name=f"trial {number}")
        assert tensorboards_pairs(tmp_path / "theirs") == ours


def test_a_single_call_is_about_the_run_itself(tmp_path: Path) -> None:
    """What a training ends with, or Accelerate begins with: the row of the run that has the curves, and no other."""
    with SummaryWriter(tmp_path / "a", tfevents=True) as writer:
        for step in range(5):
            writer.add_scalar("loss", 5 - step, step)
        writer.add_hparams({"lr": 0.5}, {"hparam/acc": 3.0})
    assert pairs(tmp_path) == {"a": ({"lr": 0.5}, {"loss": 1.0, "hparam/acc": 3.0})}
    assert tensorboards_pairs(tmp_path) == {"a": ({"lr": 0.5}, {"hparam/acc": 3.0})}
    assert [path.name for path in (tmp_path / "a").iterdir() if path.is_dir()] == []


def test_a_first_call_that_contradicts_the_run_is_a_trial(tmp_path: Path) -> None:
    """A script that opens a writer for each trial, all in one folder."""
    for settings, metrics in TRIALS:
        with SummaryWriter(tmp_path / "a", tfevents=True) as writer:
            writer.add_hparams(settings, metrics)
    assert sorted_by(pairs(tmp_path)) == sorted(TRIALS, key=repr)
    assert tensorboards_pairs(tmp_path) == pairs(tmp_path)


def test_a_training_that_is_resumed_and_says_the_same_is_the_same_row(tmp_path: Path) -> None:
    """The second process of one training."""
    for acc in (1.0, 2.0):
        with SummaryWriter(tmp_path / "a") as writer:
            writer.add_hparams({"lr": 0.5}, {"acc": acc}, global_step=int(acc))
    (row,) = pairs(tmp_path).items()
    assert row == ("a", ({"lr": 0.5}, {"acc": 2.0}))
    assert tracker.open(tmp_path).run("a").scalars("acc").value.tolist() == [1.0, 2.0]


def test_equal_settings_are_trials_of_their_own_unless_they_have_one_name(tmp_path: Path) -> None:
    """Three seeds are three rows; three looks at one trial are a curve."""
    with SummaryWriter(tmp_path / "seeds") as writer:
        for acc in range(3):
            writer.add_hparams({"lr": 0.5}, {"acc": acc})
    assert sorted(row[1]["acc"] for row in pairs(tmp_path / "seeds").values()) == [0.0, 1.0, 2.0]
    with SummaryWriter(tmp_path / "looks", tfevents=True) as writer:
        for epoch in range(3):
            writer.add_hparams({"lr": 0.5}, {"acc": epoch}, run_name="one", global_step=epoch)
    assert pairs(tmp_path / "looks") == {"one": ({"lr": 0.5}, {"acc": 2.0})}
    points = tracker.open(tmp_path / "looks").run("one").scalars("acc")
    assert (points.step.tolist(), points.value.tolist()) == ([0, 1, 2], [0.0, 1.0, 2.0])


NAMES: dict[str, Callable[[Path], tuple[Any, Path]]] = {
    "a folder in a folder": lambda path: ("sweep/1", path / "a" / "sweep" / "1"),
    "this very run": lambda path: (".", path / "a"),
    "this very run, absolute": lambda path: (str(path / "a"), path / "a"),
    "beside it": lambda path: ("../b", path / "b"),
    "elsewhere": lambda path: (str(path / "c"), path / "c"),
    "a path": lambda path: (Path("d"), path / "a" / "d"),
}
"""As people write them, to PyTorch's writer too: what it joins to log_dir."""


@pytest.mark.parametrize("case", NAMES)
def test_run_name_is_joined_to_the_folder_as_pytorchs_writer_does(tmp_path: Path, case: str) -> None:
    """The settings land in the same folder."""
    name, folder = NAMES[case](tmp_path)
    with SummaryWriter(tmp_path / "a") as writer:
        writer.add_scalar("loss", 1.0, 0)
        writer.add_hparams({"lr": 0.5}, {"acc": 1.0}, run_name=name)
        assert os.listdir(folder)
    assert pairs(tmp_path)[folder.relative_to(tmp_path).as_posix()][0] == {"lr": 0.5}
    theirs = pytest.importorskip("torch.utils.tensorboard", reason="needs PyTorch as referee").SummaryWriter
    name, folder = NAMES[case](tmp_path / "theirs")
    with theirs(str(tmp_path / "theirs" / "a")) as writer:
        writer.add_hparams({"lr": 0.5}, {"acc": 1.0}, run_name=name)
        assert os.listdir(folder)


def test_tensorboardxs_order_of_arguments_is_heard(tmp_path: Path) -> None:
    """name and global_step by place."""
    with SummaryWriter(tmp_path / "a") as writer:
        writer.add_hparams({"lr": 0.5}, {"acc": 1.0}, "trial", 7)
        writer.add_hparams({"lr": 0.25}, {"acc": 1.0}, name="other")
    assert set(pairs(tmp_path)) == {"a/trial", "a/other"}
    assert tracker.open(tmp_path).run("a/trial").scalars("acc").step.tolist() == [7]


@pytest.mark.parametrize(
    ("settings", "metrics"),
    [({"lr": 1}, {"acc": "good"}), ({"lr": 1}, [1.0]), ([1], {"acc": 1.0}), ("lr", {}), ({"lr": 1}, {"acc": np.zeros(3)})],
)  # fmt: skip
def test_what_is_no_setting_or_number_is_refused_and_makes_no_run(tmp_path: Path, settings: Any, metrics: Any) -> None:
    """On the caller's line, before anything is written."""
    with SummaryWriter(tmp_path / "a") as writer:
        with pytest.raises((TypeError, ValueError)):
            writer.add_hparams(settings, metrics, run_name="b")
        writer.add_hparams({"lr": 2}, {"acc": [1.0]})
    assert pairs(tmp_path) == {"a": ({"lr": 2}, {"acc": 1.0})}


def test_settings_of_every_kind_come_back_from_our_event_files(tmp_path: Path) -> None:
    """Within others by dots; what TensorBoard has no type for as JSON; nothing at all where there is nothing."""
    settings = {"n": 3, "lr": 0.5, "bn": True, "opt": "adam", "none": None, "sizes": [1, 2], "inner": {"a": 1}}
    with SummaryWriter(tmp_path / "runs" / "a", tfevents=True) as writer:
        writer.add_hparams(settings, {"acc": 1.0}, run_name="t")
    assert pairs(tmp_path / "runs") == {"a/t": (settings, {"acc": 1.0})}
    wanted = {"n": 3, "lr": 0.5, "bn": True, "opt": "adam", "sizes": "[1, 2]", "inner.a": 1}
    (row,) = imported(tmp_path / "runs", tmp_path).values()
    assert row == (wanted, {"acc": 1.0})
    (row,) = tensorboards_pairs(tmp_path / "runs").values()
    assert row == (wanted, {"acc": 1.0})
