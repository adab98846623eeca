"""What of a question is known from another time, and what is to be known the next time: of runs that are one file which
nobody writes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from dashboard.curves.curve_cache import CurveCache, KeptCurve
from dashboard.curves.query import Answer, Question
from tracker.store.read.segments import Segment


class Remembered:
    """The curves of a question that are kept.

    Args:
        kept: All that are.
        whole: Of the runs that are asked for, those that are one file that nobody writes: the segment, and its key.
        questions: What is asked.
    """

    def __init__(
        self, kept: CurveCache, whole: Mapping[str, tuple[Segment, str]], questions: Sequence[Question]
    ) -> None:
        self._kept = kept
        self._questions = list(questions)
        is_plain = all(each.is_plain for each in questions)
        self._whole = whole if is_plain else {}
        self._new: list[dict[str, KeptCurve]] = [{} for _ in questions]
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

    def note(self, run: str, answers: Sequence[Answer | None]) -> None:
        """Takes in what was read of a run."""
        if run not in self._whole:
            return
        segment, key = self._whole[run]
        for new, answer in zip(self._new, answers, strict=False):
            if answer is not None and "rest" not in answer[0]:
                head, columns = answer
                new[key] = KeptCurve(head["counts"][segment.id], head["form"], columns)

    def keep(self) -> None:
        """Keeps what was read, for the next time."""
        for question, new in zip(self._questions, self._new, strict=True):
            self._kept.put(str(question.y), question.columns, new)
