"""The address of the page: what a link says, and where Back and Forward go."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import tracker


@pytest.fixture
def served(logdir: Path, serve: Callable[..., Any]) -> Any:
    """A server of two runs with settings."""
    for name, lr in (("run", 0.1), ("run-2", 0.2)):
        with tracker.init(logdir=logdir, name=name, config={"lr": lr}, machine=False) as run:
            run.log({"loss": lr})
    return serve(logdir, "--no-token")


def test_back_goes_from_page_to_page_and_keeps_what_was_chosen(
    served: Any, page: Any, until: Callable[..., Any]
) -> None:
    """One entry of history a page: three runs hidden and shown are not three steps to walk back through."""
    page.goto("about:blank")
    page.goto(served.address)
    until(page, "viz.ready")
    page.get_by_role("link", name="Runs", exact=True).click()
    until(page, "viz.get('page') === 'runs' && viz.ready")
    page.get_by_role("link", name="Compare").click()
    until(page, "viz.get('page') === 'compare' && viz.ready")
    page.fill("#run-search", "/^run$/")
    until(page, "viz.get('runs') === '/^run$/' && location.search.includes('runs=')")
    page.go_back()
    until(page, "viz.get('page') === 'runs' && viz.ready")
    assert page.evaluate("viz.get('runs')") == "/^run$/"
    page.go_back()
    until(page, "viz.get('page') === 'curves' && viz.ready")
    page.go_forward()
    until(page, "viz.get('page') === 'runs' && location.search.includes('runs=')")
    page.go_back()
    until(page, "viz.get('page') === 'curves' && location.search.includes('runs=')")
    page.go_back()
    assert page.url == "about:blank"


def test_a_page_is_ready_once_it_has_come(served: Any, page: Any, until: Callable[..., Any]) -> None:
    """Until its script is there the page before it still stands, which is not what was asked for."""
    held: list[Any] = []
    let_go: list[bool] = []
    page.route("**/pages/compare/**", lambda route: route.continue_() if let_go else held.append(route))
    page.goto(served.address)
    until(page, "viz.ready")
    page.evaluate("viz.set('page', 'compare')")
    end = time.monotonic() + 45
    while not held and time.monotonic() < end:
        page.wait_for_timeout(20)
    assert held
    assert page.evaluate("document.querySelector('.card') !== null")
    assert not page.evaluate("viz.ready")
    let_go.append(True)
    for route in held:
        route.continue_()
    until(page, "viz.ready && viz.page().columns.length > 0 && document.querySelector('.card') === null")


def test_the_table_of_runs_comes_to_who_leaves_while_it_is_made_and_comes_back(
    served: Any, page: Any, until: Callable[..., Any]
) -> None:
    """The grid's scripts take their time; the visit that asked for them is over when they are there."""
    held: list[Any] = []
    page.route("**/packages/dash_ag_grid**", lambda route: held.append(route))
    page.goto(served.address)
    until(page, "viz.ready")
    page.evaluate("viz.set('page', 'runs')")
    until(page, "document.querySelector('.table-bar')")
    end = time.monotonic() + 45
    while not held and time.monotonic() < end:
        page.wait_for_timeout(20)  # who leaves sooner has not asked for them yet
    page.evaluate("viz.set('page', 'compare')")
    until(page, "viz.get('page') === 'compare' && !document.querySelector('.table-bar')")
    page.evaluate("viz.set('page', 'runs')")
    until(page, "document.querySelector('.table-bar')")
    assert held
    assert not page.evaluate("viz.ready")
    for route in held:
        route.continue_()
    until(page, "viz.ready")
    assert page.evaluate("viz.page().rows.length") == 2
