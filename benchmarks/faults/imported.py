"""Imported: real trainings of other people, and the samples that come with the project, all of them healthy."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import subprocess
import sys
from pathlib import Path

import tracker
from benchmarks.faults.data import ROOT
from benchmarks.faults.judge import Verdict

REAL_DATA = Path(os.environ.get("EVERYSTEP_REAL_DATA", ROOT.parent / "shared" / "real_data"))
SAMPLES = {
    "digits": ("--epochs", "4"), "characters": ("--steps", "80"), "four_samples": (), "xor": (),
    "optimizer_race": ("--steps", "60"), "tiny_transformer": ("--steps", "80"), "mnist": ("--epochs", "1"),
}  # fmt: skip
FAIR = {
    "gpt3_15b_golden_values": ("nan_or_inf",),
    "104b_spike_excerpts": ("loss_spike", "exploding_gradients", "float16_overflow", "lr_too_high", "resume_jump"),
    "gpt2_meg_3d_62_iterations": ("lr_too_high",),  # it leaps from 12 to 47, and is at 20 when it ends
    "lightning/lightning_logs": ("lr_too_high", "exploding_gradients"),  # a model that only shows how to log
    "transformers_trainer": ("plateau", "lr_too_low"),  # 20 steps of a random model on random labels
    "torch_odd_scalars": ("nan_or_inf", "exploding_gradients", "float16_overflow"),
}
"""What is true of some of the real logs, by a part of their names."""


def real(root: Path) -> list[Verdict]:
    """Every log of the real collection, through the importers; none where it is not there."""
    logdir = root / "real"
    if not REAL_DATA.is_dir():
        return []
    if not logdir.is_dir():
        from tracker.foreign.importer import import_logs

        with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
            for source in (REAL_DATA / "events", REAL_DATA / "llm_logs"):
                list(import_logs(source, logdir))
    return _judged(logdir)


def samples(root: Path) -> list[Verdict]:
    """The sample trainings, done anew with few steps."""
    logdir = root / "samples"
    if not logdir.is_dir():
        for name, options in SAMPLES.items():
            command = [sys.executable, "-m", f"sample_runs.{name}", "--logdir", str(logdir), *options]
            try:
                done = subprocess.run(
                    command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, timeout=240
                )
                if done.returncode:
                    print(name, done.stderr.decode()[-300:])
            except subprocess.TimeoutExpired:
                print(name, "took too long")
    return _judged(logdir)


def _judged(logdir: Path) -> list[Verdict]:
    found = []
    for name in tracker.open(logdir).runs():
        run = tracker.open(logdir).run(getattr(name, "name", name))
        fair = tuple(kind for part, kinds in FAIR.items() if part in run.name for kind in kinds)
        found.append(Verdict(run.name, "scalars", 0, False, (), fair, (), None, tuple(run.findings())))
    return found


def forget(root: Path) -> None:
    """Has them made anew."""
    for name in ("real", "samples"):
        shutil.rmtree(root / name, ignore_errors=True)
