"""The list of runs beside the curves: found, chosen, hidden, kept as a view."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import tracker
from tests.browser.charts import lines, point


def test_a_selected_run_stands_out_and_a_range_can_be_chosen(sweep: Any, page: Any, until: Callable[..., Any]) -> None:
    """A click in the list fades the others; Shift takes all in between; Escape lets go."""
    page.goto(sweep.base)
    until(page, "viz.ready")
    names = page.locator(".run .name")
    beside = {"x": 8, "y": 6}  # of a badge that stands behind the name
    names.nth(2).click(position=beside)
    faded = [line["faded"] for line in lines(page, "train/loss")]
    assert sorted(faded) == [False] + [True] * 6
    names.nth(4).click(modifiers=["Shift"], position=beside)
    assert len(page.evaluate("viz.get('chosen')")) == 3
    until(page, "document.getElementById('runs-count').textContent.includes('3 selected')")
    page.keyboard.press("Escape")
    until(page, "viz.get('chosen').length === 0")
    page.locator(".run .name").nth(1).dblclick(position=beside)
    until(page, "viz.lines('train/loss').length === 1")


def test_runs_and_tags_are_found_by_words_settings_and_expressions(
    sweep: Any, page: Any, until: Callable[..., Any]
) -> None:
    """Plain words and /regex/ mean the same in both boxes; a broken expression is explained and hides nothing."""
    page.goto(sweep.base)
    until(page, "viz.ready")
    for text, count in (
        ("lr=0.1", 4), ("/lr=0\\.1 .*seed=[02]/", 2), ("sweep -seed=1", 4), ("/LIVE/i", 1),
        ("/^lr=0\\.1$/", 4), ("/^seed=2$/", 2), ("/^sweep$/", 0), ("/^sweep.0$/", 1),
    ):  # fmt: skip
        page.fill("#run-search", text)
        until(page, f"document.querySelectorAll('.run').length === {count}")
    page.fill("#run-search", "/[/")
    until(page, "document.querySelector('#run-problem').innerText.includes('cannot be understood')")
    page.fill("#run-search", "")
    page.evaluate("viz.set('tags', '/^(val|tok)/')")
    until(page, "[...document.querySelectorAll('.card')].length === 2")


def test_what_hides_all_runs_is_said_with_a_button_that_ends_it(
    sweep: Any, page: Any, until: Callable[..., Any]
) -> None:
    """The filter, the switches, or both."""
    page.goto(f"{sweep.base}/?runs=sweep&off=sweep/0%0Asweep/1%0Asweep/2%0Asweep/3%0Asweep/4%0Asweep/5")
    until(page, "viz.ready")
    words = page.inner_text("#view .empty")
    assert "1 run hidden by the filter “sweep”." in words
    assert "6 runs hidden in the run list." in words
    page.click("text=Show all runs")
    until(page, "viz.ready && viz.lines('train/loss').length === 6")
    page.fill("#run-search", "nobody")
    page.click("text=Clear the filter of runs")
    until(page, "viz.ready && viz.lines('train/loss').length === 7")


def test_a_view_is_kept_by_name_and_shown_again(sweep: Any, page: Any, until: Callable[..., Any]) -> None:
    """All that the address says, for everyone who opens this logdir."""
    page.goto(f"{sweep.base}/?log=y&g=lr&tags=val")
    until(page, "viz.ready")
    page.click("text=Views")
    page.click("text=Save this view")
    page.fill("dialog input", "by lr")
    page.click("dialog .is-main")
    until(page, "document.querySelector('.toast')")
    page.goto(sweep.base)
    until(page, "viz.ready")
    page.click("text=Views")
    page.click(".menu >> text=by lr")
    until(page, "viz.get('group') === 'lr' && viz.get('logy') && viz.get('tags') === 'val'")


def test_the_keyboard_sheet_opens(sweep: Any, page: Any, until: Callable[..., Any]) -> None:
    """? shows it, Escape closes it, and keys do what it says."""
    page.goto(sweep.base)
    until(page, "viz.ready")
    page.keyboard.press("?")
    assert "less or more smoothing" in page.inner_text("dialog")
    page.keyboard.press("Escape")
    page.keyboard.press("l")
    until(page, "viz.get('logy')")
    page.keyboard.press("f")
    page.keyboard.type("sweep/1")
    until(page, "document.querySelectorAll('.run').length === 1")


def test_long_names_show_what_tells_them_apart(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """Alike at both ends, they were cut where they differ: in the list, the table, the tooltip and beside a comparison."""
    names = [f"imagenet-resnet50-adamw-lr{lr}-seed{seed}-warmup-cosine-2026" for lr in (0.1, 0.01) for seed in (1, 2)]
    names += [f"november/with-a-{size}-model/final-evaluation-of-all" for size in ("tiny", "gigantic")]
    for i, name in enumerate(names):
        with tracker.init(logdir=logdir, name=name, config={"i": i}, machine=False) as run:
            for step in range(3):
                run.log({"loss": float(i + step)}, step=step)
    served = serve(logdir, "--no-token")
    whole = """(selector) => [...document.querySelectorAll(selector)].map((each) => [each.textContent, [...each.querySelectorAll('.clipped-kept')].filter((kept) => {
      const box = kept.getBoundingClientRect(), room = each.getBoundingClientRect();
      return kept.scrollWidth <= kept.clientWidth && box.left >= room.left - 0.5 && box.right <= room.right + 0.5;
    }).map((kept) => kept.textContent).join(" ")])"""

    def kept(selector: str) -> dict[str, str]:
        return dict(page.evaluate(whole, selector))

    expected = [f"lr{lr}-seed{seed}" for lr in (0.1, 0.01) for seed in (1, 2)] + ["tiny", "gigantic"]
    page.goto(f"{served.base}/?s=0")
    until(page, f"viz.ready && document.querySelectorAll('.run').length === {len(names)}")
    found = kept(".run .name")
    assert sorted(found) == sorted(names)
    for name, part in zip(names, expected, strict=True):
        assert part in found[name]
    point(page, "canvas.over", 0.5, 0.15)
    until(page, "document.querySelectorAll('#tip td .clipped').length >= 6")
    found = kept("#tip td .clipped")
    for name, part in zip(names, expected, strict=True):
        assert part in found[name]
    page.goto(f"{served.base}/?p=runs")
    until(page, f"viz.ready && document.querySelectorAll('.t-name').length === {len(names)}")
    found = kept(".t-name")
    for name, part in zip(names, expected, strict=True):
        assert part in found[name]
    page.goto(f"{served.base}/?p=compare")
    until(page, f"viz.ready && document.querySelectorAll('.compare-name').length === {len(names)}")
    assert expected[0] in kept(".compare-name")[names[0]]


def test_names_have_the_room_of_a_sketch_that_is_not_there(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """A run without the tag that runs are judged by has neither value nor sketch, and no room for them."""
    for name, tag in (("judged", "loss"), ("a-name-of-thirty-letters-in-all", "other")):
        with tracker.init(logdir=logdir, name=name, machine=False) as run:
            run.log({tag: 1.0}, step=0)
    page.goto(serve(logdir, "--no-token").base)
    until(page, "viz.ready && document.querySelectorAll('.run').length === 2")
    rooms = page.evaluate("Object.fromEntries([...document.querySelectorAll('.run .name')].map((each) => [each.textContent, [each.clientWidth, each.scrollWidth]]))")  # fmt: skip
    assert rooms["a-name-of-thirty-letters-in-all"][0] > rooms["judged"][0] + 50
    assert rooms["a-name-of-thirty-letters-in-all"][0] >= rooms["a-name-of-thirty-letters-in-all"][1]


def test_runs_of_one_colour_are_told_apart_by_dashes(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """There are twelve colours: the thirteenth run wears the dashes of its line in the list and in the tooltip."""
    for i in range(14):
        with tracker.init(logdir=logdir, name=f"r{i:02d}", machine=False) as run:
            for step in range(3):
                run.log({"loss": float(i + step)}, step=step)
    page.goto(f"{serve(logdir, '--no-token').base}/?s=0")
    until(page, "viz.ready && viz.lines('loss')?.length === 14 && document.querySelectorAll('.run').length === 14")
    worn = page.evaluate("[...document.querySelectorAll('.run')].map((row) => [row.querySelector('.name').textContent, row.style.getPropertyValue('--run'), row.querySelector('input').dataset.dash])")  # fmt: skip
    assert len({(colour, dash) for _, colour, dash in worn}) == 14
    drawn = {line["name"]: len(line["dash"]) > 0 for line in lines(page, "loss")}
    assert {name: dash != "0" for name, _, dash in worn} == drawn
    assert sum(drawn.values()) == 2
    backgrounds = page.evaluate("[...document.querySelectorAll('.run .swatch')].map((each) => getComputedStyle(each).backgroundImage !== 'none')")  # fmt: skip
    assert sum(backgrounds) == 2
    point(page, "canvas.over", 0.5, 0.1)
    until(page, "document.querySelectorAll('#tip .sample line[stroke-dasharray]').length > 0")
    # Where a colour is of one run only it needs no dashes.
    page.evaluate("viz.set('off', ['r00', 'r01'])")
    until(page, "[...document.querySelectorAll('.run input')].every((each) => each.dataset.dash === '0')")
