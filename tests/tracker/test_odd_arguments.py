"""Arguments of every odd kind to every method of a SummaryWriter: an error by name, or stored; and the writer goes on."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tracker
from tracker.compat.tensorboard import SummaryWriter
from tracker.errors import TrackerError


class Raises:
    """Says nothing of itself."""

    def __str__(self) -> str:
        raise RuntimeError("no")

    __repr__ = __str__


def loops() -> list[Any]:
    held: list[Any] = []
    held.append(held)
    named: dict[str, Any] = {}
    named["a"] = named
    return [held, named]


ODD: list[Any] = [
    object(), 10**5000, Raises(), "\ud800", "a\0b", *loops(), None, b"\xff", "", float("nan"), (1, 2), {1: 2}, "../x", "x" * 5000,
]  # fmt: skip
FEW = 6

CALLS: dict[str, Callable[[SummaryWriter, Any], Any]] = {
    "run_name": lambda w, o: w.add_hparams({"lr":1},{"m":1.0},run_name=o),
    "hkey": lambda w, o: w.add_hparams({key(o):1},{"m":1.0}),
    "hval": lambda w, o: w.add_hparams({"k":o},{"m":1.0}),
    "mkey": lambda w, o: w.add_hparams({"k":1},{key(o):1.0}),
    "mval": lambda w, o: w.add_hparams({"k":1},{"m":o}),
    "hdict": lambda w, o: w.add_hparams(o,{"m":1.0}),
    "mdict": lambda w, o: w.add_hparams({"a":1},o),
    "domain": lambda w, o: w.add_hparams({"k":1},{"m":1.0},o),
    "domainval": lambda w, o: w.add_hparams({"k":1},{"m":1.0},{"k":o}),
    "domainval2": lambda w, o: w.add_hparams({"k":1},{"m":1.0},{"k":[o]}),
    "name": lambda w, o: w.add_hparams({"k":1},{"m":1.0},name=o),
    "hstep": lambda w, o: w.add_hparams({"k":1},{"m":1.0},global_step=o),
    "tag": lambda w, o: w.add_scalar(o,1.0),
    "scalar": lambda w, o: w.add_scalar("t",o),
    "step": lambda w, o: w.add_scalar("t",1.0,o),
    "wall": lambda w, o: w.add_scalar("t",1.0,1,o),
    "main": lambda w, o: w.add_scalars(o,{"a":1.0}),
    "skey": lambda w, o: w.add_scalars("x",{key(o):1.0}),
    "sval": lambda w, o: w.add_scalars("x",{"a":o}),
    "sdict": lambda w, o: w.add_scalars("x",o),
    "texttag": lambda w, o: w.add_text(o,"x"),
    "text": lambda w, o: w.add_text("x",o),
    "hist": lambda w, o: w.add_histogram("x",o),
    "histtag": lambda w, o: w.add_histogram(o,[1.0]),
    "image": lambda w, o: w.add_image("x",o),
    "dataformats": lambda w, o: w.add_image("x",np.zeros((3,4,4)),dataformats=o),
    "audio": lambda w, o: w.add_audio("x",o),
    "rate": lambda w, o: w.add_audio("x",np.zeros(10),sample_rate=o),
    "video": lambda w, o: w.add_video("x",o),
    "fps": lambda w, o: w.add_video("x",np.zeros((1,2,3,4,4)),fps=o),
    "figure": lambda w, o: w.add_figure("x",o),
    "layout": lambda w, o: w.add_custom_scalars(o),
    "layout2": lambda w, o: w.add_custom_scalars({"a":o}),
    "layout3": lambda w, o: w.add_custom_scalars({"a":{"b":o}}),
    "layout4": lambda w, o: w.add_custom_scalars({"a":{"b":["Multiline",o]}}),
    "layout5": lambda w, o: w.add_custom_scalars({"a":{"b":["Margin",[o]]}}),
    "multiline": lambda w, o: w.add_custom_scalars_multilinechart(o),
    "multiline2": lambda w, o: w.add_custom_scalars_multilinechart(["a"],o,o),
    "margin": lambda w, o: w.add_custom_scalars_marginchart(o),
    "margin3": lambda w, o: w.add_custom_scalars_marginchart([o,o,o]),
    "emb": lambda w, o: w.add_embedding(o),
    "meta": lambda w, o: w.add_embedding(np.eye(3),metadata=o),
    "meta2": lambda w, o: w.add_embedding(np.eye(3),metadata=[o]*3),
    "header": lambda w, o: w.add_embedding(np.eye(3),metadata=[[1]]*3,metadata_header=o),
    "labelimg": lambda w, o: w.add_embedding(np.eye(3),label_img=o),
    "embtag": lambda w, o: w.add_embedding(np.eye(3),tag=o),
    "prl": lambda w, o: w.add_pr_curve("x",o,[0.5]),
    "prp": lambda w, o: w.add_pr_curve("x",[1],o),
    "prn": lambda w, o: w.add_pr_curve("x",[1],[0.5],num_thresholds=o),
    "praw": lambda w, o: w.add_pr_curve_raw("x",o,o,o,o,o,o),
    "mesh": lambda w, o: w.add_mesh("x",o),
    "meshc": lambda w, o: w.add_mesh("x",np.zeros((1,3,3)),config_dict=o),
    "tensor": lambda w, o: w.add_tensor("x",o),
    "histraw": lambda w, o: w.add_histogram_raw("x",o,o,o,o,o,o,o),
    "histraw2": lambda w, o: w.add_histogram_raw("x",0,1,2,3,4,[1.0],o),
    "boxes": lambda w, o: w.add_image_with_boxes("x",np.zeros((3,4,4)),o),
    "boxlabels": lambda w, o: w.add_image_with_boxes("x",np.zeros((3,4,4)),[[0,0,1,1]],labels=o),
    "meta_step": lambda w, o: w.use_metadata(global_step=o).__enter__().add_scalar("q",1.0),
    "meta_wall": lambda w, o: w.use_metadata(walltime=o).__enter__().add_scalar("q",1.0),
    "comment": lambda w, o: SummaryWriter(w.log_dir + "/c", comment=o),
    "purge": lambda w, o: SummaryWriter(w.log_dir + "/p", purge_step=o).close(),
    "suffix": lambda w, o: SummaryWriter(w.log_dir + "/s", filename_suffix=o, tfevents=True).close(),
}  # fmt: skip


def key(value: Any) -> Any:
    return value if value.__hash__ else "k"


def ask(folder: Path, call: str, odd: list[Any], *, tfevents: bool) -> None:
    """All of them to one writer, which then has every point that it took."""
    taken = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with SummaryWriter(str(folder / "run"), tfevents=tfevents) as writer:
            for each in odd:
                with contextlib.suppress(TrackerError):
                    CALLS[call](writer, each)
                writer.add_scalar("good", 1.0, taken)
                writer.add_custom_scalars({"charts": {"good": ["Multiline", ["good"]]}})
                taken += 1
    run = tracker.open(folder).run("run")
    assert len(run.scalars("good")) == taken
    assert run.layout("custom_scalars__config__")["charts"]["good"] == ["Multiline", ["good"]]
    assert run.segments()[-1].lost == {}


@pytest.mark.parametrize("call", CALLS)
def test_an_odd_argument_is_an_error_by_name(call: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A `ValueError` or `TypeError` of ours on the caller's line; of a writer with event files the same."""
    monkeypatch.chdir(tmp_path)
    ask(tmp_path, call, ODD[:FEW], tfevents=True)


@pytest.mark.long
@pytest.mark.parametrize("tfevents", [False, True])
@pytest.mark.parametrize("call", CALLS)
def test_any_odd_argument_is_an_error_by_name(
    call: str, tfevents: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of them."""
    monkeypatch.chdir(tmp_path)
    ask(tmp_path, call, ODD, tfevents=tfevents)


def test_keys_that_are_no_texts_are_stored_as_their_texts(tmp_path: Path) -> None:
    """As f-strings of PyTorch's writer have them; a number of 5,000 digits is hexadecimal."""
    with SummaryWriter(str(tmp_path / "run")) as writer:
        writer.add_scalars(3, {1: 1.0, 10**5000: 2.0})  # type: ignore[dict-item,arg-type]
        writer.add_custom_scalars({1: {2: ["Multiline", [3]]}})  # type: ignore[dict-item]
    run = tracker.open(tmp_path).run("run")
    long, short = run.tags("scalar")
    assert (long[:4], short) == ("3/0x", "3/1")
    assert run.layout("custom_scalars__config__")["1"] == {"2": ["Multiline", ["3"]]}


@pytest.mark.parametrize("chart", ["xy", ["Multiline"], ["Margin", ["a", "b"]], ["Multiline", "abc"], 3])
def test_a_chart_that_is_none_does_not_stay(tmp_path: Path, chart: Any) -> None:
    """It was kept, and everything that said a layout later failed with it."""
    with SummaryWriter(str(tmp_path / "run"), tfevents=True) as writer:
        with pytest.raises(TrackerError):
            writer.add_custom_scalars({"charts": {"bad": chart}})
        writer.add_custom_scalars({"charts": {"good": ["Margin", ["a", "b", "c"]]}})
    assert list(tracker.open(tmp_path).run("run").layout("custom_scalars__config__")["charts"]) == ["good"]


def test_an_error_of_the_system_stays_what_it_is(tmp_path: Path) -> None:
    """Such as a file that is not there."""
    with SummaryWriter(str(tmp_path / "run")) as writer, pytest.raises(FileNotFoundError):
        writer.add_onnx_graph(str(tmp_path / "nowhere.onnx"))
