"""Beginning a landscape: what is asked is checked, and becomes a plane in the space of weights with a grid on it."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from tracker.errors import LoggedTypeError, LoggedValueError, message
from tracker.landscape.directions import path_line, path_plane, random_plane
from tracker.landscape.grid import Grid
from tracker.landscape.trajectory import FEWEST, Trajectory
from tracker.landscape.weights import State, Weights, weights_of
from tracker.landscape.worker import Checkpoint, Landscape, Loss, Run

ROOM = 0.25
"""What a window shows around a path, in parts of its extent."""


def start(
    run: Run, step: int, model: Any, loss: Loss, name: str, trajectory: Trajectory | None, dimensions: int,
    points: int | None, span: float, seed: int, share: float, background: bool,
) -> Landscape:  # fmt: skip
    """Begins a landscape; the arguments are those of `Run.log_landscape`, `step` is where the loop stands."""
    _check(name, dimensions, points, span, share)
    given = weights_of(model)
    weights = weights_of(_copied(model)) if background else given
    path = [] if trajectory is None else _whole_path(trajectory, given, step)
    told: dict[str, Any] = {"own": True}
    if not path:
        plane = random_plane(_finite(given), given.filters, dimensions, seed)
        edges = [(-span, span)] * dimensions
        told["labels"] = ["along a random direction", "along another"][:dimensions]
        told["formula"] = (
            "filter-normalised random directions" if dimensions == 2 else "a filter-normalised random direction"
        )
    elif dimensions == 1:
        plane = path_line(path[0][1], path[-1][1])
        edges = [(-ROOM * span, 1 + ROOM * span)]
        told["labels"] = ["from the first weights (0) to the last (1)"]
        told["formula"] = "the straight line from the first weights to the last"
    else:
        plane = path_plane([state for _, state, _ in path], seed)
        places = np.array([plane.project(state) for _, state, _ in path])
        edges = _window(places, span)
        shares = [f"{100 * part:.1f} %" for part in plane.explained]
        told["labels"] = [f"principal component {k + 1} ({part} of the path)" for k, part in enumerate(shares)]
        told["formula"] = f"the plane holds {100 * sum(plane.explained):.1f} % of the path's variance"
        told["explained"] = [round(part, 6) for part in plane.explained]
    grid = Grid(edges, points or (51 if dimensions == 1 else 21))
    landscape = Landscape(run, name, weights, loss, plane, grid, path, told, share)
    if background:
        with weights.evaluating(), np.errstate(all="ignore"):
            landscape.ask(given.read())  # here, so that a mistake is raised on the caller's line
        landscape.begin()
        return landscape
    with weights.borrowed():
        landscape.compute()
    if landscape.error is not None:
        raise landscape.error
    return landscape


def _check(name: str, dimensions: int, points: int | None, span: float, share: float) -> None:
    if not isinstance(name, str) or not name:
        raise LoggedValueError(
            message("log_landscape: name is what the page calls it.", expected='text, such as "loss"', got=repr(name))
        )
    if dimensions not in (1, 2) or (points is not None and not 3 <= points <= 1000):
        raise LoggedValueError(
            message(
                "log_landscape: a landscape is a line or a plane of points.",
                expected="dimensions 1 or 2, points from 3 to 1000 along each",
                got=f"dimensions={dimensions}, points={points}",
            )
        )
    if not 0 < span < float("inf") or not 0 < share <= 1:
        raise LoggedValueError(
            message(
                "log_landscape: span is how far it reaches, share a part of the time.",
                expected="span > 0, 0 < share <= 1",
                got=f"span={span}, share={share}",
            )
        )


def _copied(model: Any) -> Any:
    try:
        return copy.deepcopy(model)
    except Exception as error:
        raise LoggedTypeError(
            message(
                "log_landscape: this model cannot be copied, so it cannot be computed beside the training.",
                expected="a model that copy.deepcopy takes",
                got=str(error).splitlines()[0][:200] if str(error) else type(error).__name__,
                hint="background=False computes on the model itself, at once, and puts its weights back.",
            )
        ) from error


def _whole_path(trajectory: Trajectory, weights: Weights, step: int) -> list[Checkpoint]:
    """The checkpoints, the weights of now the last of them."""
    path = trajectory.checkpoints()
    if path and (path[0][1].keys() != weights.filters.keys()):
        raise LoggedValueError(
            message(
                "log_landscape: the trajectory is that of another model.",
                expected=", ".join(weights.filters),
                got=", ".join(path[0][1]),
            )
        )
    final = _finite(weights)
    path = [each for each in path if _is_finite(each[1])]  # a training that leapt away and was set back
    if path and all(
        np.array_equal(path[-1][1][name], each.astype(path[-1][1][name].dtype)) for name, each in final.items()
    ):
        step = path.pop()[0]  # the same weights, perhaps rounded
    elif path:
        step = max(step, path[-1][0] + 1)
    if len(path) < FEWEST - 2:
        raise LoggedValueError(
            message(
                "log_landscape: a trajectory of so few checkpoints has no plane.",
                expected=f"{FEWEST - 1} or more, the present weights among them",
                got=len(path) + 1,
                hint="Call trajectory.record(model, step) while training.",
            )
        )
    return [*path, (step, final, weights.read_buffers())]


def _is_finite(state: State) -> bool:
    return all(np.isfinite(each).all() for each in state.values())


def _finite(weights: Weights) -> State:
    state = weights.read()
    if not _is_finite(state):
        raise LoggedValueError(
            message(
                "log_landscape: there is no landscape around weights that are not finite.",
                expected="finite weights",
                got=", ".join(name for name, each in state.items() if not np.isfinite(each).all())[:200],
                hint="Go back to a checkpoint from before the training diverged.",
            )
        )
    return state


def _window(places: Any, span: float) -> list[tuple[float, float]]:
    """Around a path, with room, and no axis so short that its heights say nothing."""
    low, high = places.min(axis=0), places.max(axis=0)
    extent = high - low
    half = np.maximum(extent * (0.5 + ROOM * span), 0.15 * extent.max() * (1 + 2 * ROOM * span))
    half[half == 0] = 1.0  # nothing moved
    middle = (low + high) / 2
    return [(float(m - h), float(m + h)) for m, h in zip(middle, half, strict=True)]
