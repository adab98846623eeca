"""What an agent proposes, in a real browser: a person accepts or declines it, and the training goes on with that."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import tracker
from dashboard.live import proposals

pytest.importorskip("mcp", reason="needs the protocol's SDK: pip install 'everystep[mcp]'")

from agent import json_of, proposed

TRAINING = """
import sys, time
import tracker

run = tracker.init(logdir=sys.argv[1], name="live", machine=False)
lr = run.control("lr", 1e-3, low=1e-6, high=1.0, log=True)
for step in range(100_000):
    run.log({"train/loss": 1 / (step + 1), "lr": lr.value}, step=step)
    if step == 5:
        run.flush()
        print("begun", flush=True)
    if run.should_stop:
        break
    time.sleep(0.02)
run.finish()
print("stopped", flush=True)
"""

STRIP = ".control-proposal"
TAB = "document.querySelector('.tabs [data-page=controls]')"


def test_what_an_agent_proposes_is_accepted_in_two_tabs_and_applied_once(
    logdir: Path, serve: Callable[..., Any], train: Callable[..., Any], new_page: Callable[..., Any],
    until: Callable[..., Any],
) -> None:  # fmt: skip
    """It comes to open tabs, asks nothing by itself, and is a command, a change and a mark of both who are behind it."""
    assert train(TRAINING, str(logdir)).says() == "begun"
    served = serve(logdir, "--no-token")
    tabs = [new_page(), new_page()]
    for page in tabs:
        page.goto(f"{served.base}/?p=controls")
        until(page, "window.viz?.ready && viz.page()?.live?.offers")
        page.fill(".control-bar input", "anna")
        page.keyboard.press("Enter")
    (answer,) = proposed(logdir, {"run": "live", "control": "lr", "value": 0.0005, "why": "train/loss jumps"})
    assert json_of(answer)["standing"] == "waiting"
    for page in tabs:
        until(page, f"document.querySelector('{STRIP}') !== null")
        assert page.inner_text(".control-proposal-words") == (
            "lab-agent proposes lr → 0.0005 (now 0.001): “train/loss jumps”"
        )
        assert page.evaluate("viz.page().live.commands.length") == 0
        until(page, f"{TAB}.title === '1 proposal waiting for an answer'")
    until(tabs[0], "document.querySelector('.controls-page [role=status]').textContent.includes('lab-agent proposes')")
    for page in tabs:
        page.evaluate(f"setTimeout(() => document.querySelector('{STRIP} button')?.click())")
    for page in tabs:
        until(page, f"document.querySelector('{STRIP}') === null")
        until(page, "viz.page().live.commands.at(-1)?.outcome === 'applied'")
        assert page.evaluate("viz.page().live.commands.length") == 1
        assert page.inner_text(".control-outcome").endswith("· lab-agent, accepted by anna")
        until(page, f"!{TAB}.hasAttribute('data-waiting')")
    stored = tracker.open(logdir).run("live")
    (command,) = stored.commands()
    assert command.step is not None
    while (points := stored.scalars("lr")).step[-1] <= command.step + 1:
        page.wait_for_timeout(20)
    assert set(points.value[points.step <= command.step]) == {1e-3}
    assert set(points.value[points.step > command.step]) == {0.0005}
    (mark,) = stored.marks()
    assert (mark.step, mark.attributes["author"]) == (command.step, "lab-agent, accepted by anna")
    assert mark.text.startswith("lr 0.001 → 0.0005")


def test_the_keyboard_declines_and_stopping_is_to_be_sure(
    logdir: Path, serve: Callable[..., Any], train: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """The focus goes on to the next proposal, and where there is none to the run; a stale one says so."""
    training = train(TRAINING, str(logdir))
    assert training.says() == "begun"
    run = tracker.open(logdir).run("live")
    for control, value in (("lr", 0.5), ("lr", 0.25), ("stop", None)):
        proposals.propose(run, control, value, "a reason", "bot")
    served = serve(logdir, "--no-token")
    page.goto(f"{served.base}/?p=controls")
    until(page, f"window.viz?.ready && document.querySelectorAll('{STRIP}').length === 3")
    page.focus(f"{STRIP} button:has-text('Decline')")
    page.keyboard.press("Enter")
    until(page, f"document.querySelectorAll('{STRIP}').length === 2")
    assert page.evaluate("document.activeElement.closest('.control-proposal')?.ariaLabel") == "bot proposes lr → 0.25"
    page.fill("[role=group][aria-label=lr] .is-number", "0.1")
    page.keyboard.press("Enter")
    until(page, f"document.querySelector('{STRIP} .control-said').textContent.includes('Out of date: lr is 0.1')")
    assert page.query_selector("[aria-label='bot proposes Stop'] button:has-text('Accept')").is_visible()
    assert not page.query_selector("[aria-label='bot proposes lr → 0.25'] button:has-text('Accept')").is_visible()
    page.click("[aria-label='bot proposes Stop'] >> button:has-text('Accept')")
    page.keyboard.press("Escape")
    assert page.evaluate("viz.page().live.commands.length") == 1
    page.click("[aria-label='bot proposes lr → 0.25'] >> button:has-text('Decline')")
    until(page, f"document.querySelectorAll('{STRIP}').length === 1")
    page.focus(f"{STRIP} button:visible")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")  # the focus is at "yes"
    assert training.says() == "stopped"
    until(page, f"document.querySelector('{STRIP}') === null")
    assert [each.author for each in run.commands()][1:] == ["bot, accepted by page"]


HOSTILE = "<img src=x onerror='window.struck=1'>"


@pytest.mark.parametrize("read_only", [False, True])
def test_markup_in_what_is_proposed_is_text_and_a_read_only_server_offers_nothing(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any], read_only: bool
) -> None:
    """Long texts can be read in full by who decides, and make the page no wider."""
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        run.control(f"n {HOSTILE}", "x")
        run.log({"loss": 1.0}, step=0)
        run.flush()
        long = f"{HOSTILE}\u202e " * 200
        stored = tracker.open(logdir).run("a")
        proposals.propose(stored, f"n {HOSTILE}", long, HOSTILE * 3 + "w" * 300, HOSTILE)
        page.goto(f"{serve(logdir, '--no-token', *(['--read-only'] if read_only else [])).base}/?p=controls")
        until(page, f"window.viz?.ready && document.querySelector('{STRIP}') !== null")
        assert HOSTILE in page.inner_text(".control-proposal-why")
        page.click(f"{STRIP} summary")
        assert page.evaluate(f"document.querySelector('{STRIP} pre').textContent") == long
        assert page.evaluate("window.struck") is None
        assert page.evaluate("document.querySelectorAll('img[src=x]').length") == 0
        assert page.evaluate("document.documentElement.scrollWidth") <= 1440
        assert page.locator(f"{STRIP} button:visible").count() == (0 if read_only else 2)
