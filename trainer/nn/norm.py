"""Layers that bring values to mean 0 and variance 1, over the batch or over the features."""

from __future__ import annotations

from collections.abc import Sequence

from trainer import creation
from trainer import functional as F
from trainer.errors import ShapeError, sentence
from trainer.nn.module import Module, Parameter
from trainer.tensor import Tensor


class _BatchNorm(Module):
    """What the batch norms share; `axes` are the ranks of input they take.

    `momentum` is the share of a new batch in the running statistics; with None these are the mean over all batches.
    """

    axes: tuple[int, ...] = ()

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: str = "cpu",
    ) -> None:
        self.num_features = num_features
        self.eps = eps
        self.momentum = momentum
        self.affine = affine
        self.track_running_stats = track_running_stats
        self.weight = Parameter(creation.ones(num_features, device=device)) if affine else None
        self.bias = Parameter(creation.zeros(num_features, device=device)) if affine else None
        tracked = track_running_stats
        self.running_mean: Tensor | None
        self.running_var: Tensor | None
        self.register_buffer("running_mean", creation.zeros(num_features, device=device) if tracked else None)
        self.register_buffer("running_var", creation.ones(num_features, device=device) if tracked else None)
        self.num_batches_tracked: Tensor | None
        self.register_buffer("num_batches_tracked", creation.full((), 0, device=device) if tracked else None)

    def forward(self, x: Tensor) -> Tensor:
        if x.ndim not in self.axes or x.shape[1] != self.num_features:
            expected = " or ".join(f"(N, {self.num_features}{', ...' * (n > 2)})" for n in self.axes)
            name = type(self).__name__
            raise ShapeError(sentence(f"{name}({self.num_features}): x has another shape.", expected, tuple(x.shape)))
        momentum = self.momentum
        if self.training and self.num_batches_tracked is not None:
            self.num_batches_tracked.data[...] += 1
            if momentum is None:
                momentum = 1 / self.num_batches_tracked.item()
        return F.batch_norm(
            x, self.running_mean, self.running_var, self.weight, self.bias, self.training, momentum or 0.0, self.eps
        )

    def extra_repr(self) -> str:
        return f"{self.num_features}, eps={self.eps}, momentum={self.momentum}"


class BatchNorm1d(_BatchNorm):
    """Each feature normalised over the batch: (N, C) or (N, C, L); see `functional.batch_norm`.

    Attributes:
        weight, bias: (C,) scale and shift, 1 and 0 at first; None when affine is False.
        running_mean, running_var: (C,) statistics for evaluation.
        num_batches_tracked: How many batches went into them.
    """

    axes = (2, 3)


class BatchNorm2d(_BatchNorm):
    """Each channel normalised over batch and pixels: (N, C, H, W); attributes as in `BatchNorm1d`."""

    axes = (4,)


class LayerNorm(Module):
    """Each sample normalised over its last axes; see `functional.layer_norm`.

    Attributes:
        weight, bias: Scale and shift of shape `normalized_shape`, 1 and 0 at first; None when left out.
    """

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        device: str = "cpu",
    ) -> None:
        self.normalized_shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        shape = self.normalized_shape
        self.weight = Parameter(creation.ones(shape, device=device)) if elementwise_affine else None
        self.bias = Parameter(creation.zeros(shape, device=device)) if elementwise_affine and bias else None

    def forward(self, x: Tensor) -> Tensor:
        return F.layer_norm(x, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return f"{self.normalized_shape}, eps={self.eps}"
