"""The list of runs beside the curves: found, chosen, hidden, kept as a view."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.browser.charts import lines


def test_a_selected_run_stands_out_and_a_range_can_be_chosen(sweep: Any, page: Any, until: Callable[..., Any]) -> None:
    """A click in the list fades the others; Shift takes all in between; Escape lets go."""
    page.goto(sweep.base)
    until(page, "viz.ready")
    names = page.locator(".run .name")
    names.nth(2).click()
    faded = [line["faded"] for line in lines(page, "train/loss")]
    assert sorted(faded) == [False] + [True] * 6
    names.nth(4).click(modifiers=["Shift"])
    assert len(page.evaluate("viz.get('chosen')")) == 3
    until(page, "document.getElementById('runs-count').textContent.includes('3 selected')")
    page.keyboard.press("Escape")
    until(page, "viz.get('chosen').length === 0")
    page.locator(".run .name").nth(1).dblclick()
    until(page, "viz.lines('train/loss').length === 1")


def test_runs_and_tags_are_found_by_words_settings_and_expressions(
    sweep: Any, page: Any, until: Callable[..., Any]
) -> None:
    """Plain words and /regex/ mean the same in both boxes; a broken expression is explained and hides nothing."""
    page.goto(sweep.base)
    until(page, "viz.ready")
    for text, count in (
        ("lr=0.1", 4), ("/lr=0\\.1 .*seed=[02]/", 2), ("sweep -seed=1", 4), ("/LIVE/i", 1),
        ("/^lr=0\\.1$/", 4), ("/^seed=2$/", 2), ("/^sweep.0$/", 1), ("/^sweep$/", 0),
    ):  # fmt: skip
        page.fill("#run-search", text)
        until(page, f"document.querySelectorAll('.run').length === {count}")
    page.fill("#run-search", "/[/")
    assert "cannot be understood" in page.inner_text(".runs-none")
    page.fill("#run-search", "")
    page.evaluate("viz.set('tags', '/^(val|tok)/')")
    until(page, "[...document.querySelectorAll('.card')].length === 2")


def test_what_hides_all_runs_is_said_with_a_button_that_ends_it(
    sweep: Any, page: Any, until: Callable[..., Any]
) -> None:
    """The filter, the switches, or both."""
    page.goto(f"{sweep.base}/?runs=sweep&off=sweep/0%0Asweep/1%0Asweep/2%0Asweep/3%0Asweep/4%0Asweep/5")
    until(page, "viz.ready")
    words = page.inner_text("#view .empty")
    assert "1 run hidden by the filter “sweep”." in words
    assert "6 runs switched off in the list." in words
    page.click("text=Show all runs")
    until(page, "viz.ready && viz.lines('train/loss').length === 6")
    page.fill("#run-search", "nobody")
    page.click("text=Clear the filter of runs")
    until(page, "viz.ready && viz.lines('train/loss').length === 7")


def test_a_view_is_kept_by_name_and_shown_again(sweep: Any, page: Any, until: Callable[..., Any]) -> None:
    """All that the address says, for everyone who opens this logdir."""
    page.goto(f"{sweep.base}/?log=y&g=lr&tags=val")
    until(page, "viz.ready")
    page.click("text=Views")
    page.click("text=Save this view")
    page.fill("dialog input", "by lr")
    page.click("dialog .is-main")
    until(page, "document.querySelector('.toast')")
    page.goto(sweep.base)
    until(page, "viz.ready")
    page.click("text=Views")
    page.click(".menu >> text=by lr")
    until(page, "viz.get('group') === 'lr' && viz.get('logy') && viz.get('tags') === 'val'")


def test_the_keyboard_sheet_opens(sweep: Any, page: Any, until: Callable[..., Any]) -> None:
    """? shows it, Escape closes it, and keys do what it says."""
    page.goto(sweep.base)
    until(page, "viz.ready")
    page.keyboard.press("?")
    assert "less or more smoothing" in page.inner_text("dialog")
    page.keyboard.press("Escape")
    page.keyboard.press("l")
    until(page, "viz.get('logy')")
    page.keyboard.press("f")
    page.keyboard.type("sweep/1")
    until(page, "document.querySelectorAll('.run').length === 1")
