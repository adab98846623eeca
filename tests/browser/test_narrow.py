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
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """A mark that turns the direction of what follows ends with the element of the name."""
    with tracker.init(logdir=logdir, name="plain", machine=False) as run:
        run.log({"loss": 1.0}, step=0)
    page.goto(serve(logdir, "--no-token").base)
    until(page, "viz.ready")
    left = """name => {
      const line = document.querySelector('#view').appendChild(document.createElement('p'));
      const [shown, value] = ['span', 'span'].map(kind => line.appendChild(document.createElement(kind)));
      [shown.textContent, value.textContent] = [name, ' 0.25 (of 1)'];
      const box = [shown, value].map(each => each.getBoundingClientRect().left);
      line.remove();
      return box[0] < box[1];
    }"""
    for name in ("plain", "\u202eplain", "\u2067plain", "שלום", "مرحبا"):
        assert page.evaluate(left, name), name
