"""The page of media: each kind as a user meets it, and content that would like to do something."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tracker

INK = """(selector) => {
  const canvas = document.querySelector(selector);
  const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", { willReadFrequently: true });
  copy.drawImage(canvas, 0, 0);
  const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
  let ink = 0;
  for (let i = 3; i < data.length; i += 4) if (data[i]) ink++;
  return ink;
}"""


def scene(shade: int, share: float) -> tracker.Image:
    """A picture with a box, a mask and predictions."""
    pixels = np.full((20, 30, 3), shade, np.uint8)
    return tracker.Image(
        pixels,
        label="cat",
        predictions={"cat": share, "dog": 1 - share},
        boxes={"found": [{"box": (5, 5, 15, 15), "label": "cat", "score": share}]},
        masks={"parts": pixels[..., 0] > 300},
    )


@pytest.fixture
def shown(logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]) -> Callable[..., Any]:
    """Logs values at steps and opens the page: shown({0: {...}, 10: {...}}, more="&across=steps")."""

    def show(values: dict[int, dict[str, Any]], more: str = "", runs: tuple[str, ...] = ("a",)) -> Any:
        for name in runs:
            with tracker.init(logdir=logdir, name=name) as run:
                for step, each in values.items():
                    run.log(each, step=step)
        served = serve(logdir, "--no-token")
        page.goto(f"{served.base}/?p=media{more}")
        until(page, "viz.ready")
        return page

    return show


def test_many_pictures_come_with_the_screen_first(shown: Callable[..., Any], until: Callable[..., Any]) -> None:
    """Those in sight are there when the page says it is ready; all of them soon after; certainty stays on one line."""
    sure = {"a class with a long name of its own": 1.0, "other": 0.0}
    many = [tracker.Image(np.full((8, 8), i % 256, np.uint8), predictions=sure) for i in range(300)]
    page = shown({0: {"p": many}})
    assert page.locator(".picture").count() >= 30
    until(page, "document.querySelectorAll('.picture').length === 300")
    found = page.evaluate("""[...document.querySelectorAll('.guess-share')].slice(0, 8)
      .map((share) => [share.textContent, share.getClientRects()[0].height, share.scrollWidth <= share.clientWidth])""")
    assert [text for text, _, _ in found[:2]] == ["100 %", "0 %"]
    assert len({height for _, height, _ in found}) == 1
    assert all(fits for _, _, fits in found)


def test_a_picture_at_large_is_compared_and_followed(shown: Callable[..., Any], until: Callable[..., Any]) -> None:
    """Zoom, the step before, the difference in numbers, and probabilities over the steps."""
    page = shown({step: {"p": scene(100 + step, 0.2 + step / 100)} for step in (0, 10, 20)})
    page.click(".picture-open")
    until(page, "document.querySelector('.large-legend')?.textContent.includes('dog')")
    assert page.evaluate(INK, ".large-history") > 300
    before = page.evaluate("document.querySelector('.large-world').style.transform")
    page.hover(".large-stage")
    page.mouse.wheel(0, -300)
    until(page, f"document.querySelector('.large-world').style.transform !== {before!r}")
    page.get_by_role("radio", name="Difference").click()
    until(page, "document.querySelector('.large-note').textContent.includes('Mean difference 10 of 255')")
    page.get_by_label("Step", exact=True).last.focus()
    page.keyboard.press("Home")
    until(
        page,
        "document.querySelector('.large-note').textContent.includes('Mean difference 10 of 255, largest 10; 600 pixels')",
    )
    page.keyboard.press("Escape")
    until(page, "!document.querySelector('.large')")


def test_layers_are_switched_on_and_off(shown: Callable[..., Any], until: Callable[..., Any]) -> None:
    """A box is drawn over the picture, and not when its layer is off."""
    page = shown({0: {"p": scene(50, 0.5)}})
    until(page, "document.querySelector('canvas.layers').width === 240")
    assert page.evaluate(INK, "canvas.layers") > 500
    page.get_by_role("button", name="found").click()
    until(page, "document.querySelector('canvas.layers').dataset.key.includes('found')")
    page.wait_for_timeout(100)
    assert page.evaluate(INK, "canvas.layers") == 0


def test_a_mask_colours_its_pixels(shown: Callable[..., Any], until: Callable[..., Any]) -> None:
    """Half of the picture is of a class."""
    mask = np.zeros((20, 30), bool)
    mask[:10] = True
    page = shown({0: {"p": tracker.Image(np.zeros((20, 30, 3)), masks=mask)}})
    until(page, "document.querySelector('canvas.layers').width === 240")
    width, height = page.evaluate(
        "[document.querySelector('canvas.layers').width, document.querySelector('canvas.layers').height]"
    )
    assert 0.45 < page.evaluate(INK, "canvas.layers") / (width * height) < 0.55


def test_steps_stand_side_by_side(shown: Callable[..., Any], until: Callable[..., Any]) -> None:
    """The first, the last and some between; the slider moves where they end."""
    page = shown({step: {"p": scene(100, 0.5)} for step in range(0, 100, 10)}, "&across=steps")
    until(page, "document.querySelectorAll('.step-column .picture').length === 6")
    assert [h.inner_text() for h in page.query_selector_all(".step-column h4")] == [
        f"step {s}" for s in (0, 20, 40, 50, 70, 90)
    ]
    page.get_by_label("Step of p").focus()
    page.keyboard.press("Home")
    until(page, "document.querySelectorAll('.picture').length === 1")


def test_one_slider_moves_every_run(shown: Callable[..., Any], until: Callable[..., Any]) -> None:
    """What was logged at or before the step; a link shows the same."""
    page = shown({step: {"p": scene(100, 0.5)} for step in (0, 10, 20)}, "&at=15", runs=("a", "b"))
    until(
        page,
        "[...document.querySelectorAll('.panel output')].map((each) => each.textContent).join() === 'step 10,step 10'",
    )
    page.get_by_role("button", name="follow the newest").click()
    until(page, "[...document.querySelectorAll('.panel output')].every((each) => each.textContent === 'step 20')")


def test_a_sound_is_seen_and_can_be_played(shown: Callable[..., Any], until: Callable[..., Any]) -> None:
    """Waveform and spectrogram, a player that knows how long it is, and where one clicked."""
    page = shown({0: {"s": tracker.Audio(np.sin(np.arange(16000) / 5), 8000)}})
    until(page, "document.querySelector('audio')?.duration === 2")
    assert page.evaluate(INK, ".sound-plot canvas") > 10_000
    box = page.query_selector(".sound-plot").bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 20)
    until(page, "Math.abs(document.querySelector('audio').currentTime - 1) < 0.05")


def test_a_video_shows_any_frame(shown: Callable[..., Any], until: Callable[..., Any]) -> None:
    """Drawn as logged, moved by its slider."""
    frames = np.zeros((4, 16, 16, 3), np.uint8)
    frames[3] = 200
    page = shown({0: {"v": tracker.Video(frames, fps=5)}})
    pixel = """(() => {
      const copy = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
      copy.drawImage(document.querySelector(".video canvas") ?? new OffscreenCanvas(1, 1), -8, -8);
      return copy.getImageData(0, 0, 1, 1).data[0];
    })()"""
    until(page, f"document.querySelector('.video output')?.textContent === '1 / 4' && {pixel} < 8")
    page.get_by_label("Frame").focus()
    page.keyboard.press("End")
    until(page, f"{pixel} > 190")


def test_a_table_is_sorted_and_filtered_and_stays_short(shown: Callable[..., Any], until: Callable[..., Any]) -> None:
    """Ten thousand rows as a few dozen elements; NaN last either way; pictures in cells."""
    n = 10_000
    loss = np.arange(n, 0, -1.0)
    loss[5] = np.nan
    picture = [tracker.Image(np.zeros((4, 4))), *[None] * (n - 1)]
    page = shown({0: {"t": tracker.Table({"picture": picture, "loss": loss, "kind": ["cat", "dog"] * (n // 2)})}})
    until(page, "document.querySelector('.table-count')?.textContent === '10,000 rows'")
    assert len(page.query_selector_all(".table tbody tr")) < 60
    until(page, "document.querySelector('.table td img').naturalWidth === 4")
    first = "document.querySelector('.table tbody tr:nth-child(2) td:nth-child(2)').textContent"
    page.get_by_role("button", name="loss").click()
    until(page, f"{first} === '1'")
    page.get_by_role("button", name="loss").click()
    until(page, f"{first} === '10,000'")
    page.get_by_label("Filter loss").fill("<= 4")
    until(page, "document.querySelector('.table-count').textContent === '4 of 10,000 rows'")
    page.get_by_label("Filter kind").fill("DOG")
    until(page, "document.querySelector('.table-count').textContent === '2 of 10,000 rows'")
    page.get_by_label("Filter loss").fill("")
    page.get_by_label("Filter kind").fill("")
    page.evaluate("document.querySelector('.table-scroll').scrollTop = 1e9")
    until(page, "document.querySelector('.table tbody').textContent.includes('NaN')")


def test_texts_are_markdown_that_does_nothing(shown: Callable[..., Any]) -> None:
    """Headings, lists, tables, code and links to the web; HTML and other addresses stand as they were written."""
    text = (
        "# Title\n\nSome **bold**, *slanted* and `code`.\n\n1. one\n2. two\n   - deeper\n\n| a | b |\n|--|--:|\n| 1 | 2 |\n\n"
        "```\n<b>raw</b>\n```\n\n[site](https://example.com/x) [bad](javascript:window.struck=1) ![p](https://example.com/x.png)\n\n"
        "<img src=x onerror=window.struck=1><script>window.struck=1</script>\n\n[worse](JaVaScRiPt:window.struck=1) [data](data:text/html,x)"
    )
    page = shown({0: {"t": tracker.Text(text)}})
    prose = page.query_selector(".prose")
    assert page.inner_text(".prose h3") == "Title"
    assert page.inner_text(".prose strong") == "bold"
    assert page.inner_text(".prose ol li ul") == "deeper"
    assert page.inner_text(".prose table td.to-right") == "2"
    assert page.inner_text(".prose pre") == "<b>raw</b>"
    links = page.evaluate("[...document.querySelectorAll('.prose a')].map((a) => [a.href, a.rel, a.target])")
    web = [f"https://example.com/{name}" for name in ("x", "x.png")]
    assert links == [[address, "noopener noreferrer", "_blank"] for address in web]
    assert "<img src=x onerror=window.struck=1>" in prose.inner_text()
    assert page.query_selector(".prose img, .prose script") is None
    assert page.evaluate("window.struck") is None


def test_a_text_of_a_million_odd_letters_does_not_stop_the_page(
    shown: Callable[..., Any], until: Callable[..., Any]
) -> None:
    """What makes careless renderers take minutes."""
    page = shown(
        {
            0: {
                f"t{i}": tracker.Text(text)
                for i, text in enumerate(
                    ("*" * 20_000, "[" * 20_000, "> " * 5_000, "`" * 9_999 + "x", "- " * 5_000, "a_" * 10_000)
                )
            }
        }
    )
    until(page, "document.querySelectorAll('.words-item .prose').length === 6")


def test_figures_are_drawn_and_what_is_in_them_is_inert(shown: Callable[..., Any], until: Callable[..., Any]) -> None:
    """Plotly's with the words that it knows and no scripts, under a policy without eval; Matplotlib's as a picture."""
    go = pytest.importorskip("plotly.graph_objects", reason="needs Plotly")
    hostile = "<b>bold</b><img src=x onerror=window.struck=1><script>window.struck=1</script><a href='javascript:window.struck=1'>x</a>"
    figure = go.Figure([go.Bar(x=["one", hostile], y=[1, 2], name=hostile), go.Heatmap(z=[[1, 2]])])
    figure.update_layout(title=hostile, annotations=[{"text": hostile, "x": 0, "y": 0}])
    page = shown({0: {"f": tracker.Figure(figure)}})
    until(page, "document.querySelectorAll('.js-plotly-plot .bars path').length > 0")
    assert page.evaluate("window.struck") is None
    assert page.query_selector(".js-plotly-plot img, .js-plotly-plot script") is None
    hrefs = page.evaluate(
        "[...document.querySelectorAll('.js-plotly-plot a')].map((a) => a.getAttribute('xlink:href') ?? a.getAttribute('href'))"
    )
    assert not [each for each in hrefs if each and "javascript" in each.lower()]


def test_a_matplotlib_figure_is_a_picture(shown: Callable[..., Any], until: Callable[..., Any]) -> None:
    """And can be enlarged."""
    figure = pytest.importorskip("matplotlib.figure", reason="needs Matplotlib, which only the tests use")
    page = shown({0: {"f": tracker.Figure(figure.Figure(figsize=(2, 1)))}})
    until(page, "document.querySelector('.figure img').naturalWidth === 288")
    page.click(".picture-open")
    until(page, "document.querySelector('.large-world img')?.naturalWidth === 288")
