"""A narrow window, and names of another direction: nothing is cut off without a sign, and nothing trades places."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import tracker


def test_tabs_that_have_no_room_are_announced_and_reached_by_keyboard(
    sweep: Any, new_page: Callable[..., Any], until: Callable[..., Any]
) -> None:
    """They fade where more follow; the one that is current or focused is in sight."""
    page = new_page(width=360, height=700)
    page.goto(sweep.base)
    until(page, "viz.ready")
    until(page, "document.getElementById('tabs').dataset.more === 'after'")
    assert page.get_attribute(".brand", "title")
    page.keyboard.press("Tab")
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement === [...document.querySelectorAll('#tabs a:not([hidden])')].pop()"):
            break
    until(page, "document.getElementById('tabs').dataset.more === 'before'")
    page.keyboard.press("Enter")
    until(page, "document.querySelector('#tabs a[aria-current]').offsetLeft > 0")
    inside = """() => {
      const tabs = document.getElementById('tabs').getBoundingClientRect();
      const link = document.querySelector('#tabs a[aria-current]').getBoundingClientRect();
      return link.left >= tabs.left - 1 && link.right <= tabs.right + 1;
    }"""
    assert page.evaluate(inside)
    page.set_viewport_size({"width": 1440, "height": 900})
    until(page, "document.getElementById('tabs').dataset.more === ''")


def test_a_name_of_another_direction_leaves_its_neighbours_where_they_are(
    logdir: Path, serve: Callable[..., Any], new_page: Callable[..., Any], until: Callable[..., Any]
) -> None:
    """In a row of the list of runs and in the title of a card the last part of a name stands behind the path to it."""
    paths = {f"{path}/" for path in ("plain", "turned\u202e", "isolated\u2067", "שלום", "مرحبا")}
    for path in paths:
        with tracker.init(logdir=logdir, name=f"{path}1 2", machine=False) as run:
            run.log({f"{path}1 2": 0.25}, step=0)
    page = new_page(width=1300, height=2400)  # in which all cards are in sight
    page.goto(serve(logdir, "--no-token").base)
    for names in ("#runs .name", ".card .card-title"):
        orders = f"""[...document.querySelectorAll('{names}')].map((name) => {{
          const [path, last] = ['.path', '.last'].map((part) => name.querySelector(part));
          return [path.textContent, path.getBoundingClientRect().right <= last.getBoundingClientRect().left + 1];
        }})"""
        until(page, f"viz.ready && {orders}.length === {len(paths)}")
        assert dict(page.evaluate(orders)) == dict.fromkeys(paths, True), names
