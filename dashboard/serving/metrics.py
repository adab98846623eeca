"""What is counted of serving, as Prometheus reads it. Pure but for its counts; on the event loop alone."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
ROWS = (1, 2, 4, 8, 16, 32, 64, 128)

MOST_SERIES = 1_000
"""Of one name: a training that logs a version a minute would make one more of each answer's code."""

OTHER = "other"

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Histogram:
    """How often values fell below each edge.

    Args:
        edges: Ascending.
    """

    def __init__(self, edges: Sequence[float]) -> None:
        self._edges = edges
        self._counts = [0] * (len(edges) + 1)
        self._sum = 0.0

    def put(self, value: float) -> None:
        """One more."""
        self._counts[bisect_left(self._edges, value)] += 1
        self._sum += value

    def lines(self, name: str, labels: str) -> Iterable[str]:
        """As Prometheus reads it; `labels` as `model="a",` or nothing."""
        total = 0
        for edge, count in zip((*map(str, self._edges), "+Inf"), self._counts, strict=True):
            total += count
            yield f'{name}_bucket{{{labels}le="{edge}"}} {total}'
        within = f"{{{labels.rstrip(',')}}}" if labels else ""
        yield f"{name}_sum{within} {self._sum}"
        yield f"{name}_count{within} {total}"


class Metrics:
    """Counts of one server."""

    def __init__(self) -> None:
        self._requests: dict[tuple[str, str, int], int] = {}
        self._seconds: dict[str, Histogram] = {}
        self._loads: dict[str, Histogram] = {}
        self._batches = Histogram(ROWS)
        self._starts = 0

    def answered(self, model: str, version: str, code: int, seconds: float) -> None:
        """A request that took so long; `model` is "" where there is none of the name that was asked."""
        key = (model, version, code)
        if key not in self._requests and len(self._requests) >= MOST_SERIES:
            key = (OTHER, OTHER, code)
        self._requests[key] = self._requests.get(key, 0) + 1
        _of(self._seconds, model, SECONDS).put(seconds)

    def opened(self, model: str, seconds: float) -> None:
        """A version was opened in so long."""
        _of(self._loads, model, SECONDS).put(seconds)

    def batched(self, questions: int) -> None:
        """So many questions were answered together."""
        self._batches.put(questions)

    def started(self) -> None:
        """The worker was started."""
        self._starts += 1

    def text(self, waiting: int, versions: int) -> str:
        """All of it.

        Args:
            waiting: Questions that wait now.
            versions: Versions that are open now.
        """
        name = "everystep_serving_requests_total"
        lines = _head(name, "counter", "Requests answered, by model, version and HTTP status.")
        for (model, version, code), count in self._requests.items():
            lines.append(f'{name}{{model="{_escaped(model)}",version="{version}",code="{code}"}} {count}')
        name = "everystep_serving_request_seconds"
        lines += _head(name, "histogram", "From a request's first byte to its answer.")
        for model, found in self._seconds.items():
            lines += found.lines(name, f'model="{_escaped(model)}",')
        name = "everystep_serving_open_seconds"
        lines += _head(name, "histogram", "Opening a version, its first batch included.")
        for model, found in self._loads.items():
            lines += found.lines(name, f'model="{_escaped(model)}",')
        name = "everystep_serving_batch_size"
        lines += [*_head(name, "histogram", "Requests answered together."), *self._batches.lines(name, "")]
        for name, kind, what, value in (
            ("everystep_serving_queue_depth", "gauge", "Requests that wait for the worker.", waiting),
            ("everystep_serving_open_versions", "gauge", "Versions that are open.", versions),
            ("everystep_serving_worker_starts_total", "counter", "Starts of the process that answers.", self._starts),
        ):
            lines += [*_head(name, kind, what), f"{name} {value}"]
        return "\n".join(lines) + "\n"


def _of(found: dict[str, Histogram], model: str, edges: Sequence[float]) -> Histogram:
    name = model if model in found or len(found) < MOST_SERIES else OTHER
    return found.setdefault(name, Histogram(edges))


def _head(name: str, kind: str, what: str) -> list[str]:
    return [f"# HELP {name} {what}", f"# TYPE {name} {kind}"]


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
