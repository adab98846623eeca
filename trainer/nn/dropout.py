"""Dropout: forgetting at random while training, so that no unit relies on another."""

from __future__ import annotations

from trainer import functional as F
from trainer.errors import ArgumentError, sentence
from trainer.nn.module import Module
from trainer.tensor import Tensor


class Dropout(Module):
    """Sets elements to 0 with probability `p` while training; does nothing in evaluation. See `functional.dropout`."""

    def __init__(self, p: float = 0.5) -> None:
        if not 0 <= p <= 1:
            raise ArgumentError(sentence("Dropout: p is a probability.", "0 <= p <= 1", p))
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        return F.dropout(x, self.p, self.training)

    def extra_repr(self) -> str:
        return f"p={self.p}"
