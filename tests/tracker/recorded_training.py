"""A recorded training, as tests of the recorder and of what it wrote need one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

import tracker
import tracker.recorder
from tracker.recorder.recorder import Recorder
from tracker.recorder.stored import Recordings


def recorded(logdir: Path, count: int = 60, **options: Any) -> Recordings:
    """A training of a counter, recorded."""
    with tracker.init(logdir=logdir, name="run", machine=False, resume="allow") as run:
        at = [0]
        options = {"max_overhead": None, "every": 5, **options}
        recorder = Recorder(run, lambda: {"x": np.full(10, at[0])}, lambda: {"made_by": "test"}, **options)
        recorder.state(0)
        for step in range(1, count + 1):
            recorder.begin(step, np.array([step]), lambda: {"seed": 1}, epoch=1)
            at[0] = step
            recorder.end(float(step % 7), (0.1, 0.2), lambda: np.array([at[0], 1], np.uint32))
            recorder.state(step)
        recorder.keep("asked", "asked for")
        recorder.close()
    return tracker.recorder.open(logdir / "run")
