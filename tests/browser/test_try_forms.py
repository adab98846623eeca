"""A model that takes no picture, asked on the page: fields of numbers, numbers as JSON, words; and a finger that draws."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import served_models
import tried_models

import tracker
from trainer import nn


@pytest.fixture
def asks(logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]) -> Callable[..., None]:
    """Logs a model and opens the page on it."""

    def open_page(log: Callable[[Any], None]) -> None:
        with tracker.init(logdir=logdir, name="run", machine=False) as run:
            log(run)
        page.goto(f"{serve(logdir, '--no-token').base}/?p=try")
        until(page, "window.viz?.ready && viz.page()?.columns.length === 1")

    return open_page


def summing(run: Any) -> None:
    """Scores of three numbers: their sum, and its opposite."""
    model = nn.Linear(3, 2, bias=False)
    model.weight.data[...] = np.array([[1, 1, 1], [-1, -1, -1]], np.float32)
    run.log_model(model, "sums", inputs=(None, 3), classes=["more", "less"], step=1)


def top(page: Any) -> list[str]:
    return [each["name"] for each in page.evaluate("viz.page().columns[0].top")]


def test_fields_of_numbers_are_filled_by_hand_or_at_once(
    asks: Callable[..., None], page: Any, until: Callable[..., Any]
) -> None:
    """A field that is left empty is 0; what is no number is marked and not asked; a copied row fills all."""
    asks(summing)
    assert page.locator(".try-fields input").count() == 3
    page.fill("[aria-label='x, number 1 of 3'], [aria-label='input, number 1 of 3']", "−2.5")
    until(page, "viz.ready && viz.page().columns[0].top[0]?.name === 'less'")
    first = page.locator(".try-fields input").first
    first.fill("two")
    until(page, "document.querySelector('.try-fields input').getAttribute('aria-invalid') === 'true'")
    until(page, "document.body.textContent.includes('“two” is no number')")
    first.evaluate(
        """field => field.dispatchEvent(Object.assign(new Event("paste", { bubbles: true, cancelable: true }), {
             clipboardData: { getData: () => "1.5, 2\\t4" },
           }))"""
    )
    until(page, "viz.ready && viz.page().columns[0].top[0]?.name === 'more'")
    assert [each.input_value() for each in page.locator(".try-fields input").all()] == ["1.5", "2", "4"]


def test_numbers_of_many_axes_are_json(asks: Callable[..., None], page: Any, until: Callable[..., Any]) -> None:
    """Half-written JSON is no error that anybody asked for; lists of uneven length say so; one sample is a batch of one."""

    def log(run: Any) -> None:
        model = nn.Sequential(nn.Flatten(), nn.Linear(40, 2, bias=False))
        model[1].weight.data[...] = np.stack([np.ones(40), -np.ones(40)]).astype(np.float32)
        run.log_model(model, "grid", inputs=(None, 5, 8, 1, 1), classes=["more", "less"], step=1)

    asks(log)
    box = page.locator("textarea.try-field")
    box.fill("[[[[0.5")
    until(page, "document.body.textContent.includes('this is not JSON yet')")
    box.fill("[[1, 2], [3]]")
    until(page, "!document.body.textContent.includes('this is not JSON yet')")
    box.fill(str(np.full((5, 8, 1, 1), -1.0).tolist()))
    until(page, "viz.ready && viz.page().columns[0].top[0]?.name === 'less'")


def test_words_are_asked_as_they_are_written(
    asks: Callable[..., None], page: Any, until: Callable[..., Any], tmp_path: Path
) -> None:
    """A model whose input are texts has a box of words; line breaks, quotes and other scripts arrive."""
    pytest.importorskip("onnx", reason="makes a model of texts: pip install onnx")
    pytest.importorskip("onnxruntime", reason="runs it: pip install 'everystep[serve]'")
    asks(lambda run: run.log_model(served_models.echo(tmp_path / "echo.onnx"), "echo", step=1))
    page.locator("textarea.try-field").fill('"naïve"\n<b>東京</b>')
    until(page, "viz.ready && document.querySelector('.try-columns, #view').textContent.includes('<b>東京</b>')")
    assert page.locator("#view b", has_text="東京").count() == 0


def test_a_finger_draws(asks: Callable[..., None], page: Any, until: Callable[..., Any]) -> None:
    """A touch draws as a pointer does, and does not scroll the page away below it."""
    asks(lambda run: tried_models.log(run, 1, 1.0))
    page.uncheck("label:has-text('Centre the drawing') input")
    box = page.query_selector(".try-pad").bounding_box()
    line = page.context.new_cdp_session(page)
    for i in range(11):
        place = {"x": box["x"] + 0.2 * box["width"], "y": box["y"] + (0.2 + 0.06 * i) * box["height"]}
        line.send("Input.dispatchTouchEvent", {"type": "touchMove" if i else "touchStart", "touchPoints": [place]})
    line.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    until(page, "viz.ready && viz.page().columns[0].top[0]?.name === 'left'")
    assert page.evaluate("document.querySelector('#view').scrollTop") == 0
