"""Kept: trainings done once, in a folder, until their case or what logs them changes."""

from __future__ import annotations

import ast
import contextlib
import hashlib
import inspect
import io
import json
import logging
import shutil
import tempfile
import textwrap
import warnings
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import tracker
from benchmarks.faults.bench import Bench
from benchmarks.faults.case import Case, all_cases
from benchmarks.faults.data import ROOT

NAME = "run"
LOGGED_BY = {
    "watch": ("tracker/integrations/pytorch*.py", "tracker/integrations/torch_*.py"),
    "trainer": tuple(
        f"trainer/{name}.py" for name in "tracking activations batch_stats step_clock units watched".split()
    ),
    "scalars": (),
}
"""Whose code decides what a training logs, by style."""


@dataclass(frozen=True)
class Trained:
    """A training that was done, and what is true of it."""

    case: str
    style: str
    seed: int
    folder: Path
    layers: tuple[str, ...]
    steps: tuple[int, int] | None

    @property
    def is_held(self) -> bool:
        """Whether it is of the half that detectors are not tuned on; fixed by name and seed."""
        return hashlib.sha256(f"{self.case} {self.style} {self.seed}".encode()).digest()[0] % 2 == 1


def trained(case: Case, style: str, seed: int, root: Path) -> Trained:
    """Does a training, or finds it where it was done before."""
    folder = root / f"{case.name}-{style}-{seed}-{_digest(case.name, style)}"
    if not (folder / "truth.json").exists():
        for old in root.glob(f"{case.name}-{style}-{seed}-*"):
            shutil.rmtree(old)
        folder.mkdir(parents=True)
        truth = _do(case, style, seed, folder)
        (folder / "truth.json").write_text(json.dumps(truth))
    truth = json.loads((folder / "truth.json").read_text())
    steps = truth["steps"]
    return Trained(case.name, style, seed, folder, tuple(truth["layers"]), tuple(steps) if steps else None)


def _do(case: Case, style: str, seed: int, folder: Path) -> dict[str, object]:
    bench, error = Bench(str(folder), NAME, case.name, style, seed), None
    with contextlib.redirect_stderr(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.disable(logging.WARNING)
        try:
            case.train(bench)
        except FloatingPointError as raised:  # a training may end like this, others are mistakes of the case
            error = str(raised)
        except Exception as raised:
            if type(raised).__name__ != "AnomalyError":
                raise RuntimeError(f"{case.name} in {style}, seed {seed}") from raised
            error = str(raised)
        finally:
            tracker.finish()
            logging.disable(logging.NOTSET)
    return {"layers": bench.layers, "steps": bench.steps, "error": error, "kinds": case.kinds}


@cache
def _digest(name: str, style: str) -> str:
    """Of everything that decides what is logged."""
    case = ast.parse(textwrap.dedent(inspect.getsource(all_cases()[name].train))).body[0]
    assert isinstance(case, ast.FunctionDef)
    case.decorator_list = []  # what is true of it decides nothing
    return hashlib.sha256(f"{ast.dump(case)} {_LOOPS[style]}".encode()).hexdigest()[:12]


def _loops(style: str) -> str:
    here = Path(__file__).parent
    files = [here / each for each in ("bench.py", "plan.py", "data.py")]
    files.append(here / ("trainer_loop.py" if style == "trainer" else "torch_loop.py"))
    files += [file for pattern in LOGGED_BY[style] for file in sorted(ROOT.glob(pattern))]
    return hashlib.sha256("\0".join(ast.dump(ast.parse(each.read_text())) for each in files).encode()).hexdigest()


_LOOPS = {style: _loops(style) for style in LOGGED_BY}
"""What has trained, as it was when this process began: files may change while it goes on."""


def default_root() -> Path:
    """Where trainings are kept unless it is said otherwise."""
    return Path(tempfile.gettempdir()) / "everystep-faults"


def as_json(done: Trained) -> dict[str, object]:
    """For a report."""
    return {**asdict(done), "folder": str(done.folder)}
