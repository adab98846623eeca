"""Everything a layer computes, as functions: PyTorch's `torch.nn.functional`, with its names and argument order."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from trainer.backend import array_module, generator
from trainer.errors import ArgumentError, DTypeError, ShapeError, sentence
from trainer.function import Function, apply, apply_unrecorded
from trainer.ops.activation import (
    gelu,
    leaky_relu,
    log_softmax,
    relu,
    relu6,
    sigmoid,
    silu,
    softmax,
    softplus,
    tanh,
)
from trainer.ops.conv import conv2d
from trainer.ops.elementwise import abs_
from trainer.ops.index import embedding
from trainer.ops.linalg import linear, matmul
from trainer.ops.loss import BinaryCrossEntropy, check_reduction, cross_entropy
from trainer.ops.normalize import batch_norm, layer_norm
from trainer.ops.pad import pad
from trainer.ops.pool import adaptive_avg_pool2d, avg_pool2d, max_pool2d
from trainer.ops.reduce import mean, sum
from trainer.ops.select import masked, where
from trainer.ops.shape import transpose
from trainer.tensor import Tensor

__all__ = [
    "adaptive_avg_pool2d",
    "avg_pool2d",
    "batch_norm",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "conv2d",
    "cross_entropy",
    "dropout",
    "embedding",
    "gelu",
    "l1_loss",
    "layer_norm",
    "leaky_relu",
    "linear",
    "log_softmax",
    "max_pool2d",
    "mse_loss",
    "one_hot",
    "pad",
    "relu",
    "relu6",
    "scaled_dot_product_attention",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "tanh",
]


class Dropout(Function):
    saves = (None, None)
    fresh = True

    @staticmethod
    def forward(needs: Any, x: Any, keep: Any, scale: float) -> Any:
        return masked(x, keep) * x.dtype.type(scale), (keep, scale)

    @staticmethod
    def backward(g: Any, needs: Any, keep: Any, scale: float) -> Any:
        return masked(g, keep) * scale, None


class OneHot(Function):
    @staticmethod
    def forward(needs: Any, classes: Any, count: int) -> Any:
        return (classes[..., None] == array_module(classes).arange(count)).astype(np.int64), ()


def dropout(input: Tensor, p: float = 0.5, training: bool = True) -> Tensor:
    """Sets each element to 0 with probability `p` and scales the rest by 1 / (1 - p), so that the mean stays.

    Args:
        input: Any shape.
        p: In [0, 1].
        training: Does nothing when False.

    Source: Srivastava et al. 2014.
    """
    if not 0 <= p <= 1:
        raise ArgumentError(sentence("dropout: p is a probability.", "0 <= p <= 1", p))
    if not training or p == 0:
        return input
    draws = generator(array_module(input.raw)).random(input.shape, dtype=np.float32)
    return apply(Dropout, input, draws >= p, scale=1 / (1 - p) if p < 1 else 0.0)


def scaled_dot_product_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
) -> Tensor:
    """softmax(query key^T / sqrt(E)) value: every place takes from the others what fits.

    Args:
        query: (..., L, E).
        key: (..., S, E).
        value: (..., S, F).
        attn_mask: Broadcast to (..., L, S): bools, true where to look; or floats to add to the logits.
        dropout_p: Share of the weights that are dropped; 0 in evaluation.
        is_causal: Do not look ahead; in place of `attn_mask`.

    Returns:
        (..., L, F).

    Source: Vaswani et al. 2017, section 3.2.1.
    """
    if is_causal:
        mask: Tensor | None = causal_mask(query.shape[-2], key.shape[-2], query)
    else:
        # Here true means look; in MultiheadAttention true means do not. Both are PyTorch's.
        is_bool = attn_mask is not None and attn_mask.dtype == np.bool_
        mask = None if attn_mask is None else additive_mask(~attn_mask if is_bool else attn_mask, query)
    return matmul(dropout(attention_weights(query, key, mask), dropout_p), value)


def attention_weights(query: Tensor, key: Tensor, mask: Tensor | None) -> Tensor:
    """The weights (..., L, S) of an attention; `mask` is added to the logits."""
    logits = matmul(query, transpose(key, -1, -2)) * (1 / math.sqrt(query.shape[-1]))
    return softmax(logits if mask is None else logits + mask, -1)


def causal_mask(length: int, keys: int, like: Tensor) -> Tensor:
    """(length, keys) with -inf where a key lies ahead, else 0."""
    ahead = array_module(like.raw).tri(length, keys, dtype=bool)
    return additive_mask(Tensor(~ahead), like)


def additive_mask(mask: Any, like: Tensor) -> Tensor:
    """A mask to add to logits: from bools, -inf where true; floats as they are."""
    mask = _beside(like, mask) if mask.dtype != np.bool_ else mask
    return mask if mask.dtype != np.bool_ else where(mask, like.raw.dtype.type(-math.inf), like.raw.dtype.type(0))


def one_hot(tensor: Any, num_classes: int = -1) -> Tensor:
    """A row of zeros with a 1 at the class, for each class number: (...) -> (..., num_classes), int64.

    Args:
        tensor: Integers in [0, num_classes).
        num_classes: How many columns; -1 for as many as the largest class needs.
    """
    classes = tensor.raw if isinstance(tensor, Tensor) else np.asarray(tensor)
    if classes.dtype.kind not in "iu":
        raise DTypeError(sentence("one_hot: tensor counts classes.", "an integer dtype", classes.dtype))
    count = int(classes.max()) + 1 if num_classes == -1 else num_classes
    if classes.size and not 0 <= classes.min() <= classes.max() < count:
        got = f"{classes.min()} to {classes.max()}"
        raise ArgumentError(sentence("one_hot: a class has no column.", f"0 to {count - 1}", got))
    return apply_unrecorded(OneHot, tensor if isinstance(tensor, Tensor) else Tensor(classes), count=count)


def mse_loss(input: Tensor, target: Any, reduction: str = "mean") -> Tensor:
    """The squared difference; "mean", "sum" or "none" of it. Shapes must be equal, they are not broadcast."""
    difference = input - _of_same_shape("mse_loss", input, target)
    return _reduced(difference * difference, reduction)


def l1_loss(input: Tensor, target: Any, reduction: str = "mean") -> Tensor:
    """The size of the difference; "mean", "sum" or "none" of it. Shapes must be equal, they are not broadcast."""
    return _reduced(abs_(input - _of_same_shape("l1_loss", input, target)), reduction)


def binary_cross_entropy_with_logits(
    input: Tensor, target: Any, weight: Any = None, reduction: str = "mean", pos_weight: Any = None
) -> Tensor:
    """Cross entropy of yes-or-no answers from their logits; no overflow however large these are.

    Args:
        input: Logits, any shape.
        target: 1 for yes, 0 for no, or a probability; of the same shape.
        weight: How much each element counts, broadcast; or None.
        reduction: "mean", "sum" or "none".
        pos_weight: How much a yes counts more than a no, broadcast; or None.
    """
    target = _of_same_shape("binary_cross_entropy_with_logits", input, target)
    if pos_weight is None:
        losses = softplus(input) - input * target
    else:
        losses = (1 - target) * input + (1 + (_beside(input, pos_weight) - 1) * target) * softplus(-input)
    return _reduced(losses if weight is None else losses * _beside(input, weight), reduction)


def binary_cross_entropy(input: Tensor, target: Any, weight: Any = None, reduction: str = "mean") -> Tensor:
    """Cross entropy of yes-or-no answers from probabilities in [0, 1]; logarithms are held above -100."""
    losses = apply(BinaryCrossEntropy, input, _of_same_shape("binary_cross_entropy", input, target))
    return _reduced(losses if weight is None else losses * _beside(input, weight), reduction)


def _beside(input: Tensor, x: Any) -> Tensor:
    """`x` as a tensor in the dtype of `input` and on its device."""
    tensor = x if isinstance(x, Tensor) else Tensor(x)
    return tensor.detach().to(dtype=input.dtype, device=input.device)


def _of_same_shape(name: str, input: Tensor, target: Any) -> Tensor:
    """`target` as a tensor in the dtype of `input`; broadcasting a target is almost always a mistake."""
    if not isinstance(target, Tensor):
        target = Tensor(target, dtype=input.dtype, device=input.device)
    if target.shape != input.shape:
        hint = None
        if target.numel() == input.numel():
            hint = f"try target.reshape{tuple(input.shape)}"
        raise ShapeError(
            sentence(f"{name}: target has another shape than input.", tuple(input.shape), tuple(target.shape), hint)
        )
    same: Tensor = target.to(dtype=input.dtype)
    return same


def _reduced(losses: Tensor, reduction: str) -> Tensor:
    check_reduction(reduction)
    return mean(losses) if reduction == "mean" else sum(losses) if reduction == "sum" else losses
