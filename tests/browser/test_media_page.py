"""The page of media: pictures as a user meets them, what is chosen, and what arrives while one looks."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import tracker
from tests.browser.media import INK, scene
from tracker.values import opaque


def test_many_pictures_come_with_the_screen_first(show_media: Callable[..., Any], until: Callable[..., Any]) -> None:
    """Those in sight are there when the page says it is ready; all of them soon after; certainty stays on one line."""
    sure = {"a class with a long name of its own": 1.0, "other": 0.0}
    many = [tracker.Image(np.full((8, 8), i % 256, np.uint8), predictions=sure) for i in range(300)]
    page = show_media({0: {"p": many}})
    assert page.locator(".picture").count() >= 30
    until(page, "document.querySelectorAll('.picture').length === 300")
    found = page.evaluate("""[...document.querySelectorAll('.guess-share')].slice(0, 8)
      .map((share) => [share.textContent, share.getClientRects()[0].height, share.scrollWidth <= share.clientWidth])""")
    assert [text for text, _, _ in found[:2]] == ["100 %", "0 %"]
    assert len({height for _, height, _ in found}) == 1
    assert all(fits for _, _, fits in found)


def test_a_picture_at_large_is_compared_and_followed(show_media: Callable[..., Any], until: Callable[..., Any]) -> None:
    """Zoom, the step before, the difference in numbers, and probabilities over the steps."""
    page = show_media({step: {"p": scene(100 + step, 0.2 + step / 100)} for step in (0, 10, 20)})
    page.click(".picture-open")
    until(page, "document.querySelector('.large-legend')?.textContent.includes('dog')")
    until(page, f"({INK})('.large-history') > 300")
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


def test_layers_are_switched_on_and_off(show_media: Callable[..., Any], until: Callable[..., Any]) -> None:
    """A box is drawn over the picture, and not when its layer is off."""
    page = show_media({0: {"p": scene(50, 0.5)}})
    until(page, "document.querySelector('canvas.layers').width === 240")
    until(page, f"({INK})('canvas.layers') > 500")
    page.get_by_role("button", name="found").click()
    until(page, "document.querySelector('canvas.layers').dataset.key.includes('found')")
    until(page, f"({INK})('canvas.layers') === 0")


def test_a_mask_colours_its_pixels(show_media: Callable[..., Any], until: Callable[..., Any]) -> None:
    """Half of the picture is of a class."""
    mask = np.zeros((20, 30), bool)
    mask[:10] = True
    page = show_media({0: {"p": tracker.Image(np.zeros((20, 30, 3)), masks=mask)}})
    until(page, "document.querySelector('canvas.layers').width === 240")
    width, height = page.evaluate(
        "[document.querySelector('canvas.layers').width, document.querySelector('canvas.layers').height]"
    )
    share = until(page, f"({INK})('canvas.layers')") / (width * height)
    assert 0.45 < share < 0.55


def test_steps_stand_side_by_side(show_media: Callable[..., Any], until: Callable[..., Any]) -> None:
    """The first, the last and some between; the slider moves where they end."""
    page = show_media({step: {"p": scene(100, 0.5)} for step in range(0, 100, 10)}, "&across=steps")
    until(page, "document.querySelectorAll('.step-column .picture').length === 6")
    assert [h.inner_text() for h in page.query_selector_all(".step-column h4")] == [
        f"step {s}" for s in (0, 20, 40, 50, 70, 90)
    ]
    page.get_by_label("Step of p").focus()
    page.keyboard.press("Home")
    until(page, "document.querySelectorAll('.picture').length === 1")


def test_one_slider_moves_every_run(show_media: Callable[..., Any], until: Callable[..., Any]) -> None:
    """What was logged at or before the step; a link shows the same."""
    page = show_media({step: {"p": scene(100, 0.5)} for step in (0, 10, 20)}, "&at=15", runs=("a", "b"))
    until(
        page,
        "[...document.querySelectorAll('.panel output')].map((each) => each.textContent).join() === 'step 10,step 10'",
    )
    page.get_by_role("button", name="follow the newest").click()
    until(page, "[...document.querySelectorAll('.panel output')].every((each) => each.textContent === 'step 20')")


def test_three_runs_stand_side_by_side(show_media: Callable[..., Any]) -> None:
    """In one row at 1440 and, of pictures, at 1024; never beyond the page at 700."""
    page = show_media({0: {"p": [scene(100, 0.5)] * 4}}, runs=("a", "b", "c"))
    for width, rows in ((1440, 1), (1024, 1), (700, 3)):
        page.set_viewport_size({"width": width, "height": 800})
        tops = page.evaluate("[...document.querySelectorAll('.panel')].map((each) => each.getBoundingClientRect().top)")
        assert len(set(tops)) <= rows
        assert page.evaluate("document.getElementById('view').scrollWidth <= document.getElementById('view').clientWidth")  # fmt: skip


def test_pictures_of_odd_shapes_have_a_place(show_media: Callable[..., Any], until: Callable[..., Any]) -> None:
    """A strip is thick enough to be seen, and a column is no taller than the screen."""
    line = np.linspace(0, 1, 600)
    page = show_media({0: {"strip": tracker.Image(line[None]), "column": tracker.Image(line[:, None]), "tall": tracker.Image(np.zeros((2400, 120)))}})  # fmt: skip
    until(page, "[...document.querySelectorAll('.picture img')].filter((image) => image.naturalWidth).length === 3")
    sizes = page.evaluate("""Object.fromEntries([...document.querySelectorAll('.panel')].map((panel) => {
      const { width, height } = panel.querySelector('.picture img').getBoundingClientRect();
      return [panel.querySelector('.last').textContent, [width, height]];
    }))""")
    assert all(width >= 8 and 8 <= height <= 420 for width, height in sizes.values()), sizes


def test_tags_and_kinds_are_chosen_and_what_is_hidden_says_so(
    show_media: Callable[..., Any], until: Callable[..., Any]
) -> None:
    """A filter that keeps the caret, a kind that a link carries, and the way back."""
    page = show_media({0: {"train/p": scene(1, 0.5), "val/p": scene(2, 0.5), "note": tracker.Text("x")}}, "&m=image")
    assert page.locator(".panel").count() == 2
    page.keyboard.press("/")
    page.keyboard.type("val")
    until(page, "document.querySelectorAll('.panel').length === 1")
    assert page.evaluate("document.activeElement.id") == "media-tags"
    page.keyboard.type("x")
    until(page, "document.querySelector('.empty h2')?.textContent === 'No tag matches “valx”'")
    assert "2 tags hidden by the filter." in page.inner_text(".empty")
    page.get_by_role("button", name="Clear the filter").click()
    until(page, "document.querySelectorAll('.panel').length === 2")
    page.get_by_role("radio", name="All").click()
    until(page, "document.querySelectorAll('.panel').length === 3 && !location.search.includes('m=')")
    page.evaluate("viz.set('runs', 'nobody')")
    until(page, "document.querySelector('.empty h2')?.textContent === 'No visible run has logged media'")
    page.locator("#view").get_by_role("button", name="Show all runs").click()
    until(page, "document.querySelectorAll('.panel').length === 3")


def test_a_run_without_what_is_asked_for_takes_no_others_place(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """The three newest had surfaces or texts only: the page said "3 newest of 5", and that no run has pictures."""
    for name in ("old", "older", "texts 1", "texts 2", "texts 3", "surface"):
        with tracker.init(logdir=logdir, name=name, machine=False) as run:
            if name.startswith("old"):
                run.log({"p": scene(100, 0.5), "q": scene(50, 0.5)}, step=0)
            elif name.startswith("texts"):
                run.log({"note": tracker.Text("x")}, step=0)
            else:
                run.log({"path/beale/surface": tracker.Text("{}")}, step=0)
    served = serve(logdir, "--no-token")
    page.goto(f"{served.base}/?p=media")
    until(page, "viz.ready && document.querySelectorAll('.panel').length === 3")
    assert page.inner_text(".page-note").startswith("The 3 newest of 5 visible runs with these")
    page.get_by_role("radio", name="Images").click()
    until(page, "document.querySelectorAll('.panel').length === 4")
    assert not page.locator(".page-note").count()
    page.get_by_role("radio", name="All").click()
    page.fill("#media-tags", "q")
    until(page, "document.querySelectorAll('.panel').length === 2")


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


def test_classes_have_a_legend_and_one_colour_everywhere(
    show_media: Callable[..., Any], until: Callable[..., Any]
) -> None:
    """Switched in one run they are in all; masks of other steps are there; scores have a least."""
    page = show_media({step: {"p": street(step)} for step in (0, 10)}, runs=("a", "b"))
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
    until(page, f"({INK})('.large-frame:nth-child(2) canvas.layers') > 1000")  # the other step's mask
    slider = page.get_by_label("Minimum score of a box")
    assert slider.is_visible()
    slider.fill("0.5")
    until(page, "document.querySelector('.large canvas.layers').dataset.key.includes('[0.5')")


def test_a_picture_at_large_fits_tells_its_pixels_and_has_neighbours(
    show_media: Callable[..., Any], until: Callable[..., Any]
) -> None:
    """Also after the mode has changed; with the keys; what is dark can be made bright."""
    many = [tracker.Image(np.full((40, 60, 3), 10 * i, np.uint8), f"number {i}") for i in range(3)]
    page = show_media({0: {"p": many}, 5: {"p": many}})
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
    assert page.get_by_role("button", name="Next picture").is_disabled()
    page.hover(".large-frame img", force=True)
    until(page, "/^x (29|30), y (19|20) · grey 20$/.test(document.querySelector('.large-pointed').textContent)")
    assert page.get_by_role("link", name="Download").get_attribute("download") == "p-step-5-2.webp"
    page.get_by_label("Brightness").focus()
    page.keyboard.press("End")
    until(page, "document.querySelector('.large-frame img').style.filter.startsWith('brightness(10)')")
    page.get_by_role("button", name="Reset view").click()
    until(page, "document.querySelector('.large-frame img').style.filter === ''")


def test_a_picture_that_a_browser_cannot_show_says_so(
    logdir: Path, serve: Callable[..., Any], new_page: Callable[..., Any], until: Callable[..., Any]
) -> None:
    """A head that claims 65,000 × 65,000 pixels, and bytes that are none: a sentence, and the rest of the page goes on."""
    head = bytes.fromhex("89504e470d0a1a0a0000000d49484452") + (65_000).to_bytes(4, "big") * 2 + b"\x08\x06\0\0\0"
    bomb = head + zlib.crc32(head[12:]).to_bytes(4, "big") + b"\0\0\0\0IEND\xaeB`\x82"
    broken = opaque.OpaqueValue("image", [opaque.picture(bomb, 65_000, 65_000), opaque.picture(b"<svg onload=window.struck=1>", 9, 9)])  # fmt: skip
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        run.log({"p": broken}, step=0)
        run.log({"q": scene(50, 0.5)}, step=0)
        run.flush()
        page = new_page()
        page.goto(f"{serve(logdir, '--no-token').base}/?p=media")
        until(page, "document.querySelectorAll('.picture.is-broken').length === 2")
        assert page.inner_text("[aria-label='p of a']").count("cannot be shown") == 2
        until(page, "document.querySelector('[aria-label=\"q of a\"] img')?.naturalWidth === 30")
        assert page.evaluate("window.struck") is None
        # Changes of the run, after which the same pictures are shown again: the browser says nothing of them twice.
        run.log({"p": broken}, step=1)
        run.flush()
        until(page, "document.querySelector('[aria-label=\"p of a\"] output').textContent === 'step 1'")
        assert page.inner_text("[aria-label='p of a']").count("cannot be shown") == 2
        assert page.locator(".picture.is-broken").count() == 2
    page.faults.clear()  # the browser says of each that it could not be decoded


def test_a_new_step_arrives_while_one_looks(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """The newest is shown by itself; who looks at an older step stays there; the elements are the same ones."""
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
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
