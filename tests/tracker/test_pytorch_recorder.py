"""PyTorch's side of the flight recorder: model, batch and random state of a step, from which it is made again exactly."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tracker
from tracker.errors import RecordingError

pytestmark = [pytest.mark.frameworks, pytest.mark.filterwarnings("ignore")]

torch = pytest.importorskip("torch")


def made() -> tuple[Any, Any, Any]:
    """A model with dropout and running statistics, an optimizer with state, a schedule."""
    torch.manual_seed(0)
    model = torch.nn.Sequential(
        torch.nn.Linear(4, 8), torch.nn.BatchNorm1d(8), torch.nn.ReLU(), torch.nn.Dropout(0.3), torch.nn.Linear(8, 2)
    )
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    return model, optimizer, torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.99)


def step(model: Any, optimizer: Any, schedule: Any, batch: Any) -> Any:
    """An update, with augmentation by three generators and clipping."""
    noise = torch.randn_like(batch["x"]) * 0.1 + random.gauss(0, 0.1) + float(np.random.standard_normal()) * 0.1
    loss = torch.nn.functional.cross_entropy(model(batch["x"] + noise), batch["y"])
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 0.5)
    optimizer.step()
    schedule.step()
    return loss


def batches(count: int) -> Any:
    """Of a generator that the recorder does not know: a batch is recorded as it is."""
    source = torch.Generator().manual_seed(5)
    for _ in range(count):
        yield {"x": torch.randn(8, 4, generator=source), "y": torch.randint(0, 2, (8,), generator=source)}


def trained(logdir: Path, given: Any = None, **options: Any) -> dict[int, tuple[float, list[Any]]]:
    """A recorded training; loss and gradients of each step."""
    from tracker.integrations.pytorch_recorder import Recorder

    model, optimizer, schedule = made()
    truth = {}
    options = {"last": 15, "every": 4, "max_overhead": None, **options}
    with (
        tracker.init(logdir=logdir, name="run", machine=False) as run,
        Recorder(run, model, optimizer, others={"schedule": schedule}, **options) as recorder,
    ):
        for number, batch in enumerate(batches(40) if given is None else given, 1):
            recorder.step(batch)
            loss = step(model, optimizer, schedule, batch)
            recorder.loss(loss)
            truth[number] = loss.item(), [p.grad.clone() for p in model.parameters()]
        recorder.keep()
    return truth


def test_a_step_is_made_again_bit_for_bit(tmp_path: Path) -> None:
    """From the weights before it, or from those some steps before that."""
    from tracker.integrations.pytorch_recorder import recorded

    truth = trained(tmp_path)
    known = recorded(tmp_path / "run")
    for number in known.steps()[-15:]:
        random.seed(1)
        model, optimizer, schedule = made()
        path = known.until(number)
        path[0].restore(model, optimizer, schedule=schedule)
        for each in path:
            each.random_state.restore()
            loss = step(model, optimizer, schedule, each.batch)
        assert loss.item() == truth[number][0] == known[number].loss
        assert all(torch.equal(p.grad, g) for p, g in zip(model.parameters(), truth[number][1], strict=True))


def test_what_is_recorded_of_a_step(tmp_path: Path) -> None:
    """Its batch in its own form, its rates; and the weights are the model's own names."""
    from tracker.integrations.pytorch_recorder import recorded

    trained(tmp_path)
    moment = recorded(tracker.open(tmp_path).run("run"))[37]
    assert moment.batch.keys() == {"x", "y"}
    assert moment.batch["x"].dtype == torch.float32
    assert moment.lr == pytest.approx((0.01 * 0.99**37,), rel=0.02)
    assert moment.is_done
    assert moment.state_step == 36
    assert moment.weights.keys() == made()[0].state_dict().keys()
    assert moment.optimizers[0]["state"].keys() == {0, 1, 2, 3, 4, 5}


def test_an_exception_keeps_the_batch_it_was_raised_with(tmp_path: Path) -> None:
    """Which is what somebody wants to see."""
    from tracker.integrations.pytorch_recorder import recorded

    bad = {"x": torch.zeros(8, 3), "y": torch.zeros(8, dtype=torch.long)}
    with pytest.raises(RuntimeError, match="mat1 and mat2"):
        trained(tmp_path, [*batches(12), bad])
    moment = recorded(tmp_path / "run")[13]
    assert moment.batch["x"].shape == (8, 3)
    assert not moment.is_done


@pytest.mark.parametrize(
    "value",
    [
        {"a": [1, 2.5, None, "x", True], 3: (1, (2,))},
        {"dict": 1, "tuple": 2, "float32": 3},
        [[], {}, ()],
    ],
    ids=["nested", "names of kinds", "empty"],
)
def test_trees_of_anything_come_back(value: Any) -> None:
    """Dicts with numbers as keys, tuples, and dicts whose keys are words of ours."""
    from tracker.integrations.torch_trees import as_torch, plain

    assert as_torch(plain(value)) == value


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16", "int64", "uint8", "bool", "complex64"])
def test_tensors_of_any_type_come_back(dtype: str) -> None:
    """Those that NumPy has not among them; and copies are copies."""
    from tracker.integrations.torch_trees import as_torch, plain

    for x in (torch.arange(6).reshape(2, 3).to(getattr(torch, dtype)).T, torch.tensor(1).to(getattr(torch, dtype))):
        back = as_torch(plain(x, copy=True))
        assert back.dtype == x.dtype
        assert torch.equal(back, x)


def test_a_strangers_tree_is_data() -> None:
    """A kind that is none, or a tensor that is none, is refused."""
    from tracker.integrations.torch_trees import as_torch

    for tree in ({"load": np.zeros(3)}, {"float32": "text"}, {"a": 1, "b": 2}, {}):
        with pytest.raises(RecordingError, match="damaged"):
            as_torch(tree)
