"""What tests of charts share: where a card is, what its lines say, how one drags across it."""

from __future__ import annotations

from typing import Any

CARD = 'article[aria-label="{}"]'


def lines(page: Any, tag: str) -> Any:
    return page.evaluate("(tag) => viz.lines(tag)", tag)


def drag(page: Any, tag: str, start: float, stop: float, rise: float = 0.0) -> None:
    """Across a chart, from and to parts of its width; `rise` parts of its height upwards."""
    box = page.query_selector(f"{CARD.format(tag)} canvas.over").bounding_box()
    page.mouse.move(box["x"] + box["width"] * start, box["y"] + box["height"] * 0.7)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * stop, box["y"] + box["height"] * (0.7 - rise), steps=4)
    page.mouse.up()
