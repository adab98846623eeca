"""Event files of a dozen writers, value by value, beside what TensorBoard's own classes read in them."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tracker
from tests.tracker.test_event_files import copied

Found = dict[tuple[str, str], list[tuple[int, float, Any]]]
"""(kind, tag) to (step, wall time, value) of each, in order."""


def test_every_value_of_every_kind_is_what_tensorboard_reads(real_data: Path, logdir: Path) -> None:
    """Steps, wall times and values: numbers to the last bit, pictures and sounds byte by byte, bins edge by edge."""
    expected = json.loads((real_data / "expected.json").read_text())
    kinds: set[str] = set()
    for number, name in enumerate(name for name in expected if name.startswith("events/")):
        theirs = referee(real_data / name)
        if not copied(real_data / name, logdir, str(number)).added:
            assert not theirs, name
            continue
        run = tracker.open(logdir).run(str(number))
        for (kind, tag), wanted in theirs.items():
            kinds.add(kind)
            found = ours(run, kind, tag)
            assert [each[:2] for each in found] == [each[:2] for each in wanted], (name, kind, tag)
            assert all(same(a[2], b[2]) for a, b in zip(found, wanted, strict=True)), (name, kind, tag)
    assert kinds == {
        "scalar", "histogram", "image", "audio", "text", "pr_curve", "mesh", "layout", "hparams", "model", "file",
    }  # fmt: skip


def same(a: Any, b: Any) -> bool:
    """Equality to the last bit, NaN included."""
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, np.ndarray):
        return a.shape == b.shape and a.dtype == b.dtype and np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
    return a == b or (a != a and b != b)


def ours(run: Any, kind: str, tag: str) -> list[tuple[int, float, Any]]:
    """What our run holds under a tag, in plain terms."""
    if kind == "scalar":
        points = run.scalars(tag)
        return list(zip(points.step.tolist(), points.wall_time.tolist(), points.value.tolist(), strict=True))
    if kind == "histogram":
        found = run.histograms(tag)
        return [
            (step, wall_time, [list(filled(each.edges[1:], each.counts)), each.min, each.max])
            for step, wall_time, each in zip(found.step.tolist(), found.wall_time.tolist(), found, strict=True)
        ]
    values: dict[tuple[int, float], list[Any]] = defaultdict(list)
    for item in run.media(kind, tag):
        content: Any = item.data
        if item.form == "application/x-npy":
            content = (item.attributes.get("part"), item.array)
        elif kind in ("hparams", "layout"):
            content = json.loads(item.data)
            if "experiment" in content:
                about = content["experiment"]
                content = {
                    "experiment": [
                        [each["name"] for each in about["hparams"]],
                        [each["tag"] for each in about["metrics"]],
                    ]
                }
        values[item.step, item.wall_time].append(content)
    return [(step, wall_time, content) for (step, wall_time), content in values.items()]


def filled(limits: Any, counts: Any) -> Any:
    """The bins that hold something."""
    return ((float(limit), round(count)) for limit, count in zip(limits, counts, strict=True) if count)


def referee(path: Path) -> Found:
    """What TensorBoard's loader and messages say that an event file holds."""
    loader = pytest.importorskip(
        "tensorboard.backend.event_processing.event_file_loader", reason="needs TensorBoard as referee"
    )
    from tensorboard.util import tensor_util

    plugins: dict[str, str] = {}
    found: dict[tuple[str, str], dict[tuple[int, float], Any]] = defaultdict(dict)
    for event in loader.LegacyEventFileLoader(str(path)).Load():
        at = (event.step, event.wall_time)
        if event.HasField("tagged_run_metadata"):
            found["file", event.tagged_run_metadata.tag][at] = [event.tagged_run_metadata.run_metadata]
        for value in event.summary.value:
            plugin = plugins.setdefault(value.tag, value.metadata.plugin_data.plugin_name)
            content = value.metadata.plugin_data.content
            which = value.WhichOneof("value")
            if plugin == "hparams":
                put(found["hparams", value.tag], at, [said(content)])
            elif which == "simple_value":
                found["scalar", value.tag].setdefault((*at, len(found["scalar", value.tag])), value.simple_value)  # type: ignore[arg-type]
            elif which == "histo":
                histo = value.histo
                found["histogram", value.tag][at] = [
                    list(filled(histo.bucket_limit, histo.bucket)), histo.min, histo.max,
                ]  # fmt: skip
            elif which == "image":
                put(found["image", value.tag], at, [value.image.encoded_image_string])
            elif which == "audio":
                put(found["audio", value.tag], at, [value.audio.encoded_audio_string])
            elif which == "tensor":
                array = tensor_util.make_ndarray(value.tensor)
                take(found, plugin, value, at, array)
    return {key: [(at[0], at[1], content) for at, content in values.items()] for key, values in found.items() if values}


def put(values: dict[Any, Any], at: tuple[int, float], content: list[Any]) -> None:
    """Adds to what was found at a place."""
    values.setdefault(at, []).extend(content)


def take(found: Any, plugin: str, value: Any, at: tuple[int, float], array: Any) -> None:
    """Takes a tensor as the plugin means it."""
    tag, strings = value.tag, array.reshape(-1).tolist()
    if plugin in ("", "scalars") and array.size == 1 and array.dtype.kind in "fiu":
        found["scalar", tag].setdefault((*at, len(found["scalar", tag])), float(array.reshape(-1)[0]))
    elif plugin == "images":
        put(found["image", tag], at, strings[2:])
    elif plugin == "histograms":
        edges = [(right, round(count)) for _, right, count in array.astype(float).tolist() if count]
        lows = [left for left, _, count in array.astype(float).tolist() if count]
        found["histogram", tag][at] = [
            edges,
            min(lows, default=float("nan")),
            max((e for e, _ in edges), default=float("nan")),
        ]
    elif plugin == "audio":
        put(found["audio", tag], at, [each[0] for each in array.reshape(len(array), -1).tolist()])
    elif plugin == "text":
        put(found["text", tag], at, strings)
    elif plugin == "custom_scalars":
        put(found["layout", tag], at, [charts(strings[0])])
    elif plugin.startswith("graph_keras_model"):
        put(found["model", tag], at, strings)
    elif plugin.startswith("graph_run_metadata"):
        put(found["file", tag], at, strings)
    elif plugin == "mesh":
        from tensorboard.plugins.mesh import plugin_data_pb2

        about = plugin_data_pb2.MeshPluginData.FromString(value.metadata.plugin_data.content)
        part = {1: "vertices", 2: "faces", 3: "colors"}[about.content_type]
        put(found["mesh", tag.rpartition("_")[0]], at, [(part, array)])
        found["mesh", tag.rpartition("_")[0]][at].sort(key=lambda each: ["vertices", "faces", "colors"].index(each[0]))
    elif plugin == "pr_curves":
        put(found["pr_curve", tag], at, [(None, array)])
    else:
        put(found["tensor", tag], at, [(None, array)])


def said(content: bytes) -> dict[str, Any]:
    """An hparams message in the words that ours uses, as far as sessions go; an experiment by its names."""
    from tensorboard.plugins.hparams import plugin_data_pb2

    message = plugin_data_pb2.HParamsPluginData.FromString(content)
    if message.WhichOneof("data") == "session_start_info":
        start = message.session_start_info
        plain = {key: getattr(value, value.WhichOneof("kind")) for key, value in start.hparams.items()}
        return {"session_start": {"hparams": plain, "group": start.group_name, "model_uri": start.model_uri,
                "monitor_url": start.monitor_url, "time": start.start_time_secs}}  # fmt: skip
    if message.WhichOneof("data") == "session_end_info":
        end = message.session_end_info
        return {
            "session_end": {"status": {1: "success", 2: "failure", 3: "running"}[end.status], "time": end.end_time_secs}
        }
    return {
        "experiment": [
            [each.name for each in message.experiment.hparam_infos],
            [each.name.tag for each in message.experiment.metric_infos],
        ]
    }


def charts(data: bytes) -> dict[str, Any]:
    """A layout in the form of `add_custom_scalars`."""
    from tensorboard.plugins.custom_scalar import layout_pb2

    found: dict[str, Any] = {}
    for category in layout_pb2.Layout.FromString(data).category:
        for chart in category.chart:
            margin = [tag for each in chart.margin.series for tag in (each.value, each.lower, each.upper)]
            kind = ["Margin", margin] if chart.HasField("margin") else ["Multiline", list(chart.multiline.tag)]
            found.setdefault(category.title, {})[chart.title] = kind
    return found
