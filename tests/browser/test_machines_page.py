"""The machines page in a browser: load of each run as it comes, environments side by side, the console with its colours."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import tracker

TRAIN = """
import os, sys, time, tracker
run = tracker.init(logdir=sys.argv[1], name=sys.argv[2], machine=0.1, console=True, command=True)
print("\\x1b[32mgreen <b>words</b>\\x1b[0m and plain")
sys.stderr.write("\\rstep 1/2\\rstep 2/2\\n")
for step in range(10_000):
    run.log({"train/loss": 1.0}, step=step)
    if step == 5:
        print("sampling", flush=True)
    time.sleep(0.05)
"""


@pytest.fixture
def show(open_page: Callable[..., Any]) -> Callable[..., Any]:
    """Opens the page of a logdir and waits until it shows something."""
    return lambda logdir, **options: open_page(logdir, "machines", ".machine-bar, .empty", **options)


@pytest.mark.parametrize("theme", ["light", pytest.param("dark", marks=pytest.mark.long)])
def test_a_running_machine_is_seen_live(
    logdir: Path, train: Callable[..., Any], show: Callable[..., Any], until: Callable[..., Any], theme: str
) -> None:
    """Readings arrive without a reload, and what is printed with them."""
    train(TRAIN, str(logdir), "one")
    page = show(logdir, theme=theme)
    card = "document.querySelector('.card[aria-label^=\"CPU, \"] .told')"
    readings = f"Number({card}?.textContent.replace(/[^0-9]/g, '') || 0)"
    before = until(page, readings)
    until(page, f"{readings} > {before} + 5")
    until(page, "document.querySelector('.console-lines').textContent.includes('sampling')")
    assert {"CPU", "Memory", "Memory of this process"} <= set(page.locator(".machine-cards .last").all_inner_texts())
    green = page.locator(".console-lines .ansi-c-green")
    assert green.inner_text() == "green <b>words</b>"
    assert page.locator(".console-line.is-error").inner_text().strip() == "step 2/2"
    assert page.locator(".console-lines b").count() == 0


def test_environments_are_compared(
    logdir: Path, show: Callable[..., Any], train: Callable[..., Any], until: Callable[..., Any]
) -> None:
    """What differs between two runs stands out, and can be seen alone."""
    for name in ("first", "second"):
        train(TRAIN, str(logdir), name)
    page = show(logdir)
    until(page, "document.querySelectorAll('.environment thead th').length === 3")
    until(page, "document.querySelector('.environment tr.differs') !== null")
    differing = page.locator(".environment tr.differs th").all_inner_texts()
    assert differing == ["Command"]
    assert "Python" in page.locator(".environment tbody th").all_inner_texts()
    page.get_by_role("button", name="Differences").click()
    assert page.locator(".environment tbody th").all_inner_texts() == ["Command", "Packages"]
    assert "all the same" in page.locator(".environment-fold").inner_text()


def test_lines_are_searched(logdir: Path, show: Callable[..., Any], until: Callable[..., Any]) -> None:
    """Those that hold the words stay, with the words marked; of very many the newest are laid out."""
    with tracker.init(logdir=logdir, name="a", machine=False, console=True):
        for i in range(5000):
            print(f"line {i} of the log")
    page = show(logdir)
    until(page, "document.querySelector('.machine-console .profile-hits').textContent.startsWith('5,000 lines')")
    assert page.locator(".console-line").count() == 2000
    assert page.locator(".console-line").last.inner_text().strip() == "line 4999 of the log"
    page.get_by_label("Search lines").fill("LINE 123")
    until(page, "document.querySelectorAll('.console-line').length === 11")
    assert page.locator(".console-line mark").first.inner_text() == "line 123"


def test_without_machines_the_tab_is_not_there(logdir: Path, show: Callable[..., Any]) -> None:
    """And who asks for the page is told how to get one."""
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        run.log({"x": 1.0})
    page = show(logdir)
    assert "machine=True" in page.locator(".empty pre").inner_text()
    page.get_by_role("link", name="Curves").click()
    assert not page.get_by_role("link", name="Machines").is_visible()
