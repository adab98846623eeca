"""PyTorch: what goes into a model and what comes out of it, in a few numbers; tensors until somebody reads them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

_OUTPUTS = ("logits", "output", "out", "prediction", "predictions", "pred", "last_hidden_state")
"""Under which name the output proper lies, where a model gives several by name."""


def of_input(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Mean, spread and range of the first input that is no set of numbers of classes or words.

    `input/feature_scale` is the largest standard deviation of a feature over the batch divided by the smallest that is
    not 0. Features lie on the last axis of (N, D) and (N, T, D), channels on the second of (N, C, H, W).
    """
    x = next((each for each in tensors(args, kwargs) if _is_measured(each)), None)
    if x is None:
        return {}
    x = x.detach().float()
    found = {"input/mean": x.mean(), "input/min": x.amin(), "input/max": x.amax()}
    if x.numel() > 1:
        found["input/std"] = x.std(correction=0)
    if x.dim() >= 2 and x.shape[0] > 1:
        axis = 1 if x.dim() > 3 else x.dim() - 1
        if x.shape[axis] > 1:
            spread = x.movedim(axis, 0).reshape(x.shape[axis], -1).std(1, correction=0)
            # What varies by a millionth of the largest varies by rounding only.
            varies = spread > 1e-6 * spread.amax()
            lowest = spread.where(varies, spread.new_full((), float("inf"))).amin()
            found["input/feature_scale"] = (spread.amax() / lowest).nan_to_num(1.0, 1.0, 1.0).clamp_min(1.0)
    return found


def of_output(output: Any) -> dict[str, Any]:
    """Mean and spread of the output; with two or more columns, the mean sum of a row (1 for probabilities) and the
    share of rows that give the commonest answer."""
    y = first_output(output)
    if y is None or not y.numel():
        return {}
    y = y.detach().float()
    found = {"output/mean": y.mean()}
    if y.numel() > 1:
        found["output/std"] = y.std(correction=0)
    if y.dim() >= 2 and y.shape[-1] > 1:
        rows = y.reshape(-1, y.shape[-1])
        found["output/row_sum"] = rows.sum(1).mean()
        if len(rows) > 1:
            answers = rows.argmax(1).bincount(minlength=1)
            found["output/constant"] = answers.amax() / len(rows)
    return found


def first_output(output: Any) -> Any:
    """The tensor of real numbers that a model's output is, or holds; None where there is none."""
    if type(output).__name__ == "Tensor" and is_float(output):
        return output
    if isinstance(output, Mapping):
        for name in _OUTPUTS:
            if is_float(output.get(name)):
                return output[name]
    return next((each for each in tensors(output) if is_float(each)), None)


def tensors(*values: Any) -> Iterator[Any]:
    """The tensors in tuples, lists and dictionaries, in order."""
    for value in values:
        if hasattr(value, "is_floating_point") and hasattr(value, "detach"):
            yield value
        elif isinstance(value, Mapping):
            yield from tensors(*value.values())
        elif isinstance(value, (tuple, list)):
            yield from tensors(*value)


def is_float(x: Any) -> bool:
    """Whether it is a tensor of real numbers that can be computed with."""
    return (
        hasattr(x, "is_floating_point") and hasattr(x, "detach") and x.is_floating_point() and not x.is_sparse
        and not x.is_meta
    )  # fmt: skip


def _is_measured(x: Any) -> bool:
    """Bytes are the pixels of images; other integers are numbers of words, of which a mean says nothing."""
    is_picture = str(getattr(x, "dtype", "")) == "torch.uint8" and x.dim() >= 3
    return (is_float(x) or is_picture) and x.numel() > 0


def lengths(values: Iterable[Any]) -> list[Any]:
    """The Euclidean length of each tensor, unread; all are computed at once."""
    import torch

    plain = [each.detach().float() for each in values]
    return list(torch._foreach_norm(plain)) if plain else []


def numbers(found: Mapping[str, Any]) -> dict[str, Any]:
    """The same with tensors of one number read, those of a device and type together: it is waited for once."""
    import torch

    waiting: dict[Any, list[str]] = {}
    for tag, value in found.items():
        if isinstance(value, torch.Tensor):
            waiting.setdefault((value.device, value.dtype), []).append(tag)
    read: dict[str, float] = {}
    for tags in waiting.values():
        read.update(zip(tags, torch.stack([found[tag].reshape(()) for tag in tags]).tolist(), strict=True))
    return {tag: read.get(tag, value) for tag, value in found.items()}
