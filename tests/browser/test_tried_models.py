"""Models of other kinds where models are tried: numbers, texts, names that hold markup, and a server that only reads."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tried_models
from drawing import LEFT, draw

import tracker


def test_numbers_have_a_field_each_and_rows_can_be_pasted(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """By the signature; what is no number is a sentence, and asked no further."""
    from trainer import nn

    with tracker.init(logdir=logdir, name="rows", machine=False) as run:
        model = nn.Sequential(nn.Linear(3, 1))
        model[0].weight.data[...] = 1
        model[0].bias.data[...] = 0.5
        run.log_model(model, "sum", inputs={"x": (None, 3)}, outputs={"y": (None, 1)}, step=0)
    page.goto(f"{serve(logdir, '--no-token').base}/?p=try")
    until(page, "window.viz?.ready && document.querySelectorAll('.try-fields input').length === 3")
    assert page.is_hidden(".try-pad")
    page.fill(".try-fields input >> nth=0", "2")
    until(page, "document.querySelector('.try-word').textContent === '2.5'")
    page.fill(".try-fields input >> nth=1", "two")
    until(page, "document.querySelector('.try-problem').textContent.includes('number 2')")
    page.evaluate("""() => {
      const data = new DataTransfer();
      data.setData("text", "1, 2;3");
      document.querySelector(".try-fields input").dispatchEvent(
        new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
    }""")
    until(page, "document.querySelector('.try-word').textContent === '6.5'")


HOSTILE = "<img src=x onerror='window.struck=1'>"


def test_markup_in_names_classes_and_titles_is_text(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """Of runs, models, classes, inputs, cases; and none makes the page wider than it is."""
    name = HOSTILE.replace("/", "")
    classes = [HOSTILE * 8, "constructor"]
    with tracker.init(logdir=logdir, name=f"a {name}", machine=False) as run:
        run.log({"loss": 1.0}, step=0)
        run.log_model(
            tried_models.halves(), HOSTILE, inputs={HOSTILE: (None, 1, 8, 8)}, outputs={HOSTILE: (None, 2)},
            classes=classes, preprocess=tried_models.PREPROCESS, step=0,
        )  # fmt: skip
        run.flush()
        served = serve(logdir, "--no-token")
        page.goto(f"{served.base}/?p=try")
        until(page, "window.viz?.ready && viz.page()?.columns.length === 1")
        page.uncheck("label:has-text('Centre the drawing') input")
        draw(page, LEFT)
        until(page, "viz.ready && viz.page().columns[0].top.length === 2")
        page.click("text=Keep this case")
        page.fill("[aria-label='Name of the case']", HOSTILE * 3)
        page.click(".try-keep .chip >> nth=0")
        until(page, "viz.page().cases[0]?.cells === 1")
        page.click(".try-pick")
        assert HOSTILE in page.inner_text(".menu")
    assert page.evaluate("window.struck") is None
    assert page.evaluate("document.querySelectorAll('img[src=x]').length") == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 1440
    assert page.evaluate("document.querySelector('#view').scrollWidth <= document.querySelector('#view').clientWidth")


def test_a_read_only_server_answers_and_offers_no_keeping(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """The button is there and says why it is off."""
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        tried_models.log(run, 0)
    page.goto(f"{serve(logdir, '--no-token', '--read-only').base}/?p=try")
    until(page, "window.viz?.ready && viz.page()?.columns.length === 1")
    draw(page, LEFT)
    until(page, "viz.ready && viz.page().columns[0].top.length === 2")
    until(page, "document.querySelector('.try-note').textContent.includes('read-only')")
    assert page.is_disabled("text=Keep this case")


def test_a_text_that_a_model_puts_out_is_shown(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """A network whose answer is a word and no probabilities; a word is no number, and not NaN."""
    onnx = pytest.importorskip("onnx", reason="makes the network: pip install onnx")
    pytest.importorskip("onnxruntime", reason="answers: pip install onnxruntime")
    value, kinds = onnx.helper.make_tensor_value_info, onnx.TensorProto
    word = onnx.helper.make_tensor("word", kinds.STRING, [1, 1], [b"near"])
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("Constant", [], ["y"], value=word)], "words",
        [value("x", kinds.FLOAT, [None, 2])], [value("y", kinds.STRING, [1, 1])],
    )  # fmt: skip
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)
    (logdir.parent / "words.onnx").write_bytes(model.SerializeToString())
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        run.log_model(logdir.parent / "words.onnx", "words")
    page.goto(f"{serve(logdir, '--no-token').base}/?p=try")
    until(page, "window.viz?.ready && viz.page()?.columns.length === 1")
    page.fill(".try-field", "0")
    until(page, "document.querySelector('.try-answer').textContent.includes('near')")
    assert "NaN" not in page.inner_text(".try-answer")
