"""What tests of charts share: where a card is, what its lines say, how one drags across it."""

from __future__ import annotations

import time
from typing import Any

from playwright.sync_api import TimeoutError as NotInTime

CARD = 'article[aria-label="{}"]'


def lines(page: Any, tag: str) -> Any:
    return page.evaluate("(tag) => viz.lines(tag)", tag)


def press(page: Any, around: str, button: str) -> None:
    """Presses a button that is there while the pointer is over what is around it.

    What comes in above (the findings, say) may move it away between the two: then both once more, as a person would.
    """
    end = time.monotonic() + 45
    while True:
        page.hover(around)
        try:
            page.click(f"{around} {button}", timeout=2000)
            return
        except NotInTime:
            if time.monotonic() > end:
                raise


def drag(page: Any, tag: str, start: float, stop: float, rise: float = 0.0) -> None:
    """Across a chart, from and to parts of its width; `rise` parts of its height upwards."""
    box = page.query_selector(f"{CARD.format(tag)} canvas.over").bounding_box()
    page.mouse.move(box["x"] + box["width"] * start, box["y"] + box["height"] * 0.7)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * stop, box["y"] + box["height"] * (0.7 - rise), steps=4)
    page.mouse.up()
