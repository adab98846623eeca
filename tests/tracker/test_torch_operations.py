"""Graphs of PyTorch modules taken without torch.export are those that torch.export gives, or are left to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import tracker

torch = pytest.importorskip("torch", reason="needs PyTorch, which only the tests use")

from tracker.values import torch_graph  # noqa: E402  # where torch is
from tracker.values.torch_exported import exported  # noqa: E402
from tracker.values.torch_fakes import Refused  # noqa: E402
from tracker.values.torch_operations import operations  # noqa: E402

nn, functional = torch.nn, torch.nn.functional


class Does(nn.Module):
    """Calls a function with itself and its inputs."""

    def __init__(self, function: Callable[..., Any], **parts: Any) -> None:
        super().__init__()
        self.function = function
        for name, part in parts.items():
            if isinstance(part, torch.Tensor) and not isinstance(part, nn.Parameter):
                self.register_buffer(name, part)
            else:
                setattr(self, name, part)

    def forward(self, X: Any, other: Any = None) -> Any:
        """What the function gives."""
        return self.function(self, X) if other is None else self.function(self, X, other)


def linear(size: int = 3) -> Any:
    """A square layer."""
    return nn.Linear(size, size)


def tied() -> Any:
    """Two layers with one weight."""
    one, two = linear(), linear()
    two.weight = one.weight
    return nn.Sequential(one, two)


def without_gradients(model: Any, x: Any) -> Any:
    """Switches them off within the model."""
    with torch.no_grad():
        y = x * 2
    return model.a(y)


def in_half(model: Any, x: Any) -> Any:
    """A layer under autocast."""
    with torch.autocast("cpu"):
        return model.a(x)


def remembering(model: Any, x: Any) -> Any:
    """Sets an attribute of the model."""
    model.seen = x * 2
    return model.a(x)


ENCODER = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 2, enable_nested_tensor=False)
X = torch.zeros(2, 3)

SAME: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "encoder": (ENCODER, (torch.zeros(1, 5, 8),)),
    "transformer": (nn.Transformer(8, 2, 1, 1, 16, batch_first=True), (torch.zeros(1, 5, 8), torch.zeros(1, 4, 8))),
    "attention weights": (
        Does(lambda m, x: m.a(x, x, x), a=nn.MultiheadAttention(8, 2, batch_first=True)),
        (torch.zeros(1, 4, 8),),
    ),
    "convolutions": (
        nn.Sequential(
            nn.Conv2d(2, 4, 3, groups=2, padding="same"),
            nn.BatchNorm2d(4),
            nn.ReLU(inplace=True),
            nn.Dropout(),
            nn.MaxPool2d(2),
            nn.ConvTranspose2d(4, 2, 2),
            nn.AdaptiveAvgPool2d(2),
        ),
        (torch.zeros(1, 2, 6, 6),),
    ),
    "a layer twice": (Does(lambda m, x: m.a(m.a(x)), a=linear()), (X,)),
    "one weight of two layers": (tied(), (X,)),
    "parts that are not used": (
        Does(lambda m, x: (m.a(x), x + m.c)[1], a=linear(), b=linear(), c=torch.ones(3), d=torch.ones(3)),
        (X,),
    ),
    "several results of one operation": (
        Does(lambda m, x: torch.cat(m.a(x).split([1, 2, 1], -1)[1:] + x.chunk(3, 1)[:1], 1), a=nn.Linear(3, 4)),
        (X,),
    ),
    "a mapping of results": (Does(lambda m, x: {"b": m.a(x), "a": (x, None, 3)}, a=linear()), (X,)),
    "the input itself": (Does(lambda m, x: x), (X,)),
    "in place": (Does(lambda m, x: functional.relu_(m.a(x)).add_(1).mul_(2), a=linear()), (X,)),
    "a buffer that is changed": (Does(lambda m, x: (m.c.add_(1), x + m.c)[1], c=torch.zeros(3)), (X,)),
    "numbers as tensors": (Does(lambda m, x: x * torch.tensor([1.0, 2, 3]) + torch.tensor(2.0)), (X,)),
    "tensors of nothing": (Does(lambda m, x: x + torch.arange(3, device=x.device) + torch.ones(3, 3).triu()[0]), (X,)),
    "other types": (Does(lambda m, x: m.a(x.to(torch.float32)).half().double().type_as(x), a=linear()), (X,)),
    "detached": (Does(lambda m, x: (m.a(x).detach(), m.a(x).detach() + x)[1], a=linear()), (X,)),
    "embedding": (Does(lambda m, x: m.a(x)[:, 1:, None][..., -1], a=nn.Embedding(5, 3)), (X.long(),)),
    "by numbers": (Does(lambda m, x: x[torch.arange(2)].masked_fill(x > 0, 1.0)), (X,)),
    "by its device": (Does(lambda m, x: x + 1 if x.device.type == "cpu" and not x.is_meta else x), (X,)),
    "weight norm": (nn.utils.parametrizations.weight_norm(linear()), (X,)),
    "two inputs": (Does(lambda m, x, y: torch.einsum("ij,kj->ik", x, y)), (X, torch.zeros(2, 3))),
    "bfloat16": (linear().bfloat16(), (X.bfloat16(),)),
    "nothing": (linear(), (torch.zeros(0, 3),)),
}

SHARED = linear()
LEFT: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "a module twice": (nn.Sequential(SHARED, SHARED), (X,)),
    "gradients switched": (Does(without_gradients, a=linear()), (X,)),
    "autocast": (Does(in_half, a=linear()), (X,)),
    "one tensor twice": (Does(lambda m, x, y: x + y), (X, X)),
    "a number": (Does(lambda m, x, y: x + y), (X, 3)),
    "sizes that depend on numbers": (Does(lambda m, x: x.nonzero()), (X,)),
}


def both(model: Any, inputs: tuple[Any, ...]) -> tuple[Any, Any]:
    """The graph as it is seen here, and that of torch.export."""
    with torch_graph.in_evaluation(model):
        return torch_graph.drawn(operations(model, inputs)), torch_graph.drawn(exported(model, inputs))


@pytest.mark.parametrize("name", SAME)
def test_the_graph_is_that_of_torch_export(name: str) -> None:
    """Node by node and edge by edge: names, shapes, flops, devices and lines."""
    ours, theirs = both(*SAME[name])
    assert ours["nodes"] == theirs["nodes"]
    assert ours["edges"] == theirs["edges"]


@pytest.mark.parametrize("name", LEFT)
def test_what_torch_export_treats_in_its_own_way_is_left_to_it(name: str) -> None:
    """And drawn as it says."""
    model, inputs = LEFT[name]
    with torch_graph.in_evaluation(model):
        with pytest.raises(Refused):
            operations(model, inputs)
        theirs = torch_graph.drawn(exported(model, inputs))
    assert torch_graph.trace(model, inputs) == theirs


def test_a_model_that_remembers_has_no_tensor_without_numbers_afterwards() -> None:
    """An attribute set as it runs is taken back, and its graph is left to torch.export."""
    model = Does(remembering, a=linear(), c=torch.zeros(3)).eval()
    with pytest.raises(Refused):
        operations(model, (X,))
    assert not hasattr(model, "seen")
    assert all(type(each) is torch.Tensor for each in model.buffers())
    assert model(X).shape == (2, 3)


def test_a_model_that_fails_leaves_torch_as_it_was() -> None:
    """No mode stays on, and modules are called as before."""
    call = nn.Module.__call__
    for model in (linear(4), Does(lambda m, x: x.sum().item() + x), LEFT["autocast"][0], LEFT["gradients switched"][0]):
        with pytest.raises((Refused, RuntimeError)):
            operations(model, (X,))
    assert not torch.is_autocast_enabled("cpu")
    assert torch.is_grad_enabled()
    with torch.autocast("cpu"):  # of all that are left the last clears what was kept
        assert linear()(X).dtype == torch.bfloat16
    assert linear()(X).dtype == torch.float32
    assert nn.Module.__call__ is call
    assert type(torch.zeros(2) + 1) is torch.Tensor
    assert not torch.compiler.is_compiling()


def test_layers_that_repeat_are_asked_once() -> None:
    """Of an encoder of ten layers torch is asked no more than of one of two: the time goes with its nodes only."""
    asked = []
    for layers in (2, 10):
        layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
        model = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False).eval()
        with torch_graph.in_evaluation(model), _Counted() as counted:
            operations(model, (torch.zeros(1, 5, 8),))
        asked.append(counted.kernels)
    assert asked[0] == asked[1] > 0
    assert len(tracker.Graph.of(model, torch.zeros(1, 5, 8)).nodes) > 400


class _Counted:
    """Counts meta kernels that are asked while it is open."""

    def __enter__(self) -> _Counted:
        from tracker.values import torch_fakes

        self.kernels, self._mode = 0, torch_fakes._FakeMode
        self._plain = self._mode.__torch_dispatch__

        def counting(mode: Any, func: Any, *rest: Any) -> Any:
            self.kernels += func is not torch.ops.prim.device.default
            return self._plain(mode, func, *rest)

        self._mode.__torch_dispatch__ = counting  # type: ignore[method-assign]
        return self

    def __exit__(self, *_: object) -> None:
        self._mode.__torch_dispatch__ = self._plain  # type: ignore[method-assign]
