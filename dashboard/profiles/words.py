"""Words: what a profile says, in sentences, with the numbers they rest on. Pure.

Each sentence is either true of the trace or not said. Where it gives advice, the advice is the usual first thing to
try, not a diagnosis.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dashboard.profiles.trace import Trace

Spans = npt.NDArray[np.float64]
"""(n, 2) beginnings and ends in µs, apart from each other and in order."""

STEP = re.compile(r"^(ProfilerStep#\d+|train(ing)?[ _]step\b.*|train \d+|step[ #]\d+|TraceContext)$", re.IGNORECASE)
LOADER = re.compile(
    r"DataLoader.*__next__|^IteratorGetNext|^Iterator::|fetch_next|^loader$|^data(_?load(ing)?)?$", re.IGNORECASE
)
COPY = re.compile(r"^Memcpy (HtoD|DtoH)|memcpy_?(h2d|d2h)", re.IGNORECASE)
WAIT = re.compile(
    r"^(cudaDeviceSynchronize|cudaStreamSynchronize|cudaEventSynchronize|aten::item|aten::_local_scalar_dense)$"
)

PARTS = (
    (re.compile("^backward$"), "Going back"),
    (re.compile("^optimizer$"), "The optimizer"),
    (re.compile("^TrackerCallback$"), "What is logged"),
)
"""As `trainer.profile` calls them."""

SHORT_KERNEL_US = 10.0
"""About what launching one costs the host: kernels shorter than this cannot fill the GPU."""

WORTH_SAYING = 0.02
"""Shares below this are noise to somebody who looks for time."""


@dataclass(frozen=True)
class Sentence:
    """One thing worth knowing."""

    text: str
    tone: str = "plain"
    """ "plain", "good" or "bad"."""
    hint: str = ""
    search: str = ""
    """What shows the events it speaks of, when searched for."""
    share: float | None = None
    """The number it rests on, 0 to 1."""


def sentences(trace: Trace) -> list[dict[str, Any]]:
    """What is worth knowing about a profile, the most costly first after the summary."""
    return [asdict(each) for each in _said(trace)]


def _said(trace: Trace) -> list[Sentence]:
    if not len(trace):
        return [Sentence("The trace holds no event that has a length.")]
    steps = step_spans(trace)
    window = steps if len(steps) else np.array([[0.0, trace.end]])
    whole = _length(window)
    said = [_steps(trace, steps)]
    found: list[Sentence] = []
    gpu = trace.on_gpu()
    loader = within(union(trace, _named(trace, LOADER) & ~gpu), window)
    unit = "step" if len(steps) else "trace"
    if gpu.any():
        busy = within(union(trace, gpu), window)
        idle = without(window, busy)
        share = _length(busy) / whole
        tone = "good" if share >= 0.9 else "bad" if share < 0.6 else "plain"
        said.append(Sentence(f"The GPU is busy {percent(share)} of the {unit}.", tone, share=share))
        waiting = _length(intersection(idle, loader)) / whole
        if waiting >= WORTH_SAYING:
            hint = "More workers, a larger prefetch or lighter transforms keep it fed."
            found.append(
                Sentence(
                    f"The loader keeps the GPU waiting {percent(waiting)} of the {unit}.",
                    "bad",
                    hint,
                    "DataLoader",
                    waiting,
                )
            )
        copying = (
            _length(
                without(
                    within(union(trace, _named(trace, COPY) & gpu), window), union(trace, gpu & ~_named(trace, COPY))
                )
            )
            / whole
        )
        if copying >= WORTH_SAYING:
            pageable = any("Pageable" in trace.names[i] for i in np.unique(trace.name[_named(trace, COPY) & gpu]))
            hint = "Pinned memory (pin_memory=True) lets copies run beside the computing." if pageable else ""
            found.append(
                Sentence(
                    f"Copies between host and GPU take {percent(copying)} of the {unit} by themselves.",
                    "bad",
                    hint,
                    "Memcpy",
                    copying,
                )
            )
        rest = 1 - share - waiting
        if rest >= 0.1:
            hint = (
                "Where the host cannot launch work fast enough, larger batches, fused operations or CUDA graphs help."
            )
            who = "For other reasons the GPU" if waiting >= WORTH_SAYING else "The GPU"
            found.append(
                Sentence(
                    f"{who} idles {percent(rest)} of the {unit}.",
                    "bad",
                    hint,
                    share=rest,
                )
            )
        found += _kernels(trace, gpu)
    elif len(loader):
        share = _length(loader) / whole
        if share >= WORTH_SAYING:
            found.append(
                Sentence(
                    f"The loader takes {percent(share)} of the {unit}.",
                    "bad" if share > 0.2 else "plain",
                    "",
                    "DataLoader",
                    share,
                )
            )
    found += _parts(trace, window, unit)
    found.sort(key=lambda each: -(each.share or 0))
    return said + found + _dearest(trace, gpu) + _memory(trace)


def step_spans(trace: Trace) -> Spans:
    """Where the profiler marked training steps; those on a GPU's track repeat the host's and are left out."""
    chosen = _named(trace, STEP) & ~trace.on_gpu()
    return union(trace, chosen, merge=False)


def _steps(trace: Trace, steps: Spans) -> Sentence:
    end = trace.end
    if not len(steps):
        return Sentence(f"The trace covers {duration(end)}; it marks no steps.")
    lengths = steps[:, 1] - steps[:, 0]
    middle = float(np.median(lengths))
    if len(lengths) == 1:
        return Sentence(f"One step of {duration(middle)}.")
    slowest = int(np.argmax(lengths))
    text = f"{len(lengths)} steps, typically {duration(middle)}"
    if lengths[slowest] > 1.25 * middle:
        return Sentence(
            f"{text}; the {ordinal(slowest + 1)} took {lengths[slowest] / middle:.1f} times as long.", "bad"
        )
    return Sentence(f"{text}.")


def _kernels(trace: Trace, gpu: npt.NDArray[np.bool_]) -> list[Sentence]:
    lengths = trace.duration[gpu]
    short = float((lengths < SHORT_KERNEL_US).mean())
    if len(lengths) < 100 or short < 0.5:
        return []
    time = float(lengths[lengths < SHORT_KERNEL_US].sum() / max(lengths.sum(), 1e-9))
    text = (
        f"{percent(short)} of {len(lengths):,} GPU operations are shorter than {SHORT_KERNEL_US:.0f} µs, "
        f"{percent(time)} of its time."
    )
    return [
        Sentence(text, "plain", "Fusing small operations (torch.compile) saves their launches." if time > 0.1 else "")
    ]


def _parts(trace: Trace, window: Spans, unit: str) -> list[Sentence]:
    """The parts of a step that a trainer names: going back, the optimizer, what watches the training."""
    found = []
    for pattern, what in PARTS:
        share = _length(within(union(trace, _named(trace, pattern)), window)) / max(_length(window), 1e-9)
        if share >= WORTH_SAYING:
            search = pattern.pattern.strip("^$")
            found.append(Sentence(f"{what} takes {percent(share)} of the {unit}.", "plain", "", search, share))
    return found


def _dearest(trace: Trace, gpu: npt.NDArray[np.bool_]) -> list[Sentence]:
    """The operation with most time of its own, on the GPU where there is one."""
    chosen = gpu if gpu.any() else ~_named(trace, STEP)
    chosen = chosen & trace.of_program()
    own = np.bincount(trace.name[chosen], trace.self_time[chosen], len(trace.names))
    total = float(own.sum())
    if not total:
        return []
    top = int(np.argmax(own))
    share = float(own[top]) / total
    where = "GPU" if gpu.any() else "host"
    name = trace.names[top]
    return [Sentence(f"Most {where} time goes to {brief(name)}: {percent(share)}.", "plain", "", name, None)]


def _memory(trace: Trace) -> list[Sentence]:
    peaks = [
        (float(values.max()), name) for name, (_, values) in trace.counters.items() if "alloc" in name and len(values)
    ]
    if not peaks:
        return []
    peak, name = max(peaks)
    return [Sentence(f"{name.partition(' memory')[0]} memory peaks at {size(peak)}.")]


# --- spans of time -------------------------------------------------------------------------------------------


def union(trace: Trace, chosen: npt.NDArray[np.bool_], *, merge: bool = True) -> Spans:
    """When any of the chosen events ran."""
    start = trace.start[chosen]
    spans = np.stack([start, start + trace.duration[chosen]], axis=1)
    spans = spans[np.argsort(spans[:, 0], kind="stable")]
    return merged(spans) if merge else spans


def merged(spans: Spans) -> Spans:
    """The same time in spans that are apart."""
    if not len(spans):
        return spans
    reach = np.maximum.accumulate(spans[:, 1])
    first = np.concatenate([[True], spans[1:, 0] > reach[:-1]])
    last = np.concatenate([first[1:], [True]])
    return np.stack([spans[first, 0], reach[last]], axis=1)


def intersection(a: Spans, b: Spans) -> Spans:
    """Time that lies in both; each apart and in order."""
    found: list[tuple[float, float]] = []
    i = j = 0
    first, second = a.tolist(), b.tolist()
    while i < len(first) and j < len(second):
        low, high = max(first[i][0], second[j][0]), min(first[i][1], second[j][1])
        if low < high:
            found.append((low, high))
        if first[i][1] < second[j][1]:
            i += 1
        else:
            j += 1
    return np.array(found, np.float64).reshape(-1, 2)


def within(spans: Spans, window: Spans) -> Spans:
    """What of the spans lies in the window."""
    return intersection(merged(spans), merged(window))


def without(spans: Spans, taken: Spans) -> Spans:
    """What of the spans lies outside of what is taken."""
    taken = merged(taken)
    if not len(taken):
        return merged(spans)
    edges = np.concatenate([[-np.inf], taken.ravel(), [np.inf]]).reshape(-1, 2)
    return intersection(merged(spans), edges)


def _length(spans: Spans) -> float:
    return float((spans[:, 1] - spans[:, 0]).sum())


def _named(trace: Trace, pattern: re.Pattern[str]) -> npt.NDArray[np.bool_]:
    hits = np.array([bool(pattern.search(name)) for name in trace.names], bool)
    return hits[trace.name] if len(trace) else np.zeros(0, bool)


# --- numbers as people say them ------------------------------------------------------------------------------


def percent(share: float) -> str:
    """31 %, and not 0 % of what is there, nor 100 % of what is not all."""
    value = 100 * share
    if 0 < value < 1:
        return "under 1 %"
    return "over 99 %" if 99 < value < 99.95 else f"{value:.0f} %"


def duration(us: float) -> str:
    """µs as 1.23 s, 45.6 ms or 7.8 µs."""
    for unit, name in ((1e6, "s"), (1e3, "ms")):
        if us >= unit:
            return f"{us / unit:.3g} {name}"
    return f"{us:.3g} µs"


def size(n_bytes: float) -> str:
    """Bytes as 1.2 GB, 34 MB or 5 kB."""
    for unit, name in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if n_bytes >= unit:
            return f"{n_bytes / unit:.3g} {name}"
    return f"{n_bytes:.0f} bytes"


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 4th, 11th."""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def brief(name: str) -> str:
    """A C++ kernel's name without its return type, template arguments and parameters."""
    short = re.sub(r"^void ", "", name)
    cut = min((at for at in (short.find("<"), short.find("(")) if at > 0), default=len(short))
    short = short[:cut]
    return short if len(short) <= 60 else f"…{short[-58:]}"
