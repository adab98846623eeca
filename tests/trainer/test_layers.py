"""Layers: the same values, gradients, shapes and names as PyTorch's, and errors that say what to try."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import trainer
from trainer import ArgumentError, DTypeError, IndexRangeError, ShapeError, Tensor, nn
from trainer import functional as F

RANDOM = np.random.default_rng(3)
VECTORS = RANDOM.standard_normal((6, 5))
IMAGES = RANDOM.standard_normal((4, 2, 6, 6))

LAYERS: list[tuple[Callable[[Any], Any], Any]] = [
    (lambda m: m.Linear(5, 3), VECTORS),
    (lambda m: m.Linear(5, 3, bias=False), VECTORS),
    (lambda m: m.Linear(6, 3), IMAGES),
    (lambda m: m.Conv2d(2, 3, 3), IMAGES),
    (lambda m: m.Conv2d(2, 4, (3, 2), stride=2, padding=1, groups=2, bias=False), IMAGES),
    (lambda m: m.Conv2d(2, 4, 3, padding="same", dilation=2), IMAGES),
    (lambda m: m.Conv2d(2, 2, 3, stride=2, padding=1, groups=2), IMAGES),
    (lambda m: m.Conv2d(2, 6, (2, 3), dilation=2, groups=2, bias=False), IMAGES),
    (lambda m: m.ZeroPad2d((0, 1, 2, 0)), IMAGES),
    (lambda m: m.ZeroPad2d(1), IMAGES),
    (lambda m: m.AdaptiveAvgPool2d(1), IMAGES),
    (lambda m: m.AdaptiveAvgPool2d((4, None)), IMAGES),
    (lambda m: m.MaxPool2d(2), IMAGES),
    (lambda m: m.MaxPool2d(3, 2, 1), IMAGES),
    (lambda m: m.AvgPool2d(2), IMAGES),
    (lambda m: m.AvgPool2d(3, 1, 1), IMAGES),
    (lambda m: m.BatchNorm1d(5), VECTORS),
    (lambda m: m.BatchNorm1d(5, affine=False, track_running_stats=False), VECTORS),
    (lambda m: m.BatchNorm1d(2), IMAGES.reshape(4, 2, 36)),
    (lambda m: m.BatchNorm2d(2, eps=1e-3, momentum=0.3), IMAGES),
    (lambda m: m.LayerNorm(5), VECTORS),
    (lambda m: m.LayerNorm((6, 6), bias=False), IMAGES),
    (lambda m: m.LayerNorm([2, 6, 6], elementwise_affine=False), IMAGES),
    (lambda m: m.Flatten(), IMAGES),
    (lambda m: m.Flatten(0, 1), IMAGES),
    (lambda m: m.ReLU(), VECTORS),
    (lambda m: m.ReLU6(), VECTORS * 5),
    (lambda m: m.LeakyReLU(0.2), VECTORS),
    (lambda m: m.Sigmoid(), VECTORS),
    (lambda m: m.Tanh(), VECTORS),
    (lambda m: m.GELU(), VECTORS),
    (lambda m: m.GELU(approximate="tanh"), VECTORS),
    (lambda m: m.SiLU(), VECTORS),
    (lambda m: m.Softplus(), VECTORS),
    (lambda m: m.Softmax(1), VECTORS),
    (lambda m: m.LogSoftmax(1), VECTORS),
    (lambda m: m.Identity(), VECTORS),
    (lambda m: m.Dropout(0.0), VECTORS),
    (lambda m: m.Sequential(m.Linear(5, 4), m.Tanh(), m.Linear(4, 2)), VECTORS),
]


def twins(torch: Any, make: Callable[[Any], Any]) -> tuple[nn.Module, Any]:
    """The same layer in both libraries, in float64, with random parameters that are equal."""
    ours, theirs = make(nn).double(), make(torch.nn).double()
    assert [n for n, _ in ours.named_parameters()] == [n for n, _ in theirs.named_parameters()]
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert p.shape == tuple(q.shape)
        p.data[...] = np.random.default_rng(4).standard_normal(p.shape)
        q.data.copy_(torch.tensor(p.data))
    return ours, theirs


@pytest.mark.parametrize(("make", "x"), LAYERS)
def test_layer_is_that_of_pytorch(make: Callable[[Any], Any], x: Any, torch: Any) -> None:
    """Value and all gradients to 1e-10 in float64, twice in training and once in evaluation (issue 4)."""
    ours, theirs = twins(torch, make)
    for training in (True, True, False):
        ours.train(training)
        theirs.train(training)
        a, b = Tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
        y, z = ours(a), theirs(b)
        np.testing.assert_allclose(y.numpy(), z.detach().numpy(), rtol=1e-10, atol=1e-10)
        weights = np.random.default_rng(5).standard_normal(y.shape)
        ours.zero_grad()
        theirs.zero_grad()
        y.backward(weights)
        z.backward(torch.tensor(weights))
        pairs = [(a, b), *zip(ours.parameters(), theirs.parameters(), strict=True)]
        for p, q in pairs:
            np.testing.assert_allclose(p.grad.numpy(), q.grad.numpy(), rtol=1e-10, atol=1e-10)
    for name, buffer in ours.named_buffers():
        np.testing.assert_allclose(buffer.numpy(), theirs.state_dict()[name].numpy(), rtol=1e-12)


def test_embedding_is_that_of_pytorch(torch: Any) -> None:
    """Rows named twice add their gradients; the padding row learns nothing."""
    numbers = np.array([[1, 4, 1], [0, 2, 1]])
    ours, theirs = twins(torch, lambda m: m.Embedding(5, 3, padding_idx=2))
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        p.data[2] = 0
        q.data[2] = 0
    y, z = ours(numbers), theirs(torch.tensor(numbers))
    np.testing.assert_allclose(y.numpy(), z.detach().numpy())
    (y * y + y).sum().backward()
    (z * z + z).sum().backward()
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert p.grad is not None
        np.testing.assert_allclose(p.grad.numpy(), q.grad.numpy())


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: nn.Linear(784, 128)(trainer.zeros(32, 28, 28)),
            ShapeError,
            "Linear(784, 128): x must have 784 features on its last axis.\n"
            "  expected: (..., 784)\n"
            "  got:      (32, 28, 28)\n"
            "  try x.reshape(32, -1), which is (32, 784)",
        ),
        (lambda: nn.Linear(3, 2)(trainer.zeros(4, 5)), ShapeError, "got:      (4, 5)"),
        (lambda: nn.Linear(3, 2)(trainer.zeros(3, dtype=np.float64)), DTypeError, "try input.to(trainer.float32)"),
        (lambda: nn.Conv2d(1, 2, 3)(trainer.zeros(8, 28, 28)), ShapeError, "try x.unsqueeze(1)"),
        (lambda: nn.Conv2d(3, 2, 3)(trainer.zeros(1, 2, 5, 5)), ShapeError, "expected: (N, 3, H, W)"),
        (lambda: nn.Conv2d(1, 2, 5)(trainer.zeros(1, 1, 3, 9)), ShapeError, "expected: at least (5, 5)"),
        (lambda: nn.Conv2d(1, 2, 2, padding="same")(trainer.zeros(1, 1, 3, 9)), ArgumentError, "odd size"),
        (lambda: nn.Conv2d(3, 4, 3, groups=2), ArgumentError, "a divisor of 3 and 4"),
        (lambda: nn.ZeroPad2d((1, 1, 1, 1))(trainer.zeros(3)), ArgumentError, "for each of up to 1 axes"),
        (lambda: nn.ZeroPad2d(-1)(trainer.zeros(1, 1, 4, 4)), ArgumentError, "of at least 0"),
        (lambda: F.pad(trainer.zeros(3), (1, 1), "reflect"), ArgumentError, '"constant"'),
        (lambda: nn.AdaptiveAvgPool2d(1)(trainer.zeros(1, 2, 0, 4)), ShapeError, "H and W at least 1"),
        (lambda: nn.AdaptiveAvgPool2d(0)(trainer.zeros(1, 2, 4, 4)), ArgumentError, "at least 1"),
        (lambda: nn.MaxPool2d(2)(trainer.zeros(4, 4)), ShapeError, "(N, C, H, W)"),
        (lambda: nn.MaxPool2d(5)(trainer.zeros(1, 1, 4, 4)), ShapeError, "smaller than the window"),
        (lambda: nn.MaxPool2d(2, padding=2)(trainer.zeros(1, 1, 4, 4)), ArgumentError, "half the window"),
        (lambda: nn.BatchNorm2d(3)(trainer.zeros(2, 4, 5, 5)), ShapeError, "BatchNorm2d(3)"),
        (lambda: nn.BatchNorm1d(3)(trainer.zeros(1, 3)), ArgumentError, "expected: at least 2"),
        (lambda: nn.LayerNorm((3, 4))(trainer.zeros(3, 5)), ShapeError, "(..., 3, 4)"),
        (lambda: nn.Embedding(5, 2)(np.array([5])), IndexRangeError, "0 to 4"),
        (lambda: nn.Embedding(5, 2)(np.array([0.0])), DTypeError, "integer"),
        (lambda: nn.Dropout(1.5), ArgumentError, "0 <= p <= 1"),
        (lambda: nn.Sequential(nn.ReLU(), "relu"), DTypeError, "a Module"),
    ],
)
def test_errors_say_what_to_try(call: Callable[[], Any], error: type[Exception], message: str) -> None:
    """STYLE: what was wrong, expected and got, what to do."""
    with pytest.raises(error) as caught:
        call()
    assert message in str(caught.value)


def test_dropout_only_in_training() -> None:
    """And the extremes of p."""
    x = trainer.ones(100, 100)
    assert (nn.Dropout(0.5)(x).numpy() == 0).mean() == pytest.approx(0.5, abs=0.05)
    assert nn.Dropout(0.5).eval()(x) is x
    assert nn.Dropout(1.0)(x).sum().item() == 0


def test_max_pool_lets_nan_win_and_unpools_infinities_cleanly() -> None:
    """A NaN is never hidden; an infinite gradient makes no NaN beside it."""
    x = Tensor(np.array([[[[1.0, np.nan], [3.0, 2.0]]]]))
    assert np.isnan(nn.MaxPool2d(2)(x).item())
    y = Tensor(np.array([[[[1.0, 4.0], [3.0, 2.0]]]]), requires_grad=True)
    nn.MaxPool2d(2)(y).backward(np.full((1, 1, 1, 1), np.inf))
    assert y.grad is not None
    assert y.grad.tolist() == [[[[0.0, np.inf], [0.0, 0.0]]]]


PARTS = {
    "conv._WORKSPACE_BYTES": (2, 3, 1, (1, 2 * 2 * 9 * 16 * 8, 2**30)),  # one image at a time, two of the five, all
    # Blocks of one channel, of two of the three, of two of the five images, and all.
    "depthwise._BLOCK_BYTES": (3, 6, 3, (1, 2 * 2 * 16 * 8, 2 * 3 * 2 * 16 * 8, 2**30)),
}


@pytest.mark.parametrize("bound", PARTS)
def test_convolution_in_parts_is_the_same_as_at_once(bound: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """However little room there is: the gradients too."""
    channels, filters, groups, sizes = PARTS[bound]
    x = Tensor(RANDOM.standard_normal((5, channels, 6, 6)), requires_grad=True)
    layer = nn.Conv2d(channels, filters, 3, groups=groups).double()
    results = []
    for size in sizes:
        monkeypatch.setattr(f"trainer.ops.{bound}", size)
        x.grad = None
        layer.zero_grad()
        y = layer(x)
        (y * y).sum().backward()
        assert x.grad is not None
        assert layer.weight.grad is not None
        results.append((y.numpy(), x.grad.numpy(), layer.weight.grad.numpy()))
    for *parts, whole in zip(*results, strict=True):
        for part in parts:
            np.testing.assert_allclose(part, whole, rtol=1e-12)


def test_numbers_of_layers_print_like_pytorch() -> None:
    """repr(model) is read often."""
    model = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(4, 2, bias=False))
    assert repr(model) == (
        "Sequential(\n"
        "  (0): Conv2d(1, 4, kernel_size=(3, 3), padding=1)\n"
        "  (1): ReLU()\n"
        "  (2): Flatten()\n"
        "  (3): Linear(4, 2, bias=False)\n"
        ")"
    )


@pytest.mark.parametrize(
    ("fill", "variance"),
    [
        (lambda t: nn.init.xavier_uniform_(t), 2 / (200 + 300)),
        (lambda t: nn.init.xavier_normal_(t, 2.0), 4 * 2 / (200 + 300)),
        (lambda t: nn.init.kaiming_uniform_(t, nonlinearity="relu"), 2 / 300),
        (lambda t: nn.init.kaiming_normal_(t, mode="fan_out", nonlinearity="relu"), 2 / 200),
        (lambda t: nn.init.uniform_(t, -1, 1), 1 / 3),
        (lambda t: nn.init.normal_(t, 0, 0.5), 0.25),
        (lambda t: nn.init.constant_(t, 0.25), 0.0),
        (lambda t: nn.init.zeros_(t), 0.0),
        (lambda t: nn.init.ones_(t), 0.0),
    ],
)
def test_initialisers_have_the_variance_of_their_paper(fill: Callable[[Tensor], Tensor], variance: float) -> None:
    """They fill in place and give the tensor back."""
    weight = nn.Parameter(trainer.zeros(200, 300))
    assert fill(weight) is weight
    assert weight.numpy().var() == pytest.approx(variance, rel=0.03)


def test_initialisers_refuse_what_they_cannot_do() -> None:
    """Unknown names, and biases, which have no fan."""
    with pytest.raises(ArgumentError, match="tanh"):
        nn.init.calculate_gain("swish")
    with pytest.raises(ArgumentError, match="fan_in"):
        nn.init.kaiming_normal_(trainer.zeros(2, 2), mode="fan")
    with pytest.raises(ShapeError, match="two axes"):
        nn.init.xavier_normal_(trainer.zeros(3))


class Encoder(nn.Module):
    """A model of models, for errors from deep inside."""

    def __init__(self) -> None:
        self.conv = nn.Conv2d(3, 8, 3)
        self.head = nn.Sequential({"flatten": nn.Flatten(), "out": nn.Linear(8, 2)})

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.conv(x))  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("shape", "says"),
    [
        ((2, 5, 5, 3), "try x.permute(0, 3, 1, 2)\n  in encoder.conv: Conv2d(3, 8, kernel_size=(3, 3))"),
        ((3, 5, 5), "try x.unsqueeze(0)\n  in encoder.conv: Conv2d(3, 8, kernel_size=(3, 3))"),
        ((2, 75), "try x.reshape(2, 3, 5, 5)\n  in encoder.conv: Conv2d(3, 8, kernel_size=(3, 3))"),
        ((2, 3, 5, 5), "expected: (..., 8)\n  got:      (2, 72)\n  in encoder.head.out: Linear(8, 2)"),
    ],
)
def test_an_error_names_the_layer_by_its_path(shape: tuple[int, ...], says: str) -> None:
    """Of twenty layers with the same sizes, which one it was (issue 4)."""
    model = nn.Sequential({"encoder": Encoder()})
    with pytest.raises(ShapeError) as caught:
        model(np.zeros(shape, np.float32))
    assert str(caught.value).endswith(says)


def test_a_layer_alone_is_not_named_twice() -> None:
    """Its own words begin with its name."""
    with pytest.raises(ShapeError) as caught:
        nn.Linear(4, 2)(np.zeros((3, 5), np.float32))
    assert str(caught.value).count("Linear(4, 2)") == 1


def test_batch_norm_takes_and_gives_a_state_of_pytorch(torch: Any) -> None:
    """All names are the same, and with momentum=None the running statistics are the mean over all batches."""
    ours, theirs = nn.BatchNorm1d(5, momentum=None).double(), torch.nn.BatchNorm1d(5, momentum=None).double()
    for batch in (VECTORS, VECTORS * 2 + 1, VECTORS - 3):
        ours(batch)
        theirs(torch.tensor(batch))
    state = theirs.state_dict()
    assert list(ours.state_dict()) == list(state)
    for name, value in ours.state_dict().items():
        np.testing.assert_allclose(value, state[name].numpy(), rtol=1e-12)
    other = nn.BatchNorm1d(5).double()
    other.load_state_dict(state)
    assert other.state_dict()["num_batches_tracked"] == 3
    theirs.load_state_dict({name: torch.tensor(value) for name, value in ours.state_dict().items()})


@pytest.mark.parametrize("padding_idx", [1, -1])
def test_padding_learns_nothing_and_is_what_the_weights_say(padding_idx: int, torch: Any) -> None:
    """A row that somebody filled is given as it is, as in PyTorch, whichever end it is counted from."""
    ours, theirs = nn.Embedding(4, 3, padding_idx), torch.nn.Embedding(4, 3, padding_idx)
    weights = np.arange(12.0, dtype=np.float32).reshape(4, 3)
    ours.load_state_dict({"weight": weights})
    theirs.weight.data.copy_(torch.tensor(weights))
    numbers = np.array([[0, 1, 3], [3, 1, 1]])
    y, z = ours(numbers), theirs(torch.tensor(numbers))
    np.testing.assert_array_equal(y.numpy(), z.detach().numpy())
    (y * y).sum().backward()
    (z * z).sum().backward()
    assert ours.weight.grad is not None
    np.testing.assert_array_equal(ours.weight.grad.numpy(), theirs.weight.grad.numpy())
    with pytest.raises(ArgumentError, match="padding_idx is no row"):
        nn.Embedding(4, 3, 4)
