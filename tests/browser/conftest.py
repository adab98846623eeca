"""A real browser: Chromium, driven by Playwright. A page that logs an error or asks another host fails its test."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import pytest
from chromium import ABSENT, FLAGS, WITHOUT_DASH
from chromium import path as chromium_path
from training_process import Training, trainings

import tracker

playwright_api = pytest.importorskip("playwright.sync_api", reason="needs the test extra: pip install everystep[test]")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder drives a browser."""
    for item in items:
        if "browser" in item.path.parts:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """The browser, one for all tests."""
    path = chromium_path()
    if path is None:
        pytest.skip(ABSENT)
    with playwright_api.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, headless=True, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def new_page(chromium: Any, request: pytest.FixtureRequest) -> Iterator[Callable[..., Any]]:
    """Opens pages: new_page(width=…, height=…, theme=…). Their faults are gathered and fail the test at its end.

    What a test brings about itself, such as a refusal, it excuses by words: page.excuse("404"). It holds for the whole
    test, since a browser says such things sooner or later.
    """
    has_dash = request.node.get_closest_marker("dash") is not None or os.environ.get("EVERYSTEP_DASH") == "1"
    faults: list[str] = []
    excused: list[str] = []
    contexts: list[Any] = []

    def open_page(width: int = 1440, height: int = 900, theme: str = "light") -> Any:
        context = chromium.new_context(viewport={"width": width, "height": height}, color_scheme=theme)
        contexts.append(context)
        if not has_dash:
            context.add_init_script(WITHOUT_DASH)
        page = context.new_page()
        page.faults, page.excuse = faults, lambda *words: excused.extend(words)
        page.on("pageerror", lambda error: faults.append(f"page error: {error}"))
        page.on(
            "console",
            lambda said: (
                faults.append(f"console: {said.text} ({said.location.get('url')})") if _is_fault(said) else None
            ),
        )
        page.on(
            "request",
            lambda request: faults.append(f"left the machine: {request.url}") if not _is_local(request.url) else None,
        )
        return page

    yield open_page
    for context in contexts:
        context.close()
    left = [fault for fault in faults if not any(words in fault for words in excused)]
    assert not left, "\n".join(left)


def _is_fault(said: Any) -> bool:
    # How a browser without a GPU speaks of its own way to show what WebGL drew; no page can help it.
    return said.type in ("error", "warning") and "GPU stall due to ReadPixels" not in said.text


def _is_local(address: str) -> bool:
    parts = urlparse(address)
    local = ("127.0.0.1", "localhost", "::1", "training.example")
    return parts.scheme in ("data", "blob", "about") or parts.hostname in local


@pytest.fixture
def page(new_page: Callable[..., Any]) -> Any:
    """One page of usual size."""
    return new_page()


@pytest.fixture
def train() -> Iterator[Callable[..., Training]]:
    """As that of all tests, but forked: what a page shows of a training is what matters here."""
    with trainings(Training.forked) as begin:
        yield begin


@pytest.fixture
def serve_live(serve: Callable[..., Any]) -> Iterator[Callable[..., Any]]:
    """Serves a logdir in which one run, `live`, goes on: serve_live(logdir, config, values); its `.live` is that run."""
    open_runs: list[tracker.Run] = []

    def start(logdir: Path, config: dict[str, Any], values: dict[str, float]) -> Any:
        run = tracker.init(logdir=logdir, name="live", config=config, machine=False)
        open_runs.append(run)
        run.log(values, step=0)
        run.flush()
        served = serve(logdir, "--no-token")
        served.live = run
        return served

    yield start
    for run in open_runs:
        run.finish()


@pytest.fixture
def sweep(logdir: Path, fill: Callable[..., None], serve_live: Callable[..., Any]) -> Any:
    """Six finished runs of two learning rates and three seeds, and one that goes on."""
    fill(logdir, _log_six)
    return serve_live(logdir, {"lr": 0.1, "seed": 9}, {"train/loss": 5.0})


def _log_six(logdir: Path) -> None:
    for number in range(6):
        lr, seed = [0.1, 0.01][number % 2], number // 2
        with tracker.init(logdir=logdir, name=f"sweep/{number}", config={"lr": lr, "seed": seed}, machine=False) as run:
            for step in range(100):
                run.log({"train/loss": lr * 10 + seed + math.exp(-step / 20), "tokens": step * 64.0}, step=step)
                if step % 10 == 0:
                    run.log({"val/loss": lr * 20 + 2 * seed}, step=step)
            run.mark("halved", step=40, kind="lr")


@pytest.fixture
def open_page(serve: Callable[..., Any], new_page: Callable[..., Any], until: Callable[..., Any]) -> Callable[..., Any]:
    """Opens a page of a logdir and waits for an element: open_page(logdir, "machines", ".machine-bar", theme="dark")."""

    def opened(logdir: Path, name: str, element: str, **options: Any) -> Any:
        page = new_page(**options)
        page.goto(f"{serve(logdir).address}&p={name}")
        until(page, f"window.viz?.ready && document.querySelector({element!r}) !== null")
        return page

    return opened


@pytest.fixture
def show_media(logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]) -> Callable[..., Any]:
    """Logs values at steps and opens the page: show_media({0: {...}, 10: {...}}, more="&across=steps")."""

    def show(values: dict[int, dict[str, Any]], more: str = "", runs: tuple[str, ...] = ("a",)) -> Any:
        for name in runs:
            with tracker.init(logdir=logdir, name=name, machine=False) as run:
                for step, each in values.items():
                    run.log(each, step=step)
        served = serve(logdir, "--no-token")
        page.goto(f"{served.base}/?p=media{more}")
        until(page, "viz.ready")
        return page

    return show


@pytest.fixture
def until() -> Callable[..., Any]:
    """Waits until a JavaScript expression is true (by asking: the page's policy forbids eval): until(page, "…").

    Where it raises, as what it asks is not there yet or a document is being left, it is not true either.
    """

    def wait(page: Any, expression: str, timeout: float = 45.0) -> Any:
        deadline, pause, problem = time.monotonic() + timeout, 15.0, ""
        while True:
            try:
                value, problem = page.evaluate(expression), ""
            except playwright_api.Error as error:
                if any(word in error.message for word in ("SyntaxError", "has been closed")):
                    raise
                value, problem = None, error.message
            if value:
                return value
            if time.monotonic() > deadline:
                raise AssertionError(f"still not so after {timeout} s: {expression}\n{problem}\nfaults: {page.faults}")
            page.wait_for_timeout(pause)
            pause = min(1.2 * pause, 80.0)  # what takes long would take longer if it were asked all the time

    return wait
