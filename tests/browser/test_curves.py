"""The page of curves, as people use it: cards, lines, groups, expressions, files; each by what is seen or kept."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import tracker

CARD = 'article[aria-label="{}"]'


@pytest.fixture
def sweep(logdir: Path, serve: Callable[..., Any]) -> Iterator[Any]:
    """Six finished runs of two learning rates and three seeds, and one that goes on."""
    for number in range(6):
        lr, seed = [0.1, 0.01][number % 2], number // 2
        with tracker.init(logdir=logdir, name=f"sweep/{number}", config={"lr": lr, "seed": seed}) as run:
            for step in range(100):
                run.log({"train/loss": lr * 10 + seed + math.exp(-step / 20), "tokens": step * 64.0}, step=step)
                if step % 10 == 0:
                    run.log({"val/loss": lr * 20 + 2 * seed}, step=step)
            run.mark("halved", step=40, kind="lr")
    live = tracker.init(logdir=logdir, name="live", config={"lr": 0.1, "seed": 9})
    live.log({"train/loss": 5.0}, step=0)
    live.flush()
    served = serve(logdir, "--no-token")
    served.live = live
    yield served
    live.finish()


def lines(page: Any, tag: str) -> Any:
    return page.evaluate("(tag) => viz.lines(tag)", tag)


def test_groups_are_the_mean_and_the_spread_of_their_runs(sweep: Any, page: Any, until: Callable[..., Any]) -> None:
    """Config minus seed: a line a group, exact in its middle and band; the list of runs wears the groups' colours."""
    page.goto(f"{sweep.base}/?g=-seed&gb=range&s=0&runs=sweep")
    until(page, "viz.ready")
    found = {line["label"]: line for line in lines(page, "train/loss")}
    assert set(found) == {"lr=0.01", "lr=0.1"}
    for label, lr in (("lr=0.1", 0.1), ("lr=0.01", 0.01)):
        line = found[label]
        assert line["band"]
        assert line["step"] == list(range(100))
        for step in (0, 50, 99):
            members = [lr * 10 + seed + math.exp(-step / 20) for seed in range(3)]
            assert line["mean"][step] == pytest.approx(sum(members) / 3)
            assert line["min"][step] == pytest.approx(min(members))
            assert line["max"][step] == pytest.approx(max(members))
    assert len({page.evaluate("(e) => e.style.getPropertyValue('--run')", row) for row in page.query_selector_all(".run:not(.is-off)")}) == 2  # fmt: skip
    page.evaluate("viz.set('band', 'sem')")
    page.evaluate("viz.set('centre', 'median')")
    found = {line["label"]: line for line in lines(page, "train/loss")}
    half = found["lr=0.1"]["max"][50] - found["lr=0.1"]["mean"][50]
    assert half == pytest.approx(1 / math.sqrt(3))  # of 0, 1, 2: deviation 1, three of them
    page.evaluate("viz.set('band', 'boot')")
    boot = next(line for line in lines(page, "train/loss") if line["label"] == "lr=0.1")
    assert 0 <= boot["mean"][50] - boot["min"][50] <= 1
    assert boot == next(line for line in lines(page, "train/loss") if line["label"] == "lr=0.1")  # does not shiver


def test_a_baseline_is_taken_away_from_the_others(sweep: Any, page: Any, until: Callable[..., Any]) -> None:
    """The same place of the baseline, subtracted; the baseline itself is not drawn."""
    page.goto(f"{sweep.base}/?base=sweep/0&s=0&runs=sweep")
    until(page, "viz.ready")
    found = {line["name"]: line for line in lines(page, "train/loss")}
    assert "sweep/0" not in found
    assert found["sweep/2"]["mean"] == pytest.approx([1.0] * 100)
    assert found["sweep/1"]["mean"] == pytest.approx([-0.9] * 100)


def test_an_expression_is_a_chart_and_goes_on_live(sweep: Any, page: Any, until: Callable[..., Any]) -> None:
    """Made on the page, kept by name, in the address, drawn for all runs, and fed by points that come."""
    page.goto(f"{sweep.base}/?s=0")
    until(page, "viz.ready")
    page.click("text=New chart")
    page.fill("dialog textarea", "= val/loss - ")
    page.click("dialog .is-main")
    until(page, "document.querySelector('dialog .wrong').textContent.includes('cannot be understood')")
    page.faults.clear()  # the browser says aloud that it was refused
    page.fill("dialog textarea", "= val/loss - train/loss")
    page.fill("dialog input", "the gap")
    page.click("dialog .is-main")
    card = json.dumps(["= val/loss - train/loss"])
    until(page, f"viz.lines({json.dumps(card)}).length === 6")
    found = {line["name"]: line for line in page.evaluate("(id) => viz.lines(id)", card)}
    assert found["sweep/3"]["step"] == list(range(0, 100, 10))
    assert found["sweep/3"]["mean"] == pytest.approx(
        [0.01 * 20 + 2 - (0.1 + 1 + math.exp(-s / 20)) for s in range(0, 100, 10)]
    )
    sweep.live.log({"val/loss": 7.0, "train/loss": 5.0}, step=1)
    until(page, f"viz.lines({json.dumps(card)}).find((line) => line.name === 'live')?.mean.at(-1) === 2")
    sweep.live.log({"val/loss": 9.0, "train/loss": 5.0}, step=2)
    until(page, f"viz.lines({json.dumps(card)}).find((line) => line.name === 'live')?.mean.at(-1) === 4")
    address = page.url
    page.goto("about:blank")
    page.goto(address)
    until(page, f"viz.ready && viz.lines({json.dumps(card)}).length === 7")
    page.click("text=New chart")
    page.click("dialog .chip:has-text('the gap')")
    assert page.input_value("dialog textarea") == "= val/loss - train/loss"


def test_several_tags_share_a_chart(sweep: Any, page: Any, until: Callable[..., Any]) -> None:
    """A line for each run and tag; of one run each tag has a colour."""
    card = json.dumps(["train/loss", "val/loss"])
    page.goto(f"{sweep.base}/?s=0&runs=sweep/0")
    until(page, "viz.ready")
    page.evaluate("(card) => viz.set('cards', [card])", card)
    until(page, f"viz.lines({json.dumps(card)}).length === 2")
    found = page.evaluate("(id) => viz.lines(id)", card)
    assert [line["label"] for line in found] == ["sweep/0 · train/loss", "sweep/0 · val/loss"]
    assert found[0]["colour"] != found[1]["colour"]


def test_x_may_be_a_metric(sweep: Any, page: Any, until: Callable[..., Any]) -> None:
    """Loss over tokens seen, and zoomed there."""
    page.goto(f"{sweep.base}/?x=metric&xm=tokens&s=0&runs=sweep")
    until(page, "viz.ready && viz.lines('train/loss').length === 6")
    assert lines(page, "train/loss")[0]["x"] == [step * 64.0 for step in range(100)]
    drag(page, "train/loss", 0.5, 0.75)
    until(page, "viz.lines('train/loss')[0].x.length < 40")
    assert min(lines(page, "train/loss")[0]["x"]) > 2500


def drag(page: Any, tag: str, start: float, stop: float, rise: float = 0.0) -> None:
    """Across a chart, from and to parts of its width; `rise` parts of its height upwards."""
    box = page.query_selector(f"{CARD.format(tag)} canvas.over").bounding_box()
    page.mouse.move(box["x"] + box["width"] * start, box["y"] + box["height"] * 0.7)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * stop, box["y"] + box["height"] * (0.7 - rise), steps=4)
    page.mouse.up()


def test_a_drag_upwards_zooms_y(sweep: Any, page: Any, until: Callable[..., Any]) -> None:
    """And double click shows all."""
    page.goto(f"{sweep.base}/?s=0")
    until(page, "viz.ready")
    before = page.evaluate("viz.range('train/loss')")
    drag(page, "train/loss", 0.5, 0.51, 0.4)
    until(page, f"viz.range('train/loss').y[1] < {before['y'][1]}")
    after = page.evaluate("viz.range('train/loss')")
    assert after["x"] == before["x"]
    assert before["y"][0] <= after["y"][0] < after["y"][1] < before["y"][1]
    page.dblclick(f"{CARD.format('train/loss')} canvas.over")
    until(page, f"JSON.stringify(viz.range('train/loss')) === {json.dumps(json.dumps(before, separators=(',', ':')))}")


def test_an_outlier_is_left_out_of_the_range_when_asked_and_counted(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """The key o; what is left out is said."""
    with tracker.init(logdir=logdir, name="a") as run:
        for step in range(200):
            run.log({"loss": 1000.0 if step == 77 else 1 + step / 200}, step=step)
    page.goto(f"{serve(logdir, '--no-token').base}/?s=0")
    until(page, "viz.ready")
    assert page.evaluate("viz.range('loss').y[1]") > 1000
    page.keyboard.press("o")
    until(page, "viz.range('loss').y[1] < 4")
    assert "200 points, 0 hidden, 1 outside the range" in page.inner_text(".card .told")


def test_marks_are_on_the_chart_and_told(sweep: Any, page: Any, until: Callable[..., Any]) -> None:
    """At the step they were made at; the pointer beside one reads it."""
    page.goto(f"{sweep.base}/?runs=sweep/0")
    until(page, "viz.ready")
    until(page, "viz.marks('train/loss').length === 1")
    at = page.evaluate("viz.marks('train/loss')[0]")
    box = page.query_selector(f"{CARD.format('train/loss')} canvas.over").bounding_box()
    page.mouse.move(box["x"] + at, box["y"] + box["height"] / 2)
    assert "lr: halved" in page.inner_text("#tip").replace("\n", " ")
    page.keyboard.press("m")
    until(page, "viz.marks('train/loss').length === 0")


def test_the_tooltip_has_every_digit_and_the_cursor_is_on_every_card(
    sweep: Any, page: Any, until: Callable[..., Any]
) -> None:
    """Sorted by value; nothing is rounded away."""
    page.goto(f"{sweep.base}/?s=0&runs=sweep")
    until(page, "viz.ready")
    box = page.query_selector(f"{CARD.format('train/loss')} canvas.over").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    step = int(page.inner_text("#tip caption").split("·")[0].replace("step", "").strip())
    rows = [row.inner_text().split() for row in page.query_selector_all("#tip tr")]
    expected = sorted((lr * 10 + seed + math.exp(-step / 20) for lr in (0.1, 0.01) for seed in range(3)), reverse=True)
    assert [float(row[1]) for row in rows] == expected
    assert page.evaluate("viz.cursor('val/loss')") == pytest.approx(page.evaluate("viz.cursor('train/loss')"))


def test_a_selected_run_stands_out_and_a_range_can_be_chosen(sweep: Any, page: Any, until: Callable[..., Any]) -> None:
    """A click in the list fades the others; Shift takes all in between; Escape lets go."""
    page.goto(sweep.base)
    until(page, "viz.ready")
    names = page.locator(".run .name")
    names.nth(2).click()
    faded = [line["faded"] for line in lines(page, "train/loss")]
    assert sorted(faded) == [False] + [True] * 6
    names.nth(4).click(modifiers=["Shift"])
    assert len(page.evaluate("viz.get('chosen')")) == 3
    until(page, "document.getElementById('runs-count').textContent.includes('3 selected')")
    page.keyboard.press("Escape")
    until(page, "viz.get('chosen').length === 0")
    page.locator(".run .name").nth(1).dblclick()
    until(page, "viz.lines('train/loss').length === 1")


def test_runs_and_tags_are_found_by_words_settings_and_expressions(
    sweep: Any, page: Any, until: Callable[..., Any]
) -> None:
    """Plain words and /regex/ mean the same in both boxes; a broken expression is explained and hides nothing."""
    page.goto(sweep.base)
    until(page, "viz.ready")
    for text, count in (("lr=0.1", 4), ("/lr=0\\.1$|lr=0\\.1 .*seed=[02]/", 2), ("sweep -seed=1", 4), ("/LIVE/i", 1)):
        page.fill("#run-search", text)
        until(page, f"document.querySelectorAll('.run').length === {count}")
    page.fill("#run-search", "/[/")
    assert "cannot be understood" in page.inner_text(".runs-none")
    page.fill("#run-search", "")
    page.evaluate("viz.set('tags', '/^(val|tok)/')")
    until(page, "[...document.querySelectorAll('.card')].length === 2")


def test_cards_are_moved_pinned_and_sized_and_stay_so(sweep: Any, page: Any, until: Callable[..., Any]) -> None:
    """By drag and by keys; the browser remembers."""
    page.goto(sweep.base)
    until(page, "viz.ready")
    page.hover(CARD.format("val/loss"))
    page.click(f"{CARD.format('val/loss')} .pin")
    assert page.inner_text(".group h2 >> nth=0").startswith("Pinned")
    page.hover(CARD.format("tokens"))
    page.click(f"{CARD.format('tokens')} .pin")
    titles = "[...document.querySelectorAll('.card')].map((card) => card.getAttribute('aria-label')).join()"
    until(page, f"{titles} === 'val/loss,tokens,train/loss'")
    page.locator(f"{CARD.format('tokens')} .card-head").drag_to(page.locator(CARD.format("val/loss")))
    until(page, f"{titles} === 'tokens,val/loss,train/loss'")
    page.focus(f"{CARD.format('tokens')} canvas.over")
    page.keyboard.press("Alt+ArrowRight")
    until(page, f"{titles} === 'val/loss,tokens,train/loss'")
    grip = page.query_selector(f"{CARD.format('train/loss')} .card-grip")
    page.hover(CARD.format("train/loss"))
    box = grip.bounding_box()
    page.mouse.move(box["x"] + 5, box["y"] + 5)
    page.mouse.down()
    page.mouse.move(box["x"] + 355, box["y"] + 105, steps=5)
    page.mouse.up()
    page.reload()
    until(page, f"viz.ready && {titles} === 'val/loss,tokens,train/loss'")
    wide = page.query_selector(CARD.format("train/loss")).bounding_box()
    narrow = page.query_selector(CARD.format("val/loss")).bounding_box()
    assert wide["width"] == pytest.approx(2 * narrow["width"] + 12, abs=2)
    assert wide["height"] == pytest.approx(narrow["height"] + 90, abs=12)


def test_thousands_of_tags_cost_only_what_is_seen(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """Cards are filled when scrolled to."""
    with tracker.init(logdir=logdir, name="a") as run:
        for step in range(3):
            run.log({f"group{number % 7}/metric{number}": float(number) for number in range(3000)}, step=step)
    page.goto(serve(logdir, "--no-token").base)
    until(page, "viz.ready")
    assert page.evaluate("document.querySelectorAll('.card').length") == 3000
    assert page.evaluate("document.querySelectorAll('.card canvas').length") < 80
    page.evaluate("document.getElementById('view').scrollTop = 1e9")
    until(page, "viz.drawn('group6/metric993').a?.value.at(-1) === 993")


@pytest.mark.parametrize(("form", "ending"), [("PNG", "png"), ("SVG", "svg"), ("CSV", "csv"), ("JSON", "json"), ("LaTeX (PGF)", "pgf")])  # fmt: skip
def test_a_chart_is_taken_away_as_a_file(
    sweep: Any, page: Any, until: Callable[..., Any], tmp_path: Path, form: str, ending: str
) -> None:
    """Pictures that are pictures, numbers to the last digit."""
    page.goto(f"{sweep.base}/?s=0&runs=sweep/0")
    until(page, "viz.ready")
    page.hover(CARD.format("train/loss"))
    page.click(f"{CARD.format('train/loss')} .more")
    with page.expect_download() as caught:
        page.click(f"text=Download {form}")
    assert caught.value.suggested_filename == f"train-loss.{ending}"
    file = tmp_path / caught.value.suggested_filename
    caught.value.save_as(file)
    values = [1 + math.exp(-step / 20) for step in range(100)]
    if form == "PNG":
        from PIL import Image

        picture = Image.open(file)
        assert picture.width > 600
        assert len(picture.convert("RGB").getcolors(1 << 20)) > 20
    elif form == "SVG":
        import xml.etree.ElementTree as ET

        root = ET.parse(file).getroot()
        longest = max((path.get("d") for path in root.iter("{http://www.w3.org/2000/svg}path")), key=len)
        assert longest.count("L") >= 90
    elif form == "CSV":
        rows = list(csv.DictReader(file.read_text().splitlines()))
        assert [float(row["value"]) for row in rows] == values
        assert rows[7]["step_first"] == "7"
    elif form == "JSON":
        (line,) = json.loads(file.read_text())["charts"][0]["lines"]
        assert line["value"] == values
    else:
        text = file.read_text()
        assert text.count("{") == text.count("}")
        assert text.count("\\pgfpathlineto") >= 90


def test_every_point_of_what_is_shown_is_taken_away_at_once(
    sweep: Any, page: Any, until: Callable[..., Any], tmp_path: Path
) -> None:
    """Of the selected runs and the filtered tags, from the store, whatever the page has read of it."""
    page.goto(f"{sweep.base}/?sel=sweep/0%0Asweep/3&tags=loss")
    until(page, "viz.ready")
    page.click("#own-tools >> text=Download")
    assert "2 selected runs, 2 tags" in page.inner_text(".menu-about")
    with page.expect_download() as caught:
        page.click(".menu >> text=Every point as CSV")
    file = tmp_path / caught.value.suggested_filename
    caught.value.save_as(file)
    rows = list(csv.DictReader(file.read_text().splitlines()))
    assert {row["run"] for row in rows} == {"sweep/0", "sweep/3"}
    assert {row["tag"] for row in rows} == {"train/loss", "val/loss"}
    assert len(rows) == 2 * (100 + 10)
    assert float(rows[1]["value"]) == 0.1 * 10 + math.exp(-1 / 20)


@pytest.mark.parametrize("form", ["SVG", "PNG"])
def test_all_charts_are_taken_away_on_one_sheet(
    sweep: Any, new_page: Callable[..., Any], until: Callable[..., Any], tmp_path: Path, form: str
) -> None:
    """Those out of sight too."""
    page = new_page(height=420)
    page.goto(f"{sweep.base}/?runs=sweep")
    until(page, "viz.ready")
    page.click("#own-tools >> text=Download")
    with page.expect_download() as caught:
        page.click(f".menu >> text=All charts as {form}")
    file = tmp_path / caught.value.suggested_filename
    caught.value.save_as(file)
    if form == "SVG":
        import xml.etree.ElementTree as ET

        root = ET.parse(file).getroot()
        assert len(root.findall("{http://www.w3.org/2000/svg}svg")) == 3
        assert {"train/loss", "val/loss", "tokens"} <= {text.text for text in root.iter("{http://www.w3.org/2000/svg}text")}  # fmt: skip
        names = [clip.get("id") for clip in root.iter("{http://www.w3.org/2000/svg}clipPath")]
        assert len(names) == len(set(names))
    else:
        from PIL import Image

        with Image.open(file) as picture:
            assert picture.height > 1000


def test_what_hides_all_runs_is_said_with_a_button_that_ends_it(
    sweep: Any, page: Any, until: Callable[..., Any]
) -> None:
    """The filter, the switches, or both."""
    page.goto(f"{sweep.base}/?runs=sweep&off=sweep/0%0Asweep/1%0Asweep/2%0Asweep/3%0Asweep/4%0Asweep/5")
    until(page, "viz.ready")
    words = page.inner_text("#view .empty")
    assert "1 run hidden by the filter “sweep”." in words
    assert "6 runs switched off in the list." in words
    page.click("text=Show all runs")
    until(page, "viz.ready && viz.lines('train/loss').length === 6")
    page.fill("#run-search", "nobody")
    page.click("text=Clear the filter of runs")
    until(page, "viz.ready && viz.lines('train/loss').length === 7")


def test_dashes_are_for_colours_that_stand_twice(
    sweep: Any, page: Any, until: Callable[..., Any], logdir: Path
) -> None:
    """The thirteenth run alone has a whole line; beside the first, whose colour it has, dashes."""
    for number in range(6):
        tracker.init(logdir=logdir, name=f"more/{number}").finish()
    with tracker.init(logdir=logdir, name="z") as run:
        run.log({"train/loss": 1.0, "alone": 1.0}, step=0)
        run.log({"train/loss": 1.0, "alone": 1.0}, step=1)
    page.goto(f"{sweep.base}/?s=0")
    until(page, "viz.ready && viz.runs().length === 14 && viz.lines('alone').length === 1")
    dashed = "(tag) => viz.lines(tag).filter((line) => line.dash.length).map((line) => line.name).join()"
    assert page.evaluate(dashed, "alone") == ""
    assert "z" in page.evaluate(dashed, "train/loss")


def test_the_numbers_behind_a_chart_are_a_table(sweep: Any, page: Any, until: Callable[..., Any]) -> None:
    """For those who cannot see it."""
    page.goto(f"{sweep.base}/?s=0&runs=sweep/0")
    until(page, "viz.ready")
    page.hover(CARD.format("train/loss"))
    page.click(f"{CARD.format('train/loss')} .more")
    page.click("text=Data table")
    cells = page.locator("dialog td").all_inner_texts()
    assert cells[:3] == ["sweep/0", "0", "2"]
    assert len(cells) == 600


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


@pytest.mark.parametrize("kind", ["ema", "gauss", "mean"])
def test_smoothing_keeps_a_constant_and_a_gap(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any], kind: str
) -> None:
    """No kind begins at zero, none carries the past over a long gap, and NaN stays a gap."""
    with tracker.init(logdir=logdir, name="a") as run:
        for step in [*range(50), *range(5000, 5050)]:
            value = math.nan if step == 20 else 3.0 if step < 100 else 7.0
            run.log({"loss": value}, step=step)
    page.goto(f"{serve(logdir, '--no-token').base}/?sk={kind}&s=0.9")
    until(page, "viz.ready")
    (line,) = lines(page, "loss")
    found = line["smooth"]
    assert found[0] == pytest.approx(3.0)
    assert found[20] is None
    assert found[49] == pytest.approx(3.0)
    assert found[50] == pytest.approx(7.0, abs=1e-6)


def test_an_abandoned_tail_is_kept_and_dimmed(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """Crashed at 212, resumed from 200: one clean line, and the tail beside it, in the same colour but fainter."""
    with tracker.init(logdir=logdir, name="a") as run:
        for step in range(213):
            run.log({"loss": 1.0 if step <= 200 else 0.2}, step=step)
    with tracker.init(logdir=logdir, name="a", resume="must", step=200) as run:
        for step in range(201, 300):
            run.log({"loss": 1.0 if step < 290 else 0.0}, step=step)
    page.goto(f"{serve(logdir, '--no-token').base}/?s=0&mk=n")
    until(page, "viz.ready")
    assert page.evaluate("viz.drawn('loss').a.step.length") == 300
    tail = "[...document.querySelector('.card').card.curves.values()][0].tails[0]"
    assert page.evaluate(f"[...{tail}.steps]") == list(range(201, 213))
    # Ink at the height of the tail, left of where the line falls: there without it there would be none.
    ink = """() => {
      const { chart } = document.querySelector('.card').card, { scale, plot } = chart.view, ratio = devicePixelRatio;
      const data = chart.canvas.getContext('2d').getImageData(plot.left * ratio, (scale.y(0.2) - 2) * ratio, (scale.x(250) - plot.left) * ratio, 5 * ratio).data;
      let most = 0;
      for (let i = 0; i < data.length; i += 4) most = Math.max(most, data[i + 2] - data[i]);
      return most;
    }"""
    assert page.evaluate(ink) > 20


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


def test_a_chart_of_very_many_runs_is_whole_and_exact(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """The newest hundred are drawn first and then all, in few columns that lose no spike; few of them alone come finer."""
    for number in range(230):
        with tracker.init(logdir=logdir, name=f"r{number:03}", machine=False) as run:
            for step in range(3000 if number < 2 else 3):
                run.log({"loss": 50.0 + number if step == 1 else 1.0, "other": float(number)}, step=step)
    served = serve(logdir, "--no-token")
    page.goto(served.address)
    until(page, "viz.ready", timeout=60)
    page.evaluate("viz.settled()")
    for tag in ("loss", "other"):
        assert len(lines(page, tag)) == 230
    extremes = page.evaluate("viz.extremes('loss')")
    assert extremes == {f"r{number:03}": [1.0, 50.0 + number] for number in range(230)}
    assert page.evaluate("viz.extremes('other')") == {f"r{n:03}": [n, n] for n in range(230)}
    assert "6,684 points, 0 hidden" in page.inner_text(f"{CARD.format('loss')} .told")
    assert len(page.evaluate("viz.drawn('loss').r000.step")) <= 700
    page.evaluate("viz.set('runs', '/^r00[0-2]/')")
    until(page, "viz.drawn('loss').r000?.step.length > 700")
    assert page.evaluate("viz.extremes('loss')") == {f"r{n:03}": [1.0, 50.0 + n] for n in range(3)}
    until(page, "document.querySelectorAll('.run').length === 3 && document.querySelector('.run .words').textContent.includes('step')")  # fmt: skip
