"""Runs of a catalog, chosen by a search: what `viz runs` prints."""

from __future__ import annotations

import contextlib
import math
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dashboard.choosing.choice import choose, fields_of, is_falling, order_field, ordered
from dashboard.choosing.fields import Field, Fields, Part, Searched, Value
from dashboard.choosing.groups import grouped, summary_of
from dashboard.choosing.query import parse
from dashboard.live.headline import headlines
from tracker.errors import StoreError
from tracker.store.read import read_only
from tracker.store.read.value_ranges import value_ranges

if TYPE_CHECKING:
    from dashboard.live.run_state import RunState


@dataclass(frozen=True)
class Chosen:
    """Runs in their order, and the fields that it rests on."""

    runs: list[Searched]
    fields: list[Field]


class Chooser:
    """Chooses among runs.

    Args:
        summaries: What `RunState.summary` says of each run.
        states: The runs by name: their files are read for least and greatest values only.
    """

    def __init__(self, summaries: list[dict[str, Any]], states: Mapping[str, RunState]) -> None:
        for summary in summaries:
            summary["step"] = max((last["step"] for last in summary["scalars"].values()), default=None)
        self._states = states
        self._ends: dict[tuple[str, str], tuple[float, float]] = {}
        counts = Counter(tag for summary in summaries for tag in summary["scalars"])
        self.headline = next(iter(headlines(counts, 1)), None)
        newest = sorted(summaries, key=lambda each: each["started"] or 0.0, reverse=True)
        self.runs = [Searched(summary) for summary in newest]
        self._scalars = {summary["name"]: summary["scalars"] for summary in summaries}
        self.fields = Fields(self.runs, counts, self._metric, time.time())

    def chosen(self, words: str, order: str | None = None) -> Chosen:
        """Those that a search lets through; without an order by age, the newest first, and a pick in its own.

        Raises:
            QueryError: the search, or the order, cannot be understood.
        """
        query = parse(words)
        found = choose(query, self.runs, self.fields, self.headline)
        rests_on = fields_of(query, self.fields, self.headline)
        if order is not None:
            by = order_field(order, self.fields)
            found = ordered(found, by, is_falling=is_falling(order, by))
            rests_on = [by, *(each for each in rests_on if each.id != by.id)]
        return Chosen(found, rests_on)

    def groups(self, chosen: Chosen, keys: list[str], metrics: list[str]) -> tuple[list[str], list[list[Value]]]:
        """Runs that have the same settings as a row: these, how many, and of each metric the best, mean and deviation.

        Metrics are those that the choice rests on, where it does on any. Groups stand by these settings.

        Returns:
            Names of the columns, and the rows.

        Raises:
            QueryError: a key names nothing, or several things.
        """
        by = [order_field(key, self.fields) for key in keys]
        of = [field for field in chosen.fields if field.tag] or [self.fields.metric_of(tag, "last") for tag in metrics]
        rows: list[list[Value]] = []
        for group in grouped(chosen.runs, by):
            row: list[Value] = [*group.values, len(group.runs)]
            for summary in (summary_of(group.runs, field) for field in of):
                row += [None if math.isnan(each) else each for each in (summary.best, summary.mean, summary.std)]
            rows.append(row)
        names = [label for field in of for label in (f"best {field.tag}", f"mean {field.label}", "±")]
        return [*(field.label for field in by), "runs", *names], rows

    def _metric(self, run: str, tag: str, part: Part) -> float | None:
        last = self._last(run, tag)
        if last is None or part == "last":
            return last
        least, greatest = self._ends_of(run, tag)
        found = least if part == "min" else greatest
        return found if math.isfinite(found) else None

    def _last(self, run: str, tag: str) -> float | None:
        found = self._scalars[run].get(tag)
        return None if found is None else float(found["value"])

    def _ends_of(self, run: str, tag: str) -> tuple[float, float]:
        known = self._ends.get((run, tag))
        if known is None:
            least, greatest = math.inf, -math.inf
            for path in self._states[run].segments:
                with contextlib.suppress(StoreError, FileNotFoundError), read_only.snapshot(path) as connection:
                    found = value_ranges(connection, [tag]).get(tag)
                    if found is not None and found.smallest is not None and found.largest is not None:
                        least, greatest = min(least, found.smallest), max(greatest, found.largest)
            known = self._ends[run, tag] = least, greatest
        return known
