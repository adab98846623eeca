"""A real browser: Chromium, driven by Playwright. A page that logs an error or asks another host fails its test."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlparse

import pytest

playwright_api = pytest.importorskip("playwright.sync_api", reason="needs the test extra: pip install everystep[test]")

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--font-render-hinting=none",
    "--force-device-scale-factor=1",
    "--hide-scrollbars",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder drives a browser."""
    for item in items:
        if "browser" in item.path.parts:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """The browser, one for all tests."""
    path = os.environ.get("EVERYSTEP_CHROMIUM") or next(
        (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
    )
    if path is None:
        pytest.skip("needs Chromium; tests/run installs it, or set EVERYSTEP_CHROMIUM to its path")
    with playwright_api.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, headless=True, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def new_page(chromium: Any) -> Iterator[Callable[..., Any]]:
    """Opens pages: new_page(width=…, height=…, theme=…). Their faults are gathered and fail the test at its end."""
    faults: list[str] = []
    contexts: list[Any] = []

    def open_page(width: int = 1440, height: int = 900, theme: str = "light") -> Any:
        context = chromium.new_context(viewport={"width": width, "height": height}, color_scheme=theme)
        contexts.append(context)
        page = context.new_page()
        page.faults = faults
        page.on("pageerror", lambda error: faults.append(f"page error: {error}"))
        page.on(
            "console",
            lambda said: faults.append(f"console: {said.text}") if _is_fault(said) else None,
        )
        page.on(
            "request",
            lambda request: faults.append(f"left the machine: {request.url}") if not _is_local(request.url) else None,
        )
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not faults, "\n".join(faults)


def _is_fault(said: Any) -> bool:
    # How a browser without a GPU speaks of its own way to show what WebGL drew; no page can help it.
    return said.type in ("error", "warning") and "GPU stall due to ReadPixels" not in said.text


def _is_local(address: str) -> bool:
    parts = urlparse(address)
    return parts.scheme in ("data", "blob", "about") or parts.hostname in ("127.0.0.1", "localhost", "::1")


@pytest.fixture
def page(new_page: Callable[..., Any]) -> Any:
    """One page of usual size."""
    return new_page()


@pytest.fixture
def until() -> Callable[..., Any]:
    """Waits until a JavaScript expression is true (by asking: the page's policy forbids eval): until(page, "…")."""

    def wait(page: Any, expression: str, timeout: float = 15.0) -> Any:
        deadline = time.monotonic() + timeout
        while True:
            value = page.evaluate(expression)
            if value:
                return value
            if time.monotonic() > deadline:
                raise AssertionError(f"still not so after {timeout} s: {expression}\nfaults: {page.faults}")
            page.wait_for_timeout(20)

    return wait
