"""The page of quality: curves, a threshold that moves the confusion matrix, steps, live."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import tracker


def curve(step: int) -> tracker.PRCurve:
    rng = np.random.default_rng(step)
    truth = rng.random(500) < 0.4
    return tracker.PRCurve(truth, np.clip(0.5 + (truth - 0.5) * step / 10 + 0.2 * rng.normal(size=500), 0, 1))


def test_the_threshold_moves_the_matrix_and_the_step_the_curves(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """Runs side by side; at the right end of the slider the page follows a run that goes on."""
    runs = [tracker.init(logdir=logdir, name=name, machine=False) for name in ("first", "second")]
    for run in runs:
        for step in (1, 2, 3):
            run.log({"val/<b>spam</b>": curve(step)}, step=step)
        run.log({"val/digits": tracker.ConfusionMatrix([0, 1, 1], [0, 1, 0], class_names=["<i>a</i>", "b"])}, step=1)
        run.flush()
    runs[0].finish()
    page.goto(f"{serve(logdir, '--no-token').address}?p=quality")
    until(page, "viz.ready")
    told = page.evaluate("viz.page()['val/<b>spam</b>']")
    assert set(told) == {"first", "second"}
    stored = tracker.open(logdir).run("first").pr_curves("val/<b>spam</b>")[-1]
    assert told["first"]["step"] == 3
    assert told["first"]["tp"] == stored.tp[63]
    slider = page.query_selector(".quality-threshold input")
    slider.evaluate("(input) => { input.value = '0.9'; input.dispatchEvent(new Event('input')); }")
    after = page.evaluate("viz.page()['val/<b>spam</b>'].first")
    assert after["tp"] < told["first"]["tp"]
    assert f"{after['tp']:.0f}" in page.inner_text(".confusion:has-text('first') table")
    canvas = page.query_selector(".unit-chart canvas").bounding_box()
    page.mouse.click(canvas["x"] + canvas["width"] - 12, canvas["y"] + canvas["height"] - 60)
    until(page, "viz.page()['val/<b>spam</b>'].first.recall > 0.99")
    runs[1].log({"val/<b>spam</b>": curve(9)}, step=9)
    until(page, "viz.page()['val/<b>spam</b>'].second.step === 9")
    steps = page.query_selector(".quality-steps input")
    steps.evaluate("(input) => { input.value = '0'; input.dispatchEvent(new Event('input')); }")
    assert page.evaluate("viz.page()['val/<b>spam</b>'].second.step") == 1
    assert page.evaluate("viz.page()['val/digits'].first.counts") == [1, 0, 1, 1]
    assert page.query_selector(".quality b, .quality table i") is None
    page.get_by_label("Show first").click()
    until(page, "Object.keys(viz.page()['val/digits']).join() === 'second'")
    runs[1].finish()
