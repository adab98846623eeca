"""What of a question is known from another time, and what is to be known the next time: of runs that are one file which
nobody writes."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from dashboard.curves import query
from dashboard.curves.curve_cache import CurveCache, KeptCurve
from dashboard.curves.query import Answer, Question
from tracker.errors import StoreError
from tracker.store.read.segments import Segment


class Whole(NamedTuple):
    """A run that is one file, and what names its curves."""

    segment: Segment
    key: str
    counts: Mapping[str, int] | None = None
    """How many points each curve has that is asked for, where the file may grow and never has other points than before:
    as many are then the same ones."""

    def curve(self, tag: str, count: int | None = None) -> str:
        """The name of one of its curves, now or with so many points."""
        if self.counts is None:
            return self.key
        said = f"{self.key}\n{self.counts.get(tag, -1) if count is None else count}".encode("utf-8", "surrogateescape")
        return hashlib.blake2b(said, digest_size=12).hexdigest()

    @property
    def grows(self) -> bool:
        """Whether there may be more points later."""
        return self.counts is not None and self.segment.said_status == "running"


class Remembered:
    """The curves of a question that are kept.

    Args:
        kept: All that are.
        whole: Of the runs that are asked for, those whose curves can be known again.
        questions: What is asked.
        also: What will be asked next, of which no answer is given now: what must be read of a run is read at once.
    """

    def __init__(
        self,
        kept: CurveCache,
        whole: Mapping[str, Whole],
        questions: Sequence[Question],
        also: Sequence[Question] = (),
    ) -> None:
        self._kept = kept
        is_plain = all(each.is_plain for each in (*questions, *also))
        self._whole = whole if is_plain else {}
        self._asked = questions
        self.questions = [*questions, *(also if self._whole else ())]
        """What is read of a run."""
        self._new: list[dict[str, KeptCurve]] = [{} for _ in self.questions]
        self._keys = [{run: each.curve(str(one.y)) for run, each in self._whole.items()} for one in questions]
        self._found = [
            kept.get(str(each.y), each.columns, keys.values()) if is_plain else {}
            for each, keys in zip(questions, self._keys, strict=True)
        ]

    def has_all(self, run: str) -> bool:
        """Whether all curves of a run are kept."""
        if run not in self._whole:
            return False
        return all(keys[run] in found for keys, found in zip(self._keys, self._found, strict=True))

    def answers(self, run: str) -> Iterable[tuple[list[Segment], Answer]]:
        """Them, as they would be read."""
        segment = self._whole[run].segment
        for keys, found in zip(self._keys, self._found, strict=True):
            curve = found[keys[run]]
            head = {"started": segment.created, "counts": {segment.id: curve.points}}
            yield [segment], ({**head, "form": curve.form, "length": len(curve.columns[0])}, curve.columns)

    def read(self, known: Sequence[Segment]) -> list[Answer | None]:
        """The answers to all questions; to those alone that are asked now where others fail.

        Raises:
            StoreError: a file cannot be read.
        """
        if len(self.questions) > len(self._asked):
            with contextlib.suppress(StoreError):
                return query.read_all(known, self.questions)
        return query.read_all(known, self._asked)

    def note(self, run: str, answers: Sequence[Answer | None]) -> None:
        """Takes in what was read of a run."""
        if run not in self._whole:
            return
        whole = self._whole[run]
        for question, new, answer in zip(self.questions, self._new, answers, strict=False):
            if answer is not None and "rest" not in answer[0]:
                head, columns = answer
                tag, count = str(question.y), head["counts"][whole.segment.id]
                if not whole.grows or self._kept.is_first(tag, whole.key):
                    new[whole.curve(tag, count)] = KeptCurve(count, head["form"], columns)

    def keep(self, least: int = 1) -> None:
        """Keeps what was read, for the next time, where it is of so many runs."""
        if max(map(len, self._new)) >= least:
            for question, new in zip(self.questions, self._new, strict=True):
                self._kept.put(str(question.y), question.columns, new)
                new.clear()
