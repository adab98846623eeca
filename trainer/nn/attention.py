"""Attention: every place of a sequence looks at the others, and takes from them what fits."""

from __future__ import annotations

from trainer import creation
from trainer import functional as F
from trainer.errors import ArgumentError, ShapeError, sentence
from trainer.nn import init
from trainer.nn.linear import Linear
from trainer.nn.module import Module, Parameter
from trainer.ops.shape import split
from trainer.tensor import Tensor


class MultiheadAttention(Module):
    """Several attentions side by side, each with its own projection of queries, keys and values.

    Args:
        embed_dim: Features E of queries and of the result.
        num_heads: How many attentions; must divide `embed_dim`.
        dropout: Share of the attention weights that are dropped while training.
        bias: Whether the projections have one.
        batch_first: Sequences are (N, T, E) instead of (T, N, E).

    Attributes:
        in_proj_weight: (3 E, E), the projections of queries, keys and values, Xavier-uniform at first.
        in_proj_bias: (3 E,), zeros at first; or None.
        out_proj: Linear(E, E).

    Source: Vaswani et al. 2017.
    """

    def __init__(
        self, embed_dim: int, num_heads: int, dropout: float = 0.0, bias: bool = True, *, batch_first: bool = False
    ) -> None:
        if num_heads < 1 or embed_dim % num_heads:
            got = f"embed_dim={embed_dim}, num_heads={num_heads}"
            raise ArgumentError(
                sentence("MultiheadAttention: heads share the features.", "a divisor of embed_dim", got)
            )
        self.embed_dim = embed_dim
        self.num_heads = num_heads
        self.dropout = dropout
        self.bias = bias
        self.batch_first = batch_first
        self.in_proj_weight = Parameter(init.xavier_uniform_(creation.zeros(3 * embed_dim, embed_dim)))
        self.in_proj_bias = Parameter(creation.zeros(3 * embed_dim)) if bias else None
        self.out_proj = Linear(embed_dim, embed_dim, bias)
        if self.out_proj.bias is not None:
            init.zeros_(self.out_proj.bias)

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Tensor | None = None,
        need_weights: bool = True,
        attn_mask: Tensor | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """Looks from every place of `query` at the places of `key`, and mixes those of `value`.

        Args:
            query: (L, N, E), or (N, L, E) with batch_first.
            key, value: (S, N, E), or (N, S, E).
            key_padding_mask: (N, S) bools, true where a key is padding and not looked at.
            need_weights: Whether to give the attention weights as well.
            attn_mask: (L, S) or (N * heads, L, S): bools, true where not to look; or floats to add to the logits.
            average_attn_weights: Give the mean over the heads, instead of each.
            is_causal: Do not look ahead; in place of `attn_mask`.

        Returns:
            The result in the shape of `query`, and the weights (N, L, S), or (N, heads, L, S), or None.

        Raises:
            ShapeError: other than three axes, or another number of features.
        """
        for name, x in (("query", query), ("key", key), ("value", value)):
            if x.ndim != 3 or x.shape[-1] != self.embed_dim:
                expected = f"(N, T, {self.embed_dim})" if self.batch_first else f"(T, N, {self.embed_dim})"
                raise ShapeError(sentence(f"MultiheadAttention: {name} has another shape.", expected, x.shape))
        weights = split(self.in_proj_weight, self.embed_dim)
        biases = (None,) * 3 if self.in_proj_bias is None else split(self.in_proj_bias, self.embed_dim)
        q, k, v = (
            self._by_head(F.linear(x, w, b)) for x, w, b in zip((query, key, value), weights, biases, strict=True)
        )
        mask = self._mask(q, k, key_padding_mask, attn_mask, is_causal)
        attention = F.attention_weights(q, k, mask)
        shared = F.dropout(attention, self.dropout, self.training) @ v
        joined = shared.permute((0, 2, 1, 3) if self.batch_first else (2, 0, 1, 3))
        y = self.out_proj(joined.reshape(*joined.shape[:2], self.embed_dim))
        if not need_weights:
            return y, None
        return y, attention.mean(1) if average_attn_weights else attention

    def _by_head(self, x: Tensor) -> Tensor:
        """(N, heads, T, E / heads)."""
        parts = x.reshape(*x.shape[:2], self.num_heads, -1)
        return parts.permute((0, 2, 1, 3) if self.batch_first else (1, 2, 0, 3))

    def _mask(
        self, q: Tensor, k: Tensor, key_padding_mask: Tensor | None, attn_mask: Tensor | None, is_causal: bool
    ) -> Tensor | None:
        """What to add to the logits, broadcast to (N, heads, L, S); None for nothing."""
        total = F.causal_mask(q.shape[-2], k.shape[-2], q) if is_causal else None
        if attn_mask is not None:
            mask = F.additive_mask(attn_mask, q)
            total = mask.reshape(-1, self.num_heads, *mask.shape[1:]) if mask.ndim == 3 else mask
        if key_padding_mask is not None:
            padding = F.additive_mask(key_padding_mask, q).unsqueeze(1).unsqueeze(1)
            total = padding if total is None else total + padding
        return total

    def extra_repr(self) -> str:
        return f"{self.embed_dim}, {self.num_heads}"
