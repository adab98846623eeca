"""Findings where one looks anyway: a badge in the list of runs, a card on top of the curves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import planted
import pytest

import tracker

BADGES = """Object.assign({}, ...[...document.querySelectorAll(".run")].map((row) => {
  const badge = row.querySelector(".run-findings"), name = row.querySelector(".last").textContent;
  return { [name]: badge.hidden ? null : [...badge.children].map((each) => each.dataset.severity + each.textContent).join(" ") };
}))"""
LINES = "[...document.querySelectorAll('.findings-card li .findings-kind')].map((each) => each.textContent)"
CARD = "document.querySelector('.findings-card:not([hidden])') !== null"


@pytest.fixture
def served(logdir: Path, fill: Callable[..., None], serve: Callable[..., Any]) -> Any:
    """Runs with an error and a warning, with a warning, and with an info only."""
    fill(logdir, planted.three)
    return planted.examined(serve, logdir)


def test_the_badge_counts_errors_and_warnings(served: Any, page: Any, until: Callable[..., Any]) -> None:
    """Infos are no reason to look; what was found is told when one points at it."""
    page.goto(served.base)
    until(page, f"window.viz?.ready && {CARD}")
    assert page.evaluate(BADGES) == {"sick": "error1 warning1", "weak": "warning1", "well": None}
    badge = page.get_by_role("button", name="1 error · 1 warning in sick")
    badge.hover()
    until(page, "document.querySelector('.run-findings[title*=\"grew 1,000 times\"]') !== null")
    assert badge.get_attribute("title") == "1 error · 1 warning\nThe gradient of fc1.weight grew 1,000 times."


def test_the_badge_leads_to_what_was_found_in_its_run(served: Any, page: Any, until: Callable[..., Any]) -> None:
    """By run, scrolled there, with the keyboard; the menu of the run has the same for who uses no mouse."""
    page.goto(f"{served.base}/?sev=info")
    until(page, f"window.viz?.ready && {CARD}")
    page.get_by_role("button", name="1 error · 1 warning in sick").click()
    there = (
        "window.viz.ready && document.activeElement.getAttribute('aria-label') === 'error: Exploding gradients in sick'"
    )
    until(page, there)
    assert page.evaluate("[viz.get('findingsBy'), viz.get('severity'), viz.get('chosen').length]") == ["run", "", 0]
    page.evaluate("viz.set('page', 'curves')")
    page.get_by_label("Show weak").focus()
    page.keyboard.press("m")
    page.get_by_role("menuitem", name="Findings").click()
    until(page, "document.activeElement.getAttribute('aria-label') === 'warning: Overfitting in weak'")


def test_the_card_has_a_line_for_each_kind(served: Any, page: Any, until: Callable[..., Any]) -> None:
    """Of the runs that are visible, or of those that are selected; not there where nothing is wrong."""
    page.goto(served.base)
    until(page, f"window.viz?.ready && {LINES}.length === 3")
    assert page.evaluate(LINES) == ["Exploding gradients", "Overfitting", "Waiting for data"]
    assert page.inner_text(".findings-count") == "1 error · 2 warnings"
    page.evaluate("viz.set('chosen', ['weak'])")
    until(page, f"{LINES}.join() === 'Overfitting'")
    page.evaluate("viz.set('chosen', [])")
    page.evaluate("viz.set('off', ['sick', 'weak'])")
    until(page, f"!({CARD})")
    assert page.evaluate("document.querySelectorAll('.card canvas').length") > 0


def test_the_card_folds_and_remembers_it(served: Any, page: Any, until: Callable[..., Any]) -> None:
    """Folded it is one line, which still counts."""
    page.goto(served.base)
    until(page, f"window.viz?.ready && {CARD}")
    page.get_by_role("button", name="Findings", exact=True).click()
    assert page.evaluate("document.querySelector('.findings-card ul').hidden")
    page.reload()
    until(page, f"window.viz?.ready && {CARD}")
    assert page.evaluate("document.querySelector('.findings-card ul').hidden")
    assert page.inner_text(".findings-count") == "1 error · 2 warnings"


def test_lines_of_the_card_lead_to_their_finding(served: Any, page: Any, until: Callable[..., Any]) -> None:
    """Each to its own; all of them to the page."""
    page.goto(served.base)
    until(page, f"window.viz?.ready && {CARD}")
    page.get_by_role("button", name="overfitting was seen.").click()
    until(
        page, "window.viz.ready && document.activeElement.getAttribute('aria-label') === 'warning: Overfitting in weak'"
    )
    page.evaluate("viz.set('page', 'curves')")
    until(page, f"window.viz.ready && {CARD}")
    page.get_by_role("button", name="All findings").click()
    until(page, "viz.get('page') === 'findings' && viz.ready && viz.page().length === 4")


def test_what_is_found_in_a_run_that_goes_on_comes_by_itself(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """Badge, card and page follow, and what was there stays the same element: nothing flickers."""
    found = [planted.finding("data_starvation", "warning", step=0), planted.finding("nan_or_inf", "error", step=40)]
    with tracker.init(logdir=logdir, name="live", config={"planted": found}, machine=False) as run:
        planted.log(run, range(20))
        run.flush()
        served = planted.examined(serve, logdir)
        page.goto(served.base)
        until(page, f"window.viz?.ready && {LINES}.join() === 'Waiting for data'")
        page.evaluate("viz.set('page', 'findings')")
        until(page, "viz.ready && viz.page().length === 1")
        page.evaluate("document.querySelector('.finding').isFirst = true")
        planted.log(run, range(20, 60))
        run.flush()
        until(page, "viz.page().length === 2")
        assert page.evaluate("[...document.querySelectorAll('.finding')].map((each) => each.isFirst)") == [None, True]
        until(page, f"{BADGES}.live === 'error1 warning1'")
        page.evaluate("viz.set('page', 'curves')")
        until(page, f"{LINES}.join() === 'Values that are not finite,Waiting for data'")


def test_nothing_moves_away_from_under_a_hand(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """What is found while a card is pressed or dragged is told in the list of runs at once, above the card after it."""
    found = [planted.finding("nan_or_inf", "error", step=20)]
    with tracker.init(logdir=logdir, name="live", config={"planted": found}, machine=False) as run:
        planted.log(run, range(10))
        run.flush()
        page.goto(planted.examined(serve, logdir).base)
        until(page, "window.viz?.ready && document.querySelector('.card') !== null")
        place = "document.querySelector('.card').getBoundingClientRect().y"
        before = page.evaluate(place)
        page.hover(".card .card-head")
        page.mouse.down()
        planted.log(run, range(10, 40))
        run.flush()
        until(page, f"{BADGES}.live === 'error1'")
        assert (page.evaluate(CARD), page.evaluate(place)) == (False, before)
        page.mouse.up()
        until(page, CARD)
