"""What of a question is known from another time, and what is to be known the next time: of runs that are one file which
nobody writes."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence

from dashboard.curves import query
from dashboard.curves.curve_cache import CurveCache, KeptCurve
from dashboard.curves.query import Answer, Question
from tracker.errors import StoreError
from tracker.store.read.segments import Segment


class Remembered:
    """The curves of a question that are kept.

    Args:
        kept: All that are.
        whole: Of the runs that are asked for, those that are one file that nobody writes: the segment, and its key.
        questions: What is asked.
        also: What will be asked next, of which no answer is given now: what must be read of a run is read at once.
    """

    def __init__(
        self,
        kept: CurveCache,
        whole: Mapping[str, tuple[Segment, str]],
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
        keys = [key for _, key in self._whole.values()]
        self._found = [kept.get(str(each.y), each.columns, keys) if is_plain else {} for each in questions]

    def has_all(self, run: str) -> bool:
        """Whether all curves of a run are kept."""
        if run not in self._whole:
            return False
        key = self._whole[run][1]
        return all(key in found for found in self._found)

    def answers(self, run: str) -> Iterable[tuple[list[Segment], Answer]]:
        """Them, as they would be read."""
        segment, key = self._whole[run]
        for found in self._found:
            curve = found[key]
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
        segment, key = self._whole[run]
        for new, answer in zip(self._new, answers, strict=False):
            if answer is not None and "rest" not in answer[0]:
                head, columns = answer
                new[key] = KeptCurve(head["counts"][segment.id], head["form"], columns)

    def keep(self, least: int = 1) -> None:
        """Keeps what was read, for the next time, where it is of so many runs."""
        if max(map(len, self._new)) >= least:
            for question, new in zip(self.questions, self._new, strict=True):
                self._kept.put(str(question.y), question.columns, new)
                new.clear()
