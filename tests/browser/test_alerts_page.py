"""The page of alerts: a rule is tried while it is typed, armed, and fires."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tracker
from tests.browser.charts import press


def filled(logdir: Path) -> None:
    """Two runs, of which one goes wrong at step 3."""
    for name, values in (("good", [3, 2, 1, 1]), ("bad", [3, 1, 1, 9])):
        with tracker.init(logdir=logdir, name=name, machine=False) as run:
            for step, value in enumerate(values):
                run.log({"val/loss": value}, step=step)


def opened(page: Any, served: Any) -> None:
    """The page of alerts, shown."""
    page.goto(f"{served.base}/?p=alerts")
    page.wait_for_selector(".alert-text")


def test_a_rule_is_tried_while_it_is_typed(serve: Any, page: Any, logdir: Path) -> None:
    """Ticks over the curves of runs in which it would have fired; what makes no sense is said, and not armed."""
    filled(logdir)
    opened(page, serve(logdir, "--no-token"))
    page.fill(".alert-text", "val/loss > 2 * min(val/loss)")
    page.wait_for_selector(".alert-thumb")
    assert page.inner_text(".alert-summary") == "It would have fired in 1 of 2 runs."
    assert page.inner_text(".alert-run") == "bad"
    (x,) = page.eval_on_selector_all(".alert-tick", "ticks => ticks.map((tick) => tick.getAttribute('x1'))")
    assert float(x) > 200, "at the end of the curve"
    page.fill(".alert-text", "val/loss > 2 for")
    page.wait_for_selector(".alert-text[aria-invalid='true']")
    assert "a whole number of steps" in page.inner_text(".alert-problem")
    assert page.locator(".alert-thumb").count() == 0
    assert page.is_disabled(".button.is-primary")


def test_an_armed_rule_fires_and_says_so(serve_live: Any, page: Any, until: Any, logdir: Path) -> None:
    """It is listed with what it does, and can be paused and let go; its tab stays."""
    served = serve_live(logdir, {}, {"x": 1.0})
    opened(page, served)
    page.fill(".alert-text", "x > 2")
    page.wait_for_selector(".button.is-primary:not([disabled])")
    page.click(".button.is-primary")
    page.wait_for_selector(".alert-rule[data-standing='armed']")
    served.live.log({"x": 3.0}, step=5)
    served.live.flush()
    page.wait_for_selector(".alert-crossing")
    assert "step 5" in page.inner_text(".alert-crossing")
    until(page, "document.querySelector('.alert-rule').innerText.includes('1 delivered')")
    page.click("text=Pause")
    page.wait_for_selector(".alert-rule[data-standing='paused']")
    page.click("text=Curves")
    page.wait_for_selector("#tabs a[data-page='alerts']:not([hidden])")
    page.click("#tabs a[data-page='alerts']")
    page.click("text=Delete")
    until(page, "!document.querySelector('.alert-rule')")


def test_a_chart_begins_a_rule(serve: Any, page: Any, logdir: Path) -> None:
    """Its tag stands in the rule, ready to be compared."""
    filled(logdir)
    served = serve(logdir, "--no-token")
    page.goto(served.address)
    press(page, ".card", "button[aria-label='More']")
    page.click("text=Alert on this…")
    page.wait_for_selector(".alert-text")
    assert page.input_value(".alert-text") == "val/loss > "


def test_a_server_that_is_read_only_shows_and_does_not_offer(serve: Any, page: Any, until: Any, logdir: Path) -> None:
    """A rule can be tried, not armed."""
    filled(logdir)
    opened(page, serve(logdir, "--no-token", "--read-only"))
    page.fill(".alert-text", "val/loss > 2 * min(val/loss)")
    page.wait_for_selector(".alert-thumb")
    until(page, "document.querySelector('.alert-note').innerText.includes('--read-only')")
    assert not page.is_visible(".button.is-primary")
