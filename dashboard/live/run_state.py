"""A run as far as the catalog knows it, and what the page is told of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from dashboard.http import wire
from dashboard.live.changes import Changes
from dashboard.live.examined import Examined
from dashboard.live.folders import Listing
from dashboard.live.segment_state import SegmentState
from dashboard.live.series import Series
from dashboard.live.user_edits import DISMISSED, PROPOSALS, RUN_KEYS
from tracker.errors import StoreError
from tracker.name_order import naturally
from tracker.store.read.segments import Segment

_NOTHING: Mapping[Any, Any] = MappingProxyType({})


def _nothing() -> Mapping[Any, Any]:
    """What nearly all runs have of some things: one object for all of them."""
    return _NOTHING


@dataclass(slots=True)
class RunState:
    """A run as far as it is known."""

    name: str
    place: str
    """The path of its folder, as text: of 100,000 runs paths as objects are 35 MB, and take half a second to make."""
    segments: dict[Path, SegmentState] = field(default_factory=dict)
    problems: Mapping[Path, StoreError] = field(default_factory=_nothing)
    refused: Mapping[Path, tuple[Any, ...]] = field(default_factory=_nothing)
    """The stamps of files that could not be read: they are tried again once they change."""
    listed: Listing | None = None
    """What its folder held when it was listed last, where that can be believed."""
    status: str = "unreadable"
    is_paused: bool = False
    """Whether it is running, and waits as it was asked to."""
    user_edits: Mapping[str, Any] = field(default_factory=_nothing)
    """What the page was told of it: see `user_edits`."""
    newest_command: int = 0
    """The number of the last thing that it was asked in the page; 0 where there is none."""
    edits_stamp: tuple[Any, ...] = ()
    edits_trouble: str | None = None
    """Why what the page was told of it is not known."""
    size: int | None = None
    """Bytes of its own files, as of the last look that found something new; None where they are copies of another
    program's."""
    examined: Examined | None = None
    """What was found in it, once somebody has looked."""
    began: float | None = None
    """When it began, to the second, as its files are called."""
    is_met: bool = False
    """Whether it was looked at: the first look at a large logdir leaves most runs to later ones."""
    _config: tuple[dict[str, Any], dict[str, Any]] | None = None

    @property
    def folder(self) -> Path:
        """Where it lies."""
        return Path(self.place)

    def note_problem(self, path: Path, error: StoreError) -> bool:
        """Notes why a file of it, or its folder, cannot be read; whether that is new."""
        is_new = str(self.problems.get(path)) != str(error)
        if is_new:
            self.problems = {**self.problems, path: error}
        return is_new

    def forget_problem(self, path: Path) -> None:
        """A file of it can be read, or is no more."""
        if path in self.problems:
            self.problems = {each: why for each, why in self.problems.items() if each != path}
        if path in self.refused:
            self.refused = {each: stamp for each, stamp in self.refused.items() if each != path}

    @property
    def dismissed(self) -> dict[str, Any]:
        """Findings that somebody said are none, by id: `reason`, `author`, `wall_time`."""
        found: dict[str, Any] = self.user_edits.get(DISMISSED, {})
        return found

    @property
    def waiting_proposals(self) -> int:
        """How many proposals of agents wait for an answer that can be given: a run that is over is asked nothing."""
        waiting, _ = self.user_edits.get(PROPOSALS, (0, 0.0))
        return int(waiting) if self.status == "running" else 0

    @property
    def finding_counts(self) -> list[int] | None:
        """How many errors, warnings and infos nobody dismissed; None before it was examined."""
        return self.examined.counts(self.dismissed) if self.examined is not None else None

    def take_edits(self, said: Mapping[str, Any], newest: int, trouble: str | None, changes: Changes) -> None:
        """Takes in what the page was told of it, and the number of the newest thing that it was asked."""
        is_as_before = said == self.user_edits and trouble == self.edits_trouble
        if not is_as_before or (newest > 0) != (self.newest_command > 0):
            changes.note(self.name, "runs")
        for key, what in ((DISMISSED, "findings"), (PROPOSALS, "proposals")):
            if said.get(key) != self.user_edits.get(key):
                changes.note(self.name, what)
        if newest != self.newest_command:
            changes.note(self.name, "commands")
        self.user_edits, self.newest_command, self.edits_trouble = said or _NOTHING, newest, trouble

    def take_examined(self, examined: Examined | None) -> None:
        """Takes over what was found at another time, where its files are as they were then."""
        stamps = tuple((path.name, *state.stamp) for path, state in sorted(self.segments.items()))
        if examined is not None and examined.stamps == stamps:
            self.examined = examined

    def known(self) -> list[Segment]:
        """Its segments, oldest first."""
        return sorted((state.segment for state in self.segments.values()), key=lambda each: (each.created, each.id))

    def tags(self) -> dict[str, dict[str, Series]]:
        """The newest state of each series by kind and tag."""
        found: dict[str, dict[str, Series]] = {}
        for state in sorted(self.segments.values(), key=lambda each: (each.segment.created, each.segment.id)):
            for series in state.known().values():
                if series.count:
                    found.setdefault(series.kind, {})[series.tag] = series
        return found

    def series_of(self, kind: str) -> Iterator[tuple[str, Series]]:
        """The series of one kind by tag, those of older segments first."""
        for state in sorted(self.segments.values(), key=lambda each: (each.segment.created, each.segment.id)):
            yield from ((series.tag, series) for series in state.known().values() if series.kind == kind)

    def summary(self) -> dict[str, Any]:
        """All that is known of it, as JSON values."""
        tags = self.tags()
        scalars = tags.get("scalar", {})
        last_times = [series.last[1] for kind in tags.values() for series in kind.values() if series.last]
        return {
            **self.about(),
            **({"updated": max(last_times)} if last_times else {}),
            "scalars": {
                tag: {"step": series.last[0], "wall_time": series.last[1], "value": series.last[2]}
                for tag in naturally(scalars)
                if (series := scalars[tag]).last
            },
            "series": {kind: naturally(found) for kind, found in tags.items()},
        }

    def _told_config(self, config: dict[str, Any]) -> dict[str, Any]:
        """A configuration in which whole numbers that a browser would round are texts of their digits, and what is not
        finite is a word."""
        if self._config is None or self._config[0] is not config:
            told = wire.plain(_with_digits(config))
            self._config = (config, config if told == config else told)  # the usual one is not held twice
        return self._config[1]

    def about(self) -> dict[str, Any]:
        """What its files say of themselves, as JSON values; `updated` is their writer's last sign of life."""
        known = self.known()
        newest = known[-1] if known else None
        own = [segment for segment in known if segment.reason != "child"]
        lost: dict[str, int] = {}
        for segment in known:
            for kind, count in segment.lost.items():
                lost[kind] = lost.get(kind, 0) + count
        return {
            "name": self.name,
            "status": self.status,
            "paused": self.is_paused,
            "started": known[0].created if known else None,
            "ended": newest.ended if newest else None,
            "ending": newest.ending if newest else None,
            "updated": newest.heartbeat if newest else None,
            "segments": len(known),
            "bytes": self.size,
            "ranks": len({segment.rank for segment in known}),
            "group": own[-1].group if own else None,
            "tags": list(own[-1].tags) if own else [],
            "notes": own[-1].notes if own else "",
            "config": self._told_config(own[-1].config) if own else {},
            "said": {key: value for key, value in self.user_edits.items() if key in RUN_KEYS},
            "findings": self.finding_counts,
            "commands": self.newest_command > 0 or any(state.has_receipts for state in self.segments.values()),
            "proposals": self.waiting_proposals,
            "lost": lost,
            "problems": [
                *(problem.why for problem in self.problems.values()),
                *filter(None, [self.edits_trouble]),
                *(
                    each
                    for state in self.segments.values()
                    for each in (*state.segment.faults, *state.faults, *state.import_warnings)
                ),
            ],
        }


EXACT = 1 << 53
"""From here on a browser's numbers are no longer all whole numbers: a seed of 64 bits would lose its last digits."""


def _with_digits(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _with_digits(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_with_digits(each) for each in value]
    if type(value) is int and not -EXACT <= value <= EXACT:
        return str(value) if value.bit_length() < DIGITS_BITS else hex(value)
    return value


DIGITS_BITS = 4_000
"""Python may refuse to write more digits than these, and nobody reads them."""
