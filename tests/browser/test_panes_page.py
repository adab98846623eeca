"""The page of panes: windows of every kind, moved, tiled, filtered, compared, clicked; and what a training hears of it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tracker

HTML = "<h1 style='color: #b83290'>Confusion</h1><p>What it takes for a 7.</p>"


def every_kind(run: tracker.Run) -> None:
    """A pane of each."""
    x = np.linspace(0, 6.28, 200)
    run.pane(
        "sine", tracker.Curves({"sin": (x, np.sin(x)), "cos": (x, np.cos(x))}), title="Sine and cosine", xlabel="x"
    )
    figure = {"data": [{"type": "bar", "x": ["a", "b"], "y": [3, 5], "name": "bars"}], "layout": {}}
    run.pane("bars", tracker.Figure(figure), title="Bars")
    run.pane("words", tracker.Html(HTML), title="HTML")
    run.pane("log", "epoch 1: 0.5\nepoch 2: 0.25\n", title="Plain text")
    pixels = np.kron(np.arange(64).reshape(8, 8) / 63, np.ones((4, 4)))
    run.pane("seven", tracker.Image(pixels, caption="a ramp"), title="Picture")
    run.pane("many", [tracker.Image(pixels * k / 9, caption=str(k)) for k in range(9)], title="Pictures")
    run.pane("tone", tracker.Audio(np.sin(np.arange(8000) / 8), 8000), title="Sound")
    run.pane("drawing", tracker.Svg("<svg viewBox='0 0 40 20'><circle cx='20' cy='10' r='9' fill='#0c8f7d'/></svg>"))
    sheet = {"lr": 0.1, "augment": True, "optimizer": ["sgd", "adam"], "note": "first try"}
    run.pane("settings", tracker.Properties(sheet), title="Settings")
    run.pane("net", tracker.Network(["in", "fc1", "fc2", "out"], [(0, 1), (1, 2), (2, 3), (0, 3)], directed=True))
    run.log({"train/loss": 1.0}, step=0)
    run.log({"train/loss": 0.5}, step=1)
    run.pane("loss", {"kind": "scalar", "tag": "train/loss"}, title="Loss")
    run.pane("circle", tracker.Curves({"c": (np.cos(x), np.sin(x))}), title="There and back")


def _log_every_kind(logdir: Path) -> None:
    with tracker.init(logdir=logdir, name="digits_adam", machine=False) as run:
        every_kind(run)


@pytest.fixture
def open_panes(
    logdir: Path, serve: Callable[..., Any], new_page: Callable[..., Any], until: Callable[..., Any]
) -> Callable[..., Any]:
    """Serves the logdir and opens the page: open_panes("&env=a", "--read-only", width=1024); its `.served` is the server."""

    def opened(more: str = "", *options: str, served: Any = None, **size: Any) -> Any:
        page = new_page(**size)
        page.served = served or serve(logdir, "--no-token", *options)
        page.goto(f"{page.served.base}/?p=panes{more}")
        until(page, "window.viz?.ready && viz.page()?.length > 0")
        return page

    return opened


def places(page: Any) -> dict[str, Any]:
    """Where each window lies."""
    return {each["id"]: each["place"] for each in page.evaluate("viz.page()")}


def window(page: Any, title: str) -> Any:
    """The window of a title."""
    return page.locator(f"article.pane[aria-label='{title}']")


def test_every_kind_of_pane_is_shown(
    logdir: Path, fill: Callable[..., None], open_panes: Callable[..., Any], until: Callable[..., Any]
) -> None:
    """Side by side by themselves, none over another; each is drawn as what it is."""
    fill(logdir, _log_every_kind)
    page = open_panes(height=2400)
    shown = {each["id"]: each for each in page.evaluate("viz.page()")}
    assert list(shown) == [
        "sine", "bars", "words", "log", "seven", "many", "tone", "drawing", "settings", "net", "loss", "circle",
    ]  # fmt: skip
    assert shown["sine"]["lines"] == [["sin", 200], ["cos", 200]]
    until(page, "document.querySelector('[aria-label=\"Bars\"] .barlayer .point') !== null")
    assert page.frame_locator("iframe[title='HTML']").locator("h1").inner_text() == "Confusion"
    assert window(page, "Plain text").locator("pre").inner_text() == "epoch 1: 0.5\nepoch 2: 0.25\n"
    until(
        page, "[...document.querySelectorAll('.pane img[src]')].every((image) => image.complete && image.naturalWidth)"
    )
    assert window(page, "Pictures").locator(".pane-pictures img").count() == 9
    assert window(page, "net").locator(".node").count() == 4
    until(page, "document.querySelector('[aria-label=\"There and back\"] .scatterlayer .js-line') !== null")
    until(page, "document.querySelector('audio').duration === 1")
    assert [each.input_value() for each in window(page, "Settings").locator(".pane-sheet input:not([type=checkbox])").all()] == ["0.1", "first try"]  # fmt: skip
    # The run is over: nothing that nobody would hear of is offered.
    assert window(page, "Settings").locator(".pane-sheet :enabled").count() == 0
    assert "reach nobody" in page.inner_text(".panes-about")
    rects = [list(place.values()) for place in places(page).values()]
    for i, (x, y, w, h) in enumerate(rects):
        assert not any(x < x2 + w2 and x2 < x + w and y < y2 + h2 and y2 < y + h for x2, y2, w2, h2 in rects[:i])


def test_windows_stay_where_they_were_put(
    logdir: Path, fill: Callable[..., None], open_panes: Callable[..., Any], until: Callable[..., Any]
) -> None:
    """Moved by mouse and keys, resized, kept over a reload; tiled again; new ones find room beside them."""
    fill(logdir, _log_every_kind)
    page = open_panes()
    tiled = places(page)
    box = window(page, "Bars").locator(".pane-head").bounding_box()
    page.mouse.move(box["x"] + 60, box["y"] + 15)
    page.mouse.down()
    page.mouse.move(box["x"] + 100, box["y"] + 260, steps=4)
    page.mouse.up()
    moved = places(page)
    assert moved["bars"]["y"] > tiled["bars"]["y"] + 200
    assert {name: place for name, place in moved.items() if name != "bars"} == {
        name: place for name, place in tiled.items() if name != "bars"
    }
    head = window(page, "HTML").locator(".pane-head")
    head.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Shift+ArrowLeft")
    put = places(page)
    assert put["words"]["y"] == tiled["words"]["y"] + 12
    assert put["words"]["w"] == tiled["words"]["w"] - 12
    kept = "fetch('./api/v1/panes?run=digits_adam').then((a) => a.json()).then((a) => a.places.words?.w)"
    until(page, f"{kept}.then((w) => w === {put['words']['w']})")
    page.reload()
    until(page, "window.viz?.ready && viz.page()?.length === 12")
    assert places(page) == put
    page.click("text=Tile")
    assert places(page) == tiled
    until(
        page, "fetch('./api/v1/panes?run=digits_adam').then((a) => a.json()).then((a) => !Object.keys(a.places).length)"
    )
    page.reload()
    until(page, "window.viz?.ready && viz.page()?.length === 12")
    assert places(page) == tiled


def test_a_read_only_server_keeps_no_places(
    logdir: Path, fill: Callable[..., None], open_panes: Callable[..., Any], until: Callable[..., Any]
) -> None:
    """They last as long as the page, also when another page is turned to; nothing is closed, and it says so."""
    fill(logdir, _log_every_kind)
    page = open_panes("", "--read-only")
    before = places(page)
    window(page, "Bars").locator(".pane-head").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Delete")
    assert places(page)["bars"]["y"] == before["bars"]["y"] + 12
    assert "Read-only" in page.inner_text(".panes-about")
    page.click("#tabs >> text=Curves")
    until(page, "viz.ready && viz.get('page') === 'curves'")
    # Points of panes are no metrics.
    until(page, "[...document.querySelectorAll('.card')].map((card) => card.ariaLabel).join() === 'train/loss'")
    page.click("#tabs >> text=Panes")
    until(page, "viz.get('page') === 'panes' && viz.ready && viz.page()?.length === 12")
    assert places(page)["bars"]["y"] == before["bars"]["y"] + 12


def test_panes_are_filtered_enlarged_and_linked(
    logdir: Path, fill: Callable[..., None], open_panes: Callable[..., Any], until: Callable[..., Any]
) -> None:
    """By words or an expression; one fills the page and goes back; the address says both."""
    fill(logdir, _log_every_kind)
    page = open_panes()
    page.keyboard.press("/")
    page.keyboard.type("/^Pic/")
    until(page, "viz.page().map(({ id }) => id).join() === 'seven,many'")
    window(page, "Picture").locator(".pane-head").focus()
    page.keyboard.press("Enter")
    until(page, "document.querySelector('.pane.is-large')?.getBoundingClientRect().width > 1000")
    until(page, "location.search.includes('pane=seven') && location.search.includes('pf=')")
    page.reload()
    until(page, "window.viz?.ready && document.querySelector('.pane.is-large')?.ariaLabel === 'Picture'")
    page.keyboard.press("Escape")
    until(page, "!document.querySelector('.pane.is-large')")
    page.fill("#pane-filter", "nothing like it")
    until(page, "document.querySelector('.empty')?.textContent.includes('12 panes hidden by the filter')")
    page.click("text=Clear the filter")
    until(page, "viz.page().length === 12")


def _log_three(logdir: Path) -> None:
    for k, name in enumerate(("mnist_adam_1", "mnist_adam_2", "main")):
        with tracker.init(logdir=logdir, name=name, machine=False) as run:
            run.pane("loss", tracker.Curves({"train": [3.0 - k, 2.0, 1.0]}), title="Loss")
            run.pane("note", f"of {name}", title="Note")


def test_environments_are_a_tree_and_stand_side_by_side(
    logdir: Path, fill: Callable[..., None], open_panes: Callable[..., Any], until: Callable[..., Any]
) -> None:
    """One is looked at; several chosen lie beside each other, their lines over each other, in the colours of the runs."""
    fill(logdir, _log_three)
    page = open_panes("&env=main")
    assert [each["runs"] for each in page.evaluate("viz.page()")] == [["main"], ["main"]]
    page.click(".environment-chooser")
    rows = page.locator(".environment-row")
    assert [row.inner_text().split("\n")[0] for row in rows.all()] == ["main", "mnist_adam", "1", "2"]
    rows.nth(1).locator("button").click()  # both below it, and no other
    until(page, "viz.page().length === 3")
    shown = page.evaluate("viz.page()")
    assert [(each["id"], len(each["runs"])) for each in shown] == [("loss", 2), ("note", 1), ("note", 1)]
    assert shown[1]["place"]["y"] == shown[2]["place"]["y"]
    until(page, "viz.page()[0].lines.length === 2")
    page.keyboard.press("Escape")
    until(page, "location.search.includes('env=mnist_adam')")


def test_what_is_done_in_a_pane_reaches_the_training(
    logdir: Path, open_panes: Callable[..., Any], serve: Callable[..., Any], until: Callable[..., Any]
) -> None:
    """Properties, keys and clicks, as the events of the run's page file say; points that come are drawn."""
    run = tracker.init(logdir=logdir, name="live", machine=False)
    heard: list[Any] = []
    try:
        every_kind(run)
        for kind in ("change", "key", "click", "close"):
            for pane in ("settings", "sine", "seven", "bars"):
                run.on(kind, pane, heard.append, thread=True)
        run.flush()
        page = open_panes(height=2400)

        def until_heard(count: int) -> Any:
            end = time.monotonic() + 45
            while len(heard) < count and time.monotonic() < end:
                page.wait_for_timeout(20)
            assert len(heard) >= count, heard
            return heard[-1]

        sheet = window(page, "Settings")
        sheet.get_by_label("lr").fill("0.25")
        sheet.get_by_label("lr").press("Enter")
        event = until_heard(1)
        assert (event.kind, event.pane, event.data["name"], event.data["value"]) == ("change", "settings", "lr", 0.25)
        sheet.get_by_label("optimizer").select_option("adam")
        assert until_heard(2).data["value"] == "adam"
        window(page, "Sine and cosine").locator(".pane-body").focus()
        page.keyboard.press("t")  # and the theme stays as it is
        event = until_heard(3)
        assert (event.kind, event.data["key"]) == ("key", "t")
        assert page.evaluate("document.documentElement.dataset.theme") == "light"
        until(page, "document.querySelector('[aria-label=Picture] .pane-stage img').naturalWidth > 0")
        stage = window(page, "Picture").locator(".pane-stage img").bounding_box()
        page.mouse.click(stage["x"] + stage["width"] * 0.99, stage["y"] + stage["height"] * 0.01)
        event = until_heard(4)
        assert (event.kind, event.data["image_x"], event.data["image_y"]) == ("click", 31, 0)
        bar = page.locator("[aria-label='Bars'] .barlayer .point").nth(1).bounding_box()
        page.mouse.click(bar["x"] + bar["width"] / 2, bar["y"] + bar["height"] / 2)
        event = until_heard(5)
        assert (event.data["x"], event.data["y"], event.data["name"], event.data["point"]) == ("b", 5, "bars", 1)
        window(page, "Picture").locator(".pane-head").focus()
        page.keyboard.press("Delete")
        assert until_heard(6).kind == "close"
        until(page, "viz.page().length === 11")
        # And the other way: points are appended, a text goes on, what is shown anew opens what was closed.
        run.pane("sine", tracker.Curves({"sin": (7.0, 0.5)}), append=True)
        run.pane("log", "epoch 3\n", append=True)
        run.pane("seven", tracker.Image(np.ones((4, 4))), title="Picture")
        run.flush()
        until(page, "viz.page().find(({ id }) => id === 'sine').lines[0][1] === 201")
        until(page, "document.querySelector('[aria-label=\"Plain text\"] pre').textContent.endsWith('epoch 3\\n')")
        until(page, "viz.page().length === 12")
    finally:
        run.finish()


def test_older_values_are_there(logdir: Path, open_panes: Callable[..., Any], until: Callable[..., Any]) -> None:
    """A slider goes back through all that a pane has shown."""
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        for step in range(3):
            run.log({"x": 1.0}, step=step)
            run.pane("note", tracker.Html(f"<p>value {step}</p>"))
    page = open_panes()
    slider = window(page, "note").locator("input[type=range]")
    assert page.frame_locator("iframe").locator("p").inner_text() == "value 2"
    slider.fill("1")
    until(page, "viz.page()[0].n === 1")
    page.frame_locator("iframe").get_by_text("value 0").wait_for()
    assert json.dumps(page.evaluate("viz.page()[0].at")) == "1"


def test_forty_panes_on_a_phone_and_on_a_large_screen(
    logdir: Path, open_panes: Callable[..., Any], serve: Callable[..., Any], until: Callable[..., Any]
) -> None:
    """A column on the one, where nothing is dragged; rows on the other; only what is in sight is asked for."""
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        for k in range(40):
            run.pane(f"p{k}", f"text {k}")
    page = open_panes(width=390, height=844)
    assert len({place["x"] for place in places(page).values()}) == 1
    assert sum(each["n"] is not None for each in page.evaluate("viz.page()")) < 12
    assert page.evaluate("document.getElementById('view').scrollWidth <= innerWidth")
    large = open_panes(served=page.served, width=3840, height=2160)
    assert len({place["x"] for place in places(large).values()}) == 10


def test_an_environment_is_copied_saved_and_deleted(
    logdir: Path, fill: Callable[..., None], open_panes: Callable[..., Any], until: Callable[..., Any]
) -> None:
    """Through its menu: another run with the same panes, one file, the trash."""
    fill(logdir, _log_three)
    page = open_panes("&env=main")

    def choose(text: str) -> None:
        page.click("text=Manage")
        page.get_by_role("menuitem", name=text).click()

    choose("Copy it as another…")
    page.get_by_role("textbox", name="Name of the copy").fill("second")
    page.keyboard.press("Enter")
    until(page, "viz.runs().includes('second')")
    with page.expect_download() as saved:
        choose("Save as one HTML file")
    assert saved.value.suggested_filename == "main.html"
    assert "pane-data" in Path(saved.value.path()).read_text()
    choose("Delete")
    until(page, "!viz.runs().includes('main') && viz.page().every(({ runs }) => runs.join() !== 'main')")
    page.click(".environment-chooser")
    until(page, "[...document.querySelectorAll('.environment-row')].some((row) => row.textContent.includes('second'))")
