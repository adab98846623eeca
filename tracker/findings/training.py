"""Training: what is known of a run, as detectors see it, whoever read it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from tracker.findings.roles import Roles, roles_of


@dataclass(frozen=True)
class Series:
    """Every point of a tag, in order: arrays of one length."""

    tag: str
    step: npt.NDArray[np.int64]
    value: npt.NDArray[np.float64]
    wall_time: npt.NDArray[np.float64]
    """Seconds since the epoch."""

    def __len__(self) -> int:
        return len(self.step)

    @cached_property
    def finite(self) -> Series:
        """Its points that are neither NaN nor infinite."""
        keep = np.isfinite(self.value)
        return self if keep.all() else Series(self.tag, self.step[keep], self.value[keep], self.wall_time[keep])


@dataclass(frozen=True)
class Training:
    """What is known of a run. What is costly to read is read when a detector asks, and once."""

    config: Mapping[str, Any]
    status: str
    """running, finished, stopped or crashed."""
    tags: Sequence[str]
    """Of its scalars."""
    read: Callable[[str], Series]
    """The points of one of these tags. Whatever it raises costs that tag's points and nothing else."""
    marks: Sequence[Any] = ()
    """Each with `step`, `kind`, `text` and `attributes`."""
    histogram_tags: Sequence[str] = ()
    read_histograms: Callable[[str], Any] | None = None
    """`step` and histograms of one of these, as `StoredRun.histograms` gives them."""
    read_graph: Callable[[], Mapping[str, Any] | None] = lambda: None
    ranks: Sequence[int] = ()
    """Of the processes that log it, where they are several."""
    read_ranks: Callable[[str], Mapping[int, Series]] = lambda tag: {}
    """The newest points of a tag by the rank that logged them, as `read` without telling them apart."""
    _series: dict[str, Series] = field(default_factory=dict, repr=False)
    _by_rank: dict[str, Mapping[int, Series]] = field(default_factory=dict, repr=False)
    unread: dict[str, Exception] = field(default_factory=dict, repr=False)
    """By tag why it could not be read; to a detector such a tag holds no points."""

    @cached_property
    def roles(self) -> Roles:
        """Which tags are the loss, the learning rate …"""
        return roles_of(self.tags)

    def series(self, tag: str) -> Series:
        """The points of a tag; none where it was not logged, or cannot be read."""
        if tag not in self._series:
            self._series[tag] = self._read(tag) if tag in self._known else _nothing(tag)
        return self._series[tag]

    def _read(self, tag: str) -> Series:
        try:
            return self.read(tag)
        except Exception as error:  # noqa: BLE001 a file may hold anything; the other series are none the worse for it
            self.unread[tag] = error
            return _nothing(tag)

    def by_rank(self, tag: str) -> Mapping[int, Series]:
        """The newest points of a tag by rank; none where it was not logged, cannot be read, or is of one process."""
        if len(self.ranks) < 2 or tag not in self._known:
            return {}
        if tag not in self._by_rank:
            try:
                self._by_rank[tag] = self.read_ranks(tag)
            except Exception as error:  # noqa: BLE001 as of `_read`
                self.unread[tag] = error
                self._by_rank[tag] = {}
        return self._by_rank[tag]

    def layers(self, family: str) -> dict[str, Series]:
        """What was logged as `<family>/<path>`, by path: `layers("grad_norm")["fc1.weight"]`."""
        start = f"{family}/"
        tags = self._families.get(family.partition("/")[0], ())
        return {tag[len(start) :]: self.series(tag) for tag in tags if tag.startswith(start)}

    @cached_property
    def graph(self) -> dict[str, list[dict[str, Any]]]:
        """Its nodes, each with a `name`, an `op` and `attrs`, and its edges, each with a `source` and a `target`; none
        of them where no graph was logged, and none that say something else: a file may hold anything."""
        found = self.read_graph()
        nodes, edges = (found.get(part) if isinstance(found, Mapping) else None for part in ("nodes", "edges"))
        return {
            "nodes": [_node(each) for each in nodes if _has(each, "name")] if isinstance(nodes, list) else [],
            "edges": [each for each in edges if _has(each, "source", "target")] if isinstance(edges, list) else [],
        }

    @cached_property
    def _families(self) -> dict[str, list[str]]:
        """The tags by what stands before their first stroke: asking for twenty families reads each name once."""
        found: dict[str, list[str]] = {}
        for tag in self.tags:
            found.setdefault(tag.partition("/")[0], []).append(tag)
        return found

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(self.tags)


def _has(each: Any, *names: str) -> bool:
    return isinstance(each, dict) and all(isinstance(each.get(name), str) for name in names)


def _node(each: dict[str, Any]) -> dict[str, Any]:
    attrs = each.get("attrs")
    attrs = dict(attrs) if isinstance(attrs, dict) else {}
    shape = attrs.pop("shape", None)
    if isinstance(shape, (list, tuple)) and all(isinstance(size, int) for size in shape):
        attrs["shape"] = list(shape)
    return {**each, "op": str(each.get("op", "")), "attrs": attrs}


def _nothing(tag: str) -> Series:
    return Series(tag, np.empty(0, np.int64), np.empty(0), np.empty(0))
