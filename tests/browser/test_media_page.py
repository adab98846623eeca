"""The page of media: each kind as a user meets it, and content that would like to do something."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tracker
from tracker.values import kept
from tracker.values.figure import PLOTLY_FORM
from tracker.values.value import Medium

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


def test_three_runs_stand_side_by_side(shown: Callable[..., Any]) -> None:
    """In one row at 1440 and, of pictures, at 1024; never beyond the page at 700."""
    page = shown({0: {"p": [scene(100, 0.5)] * 4}}, runs=("a", "b", "c"))
    for width, rows in ((1440, 1), (1024, 1), (700, 3)):
        page.set_viewport_size({"width": width, "height": 800})
        tops = page.evaluate("[...document.querySelectorAll('.panel')].map((each) => each.getBoundingClientRect().top)")
        assert len(set(tops)) <= rows
        assert page.evaluate("document.getElementById('view').scrollWidth <= document.getElementById('view').clientWidth")  # fmt: skip


def test_pictures_of_odd_shapes_have_a_place(shown: Callable[..., Any], until: Callable[..., Any]) -> None:
    """A strip is thick enough to be seen, and a column is no taller than the screen."""
    line = np.linspace(0, 1, 600)
    page = shown({0: {"strip": tracker.Image(line[None]), "column": tracker.Image(line[:, None]), "tall": tracker.Image(np.zeros((2400, 120)))}})  # fmt: skip
    until(page, "[...document.querySelectorAll('.picture img')].filter((image) => image.naturalWidth).length === 3")
    sizes = page.evaluate("""Object.fromEntries([...document.querySelectorAll('.panel')].map((panel) => {
      const { width, height } = panel.querySelector('.picture img').getBoundingClientRect();
      return [panel.querySelector('.last').textContent, [width, height]];
    }))""")
    assert all(width >= 8 and 8 <= height <= 420 for width, height in sizes.values()), sizes


def test_tags_and_kinds_are_chosen_and_what_is_hidden_says_so(
    shown: Callable[..., Any], until: Callable[..., Any]
) -> None:
    """A filter that keeps the caret, a kind that a link carries, and the way back."""
    page = shown({0: {"train/p": scene(1, 0.5), "val/p": scene(2, 0.5), "note": tracker.Text("x")}}, "&m=image")
    assert page.locator(".panel").count() == 2
    page.keyboard.press("/")
    page.keyboard.type("val")
    until(page, "document.querySelectorAll('.panel').length === 1")
    assert page.evaluate("document.activeElement.id") == "media-tags"
    page.keyboard.type("x")
    until(page, "document.querySelector('.empty h2')?.textContent === 'No tag holds “valx”'")
    assert "2 tags hidden by the filter." in page.inner_text(".empty")
    page.get_by_role("button", name="Clear the filter").click()
    until(page, "document.querySelectorAll('.panel').length === 2")
    page.get_by_role("radio", name="All").click()
    until(page, "document.querySelectorAll('.panel').length === 3 && !location.search.includes('m=')")
    page.evaluate("viz.set('runs', 'nobody')")
    until(page, "document.querySelector('.empty h2')?.textContent === 'No run that is shown has logged media'")
    page.locator("#view").get_by_role("button", name="Show all runs").click()
    until(page, "document.querySelectorAll('.panel').length === 3")


CLASSES = ["none", "road", "car"]


def street(step: int) -> tracker.Image:
    """Half road, half car, in two layers that share names and classes; a box that is sure and one that is not."""
    mask = np.ones((20, 30), np.uint8)
    mask[:, 15:] = 2
    named = {"mask": mask, "labels": CLASSES}
    found = [
        {"box": (2, 2, 9, 9), "label": "car", "score": 0.9},
        {"box": (20, 2, 28, 9), "label": "kite", "score": 0.2},
    ]
    return tracker.Image(np.full((20, 30), step, np.uint8), boxes={"truth": [(1, 1, 5, 5)], "found": found}, masks={"truth": named, "found": named})  # fmt: skip


def test_classes_have_a_legend_and_one_colour_everywhere(shown: Callable[..., Any], until: Callable[..., Any]) -> None:
    """Switched in one run they are in all; masks of other steps are there; scores have a least."""
    page = shown({step: {"p": street(step)} for step in (0, 10)}, runs=("a", "b"))
    key = "[...document.querySelectorAll('.panel canvas.layers')].map((each) => each.dataset.key)"
    until(page, f"{key}.length === 2 && {key}.every(Boolean)")
    chips = page.locator("[aria-label='p of a'] .layer-chips button").all_inner_texts()
    assert chips == ["truth boxes", "found boxes", "truth mask", "found mask", "road", "car", "kite"]
    page.locator("[aria-label='p of b'] .layer-chips").get_by_role("button", name="road").click()
    until(page, f"{key}.every((each) => each.includes('class road'))")
    assert page.locator("[aria-label='p of a'] [data-key='class road']").get_attribute("aria-pressed") == "false"
    for name in ("truth boxes", "found boxes"):
        page.locator("[aria-label='p of a'] .layer-chips").get_by_role("button", name=name).click()
    colours = """(() => {
      const canvas = document.querySelector('.panel canvas.layers');
      const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d', { willReadFrequently: true });
      copy.drawImage(canvas, 0, 0);
      const at = (x) => copy.getImageData(x * canvas.width, canvas.height / 2, 1, 1).data[3];
      return [at(0.25), at(0.75)];
    })()"""
    until(page, f"(([road, car]) => road === 0 && car > 100)({colours})")
    page.locator("[aria-label='p of a'] .picture-open").click()
    until(page, "document.querySelector('.large .layer-chips button')")
    page.get_by_role("radio", name="Side by side").click()
    until(page, "[...document.querySelectorAll('.large canvas.layers')].every((each) => each.dataset.key && each.width === 240)")  # fmt: skip
    assert page.evaluate(INK, ".large-frame:nth-child(2) canvas.layers") > 1000  # the other step's mask
    slider = page.get_by_label("Least score of a box")
    assert slider.is_visible()
    slider.fill("0.5")
    until(page, "document.querySelector('.large canvas.layers').dataset.key.includes('[0.5')")


def test_a_picture_at_large_fits_tells_its_pixels_and_has_neighbours(
    shown: Callable[..., Any], until: Callable[..., Any]
) -> None:
    """Also after the mode has changed; with the keys; what is dark can be made bright."""
    many = [tracker.Image(np.full((40, 60, 3), 10 * i, np.uint8), f"number {i}") for i in range(3)]
    page = shown({0: {"p": many}, 5: {"p": many}})
    page.locator(".picture-open").first.click()
    until(page, "document.querySelector('.large-place').textContent === '1 of 3'")
    fits = """(() => {
      const frame = document.querySelector('.large-frame').getBoundingClientRect(), image = document.querySelector('.large-frame img').getBoundingClientRect();
      return image.left >= frame.left && image.right <= frame.right + 1 && image.bottom <= frame.bottom + 1 && image.width > frame.width / 2;
    })()"""
    until(page, fits)
    page.get_by_role("radio", name="Side by side").click()
    until(page, fits)
    page.get_by_role("radio", name="Single").click()
    page.focus(".large-stage")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    until(page, "document.querySelector('.large-note').textContent === '60 × 40 · number 2'")
    assert page.get_by_role("button", name="The picture after").is_disabled()
    page.hover(".large-frame img", force=True)
    until(page, "/^x (29|30), y (19|20) · grey 20$/.test(document.querySelector('.large-pointed').textContent)")
    assert page.get_by_role("link", name="Download").get_attribute("download") == "p-step-5-2.webp"
    page.get_by_label("Brightness").focus()
    page.keyboard.press("End")
    until(page, "document.querySelector('.large-frame img').style.filter.startsWith('brightness(10)')")
    page.get_by_role("button", name="Reset view").click()
    until(page, "document.querySelector('.large-frame img').style.filter === ''")


def test_sounds_against_each_other_are_not_silence(shown: Callable[..., Any], until: Callable[..., Any]) -> None:
    """A waveform for each channel, axes that stay when it is drawn again, the keys, and a tone where it belongs."""
    tone = np.sin(2 * np.pi * 1000 * np.arange(8000) / 8000)
    page = shown({0: {"s": tracker.Audio(np.stack([tone, -tone], 1), 8000)}})
    until(page, "document.querySelector('audio')?.duration === 1")
    until(page, "document.querySelector('.sound figcaption').textContent === '1 s · 8 kHz · stereo'")
    look = """(() => {
      const canvas = document.querySelector('.sound-plot canvas');
      const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d', { willReadFrequently: true });
      copy.drawImage(canvas, 0, 0);
      const ink = (x, y, w, h) => { const { data } = copy.getImageData(x, y, w, h); let sum = 0; for (let i = 3; i < data.length; i += 4) if (data[i]) sum++; return sum; };
      return { waves: [ink(100, 0, 200, 40), ink(100, 40, 200, 40)], labels: ink(0, 80, 38, 100), times: ink(44, canvas.height - 14, 500, 14) };
    })()"""
    until(page, f"(({{ waves, labels, times }}) => waves.every((each) => each > 4000) && labels > 100 && times > 100)({look})")  # fmt: skip
    page.set_viewport_size({"width": 1300, "height": 900})
    until(page, f"(({{ labels, times }}) => labels > 100 && times > 100)({look})")
    head = page.get_by_role("slider", name="Place in s")
    head.press("End")
    until(page, "document.querySelector('audio').currentTime === 1")
    head.press("Home")
    head.press("ArrowRight")
    until(page, "Math.abs(document.querySelector('audio').currentTime - 0.02) < 0.005")
    box = page.query_selector(".sound-plot").bounding_box()
    page.mouse.move(box["x"] + 300, box["y"] + box["height"] - 18 - 24)  # a quarter up of 4 kHz
    until(page, "/ · 1,000 Hz · −?0 dB$/.test(document.querySelector('.sound-pointed').textContent)")  # fmt: skip


def test_numbers_of_a_column_stand_below_each_other_and_leave_as_csv(
    shown: Callable[..., Any], until: Callable[..., Any]
) -> None:
    """One count of decimals; whole numbers with all digits; every digit in the file; pictures enlarge."""
    picture = tracker.Image(np.zeros((4, 4)), "a cell")
    page = shown({3: {"t": tracker.Table({"p": [0.5, 0.123456789, 1e-9], "n": [1, 12_345_678, 3], "w": ['a "b", c', "", "z"], "x": [picture, None, None]})}})  # fmt: skip
    until(page, "document.querySelector('.table td img')?.naturalWidth === 4")
    column = "[...document.querySelectorAll('.table tbody tr:not(.space) td:nth-child({}) ')].map((each) => each.textContent)"
    assert page.evaluate(column.format(1)) == ["0.5000", "0.1235", "1e−9"]
    assert page.evaluate(column.format(2)) == ["1", "12,345,678", "3"]
    page.get_by_role("button", name="n", exact=True).click()
    with page.expect_download() as saved:
        page.get_by_role("button", name="Download CSV").click()
    assert saved.value.suggested_filename == "t-step-3.csv"
    text = Path(saved.value.path()).read_text()
    assert text.splitlines() == ["p,n,w,x", '0.5,1,"a ""b"", c",', "1e-9,3,z,", "0.123456789,12345678,,"]
    page.get_by_role("button", name="Enlarge: a cell").click()
    until(page, "document.querySelector('.large-note')?.textContent === '4 × 4 · a cell'")


def test_a_plotly_figure_fills_its_card_and_opens_at_large(
    shown: Callable[..., Any], until: Callable[..., Any]
) -> None:
    """No margin for a title that is not there; as high as it asks, within reason."""
    figure = {"data": [{"type": "heatmap", "z": [[1, 2], [3, 4]]}], "layout": {"height": 5000, "width": 9}}
    page = shown({0: {"f": tracker.Figure(figure)}})
    until(page, "document.querySelectorAll('.js-plotly-plot .heatmaplayer image').length > 0")
    size = page.evaluate("(({ width, height }) => [width, height])(document.querySelector('.js-plotly-plot .heatmaplayer image').getBoundingClientRect())")  # fmt: skip
    assert size[0] > 600
    assert 700 < size[1] < 900
    page.get_by_role("button", name="Enlarge figure f").click()
    until(page, "document.querySelectorAll('dialog .heatmaplayer image').length > 0")
    page.keyboard.press("Escape")
    until(page, "!document.querySelector('dialog')")


def test_a_picture_that_a_browser_cannot_show_says_so(
    logdir: Path, serve: Callable[..., Any], new_page: Callable[..., Any], until: Callable[..., Any]
) -> None:
    """A head that claims 65,000 × 65,000 pixels, and bytes that are none: a sentence, and the rest of the page goes on."""
    head = bytes.fromhex("89504e470d0a1a0a0000000d49484452") + (65_000).to_bytes(4, "big") * 2 + b"\x08\x06\0\0\0"
    bomb = head + zlib.crc32(head[12:]).to_bytes(4, "big") + b"\0\0\0\0IEND\xaeB`\x82"
    with tracker.init(logdir=logdir, name="a") as run:
        run.log({"p": kept.Kept("image", [kept.picture(bomb, 65_000, 65_000), kept.picture(b"<svg onload=window.struck=1>", 9, 9)])}, step=0)  # fmt: skip
        run.log({"q": scene(50, 0.5)}, step=0)
    page = new_page()
    page.goto(f"{serve(logdir, '--no-token').base}/?p=media")
    until(page, "document.querySelectorAll('.picture.is-broken').length === 2")
    assert "cannot be shown" in page.inner_text("[aria-label='p of a']")
    until(page, "document.querySelector('[aria-label=\"q of a\"] img')?.naturalWidth === 30")
    assert page.evaluate("window.struck") is None
    page.faults.clear()  # the browser says of each that it could not be decoded


def test_a_new_step_arrives_while_one_looks(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """The newest is shown by itself; who looks at an older step stays there; the elements are the same ones."""
    with tracker.init(logdir=logdir, name="a") as run:
        run.log({"p": scene(10, 0.5), "t": tracker.Table({"n": [1]})}, step=0)
        run.flush()
        page.goto(f"{serve(logdir, '--no-token').base}/?p=media")
        until(page, "viz.ready && document.querySelector('.table-count')?.textContent === '1 row'")
        page.evaluate("window.before = document.querySelector('.picture')")
        run.log({"p": scene(90, 0.9), "t": tracker.Table({"n": [1, 2]})}, step=7)
        run.flush()
        until(page, "document.querySelector('[aria-label=\"p of a\"] output').textContent === 'step 7'")
        until(page, "document.querySelector('.table-count').textContent === '2 rows'")
        assert page.evaluate("window.before === document.querySelector('.picture')")
        page.get_by_label("Step of p").focus()
        page.keyboard.press("Home")
        run.log({"p": scene(95, 0.9)}, step=8)
        run.flush()
        until(page, "document.querySelector('[aria-label=\"p of a\"] input').max === '2'")
        assert page.inner_text("[aria-label='p of a'] output") == "step 0"


HOSTILE_FIGURES = [
    {"data": [{"type": "scatter", "x": [1], "y": [1]}], "layout": {"images": [{"source": "http://192.0.2.1/track.png", "x": 0, "y": 1, "sizex": 1, "sizey": 1}]}},
    {"data": [{"type": "scatter", "x": [1], "y": [1], "text": ["<a href='data:text/html,<script>top.struck=1</script>'>x</a>"], "mode": "text"}]},
    {"data": [{"type": "image", "source": "http://192.0.2.1/track.png"}]},
    {"data": [{"type": "scatter", "x": {"bdata": "AAAA", "dtype": "f8", "shape": "1e9"}, "y": [1]}]},
    {"data": "all", "layout": "none"},
    {"data": [None, 7, {"type": "no such trace"}], "layout": {"template": 7, "margin": "wide", "height": "1e99", "title": ["x"], "font": "big"}},
    {"data": [{"type": "table", "header": {"values": ["<img src=x onerror=window.struck=1>"]}, "cells": {"values": [["<svg onload=window.struck=1>"]]}}]},
]  # fmt: skip


def test_hostile_figures_ask_nobody_and_do_nothing(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """Pictures of other hosts, links, arrays that claim a size, layouts of the wrong kind: drawn without it, or said."""
    with tracker.init(logdir=logdir, name="a") as run:
        for number, figure in enumerate(HOSTILE_FIGURES):
            item = Medium(PLOTLY_FORM, {}, zlib.compress(json.dumps(figure).encode()))
            run.log({f"f{number}": kept.Kept("figure", [item])}, step=0)
    page.goto(f"{serve(logdir, '--no-token').base}/?p=media")
    until(page, "viz.ready")
    for number in range(len(HOSTILE_FIGURES)):
        page.locator(f"[aria-label='f{number} of a']").scroll_into_view_if_needed()
        until(page, f"document.querySelector(`[aria-label='f{number} of a'] :is(.main-svg, .page-note)`)")
    assert page.evaluate("window.struck") is None
    assert page.query_selector(".js-plotly-plot :is(img, script, iframe)") is None
    links = page.evaluate("[...document.querySelectorAll('.js-plotly-plot a')].map((a) => a.getAttribute('xlink:href') ?? a.getAttribute('href') ?? '')")  # fmt: skip
    assert not [each for each in links if each.startswith(("data:", "javascript:"))]
