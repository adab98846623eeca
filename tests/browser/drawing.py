"""Strokes, drawn with the pointer on the sheet of the page where models are tried."""

from __future__ import annotations

from typing import Any

SEVEN = [[(0.25, 0.2), (0.75, 0.2), (0.55, 0.5), (0.42, 0.88)]]
SIX = [[(0.6, 0.12), (0.42, 0.4), (0.35, 0.65), (0.42, 0.85), (0.6, 0.83), (0.66, 0.68), (0.55, 0.55), (0.4, 0.62)]]
ZERO = [
    [
        (0.5, 0.12),
        (0.35, 0.25),
        (0.3, 0.5),
        (0.35, 0.75),
        (0.5, 0.88),
        (0.65, 0.75),
        (0.7, 0.5),
        (0.65, 0.25),
        (0.5, 0.12),
    ]
]
LEFT, RIGHT = [[(0.2, 0.2), (0.2, 0.8)]], [[(0.8, 0.2), (0.8, 0.8)]]


def draw(page: Any, strokes: list[list[tuple[float, float]]]) -> None:
    """Draws with the pointer, on a sheet that was cleared."""
    page.focus(".try-pad")
    page.keyboard.press("Delete")
    box = page.query_selector(".try-pad").bounding_box()
    for stroke in strokes:
        for i, (x, y) in enumerate(stroke):
            page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=3)
            if i == 0:
                page.mouse.down()
        page.mouse.up()
