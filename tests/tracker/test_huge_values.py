"""Values that take no memory and as a list or a copy would take all that there is: arrays that were broadcast, ranges, generators."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

TRIES = """
import itertools, resource, sys, tempfile
import numpy as np
import tracker
from tracker.errors import TrackerError
resource.setrlimit(resource.RLIMIT_AS, (6 * 2**30,) * 2)
picture = np.zeros((4, 4))
one = np.float32(1)
values = {
    "table": np.broadcast_to(one, (10**6, 10**6)), "line": np.broadcast_to(one, 10**12), "texts": np.broadcast_to(np.str_("a"), 10**9),
    "bytes": np.broadcast_to(np.uint8(1), (10**6, 10**6, 3)), "range": range(10**12), "endless": itertools.repeat(1.0),
}
takers = {
    "scalar": lambda v: v, "histogram": tracker.Histogram, "image": tracker.Image, "images": lambda v: [v], "video": tracker.Video,
    "audio": lambda v: tracker.Audio(v, 8000), "table": tracker.Table, "column": lambda v: tracker.Table({"a": v}), "text": tracker.Text,
    "rows": lambda v: tracker.Table([v]), "figure": lambda v: tracker.Figure({"data": [v], "layout": {"title": v}}),
    "curve": lambda v: tracker.PRCurve(v, v), "embedding": tracker.Embedding, "mesh": tracker.Mesh,
    "labels": lambda v: tracker.Embedding(np.ones((3, 2)), labels=v), "sprites": lambda v: tracker.Embedding(np.ones((3, 2)), sprites=v),
    "mask": lambda v: tracker.Image(picture, masks=v), "boxes": lambda v: tracker.Image(picture, boxes=v),
    "caption": lambda v: tracker.Image(picture, caption=v),
}
run = tracker.init(tempfile.mkdtemp(), "a", machine=False)
for taker, value in itertools.product(takers, values):
    try:
        run.log({"x": takers[taker](values[value])})
    except TrackerError:
        pass
    except BaseException as error:
        print(taker, value, type(error).__name__, error)
for name, value in values.items():
    run.configure({name: value})
    run.mark("here", value=value)
    for place in ("step", "wall_time"):
        try:
            run.log({"x": 1.0}, **{place: value})
        except TrackerError:
            pass
run.log({"last": 1.0})
run.finish()
# Not ru_maxrss: a child begins with that of its parent.
print(next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")) // 1024)
"""


def test_what_says_that_it_is_huge_is_refused_by_name_before_it_is_made() -> None:
    """No bare MemoryError, no minute of counting, no gigabyte."""
    said = subprocess.run([sys.executable, "-c", textwrap.dedent(TRIES)], capture_output=True, text=True, timeout=100, cwd=ROOT, check=False)  # fmt: skip
    assert said.returncode == 0, said.stderr
    *wrong, mebibytes = said.stdout.splitlines()
    assert not wrong
    assert int(mebibytes) < 500
