"""What a tensor is made from, what it says of itself, and how it meets the rest of Python."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

import trainer
from trainer import DTypeError, GraphError, IndexRangeError, ShapeError, Tensor


def test_python_floats_become_float32_and_integers_int64() -> None:
    """As in PyTorch."""
    assert Tensor([1.0, 2.0]).dtype == np.float32
    assert Tensor([1, 2]).dtype == np.int64
    assert Tensor(True).dtype == np.bool_
    assert Tensor(0.5).shape == ()


def test_an_array_keeps_its_dtype_and_memory(xp: Any) -> None:
    """`Tensor(array)` looks into the array, `trainer.tensor(array)` copies it."""
    array = xp.arange(3.0)
    shared, copied = Tensor(array), trainer.tensor(array)
    array[0] = 7.0
    assert shared.dtype == np.float64
    assert shared[0].item() == 7.0
    assert copied[0].item() == 0.0


@pytest.mark.parametrize("data", ["text", [[1, 2], [3]], None, [object()], 1j])
def test_what_is_no_number_is_refused(data: Any) -> None:
    """The caller learns it on the line that made the tensor."""
    with pytest.raises(DTypeError, match="expected"):
        Tensor(data)


def test_data_of_a_scalar_can_be_written_to() -> None:
    """Computed scalars are NumPy scalars inside; `data` is an array all the same, and the same one each time."""
    x = Tensor(2.0) * 3.0
    x.data[...] = 5.0
    assert x.item() == 5.0
    assert x.data is x.data


def test_repr_says_value_dtype_and_past() -> None:
    """What a person sees when printing a tensor."""
    x = Tensor([1.0, 2.0], requires_grad=True)
    assert repr(x) == "Tensor([1., 2.], requires_grad=True)"
    assert repr(x * 2) == "Tensor([2., 4.], grad_fn=<mul (2,)>)"
    assert repr(Tensor(np.array([1.0]))) == "Tensor([1.], dtype=float64)"
    assert repr(Tensor([True])) == "Tensor([ True])"


def test_converts_to_numbers_and_formats() -> None:
    """float(), int(), f-strings, indexing of lists: as a loss is printed and a class used."""
    x = Tensor(2.5)
    assert (float(x), int(x), f"{x:.2f}") == (2.5, 2, "2.50")
    assert ["a", "b", "c"][Tensor(2)] == "c"
    assert Tensor([[1, 2], [3, 4]]).tolist() == [[1, 2], [3, 4]]
    assert bool(Tensor(1.0)) is True


def test_item_of_several_elements_is_refused() -> None:
    """A loss that was not reduced is the usual reason."""
    with pytest.raises(ShapeError, match=r"got:      \(2,\)"):
        Tensor([1.0, 2.0]).item()


def test_becomes_a_numpy_array() -> None:
    """np.asarray, and so matplotlib and the tracker, take a tensor."""
    x = Tensor([1.0, 2.0], requires_grad=True)
    assert np.asarray(x).tolist() == [1.0, 2.0]
    assert np.asarray(x, dtype=np.float64).dtype == np.float64
    assert np.array(x, copy=True) is not x.data


def test_array_on_the_left_gives_a_tensor() -> None:
    """array * tensor is one tensor, not an array of tensors."""
    x = Tensor([1.0, 2.0], requires_grad=True)
    for y in (np.array([3.0, 4.0], np.float32) * x, np.float64(2.0) * x, np.array([[1.0, 0.0]], np.float32) @ x):
        assert isinstance(y, Tensor)
        assert y.requires_grad


def test_iterates_and_has_a_length() -> None:
    """Over the first axis; a tensor without axes has no length."""
    x = Tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    assert len(x) == 2
    a, b = x
    (a * b).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [[3.0, 4.0], [1.0, 2.0]]
    with pytest.raises(DTypeError, match="axes"):
        len(Tensor(1.0))


def test_index_out_of_range_is_an_index_error() -> None:
    """So that Python's own protocols, which end on IndexError, work."""
    with pytest.raises(IndexRangeError, match=r"shape \(3,\)") as caught:
        Tensor([1.0, 2.0, 3.0])[5]
    assert isinstance(caught.value, IndexError)


def test_compares_element_by_element_and_hashes_by_identity() -> None:
    """Tensors are keys of the optimizer's state although == compares elements."""
    x, y = Tensor([1.0, 2.0]), Tensor([1.0, 3.0])
    assert (x == y).tolist() == [True, False]
    assert (x != 2).tolist() == [True, False]
    assert ((x < y) | (x >= 1)).tolist() == [True, True]
    assert (~(x <= 1) & (y > 1)).tolist() == [False, True]
    assert (x == None) is False  # noqa: E711  # the comparison itself is tested
    assert x in {x: 1}


def test_to_changes_dtype_and_passes_the_gradient_back() -> None:
    """Mixed precision by hand: the gradient arrives in the leaf's own dtype."""
    x = Tensor([1.0, 2.0], requires_grad=True)
    (x.double() * 2).sum().backward()
    assert x.grad is not None
    assert x.grad.dtype == np.float32
    assert x.to(np.float32) is x
    assert x.long().dtype == np.int64
    assert not x.long().requires_grad


def test_only_floats_require_gradients() -> None:
    """Integers have no derivative."""
    with pytest.raises(DTypeError, match="only floats"):
        Tensor([1, 2], requires_grad=True)


def test_deep_copy_is_a_leaf_of_its_own() -> None:
    """copy.deepcopy(model) is how people keep the best one."""
    x = trainer.nn.Parameter(Tensor([1.0, 2.0]))
    twin = copy.deepcopy(x)
    twin.data[0] = 9.0
    assert type(twin) is trainer.nn.Parameter
    assert twin.requires_grad
    assert x[0].item() == 1.0
    with pytest.raises(GraphError, match="clone"):
        copy.deepcopy(x * 2)


def test_a_recorded_tensor_cannot_be_pickled() -> None:
    """Saving goes through npz; pickle is refused rather than half done. Data go to other processes, views of them too."""
    with pytest.raises(TypeError, match=r"trainer\.save"):
        pickle.dumps(Tensor([1.0], requires_grad=True))
    data = Tensor([[1.0, 2.0], [3.0, 4.0]])
    row = data[1]
    assert pickle.loads(pickle.dumps(data)).tolist() == data.tolist()
    assert pickle.loads(pickle.dumps(row)).tolist() == [3.0, 4.0]
    twin = copy.copy(data)
    row += 1
    assert twin.tolist() == [[1.0, 2.0], [4.0, 5.0]]


def test_creation_functions_follow_numpy(xp: Any) -> None:
    """Shapes given in either way, dtypes, ranges."""
    device = "cpu" if xp is np else "cuda"
    assert trainer.zeros(2, 3, device=device).shape == trainer.ones((2, 3), device=device).shape == (2, 3)
    assert trainer.arange(3).tolist() == [0, 1, 2]
    assert trainer.arange(0, 1, 0.5).dtype == np.float32
    assert trainer.linspace(0, 1, 3).tolist() == [0, 0.5, 1]
    assert trainer.full((2,), 7).dtype == np.int64
    assert trainer.eye(2).tolist() == [[1, 0], [0, 1]]
    assert trainer.tril(trainer.ones(2, 2)).tolist() == [[1, 0], [1, 1]]
    assert trainer.triu(trainer.ones(2, 2), 1).tolist() == [[0, 1], [0, 0]]
    assert sorted(trainer.randperm(5).tolist()) == [0, 1, 2, 3, 4]
    assert trainer.zeros_like(trainer.rand(2, dtype=np.float64)).dtype == np.float64
    with pytest.raises(trainer.ArgumentError, match="low < high"):
        trainer.randint(3, 3, (2,))


def test_the_same_seed_gives_the_same_numbers() -> None:
    """A run can be repeated."""
    draws = []
    for _ in range(2):
        trainer.manual_seed(5)
        draws.append([trainer.randn(3).tolist(), trainer.rand(2).tolist(), trainer.randint(0, 9, (4,)).tolist()])
    assert draws[0] == draws[1]


def test_arrays_of_other_libraries_become_arrays_of_numpy(torch: Any) -> None:
    """Tensors of PyTorch, scalars in lists, and NumPy's own relatives; what cannot be read is a DTypeError."""
    for data in (torch.ones(2, dtype=torch.float64), np.ma.ones(2), np.array([1.0, 1.0]).view(np.recarray)):
        x = Tensor(data)
        assert type(x.raw) is np.ndarray
        assert (x.dtype, x.tolist()) == (np.float64, [1.0, 1.0])
    assert Tensor(torch.tensor(3)).item() == 3
    assert (trainer.ones(2) + torch.ones(2)).tolist() == [2.0, 2.0]
    with pytest.raises(DTypeError, match="requires grad"):
        Tensor(torch.ones(2, requires_grad=True))


@pytest.mark.parametrize(
    "method",
    [
        lambda x: x.square().add(1).mul(2).sub(0.5).div(3).neg(),
        lambda x: x.reciprocal() + x.rsqrt(),
        lambda x: x.t().contiguous(),
        lambda x: x.mm(x.t()),
        lambda x: x.expand(4, 2, 3).bmm(x.t().expand(4, 3, 2)),
        lambda x: x.unbind(1)[2] + x.unbind()[0][:2],
        lambda x: x[:1].expand_as(x) * x.reshape(3, 2).view_as(x),
        lambda x: x.isfinite().double() + (x / x).isnan().double() + x.dim(),
        lambda x: x.half().float().double(),
    ],
)
def test_methods_are_those_of_pytorch(method: Any, torch: Any) -> None:
    """What old code calls without thinking."""
    values = np.arange(1.0, 7.0).reshape(2, 3)
    np.testing.assert_allclose(method(Tensor(values)).numpy(), method(torch.tensor(values)).numpy(), rtol=1e-12)
