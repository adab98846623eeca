"""Detectors of what a loss does over steps: each sees its fault, and not what only looks like it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from examples import examples
from hypothesis import given
from hypothesis import strategies as st
from made_trainings import falling, flat, mark, training, with_values

from tracker.findings.detectors.float16_overflow import float16_overflow
from tracker.findings.detectors.loss_spike import loss_spike
from tracker.findings.detectors.lr_schedule_bug import lr_schedule_bug
from tracker.findings.detectors.lr_too_high import lr_too_high
from tracker.findings.detectors.lr_too_low import lr_too_low
from tracker.findings.detectors.momentum_too_high import momentum_too_high
from tracker.findings.detectors.nan_or_inf import nan_or_inf
from tracker.findings.detectors.plateau import plateau
from tracker.findings.detectors.resume_jump import resume_jump
from tracker.findings.detectors.stuck_metric import stuck_metric
from tracker.findings.detectors.unshuffled_data import unshuffled_data
from tracker.findings.finding import Finding
from tracker.findings.training import Training

ALL = (
    float16_overflow, loss_spike, lr_schedule_bug, lr_too_high, lr_too_low, momentum_too_high, nan_or_inf, plateau,
    resume_jump, stuck_metric, unshuffled_data,
)  # fmt: skip


def said(about: Training, *detectors: Callable[..., Any]) -> list[Finding]:
    """All that these find, or all of them."""
    return [finding for find in detectors or ALL for finding in find(about)]


def kinds(about: Training) -> set[str]:
    """The kinds found that are more than information."""
    return {finding.kind for finding in said(about) if finding.severity != "info"}


# --- nothing is said without a fault ---------------------------------------------------------------------------


@examples(60)
@given(st.integers(0, 10_000), st.sampled_from((20, 60, 400, 1500)), st.floats(0.0, 0.8), st.floats(1e-4, 1.5))
def test_noise_around_a_falling_loss_is_no_fault(seed: int, count: int, noise: float, end: float) -> None:
    """The first property of all: an ordinary curve, whatever its noise, has no warning."""
    assert kinds(training({"train/loss": falling(seed, count, noise, end=end)})) == set()


@examples(30)
@given(st.integers(0, 10_000), st.sampled_from((20, 200, 1000)))
def test_what_two_sides_push_at_is_no_fault(seed: int, count: int) -> None:
    """Losses of GANs and of policies need not fall, whatever they do."""
    walk = np.abs(np.cumsum(np.random.default_rng(seed).standard_normal(count)))
    assert kinds(training({"loss/generator": walk, "loss/discriminator": walk[::-1], "loss": walk})) == set()
    assert kinds(training({"loss": walk, "episode/reward": walk})) == set()


FAULTS = {
    "diverges": (lambda: {"loss": np.exp(np.linspace(0, 5, 200))}, "lr_too_high"),
    "leaps": (lambda: {"loss": np.r_[2.3, 90, 150, 80, 12, flat(1, 200)]}, "lr_too_high"),
    "flat": (lambda: {"loss": flat(2)}, "plateau"),
    "spike": (lambda: {"loss": with_values(falling(3), 250, 30.0)}, "loss_spike"),
    "stuck": (lambda: {"loss": falling(4), "val_acc": np.full(40, 0.125)}, "stuck_metric"),
    "nan": (lambda: {"loss": with_values(falling(5), slice(217, None), np.nan)}, "nan_or_inf"),
    "order": (
        lambda: {"loss": falling(6) * np.tile(np.repeat([1, 3, 0.3, 2], 5), 20),
                 "val_loss": (np.arange(19, 400, 20), falling(7, 20))},
        "unshuffled_data",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("scale", [1e-3, 1.0, 1000.0])
def test_a_loss_in_other_units_has_the_same_faults(name: str, scale: float) -> None:
    """Multiplying a loss by a number changes nothing, and the kind is the right one, alone."""
    curves, kind = FAULTS[name][0](), FAULTS[name][1]
    scaled = {tag: each if tag.endswith("acc") else _times(each, scale) for tag, each in curves.items()}
    found = said(training(scaled))
    assert [(f.kind, f.step) for f in found if f.severity != "info"] == [
        (f.kind, f.step) for f in said(training(curves)) if f.severity != "info"
    ]
    assert kinds(training(scaled)) == {kind}


def _times(curve: Any, scale: float) -> Any:
    return (curve[0], curve[1] * scale) if isinstance(curve, tuple) else curve * scale


def test_every_finding_names_tags_that_were_logged_and_a_window_within_the_run() -> None:
    """The page draws the evidence."""
    for curves, _ in FAULTS.values():
        about = training(curves())
        for finding in said(about):
            assert finding.evidence.tags
            assert {*finding.evidence.tags} <= {*about.tags}
            assert finding.sentence.endswith(".")
            if finding.evidence.window:
                assert 0 <= finding.evidence.window[0] <= finding.evidence.window[1] < 400


# --- the rate --------------------------------------------------------------------------------------------------


def test_a_loss_that_leaps_and_comes_back_well_is_information() -> None:
    """A rate that works may overshoot in its first steps."""
    curve = np.r_[2.3, 8.0, 9.0, falling(1, 300)]
    assert [f.severity for f in said(training({"loss": curve}), lr_too_high)] == ["info"]
    assert said(training({"loss": with_values(curve, [1, 2], [5.0, 6.0])}), lr_too_high) == []


def test_growth_until_it_is_not_finite_is_a_rate_too_high() -> None:
    """Where it began to grow is the step, not where it became infinite."""
    curve = np.r_[flat(1, 20, 1.0), np.exp(np.linspace(1, 80, 12)), np.full(30, np.nan)]
    [finding] = said(training({"loss": curve}), lr_too_high)
    assert (finding.severity, 20 <= (finding.step or 0) <= 23) == ("error", True)


def test_a_search_for_the_rate_ends_where_it_is_too_high() -> None:
    """It is meant to: the rate rises by factors until the loss breaks."""
    curve = np.r_[falling(1, 150), np.exp(np.linspace(-1, 5, 50))]
    assert said(training({"loss": curve, "lr": np.geomspace(1e-6, 10, 200)})) == []
    assert kinds(training({"loss": curve})) == {"lr_too_high"}


def test_short_steps_are_a_rate_too_low() -> None:
    """With updates known; and fine-tuning of what is good already is none."""
    line = np.linspace(2.3, 2.1, 300) + 0.02 * np.random.default_rng(0).standard_normal(300)
    short = {"loss": line, "update_ratio/fc1.weight": np.full(15, 3e-5), "update_ratio/fc2.weight": np.full(15, 5e-5)}
    assert kinds(training(short)) == {"lr_too_low"}
    assert kinds(training(short | {"update_ratio/fc2.weight": np.full(15, 2e-3)})) == set()
    assert kinds(training(short | {"acc": np.linspace(0.9, 0.92, 300)})) == set()
    assert said(training(short | {"loss": falling(1)}), lr_too_low) == []


def test_a_rate_known_to_be_small_is_too_low_where_the_loss_falls_along_a_line() -> None:
    """Scalars alone: the optimizer says what is small."""
    line = np.linspace(2.3, 2.1, 300) + 0.02 * np.random.default_rng(0).standard_normal(300)
    lr = np.full(300, 1e-4)
    assert kinds(training({"loss": line, "lr": lr}, {"optimizer": "SGD"})) == {"lr_too_low"}
    assert kinds(training({"loss": line, "lr": lr}, {"optimizer": "SGD", "momentum": 0.99})) == set()
    assert kinds(training({"loss": line, "lr": lr}, {"optimizer": "Adam"})) == set()


T = np.arange(400)
GOOD_RATES = {
    "constant": np.full(400, 0.1),
    "cosine": 0.5 + 0.5 * np.cos(np.pi * T / 400),
    "restarts": 0.5 + 0.5 * np.cos(np.pi * (T % 100) / 100),
    "line with warm-up": np.minimum(1, (T + 1) / 40) * (1 - T / 400),
    "steps": 0.1 ** (1.0 * (T > 200) + (T > 300)),
    "inverse root": np.minimum(1, (T + 1) / 30) * np.minimum(1, np.sqrt(30 / (T + 1))),
    "triangle": 0.01 + 1 - np.abs(T / 200 - 1),
    "low first": np.where(T < 30, 0.1, 1.0),
    "triangles": 0.1 + np.abs((T / 20) % 2 - 1),
}
BAD_RATES = {
    "gone": (0.8**T, 10, 30),
    "leaps": (np.where(T < 200, 0.01, 1.0), 200, 200),
    "restart too high": ((0.5 + 0.5 * np.cos(np.pi * (T % 200) / 200)) * np.where(T < 200, 1, 30), 200, 200),
    "nothing at first": (np.where(T < 100, 0.0, 0.1), 0, 0),
    "warm-up without end": ((T + 1) / 10000, 0, 0),
    "stepped beyond its end": (0.5 + 0.5 * np.cos(np.pi * T / 10), 0, 0),
}


@pytest.mark.parametrize("name", GOOD_RATES)
def test_schedules_in_use_are_no_fault(name: str) -> None:
    """Whatever the loss does: these are the plan."""
    assert said(training({"loss": falling(1), "lr": GOOD_RATES[name]}), lr_schedule_bug) == []
    assert said(training({"loss": flat(1), "lr": GOOD_RATES[name]}), lr_schedule_bug) == []


@pytest.mark.parametrize("name", BAD_RATES)
def test_a_rate_that_is_gone_or_leaps_is_a_fault(name: str) -> None:
    """With the step from which it is."""
    rate, first, last = BAD_RATES[name]
    [finding] = said(training({"loss": falling(1, end=1.0), "lr": rate}), lr_schedule_bug)
    assert finding.severity != "info"
    assert first <= (finding.step or 0) <= last


def test_a_rate_that_somebody_set_on_the_page_is_no_fault() -> None:
    """It is marked."""
    curves = {"loss": falling(1), "lr": BAD_RATES["leaps"][0]}
    assert said(training(curves, marks=[mark(199, "lr", "lr 0.01 -> 1")]), lr_schedule_bug) == []


# --- waves, spikes, standing still -------------------------------------------------------------------------------


def test_slow_waves_are_momentum_unless_the_rate_makes_them() -> None:
    """And the settings' word makes it surer."""
    wave = falling(1, 600, 0.03, end=0.5) * np.exp(0.8 * np.sin(np.arange(600) / 14))
    assert kinds(training({"loss": wave})) == {"momentum_too_high"}
    assert "momentum_too_high" in kinds(training({"loss": wave}, {"optimizer": "SGD", "momentum": 0.995}))
    rate = 1.1 + np.sin(np.arange(600) / 14)
    assert said(training({"loss": wave, "lr": rate}), momentum_too_high) == []
    assert said(training({"loss": wave}, {"momentum": 0.9}), momentum_too_high) == []


def test_a_momentum_that_trains_well_is_information() -> None:
    """nnU-Net's is 0.99."""
    assert {f.severity for f in said(training({"loss": falling(1)}, {"momentum": 0.99}), momentum_too_high)} == {"info"}


def test_one_batch_out_of_line_is_a_spike_at_its_step() -> None:
    """Also two of them; but not the heavy tail of small batches."""
    [finding] = said(training({"loss": with_values(falling(3), [250, 300], [30.0, 40.0])}), loss_spike)
    assert finding.step == 250
    tail = falling(3, end=0.02) * np.exp(2 * np.random.default_rng(1).standard_normal(400))
    assert said(training({"loss": tail}), loss_spike) == []
    assert said(training({"loss": with_values(falling(3), slice(250, None), 30.0)}), loss_spike) == []


def test_the_last_batch_of_an_epoch_may_be_two_samples() -> None:
    """It is where the validation is logged."""
    held = (np.arange(19, 400, 20), falling(7, 20))
    spike = with_values(falling(3), 259, 6.0)
    assert kinds(training({"loss": spike})) == {"loss_spike"}
    assert kinds(training({"loss": spike, "val_loss": held})) == set()


def test_a_loss_below_zero_can_spike() -> None:
    """A log-likelihood that falls from 1 to -2."""
    curve = np.linspace(1, -2, 300) + 0.05 * np.random.default_rng(1).standard_normal(300)
    assert said(training({"loss": curve})) == []
    assert kinds(training({"loss": with_values(curve, 200, 40.0)})) == {"loss_spike"}


def test_data_with_little_signal_is_no_plateau() -> None:
    """The loss falls by 1 %, clearly, and the validation follows."""
    random = np.random.default_rng(2)
    curve = 0.693 - 0.012 * (1 - np.exp(-np.arange(500) / 100)) + 0.004 * random.standard_normal(500)
    held = (
        np.arange(24, 500, 25),
        0.693 - 0.01 * (1 - np.exp(-np.arange(20) / 4)) + 0.0003 * random.standard_normal(20),
    )
    assert kinds(training({"loss": curve, "val_loss": held})) == set()
    assert kinds(training({"loss": flat(1), "acc": np.full(400, 0.97)})) == set()


def test_a_number_that_cannot_move_is_stuck() -> None:
    """A validation loss of an old copy; but not an accuracy that is as high as it gets, nor a loss of 0."""
    held = np.arange(9, 400, 10)
    assert kinds(training({"loss": falling(1), "val_loss": (held, np.full(40, 2.302585))})) == {"stuck_metric"}
    assert kinds(training({"loss": falling(1), "val_acc": (held, np.full(40, 0.9722))})) == set()
    assert kinds(training({"loss": falling(1), "aux_loss": np.zeros(400)})) == set()
    assert kinds(training({"loss": falling(1), "val_acc": (held, np.r_[0.1, 0.3, np.full(38, 1.0)])})) == set()


# --- resumes and order -------------------------------------------------------------------------------------------


def test_a_loss_that_leaps_at_a_resume_lost_something() -> None:
    """At the first step after it; the same leap elsewhere is no resume, and a resume without one is fine."""
    broken = np.r_[falling(1, 200), falling(2, 200)]
    [finding] = said(training({"loss": broken}, marks=[mark(199, "resume")]), resume_jump)
    assert (finding.step, finding.severity) == (200, "warning")
    assert said(training({"loss": broken}, marks=[mark(320, "resume")]), resume_jump) == []
    assert said(training({"loss": falling(1)}, marks=[mark(199, "resume")]), resume_jump) == []


def test_a_long_pause_is_a_resume() -> None:
    """As imported runs have them, without a mark."""
    broken = np.r_[falling(1, 200), falling(2, 200)]
    seconds = np.arange(400.0) + np.where(np.arange(400) < 200, 0, 3600)
    assert [f.step for f in said(training({"loss": broken}, seconds=seconds), resume_jump)] == [200]


def test_steps_that_begin_anew_are_a_resume() -> None:
    """A script that counts from 0 again; the first step after it is the finding's."""
    broken, steps = np.r_[falling(1, 200), falling(2, 200)], np.r_[np.arange(200), np.arange(50, 250)]
    assert [f.step for f in said(training({"loss": (steps, broken)}), resume_jump)] == [50]


@examples(40)
@given(st.integers(0, 10_000), st.floats(0.02, 1.5), st.integers(20, 380))
def test_a_resume_among_noise_is_no_fault(seed: int, noise: float, at: int) -> None:
    """Small batches have heavy tails; going on as before is no leap."""
    found = said(training({"loss": falling(seed, 400, noise)}, marks=[mark(at, "resume")]), resume_jump)
    assert [f for f in found if f.severity != "info"] == []


@examples(40)
@given(st.integers(0, 10_000), st.floats(0.02, 1.0))
def test_a_new_order_each_epoch_is_no_fault(seed: int, noise: float) -> None:
    """Nor is a staircase, nor a mean that starts anew each epoch, nor a last batch that is smaller."""
    held = {"val_loss": (np.arange(19, 400, 20), falling(seed + 1, 20))}
    curve = falling(seed, 400, noise)
    means = (curve.reshape(20, 20).cumsum(1) / np.arange(1, 21)).reshape(-1)
    stairs = np.repeat(falling(seed, 20, 0), 20) * np.exp(noise * np.random.default_rng(seed).standard_normal(400))
    last = curve * np.where(np.arange(400) % 20 == 19, 0.5, 1)
    for each in (curve, means, stairs, last):
        assert [f for f in said(training({"loss": each} | held), unshuffled_data) if f.severity != "info"] == []


def test_labels_in_order_are_seen_before_any_epoch_is_over() -> None:
    """The trainer counts them."""
    curves = {"train/loss": falling(1), "batch/label_change": np.full(8, 0.97), "batch/classes": np.full(8, 1.0)}
    assert kinds(training(curves)) == {"unshuffled_data"}
    assert kinds(training(curves | {"batch/label_change": np.full(8, 0.1)})) == set()


# --- odd trainings ----------------------------------------------------------------------------------------------------


@examples(60)
@given(st.lists(st.floats(), max_size=60), st.lists(st.floats(), max_size=12), st.booleans())
def test_any_points_at_all_are_examined(loss: list[float], held: list[float], is_marked: bool) -> None:
    """No series is too short, too large or too odd."""
    with np.errstate(all="ignore"):
        said(training({"loss": loss, "val_loss": held, "val_acc": held, "lr": loss, "update_ratio/a.weight": held,
                       "batch/label_change": held}, {"momentum": 0.99}, [mark(5, "resume")] * is_marked))  # fmt: skip
