"""What a profile says in words is true of it: each number is checked by counting microseconds one by one."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.profiles import trace, words

LOADER = "enumerate(DataLoader)#_MultiProcessingDataLoaderIter.__next__"


def host(name: str, start: float, duration: float) -> dict[str, Any]:
    return {"ph": "X", "name": name, "ts": start, "dur": duration, "pid": 1, "tid": 1, "cat": "cpu_op"}


def gpu(name: str, start: float, duration: float) -> dict[str, Any]:
    return {"ph": "X", "name": name, "ts": start, "dur": duration, "pid": 0, "tid": 7, "cat": "kernel"}


def said(events: list[dict[str, Any]]) -> list[str]:
    return [each["text"] for each in words.sentences(trace.build(events))]


def test_the_loader_that_keeps_the_gpu_waiting_is_named() -> None:
    """Only the time in which the GPU had nothing else to do counts against the loader."""
    events = [
        host("ProfilerStep#1", 0, 1000), host(LOADER, 0, 400), gpu("conv", 90, 100), gpu("conv", 400, 600),
    ]  # fmt: skip
    found = said(events)
    assert "The loader keeps the GPU waiting 30 % of the step." in found
    assert "The GPU is busy 70 % of the step." in found
    assert not [each for each in found if "idles" in each]


def test_a_loader_that_works_beside_the_gpu_is_not_blamed() -> None:
    """It takes its time, and nobody waits."""
    found = said([host("ProfilerStep#1", 0, 1000), host(LOADER, 0, 400), gpu("conv", 0, 1000)])
    assert not [each for each in found if "loader" in each]
    assert "The GPU is busy 100 % of the step." in found


def test_without_a_gpu_the_loader_takes_of_the_step() -> None:
    """The host is all there is."""
    assert "The loader takes 25 % of the step." in said([host("ProfilerStep#1", 0, 1000), host(LOADER, 100, 250)])


def test_what_lies_outside_of_the_steps_does_not_count() -> None:
    """Warming up and writing the trace are not training."""
    events = [
        host("ProfilerStep#1", 1000, 1000),
        host(LOADER, 0, 1000),
        gpu("conv", 1000, 500),
        gpu("conv", 2000, 9000),
    ]
    found = said(events)
    assert "The GPU is busy 50 % of the step." in found
    assert not [each for each in found if "loader" in each]


def test_a_slow_step_is_told() -> None:
    """Which one, and by how much."""
    steps = [host(f"ProfilerStep#{i}", 1000 * i, 300 if i == 2 else 100) for i in range(5)]
    assert said(steps)[0] == "5 steps, typically 100 µs; the 3rd took 3.0 times as long."
    assert said([host(f"ProfilerStep#{i}", 1000 * i, 100) for i in range(5)])[0] == "5 steps, typically 100 µs."
    assert said([host("ProfilerStep#1", 0, 2_500)])[0] == "One step of 2.5 ms."
    assert said([host("a", 0, 2_500_000)])[0] == "The trace covers 2.5 s; it marks no steps."


def test_copies_from_pageable_memory_are_told_with_their_cure() -> None:
    """Only the time in which nothing else ran on the GPU."""
    copies = [gpu("Memcpy HtoD (Pageable -> Device)", 0, 200), gpu("conv", 100, 900)]
    found = words.sentences(trace.build([host("ProfilerStep#1", 0, 1000), *copies]))
    (sentence,) = [each for each in found if each["text"].startswith("Copies")]
    assert sentence["text"] == "Copies between host and GPU take 10 % of the step by themselves."
    assert "pin_memory" in sentence["hint"]


def test_the_real_trace_says_what_is_in_it(real_data: Path) -> None:
    """Numbers as counted by hand over the 6 steps of the file, microsecond by microsecond."""
    data = gzip.decompress((real_data / "traces" / "resnet50_gpu_4workers.pt.trace.json.gz").read_bytes())
    found = trace.read(data)
    busy = np.zeros(int(found.end) + 1, bool)
    inside = np.zeros_like(busy)
    for i in np.flatnonzero(found.on_gpu()):
        busy[int(found.start[i]) : int(found.start[i] + found.duration[i])] = True
    for low, high in words.step_spans(found).astype(int):
        inside[low:high] = True
    share = (busy & inside).sum() / inside.sum()
    sentences = words.sentences(found)
    (said_busy,) = [each for each in sentences if "busy" in each["text"]]
    assert said_busy["share"] == pytest.approx(share, abs=1e-4)
    assert sentences[0]["text"].startswith("6 steps, typically 121 ms")
    # Four workers feed this GPU well: in 1 % of the time it waits for them, which is not worth a sentence.
    assert not [each for each in sentences if "loader" in each["text"]]


def test_keras_steps_are_seen(real_data: Path) -> None:
    """TensorFlow marks them by another name."""
    data = gzip.decompress((real_data / "traces" / "tf_keras_cpu.trace.json.gz").read_bytes())
    assert words.sentences(trace.read(data))[0]["text"].startswith("6 steps")


SPANS = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 20)), max_size=8)


def cells(spans: Any) -> set[int]:
    return {i for low, high in np.asarray(spans).reshape(-1, 2).astype(int).tolist() for i in range(low, high)}


def made(pairs: list[tuple[int, int]]) -> Any:
    return np.array(sorted((low, low + wide) for low, wide in pairs), np.float64).reshape(-1, 2)


@given(SPANS, SPANS)
def test_spans_are_sets_of_time(a: list[tuple[int, int]], b: list[tuple[int, int]]) -> None:
    """Union, intersection and difference as sets of moments have them, in spans that are apart."""
    first, second = made(a), made(b)
    assert cells(words.merged(first)) == cells(first)
    assert cells(words.within(first, second)) == cells(first) & cells(second)
    assert cells(words.without(first, second)) == cells(first) - cells(second)
    union = words.merged(first)
    assert (union[1:, 0] > union[:-1, 1]).all()


@pytest.mark.parametrize(
    ("share", "text"),
    [(0, "0 %"), (0.004, "under 1 %"), (0.31, "31 %"), (0.996, "over 99 %"), (1.0, "100 %")],
)
def test_a_share_is_never_rounded_to_nothing_or_all(share: float, text: str) -> None:
    """What is there is not said to be absent."""
    assert words.percent(share) == text


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("aten::conv2d", "aten::conv2d"),
        ("void at::native::kernel<4, float>(int, float*)", "at::native::kernel"),
        ("<lambda>", "<lambda>"),
    ],
)
def test_kernels_are_called_by_their_names(name: str, short: str) -> None:
    """Without what the compiler needed."""
    assert words.brief(name) == short
