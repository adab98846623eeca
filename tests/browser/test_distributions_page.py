"""The page of distributions: what is picked is shown merged and exact; the cursor moves every card."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tracker


@pytest.fixture
def layers(logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]) -> Callable[..., Any]:
    """Two layers over 20 steps, one with NaN and infinities, open as asked: layers("&bins=heat")."""

    def show(more: str) -> Any:
        with tracker.init(logdir=logdir, name="a", machine=False) as run:
            for step in range(20):
                odd = np.array([np.nan, np.inf, -np.inf] if step == 7 else [], np.float32)
                values = {
                    "w/one": tracker.Histogram(np.full(100, step, np.float32)),
                    "w/two": tracker.Histogram(np.concatenate([np.arange(50, dtype=np.float32), odd])),
                }
                run.log(values, step=step)
        page.goto(f"{serve(logdir, '--no-token').base}/?p=distributions{more}")
        until(page, "viz.ready")
        return page

    return show


def drag(page: Any, selector: str, start: float, stop: float) -> None:
    """From one share of the picture's width to another."""
    box = page.query_selector(selector).bounding_box()
    left, wide, y = box["x"] + 46, box["width"] - 58, box["y"] + box["height"] / 2
    page.mouse.move(left + wide * start, y)
    page.mouse.down()
    page.mouse.move(left + wide * stop, y, steps=6)
    page.mouse.up()


def test_dragged_steps_and_picked_layers_are_merged_exactly(
    layers: Callable[..., Any], until: Callable[..., Any]
) -> None:
    """Steps 4 to 9 of one layer, then of two; what is not finite is counted; a close lets go."""
    page = layers("&bins=heat")
    drag(page, "[aria-label='w/one of a'] canvas.over", 3.8 / 19, 9.2 / 19)
    until(page, "document.querySelector('.merge-told')?.textContent.includes('Histograms6Elements600')")
    assert "Min4" in page.inner_text(".merge-told").replace("\n", "")
    assert "Max9" in page.inner_text(".merge-told").replace("\n", "")
    page.hover("[aria-label='w/two of a']")
    page.click("[aria-label='w/two of a'] .pick")
    until(page, "document.querySelector('.merge-told').textContent.includes('Histograms12Elements903NaN1+∞1−∞1')")
    page.get_by_role("button", name="Close").click()
    until(page, "!document.querySelector('.merge')")


def test_what_is_not_finite_is_in_sight(layers: Callable[..., Any], until: Callable[..., Any]) -> None:
    """Without hovering."""
    page = layers("&bins=ridge")
    assert "1 NaN, 1 +∞, 1 −∞" in page.inner_text("[aria-label='w/two of a'] .card-foot")
    opacity = "getComputedStyle(document.querySelector('[aria-label=\"w/two of a\"] .card-foot')).opacity"
    until(page, f"{opacity} === '1'")


def test_one_cursor_moves_every_card(layers: Callable[..., Any], until: Callable[..., Any]) -> None:
    """By the slider of one of them; the address remembers; whole numbers have a bin each."""
    page = layers("&bins=one&at=3")
    said = "[...document.querySelectorAll('.distribution output')].map((each) => each.textContent).join()"
    assert page.evaluate(said) == "step 3,step 3"
    page.get_by_label("Step of w/two").focus()
    page.keyboard.press("ArrowRight")
    until(page, f"{said} === 'step 4,step 4' && location.search.includes('at=4')")
    assert "50 elements in 50 bins" in page.inner_text("[aria-label='w/two of a'] .card-foot")


@pytest.mark.dash
def test_logarithmic_bins(layers: Callable[..., Any], until: Callable[..., Any]) -> None:
    """Chosen by the control that Dash draws."""
    page = layers("&bins=heat")
    until(page, "document.body.classList.contains('has-dash')")
    page.get_by_text("Log bins", exact=True).click()
    until(page, "viz.get('binning') === 'log' && viz.ready")


def ask(
    logdir: Path, serve: Callable[..., Any], new_page: Callable[..., Any], until: Any, more: str, **options: Any
) -> Any:
    """The page of a logdir, drawn."""
    page = new_page(**options)
    page.goto(f"{serve(logdir, '--no-token').base}/?p=distributions{more}")
    until(page, "viz.ready")
    return page


def painted(page: Any, selector: str, x: float, y: float) -> bool:
    """Whether the card's picture has colour at a share of its width and height."""
    return bool(
        page.evaluate(
            """([selector, x, y]) => {
              const canvas = document.querySelector(selector).querySelector("canvas");
              const at = (share, size, from, to) => Math.round((from + (size / devicePixelRatio - from - to) * share) * devicePixelRatio);
              const [px, py] = [at(x, canvas.width, 46, 12), at(y, canvas.height, 10, 22)];
              const copy = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
              copy.drawImage(canvas, -px, -py);
              return copy.getImageData(0, 0, 1, 1).data[3] > 60;
            }""",
            [selector, x, y],
        )
    )


def test_a_map_stands_at_its_steps(
    logdir: Path, serve: Callable[..., Any], new_page: Callable[..., Any], until: Any
) -> None:
    """Steps 0 to 9 and 100: what was logged at 100 fills the half that is nearer to it, and not an eleventh."""
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        for step in [*range(10), 100]:
            run.log({"w": tracker.Histogram(np.array([0.0] * 99 if step < 100 else [1.0] * 99, np.float32))}, step=step)
    page = ask(logdir, serve, new_page, until, "&bins=heat")
    card = "[aria-label='w of a']"
    assert painted(page, card, 0.3, 0.97)
    assert not painted(page, card, 0.3, 0.03)
    assert painted(page, card, 0.8, 0.03)
    assert not painted(page, card, 0.8, 0.97)
    assert painted(page, card, 0.98, 0.03)


MODES = ("ridge", "overlay", "heat", "bands", "one")


@pytest.mark.parametrize(
    ("mode", "theme", "width"),
    [
        *((mode, "light", 1440) for mode in MODES),
        *(pytest.param(mode, "dark", 700, marks=[pytest.mark.long] if mode in MODES[1:4] else []) for mode in MODES),
    ],
)
def test_each_picture_tells_what_lies_under_the_pointer(
    layers: Callable[..., Any], page: Any, until: Any, mode: str, theme: str, width: int
) -> None:
    """Of the row there: its step, extremes, quantiles, counts; and nothing is wider than the window."""
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=theme)
    layers(f"&bins={mode}")
    card = page.locator("[aria-label='w/two of a'] canvas.over")
    card.scroll_into_view_if_needed()
    card.hover()
    told = page.inner_text("#tip").replace("\n", " ").replace("\t", " ")
    assert "min 0" in told
    assert "max 49" in told
    assert "elements 50" in told or "elements 53" in told
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_keys_move_the_cursor_and_pick_steps(layers: Callable[..., Any], until: Callable[..., Any]) -> None:
    """Without a mouse: the newest step first, then back; with Shift a range, merged; Escape lets go."""
    page = layers("&bins=ridge")
    page.focus("[aria-label='w/one of a'] canvas.over")
    said = "document.querySelector(\"[aria-label='w/one of a'] canvas.over\").getAttribute('aria-valuetext')"
    assert page.evaluate(said) == "step 19, median 19"
    page.keyboard.press("ArrowLeft")
    until(page, f"viz.get('pace') === 18 && {said} === 'step 18, median 18'")
    page.keyboard.press("Shift+ArrowLeft")
    page.keyboard.press("Shift+ArrowLeft")
    until(page, "document.querySelector('.merge-told')?.textContent.includes('Histograms3Elements300')")
    assert page.evaluate("viz.get('pace')") == 16
    page.keyboard.press("Escape")
    until(page, "!document.querySelector('.merge')")
    page.keyboard.press("End")
    until(page, "viz.get('pace') === null")


def test_one_step_reads_what_is_seen(layers: Callable[..., Any], page: Any, until: Callable[..., Any]) -> None:
    """A row for each layer that is in sight, all of them in one question, and the range of all steps only once."""
    asked: list[Any] = []
    page.on("request", lambda request: asked.append(request.post_data_json) if "histograms" in request.url else None)
    layers("&bins=one")
    assert [len(each["layers"]) for each in asked] == [2]
    page.get_by_label("Step of w/one").focus()
    page.keyboard.press("ArrowLeft")
    drawn = "[...document.querySelectorAll('canvas.over')].map((each) => each.getAttribute('aria-valuetext'))"
    until(page, f"{drawn}.every((text) => text.startsWith('step 18, median'))")
    # What has no span is asked for as a whole: at the start, and once more where news of the run come after it.
    moved = [each["layers"] for each in asked if each["layers"][0].get("span")]
    assert [[layer["step"] for layer in layers] for layers in moved] == [[18, 18]]
    assert {layer["tag"]: layer["span"] for layer in moved[0]} == {"w/one": [0, 19, 100, 1], "w/two": [0, 49, 51, 1]}


def test_runs_stand_side_by_side(
    logdir: Path, serve: Callable[..., Any], new_page: Callable[..., Any], until: Any
) -> None:
    """Of each tensor the three newest runs that have it, whatever newer runs have of other tensors."""
    for name in ("a", "b", "c", "d", "other"):
        with tracker.init(logdir=logdir, name=name, machine=False) as run:
            run.log({"other" if name == "other" else "w": tracker.Histogram(np.arange(9.0))}, step=0)
    page = ask(logdir, serve, new_page, until, "&bins=ridge")
    cards = page.locator(".distribution").evaluate_all("all => all.map((each) => each.getAttribute('aria-label'))")
    assert cards == ["other of other", "w of d", "w of c", "w of b"]
    assert "1 run more has it" in page.inner_text(".page-note")


def test_what_is_logged_is_seen_and_nothing_says_so(
    logdir: Path, serve: Callable[..., Any], new_page: Callable[..., Any], until: Any
) -> None:
    """Empty at first, with what to write; then a card, which grows while the training goes on."""
    logdir.mkdir(exist_ok=True)
    page = new_page()
    page.goto(f"{serve(logdir, '--no-token').base}/?p=distributions")
    until(page, "document.querySelector('.empty')?.textContent.includes('Waiting for the first run')")
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        run.log({"loss": 1.0}, step=0)
        run.flush()
        until(page, "document.querySelector('.empty')?.textContent.includes('tracker.Histogram(')")
        for step in range(3):
            run.log({"w": tracker.Histogram(np.full(20, step, np.float32))}, step=step)
            run.flush()
            until(
                page,
                f"document.querySelector('.distribution .told')?.textContent === '{step + 1} step{'s' if step else ''}'",
            )


def test_a_tensor_without_a_finite_element_says_so(
    logdir: Path, serve: Callable[..., Any], new_page: Callable[..., Any], until: Any
) -> None:
    """In every picture; the page goes on."""
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        for step in range(3):
            run.log({"w": tracker.Histogram(np.full(20, np.nan, np.float32))}, step=step)
    page = ask(logdir, serve, new_page, until, "&bins=overlay")
    for mode in ("overlay", "one", "ridge", "heat", "bands"):
        page.evaluate(f"viz.set('bins', '{mode}')")
        count = "20 NaN at this step" if mode == "one" else "60 NaN"
        until(page, f"document.querySelector('.distribution .told').textContent.startsWith('{count}')")
        said = page.get_attribute("canvas.over", "aria-valuetext")
        assert said.endswith("no finite values")
