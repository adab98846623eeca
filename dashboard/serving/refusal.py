"""A question that is not answered: the sentence that says why, and its HTTP status."""

from __future__ import annotations

from tracker.errors import TrackerError


class RefusedError(TrackerError):
    """What a model was asked cannot be answered.

    Args:
        status: 400 the question is wrong, 404 there is no such model, 413 too large, 429 too much waits already,
            503 the model cannot be asked, 504 it took too long.
        sentence: What was wrong.
    """

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence
