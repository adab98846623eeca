"""Models: readers of 8 × 8 digits of several makes, in PyTorch, and optimizers for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn


class Rows(nn.Module):
    """A picture as a sequence of its eight rows, by recurrence."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.lstm, self.head = nn.LSTM(8, 32, batch_first=True), nn.Linear(32, classes)

    def forward(self, x: Any) -> Any:
        """(N, 64) to (N, classes)."""
        return self.head(self.lstm(x.reshape(-1, 8, 8))[0][:, -1])


class Attention(nn.Module):
    """A picture as a sequence of its eight rows, by attention."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.embed, self.place = nn.Linear(8, 32), nn.Parameter(0.02 * torch.randn(8, 32))
        self.block = nn.TransformerEncoderLayer(32, 2, 64, dropout=0.0, batch_first=True, norm_first=True)
        self.head = nn.Linear(32, classes)

    def forward(self, x: Any) -> Any:
        """(N, 64) to (N, classes)."""
        return self.head(self.block(self.embed(x.reshape(-1, 8, 8)) + self.place).mean(1))


class Residual(nn.Module):
    """Blocks of normalization and GELU around which the signal goes on."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.enter = nn.Linear(64, 40)
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.LayerNorm(40), nn.Linear(40, 80), nn.GELU(), nn.Linear(80, 40)) for _ in range(3)
        )
        self.head = nn.Linear(40, classes)

    def forward(self, x: Any) -> Any:
        """(N, 64) to (N, classes)."""
        h = self.enter(x)
        for block in self.blocks:
            h = h + block(h)
        return self.head(h)


def _conv(classes: int) -> nn.Module:
    return nn.Sequential(
        nn.Unflatten(1, (1, 8, 8)), nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten(),
        nn.Linear(64, classes),
    )  # fmt: skip


def _plain(classes: int) -> nn.Module:
    return nn.Sequential(nn.Linear(64, 56), nn.LeakyReLU(0.1), nn.Linear(56, 28), nn.ELU(), nn.Linear(28, classes))


def _wide(classes: int) -> nn.Module:
    return nn.Sequential(nn.Linear(64, 200), nn.ReLU(), nn.Linear(200, classes))


_MADE: dict[str, Callable[[int], nn.Module]] = {
    "conv": _conv, "lstm": Rows, "attention": Attention, "residual": Residual, "plain": _plain, "wide": _wide,
}  # fmt: skip


def reader_of_digits(kind: str, classes: int = 10) -> nn.Module:
    """From (N, 64) to (N, classes)."""
    return _MADE[kind](classes)


def optimizer_of(which: str, model: nn.Module, lr: float, **options: Any) -> torch.optim.Optimizer:
    """Of PyTorch, by its name."""
    made: torch.optim.Optimizer = getattr(torch.optim, which)(model.parameters(), lr=lr, **options)
    return made
