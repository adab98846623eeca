"""The profiles page in a browser, on real traces: drawn, moved, searched, selected; light and dark, narrow and wide."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tracker
import trainer
from trainer import nn

PROBE = "const probe = viz.page();"


def ask(page: Any, code: str, argument: Any = None) -> Any:
    """What the page's own parts say: `probe.chart`, `probe.flame`."""
    return page.evaluate(f"async (argument) => {{ {PROBE} {code} }}", argument)


@pytest.fixture
def logged(logdir: Path, real_data: Path) -> Path:
    """Two runs with real traces."""
    traces = real_data / "traces"
    for name, file in (("keras", "tf_keras_cpu.trace.json.gz"), ("resnet", "resnet50_gpu_4workers.pt.trace.json.gz")):
        with tracker.init(logdir=logdir, name=name, machine=False) as run:
            run.log({"profile": tracker.Profile(traces / file)}, step=5)
    return logdir


@pytest.fixture
def show(open_page: Callable[..., Any]) -> Callable[..., Any]:
    """Opens the page of a logdir and waits for the chart."""
    return lambda logdir, **options: open_page(logdir, "profiles", ".profile-flame canvas, .empty", **options)


@pytest.mark.parametrize("theme", ["light", pytest.param("dark", marks=pytest.mark.long)])
def test_a_real_trace_is_drawn_and_said_in_words(logged: Path, show: Callable[..., Any], theme: str) -> None:
    """The newest first: its words, its tracks, its table; the canvas is not empty."""
    page = show(logged, theme=theme)
    assert "resnet" in page.locator(".profile-which").input_value()
    words = page.locator(".profile-words li").all_inner_texts()
    assert words[0].startswith("6 steps, typically 121 ms")
    assert ask(page, "return probe.flame.count") == 48_892
    assert ask(page, "return probe.flame.rows.length") == 16
    assert page.locator(".operations tbody tr").count() == 30
    assert "cudaLaunchKernel" in page.locator(".operations tbody tr").first.inner_text()
    painted = ask(
        page,
        "const c = probe.chart.canvas, d = c.getContext('2d').getImageData(0, 60, c.width, c.height - 60).data;"
        "const seen = new Set(); for (let i = 0; i < d.length; i += 4) seen.add(d[i] + d[i + 1] * 256 + d[i + 2] * 65536); return seen.size",
    )
    assert painted > 40


def test_what_is_drawn_is_what_is_there(logged: Path, show: Callable[..., Any]) -> None:
    """At any zoom: under each pixel of a row lies the event that ran then, checked against every event by itself."""
    page = show(logged)
    wrong = ask(
        page,
        """
        const { chart, flame } = probe, wrong = [];
        let seed = 1;
        const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
        for (let n = 0; n < 60; n++) {
            const wide = flame.end * 10 ** (-5 * random()), from = random() * (flame.end - wide);
            chart.view = [from, from + wide];
            chart.scroll = 0;
            for (const place of chart.places) for (let depth = 0; depth < place.track.rows.length; depth++) {
                const row = flame.rows[place.track.first + depth], px = random() * chart.width;
                const found = chart.at(px, 24 + place.top + 24 + depth * 19 + 9);
                const t = from + px / chart.scale, slack = 1.5 / chart.scale;
                let near = false;
                for (let i = row.low; i < row.high && !near; i++) near = flame.start[i] <= t + slack && flame.start[i] + flame.duration[i] >= t - slack;
                if (near !== found >= 0) wrong.push([n, depth, px]);
                if (found >= 0 && (flame.rowOf(found) !== row || flame.start[found] > t + slack || flame.start[found] + flame.duration[found] < t - slack - 1e-6)) wrong.push(['other', n, depth]);
            }
        }
        return wrong;
        """,
    )
    assert wrong == []


def test_the_longest_of_many_is_what_stands_for_them(logged: Path, show: Callable[..., Any]) -> None:
    """Events narrower than a pixel are drawn in the colour of the longest: the levels find it exactly."""
    page = show(logged)
    assert (
        ask(
            page,
            """
        const { flame } = probe;
        let seed = 7, wrong = 0;
        const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
        for (let n = 0; n < 300; n++) {
            const low = Math.floor(random() * flame.count), high = low + 1 + Math.floor(random() ** 3 * (flame.count - low - 1));
            let most = 0;
            for (let i = low; i < high; i++) most = Math.max(most, flame.duration[i]);
            if (flame.duration[flame.longest(low, high)] !== most) wrong++;
        }
        return wrong;
        """,
        )
        == 0
    )


def test_search_finds_walks_and_dims(logged: Path, show: Callable[..., Any], until: Callable[..., Any]) -> None:
    """As many as the trace has; Enter goes from one to the next in time; Escape is back to all."""
    page = show(logged)
    box = page.get_by_label("Search events")
    box.fill("enumerate(DataLoader)")
    until(page, "document.querySelector('.profile-hits').textContent === '6 matches'")
    starts = []
    for _ in range(7):
        box.press("Enter")
        starts.append(ask(page, "return probe.flame.start[probe.chart.selected]"))
    assert starts[:6] == sorted(starts[:6])
    assert len(set(starts[:6])) == 6
    assert starts[6] == starts[0]
    assert ask(
        page, "const [a, b] = probe.chart.view, t = probe.flame.start[probe.chart.selected]; return a <= t && t <= b"
    )
    box.press("Escape")
    assert ask(page, "return probe.flame.matches") is None
    box.fill("no such event <b>")
    until(page, "document.querySelector('.profile-hits').textContent === '0 matches'")


def test_a_selected_event_tells_what_it_is_and_what_it_launched(
    logged: Path, show: Callable[..., Any], until: Callable[..., Any]
) -> None:
    """Its times, what the profiler noted, and a way along the arrow to the GPU and back."""
    page = show(logged)
    ask(page, "const k = probe.flame.from[100]; probe.chart.select(k, true)")
    until(page, "document.querySelector('.profile-event dl')?.textContent.includes('correlation')")
    panel = page.locator(".profile-event")
    assert panel.locator("h3").inner_text().startswith("cuda")
    panel.get_by_role("button", name="launches").first.click()
    until(page, "document.querySelector('.profile-event dl')?.textContent.includes('stream')")
    assert ask(page, "return probe.flame.trackOf(probe.chart.selected).device") == "gpu"
    assert panel.get_by_role("button", name="launched by").count() == 1
    page.get_by_role("button", name="Close").click()
    until(page, "document.querySelector('.profile-event').hidden")


def test_the_trainers_own_profile_leads_from_operations_to_their_gradients(
    logdir: Path, show: Callable[..., Any], until: Callable[..., Any]
) -> None:
    """Modules hold their operations; an operation tells its shape and bytes, and the way to its gradient and back."""
    model = nn.Sequential({"wide": nn.Linear(8, 400), "relu": nn.ReLU(), "out": nn.Linear(400, 1)})
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        with trainer.profile() as profiler:
            for _ in range(3):
                model(np.ones((64, 8), np.float32)).sum().backward()
                profiler.step()
        run.log({"profile": tracker.Profile(profiler)}, step=3)
    page = show(logdir)
    words = page.locator(".profile-words li").all_inner_texts()
    assert words[0].startswith("3 steps")
    assert any(each.startswith("Going back takes") for each in words)
    assert ask(page, "return probe.flame.head.lines.map((line) => line.name)") == ["CPU memory allocated"]
    box = page.get_by_label("Search events")
    box.fill("wide (Linear)")
    until(page, "document.querySelector('.profile-hits').textContent === '3 matches'")
    box.press("Enter")
    box.press("Escape")
    page.locator(".profile-flame canvas").focus()
    page.keyboard.press("ArrowDown")
    until(page, "document.querySelector('.profile-event dl')?.textContent.includes('102400')")
    panel = page.locator(".profile-event")
    assert panel.locator("h3").inner_text() == "linear"
    assert "[64,400]" in panel.inner_text()
    panel.get_by_role("button", name="leads to linear gradient").click()
    until(page, "document.querySelector('.profile-event h3')?.textContent === 'linear gradient'")
    panel.get_by_role("button", name="comes from linear").click()
    until(page, "document.querySelector('.profile-event h3')?.textContent === 'linear'")


def test_mouse_and_keys_move_and_zoom(logged: Path, show: Callable[..., Any], until: Callable[..., Any]) -> None:
    """Ctrl and wheel zoom where the mouse is, dragging moves, a double click fits an event, 0 shows all."""
    page = show(logged)
    box = page.locator(".profile-flame canvas").bounding_box()
    x, y = box["x"] + box["width"] / 4, box["y"] + 55
    view = "return probe.chart.view"
    whole = ask(page, view)
    page.mouse.move(x, y)
    page.keyboard.down("Control")
    page.mouse.wheel(0, -50)
    page.keyboard.up("Control")
    until(page, f"(([low, high]) => high - low < {0.8 * (whole[1] - whole[0])})(viz.page().chart.view)")
    zoomed = ask(page, view)
    quarter = [low + (high - low) / 4 for low, high in (whole, zoomed)]
    assert quarter[0] == pytest.approx(quarter[1], rel=0.01)
    page.mouse.down()
    page.mouse.move(x + 100, y, steps=4)
    page.mouse.up()
    moved = ask(page, view)
    assert moved[0] < zoomed[0]
    assert moved[1] - moved[0] == pytest.approx(zoomed[1] - zoomed[0])
    page.mouse.dblclick(x, y)
    fitted = ask(page, view)
    assert fitted[1] - fitted[0] < moved[1] - moved[0]
    page.locator(".profile-flame canvas").focus()
    page.keyboard.press("0")
    assert ask(page, view) == whole
    page.keyboard.press("ArrowRight")
    first = ask(page, "return probe.chart.selected")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    assert ask(page, "return probe.chart.selected") > first >= 0


def test_the_table_sorts_filters_and_leads_to_the_events(logged: Path, show: Callable[..., Any]) -> None:
    """By any column, for either device; a name shows its events in the chart."""
    page = show(logged)
    page.get_by_role("button", name="GPU", exact=True).click()
    assert set(page.locator(".operations tbody td:nth-child(2)").all_inner_texts()) == {"GPU"}
    page.get_by_role("button", name="Count").click()
    counts = [
        int(text.replace(",", "")) for text in page.locator(".operations tbody td:nth-child(3)").all_inner_texts()
    ]
    assert counts == sorted(counts, reverse=True)
    page.locator(".operations tbody button").first.click()
    assert ask(page, "return probe.flame.nameOf(probe.chart.selected)") == page.locator(
        ".operations tbody button"
    ).first.get_attribute("title")


def test_another_profile_is_chosen(logged: Path, show: Callable[..., Any], until: Callable[..., Any]) -> None:
    """All that visible runs have logged."""
    page = show(logged)
    page.locator(".profile-which").select_option(index=1)
    until(page, "window.viz.ready && document.querySelector('.profile-about').textContent.startsWith('1,053 events')")


def test_names_from_a_trace_do_nothing_but_stand_there(
    logdir: Path, show: Callable[..., Any], until: Callable[..., Any]
) -> None:
    """A trace from elsewhere may be called anything."""
    evil = "<img src=x onerror=alert(1)>"
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        event = {
            "ph": "X",
            "name": evil,
            "cat": evil,
            "ts": 0,
            "dur": 100,
            "pid": evil,
            "tid": evil,
            "args": {evil: evil},
        }
        run.log({evil: tracker.Profile([event])}, step=0)
    page = show(logdir)
    ask(page, "probe.chart.select(0)")
    until(page, "document.querySelector('.profile-event dl')?.textContent.split('onerror').length > 3")
    assert page.locator(".view img").count() == 0


def test_a_profile_that_cannot_be_read_is_said(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """A sentence in the place of the chart."""
    broken = tracker.Profile([])
    broken._data = b"{cut off"
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        run.log({"profile": broken})
    page.goto(f"{serve(logdir).address}&p=profiles")
    until(page, "document.querySelector('.profile-flame .page-note') !== null")
    assert "This profile is no JSON, or was cut off." in page.locator(".profile-flame").inner_text()
    # The browser itself notes that an answer was a refusal; nothing else may be wrong.
    page.excuse("status of 400")
