"""A model asked in a real browser: drawn, dropped, compared, followed while it learns; and cases that it answers."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tried_models
from drawing import LEFT, RIGHT, SEVEN, SIX, ZERO, draw
from PIL import Image

import tracker
from sample_runs import digits


@pytest.fixture
def halves(logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]) -> Iterator[Any]:
    """The page of a run that goes on, whose model tells left from right, the wrong way round at first."""
    with tracker.init(logdir=logdir, name="live", machine=False) as run:
        run.log({"loss": 1.0}, step=0)
        tried_models.log(run, 10, -1.0)
        run.flush()
        page.run, page.served = run, serve(logdir, "--no-token")
        page.goto(f"{page.served.base}/?p=try")
        until(page, "window.viz?.ready && viz.page()?.columns.length === 1")
        page.uncheck("label:has-text('Centre the drawing') input")  # where it is drawn is what it is about
        yield page


def wait_answer(until: Callable[..., Any], page: Any, name: str, column: int = 0) -> Any:
    """Waits until a column answers with a class, and nothing is under way."""
    return until(
        page, f"viz.ready && ((shown) => shown.top[0]?.name === {name!r} && shown)(viz.page().columns[{column}])"
    )


def log_version(page: Any, step: int, strength: float, **more: Any) -> None:
    tried_models.log(page.run, step, strength, **more)
    page.run.flush()


def test_a_drawn_digit_is_read_by_the_network_that_learned(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """The sample's own network, after a few epochs; what is drawn by hand is seen as its data are."""
    digits.main(str(logdir), epochs=6, batch_size=32, lr=4e-3)
    page.goto(f"{serve(logdir, '--no-token').base}/?p=try")
    until(page, "window.viz?.ready && viz.page()?.columns.length === 1")
    for strokes, name in ((SEVEN, "7"), (SIX, "6"), (ZERO, "0")):
        draw(page, strokes)
        wait_answer(until, page, name)
        assert page.inner_text(".try-word") == name
        assert page.locator(".try-bars li").count() == 10
    assert "by the server" in page.inner_text(".try-said")


def test_a_newer_version_changes_the_answer_and_an_older_can_be_chosen(halves: Any, until: Callable[..., Any]) -> None:
    """Live, without a hand; the slider goes back, and its right end follows again."""
    page = halves
    draw(page, LEFT)
    assert wait_answer(until, page, "right")["step"] == 10
    log_version(page, 20, 1.0)
    assert wait_answer(until, page, "left")["step"] == 20
    page.focus(".try-steps input")
    page.keyboard.press("Home")
    assert wait_answer(until, page, "right")["step"] == 10
    log_version(page, 30, 1.0)
    until(page, "viz.page().columns[0].newest === 30")
    assert wait_answer(until, page, "right")["step"] == 10
    page.click("text='newest'")
    assert wait_answer(until, page, "left")["step"] == 30
    assert "try=" not in page.url.partition("?")[2] or "null" not in page.url


def test_two_checkpoints_stand_side_by_side_and_a_link_shows_the_same(
    halves: Any, new_page: Callable[..., Any], until: Callable[..., Any]
) -> None:
    """A column each; one is taken away again."""
    page = halves
    log_version(page, 20, 1.0)
    until(page, "viz.page().columns[0].newest === 20")
    page.click(".try-add")
    page.click(".menu button")
    page.locator(".try-steps input").nth(1).focus()
    page.keyboard.press("Home")
    draw(page, LEFT)
    wait_answer(until, page, "left", 0)
    wait_answer(until, page, "right", 1)
    until(page, "location.search.includes('try=')")
    other = new_page()
    other.goto(page.url)
    until(other, "window.viz?.ready && viz.page()?.columns.length === 2")
    assert other.evaluate("viz.page().columns.map(({ newest }) => newest)") == [20, 20]
    page.click(".try-close >> nth=1")
    until(page, "viz.page().columns.length === 1")


def test_a_damaged_model_is_a_sentence_and_its_neighbour_answers(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """Bytes that are not what their name says are not run: that column says so, the other goes on."""
    for name in ("broken", "sound"):
        with tracker.init(logdir=logdir, name=name, machine=False) as run:
            tried_models.log(run, 10, 1.0)
    for place in (logdir / "broken" / "models").iterdir():
        data = bytearray(place.read_bytes())
        data[-1] ^= 1
        place.write_bytes(bytes(data))
    page.goto(f"{serve(logdir, '--no-token').base}/?p=try")
    until(page, "window.viz?.ready && viz.page()?.columns.length === 1")
    page.uncheck("label:has-text('Centre the drawing') input")
    other = "broken" if page.evaluate("viz.page().columns[0].run") == "sound" else "sound"
    page.click(".try-add")
    page.click(f".menu >> text={other}")
    until(page, "viz.page()?.columns.length === 2")
    page.excuse("status of 4", "status of 5")
    draw(page, LEFT)
    sound, broken = (f"viz.page().columns.find((each) => each.run === '{name}')" for name in ("sound", "broken"))
    until(page, f"{sound}.top[0]?.name === 'left'")
    until(page, f"{broken}.problem.includes('damaged')")
    assert page.evaluate(f"{broken}.top.length") == 0


def test_saliency_lies_over_the_picture_and_can_be_switched_off(halves: Any, until: Callable[..., Any]) -> None:
    """Red where ink speaks for the answer, blue where against; its legend says so."""
    page = halves
    log_version(page, 20, 1.0)
    draw(page, LEFT)
    wait_answer(until, page, "left")
    until(page, "viz.page().columns[0].saliency")
    colours = page.evaluate("[...document.querySelector('.try-over').getContext('2d').getImageData(0, 4, 8, 1).data]")
    red, blue = colours[0::4], colours[2::4]
    assert red[1] > blue[1]
    assert red[6] < blue[6]
    assert page.inner_text(".try-legend").split() == ["against", "for"]
    page.uncheck("label:has-text('Saliency') input")
    until(page, "viz.ready && !viz.page().columns[0].saliency")
    assert page.query_selector(".try-legend") is None


COUNTED = """() => {
  const ask = window.fetch;
  let going = 0;
  window.most = 0;
  window.fetch = async (address, ...how) => {
    if (!String(address).endsWith("/api/v1/try")) return ask(address, ...how);
    window.most = Math.max(window.most, ++going);
    try {
      return await ask(address, ...how);
    } finally {
      going -= 1;
    }
  };
}"""
"""Counts, in the page itself, how many questions to models are under way at most: a browser tells others in any order."""


def test_one_question_is_under_way_while_a_hand_draws(halves: Any, until: Callable[..., Any]) -> None:
    """However fast it draws; and the last answer is to what was drawn last."""
    page = halves
    page.evaluate(COUNTED)
    draw(page, [[(0.2, 0.2 + i % 2 * 0.6) for i in range(40)], *RIGHT, *RIGHT])
    page.keyboard.press("Delete")
    draw(page, RIGHT)
    wait_answer(until, page, "left")  # the first version tells the wrong way round
    assert page.evaluate("window.most") == 1


def test_a_case_is_kept_and_gets_a_cell_with_each_version(halves: Any, until: Callable[..., Any]) -> None:
    """It outlives the page, is asked again with a click, and can be let go of."""
    page = halves
    draw(page, LEFT)
    wait_answer(until, page, "right")
    page.click("text=Keep this case")
    page.click(".try-keep .chip:has-text('left')")
    until(page, "viz.page().cases[0]?.cells === 1")
    assert "right in 0 of 1 version" in page.inner_text(".try-case-row")
    log_version(page, 20, 1.0)
    until(page, "viz.page().cases[0].cells === 2")
    assert page.evaluate("viz.page().cases[0].answers.top") == ["right", "left"]
    log_version(page, 30, float("nan"))
    until(page, "viz.page().cases[0].cells === 3")
    assert page.evaluate("Number.isNaN(viz.page().cases[0].answers.p[2])")
    until(page, "document.querySelector('.try-word').textContent === 'not a number'")
    page.reload()
    until(page, "window.viz?.ready && viz.page()?.cases[0]?.cells === 3")
    page.click(".try-case")
    page.focus(".try-strip")
    page.keyboard.press("Home")
    page.keyboard.press("Enter")  # the first version, as the cell's
    assert wait_answer(until, page, "right")["step"] == 10
    assert "10: left at" in page.get_attribute(".try-strip", "aria-valuetext") or "right instead" in page.get_attribute(
        ".try-strip", "aria-valuetext"
    )
    page.click(".try-case-row >> text=Remove")
    until(page, "viz.page().cases.length === 0")


def test_pictures_come_from_files_the_clipboard_and_media(
    halves: Any, tmp_path: Path, until: Callable[..., Any]
) -> None:
    """Chosen, dropped, pasted, or one that a run has logged; what is none is a sentence."""
    page = halves
    levels = np.full((40, 40), 255, np.uint8)
    levels[:, :20] = 0
    out = io.BytesIO()
    Image.fromarray(levels).save(out, "PNG")
    (tmp_path / "left.png").write_bytes(out.getvalue())
    page.set_input_files(".try-sources input", str(tmp_path / "left.png"))
    wait_answer(until, page, "right")
    page.run.log({"samples": tracker.Image(levels[:, ::-1])}, step=1)
    page.run.flush()
    until(page, "viz.runs().length && document.querySelector('#tabs [data-page=media]').hidden === false")
    page.click("text=Media… >> nth=0")
    page.click(".try-media-grid button")
    wait_answer(until, page, "left")
    text = base64.b64encode(out.getvalue()).decode()
    for event, field in (("drop", "dataTransfer"), ("paste", "clipboardData")):
        page.focus(".try-pad")
        page.keyboard.press("Delete")
        until(page, "viz.ready && !viz.page().columns[0].top.length")
        page.evaluate(
            f"""(text) => {{
          const files = new DataTransfer();
          files.items.add(new File([Uint8Array.from(atob(text), (c) => c.charCodeAt(0))], "a.png", {{ type: "image/png" }}));
          const event = new {"DragEvent" if event == "drop" else "ClipboardEvent"}(
            "{event}", {{ {field}: files, bubbles: true, cancelable: true }});
          document.querySelector(".try-pad").dispatchEvent(event);
        }}""",
            text,
        )
        wait_answer(until, page, "right")
    (tmp_path / "none.png").write_bytes(b"no picture")
    page.set_input_files(".try-sources input", str(tmp_path / "none.png"))
    until(page, "document.querySelector('.toast')?.textContent.includes('none.png is no picture')")
    assert page.evaluate("viz.page().columns[0].top[0].name") == "right"


def test_the_camera_is_asked_for_at_a_click_and_says_why_not(halves: Any, until: Callable[..., Any]) -> None:
    """Never before; the page's own document allows it, where all others do not. A page by name is not secure."""
    page = halves
    page.evaluate("""() => {
      window.asked = 0;
      navigator.mediaDevices.getUserMedia = async () => {
        window.asked += 1;
        throw new DOMException("", "NotAllowedError");
      };
    }""")
    assert page.evaluate("document.featurePolicy.allowsFeature('camera')")
    assert page.evaluate("window.asked") == 0
    page.click("text=Camera…")
    until(page, "document.querySelector('.toast')?.textContent.includes('did not allow it')")
    assert page.evaluate("window.asked") == 1
    page.evaluate("Object.defineProperty(window, 'isSecureContext', { value: false })")
    page.click("text=Camera…")
    until(page, "document.querySelector('.toast')?.textContent.includes('https')")
    assert page.evaluate("window.asked") == 1


def test_the_tab_leads_to_a_document_of_its_own_and_back(halves: Any, until: Callable[..., Any]) -> None:
    """Other pages may not use the camera, though they were reached from this one."""
    page = halves
    for go, name, allowed in (
        (lambda: page.click("#tabs >> text=Curves"), "curves", "false"),
        (lambda: page.click("#tabs >> text=Try"), "try", "true"),
        (page.go_back, "curves", "false"),
    ):
        with page.expect_event("load"):
            go()
        until(page, f"window.viz?.ready && viz.get('page') === '{name}'")
        until(page, f"document.featurePolicy.allowsFeature('camera') === {allowed}")


@pytest.mark.parametrize("width", [390, 1024])
def test_it_fits_a_narrow_window(halves: Any, width: int, until: Callable[..., Any]) -> None:
    """Nothing is wider than the window, and the sheet is large enough for a thumb."""
    page = halves
    page.set_viewport_size({"width": width, "height": 800})
    if width > 760:
        draw(page, LEFT)
        wait_answer(until, page, "right")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("document.querySelector('#view').scrollWidth <= document.querySelector('#view').clientWidth")
    page.evaluate("document.body.classList.add('runs-hidden')")
    assert page.query_selector(".try-pad").bounding_box()["width"] >= 240


def test_another_model_begins_without_the_bars_of_the_last_and_a_regression_says_why_it_keeps_no_case(
    halves: Any, until: Callable[..., Any]
) -> None:
    """Of two models beside each other in a menu; a network that nothing moves says so in place of its saliency."""
    page = halves
    network: Any = tried_models.halves(0.0)
    page.run.log_model(network, "still", inputs={"image": (None, 1, 8, 8)}, method="regress", step=10)
    page.run.log_model(network, "zero", inputs={"image": (None, 1, 8, 8)}, classes=["up", "down"], step=10)
    page.run.flush()
    until(page, "['still', 'zero'].every((name) => viz.page().models.includes(name))")
    draw(page, LEFT)
    wait_answer(until, page, "right")
    choose(page, "still")
    until(page, "viz.ready && viz.page().columns[0].name === 'still'")
    until(page, "document.querySelector('.try-bars').textContent.includes('output 1')")
    assert page.is_disabled("text=Keep this case")
    assert "tells classes" in page.get_attribute("text=Keep this case", "title")
    page.focus(".try-pad")
    page.keyboard.press("Delete")
    choose(page, "zero")
    until(page, "viz.ready && viz.page().columns[0].name === 'zero'")
    assert page.locator(".try-bars li").count() == 0
    draw(page, LEFT)
    until(page, "viz.ready && viz.page().columns[0].top.length === 2")
    until(page, "document.querySelector('.try-legends').textContent.includes('gradient is 0')")


def choose(page: Any, name: str) -> None:
    """Another model of the run, by the menu."""
    page.click(".try-pick")
    page.click(f"[role=menuitem]:has-text('· {name}')")
