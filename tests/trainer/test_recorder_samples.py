"""Steps of the samples, executed again from what the recorder left on the disk, are what they were."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


def benchmark(monkeypatch: pytest.MonkeyPatch) -> Any:
    """benchmarks/replay.py, which does the same and prints it."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.setenv(name, "1")  # which it sets itself, and which is taken back
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    spec = importlib.util.spec_from_file_location("replay_benchmark", ROOT / "benchmarks" / "replay.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    return module


@pytest.mark.long
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("sample", ["digits", "characters"])
def test_a_hundred_random_steps_are_equal_bit_for_bit(
    sample: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Loss and every gradient, of trainings recorded within their allowance (issue 19)."""
    module = benchmark(monkeypatch)
    truth, make = getattr(module, f"train_{sample}")(tmp_path)
    _, same, said, *_ = module.equal(sample, truth, make, tmp_path, 100, seed=1)
    assert (same, said) == ("100 of 100", "100 of 100")


@pytest.mark.parametrize("sample", ["digits", "characters"])
def test_a_few_steps_are(sample: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of trainings that are short."""
    module = benchmark(monkeypatch)
    monkeypatch.setattr(module, "EPOCHS", 1)
    monkeypatch.setattr(module, "CHARACTERS", 25)
    truth, make = getattr(module, f"train_{sample}")(tmp_path)
    _, same, said, *_ = module.equal(sample, truth, make, tmp_path, 3)
    assert (same, said) == ("3 of 3", "3 of 3")
