"""What tests of charts share: where a card is, what its lines say, how one points at it and drags across it."""

from __future__ import annotations

import time
from typing import Any

from playwright.sync_api import TimeoutError as NotInTime

CARD = 'article[aria-label="{}"]'
OVER = f"{CARD} canvas.over"
"""Of a chart what hears the pointer."""

HEARD = """(button) => {
  const heard = { isPressed: false };
  button.addEventListener("click", () => { heard.isPressed = true; }, { once: true, capture: true });
  return heard;
}"""


def lines(page: Any, tag: str) -> Any:
    return page.evaluate("(tag) => viz.lines(tag)", tag)


def press(page: Any, around: str, button: str) -> None:
    """Presses, once, a button that is there while the pointer is over what is around it.

    What comes in above (the findings, say) may move it away between the two: then both once more, as a person would. A
    browser that is busy may have pressed it and not said so in time: twice would close the menu that it opened.
    """
    end = time.monotonic() + 45
    selector = f"{around} {button}"
    while True:
        page.hover(around)
        heard = page.wait_for_selector(selector, state="attached").evaluate_handle(HEARD)
        try:
            page.click(selector, timeout=5000)
            return
        except NotInTime:
            if heard.evaluate("(heard) => heard.isPressed"):
                return
            if time.monotonic() > end:
                raise


def point(page: Any, selector: str, right: float, down: float) -> None:
    """Moves the pointer over an element, to parts of its width and height.

    What comes in above moves the element away in the meantime: then once more, until it is where it was pointed at.
    """
    element = page.locator(selector).first
    there = element.bounding_box()
    while True:
        page.mouse.move(there["x"] + there["width"] * right, there["y"] + there["height"] * down)
        before, there = there, element.bounding_box()
        if there == before:
            return


def tip(page: Any, selector: str, right: float, down: float) -> str:
    """What is said of what the pointer is over, at parts of a chart's width and height: while the chart lies still."""
    element = page.locator(selector).first
    while True:
        point(page, selector, right, down)
        there, said = element.bounding_box(), page.inner_text("#tip")
        if element.bounding_box() == there:
            return str(said)


def carry(page: Any, what: str, over: str, is_there: str) -> None:
    """Takes a card by its head, carries it over another and lets go once an expression is true.

    What comes in above may move the head away in the very moment in which it is taken: then once more. A hand that rests
    is told of by a browser all the time; one that is driven tells each move once, and forgets those from before the drag
    had begun.
    """
    end = time.monotonic() + 45
    while not page.evaluate(is_there):
        assert time.monotonic() < end, f"{what} was carried over {over}, and it is still not so: {is_there}"
        if not page.query_selector(".card.is-dragged"):
            page.mouse.up()
            point(page, f"{what} .card-head", 0.5, 0.5)
            page.mouse.down()
        there = page.locator(over).first.bounding_box()
        page.mouse.move(there["x"] + there["width"] / 2, there["y"] + there["height"] / 2, steps=5)
    page.mouse.up()


def drag(page: Any, tag: str, start: float, stop: float, rise: float = 0.0) -> None:
    """Across a chart, from and to parts of its width; `rise` parts of its height upwards."""
    drag_over(page, OVER.format(tag), (start, 0.7), (stop, 0.7 - rise))


def drag_over(page: Any, selector: str, start: tuple[float, float], stop: tuple[float, float]) -> None:
    """Across an element, from and to parts of its width and height. What is pressed moves away no more."""
    point(page, selector, *start)
    page.mouse.down()
    box = page.locator(selector).first.bounding_box()
    page.mouse.move(box["x"] + box["width"] * stop[0], box["y"] + box["height"] * stop[1], steps=4)
    page.mouse.up()
