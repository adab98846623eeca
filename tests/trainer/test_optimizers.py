"""Optimizers: step by step those of PyTorch, on surfaces everyone knows."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import trainer
from trainer import ArgumentError, CheckpointError, DTypeError, Tensor, optim

# Each written with + - * / ** and `cos`, so that both libraries compute it.
SURFACES: dict[str, tuple[Callable[[Any, Any, Callable[[Any], Any]], Any], tuple[float, float]]] = {
    "beale": (
        lambda x, y, cos: (1.5 - x + x * y) ** 2 + (2.25 - x + x * y**2) ** 2 + (2.625 - x + x * y**3) ** 2,
        (0.7, 1.4),
    ),
    "rosenbrock": (lambda x, y, cos: (1 - x) ** 2 + 100 * (y - x**2) ** 2, (-1.0, 1.2)),
    "saddle": (lambda x, y, cos: 0.01 * (x**2 - y**2), (1.0, 0.001)),
    "rastrigin": (
        lambda x, y, cos: 20 + x**2 + y**2 - 10 * cos(2 * math.pi * x) - 10 * cos(2 * math.pi * y),
        (2.2, -1.3),
    ),
}
RULES: list[tuple[str, dict[str, Any]]] = [
    ("SGD", {"lr": 1e-4}),
    ("SGD", {"lr": 1e-4, "weight_decay": 0.1}),
    ("SGD", {"lr": 1e-4, "momentum": 0.9, "weight_decay": 0.01}),
    ("SGD", {"lr": 1e-4, "momentum": 0.9, "nesterov": True}),
    ("SGD", {"lr": 1e-4, "momentum": 0.8, "nesterov": True, "weight_decay": 0.1}),
    ("SGD", {"lr": 1e-4, "momentum": 0.5, "dampening": 0.3}),
    ("Adagrad", {}),
    ("Adagrad", {"lr": 0.1, "lr_decay": 0.01, "weight_decay": 0.01, "initial_accumulator_value": 0.1}),
    ("Adagrad", {"lr": 0.5, "eps": 1e-3}),
    ("RMSprop", {}),
    ("RMSprop", {"lr": 1e-3, "weight_decay": 0.01}),
    ("RMSprop", {"lr": 1e-3, "alpha": 0.5, "eps": 1e-3, "momentum": 0.9}),
    ("RMSprop", {"lr": 1e-3, "centered": True}),
    ("RMSprop", {"lr": 1e-3, "momentum": 0.9, "centered": True, "alpha": 0.9}),
    ("Adam", {}),
    ("Adam", {"lr": 0.01, "weight_decay": 0.01}),
    ("Adam", {"betas": (0.5, 0.9), "eps": 1e-3}),
    ("AdamW", {"lr": 0.01}),
    ("AdamW", {"lr": 0.01, "weight_decay": 0.3, "betas": (0.8, 0.99), "eps": 1e-6}),
    ("AdamW", {"weight_decay": 0.0}),
]


def slopes(places: Any) -> Any:
    """Gradients of the surfaces, each at a place of its own: (surfaces, 2)."""
    (x, y), (u, v), (p, q), (r, s) = places.tolist()
    a, b, c = 1.5 - x + x * y, 2.25 - x + x * y**2, 2.625 - x + x * y**3
    return np.array(
        [
            [2 * (a * (y - 1) + b * (y**2 - 1) + c * (y**3 - 1)), 2 * x * (a + 2 * b * y + 3 * c * y**2)],
            [-2 * (1 - u) - 400 * u * (v - u**2), 200 * (v - u**2)],
            [0.02 * p, -0.02 * q],
            [2 * each + 20 * math.pi * math.sin(2 * math.pi * each) for each in (r, s)],
        ]
    )


STARTS = np.array([start for _, start in SURFACES.values()])


def test_slopes_are_those_of_the_surfaces() -> None:
    """As autograd has them."""
    for (function, start), slope in zip(SURFACES.values(), slopes(STARTS), strict=True):
        p = Tensor(np.array(start), requires_grad=True)
        function(p[0], p[1], trainer.cos).backward()
        assert p.grad is not None
        np.testing.assert_allclose(slope, p.grad.numpy(), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("rule", "settings"), RULES)
def test_a_thousand_steps_are_those_of_pytorch(rule: str, settings: dict[str, Any], torch: Any) -> None:
    """To 1e-12 in float64, at every step, on each surface (issue 4). The same gradients are fed to both, or chaos would tell
    them apart."""
    ours, theirs = Tensor(STARTS.copy(), requires_grad=True), torch.tensor(STARTS, requires_grad=True)
    a, b = getattr(optim, rule)([ours], **settings), getattr(torch.optim, rule)([theirs], **settings)
    been = np.empty((2, 1000, *STARTS.shape))
    for step in range(1000):
        slope = slopes(ours.numpy())
        ours.grad, theirs.grad = Tensor(slope), torch.from_numpy(slope.copy())
        a.step()
        b.step()
        been[0, step], been[1, step] = ours.numpy(), theirs.detach().numpy()
    assert np.isfinite(been).all()
    far = (np.abs(been[0] - been[1]) / np.maximum(1, np.abs(been[0]))).max(axis=(0, 2))
    assert [name for name, each in zip(SURFACES, far, strict=True) if each >= 1e-12] == []


def test_every_option_of_every_rule_has_been_compared() -> None:
    """A new one cannot be forgotten: it is in `RULES` with a value that is not its default."""
    for rule in ("SGD", "Adagrad", "RMSprop", "Adam", "AdamW"):
        options = {
            name: parameter.default
            for name, parameter in inspect.signature(getattr(optim, rule).__init__).parameters.items()
            if name not in ("self", "params")
        }
        for option, default in options.items():
            assert any(r == rule and s.get(option, default) != default for r, s in RULES), (rule, option)


@pytest.mark.parametrize(
    ("schedule", "settings"), [("CosineAnnealingLR", {"T_max": 300}), ("StepLR", {"step_size": 100, "gamma": 0.5})]
)
def test_a_thousand_clipped_and_scheduled_steps_are_those_of_pytorch(
    schedule: str, settings: dict[str, Any], torch: Any
) -> None:
    """Clipping, of each surface by itself, and schedules between the steps: the same lengths and the same places, to 1e-12."""
    ours = [Tensor(start.copy(), requires_grad=True) for start in STARTS]
    theirs = [torch.tensor(start, requires_grad=True) for start in STARTS]
    a, b = optim.AdamW(ours, lr=0.01), torch.optim.AdamW(theirs, lr=0.01)
    rates = getattr(optim, schedule)(a, **settings), getattr(torch.optim.lr_scheduler, schedule)(b, **settings)
    lengths = np.empty((2, 1000, len(STARTS)))
    been = np.empty((2, 1000, *STARTS.shape))
    for step in range(1000):
        for p, q, slope in zip(ours, theirs, slopes(np.stack([each.numpy() for each in ours])), strict=True):
            p.grad, q.grad = Tensor(slope.copy()), torch.from_numpy(slope.copy())
        lengths[0, step] = [optim.clip_grad_norm_([p], 0.5) for p in ours]
        lengths[1, step] = [torch.nn.utils.clip_grad_norm_([q], 0.5).item() for q in theirs]
        for each in (a, b, *rates):
            each.step()
        been[0, step] = [each.numpy() for each in ours]
        been[1, step] = [each.detach().numpy() for each in theirs]
    np.testing.assert_allclose(*lengths, rtol=1e-12)
    np.testing.assert_allclose(*been, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("rule", "settings"), [("SGD", {"lr": 0.002, "momentum": 0.9}), ("Adam", {"lr": 0.05})])
def test_optimizers_find_the_minimum_of_rosenbrock(rule: str, settings: dict[str, Any]) -> None:
    """At (1, 1), from the usual start."""
    function, start = SURFACES["rosenbrock"]
    p = Tensor(np.array(start), requires_grad=True)
    optimizer = getattr(optim, rule)([p], **settings)
    for _ in range(2000):
        optimizer.zero_grad()
        function(p[0], p[1], trainer.cos).backward()
        optimizer.step()
    np.testing.assert_allclose(p.numpy(), [1, 1], atol=0.02)


def test_steps_by_hand(xp: Any) -> None:
    """Two steps of each rule on a parameter of 1 with gradients 1 and 2, worked out on paper."""
    expected = {
        "SGD": [1 - 0.1 * 1, 1 - 0.1 * (0.5 + 2 + 1)],
        "Adagrad": [0.9, 0.9 - 0.1 * 2 / 5**0.5],
        "Adam": [0.9, 0.9 - 0.1 * ((0.9 * 0.1 + 0.1 * 2) / 0.19) / ((0.999 * 0.001 + 0.001 * 4) / 0.001999) ** 0.5],
    }
    for rule, values in expected.items():
        p = Tensor(xp.ones(3), requires_grad=True)
        optimizer = getattr(optim, rule)([p], lr=0.1, **({"momentum": 0.5} if rule == "SGD" else {}))
        for gradient, value in zip((1.0, 2.0), values, strict=True):
            p.grad = Tensor(xp.full(3, gradient))
            optimizer.step()
            np.testing.assert_allclose(p.numpy(), np.full(3, value), rtol=1e-6)


@pytest.mark.parametrize("layout", ["C", "F"])
def test_large_parameters_are_updated_in_blocks_as_at_once(layout: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """To the last bit; memory in another order as well."""
    found = []
    for block in (7, 10**9):
        monkeypatch.setattr("trainer.optim.optimizer.BLOCK", block)
        random = np.random.default_rng(0)
        p = Tensor(np.asarray(random.standard_normal((5, 9)), order=layout), requires_grad=True)
        optimizer = optim.AdamW([p], lr=0.1)
        for _ in range(3):
            p.grad = Tensor(random.standard_normal((5, 9)))
            optimizer.step()
        found.append(p.numpy().copy())
    np.testing.assert_array_equal(*found)


def test_groups_have_settings_of_their_own() -> None:
    """And changing lr in param_groups takes effect at once, as schedules do."""
    a, b = (Tensor([1.0], requires_grad=True) for _ in range(2))
    optimizer = optim.SGD([{"params": [a]}, {"params": [b], "lr": 1.0}], lr=0.1)
    for p in (a, b):
        p.grad = Tensor([0.5])
    optimizer.step()
    assert (a.item(), b.item()) == (pytest.approx(0.95), pytest.approx(0.5))
    optimizer.param_groups[1]["lr"] = 0.0
    optimizer.step()
    assert b.item() == pytest.approx(0.5)
    optimizer.add_param_group({"params": Tensor([1.0], requires_grad=True)})
    assert len(optimizer.param_groups) == 3
    assert repr(optimizer).startswith("SGD(lr=0.1")


def test_parameters_without_gradient_are_left_alone() -> None:
    """And zero_grad forgets, or zeroes."""
    a, b = (Tensor([1.0], requires_grad=True) for _ in range(2))
    optimizer = optim.Adam([a, b])
    (a * 2).backward()
    optimizer.step()
    assert b.item() == 1.0
    optimizer.zero_grad(set_to_none=False)
    assert a.grad is not None
    assert a.grad.item() == 0.0
    optimizer.zero_grad()
    assert a.grad is None


def test_a_closure_is_called_first() -> None:
    """As some loops are written."""
    p = Tensor([1.0], requires_grad=True)
    optimizer = optim.SGD([p], lr=0.1)

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = (p * p).sum()
        loss.backward()
        return loss

    loss = optimizer.step(closure)
    assert loss is not None
    assert loss.item() == 1.0
    assert p.item() == pytest.approx(0.8)


@pytest.mark.parametrize("rule", ["SGD", "Adagrad", "RMSprop", "Adam", "AdamW"])
def test_state_goes_to_another_optimizer(rule: str) -> None:
    """Training goes on as if it had not been interrupted."""
    settings: dict[str, Any] = {"lr": 0.05, **({"momentum": 0.9} if rule in ("SGD", "RMSprop") else {})}
    p, q = (Tensor(np.array([1.0, -2.0]), requires_grad=True) for _ in range(2))
    first = getattr(optim, rule)([p], **settings)

    def steps(optimizer: optim.Optimizer, x: Tensor) -> None:
        for _ in range(3):
            optimizer.zero_grad()
            (x**4).sum().backward()
            optimizer.step()

    steps(first, p)
    q.data[...] = p.data
    second = getattr(optim, rule)([q], lr=1.0)
    second.load_state_dict(first.state_dict())
    steps(first, p)
    steps(second, q)
    np.testing.assert_array_equal(p.numpy(), q.numpy())


@pytest.mark.parametrize(
    ("make", "error", "says"),
    [
        (lambda p: optim.SGD([], lr=0.1), ArgumentError, "try model.parameters()"),
        (lambda p: optim.SGD([p], lr=-1.0), ArgumentError, "lr is out of range"),
        (lambda p: optim.Adam([p], lr=float("nan")), ArgumentError, "lr"),
        (lambda p: optim.Adam([p], betas=(0.9, 1.0)), ArgumentError, "betas"),
        (lambda p: optim.SGD([p], nesterov=True), ArgumentError, "nesterov needs momentum"),
        (lambda p: optim.SGD([p, p]), ArgumentError, "one group"),
        (lambda p: optim.SGD([p * 2]), ArgumentError, "a leaf"),
        (lambda p: optim.SGD(["weight"]), DTypeError, "str"),
        (lambda p: optim.SGD([p]).load_state_dict({"state": {}, "param_groups": []}), CheckpointError, "groups"),
        (lambda p: optim.StepLR(optim.SGD([p]), 0), ArgumentError, "step_size"),
    ],
)
def test_settings_out_of_range_are_named(make: Callable[[Tensor], Any], error: type[Exception], says: str) -> None:
    """When the optimizer is made, not at the first step."""
    with pytest.raises(error, match=says):
        make(Tensor([1.0], requires_grad=True))


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("StepLR", {"step_size": 3, "gamma": 0.5}),
        ("ExponentialLR", {"gamma": 0.9}),
        ("CosineAnnealingLR", {"T_max": 10, "eta_min": 0.01}),
        ("LinearLR", {"start_factor": 0.1, "total_iters": 4}),
        ("LambdaLR", {"lr_lambda": lambda t: 1 / (1 + t)}),
    ],
)
def test_schedules_are_those_of_pytorch(name: str, settings: dict[str, Any], torch: Any) -> None:
    """Learning rate after learning rate."""
    ours = optim.SGD([Tensor([1.0], requires_grad=True)], lr=0.5)
    theirs = torch.optim.SGD([torch.ones(1, requires_grad=True)], lr=0.5)
    a, b = getattr(optim, name)(ours, **settings), getattr(torch.optim.lr_scheduler, name)(theirs, **settings)
    for _ in range(10):
        np.testing.assert_allclose(a.get_last_lr(), b.get_last_lr())
        theirs.step()
        a.step()
        b.step()
    again = getattr(optim, name)(ours, **settings)
    again.load_state_dict(a.state_dict())
    assert again.get_last_lr() == a.get_last_lr()


def test_clipping_shrinks_all_gradients_together() -> None:
    """To the common length asked for; NaN is left to be seen."""
    a, b = Tensor([0.0], requires_grad=True), Tensor([0.0, 0.0], requires_grad=True)
    a.grad, b.grad = Tensor([3.0]), Tensor([0.0, 4.0])
    assert optim.clip_grad_norm_([a, b], 10.0) == 5.0
    assert optim.clip_grad_norm_([a, b], 1.0) == 5.0
    np.testing.assert_allclose([*a.grad.tolist(), *b.grad.tolist()], [0.6, 0, 0.8], rtol=1e-6)
    optim.clip_grad_value_([a, b], 0.7)
    np.testing.assert_allclose([*a.grad.tolist(), *b.grad.tolist()], [0.6, 0, 0.7], rtol=1e-6)
    a.grad = Tensor([math.nan])
    assert math.isnan(optim.clip_grad_norm_([a, b], 1.0))
    with pytest.raises(trainer.GradientError, match="not finite"):
        optim.clip_grad_norm_([a, b], 1.0, error_if_nonfinite=True)


@pytest.mark.parametrize("norm_type", [1.0, 2.0, 3.5, math.inf])
def test_lengths_of_every_kind_are_those_of_pytorch(norm_type: float, torch: Any) -> None:
    """The length, and the gradients after clipping."""
    values = [np.random.default_rng(i).standard_normal((3, 4)) for i in range(2)]
    ours = [Tensor(v, requires_grad=True) for v in values]
    theirs = [torch.tensor(v, requires_grad=True) for v in values]
    for p, q, v in zip(ours, theirs, values, strict=True):
        p.grad, q.grad = Tensor(v * 3), torch.tensor(v * 3)
    length = torch.nn.utils.clip_grad_norm_(theirs, 0.7, norm_type)
    assert optim.clip_grad_norm_(ours, 0.7, norm_type) == pytest.approx(length.item(), rel=1e-12)
    for p, q in zip(ours, theirs, strict=True):
        assert p.grad is not None
        np.testing.assert_allclose(p.grad.numpy(), q.grad.numpy(), rtol=1e-12)


def test_an_update_counts_as_a_change_in_place() -> None:
    """backward() through parameters that were already updated is refused, not computed with the new ones."""
    p = Tensor([2.0], requires_grad=True)
    optimizer = optim.SGD([p], lr=0.1)
    loss = (p * p).sum()
    loss.backward(retain_graph=True)
    optimizer.step()
    with pytest.raises(trainer.InPlaceError):
        loss.backward()
