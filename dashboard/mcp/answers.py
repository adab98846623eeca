"""Answers: what each tool of the protocol says, as JSON values or text, within bounds."""

from __future__ import annotations

import dataclasses
import fnmatch
import io
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from typing import Any, TypeVar

import numpy as np

from dashboard.brief import facts as briefs
from dashboard.brief.course import COLUMNS, course
from dashboard.brief.settings import flat
from dashboard.brief.words import MOST_TOKENS, text
from dashboard.http import wire
from dashboard.live import proposals
from dashboard.live.headline import headline
from tracker.errors import TrackerError
from tracker.plain_text import writable_values
from tracker.store.read.left_out import LeftOut
from tracker.store.read.reader import Store
from tracker.store.read.run import StoredRun

MOST_RUNS, MOST_COLUMNS, MOST_COMPARED = 200, 1_000, 20

MOST_PIXELS = 64 << 20

MOST_SIDE = 512
"""Pixels of a picture's longer side; larger ones are made smaller."""

_COLUMNS = (
    "step_first", "step_last", "count", "first", "last", "min", "min_step", "max", "max_step", "mean", "nan_count",
    "posinf_count", "neginf_count",
)  # fmt: skip


Answer = TypeVar("Answer")


class AskedError(Exception):
    """What was asked cannot be answered; the sentence says why."""


class Answers:
    """What is said of a logdir.

    Args:
        store: Opens it.
    """

    def __init__(self, store: Callable[[], Store]) -> None:
        self._store = store

    def runs(self, pattern: str = "*", limit: int = 50) -> Any:
        """The runs whose names match, those that began last first: name, status, when, and the metric of each."""
        names = [each for each in self._store().runs() if fnmatch.fnmatchcase(each.name, pattern)]
        found, left_out = [], LeftOut()
        for run in names:
            with left_out.reading(run.name):
                found.append((run.started or 0.0, run))
        found.sort(key=lambda each: -each[0])
        told = []
        for began, run in found[: min(limit, MOST_RUNS)]:
            with left_out.reading(run.name), run.held() as held:
                told.append({"run": run.name, "status": held.status, "started": _when(began), **_judged(held)})
        return {"runs": told, "of": len(names), "could_not_be_read": left_out.parts}

    def brief(self, run: str, tokens: int = MOST_TOKENS) -> str:
        """What a run is, how it stands, what changed and what is wrong, in so many tokens."""
        store = self._store()
        return text(briefs.facts(self._run(store, run), store.runs()), max(50, min(tokens, 20_000)))

    def findings(self, run: str) -> Any:
        """What is wrong with a run's training, the worst first, each with evidence and one thing to try."""
        found = self._asked(self._run(self._store(), run).findings)
        return _plain({"findings": [each.as_dict() for each in found]})

    def scalars(
        self, run: str, tag: str, columns: int = 100, start: float | None = None, stop: float | None = None
    ) -> Any:
        """A curve as columns that stand for all of its points exactly: ends, extremes with steps, mean, counts."""
        stored = self._run(self._store(), run)
        envelope = self._asked(lambda: stored.envelope(tag, max(1, min(columns, MOST_COLUMNS)), start, stop))
        return _plain(
            {"run": run, "tag": tag, "points": envelope.points, **{key: getattr(envelope, key) for key in _COLUMNS}}
        )

    def compare(self, runs: Sequence[str], tags: Sequence[str] = ()) -> Any:
        """Runs beside each other: settings that differ among them, and how each metric went in each."""
        store = self._store()
        stored = [self._run(store, name) for name in runs[:MOST_COMPARED]]
        configs = {each.name: flat(each.config) for each in stored}
        keys = dict.fromkeys(key for config in configs.values() for key in config)
        missing = object()
        differ = [key for key in keys if len({repr(each.get(key, missing)) for each in configs.values()}) > 1]
        courses: dict[str, Any] = {}
        for each in stored:
            with each.held() as held:
                known = held.tags("scalar")
                wanted = tags or [headline(known) or ""]
                for tag in [tag for tag in wanted if tag in known][:MOST_COMPARED]:
                    found = course(held.envelope(tag, COLUMNS))
                    courses.setdefault(tag, {})[each.name] = dataclasses.asdict(found)
        settings = {key: {name: config.get(key) for name, config in configs.items()} for key in differ}
        return _plain({"settings_that_differ": settings, "metrics": courses})

    def image(self, run: str, tag: str, step: int | None = None) -> bytes:
        """The newest picture of a tag, or that of a step, as PNG."""
        from PIL import Image

        stored = self._run(self._store(), run)
        items = self._asked(lambda: stored.media("image", tag, step=step, position=0))
        if not items:
            raise AskedError(f"{run} has no picture {tag!r} at step {step}.")
        out = io.BytesIO()
        try:
            picture = Image.open(io.BytesIO(items[-1].data))
            if picture.width * picture.height > MOST_PIXELS:
                raise AskedError(
                    f"The picture is of {picture.width:,} x {picture.height:,} pixels, which is too large."
                )
            picture.thumbnail((MOST_SIDE, MOST_SIDE))
            picture.convert("RGBA" if picture.mode in ("RGBA", "LA", "P") else "RGB").save(out, "PNG")
        except (OSError, ValueError, SyntaxError) as error:  # a file may hold anything
            raise AskedError(f"The picture cannot be read: {error}") from error
        return out.getvalue()

    def propose(self, run: str, control: str, value: Any, why: str, agent: str) -> Any:
        """Keeps what an agent would have a run asked, until a person answers; how that stands."""
        stored = self._run(self._store(), run)
        return _proposed(self._asked(lambda: proposals.propose(stored, control, value, why, agent)))

    def proposals(self, run: str) -> Any:
        """What was proposed to ask a run, and what became of it, the oldest first."""
        stored = self._run(self._store(), run)
        return {"run": run, "proposals": [_proposed(each) for each in self._asked(lambda: proposals.standings(stored))]}

    def _run(self, store: Store, name: str) -> StoredRun:
        return self._asked(lambda: store.run(name))

    def _asked(self, read: Callable[[], Answer]) -> Answer:
        try:
            return read()
        except (TrackerError, ValueError) as error:
            raise AskedError(" ".join(str(error).split())) from error


def _judged(run: StoredRun) -> dict[str, Any]:
    tag = headline(run.tags("scalar"))
    if tag is None:
        return {}
    found = course(run.envelope(tag, 10))
    return {"metric": tag, "last": found.last, "step": found.last_step, "low": found.low, "high": found.high}


def _proposed(found: proposals.Standing) -> dict[str, Any]:
    proposal, command = found.proposal, found.command
    told: dict[str, Any] = {
        "id": proposal.id,
        "control": proposal.control,
        "value": proposal.value,
        "value_then": proposal.expected,
        "why": proposal.why,
        "proposed_by": proposal.author,
        "proposed": _when(proposal.wall_time),
        "standing": found.standing,
    }
    if found.why_not:
        told["cannot_be_accepted"] = found.why_not
    if proposal.answered is not None:
        told |= {"answered_by": proposal.by, "answered": _when(proposal.answered)}
    if command is not None:
        told |= {"outcome": command.outcome, "step": command.step, "sentence": command.why}
    return told


def _when(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="seconds")


def _plain(values: dict[str, Any]) -> Any:
    """As JSON has it: arrays as lists, and what is not finite as texts, which strict parsers take."""
    arrays = {key: value.tolist() if isinstance(value, np.ndarray) else value for key, value in values.items()}
    return writable_values(wire.plain(arrays))
