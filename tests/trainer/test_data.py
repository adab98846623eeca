"""Batches: every sample once an epoch, in an order that can be repeated."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import trainer
from trainer import ArgumentError, ShapeError, Tensor
from trainer.data import DataLoader, Dataset, Subset, TensorDataset, random_split

X, Y = np.arange(20.0).reshape(10, 2), np.arange(10)


class Squares(Dataset):
    """Samples computed one by one."""

    def __len__(self) -> int:
        return 5

    def __getitem__(self, index: int) -> Any:
        return {"x": np.full(2, index, np.float32), "y": float(index * index), "name": f"n{index}"}


def order(loader: DataLoader) -> list[int]:
    return [int(i) for _, y in loader for i in y.tolist()]


def test_every_sample_comes_once_in_order() -> None:
    """Without shuffling; the last batch is smaller, or left out."""
    loader = DataLoader((X, Y), batch_size=4)
    assert order(loader) == list(range(10))
    assert [len(y) for _, y in loader] == [4, 4, 2]
    assert len(loader) == 3
    short = DataLoader((X, Y), batch_size=4, drop_last=True)
    assert [len(y) for _, y in short] == [4, 4]
    assert len(short) == 2


def test_shuffling_changes_each_epoch_and_repeats_with_the_seed() -> None:
    """Seeded by itself, or by manual_seed."""
    a, b = (DataLoader((X, Y), 3, shuffle=True, seed=4) for _ in range(2))
    first, second = order(a), order(a)
    assert sorted(first) == sorted(second) == list(range(10))
    assert first != second
    assert [order(b), order(b)] == [first, second]
    orders = []
    for _ in range(2):
        trainer.manual_seed(9)
        orders.append(order(DataLoader((X, Y), 3, shuffle=True)))
    assert orders[0] == orders[1]


def test_batches_are_tensors_with_rows_that_belong_together() -> None:
    """Dtypes are those of the arrays."""
    for x, y in DataLoader(TensorDataset(X, Tensor(Y)), 4, shuffle=True):
        assert isinstance(x, Tensor)
        assert x.dtype == np.float64
        assert y.dtype == np.int64
        np.testing.assert_array_equal(x.numpy()[:, 0], 2 * y.numpy())


def test_samples_one_by_one_are_put_together() -> None:
    """Dicts part by part, numbers into a float32 tensor, texts in a list; also from a plain list."""
    batch = next(iter(DataLoader(Squares(), 3)))
    assert batch["x"].shape == (3, 2)
    assert batch["y"].tolist() == [0.0, 1.0, 4.0]
    assert batch["y"].dtype == np.float32
    assert batch["name"] == ["n0", "n1", "n2"]
    pairs = [(Tensor([1.0, 2.0]), 0), (Tensor([3.0, 4.0]), 1)]
    x, y = next(iter(DataLoader(pairs, 2)))
    assert x.tolist() == [[1, 2], [3, 4]]
    assert y.tolist() == [0, 1]
    assert next(iter(DataLoader(Squares(), 2, collate_fn=len))) == 2


def test_random_split_parts_are_disjoint_and_complete() -> None:
    """And batches of a part come from it alone."""
    parts = random_split(TensorDataset(X, Y), [7, 3], seed=1)
    numbers = [order(DataLoader(part, 2)) for part in parts]
    assert [len(n) for n in numbers] == [7, 3]
    assert sorted(numbers[0] + numbers[1]) == list(range(10))
    assert Subset(Squares(), [3])[0]["y"] == 9.0
    with pytest.raises(ArgumentError, match="a sum of 10"):
        random_split(TensorDataset(X, Y), [7, 4])


def test_what_cannot_be_batched_is_named() -> None:
    """Arrays of unequal length; a batch of nothing."""
    with pytest.raises(ShapeError, match=r"\[10, 9\]"):
        TensorDataset(X, Y[:9])
    with pytest.raises(ArgumentError, match="batch_size"):
        DataLoader((X, Y), 0)


def test_an_empty_dataset_gives_no_batch() -> None:
    """And an epoch of length 0."""
    loader = DataLoader((X[:0], Y[:0]), 4, shuffle=True)
    assert len(loader) == 0
    assert list(loader) == []
