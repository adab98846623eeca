"""The flight recorder: the last steps of a training, kept in memory, written when something happens.

Knows no framework. `recorder.py` is told of each step and is handed what takes a state; `tree.py` writes states and
recordings as files that hold data only; `stored.py` reads them again.
"""

from tracker.recorder.stored import Recordings
from tracker.recorder.stored import open_recordings as open

__all__ = ["Recordings", "open"]
