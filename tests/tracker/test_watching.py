"""tracker.watch: what it says of activations, batches, passes, clipping, and of the first value that is not finite."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tracker
import trainer

torch = pytest.importorskip("torch", reason="needs PyTorch, which only the tests use")
nn, functional = torch.nn, torch.nn.functional

X = torch.randn(24, 6, generator=torch.Generator().manual_seed(0))
Y = torch.arange(24) % 3


class Net(nn.Module):  # type: ignore[name-defined, misc]
    """Activations as modules and as functions."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.act, self.fc2, self.out = nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 8), nn.Linear(8, 3)

    def forward(self, x: Any) -> Any:
        return self.out(torch.relu(self.fc2(self.act(self.fc1(x)))))


def step(model: Any, optimizer: Any, x: Any = X, between: Callable[[], Any] = lambda: None) -> None:
    loss = functional.cross_entropy(model(x), Y[: len(x)])
    optimizer.zero_grad()
    loss.backward()
    between()
    optimizer.step()


def watched(tmp_path: Path, model: Any, train: Callable[[Any], Any], **options: Any) -> Any:
    """The stored run of a training, which is given an optimizer."""
    with tracker.init(logdir=tmp_path, name="run", machine=False) as run:
        watch = tracker.watch(model, run=run, **{"every": 2, "graph": False, **options})
        train(torch.optim.SGD(model.parameters(), lr=0.1))
        watch.stop()
    return tracker.open(tmp_path).run("run")


def last(stored: Any, tag: str) -> float:
    return float(stored.scalars(tag).value[-1])


def test_the_same_network_in_trainer_and_torch_says_the_same(tmp_path: Path) -> None:
    """Units, inputs, outputs and clipping, number for number."""
    torch.manual_seed(0)
    model = Net()
    twin = trainer.nn.Sequential(
        {
            "fc1": trainer.nn.Linear(6, 8), "act": trainer.nn.Tanh(), "fc2": trainer.nn.Linear(8, 8),
            "relu": trainer.nn.ReLU(), "out": trainer.nn.Linear(8, 3),
        }
    )  # fmt: skip
    twin.load_state_dict({name: value.numpy() for name, value in model.state_dict().items()})

    class Clip(trainer.Callback):
        def on_backward(self, loop: trainer.Loop) -> None:
            trainer.optim.clip_grad_norm_(loop.model.parameters(), 0.01)

    stored = watched(
        tmp_path, model, lambda o: step(model, o, between=lambda: nn.utils.clip_grad_norm_(model.parameters(), 0.01))
    )
    with tracker.init(logdir=tmp_path, name="ours", machine=False) as run:
        callbacks = [trainer.TrackerCallback(run, max_overhead=None), Clip()]
        optimizer = trainer.optim.SGD(twin.parameters(), lr=0.1)
        trainer.fit(
            twin,
            [(X.numpy(), Y.numpy())],
            trainer.nn.CrossEntropyLoss(),
            optimizer,
            1,
            callbacks=callbacks,
            progress=False,
        )
    ours = tracker.open(tmp_path).run("ours")
    families = ("act_norm/", "saturated/", "input/", "output/", "clip")
    tags = [tag for tag in stored.tags("scalar") if tag.startswith(families)]
    assert len(tags) >= 14
    for tag in tags:
        assert last(ours, tag) == pytest.approx(last(stored, tag), rel=1e-4, abs=1e-7), tag
    assert last(stored, "dead/fc2") == last(ours, "dead/relu")
    assert last(stored, "clipped") == 1
    assert {tag for tag in ours.tags("scalar") if tag.startswith("batch/")} == {
        "batch/classes",
        "batch/commonest",
        "batch/label_change",
    }
    assert last(ours, "batch/classes") == 3


@pytest.mark.parametrize(
    ("activation", "bias", "dead"),
    [
        (nn.ReLU(), -100.0, 1.0), (nn.GELU(), -100.0, 1.0), (nn.SiLU(), -100.0, 1.0), (nn.ELU(), -100.0, 1.0),
        (nn.LeakyReLU(), -100.0, 1.0), (nn.Softplus(), -100.0, 1.0), (nn.GELU(), 0.0, 0.0), (nn.ELU(), 0.0, 0.0),
        (nn.ReLU(), 100.0, 0.0),
    ],
    ids=lambda each: type(each).__name__ if isinstance(each, nn.Module) else str(each),
)  # fmt: skip
def test_units_of_every_rectifier_die(tmp_path: Path, activation: Any, bias: float, dead: float) -> None:
    """Negative for every sample: nothing comes out, or what does is flat."""
    model = nn.Sequential(nn.Linear(6, 8), activation, nn.Linear(8, 3))
    nn.init.constant_(model[0].bias, bias)
    stored = watched(tmp_path, model, lambda o: step(model, o))
    assert last(stored, "dead/1") == dead


def test_channels_and_features_are_units(tmp_path: Path) -> None:
    """Of (N, C, H, W) the second axis, of (N, T, D) the last."""

    class Two(nn.Module):  # type: ignore[name-defined, misc]
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.relu1, self.fc, self.relu2 = nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Linear(4, 2), nn.ReLU()

        def forward(self, x: Any) -> Any:
            return self.relu2(self.fc(self.relu1(self.conv(x)).flatten(2).transpose(1, 2))).sum((1, 2))

    model = Two()
    with torch.no_grad():
        model.conv.bias[0], model.conv.bias[1:], model.fc.bias[1] = -100.0, 5.0, -100.0
    stored = watched(tmp_path, model, lambda o: model(torch.rand(5, 1, 6, 6)).sum().backward())
    assert last(stored, "dead/relu1") == 0.25
    assert last(stored, "dead/relu2") >= 0.5


def test_passes_are_counted_and_steps_are_those_of_the_loop(tmp_path: Path) -> None:
    """Passes without a gradient are no steps; those in evaluation mode with one are."""
    model = Net()

    def train(optimizer: Any) -> None:
        for _ in range(4):
            step(model, optimizer)
            with torch.no_grad():
                model(X)  # a validation that forgot eval()
        model.eval()
        for _ in range(4):
            step(model, optimizer)

    stored = watched(tmp_path, model, train)
    assert stored.scalars("grad_norm/out.bias").step.tolist() == [0, 2, 4, 6]
    assert last(stored, "passes/train") == 8
    assert last(stored, "passes/without_backward") == 4
    assert last(stored, "passes/backward_in_eval") >= 2


def test_gradients_that_nobody_clears_are_told_from_those_of_small_batches(tmp_path: Path) -> None:
    """One backward pass an update, and yet a longer gradient."""
    model = Net()

    def forgetful(optimizer: Any) -> None:
        for _ in range(9):
            functional.cross_entropy(model(X), Y).backward()
            optimizer.step()

    def frugal(optimizer: Any) -> None:
        for i in range(16):
            (functional.cross_entropy(model(X), Y) / 4).backward()
            if i % 4 == 3:
                optimizer.step()
                optimizer.zero_grad()

    values = watched(tmp_path / "a", model, forgetful).scalars("accumulated").value
    assert values[0] == pytest.approx(1, abs=1e-4)
    assert values[-1] > 3
    model = Net()
    stored = watched(tmp_path / "c", model, frugal)
    assert "accumulated" not in stored.tags("scalar")
    assert (stored.scalars("update_ratio/out.weight").value > 0).all()


def test_a_parameter_without_gradient_is_named(tmp_path: Path) -> None:
    """One that wants none is not."""
    model = Net()
    model.spare = nn.Linear(2, 2)
    model.fc1.weight.requires_grad_(False)
    stored = watched(tmp_path, model, lambda o: step(model, o))
    assert {tag for tag in stored.tags("scalar") if tag.startswith("unused/")} == {
        "unused/spare.weight",
        "unused/spare.bias",
    }


class Odd(nn.Module):  # type: ignore[name-defined, misc]
    """Takes words in by name, is called in a loop and through a checkpoint, gives a dictionary."""

    def __init__(self) -> None:
        super().__init__()
        self.embed, self.cell, self.head = nn.Embedding(10, 6), nn.GRUCell(6, 6), nn.Linear(6, 3)

    def forward(self, *, words: Any) -> Any:
        from torch.utils.checkpoint import checkpoint

        h = torch.zeros(len(words), 6)
        for t in range(words.shape[1]):
            h = self.cell(self.embed(words[:, t]), h)
        return {"hidden": (h,), "logits": checkpoint(self.head, h, use_reentrant=False), "none": None}


def test_odd_models_are_watched(tmp_path: Path) -> None:
    """No positional inputs, integers, outputs in dictionaries, modules called many times, checkpoints."""
    model = Odd()

    def train(optimizer: Any) -> None:
        for _ in range(3):
            functional.cross_entropy(model(words=torch.arange(40).reshape(8, 5) % 10)["logits"], Y[:8]).backward()
            optimizer.step()

    stored = watched(tmp_path, model, train)
    assert stored.scalars("output/mean").step.tolist() == [0, 2]
    assert stored.scalars("grad_norm/embed.weight").step.tolist() == [0, 2]
    assert not [tag for tag in stored.tags("scalar") if tag.startswith("input/")]
    assert stored.marks() == []


def test_watching_changes_nothing(tmp_path: Path) -> None:
    """Not a bit of the weights, with dropout and batch norm, even where the pass of a NaN is run again."""

    def made() -> Any:
        torch.manual_seed(3)
        return nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.Dropout(0.5), nn.ReLU(), nn.Linear(8, 3))

    def train(model: Any, optimizer: Any) -> None:
        torch.manual_seed(4)
        for i in range(6):
            step(model, optimizer, X / (0.0 if i == 4 else 1.0))

    bare, seen = made(), made()
    train(bare, torch.optim.SGD(bare.parameters(), lr=0.1))
    stored = watched(tmp_path, seen, lambda o: train(seen, o), graph=True)
    for a, b in zip(bare.state_dict().values(), seen.state_dict().values(), strict=True):
        assert torch.equal(a.nan_to_num(7), b.nan_to_num(7))
    (mark,) = stored.marks()
    assert (mark.step, mark.kind) == (4, "anomaly")


def test_a_copy_of_a_watched_model_says_nothing(tmp_path: Path) -> None:
    """Its hooks were copied; it is another model."""
    model = Net()

    def train(optimizer: Any) -> None:
        twin = copy.deepcopy(model)
        step(model, optimizer)
        for _ in range(5):
            twin(X * 1e6)

    stored = watched(tmp_path, model, train, every=1)
    assert stored.scalars("act_norm/fc1").step.tolist() == [0]
    assert last(stored, "act_norm/fc1") < 1e3


class Scaled(nn.Module):  # type: ignore[name-defined, misc]
    def forward(self, x: Any) -> Any:
        return x / x.sum(1, keepdim=True)


def test_the_first_value_that_is_not_finite_is_named(tmp_path: Path) -> None:
    """Without detect_anomaly: operation, module, line, step, inputs and what was well before."""
    model = nn.Sequential(nn.Linear(6, 6), Scaled(), nn.Linear(6, 3))

    def train(optimizer: Any) -> None:
        for i in range(7):
            if i == 5:
                with torch.no_grad():
                    model[0].weight.zero_()
                    model[0].bias.zero_()
            step(model, optimizer)

    stored = watched(tmp_path, model, train)
    (mark,) = stored.marks()
    said = mark.attributes
    assert (mark.step, said["node"]) == (5, "1")
    assert "div" in said["operation"]
    assert said["source"].startswith("test_watching.py:")
    assert len(said["inputs"]) == 2
    assert "NaN" in said["output"]
    assert said["healthy_step"] == 4
    assert np.isfinite(list(said["healthy"].values())).all()
    assert "act_norm/1" in said["healthy"]


def test_a_loss_or_a_gradient_that_is_not_finite_is_named(tmp_path: Path) -> None:
    """Where the output is: the loss, or the parameter whose gradient was computed first."""
    model = nn.Sequential(nn.Linear(6, 6), nn.Linear(6, 3))

    def bad_loss(optimizer: Any) -> None:
        (model(X) * 0).sum().sqrt().backward()
        optimizer.step()

    (mark,) = watched(tmp_path / "loss", model, bad_loss).marks()
    assert mark.attributes["operation"] == "loss"

    class Root(nn.Module):  # type: ignore[name-defined, misc]
        def forward(self, x: Any) -> Any:
            return (x * 0).abs().sqrt() * 1.0

    deep = nn.Sequential(nn.Linear(6, 6), Root(), nn.Linear(6, 3))
    (mark,) = watched(tmp_path / "gradient", deep, lambda o: step(deep, o)).marks()
    assert (mark.step, mark.attributes["operation"], mark.attributes["node"]) == (0, "backward", "0")


def test_hooks_of_optimizers_go_with_the_model(tmp_path: Path) -> None:
    """They are the process's own: nothing is left of a watch that was stopped, or forgotten."""
    import gc

    from torch.optim import optimizer as module

    before = len(module._global_optimizer_pre_hooks)
    first = Net()
    watched(tmp_path, first, lambda o: step(first, o))
    with tracker.init(logdir=tmp_path, name="other", machine=False) as run:
        model = Net()
        tracker.watch(model, run=run, graph=False)
        assert len(module._global_optimizer_pre_hooks) == before + 1
    del model
    gc.collect()
    assert len(module._global_optimizer_pre_hooks) == before


@pytest.mark.parametrize("max_overhead", [1e-9, None])
def test_what_costs_too_much_is_logged_more_rarely_after_a_hundred_times(
    tmp_path: Path, max_overhead: float | None
) -> None:
    def train(optimizer: Any) -> None:
        for _ in range(112):
            step(model, optimizer)

    model = nn.Sequential(nn.Linear(6, 3))
    stored = watched(tmp_path, model, train, every=1, max_overhead=max_overhead)
    for tag in ("act_norm/0", "grad_norm/0.weight", "weight_norm/0.weight", "update_ratio/0.weight"):
        steps = [int(each) for each in stored.scalars(tag).step]
        assert steps[:100] == list(range(100))
        assert (len(steps) < 111) == (max_overhead is not None)
    said = [mark for mark in stored.marks() if "watching would cost more than" in mark.text]
    assert len(said) == (max_overhead is not None)
