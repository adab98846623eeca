"""Models run by the browser: on the page Try, and in a model card from the disk. Both with the network cut."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tracker
from dashboard.cli import main
from dashboard.http import installed_scripts
from dashboard.server import security
from sample_runs.digits import PREPROCESS, make_model

HOSTILE = "</script><img src=x onerror=window.struck=1>"

needs_package = pytest.mark.skipif(
    not all(map(installed_scripts.place, installed_scripts.ONNXRUNTIME)),
    reason="needs ONNX Runtime for browsers, which tests/run installs where npm answers: pip install ./everystep_try",
)


def log_digits(logdir: Path, name: str = "digits", classes: list[str] | None = None, **settings: Any) -> None:
    """A run with an untrained network, whose answers are as good to compare as any."""
    model = make_model()
    for parameter in model.parameters():
        parameter.data *= 3  # so that it prefers some classes
    with tracker.init(logdir=logdir, name="a", **settings) as run:
        run.log({"loss": 0.25}, step=7)
        run.log_model(
            model, name, inputs={"image": (None, 1, 8, 8)}, outputs={"scores": (None, 10)}, step=7, preprocess=PREPROCESS,
            classes=classes or [str(digit) for digit in range(10)],
        )  # fmt: skip


def draw(page: Any, *, at: tuple[float, float], to: tuple[float, float]) -> None:
    """A stroke on the sheet, in shares of its size."""
    box = page.locator(".try-pad").bounding_box()
    x, y = ([box[side] + share * box[size] for share in (at[i], to[i])] for i, (side, size) in enumerate((("x", "width"), ("y", "height"))))  # fmt: skip
    page.mouse.move(x[0], y[0])
    page.mouse.down()
    page.mouse.move(x[1], y[1], steps=4)
    page.mouse.up()


def same(found: list[dict[str, Any]], wanted: list[tuple[str, float]]) -> None:
    """The same classes in the same order, as likely to 1e-4."""
    assert [each["name"] for each in found] == [name for name, _ in wanted]
    assert [each["p"] for each in found] == pytest.approx([p for _, p in wanted], abs=1e-4)


def ask_the_browser(page: Any, served: Any, until: Callable[..., Any]) -> None:
    """Opens the page Try and chooses who answers."""
    page.goto(f"{served.address}&p=try")
    until(page, "window.viz?.ready && document.querySelector('.try-pad') !== null")
    page.get_by_role("radio", name="Browser").click()


@needs_package
def test_the_browser_answers_as_python_does_with_the_network_cut(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """The server is asked for the network's file, and then for nothing; no other policy than the worker's allows it."""
    log_digits(logdir)
    asked: list[Any] = []
    page.on("request", lambda request: asked.append(request))
    ask_the_browser(page, serve(logdir), until)
    until(page, "document.querySelector('.try-who').dataset.by === 'browser'")
    draw(page, at=(0.3, 0.2), to=(0.6, 0.8))
    until(page, "document.querySelector('.try-said').textContent.endsWith('by the browser')", 60)
    assert sum("/api/v1/models/onnx" in each.url for each in asked) == 1
    assert not any("/api/v1/try" in each.url for each in asked)
    refused = "WebAssembly.compile(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])).then(() => '', (error) => error.name)"
    assert page.evaluate(refused) == "CompileError"  # in the page itself, now as before

    with page.expect_request("**/api/v1/try") as question:
        page.get_by_role("radio", name="Server").click()
    until(page, "document.querySelector('.try-said').textContent.endsWith('by the server')")
    given = np.asarray(question.value.post_data_json["input"]["image"], np.float32)

    # The sketch in the list of runs is asked for a moment after the page is there.
    until(page, "performance.getEntriesByType('resource').some(({ name }) => name.endsWith('/api/v1/curves'))")
    page.context.set_offline(True)
    del asked[:]
    page.get_by_role("radio", name="Browser").click()
    until(page, "document.querySelector('.try-said').textContent.endsWith('by the browser')")
    found = page.evaluate("viz.page().columns[0].top")
    same(found, tracker.open(logdir).run("a").model("digits").top({"image": given}))
    page.get_by_role("button", name="Clear").click()
    draw(page, at=(0.2, 0.5), to=(0.9, 0.4))
    until(page, f"((top) => top.length === 10 && top[0].p !== {found[0]['p']})(viz.page().columns[0].top)")
    assert not [each.url for each in asked if "/live" not in each.url and "/session" not in each.url]
    page.excuse("ERR_INTERNET_DISCONNECTED", "WebSocket", "CompileError", "Content Security Policy")


def test_without_the_package_the_page_says_what_to_install(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """And the server answers."""
    log_digits(logdir)
    why = "To run models in the browser: pip install 'everystep[try]', and start viz anew."
    page.route("**/packages/onnxruntime", lambda route: route.fulfill(json={"files": None, "why": why}))
    ask_the_browser(page, serve(logdir), until)
    until(page, "document.querySelector('.try-who .hint').textContent.includes(\"pip install 'everystep[try]'\")")
    draw(page, at=(0.3, 0.2), to=(0.6, 0.8))
    until(page, "document.querySelector('.try-said').textContent.endsWith('by the server')")
    assert page.get_by_role("radio", name="Server").get_attribute("aria-checked") == "true"


@needs_package
@pytest.mark.parametrize("name", ["digits", HOSTILE[:60]], ids=["plain", "hostile"])
def test_a_model_card_answers_from_the_disk(
    name: str, logdir: Path, tmp_path: Path, new_page: Callable[..., Any], until: Callable[..., Any]
) -> None:
    """As Python does, in one file that asks nobody anything; names, classes and settings are text in it."""
    classes = [f"{HOSTILE}{digit}" for digit in range(10)]
    log_digits(logdir, name, classes, config={HOSTILE: HOSTILE, "lr": 0.5}, notes=HOSTILE)
    file = tmp_path / "card.html"
    assert main(["export", "--logdir", str(logdir), "a", "--model", name, "-o", str(file)]) == 0
    page = new_page()
    page.context.set_offline(True)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(file.as_uri())
    x = np.random.default_rng(0).random((1, 1, 8, 8), np.float32)
    ask = "(values) => card.ask(new Map([['image', { dtype: 'float32', shape: [1, 1, 8, 8], values }]])).then(({ top }) => top)"
    model = tracker.open(logdir).run("a").model(name)
    same(page.evaluate(ask, x.ravel().tolist()), model.top({"image": x}))
    draw(page, at=(0.3, 0.2), to=(0.6, 0.8))
    until(page, "card.answer()?.top.length === 10")
    shown = page.inner_text("body")
    assert "step 7" in shown
    assert model.digest in shown
    assert "0.25 at step 7" in shown
    assert page.locator("td", has_text="0.5").count()
    assert page.inner_text("h1") == name
    assert page.evaluate("window.struck") is None
    assert [each for each in asked if not each.startswith(("blob:", "data:"))] == [file.as_uri()]
    policy = page.locator("meta[http-equiv]").get_attribute("content")
    assert "unsafe-inline" not in policy
    assert "'unsafe-eval'" not in policy
    page.excuse("file://")


def test_no_page_is_allowed_more(logdir: Path, serve: Callable[..., Any], page: Any) -> None:
    """Whichever page a document begins with, its policy is the same; of all that the server sends, one script has more."""
    log_digits(logdir)
    served = serve(logdir)
    page.goto(served.address)
    policies = {
        page.request.get(f"{served.base}/?p={name}").headers["content-security-policy"]
        for name in ("curves", "try", "media", "panes", "runs", "")
    }
    assert policies == {security.content_policy()}
    assert "wasm" not in security.content_policy()
    (assets,) = {each.partition("/assets/")[2].partition("/")[0] for each in page.evaluate("[...document.querySelectorAll('link[rel=stylesheet]')].map((each) => each.href)")}  # fmt: skip
    for name in ("app.bundle.js", "pages/try/page.bundle.js", "pages/try/in_browser.js", security.MODEL_WORKER):
        answer = page.request.get(f"{served.base}/assets/{assets}/{name}")
        assert ("wasm-unsafe-eval" in answer.headers["content-security-policy"]) == (name == security.MODEL_WORKER), (
            name
        )
