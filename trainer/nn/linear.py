"""Layers that multiply by a matrix or look rows up in one."""

from __future__ import annotations

import math
from typing import Any

from trainer import creation
from trainer import functional as F
from trainer.errors import ArgumentError, ShapeError, sentence
from trainer.nn import init
from trainer.nn.module import Module, Parameter
from trainer.ops.linalg import features_message
from trainer.ops.shape import flatten
from trainer.tensor import Tensor


class Linear(Module):
    """y = x W^T + b over the last axis: (..., in_features) -> (..., out_features).

    Weights and bias start uniform in +-1/sqrt(in_features), as in PyTorch.

    Attributes:
        weight: (out_features, in_features).
        bias: (out_features,), or None.
    """

    def __init__(self, in_features: int, out_features: int, bias: bool = True, device: str = "cpu") -> None:
        self.in_features = in_features
        self.out_features = out_features
        bound = 1 / math.sqrt(in_features) if in_features else 0.0
        self.weight = Parameter(init.uniform_(creation.zeros(out_features, in_features, device=device), -bound, bound))
        self.bias = (
            Parameter(init.uniform_(creation.zeros(out_features, device=device), -bound, bound)) if bias else None
        )

    def forward(self, x: Tensor) -> Tensor:
        if x.shape[-1:] != (self.in_features,):
            raise ShapeError(features_message(f"Linear({self.extra_repr()})", x.shape, self.in_features))
        return F.linear(x, self.weight, self.bias)

    def extra_repr(self) -> str:
        return f"{self.in_features}, {self.out_features}" + ("" if self.bias is not None else ", bias=False")


class Embedding(Module):
    """A row of numbers for each of `num_embeddings` symbols: integers (...) -> (..., embedding_dim).

    Attributes:
        weight: (num_embeddings, embedding_dim), normal at first. The row `padding_idx` is zeros at first, and learns
            nothing.
    """

    def __init__(
        self, num_embeddings: int, embedding_dim: int, padding_idx: int | None = None, device: str = "cpu"
    ) -> None:
        if padding_idx is not None and not -num_embeddings <= padding_idx < num_embeddings:
            expected = f"in [{-num_embeddings}, {num_embeddings})"
            raise ArgumentError(sentence("Embedding: padding_idx is no row.", expected, padding_idx))
        if padding_idx is not None:
            padding_idx %= num_embeddings
        self.num_embeddings = num_embeddings
        self.embedding_dim = embedding_dim
        self.padding_idx = padding_idx
        self.weight = Parameter(init.normal_(creation.zeros(num_embeddings, embedding_dim, device=device)))
        if padding_idx is not None:
            self.weight.data[padding_idx] = 0

    def forward(self, x: Any) -> Tensor:
        y = F.embedding(x, self.weight)
        if self.padding_idx is None:
            return y
        numbers = x if isinstance(x, Tensor) else Tensor(x)
        return y.masked_fill((numbers == self.padding_idx).unsqueeze(-1), y.detach())

    def extra_repr(self) -> str:
        return f"{self.num_embeddings}, {self.embedding_dim}"


class Flatten(Module):
    """(N, C, H, W) -> (N, C H W): the axes from `start_dim` to `end_dim`, both included, as one."""

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        self.start_dim = start_dim
        self.end_dim = end_dim

    def forward(self, x: Tensor) -> Tensor:
        return flatten(x, self.start_dim, self.end_dim)
