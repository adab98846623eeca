"""Values that are not finite: the first one, its layer, and what is not finite by design."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from made_trainings import falling, mark, training, with_values

from tracker.findings.detectors.float16_overflow import float16_overflow
from tracker.findings.detectors.nan_or_inf import nan_or_inf
from tracker.findings.finding import Finding
from tracker.findings.training import Training


def said(about: Training, *detectors: Callable[..., Any]) -> list[Finding]:
    """All that these find, or both of them."""
    return [finding for find in detectors or (float16_overflow, nan_or_inf) for finding in find(about)]


def loud(about: Training) -> set[str]:
    """The kinds found that are more than information."""
    return {finding.kind for finding in said(about) if finding.severity != "info"}


def test_the_first_value_that_is_not_finite_names_its_layer_and_step() -> None:
    """By the first output; where all are, none is named."""
    heavy = np.arange(0, 400, 20)
    nan = np.where(heavy >= 220, np.nan, 1.0)
    curves = {"loss": with_values(falling(5), slice(217, None), np.nan)}
    layers = {"act_norm/fc1": (heavy, np.ones(20)), "act_norm/fc2": (heavy, nan), "act_norm/out": (heavy, nan)}
    [finding] = said(training(curves | layers), nan_or_inf)
    assert (finding.layer, finding.step, finding.severity) == ("fc2", 217, "error")
    [finding] = said(training(curves | layers | {"act_norm/fc1": (heavy, nan)}), nan_or_inf)
    assert (finding.layer, finding.step) == (None, 217)


def test_a_mark_names_layer_and_the_loss_the_step() -> None:
    """Watching looks every so many steps; the loss may have shown it before."""
    about = training({"loss": with_values(falling(5), slice(217, None), np.nan)},
                     marks=[mark(220, "anomaly", "Linear fc2 put out …", node="body/fc2/Linear", operation="Linear")])  # fmt: skip
    [finding] = said(about, nan_or_inf)
    assert (finding.layer, finding.step) == ("body.fc2", 217)


def test_what_is_not_finite_by_design_is_no_fault() -> None:
    """A metric between evaluations, a best value yet to come, gradients under a loss scale."""
    curves = {
        "loss": falling(5), "val/auc": np.where(np.arange(400) % 20, np.nan, 0.9),
        "best_val_loss": np.r_[np.full(20, np.inf), np.ones(380)],
        "grad_norm": with_values(np.ones(400), [3, 90, 200], np.inf),
    }  # fmt: skip
    assert loud(training(curves, {"precision": "fp16"})) == set()
    assert loud(training({"loss": with_values(falling(5), 250, np.nan)})) == {"nan_or_inf"}


@pytest.mark.parametrize(
    ("config", "is_half"),
    [({"precision": "fp16"}, True), ({"amp": True}, True), ({"trainer": {"precision": "16-mixed"}}, True),
     ({"dtype": "torch.float16"}, True), ({"fp16": True}, True), ({"fp16": False}, False), ({"precision": 16}, True),
     ({"precision": "bf16-mixed"}, False), ({"amp": True, "amp_dtype": "bfloat16"}, False), ({"precision": 32}, False),
     ({"precision": "32-true"}, False), ({}, False)],
)  # fmt: skip
def test_half_precision_is_what_overflows(config: dict[str, Any], is_half: bool) -> None:
    """By the settings, whatever they are called."""
    about = training({"loss": with_values(falling(5), slice(217, None), np.inf)}, config)
    assert [f.kind for f in said(about, float16_overflow)] == ["float16_overflow"] * is_half


def test_a_loss_scale_that_never_comes_back_is_an_overflow() -> None:
    """A scale that is halved now and then, and doubled again, is how it works."""
    assert [f.kind for f in said(training({"loss_scale": 2.0 ** np.arange(16, 0, -1)}))] == ["float16_overflow"]
    assert said(training({"loss_scale": 2.0 ** np.r_[16, 15, 14, 13, 14, 15, 16, 15, 16]})) == []
