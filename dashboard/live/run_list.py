"""The compact list of runs: a thousand runs of a hundred tags are 10 MB of JSON in full, and a third of one so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

from dashboard.http import wire
from dashboard.http.requests import UNREADABLE, why
from dashboard.live.headline import headlines
from dashboard.live.series import is_of_training
from tracker.name_order import naturally

if TYPE_CHECKING:
    from dashboard.live.run_state import RunState
    from dashboard.live.series import Extent


def compact_list(runs: Iterable[RunState], among: Iterable[RunState] | None = None) -> dict[str, Any]:
    """All runs, `series` as a number in the `tagsets`, `scalars` cut to the first of the
    `headlines`, and the newest `step` of all.

    What a glance did not read is None. Of runs that were not looked at yet there is only the name, and when it began.

    Args:
        runs: The runs.
        among: All that there are, by whose tags they are judged, where `runs` are some of them.
    """
    runs = list(runs)
    tagsets, told = _grouped(run for run in runs if run.is_met)
    unmet = [run for run in runs if not run.is_met]
    judged = headlines(_counted(*(_grouped(run for run in among if run.is_met) if among else (tagsets, told))))
    chosen = next(iter(judged), None)
    return {
        "tagsets": tagsets,
        "headlines": judged,
        "runs": [_row(run, partial(_told, run, extent, chosen)) | {"series": number} for run, extent, number in told],
        "unmet": {"names": [run.name for run in unmet], "began": [run.began for run in unmet]},
    }


def curves_of(run: RunState) -> list[str]:
    """The tags of its curves; none where its files say what cannot be."""
    extent = _columns(run)
    return (extent.names.by_kind if extent is not None else _tags(run)).get("scalar", [])


_Grouped = list[tuple["RunState", "Extent | None", int]]


def _grouped(runs: Iterable[RunState]) -> tuple[list[dict[str, list[str]]], _Grouped]:
    """The sets of tags that there are, and which of them each run has."""
    numbers: dict[str, int] = {}
    of_names: dict[int, int] = {}  # by identity: thousands of runs share them
    tagsets: list[dict[str, list[str]]] = []
    told: _Grouped = []
    for run in runs:
        extent = _columns(run)
        number = None if extent is None else of_names.get(id(extent.names))
        if number is None:
            tags = extent.names.by_kind if extent is not None else _tags(run)
            number = numbers.setdefault(repr(sorted(tags.items())), len(tagsets))  # of kinds any may be the first
            if number == len(tagsets):
                tagsets.append(tags)
            if extent is not None:
                of_names[id(extent.names)] = number
        told.append((run, extent, number))
    return tagsets, told


def _counted(tagsets: list[dict[str, list[str]]], told: _Grouped) -> dict[str, int]:
    """How many runs have each tag of a curve."""
    runs_of = Counter(number for *_, number in told)
    found: dict[str, int] = {}
    for number, tags in enumerate(tagsets):
        for tag in tags.get("scalar", ()):
            found[tag] = found.get(tag, 0) + runs_of[number]
    return found


def full_summary(run: RunState) -> dict[str, Any]:
    """All that is known of a run; of one whose files say what cannot be, that they do, so that the others go on."""
    return {"series": {}, **_row(run, run.summary)}


def _told(run: RunState, extent: Extent | None, chosen: str | None) -> dict[str, Any]:
    return {**run.about(), **last_step_of(run), "scalars": _last(run, extent, chosen)}


def _row(run: RunState, told: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    try:
        return told()
    except UNREADABLE as error:
        nothing = dict.fromkeys(("started", "ended", "ending", "updated", "group", "step"))
        return {
            **nothing,
            "name": run.name,
            "status": "unreadable",
            "paused": False,
            "segments": len(run.segments),
            "bytes": run.size,
            "ranks": 1,
            "tags": [],
            "notes": "",
            "config": {},
            "said": {},
            "findings": None,
            "commands": False,
            "proposals": 0,
            "lost": {},
            "scalars": {},
            "problems": [why(error)],
        }


def _tags(run: RunState) -> dict[str, list[str]]:
    try:
        return {kind: naturally(own) for kind, own in run.tags().items()}
    except UNREADABLE as error:
        why(error)
        return {}


def last_step_of(run: RunState) -> dict[str, Any]:
    """How far a run goes: its newest step, and when its newest point was logged, where that is known."""
    if not all(state.is_read for state in run.segments.values()):
        return {"step": None}
    extent = _columns(run)
    if extent is not None:
        steps, times = extent.rows["step"][extent.names.scalars], extent.rows["wall_time"]
        known = {"step": int(steps.max()) if len(steps) else None}
        return known | ({"updated": float(times.max())} if len(times) else {})
    lasts = [(each, each.last) for own in run.tags().values() for each in own.values() if each.last]
    known = {"step": max((last[0] for each, last in lasts if is_of_training(each.kind, each.tag)), default=None)}
    return known | ({"updated": max(last[1] for _, last in lasts)} if lasts else {})


def _columns(run: RunState) -> Extent | None:
    """The series of a run that is one segment, the usual one, and not followed: told without an object for each."""
    if len(run.segments) != 1:
        return None
    (state,) = run.segments.values()
    return state.extent if state.followed is None and state.extent.is_whole else None


def _last(run: RunState, extent: Extent | None, tag: str | None) -> dict[str, Any]:
    if tag is None:
        return {}
    if extent is not None:
        last = extent.last(tag)
    else:
        series = run.tags().get("scalar", {}).get(tag)
        last = series.last if series is not None else None
    return {tag: {"step": last[0], "wall_time": last[1], "value": wire.plain(last[2])}} if last is not None else {}
