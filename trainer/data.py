"""Data in batches: datasets, and a loader whose shuffle can be repeated."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from trainer.backend import array_module, beside, generator
from trainer.errors import ArgumentError, ShapeError, sentence
from trainer.function import span
from trainer.tensor import Tensor


class Dataset:
    """Samples by number. Subclass it with `__len__` and `__getitem__`."""

    def __len__(self) -> int:
        raise NotImplementedError(f"{type(self).__name__} has no __len__()")

    def __getitem__(self, index: int) -> Any:
        raise NotImplementedError(f"{type(self).__name__} has no __getitem__()")

    def batch(self, indices: Any) -> Any:
        """Several samples put together; a subclass that can do it at once, does."""
        return collate([self[int(i)] for i in indices])


class TensorDataset(Dataset):
    """Samples that lie along the first axis of arrays or tensors of equal length: (images, labels)."""

    def __init__(self, *tensors: Any) -> None:
        self.tensors = tuple(x if hasattr(x, "dtype") else np.asarray(x) for x in tensors)
        lengths = [len(x) for x in self.tensors]
        if not lengths or len(set(lengths)) > 1:
            raise ShapeError(
                sentence("TensorDataset: all arrays hold one entry a sample.", "equal lengths", lengths or "no arrays")
            )

    def __len__(self) -> int:
        return len(self.tensors[0])

    def __getitem__(self, index: int) -> Any:
        return tuple(x[index] for x in self.tensors)

    def batch(self, indices: Any) -> tuple[Tensor, ...]:
        raws = (_raw(x) for x in self.tensors)
        return tuple(Tensor(raw[beside(indices, raw)]) for raw in raws)


class Subset(Dataset):
    """Some samples of another dataset, by their numbers there."""

    def __init__(self, dataset: Dataset, indices: Sequence[int]) -> None:
        self.dataset = dataset
        self.indices = np.asarray(indices, dtype=np.int64)

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: int) -> Any:
        return self.dataset[int(self.indices[index])]

    def batch(self, indices: Any) -> Any:
        return self.dataset.batch(self.indices[indices])


def random_split(dataset: Dataset, lengths: Sequence[int], seed: int | None = None) -> list[Subset]:
    """The dataset shuffled and cut into parts of the given lengths, which add up to its own."""
    if sum(lengths) != len(dataset):
        raise ArgumentError(sentence("random_split: lengths do not add up.", f"a sum of {len(dataset)}", list(lengths)))
    order = _generator(seed).permutation(len(dataset))
    ends = np.cumsum(lengths)
    return [Subset(dataset, order[end - n : end]) for n, end in zip(lengths, ends, strict=True)]


class DataLoader:
    """A dataset in batches, shuffled anew in every epoch when asked to.

    Args:
        dataset: Anything with a length and samples by number; (inputs, targets) arrays are taken as a TensorDataset.
        batch_size: Samples in a batch; the last may be smaller.
        shuffle: Whether the order changes from epoch to epoch.
        collate_fn: Puts a list of samples together; the default stacks arrays and numbers, inside tuples and dicts.
        drop_last: Leave out a last batch that is smaller.
        seed: Makes the order of every epoch repeatable; None takes it from `trainer.manual_seed`.

    Iterating again starts the next epoch. A batch holds tensors.

    Attributes:
        indices: Which samples the batch has that was given last; None before the first.
    """

    indices: Any = None

    def __init__(
        self,
        dataset: Any,
        batch_size: int = 1,
        shuffle: bool = False,
        *,
        collate_fn: Callable[[list[Any]], Any] | None = None,
        drop_last: bool = False,
        seed: int | None = None,
    ) -> None:
        if batch_size < 1:
            raise ArgumentError(sentence("DataLoader: batch_size counts samples.", ">= 1", batch_size))
        self.dataset = TensorDataset(*dataset) if isinstance(dataset, tuple) else dataset
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.drop_last = drop_last
        self.collate_fn = collate_fn
        self._generator = _generator(seed) if seed is not None else None

    def __len__(self) -> int:
        """How many batches an epoch has."""
        whole, rest = divmod(len(self.dataset), self.batch_size)
        return whole + (1 if rest and not self.drop_last else 0)

    def state_dict(self) -> dict[str, Any]:
        """Where the generator of its order stands; empty for a loader without a seed of its own."""
        return {} if self._generator is None else {"generator": self._generator.bit_generator.state}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Goes on with the orders that came after `state_dict`; a loader without a seed takes nothing over."""
        if self._generator is not None and "generator" in state_dict:
            self._generator.bit_generator.state = state_dict["generator"]

    def __iter__(self) -> Iterator[Any]:
        count = len(self.dataset)
        order = (self._generator or generator()).permutation(count) if self.shuffle else np.arange(count)
        at_once = self.collate_fn is None and hasattr(self.dataset, "batch")
        for start in range(0, len(self) * self.batch_size, self.batch_size):
            indices = order[start : start + self.batch_size]
            with span("DataLoader.__next__"):
                self.indices = indices
                if at_once:
                    batch = self.dataset.batch(indices)
                else:
                    batch = (self.collate_fn or collate)([self.dataset[int(i)] for i in indices])
            yield batch


def collate(samples: list[Any]) -> Any:
    """Samples put together: arrays and numbers stacked into tensors, tuples and dicts part by part."""
    first = samples[0]
    if isinstance(first, (tuple, list)):
        return tuple(collate([sample[i] for sample in samples]) for i in range(len(first)))
    if isinstance(first, dict):
        return {key: collate([sample[key] for sample in samples]) for key in first}
    if isinstance(first, str):
        return samples
    raws = [_raw(sample) for sample in samples]
    if isinstance(first, float):
        return Tensor(raws)
    return Tensor(array_module(raws[0]).stack([np.asarray(r) if not hasattr(r, "dtype") else r for r in raws]))


def _raw(x: Any) -> Any:
    return x.raw if isinstance(x, Tensor) else x


def _generator(seed: int | None) -> Any:
    return generator() if seed is None else np.random.default_rng(seed)
