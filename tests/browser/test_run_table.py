"""The table of runs: sorted, filtered, chosen, arranged, changed, and live; each by what is seen or kept."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import tracker
from dashboard.commands.counting import so_large
from tracker.store.read import size

ROW = '.ag-center-cols-container [row-id="{}"]'
NAME = '.ag-pinned-left-cols-container [row-id="{}"] [col-id="name"]'
HEAD = '.ag-header-cell[col-id="{}"]'


@pytest.fixture
def six(logdir: Path, fill: Callable[..., None], serve_live: Callable[..., Any]) -> Any:
    """Six finished runs of two learning rates and three seeds, and one that goes on."""
    fill(logdir, log_six)
    return serve_live(logdir, {"optimizer": {"lr": 0.5}, "seed": 9}, {"loss": 5.0})


def log_six(logdir: Path) -> None:
    """The six."""
    for number in range(6):
        lr, seed = [0.1, 0.01][number % 2], number // 2
        with tracker.init(
            logdir=logdir, name=f"sweep/{number}", config={"optimizer": {"lr": lr}, "seed": seed}, machine=False
        ) as run:
            for step in range(20):
                run.log({"loss": math.nan if number == 5 else lr * 10 + seed + 1 / (step + 1), "acc": step / 20}, step=step)  # fmt: skip


@pytest.fixture
def shown(six: Any, page: Any, until: Callable[..., Any]) -> Callable[[str], None]:
    """Opens the table: shown("&sort=name")."""

    def show(query: str = "") -> None:
        page.goto(f"{six.base}/?p=runs{query}")
        until(page, "viz.ready && document.querySelector('.ag-row')")

    return show


def rows(page: Any) -> list[str]:
    return page.evaluate("viz.page().rows")


def test_a_click_sorts_and_what_has_no_value_is_last(shown: Any, page: Any, until: Callable[..., Any]) -> None:
    """Rising, falling, not; numbers by size; the address keeps it."""
    shown()
    assert rows(page) == ["live", *(f"sweep/{number}" for number in reversed(range(6)))]
    page.click(HEAD.format("last:loss"))
    until(page, "viz.get('sort') === 'last:loss'")
    order = ["sweep/1", "sweep/0", "sweep/3", "sweep/2", "sweep/4", "live", "sweep/5"]
    until(page, f"JSON.stringify(viz.page().rows) === {json.dumps(json.dumps(order, separators=(',', ':')))}")
    page.click(HEAD.format("last:loss"))
    until(page, "viz.get('sort') === '-last:loss' && viz.page().rows[0] === 'live' && viz.page().rows[6] === 'sweep/5'")
    until(page, "location.search.includes('-last')")
    page.reload()
    until(page, "viz.ready && viz.page().rows[0] === 'live' && viz.page().rows[6] === 'sweep/5'")
    page.click(HEAD.format("last:loss"))
    until(page, "viz.get('sort') === '' && viz.page().rows[1] === 'sweep/5'")


def test_columns_are_filtered_by_number_and_by_word(shown: Any, page: Any, until: Callable[..., Any]) -> None:
    """Together with the list's own filter; what is hidden is counted, and one button clears it."""
    shown()
    page.evaluate("viz.set('columnFilter', JSON.stringify({'config:seed': {filterType: 'number', type: 'greaterThan', filter: 0}}))")  # fmt: skip
    until(page, "viz.page().rows.length === 5")
    page.fill("#run-search", "sweep")
    until(page, "viz.page().rows.length === 4")
    assert "7 runs · 3 hidden by filters" in page.inner_text(".table-told")
    page.hover(HEAD.format("status"))
    page.click(f"{HEAD.format('status')} .ag-header-cell-filter-button")
    page.fill(".ag-filter input[type=text]:visible", "crash")
    until(page, "viz.page().rows.length === 0 && viz.get('columnFilter').includes('crash')")
    page.keyboard.press("Escape")
    page.click("text=Clear the filters")
    until(page, "viz.page().rows.length === 7 && viz.get('runs') === '' && viz.get('columnFilter') === ''")


def test_what_is_chosen_here_is_chosen_everywhere(shown: Any, page: Any, until: Callable[..., Any]) -> None:
    """A click, one more with Ctrl, all between with Shift; the list and the charts follow, and the other way round."""
    shown()
    page.click(ROW.format("sweep/4") + " >> nth=0")
    until(page, "viz.get('chosen').join() === 'sweep/4'")
    page.click(ROW.format("sweep/1") + " >> nth=0", modifiers=["Shift"])
    until(page, "viz.get('chosen').length === 4")
    until(page, "document.querySelectorAll('.run.is-chosen').length === 4")
    page.evaluate("viz.set('chosen', ['sweep/0'])")
    until(page, "[...document.querySelectorAll('.ag-pinned-left-cols-container .ag-row-selected')].map((row) => row.getAttribute('row-id')).join() === 'sweep/0'")  # fmt: skip
    page.click(".ag-header-select-all")
    until(page, "viz.get('chosen').length === 7")


def test_columns_are_chosen_pinned_sized_and_stay_so(shown: Any, page: Any, until: Callable[..., Any]) -> None:
    """From the sheet and from a header's menu; the browser remembers widths, the address which."""
    shown()
    page.click(".table-bar >> text=Columns")
    page.fill(".popover input[type=search]", "max:loss")
    page.check(".popover .check >> nth=0")
    until(page, "viz.page().columns.at(-1) === 'max:loss'")
    page.keyboard.press("Escape")
    page.click(HEAD.format("step"), button="right")
    page.click(".menu >> text=Pin left")
    until(page, f"document.querySelector('.ag-pinned-left-header {HEAD.format('step')}')")
    page.click(HEAD.format("took"), button="right")
    page.click(".menu >> text=Hide column")
    until(page, "!viz.page().columns.includes('took')")
    box = page.query_selector(f"{HEAD.format('status')} .ag-header-cell-resize").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2 + 60, box["y"] + box["height"] / 2, steps=4)
    page.mouse.up()
    wide = page.query_selector(HEAD.format("status")).bounding_box()["width"]
    assert wide > 140
    until(page, f"(localStorage.getItem('everystep.runColumns') ?? '').includes('{wide:.0f}')")  # told a moment later
    page.reload()
    until(page, "viz.ready && document.querySelector('.ag-row')")
    assert page.query_selector(HEAD.format("status")).bounding_box()["width"] == wide
    assert page.query_selector(f".ag-pinned-left-header {HEAD.format('step')}")
    assert page.evaluate("viz.page().columns.at(-1)") == "max:loss"


def test_a_column_is_dragged_to_another_place(shown: Any, page: Any, until: Callable[..., Any]) -> None:
    """And stays there."""
    shown()
    before = page.evaluate("viz.page().columns")
    start, stop = (page.query_selector(HEAD.format(each)).bounding_box() for each in ("status", "started"))
    page.mouse.move(start["x"] + 30, start["y"] + start["height"] / 2)
    page.mouse.down()
    page.mouse.move(start["x"] + 60, start["y"] + start["height"] / 2, steps=3)
    page.mouse.move(stop["x"] + stop["width"] - 10, stop["y"] + stop["height"] / 2, steps=10)
    page.mouse.up()
    until(page, "location.search.includes('col=')")
    after = page.evaluate("viz.page().columns")
    assert sorted(after) == sorted(before)
    assert after.index("status") == after.index("started") + 1
    page.reload()
    until(page, "viz.ready")
    assert page.evaluate("viz.page().columns") == after


def test_values_come_live_without_losing_place_or_choice(
    shown: Any, six: Any, page: Any, until: Callable[..., Any]
) -> None:
    """The cell of the run that logs changes; what was chosen, scrolled to and sorted stays."""
    shown()
    page.click(ROW.format("sweep/2") + " >> nth=0")
    cell = f"""document.querySelector('{ROW.format("live")} [col-id="last:loss"]').textContent"""
    until(page, f"{cell} === '5'")
    page.evaluate("document.querySelector('.ag-center-cols-viewport').scrollLeft = 40")
    six.live.log({"loss": 3.25}, step=1)
    until(page, f"{cell} === '3.25'")
    assert page.evaluate("document.querySelector('.ag-center-cols-viewport').scrollLeft") == 40
    assert page.evaluate("viz.get('chosen')") == ["sweep/2"]
    page.evaluate("viz.set('sort', 'last:loss')")
    until(page, "viz.page().rows.indexOf('live') === 5")
    six.live.log({"loss": 0.05}, step=2)
    until(page, "viz.page().rows.indexOf('live') === 0")
    assert page.evaluate("viz.get('chosen')") == ["sweep/2"]


def test_a_run_is_renamed_tagged_noted_coloured_hidden(
    shown: Any, six: Any, page: Any, until: Callable[..., Any]
) -> None:
    """From the bar, the menu and the keyboard; a second browser sees the same."""
    page.set_viewport_size({"width": 1800, "height": 900})  # columns out of sight are not there
    shown("&sel=sweep/3")
    page.click(".table-bar >> text=Rename")
    page.fill("dialog input", "the best")
    page.click("dialog .is-main")
    until(page, f"document.querySelector('{NAME.format('sweep/3')}').textContent.includes('the best')")
    page.click(".table-bar >> text=Tags")
    page.fill("dialog input", "keep, paper")
    page.click("dialog .is-main")
    until(page, f"""document.querySelector('{ROW.format("sweep/3")} [col-id="labels"]')?.textContent === 'keep, paper'""")  # fmt: skip
    page.click(".table-bar >> text=Note")
    page.fill("dialog textarea", "what we publish")
    page.click("dialog .is-main")
    until(page, f"""document.querySelector('{ROW.format("sweep/3")} [col-id="note"]')?.textContent === 'what we publish'""")  # fmt: skip
    page.click(NAME.format("sweep/3"), button="right")
    page.click(".menu [aria-label='Colour 5']")
    colour = f"getComputedStyle(document.querySelector('{NAME.format('sweep/3')} .swatch')).getPropertyValue('--run')"
    until(page, f"{colour} === '#4c8f1f'")
    page.uncheck(f"{NAME.format('sweep/3')} .swatch")
    until(page, "viz.get('off').join() === 'sweep/3'")
    page.click(ROW.format("sweep/3") + ' >> [col-id="status"]')
    page.keyboard.press("v")
    until(page, "viz.get('off').length === 0")
    page.goto("about:blank")
    shown()
    assert "the best" in page.inner_text(NAME.format("sweep/3"))


def test_deleting_is_undone(shown: Any, page: Any, until: Callable[..., Any]) -> None:
    """At once from the word at the bottom, or later from the trash."""
    shown("&sel=sweep/1%0Asweep/2")
    page.click(".table-bar >> text=Delete")
    until(page, "viz.page().rows.length === 5")
    page.click(".toast >> text=Undo")
    until(page, "viz.page().rows.length === 7 && viz.page().rows.includes('sweep/1')")
    page.click(NAME.format("sweep/1"))
    page.keyboard.press("Delete")
    until(page, "viz.page().rows.length === 6")
    page.click(".table-bar >> text=Trash")
    page.click("dialog [aria-label='Restore sweep/1']")
    until(page, "viz.page().rows.length === 7")


def test_the_table_is_taken_away_with_every_digit(
    shown: Any, page: Any, until: Callable[..., Any], tmp_path: Path
) -> None:
    """In the order and with the columns that are seen."""
    shown("&sort=-config:seed&runs=sweep")
    until(page, "viz.page().rows.length === 6 && viz.page().rows[0] === 'sweep/5'")
    with page.expect_download() as caught:
        page.click(".table-bar >> text=CSV")
    file = tmp_path / "runs.csv"
    caught.value.save_as(file)
    found = list(csv.DictReader(file.read_text().splitlines()))
    assert [row["Run"] for row in found] == rows(page)
    assert {row["Run"]: float(row["loss last"]) for row in found}["sweep/2"] == 0.1 * 10 + 1 + 1 / 20
    assert found[0]["loss last"] == "nan"


def test_the_table_fills_the_page_in_both_themes(
    six: Any, new_page: Callable[..., Any], until: Callable[..., Any]
) -> None:
    """To the bottom of the window; in the colours of the page."""
    for theme, card in (("light", "rgb(255, 255, 255)"), ("dark", "rgb(22, 25, 31)")):
        page = new_page(theme=theme)
        page.goto(f"{six.base}/?p=runs")
        until(page, "viz.ready && document.querySelector('.ag-row')")
        box = page.query_selector(".ag-root-wrapper").bounding_box()
        assert box["y"] + box["height"] == pytest.approx(900, abs=1)
        assert page.evaluate("getComputedStyle(document.querySelector('.ag-root-wrapper')).backgroundColor") == card


@pytest.mark.dash
def test_curves_do_not_wait_for_the_grid(six: Any, page: Any, until: Callable[..., Any]) -> None:
    """Its two megabytes are read when the table is opened, and not before."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(six.base)
    until(page, "viz.ready && document.body.classList.contains('has-dash')")
    assert not [address for address in asked if "ag_grid" in address]
    page.click("nav >> text=Runs")
    until(page, "viz.ready && document.querySelector('.ag-row')")
    assert [address for address in asked if "ag_grid" in address]


def test_the_table_does_not_wait_for_dash(six: Any, page: Any, until: Callable[..., Any]) -> None:
    """Whoever opens the table first has it while Dash, which is a second of work, never answers."""
    page.route("**/dash/**", lambda route: None)
    page.goto(f"{six.base}/?p=runs")
    until(page, "viz.ready && document.querySelector('.ag-row') && viz.page().rows.length === 7")
    page.click(".ag-header-cell[col-id='config:optimizer.lr'] .ag-header-cell-label")
    until(page, "viz.get('sort') === 'config:optimizer.lr'")


def test_the_table_and_the_list_say_how_large_a_run_is(
    shown: Any, six: Any, page: Any, until: Callable[..., Any]
) -> None:
    """As `viz runs` does, sorted by size and not by letters; of a run that goes on as of now."""
    shown("&sort=-size")
    sizes = {name: size.of_run(six.logdir / name) for name in rows(page)}
    for name in rows(page)[:3]:
        cell = page.inner_text(f'.ag-center-cols-container [row-id="{name}"] [col-id="size"]')
        if name != "live":
            assert cell == so_large(sizes[name])
        assert cell.endswith(" kB")
    finished = [name for name in rows(page) if name != "live"]
    assert [sizes[name] for name in finished] == sorted((sizes[name] for name in finished), reverse=True)
    page.hover('.run[data-run="sweep/0"] .name, .run >> text=sweep/0 >> nth=0')
    until(page, f"document.body.innerText.includes({json.dumps(so_large(sizes['sweep/0']) + ' on disk')}) || [...document.querySelectorAll('[title]')].some((each) => each.title.includes('on disk'))")  # fmt: skip
