"""The page of media: sounds, videos, tables, texts and figures, also such that would like to do something."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tracker
from tests.browser.media import INK
from tracker.values import opaque
from tracker.values.figure import PLOTLY_FORM
from tracker.values.value import Medium


def test_a_sound_is_seen_and_can_be_played(show_media: Callable[..., Any], until: Callable[..., Any]) -> None:
    """Waveform and spectrogram, a player that knows how long it is, and where one clicked."""
    page = show_media({0: {"s": tracker.Audio(np.sin(np.arange(16000) / 5), 8000)}})
    until(page, "document.querySelector('audio')?.duration === 2")
    until(page, f"({INK})('.sound-plot canvas') > 10_000")
    box = page.query_selector(".sound-plot").bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 20)
    until(page, "Math.abs(document.querySelector('audio').currentTime - 1) < 0.05")


def test_a_video_shows_any_frame(show_media: Callable[..., Any], until: Callable[..., Any]) -> None:
    """Drawn as logged, moved by its slider."""
    frames = np.zeros((4, 16, 16, 3), np.uint8)
    frames[3] = 200
    page = show_media({0: {"v": tracker.Video(frames, fps=5)}})
    pixel = """(() => {
      const copy = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
      copy.drawImage(document.querySelector(".video canvas") ?? new OffscreenCanvas(1, 1), -8, -8);
      return copy.getImageData(0, 0, 1, 1).data[0];
    })()"""
    until(page, f"document.querySelector('.video output')?.textContent === '1 / 4' && {pixel} < 8")
    page.get_by_label("Frame").focus()
    page.keyboard.press("End")
    until(page, f"{pixel} > 190")


def test_a_table_is_sorted_and_filtered_and_stays_short(
    show_media: Callable[..., Any], until: Callable[..., Any]
) -> None:
    """Ten thousand rows as a few dozen elements; NaN last either way; pictures in cells."""
    n = 10_000
    loss = np.arange(n, 0, -1.0)
    loss[5] = np.nan
    picture = [tracker.Image(np.zeros((4, 4))), *[None] * (n - 1)]
    page = show_media({0: {"t": tracker.Table({"picture": picture, "loss": loss, "kind": ["cat", "dog"] * (n // 2)})}})
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


def test_texts_are_markdown_that_does_nothing(show_media: Callable[..., Any]) -> None:
    """Headings, lists, tables, code and links to the web; HTML and other addresses stand as they were written."""
    text = (
        "# Title\n\nSome **bold**, *slanted* and `code`.\n\n1. one\n2. two\n   - deeper\n\n| a | b |\n|--|--:|\n| 1 | 2 |\n\n"
        "```\n<b>raw</b>\n```\n\n[site](https://example.com/x) [bad](javascript:window.struck=1) ![p](https://example.com/x.png)\n\n"
        "<img src=x onerror=window.struck=1><script>window.struck=1</script>\n\n[worse](JaVaScRiPt:window.struck=1) [data](data:text/html,x)"
    )
    page = show_media({0: {"t": tracker.Text(text)}})
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


CODE = "def f(x):\n    if x:\n\treturn  1\n\n    return 0\n"


def test_code_and_traces_keep_their_blanks(show_media: Callable[..., Any], until: Callable[..., Any]) -> None:
    """What Markdown would run together is shown as it is; an indented block of its own is code; one can turn it over."""
    page = show_media(
        {
            0: {
                "code": tracker.Text(CODE),
                "block": tracker.Text("See:\n\n    a = 1\n\n        b = 2\n\tc = 3\n\nand **so** on"),
                "list": tracker.Text("- one\n    - two\n\n```\n    fenced\n```"),
            }
        }
    )
    item = page.locator
    assert page.evaluate("document.querySelector('[aria-label=\"Text code\"] pre').textContent") == CODE
    assert page.evaluate("document.querySelector('[aria-label=\"Text block\"] pre').textContent") == (
        "a = 1\n\n    b = 2\nc = 3"
    )
    assert item('[aria-label="Text block"] strong').inner_text() == "so"
    assert item('[aria-label="Text list"] .prose ul ul').inner_text() == "two"
    item('[aria-label="Text list"]').hover()
    item('[aria-label="Text list"]').get_by_role("button", name="Plain text").click()
    assert item('[aria-label="Text list"] pre').inner_text() == "- one\n    - two\n\n```\n    fenced\n```"
    item('[aria-label="Text list"]').get_by_role("button", name="Markdown").click()
    until(page, "document.querySelector('[aria-label=\"Text list\"] .prose')")


def test_a_text_of_a_million_odd_letters_does_not_stop_the_page(
    show_media: Callable[..., Any], until: Callable[..., Any]
) -> None:
    """What makes careless renderers take minutes."""
    page = show_media(
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


def test_figures_are_drawn_and_what_is_in_them_is_inert(
    show_media: Callable[..., Any], until: Callable[..., Any]
) -> None:
    """Plotly's with the words that it knows and no scripts, under a policy without eval; Matplotlib's as a picture."""
    go = pytest.importorskip("plotly.graph_objects", reason="needs Plotly")
    hostile = "<b>bold</b><img src=x onerror=window.struck=1><script>window.struck=1</script><a href='javascript:window.struck=1'>x</a>"
    figure = go.Figure([go.Bar(x=["one", hostile], y=[1, 2], name=hostile), go.Heatmap(z=[[1, 2]])])
    figure.update_layout(title=hostile, annotations=[{"text": hostile, "x": 0, "y": 0}])
    page = show_media({0: {"f": tracker.Figure(figure)}})
    until(page, "document.querySelectorAll('.js-plotly-plot .bars path').length > 0")
    assert page.evaluate("window.struck") is None
    assert page.query_selector(".js-plotly-plot img, .js-plotly-plot script") is None
    hrefs = page.evaluate(
        "[...document.querySelectorAll('.js-plotly-plot a')].map((a) => a.getAttribute('xlink:href') ?? a.getAttribute('href'))"
    )
    assert not [each for each in hrefs if each and "javascript" in each.lower()]


def test_a_matplotlib_figure_is_a_picture(show_media: Callable[..., Any], until: Callable[..., Any]) -> None:
    """And can be enlarged."""
    figure = pytest.importorskip("matplotlib.figure", reason="needs Matplotlib, which only the tests use")
    page = show_media({0: {"f": tracker.Figure(figure.Figure(figsize=(2, 1)))}})
    until(page, "document.querySelector('.figure img').naturalWidth === 288")
    page.click(".picture-open")
    until(page, "document.querySelector('.large-world img')?.naturalWidth === 288")


def test_sounds_against_each_other_are_not_silence(show_media: Callable[..., Any], until: Callable[..., Any]) -> None:
    """A waveform for each channel, axes that stay when it is drawn again, the keys, and a tone where it belongs."""
    tone = np.sin(2 * np.pi * 1000 * np.arange(8000) / 8000)
    page = show_media({0: {"s": tracker.Audio(np.stack([tone, -tone], 1), 8000)}})
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
    head = page.get_by_role("slider", name="Position in s")
    head.press("End")
    until(page, "document.querySelector('audio').currentTime === 1")
    head.press("Home")
    head.press("ArrowRight")
    until(page, "Math.abs(document.querySelector('audio').currentTime - 0.02) < 0.005")
    box = page.query_selector(".sound-plot").bounding_box()
    page.mouse.move(box["x"] + 300, box["y"] + box["height"] - 18 - 24)  # a quarter up of 4 kHz
    until(page, "/ · 1,000 Hz · −?0 dB$/.test(document.querySelector('.sound-pointed').textContent)")  # fmt: skip


def test_numbers_of_a_column_stand_below_each_other_and_leave_as_csv(
    show_media: Callable[..., Any], until: Callable[..., Any]
) -> None:
    """One count of decimals; whole numbers with all digits; every digit in the file; pictures enlarge."""
    picture = tracker.Image(np.zeros((4, 4)), "a cell")
    page = show_media({3: {"t": tracker.Table({"p": [0.5, 0.123456789, 1e-9], "n": [1, 12_345_678, 3], "w": ['a "b", c', "", "z"], "x": [picture, None, None]})}})  # fmt: skip
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
    show_media: Callable[..., Any], until: Callable[..., Any]
) -> None:
    """No margin for a title that is not there; as high as it asks, within reason."""
    figure = {"data": [{"type": "heatmap", "z": [[1, 2], [3, 4]]}], "layout": {"height": 5000, "width": 9}}
    page = show_media({0: {"f": tracker.Figure(figure)}})
    until(page, "document.querySelectorAll('.js-plotly-plot .heatmaplayer image').length > 0")
    size = page.evaluate("(({ width, height }) => [width, height])(document.querySelector('.js-plotly-plot .heatmaplayer image').getBoundingClientRect())")  # fmt: skip
    assert size[0] > 600
    assert 700 < size[1] < 900
    page.get_by_role("button", name="Enlarge figure f").click()
    until(page, "document.querySelectorAll('dialog .heatmaplayer image').length > 0")
    page.keyboard.press("Escape")
    until(page, "!document.querySelector('dialog')")


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
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        for number, figure in enumerate(HOSTILE_FIGURES):
            item = Medium(PLOTLY_FORM, {}, zlib.compress(json.dumps(figure).encode()))
            run.log({f"f{number}": opaque.OpaqueValue("figure", [item])}, step=0)
    page.goto(f"{serve(logdir, '--no-token').base}/?p=media")
    until(page, "viz.ready")
    for number in range(len(HOSTILE_FIGURES)):
        page.locator(f"[aria-label='f{number} of a']").scroll_into_view_if_needed()
        until(page, f"document.querySelector(`[aria-label='f{number} of a'] :is(.main-svg, .page-note)`)")
    assert page.evaluate("window.struck") is None
    assert page.query_selector(".js-plotly-plot :is(img, script, iframe)") is None
    links = page.evaluate("[...document.querySelectorAll('.js-plotly-plot a')].map((a) => a.getAttribute('xlink:href') ?? a.getAttribute('href') ?? '')")  # fmt: skip
    assert not [each for each in links if each.startswith(("data:", "javascript:"))]
