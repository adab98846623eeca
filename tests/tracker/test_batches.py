"""What cannot be stored, encoded or bound takes nothing else along, and is counted and named."""

from __future__ import annotations

import math
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from odd_values import HALF, SHOWN, Lies, Raises

import tracker
from tracker.store.write import committer
from tracker.values.value import Medium, Value


def refuse(run: tracker.Run, table: str, when: str) -> None:
    """Lets SQLite refuse rows of the run's file, as a value that it cannot hold would be."""
    assert run.flush()
    driver = run._writer._file.appender._driver  # type: ignore[union-attr]
    driver.execute(
        f"CREATE TRIGGER refuse_{table} BEFORE INSERT ON {table} WHEN {when} BEGIN SELECT RAISE(ABORT, 'refused'); END"
    )


@pytest.mark.parametrize(
    ("table", "when", "lost"),
    [
        ("marks", "NEW.text='bad'", {"mark": 1}), ("media", "NEW.step=500", {"text": 1}),
        ("scalars", "NEW.count>1 OR (NEW.value>=700 AND NEW.value<720)", {"scalar": 20}), ("sketches", "NEW.step=500", {"histogram": 1}),
        ("scalars", "NEW.count>1", {}),
    ],
    ids=["mark", "text", "points", "histogram", "folding"],
)  # fmt: skip
def test_what_cannot_be_stored_takes_nothing_along(
    run: tracker.Run, caplog: pytest.LogCaptureFixture, table: str, when: str, lost: dict[str, int]
) -> None:
    """Of 2,000 numbers, marks, texts and histograms everything else is there, once and in order; the bad ones are named."""
    run.log({"x": -1.0, "y": -1.0}, step=0)
    refuse(run, table, when)
    with caplog.at_level("WARNING", "tracker"):
        with committer.io_lock:  # so that all of it is one batch
            for step in range(2000):
                run.log({"x": float(step), "y": -2.0}, step=step)
                if step % 100 == 0:
                    run.log({"t": tracker.Text("word"), "h": tracker.Histogram([1.0])}, step=step)
                    run.mark("bad" if step == 500 else "good", step=step)
            run.configure({"lr": 0.1})
        assert run.flush()
    run._writer._file.appender._driver.execute(f"DROP TRIGGER refuse_{table}")  # type: ignore[union-attr]  # as no run has one
    stored = tracker.open(run.logdir).run("run")
    values = [value for value in range(2000) if not (lost.get("scalar") and 700 <= value < 720)]
    assert stored.scalars("x").value.tolist() == [-1.0, *map(float, values)]
    assert stored.scalars("y").value.tolist() == [-1.0] + [-2.0] * 2000
    assert [mark.step for mark in stored.marks()] == [
        s for s in range(0, 2000, 100) if not ("mark" in lost and s == 500)
    ]
    assert [item.step for item in stored.text("t")] == [
        s for s in range(0, 2000, 100) if not ("text" in lost and s == 500)
    ]
    assert stored.histograms("h").step.tolist() == [
        s for s in range(0, 2000, 100) if not ("histogram" in lost and s == 500)
    ]
    assert stored.config == {"lr": 0.1}
    said = {kind: count for kind, count in stored.segments()[0].lost.items() if count}
    assert said == lost
    warnings_ = [record.getMessage() for record in caplog.records if "is lost" in record.getMessage()]
    assert len(warnings_) == bool(said)
    assert all("refused" in words and "step" in words for words in warnings_)
    run.log({"x": 5000.0}, step=5000)
    run.finish()
    assert tracker.open(run.logdir).run("run").scalars("x").value.tolist()[-1] == 5000.0
    assert tracker.open(run.logdir).run("run").status == "finished"


class Unstorable(Value):
    """A value that encodes as nothing that can be stored."""

    kind = "image"

    def __init__(self, how: str) -> None:
        self.how = how

    n_bytes = 10

    def encode(self) -> list[Medium]:
        if self.how == "raises":
            raise RuntimeError(HALF)
        if self.how == "warns":
            warnings.warn("old", DeprecationWarning, stacklevel=1)
            return [Medium("text/plain", {HALF: Raises(), "n": 2**200, "nan": math.nan}, b"stored")]
        return [Medium("text/plain", {}, b"good"), Medium("text/plain", {}, Lies())]  # type: ignore[arg-type]


def test_values_that_cannot_be_encoded_or_bound(run: tracker.Run) -> None:
    """Each is lost alone; a warning that is an error, as under `python -W error`, loses nothing."""
    with committer.io_lock:
        for step in range(500):
            run.log({"x": float(step)}, step=step)
        run.log(
            {"a": Unstorable("raises"), "b": Unstorable("bound"), "c": tracker.Text("c"), "d": Unstorable("warns")},
            step=3,
        )
    assert run.flush()
    stored = tracker.open(run.logdir).run("run")
    assert stored.segments()[0].lost == {"image": 2}
    assert stored.scalars("x").value.tolist() == list(range(500))
    assert [item.data for item in stored.text("c")] == [b"c"]
    assert [(item.data, item.attributes) for item in stored.images("d")] == [
        (b"stored", {SHOWN: "<Raises>", "n": 2**200, "nan": "nan"})
    ]
    assert stored.images("b") == []


HOSTILE = """
import math, struct, sys
import numpy as np
import tracker
np.seterr(all="raise")
end = sys.float_info.max
numbers = [end, -end, 5e-324, -5e-324, -0.0, 0.0, math.inf, -math.inf, math.nan, 1.7e308, -1.7e308, 2.2e-308, 1e300, 3.5e38]
numbers += [struct.unpack("<d", struct.pack("<Q", bits))[0] for bits in (0x7FF0000000000001, 0xFFF8000000000123)]
array = np.array(numbers)
with tracker.init(logdir=sys.argv[1], name="run", machine=False) as run:
    for step in range(40_000):
        run.log({"a": end if step % 2 else -end, "b": numbers[step % len(numbers)]}, step=step)
    for step in range(20):
        run.log({"h": tracker.Histogram(array)}, step=step)
    run.log({"i": tracker.Image(array.reshape(4, 4)), "t": tracker.Table([numbers, numbers]), "w": tracker.Audio(array, 16000)})
    run.log({"e": tracker.Embedding(array.reshape(4, 4), sprites=array.reshape(4, 2, 2)), "m": tracker.Mesh(np.resize(array, (6, 3)))})
    run.log({"v": tracker.Video(np.resize(array, (2, 8, 8)), fps=5e-324 + 1), "n": np.ma.masked, "p": tracker.PRCurve([0, 1, 1], [1e-320, 0, 1])})
"""


def test_warnings_that_are_errors_lose_nothing(logdir: Path) -> None:
    """`python -W error`, NumPy raising whatever it can: numbers at the ends of float64 are numbers."""
    subprocess.run([sys.executable, "-W", "error", "-c", HOSTILE, logdir], check=True, timeout=100)
    stored = tracker.open(logdir).run("run")
    assert (stored.status, stored.segments()[0].lost) == ("finished", {})
    end = sys.float_info.max
    values = stored.scalars("a").value
    assert len(values) == 40_000
    assert set(values.tolist()) == {end, -end}
    found = stored.envelope("a", 3)
    assert (found.min.min(), found.max.max(), found.count.sum()) == (-end, end, 40_000)
    odd = stored.scalars("b").value.view(np.uint64)
    assert 0x7FF0000000000001 in odd
    assert 0xFFF8000000000123 in odd
    assert (1 << 63) in odd
    assert len(stored.histograms("h")) == 20
    assert stored.histograms("h").merge().max == end
    assert set(stored.tags()) >= {"h", "i", "t", "w", "e", "m", "v", "n", "p"}
