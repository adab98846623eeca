"""The loss around the weights of a training: copies kept on the way, and a landscape when it has ended."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from trainer.callbacks import Callback
from trainer.loop import Loop, evaluate
from trainer.tensor import Tensor


class LandscapeCallback(Callback):
    """Keeps the weights on the way, and when the training has ended lays out the loss around them: the page *Paths*.

    The training's path lies on the plane of its two principal components; a second landscape goes along random
    directions. Both are computed in the background (`tracker.Run.log_landscape`); the end of the run waits for them.

    Args:
        run: What `tracker.init` gave.
        data: Batches whose mean loss is computed at every point, as for `evaluate`: a `DataLoader` or a list of pairs.
            A thousand samples tell as much as all.
        name: What the page calls it: `<name>/path` and `<name>/random`.
        every: Steps between two copies of the weights.
        limit: Copies at most; when there are more, every second is let go.
        points: Points along each axis.
        loss: Of an output and targets; the training's by default.
    """

    def __init__(
        self,
        run: Any,
        data: Iterable[Any],
        *,
        name: str = "loss",
        every: int = 1,
        limit: int = 100,
        points: int = 21,
        loss: Callable[..., Tensor] | None = None,
    ) -> None:
        import tracker  # here, so that training without a tracker does not load it

        self.run = run
        self.data = data
        self.name = name
        self.points = points
        self.loss = loss
        self.trajectory = tracker.Trajectory(every, limit)

    def on_fit_start(self, loop: Loop) -> None:
        self.trajectory.record(loop.model, loop.step)

    def on_step_end(self, loop: Loop) -> None:
        self.trajectory.record(loop.model, loop.step)

    def on_fit_end(self, loop: Loop) -> None:
        loss, data = self.loss or loop.loss, self.data

        def mean_loss(model: Any) -> float:
            return evaluate(model, data, loss)["loss"]

        kinds = {"path": self.trajectory, "random": None}
        if len(self.trajectory) < 3:
            del kinds["path"]  # so short a way has no plane
        for kind, trajectory in kinds.items():
            self.run.log_landscape(
                loop.model, mean_loss, name=f"{self.name}/{kind}", trajectory=trajectory, points=self.points
            )
