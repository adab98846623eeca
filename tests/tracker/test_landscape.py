"""Landscapes: directions and planes as mathematics has them, models left as they were, losses that are not finite kept."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tracker
import trainer
from tracker.errors import LoggedTypeError, LoggedValueError
from tracker.landscape.directions import dot, filter_normalised, path_line, path_plane, random_plane
from tracker.landscape.grid import Grid
from tracker.landscape.weights import Weights, weights_of
from trainer import nn

RNG = np.random.default_rng(0)
CURVATURE = np.array([[3.0, 1.0], [1.0, 2.0]])


@pytest.fixture
def run(logdir: Path) -> Any:
    """A run that samples no machine."""
    with tracker.init(logdir=logdir, name="run", machine=False) as run:
        yield run


def quadratic(state: dict[str, Any]) -> float:
    """½ wᵀ A w."""
    w = state["w"]
    return float(w @ CURVATURE @ w) / 2


def read(run: tracker.Run, tag: str) -> list[dict[str, Any]]:
    run.flush()
    return [json.loads(each.text) for each in tracker.open(run.logdir).run(run.name).text(tag)]


def network(seed: int = 0) -> nn.Sequential:
    """Convolutions, a norm, a linear layer."""
    trainer.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.ReLU(), nn.Flatten(), nn.Linear(3 * 4 * 4, 5), nn.LayerNorm(5)
    )


# --- directions ------------------------------------------------------------------------------------------


def test_every_filter_of_a_direction_is_as_long_as_that_of_the_weights() -> None:
    """Li et al. 2018, section 4; biases, norms and filters of zeros stay where they are."""
    weights = {"conv": RNG.normal(size=(4, 3, 5, 5)), "linear": RNG.normal(size=(6, 7)), "transposed": RNG.normal(size=(3, 4, 2)), "bias": np.ones(6)}  # fmt: skip
    weights["linear"][2] = 0
    filters = {"conv": (0,), "linear": (0,), "transposed": (1,), "bias": None}
    found = filter_normalised(weights, filters, np.random.default_rng(3))
    assert set(found) == {"conv", "linear", "transposed"}
    for name, axes in (("conv", (1, 2, 3)), ("linear", 1), ("transposed", (0, 2))):
        assert np.sqrt((found[name] ** 2).sum(axis=axes)) == pytest.approx(np.sqrt((weights[name] ** 2).sum(axis=axes)))
    assert not found["linear"][2].any()
    again = random_plane(weights, filters, 2, seed=3)
    assert again.axes[0]["conv"] == pytest.approx(found["conv"])
    assert dot(again.axes[0], again.axes[1]) != pytest.approx(dot(again.axes[0], again.axes[0]))


def test_the_plane_of_a_path_is_that_of_the_singular_value_decomposition() -> None:
    """Components, shares of the variance and places, against NumPy's decomposition of the same matrix."""
    path = [{"a": RNG.normal(size=(3, 4)) * 5 + k, "b": RNG.normal(size=7)} for k in range(9)]
    plane = path_plane(path)
    rows = np.stack([np.concatenate([each["a"].ravel(), each["b"]]) for each in path])
    _, values, axes = np.linalg.svd(rows - rows.mean(axis=0), full_matrices=False)
    assert plane.explained == pytest.approx((values**2 / (values**2).sum())[:2])
    for k, axis in enumerate(plane.axes):
        flat = np.concatenate([axis["a"].ravel(), axis["b"]])
        assert abs(flat @ axes[k]) == pytest.approx(1)
        assert [plane.project(each)[k] for each in path] == pytest.approx((rows - rows[-1]) @ flat)
    first = plane.project(path[0])
    assert first[0] < 0 < first[1]
    assert plane.project(path[-1]) == (0, 0)


def test_a_straight_path_has_a_plane_all_the_same() -> None:
    """The second direction is at right angles, and explains nothing; a path that does not move has one too."""
    step = {"w": np.array([1.0, 2.0, 2.0])}
    plane = path_plane([{"w": step["w"] * k} for k in range(5)])
    assert plane.explained == pytest.approx((1, 0))
    assert plane.project({"w": step["w"] * 0}) == pytest.approx((-12, 0))
    assert dot(plane.axes[0], plane.axes[1]) == pytest.approx(0, abs=1e-12)
    still = path_plane([step] * 4)
    assert still.explained == (0, 0)
    assert all(np.isfinite(axis["w"]).all() for axis in still.axes)


def test_a_line_runs_from_the_first_weights_to_the_last() -> None:
    """At 0 and 1; and the origin of any plane is the weights, bit for bit."""
    first, last = {"w": np.float32([1, 2])}, {"w": np.float32([3, -2])}
    line = path_line(first, last)
    assert line.at(0)["w"].tolist() == [1, 2]
    assert line.at(1)["w"].tolist() == [3, -2]
    assert line.project({"w": np.float32([2, 0])}) == pytest.approx((0.5,))
    assert line.at(0)["w"].dtype == np.float32


@pytest.mark.parametrize("points", [3, 8, 21, 50])
@pytest.mark.parametrize("dimensions", [1, 2])
def test_a_grid_is_filled_from_coarse_to_fine(points: int, dimensions: int) -> None:
    """Each entry once, corners within the first grid; edges and middle exact."""
    grid = Grid([(-1.0, 1.0), (0.0, 3.0)][:dimensions], points)
    entries = list(grid.order())
    assert len({index for index, _ in entries}) == len(entries) == points**dimensions
    whole = [k for k, (_, is_whole) in enumerate(entries) if is_whole]
    first = [index for index, _ in entries[: whole[0] + 1]]
    corners = {(0, 0), (0, points - 1), (points - 1, 0), (points - 1, points - 1)}
    assert {corner[:dimensions] for corner in corners} <= set(first)
    assert grid.place((0,) * dimensions) == (-1.0, 0.0)[:dimensions]
    assert grid.place((points - 1,) * dimensions) == (1.0, 3.0)[:dimensions]
    if points % 2:
        assert grid.place((points // 2,) * dimensions)[0] == 0


# --- what is logged --------------------------------------------------------------------------------------


def test_a_quadratic_has_the_landscape_of_its_formula(run: tracker.Run) -> None:
    """On a random plane: ½ (w + x a + y b)ᵀ A (w + x a + y b), point by point."""
    w = np.array([0.5, -1.0])
    landscape = run.log_landscape({"w": w}, quadratic, points=9, span=2.0)
    assert landscape.wait(60)
    assert (landscape.state, landscape.progress) == ("done", 1)
    (found,) = read(run, "path/loss/surface")[-1:]
    assert (found["done"], found["total"], found["state"], found["own"]) == (81, 81, "done", True)
    a, b = (axis["w"] for axis in landscape.plane.axes)
    grid = np.linspace(-2, 2, 9)
    expected = [[quadratic({"w": w + x * a + y * b}) for x in grid] for y in grid]
    assert np.reshape(found["values"], found["shape"]) == pytest.approx(np.array(expected), rel=1e-6)


def test_the_path_lies_on_its_plane_with_the_losses_of_its_checkpoints(run: tracker.Run) -> None:
    """In two dimensions a plane holds all; the steps are those at which weights were kept, the present ones the last."""
    w = np.array([2.0, 1.0])
    trajectory = tracker.Trajectory(every=2)
    for step in range(10):
        trajectory.record({"w": w}, step)
        run.log({"loss": quadratic({"w": w})}, step=step)
        w = w - 0.1 * CURVATURE @ w
    assert trajectory.steps == [0, 2, 4, 6, 8]
    landscape = run.log_landscape({"w": w}, quadratic, name="bowl", trajectory=trajectory, points=5)
    assert landscape.wait(60)
    run.flush()
    stored = tracker.open(run.logdir).run(run.name)
    x, y, value = (stored.scalars(f"path/bowl/{each}") for each in ("x", "y", "value"))
    assert x.step.tolist() == y.step.tolist() == [0, 2, 4, 6, 8, 9]
    assert landscape.plane.explained[0] + landscape.plane.explained[1] == pytest.approx(1)
    for k, (_, state, _) in enumerate(trajectory.checkpoints()):
        there = landscape.plane.at(x.value[k], y.value[k])["w"]
        assert there == pytest.approx(state["w"], abs=1e-6)
        assert value.value[k] == pytest.approx(quadratic(state), rel=1e-6)
    surface = read(run, "path/bowl/surface")[-1]
    assert surface["x"][0] < x.value.min()
    assert surface["x"][1] > x.value.max()
    assert run._next_step() == 10  # the loop's own counting was not moved


def test_a_line_is_a_slice(run: tracker.Run) -> None:
    """From the first weights to the last where there is a trajectory."""
    trajectory = tracker.Trajectory()
    for step in range(4):
        trajectory.record({"w": np.array([4.0 - step, 0.0])}, step)
    run.log_landscape({"w": np.array([1.0, 0.0])}, quadratic, trajectory=trajectory, dimensions=1, points=7).wait()
    found = read(run, "path/loss/slice")[-1]
    assert found["x"] == [-0.25, 1.25]
    places = np.linspace(-0.25, 1.25, 7)
    assert found["values"] == pytest.approx(1.5 * (4 - 3 * places) ** 2, rel=1e-6)


def test_losses_that_are_not_finite_are_kept_as_they_are(run: tracker.Run) -> None:
    """By name, never as a number; the colours of a wide range are told apart by logarithms."""

    def loss(state: dict[str, Any]) -> float:
        x = float(state["w"][0])
        return float("nan") if x > 1.5 else float("inf") if x > 1.2 else float("-inf") if x < 0.2 else 1000.0 ** (x - 1)

    run.log_landscape({"w": np.array([1.0])}, loss, dimensions=1, points=21).wait()
    found = read(run, "path/loss/slice")[-1]
    assert {"nan", "inf", "-inf"} <= set(map(str, found["values"]))
    assert None not in found["values"]
    assert found["done"] == 21
    assert found["scale"] == "log"


def test_progress_is_told_and_a_cancelled_landscape_stays_as_it_is(run: tracker.Run) -> None:
    """Points that are not known are null; the run ends at once."""
    begun, asked = threading.Event(), [0]
    release = threading.Event()

    def loss(state: dict[str, Any]) -> float:
        asked[0] += 1
        if asked[0] == 40:
            begun.set()
            release.wait(60)
        return quadratic(state)

    landscape = run.log_landscape({"w": np.ones(2)}, loss, points=21)
    assert begun.wait(60)
    assert 0 < landscape.progress < 0.2
    assert not landscape.wait(0)
    go_on = threading.Thread(target=lambda: (landscape._cancelled.wait(60), release.set()))
    go_on.start()
    landscape.cancel()
    go_on.join()
    assert landscape.state == "cancelled"
    assert not landscape.wait()
    told = read(run, "path/loss/surface")
    assert told[0]["done"] == 0
    assert 36 in [each["done"] for each in told]  # the coarse grid was shown whole
    assert told[-1]["values"].count(None) == 441 - told[-1]["done"] == 441 - 39


def test_the_end_of_a_run_waits_for_its_landscapes_and_that_of_a_crash_does_not(logdir: Path) -> None:
    """What was asked for is there; a training that failed is not held up."""
    with tracker.init(logdir=logdir, name="well", machine=False) as run:
        run.log_landscape({"w": np.ones(2)}, quadratic, points=11)
    assert json.loads(tracker.open(logdir).run("well").text("path/loss/surface")[-1].text)["done"] == 121
    stuck, held = threading.Event(), threading.Event()
    first = [True]

    def slow(state: dict[str, Any]) -> float:
        if not first[0]:
            held.set()
            stuck.wait(60)
        first[0] = False
        return 1.0

    run = tracker.init(logdir=logdir, name="badly", machine=False)
    landscape = run.log_landscape({"w": np.ones(2)}, slow)
    assert held.wait(60)
    run.finish("crashed")
    assert tracker.open(logdir).run("badly").status == "crashed"
    stuck.set()
    landscape.cancel()
    assert landscape.state == "cancelled"


# --- models ----------------------------------------------------------------------------------------------


def trained(model: Any) -> dict[str, Any]:
    held = [*model.named_parameters(), *model.named_buffers()]
    return {name: np.array(each.data.numpy() if hasattr(each.data, "numpy") else each.data) for name, each in held}


def frameworks() -> list[Any]:
    return ["trainer", pytest.param("torch", marks=pytest.mark.frameworks)]


def of_torch(model: nn.Sequential) -> Any:
    """The same network with the same weights."""
    torch = pytest.importorskip("torch", reason="compares with PyTorch")
    twin = torch.nn.Sequential(
        torch.nn.Conv2d(1, 3, 3), torch.nn.BatchNorm2d(3), torch.nn.ReLU(), torch.nn.Flatten(),
        torch.nn.Linear(3 * 4 * 4, 5), torch.nn.LayerNorm(5),
    )  # fmt: skip
    twin.load_state_dict({name: torch.from_numpy(each) for name, each in model.state_dict().items()}, strict=False)
    return twin


INPUTS, TARGETS = RNG.normal(size=(8, 1, 6, 6)).astype(np.float32), RNG.integers(0, 5, 8)


def loss_of(framework: str) -> Callable[[Any], Any]:
    if framework == "trainer":
        return lambda model: nn.CrossEntropyLoss()(model(INPUTS), TARGETS)
    torch = pytest.importorskip("torch", reason="compares with PyTorch")
    return lambda model: torch.nn.functional.cross_entropy(model(torch.from_numpy(INPUTS)), torch.from_numpy(TARGETS))


@pytest.mark.frameworks
def test_trainer_and_torch_agree_on_the_same_weights(run: tracker.Run) -> None:
    """Along the same directions, in evaluation mode with the same running statistics."""
    model = network()
    model.train()
    model(INPUTS)  # so that the running statistics are some
    surfaces = {}
    for framework, each in (("trainer", model), ("torch", of_torch(model))):
        assert run.log_landscape(each, loss_of(framework), name=framework, points=5).wait(60)
        surfaces[framework] = read(run, f"path/{framework}/surface")[-1]["values"]
    assert surfaces["trainer"] == pytest.approx(surfaces["torch"], rel=1e-4)
    assert np.ptp(surfaces["trainer"]) > 0.1


@pytest.mark.parametrize("framework", frameworks())
@pytest.mark.parametrize("background", [True, False])
def test_the_model_is_left_as_it_was(framework: str, background: bool, run: tracker.Run) -> None:
    """Weights, statistics and modes bit for bit, although the loss trains its norms; also when it fails half-way."""
    model = network() if framework == "trainer" else of_torch(network())
    model.train()
    list(model.children())[1].eval()
    before, modes = trained(model), [each.training for each in model.modules()]
    loss, calls = loss_of(framework), [0]

    def training(other: Any) -> Any:
        assert not any(each.training for each in other.modules()) or calls[0]
        assert (other is model) != background
        calls[0] += 1
        other.train()
        return loss(other)

    def failing(other: Any) -> Any:
        calls[0] += 1
        if calls[0] > 12:
            raise RuntimeError("half-way")
        return training(other)

    assert run.log_landscape(model, training, points=3, background=background).wait(60)
    values = read(run, "path/loss/surface")[-1]["values"]
    assert len(set(values)) == 9
    calls[0] = 0
    with pytest.raises(RuntimeError, match="half-way"):
        run.log_landscape(model, failing, name="failing", points=5, background=background).wait(60)
    assert "half-way" in read(run, "path/failing/surface")[-1]["problem"]
    after = trained(model)
    assert after.keys() == before.keys()
    for name, each in before.items():
        assert after[name].tobytes() == each.tobytes(), name
    assert [each.training for each in model.modules()] == modes
    assert all(each.requires_grad and each.grad is None for each in model.parameters())


def test_no_point_depends_on_those_before_it(run: tracker.Run) -> None:
    """A loss that updates running statistics starts at every point with those of the checkpoint."""

    def loss(model: Any) -> Any:
        model.train()(INPUTS)
        return loss_of("trainer")(model.eval())

    surfaces = {}
    for points in (3, 5):
        run.log_landscape(network(), loss, name=str(points), points=points).wait(60)
        surfaces[points] = np.reshape(read(run, f"path/{points}/surface")[-1]["values"], (points, points))
    assert surfaces[5][::2, ::2].tolist() == surfaces[3].tolist()


@pytest.mark.parametrize("framework", frameworks())
def test_norms_biases_and_what_is_frozen_stay_in_a_random_direction(framework: str) -> None:
    """And only weights of more than one axis have filters."""
    model = network() if framework == "trainer" else of_torch(network())
    weights = Weights(model)
    assert {name for name, axes in weights.filters.items() if axes is not None} == {"0.weight", "4.weight"}
    next(model.parameters()).requires_grad = False
    assert "0.weight" not in Weights(model).filters
    assert "0.weight" not in Weights(model).read()


@pytest.mark.frameworks
def test_a_module_of_torch_that_is_watched_can_be_copied(run: tracker.Run) -> None:
    """Hooks of `tracker.watch` say nothing of the copy; transposed convolutions count filters on their second axis."""
    torch = pytest.importorskip("torch", reason="copies a PyTorch module")
    model = torch.nn.Sequential(torch.nn.ConvTranspose1d(2, 3, 2), torch.nn.Flatten(), torch.nn.Linear(12, 1)).to(
        torch.bfloat16
    )
    tracker.watch(model, run=run, every=1)
    x = torch.ones(1, 2, 3, dtype=torch.bfloat16)
    model(x).sum().backward()
    assert weights_of(model).filters["0.weight"] == (1,)
    assert run.log_landscape(model, lambda m: m.train()(x).sum(), points=3).wait(60)
    run.flush()
    assert tracker.open(run.logdir).run("run").histograms("parameters/0.weight").step.tolist() == [0]


def test_a_training_beside_a_landscape_goes_on_as_without_one(logdir: Path) -> None:
    """Bit for bit: no shared random numbers, no shared modes, no gradients lost."""
    ends = []
    for name in ("alone", "beside"):
        model = network()
        optimizer = trainer.optim.Adam(model.parameters(), lr=0.01)
        with tracker.init(logdir=logdir, name=name, machine=False) as run:
            if name == "beside":
                landscape = run.log_landscape(model, loss_of("trainer"), points=15, share=1.0)
            for _ in range(30):
                loss = loss_of("trainer")(model)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
        ends.append(trained(model))
    assert landscape.state == "done"
    assert all(ends[0][name].tobytes() == ends[1][name].tobytes() for name in ends[0])


# --- trajectories ----------------------------------------------------------------------------------------


def test_a_trajectory_keeps_to_its_room_and_stays_even() -> None:
    """The first is kept, the stride doubles, the copies are copies; by count or by memory, whichever is less."""
    trajectory = tracker.Trajectory(limit=6, dtype="float16")
    w = np.zeros(1000)
    for step in range(100):
        w[:] = step
        trajectory.record({"w": w}, step)
    assert 3 <= len(trajectory) <= 6
    assert trajectory.steps == list(range(0, 100, trajectory.steps[1]))
    assert [state["w"][0] for _, state, _ in trajectory.checkpoints()] == trajectory.steps
    assert trajectory.checkpoints()[0][1]["w"].dtype == np.float16
    small = tracker.Trajectory(memory_mb=0.02)
    for step in range(100):
        small.record({"w": w}, step)
    assert len(small) <= 5
    with pytest.raises(LoggedValueError, match="too large"):
        tracker.Trajectory(memory_mb=0.01).record({"w": w}, 0)


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        ({"model": 3}, LoggedTypeError, "cannot be computed"),
        ({"model": {"w": "x"}}, LoggedTypeError, "not an array"),
        ({"model": {"w": np.array([np.nan])}}, LoggedValueError, "not finite"),
        ({"dimensions": 3}, LoggedValueError, "dimensions 1 or 2"),
        ({"points": 2}, LoggedValueError, "from 3 to 1000"),
        ({"span": 0}, LoggedValueError, "span"),
        ({"name": ""}, LoggedValueError, "name"),
        ({"trajectory": tracker.Trajectory()}, LoggedValueError, "few checkpoints"),
        ({"loss": lambda state: "high"}, LoggedTypeError, "loss"),
        ({"loss": lambda state: 1 / 0}, ZeroDivisionError, "division"),
    ],
)
def test_mistakes_are_raised_on_the_callers_line(
    arguments: dict[str, Any], error: type[Exception], says: str, run: tracker.Run
) -> None:
    """Before anything is begun."""
    given = {"model": {"w": np.ones(2)}, "loss": quadratic} | arguments
    with pytest.raises(error, match=says):
        run.log_landscape(given.pop("model"), given.pop("loss"), **given)
    assert run._recording.landscapes == []
    with pytest.raises(LoggedValueError, match="counted"):
        tracker.Trajectory(every=0)
    with pytest.raises(LoggedValueError, match="float16"):
        tracker.Trajectory(dtype="int8")
