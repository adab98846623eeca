"""The same training on every array library: parameters, optimizer state, batches and files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import trainer
from trainer import DeviceError, Tensor, nn, optim
from trainer.data import DataLoader
from trainer.optim import clip_grad_norm_

RANDOM = np.random.default_rng(6)
X = RANDOM.standard_normal((24, 1, 6, 6))
Y = RANDOM.integers(0, 3, 24)


def trained(device: str, rule: str) -> tuple[nn.Sequential, optim.Optimizer, trainer.History]:
    """A small network of every kind of layer, trained for two epochs on arrays of NumPy."""
    trainer.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(4, 4, 2, device=device),
        nn.GELU(),
        nn.AvgPool2d(2),
        nn.Flatten(),
        nn.LayerNorm(4),
        nn.Linear(4, 3),
    ).to(device)
    optimizer = getattr(optim, rule)(model.parameters(), lr=0.01, weight_decay=0.01)
    loader = DataLoader((X, Y), 8, shuffle=True, seed=1)
    history = model.fit(
        loader, nn.CrossEntropyLoss(), optimizer, 2, validation=loader, metrics="accuracy", progress=False
    )
    return model, optimizer, history


@pytest.mark.parametrize("rule", ["SGD", "Adagrad", "RMSprop", "Adam", "AdamW"])
def test_training_is_the_same_on_every_device(xp: Any, rule: str) -> None:
    """One seed, one result: weights are drawn on the CPU, data go to the model by themselves."""
    device = "cpu" if xp is np else "cuda"
    model, _, history = trained(device, rule)
    expected, _, expected_history = trained("cpu", rule)
    assert model[0].weight.device == ("cpu" if xp is np else "cuda:0")
    for name, value in expected.state_dict().items():
        np.testing.assert_allclose(model.state_dict()[name], value, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(history["val_loss"], expected_history["val_loss"], rtol=1e-4)
    assert isinstance(model.predict(X), np.ndarray)


def test_state_goes_to_disk_and_back_to_the_device(xp: Any, tmp_path: Path) -> None:
    """Files hold NumPy arrays, wherever they came from."""
    device = "cpu" if xp is np else "cuda"
    model, optimizer, _ = trained(device, "Adam")
    trainer.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, tmp_path / "c.npz")
    other, again, _ = trained(device, "Adam")
    saved = trainer.load(tmp_path / "c.npz")
    other.load_state_dict(saved["model"])
    again.load_state_dict(saved["optimizer"])
    x = Tensor(X.astype(np.float32)).to(device)
    for m, o in ((model, optimizer), (other, again)):
        o.zero_grad()
        m(x).sum().backward()
        assert clip_grad_norm_(m.parameters(), 1.0) > 0
        o.step()
    for name, value in model.state_dict().items():
        np.testing.assert_array_equal(other.state_dict()[name], value)


def test_tensors_of_two_devices_are_not_mixed_in_silence(xp: Any) -> None:
    """The error names both."""
    if xp is np:
        pytest.skip("needs two devices")
    with pytest.raises(DeviceError, match=r"cuda:0 and cpu.*\n.*to\(device\)"):
        trainer.ones(2, device="cuda") + trainer.ones(2)


def test_tensors_move_and_the_gradient_moves_back(xp: Any) -> None:
    """to() is recorded."""
    x = Tensor([1.0, 2.0], requires_grad=True)
    y = x.to("cpu" if xp is np else "cuda")
    (y * y).sum().backward()
    assert x.grad is not None
    assert x.grad.device == "cpu"
    assert x.grad.tolist() == [2.0, 4.0]
    assert repr(y).endswith(", requires_grad=True)" if xp is np else ", device='cuda:0', grad_fn=<move (2,)>)")


def test_random_numbers_are_the_same_on_every_device(xp: Any) -> None:
    """Drawn on the CPU and moved."""
    device = "cpu" if xp is np else "cuda"
    draws = []
    for d in ("cpu", device):
        trainer.manual_seed(2)
        draws.append([trainer.randn(3, device=d).tolist(), nn.Linear(2, 2, device=d).weight.tolist()])
    assert draws[0] == draws[1]


def test_data_that_live_on_a_device_are_batched_there(xp: Any) -> None:
    """The order is drawn on the CPU; the batches need no way back."""
    loader = DataLoader((xp.asarray(X), Tensor(xp.asarray(Y))), 10, shuffle=True, seed=0)
    order = np.random.default_rng(0).permutation(24)
    batches = list(loader)
    np.testing.assert_array_equal(np.concatenate([x.numpy() for x, _ in batches]), X[order])
    assert {y.device for _, y in batches} == {"cpu" if xp is np else "cuda:0"}
