"""The curves of the page: groups, baselines, expressions, smoothing, tails; each by what is drawn."""

from __future__ import annotations

import json
import math
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import tracker
from tests.browser.charts import CARD, drag, lines, press


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
    page.excuse("status of 400")
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


def test_dashes_are_for_colours_that_stand_twice(
    sweep: Any, page: Any, until: Callable[..., Any], logdir: Path
) -> None:
    """The thirteenth run alone has a whole line; beside the first, whose colour it has, dashes."""
    for number in range(6):
        tracker.init(logdir=logdir, name=f"more/{number}", machine=False).finish()
    with tracker.init(logdir=logdir, name="z", machine=False) as run:
        run.log({"train/loss": 1.0, "alone": 1.0}, step=0)
        run.log({"train/loss": 1.0, "alone": 1.0}, step=1)
    page.goto(f"{sweep.base}/?s=0")
    until(page, "viz.ready && viz.runs().length === 14 && viz.lines('alone').length === 1")
    dashed = "(tag) => viz.lines(tag).filter((line) => line.dash.length).map((line) => line.name).join()"
    assert page.evaluate(dashed, "alone") == ""
    assert "z" in page.evaluate(dashed, "train/loss")


@pytest.mark.parametrize("kind", ["ema", "gauss", "mean"])
def test_smoothing_keeps_a_constant_and_a_gap(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any], kind: str
) -> None:
    """No kind begins at zero, none carries the past over a long gap, and NaN stays a gap."""
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
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
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        for step in range(213):
            run.log({"loss": 1.0 if step <= 200 else 0.2}, step=step)
    with tracker.init(logdir=logdir, name="a", resume="must", step=200, machine=False) as run:
        for step in range(201, 300):
            run.log({"loss": 1.0 if step < 290 else 0.0}, step=step)
    page.goto(f"{serve(logdir, '--no-token').base}/?s=0&mk=n")
    until(page, "viz.ready")
    assert page.evaluate("viz.drawn('loss').a.step.length") == 300
    tail = "[...document.querySelector('.card').card.curves.store.curves()][0].tails[0]"
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


def test_a_chart_is_enlarged_and_pinned_by_keyboard(sweep: Any, page: Any, until: Callable[..., Any]) -> None:
    """Enter, Escape and p on a chart; the keyboard stays with it, and a large one keeps it within."""
    page.goto(f"{sweep.base}/?s=0")
    until(page, "viz.ready")
    page.focus(f"{CARD.format('val/loss')} canvas.over")
    page.keyboard.press("Enter")
    until(page, "document.querySelector('.card.is-large')?.getAttribute('aria-label') === 'val/loss'")
    inside = "document.querySelector('.is-large').contains(document.activeElement)"
    for _ in range(15):
        page.keyboard.press("Tab")
        assert page.evaluate(inside)
    page.keyboard.press("Shift+Tab")
    assert page.evaluate(inside)
    wide = page.evaluate("viz.lines('val/loss') && document.querySelector('.is-large canvas.over').clientWidth")
    page.set_viewport_size({"width": 1100, "height": 700})
    until(page, f"document.querySelector('.is-large canvas.over').clientWidth < {wide} - 200")
    until(page, "(() => { const c = document.querySelector('.is-large canvas'); return c.width === c.clientWidth; })()")
    page.keyboard.press("Escape")
    until(page, "!document.querySelector('.is-large, .scrim')")
    at = "document.activeElement.closest('.card')?.getAttribute('aria-label')"
    assert page.evaluate(at) == "val/loss"
    page.keyboard.press("p")
    until(page, "document.querySelector('.toast')?.textContent.includes('val/loss is pinned to the top.')")  # for 5 s
    until(page, "document.querySelector('.group .card').getAttribute('aria-label') === 'val/loss'")
    assert page.evaluate(at) == "val/loss"
    page.keyboard.press("p")
    until(page, "viz.get('pins').length === 0")
    assert page.evaluate(at) == "val/loss"


def test_a_large_chart_names_its_lines(sweep: Any, page: Any, until: Callable[..., Any]) -> None:
    """The list of runs is covered: a legend says what each line is, ends at, and brings it to the front."""
    page.goto(f"{sweep.base}/?s=0&runs=sweep")
    until(page, "viz.ready")
    press(page, CARD.format("train/loss"), "button[aria-label='Large']")
    rows = page.locator(".card-legend .legend-row")
    until(page, "document.querySelectorAll('.card-legend .legend-row').length === 6")
    until(page, "/^sweep.4\\s+3.007$/.test(document.querySelector('.card-legend .legend-row').innerText.trim())")
    rows.first.hover()
    until(page, "viz.lines('train/loss').find((line) => line.strong)?.name === 'sweep/4'")
    rows.first.click()
    until(page, "viz.get('chosen').join() === 'sweep/4'")
    until(page, "document.querySelector('.card-legend .legend-row').getAttribute('aria-pressed') === 'true'")


def test_colours_and_dashes_have_a_legend(sweep: Any, page: Any, until: Callable[..., Any]) -> None:
    """Colour by one setting and dash by another: what each stands for, and its runs at a click; also of groups."""
    page.goto(f"{sweep.base}/?s=0&runs=sweep&cb=lr&db=seed")
    until(page, "viz.ready")
    looks = {line["name"]: (line["colour"], tuple(line["dash"])) for line in lines(page, "train/loss")}
    assert len(set(looks.values())) == 6
    assert looks["sweep/0"][0] == looks["sweep/2"][0] != looks["sweep/1"][0]
    assert looks["sweep/0"][1] == looks["sweep/1"][1] != looks["sweep/2"][1]
    assert page.inner_text(".legend-bar").split() == ["lr", "0.01", "0.1", "seed", "0", "1", "2"]
    page.click(".legend-bar .legend-row:has-text('0.01')")
    assert sorted(page.evaluate("viz.get('chosen')")) == ["sweep/1", "sweep/3", "sweep/5"]
    assert sorted(line["name"] for line in lines(page, "train/loss") if line["strong"]) == ["sweep/1", "sweep/3", "sweep/5"]  # fmt: skip
    page.click(".legend-bar .legend-row:has-text('0.01')")
    page.hover(".legend-bar .legend-row:has-text('0.1')")
    until(page, "viz.lines('train/loss').filter((line) => line.strong).length === 3")
    page.evaluate("(viz.set('colourBy', ''), viz.set('dashBy', ''), viz.set('group', '-seed'))")
    assert page.inner_text(".legend-bar").split() == ["lr", "0.01", "0.1"]
    page.evaluate("viz.set('page', 'runs')")
    until(page, "!document.querySelector('.legend-bar')")


def test_cards_that_no_shown_run_could_fill_are_left_out_and_counted(
    sweep: Any, page: Any, until: Callable[..., Any]
) -> None:
    """Not a screen of empty axes; and when nothing is left, a button that brings it back."""
    page.goto(f"{sweep.base}/?s=0&runs=live")
    until(page, "viz.ready")
    cards = "[...document.querySelectorAll('.card')].map((card) => card.getAttribute('aria-label')).join()"
    assert page.evaluate(cards) == "train/loss"
    assert page.inner_text(".left-out") == "2 tags of hidden runs only are left out."
    page.evaluate("viz.set('tags', 'tokens')")
    until(page, "document.querySelector('#view .empty')")
    assert "No visible run has logged this" in page.inner_text("#view")
    page.click("text=Show all runs")
    until(page, f"{cards} === 'tokens' && !document.querySelector('.left-out')")


def test_the_list_of_runs_is_one_stop_of_the_tab_key(sweep: Any, page: Any, until: Callable[..., Any]) -> None:
    """A thousand runs are not two thousand steps on the way to the charts; arrows go from run to run."""
    page.goto(f"{sweep.base}/?s=0")
    until(page, "viz.ready && document.querySelectorAll('.run').length === 7")
    page.focus("#run-tree")
    page.keyboard.press("Tab")
    first = page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert first == "Show live"
    page.keyboard.press("ArrowDown")
    second = page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert second == "Show sweep/5"
    page.keyboard.press("Tab")
    assert not page.evaluate("document.activeElement.closest('.runs-list')")
    page.keyboard.press("Shift+Tab")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == second


def test_a_lone_point_has_its_value_beside_it(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """Painted at its right in the line's colour; gone once there is a line to read."""
    page.add_init_script("""window.words = []; const paint = CanvasRenderingContext2D.prototype.fillText;
      CanvasRenderingContext2D.prototype.fillText = function (text, x, y) {
        if (this.textAlign === "left") words.push([text, Math.round(x), Math.round(y), this.fillStyle]);
        paint.call(this, text, x, y);
      };""")
    run = tracker.init(logdir=logdir, name="a", machine=False)
    run.log({"score": 0.4217}, step=3)
    run.flush()
    page.goto(f"{serve(logdir, '--no-token').base}/?s=0")
    until(page, "viz.ready")
    place = page.evaluate("""(() => { const { scale } = document.querySelector('.card').card.chart.view;
      return [Math.round(scale.x(3) + 7), Math.round(scale.y(0.4217))]; })()""")
    assert page.evaluate("words.at(-1)") == ["0.4217", *place, lines(page, "score")[0]["colour"]]
    page.evaluate("words.length = 0")
    run.log({"score": 0.5}, step=4)
    until(
        page, "viz.lines('score')[0].step.length === 2 && document.querySelector('.card-value').textContent === '0.5'"
    )
    page.evaluate("document.dispatchEvent(new CustomEvent('themechange'))")
    page.evaluate("viz.settled()")
    assert page.evaluate("words.length") == 0
    run.finish()


def test_a_chart_for_latex_stays_within_what_tex_can_measure(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any], tmp_path: Path
) -> None:
    """A line that leaves the chart is cut at its edge, also a band's; TeX, where there is one, takes the file."""
    with tracker.init(logdir=logdir, name="a_b", machine=False) as run:
        for step in range(9000):
            run.log({"loss": 1e9 if step % 3000 == 77 else math.sin(step / 300)}, step=step)
    page.goto(f"{serve(logdir, '--no-token').base}/?s=0&rob=y")
    until(page, "viz.ready")
    press(page, CARD.format("loss"), ".more")
    with page.expect_download() as caught:
        page.click("text=Download LaTeX (PGF)")
    file = tmp_path / "chart.pgf"
    caught.value.save_as(file)
    lengths = [abs(float(each)) for each in re.findall(r"(-?[\d.]+)bp", file.read_text())]
    assert len(lengths) > 5000
    assert max(lengths) < 1000
    if tex := shutil.which("pdflatex"):
        (tmp_path / "all.tex").write_text(
            "\\documentclass{article}\\usepackage{pgf}\\begin{document}\\input{chart.pgf}\\end{document}"
        )
        done = subprocess.run([tex, "-halt-on-error", "all.tex"], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout[-2000:]


def test_a_step_held_on_a_chart_is_what_the_other_pages_show(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """By key and by mouse; held again where it is, it is let go of."""
    with tracker.init(logdir, name="a", machine=False) as run:
        for step in range(101):
            run.log({"loss": 1.0 / (step + 1), "weights": tracker.Histogram([float(step)] * 8)}, step=step)
    page.goto(serve(logdir, "--no-token").address)
    until(page, "viz.ready && viz.drawn('loss')?.a?.step.length === 101")
    over = page.locator(".card canvas.over")
    over.focus()
    page.keyboard.press("s")
    assert page.evaluate("viz.get('pace')") == 50
    assert page.evaluate("document.querySelector('.card canvas.over').getContext('2d').getImageData(0, 0, 4000, 4000).data.some((byte) => byte)")  # fmt: skip
    for name in ("distributions", "curves"):
        page.evaluate("(name) => { viz.set('bins', 'one'); viz.set('page', name); }", name)
        until(page, f"viz.ready && document.body.dataset.page === '{name}'")
        if name == "distributions":
            until(page, "document.querySelector('.panel-steps output')?.textContent === 'step 50'")
    until(page, "viz.drawn('loss')?.a?.step.length === 101")
    box = over.bounding_box()
    over.click(position={"x": box["width"] * 0.8, "y": box["height"] / 2}, modifiers=["Shift"])
    held = page.evaluate("viz.get('pace')")
    assert 70 < held < 90
    over.click(position={"x": box["width"] * 0.8, "y": box["height"] / 2}, modifiers=["Shift"])
    assert page.evaluate("viz.get('pace')") is None


def test_a_run_counts_in_its_group_only_where_it_is(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """y = x on even and on odd steps is y = x: neither the first value of a run that has not begun nor its last counts."""
    for name, steps in (("even", range(0, 100, 2)), ("odd", range(1, 100, 2)), ("late", range(40, 61, 4))):
        with tracker.init(logdir=logdir, name=name, config={"lr": 1}, machine=False) as run:
            for step in steps:
                run.log({"y": float(step)}, step=step, wall_time=1.79e9 + step)
    page.goto(f"{serve(logdir, '--no-token').base}/?s=0&g=lr&gb=range")
    for axis in ("step", "time"):
        page.evaluate("(axis) => viz.set('x', axis)", axis)
        until(page, f"viz.ready && viz.lines('y')?.length === 1 && viz.lines('y')[0].band && viz.get('x') === {axis!r}")
        (line,) = lines(page, "y")
        places = [x - (1.79e9 if axis == "time" else 0) for x in line["x"]]
        assert line["mean"] == pytest.approx(places)
        assert line["min"] == pytest.approx(line["mean"], abs=2.01)
        carried = dict(zip(places, page.evaluate(f"Array.from(document.querySelector({CARD.format('y')!r}).card.lines()[0].curve.carried)"), strict=True))  # fmt: skip
        assert carried[0] == 1
        assert carried[99] == 1
        assert carried[2] == 2
        assert carried[40] == 3
