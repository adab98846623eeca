"""Traces as columns: every event on its track, at its depth, with what lies in it; what is odd costs itself only."""

from __future__ import annotations

import contextlib
import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.profiles import trace, words, xspace
from dashboard.profiles.operations import operations
from tracker.errors import LoggedValueError


def event(name: str, start: float, duration: float, **more: Any) -> dict[str, Any]:
    """A complete event of one thread."""
    return {"ph": "X", "name": name, "ts": start, "dur": duration, "pid": 1, "tid": 1, **more}


def raw(path: Path) -> bytes:
    """A trace's JSON."""
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


@pytest.mark.parametrize(
    ("name", "events", "flows", "gpu", "end_us"),
    [
        ("resnet50_gpu_4workers.pt.trace.json.gz", 48_892, 9_048, 9_819, 770_193),
        ("small_gpu.pt.trace.json", 9, 1, 3, 0.3),
        ("list_form_trace.json", 1_866, 0, 0, 13_571.324),
        ("tf_keras_cpu.trace.json.gz", 1_053, 0, 0, 212_047.9),
    ],
)
def test_real_traces_are_read_whole(
    real_data: Path, name: str, events: int, flows: int, gpu: int, end_us: float
) -> None:
    """Of PyTorch on GPUs old and new, Lightning's bare list, and Keras with its empty last object."""
    path = real_data / "traces" / name
    found = trace.read(raw(path))
    plain = json.loads(raw(path))
    complete = [each for each in (plain if isinstance(plain, list) else plain["traceEvents"]) if each.get("ph") == "X"]
    assert len(found) == len(complete) == events
    assert len(found.flows) == flows
    assert int(found.on_gpu().sum()) == gpu
    assert found.end == pytest.approx(end_us, rel=1e-6)
    assert found.skipped == 0
    assert found.duration.sum() == pytest.approx(sum(each["dur"] for each in complete))
    assert sorted(found.names[i] for i in found.name) == sorted(each["name"] for each in complete)


def test_flows_join_a_launch_with_its_kernel(real_data: Path) -> None:
    """In a real trace every arrow goes from the host's call to the GPU's work, forward in time."""
    found = trace.read(raw(real_data / "traces" / "resnet50_gpu_4workers.pt.trace.json.gz"))
    gpu = found.on_gpu()
    source, target = found.flows.T
    assert gpu[target].all()
    assert not gpu[source].any()
    called = {found.names[i] for i in np.unique(found.name[source])}
    assert called <= {"cudaLaunchKernel", "cudaMemcpyAsync", "cudaMemsetAsync"}
    assert (found.start[target] >= found.start[source]).all()


def test_events_lie_in_what_called_them() -> None:
    """Depth, parent and own time of a small stack, given in any order."""
    found = trace.build([event("c", 2, 1), event("a", 0, 10), event("b", 1, 4), event("d", 6, 2), event("e", 10, 1)])
    names = [found.names[i] for i in found.name]
    assert names == ["a", "b", "c", "d", "e"]
    assert found.depth.tolist() == [0, 1, 2, 1, 0]
    assert found.parent.tolist() == [-1, 0, 1, 0, -1]
    assert found.self_time.tolist() == [4, 3, 1, 2, 1]
    assert found.tracks[0].depth == 3


def test_begin_and_end_events_are_paired() -> None:
    """The other form of the same thing; one that never ends is counted."""
    found = trace.build(
        [
            {"ph": "B", "name": "a", "ts": 0, "pid": 1, "tid": 1},
            {"ph": "B", "name": "b", "ts": 1, "pid": 1, "tid": 1},
            {"ph": "E", "ts": 3, "pid": 1, "tid": 1},
            {"ph": "E", "ts": 9, "pid": 1, "tid": 1},
            {"ph": "B", "name": "open", "ts": 10, "pid": 1, "tid": 1},
            {"ph": "E", "ts": 9, "pid": 1, "tid": 2},
        ]
    )
    assert [(found.names[i], length) for i, length in zip(found.name, found.duration, strict=True)] == [
        ("a", 9),
        ("b", 2),
    ]
    assert found.skipped == 2


ODD = [
    None, 3, "x", [], {"ph": "X"}, {"ph": "X", "name": "a", "ts": "soon"}, event("nan", float("nan"), 1),
    event("back", 1, -1), event("inf", 1, float("inf")), {"ph": "f", "ts": 1}, {"ph": "C", "name": "m", "ts": 1, "args": {"x": "y"}},
]  # fmt: skip


@pytest.mark.parametrize("odd", ODD, ids=str)
def test_an_odd_event_costs_itself_only(odd: Any) -> None:
    """It is counted, and the others are shown."""
    found = trace.build({"traceEvents": [event("a", 0, 1), odd, event("b", 1, 1)]})
    assert len(found) == 2
    assert found.skipped == 1


@pytest.mark.parametrize("data", [b"", b"{", b"3", b'{"a": 1}', b'{"traceEvents": 3}'])
def test_what_is_no_trace_is_said(data: bytes) -> None:
    """A sentence, not a traceback."""
    with pytest.raises(LoggedValueError, match="This profile is no"):
        trace.read(data)


def test_an_empty_trace_is_a_trace() -> None:
    """Nothing in it, nothing wrong with it."""
    found = trace.build([])
    assert (len(found), found.end, operations(found)) == (0, 0.0, [])
    assert [each["text"] for each in words.sentences(found)] == ["The trace holds no event that has a length."]


def test_memory_is_a_line() -> None:
    """Of torch.profiler's instants and of counters."""
    found = trace.build(
        [
            event("a", 100, 10),
            {"ph": "i", "name": "[memory]", "ts": 105, "pid": 1, "tid": 1, "args": {"Total Allocated": 2e9, "Device Type": 1, "Device Id": 0}},
            {"ph": "i", "name": "[memory]", "ts": 102, "pid": 1, "tid": 1, "args": {"Total Allocated": 1e9, "Device Type": 1, "Device Id": 0}},
            {"ph": "C", "name": "bytes", "ts": 101, "pid": 1, "args": {"held": 5}},
        ]
    )  # fmt: skip
    at, value = found.counters["GPU 0 memory allocated"]
    assert (at.tolist(), value.tolist()) == ([2, 5], [1e9, 2e9])
    assert found.counters["bytes"][1].tolist() == [5]
    assert "GPU 0 memory peaks at 2 GB." in [each["text"] for each in words.sentences(found)]


def test_a_real_memory_profile_has_its_line(tmp_path: Path) -> None:
    """As this PyTorch writes it, on the host."""
    torch = pytest.importorskip("torch", reason="needs PyTorch")
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True) as profiler:
        kept = torch.ones(1000, 1000) + 1
    profiler.export_chrome_trace(str(tmp_path / "t.json"))
    found = trace.read((tmp_path / "t.json").read_bytes())
    assert kept.nbytes == 4_000_000
    assert found.counters["CPU memory allocated"][1].max() >= 4_000_000
    assert not found.on_gpu().any()


@st.composite
def nested(draw: st.DrawFn, depth: int = 0) -> list[tuple[int, int]]:
    """Spans that lie in each other, as calls do."""
    spans: list[tuple[int, int]] = []
    at = 0
    for _ in range(draw(st.integers(0, 3))):
        at += draw(st.integers(0, 5))
        inner = draw(nested(depth + 1)) if depth < 4 else []
        length = max((start + wide for start, wide in inner), default=0) + draw(st.integers(1, 5))
        spans.append((at, length))
        spans += [(at + start, wide) for start, wide in inner]
        at += length
    return spans


@given(nested(), st.randoms())
def test_own_times_add_up_to_the_whole(spans: list[tuple[int, int]], shuffled: Any) -> None:
    """No microsecond is counted twice or lost, whatever the order of the file."""
    shuffled.shuffle(spans)
    found = trace.build([event(f"n{i % 3}", start, wide) for i, (start, wide) in enumerate(spans)])
    roots = found.depth == 0
    assert found.self_time.sum() == pytest.approx(found.duration[roots].sum())
    assert sum(row["self"] for row in operations(found)) == pytest.approx(found.duration[roots].sum())
    assert sum(row["count"] for row in operations(found)) == len(spans)


def test_an_operation_that_calls_itself_is_counted_once_in_total() -> None:
    """Total time is never more than the time there was."""
    found = trace.build([event("f", 0, 10), event("g", 1, 8), event("f", 2, 4), event("f", 3, 1)])
    rows = {row["name"]: row for row in operations(found)}
    assert (rows["f"]["total"], rows["f"]["self"], rows["f"]["count"], rows["f"]["longest"]) == (10, 6, 3, 10)
    assert (rows["g"]["total"], rows["g"]["self"]) == (8, 4)


# --- XSpace --------------------------------------------------------------------------------------------------


def varint(value: int) -> bytes:
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def number(place: int, value: int) -> bytes:
    return varint(place << 3) + varint(value)


def nest(place: int, data: bytes) -> bytes:
    return varint(place << 3 | 2) + varint(len(data)) + data


def space() -> bytes:
    """A plane of a GPU with one line and two events, as protobuf's wire format has them."""
    events = [
        nest(4, number(1, 5) + number(2, 2_000_000) + number(3, 7_000_000)),
        nest(4, number(1, 6) + number(2, 3_000_000) + number(3, 1_000_000)),
    ]
    line = number(1, 9) + nest(2, b"Stream #1") + number(3, 1_000) + b"".join(events)
    metadata = [
        nest(4, number(1, key) + nest(2, number(1, key) + nest(2, name)))
        for key, name in ((5, b"fusion"), (6, b"copy"))
    ]
    return nest(1, nest(2, b"/device:GPU:0") + nest(3, line) + b"".join(metadata))


def test_an_xspace_is_read() -> None:
    """TensorFlow's and JAX's own form: picoseconds from the line's beginning. (No real file is at hand.)"""
    found = trace.build(xspace.events(space()))
    assert [(found.names[i], length) for i, length in zip(found.name, found.duration, strict=True)] == [
        ("fusion", 7),
        ("copy", 1),
    ]
    assert found.start.tolist() == [0, 1]
    assert found.depth.tolist() == [0, 1]
    assert (found.tracks[0].name, found.tracks[0].device) == ("Stream #1", "gpu")


@pytest.mark.parametrize("cut", range(1, len(space())))
def test_an_xspace_that_was_cut_off_is_said(cut: int) -> None:
    """Every beginning of the file gives a sentence, or what is whole of it."""
    with contextlib.suppress(LoggedValueError):
        assert len(xspace.events(space()[:cut])) <= 4
