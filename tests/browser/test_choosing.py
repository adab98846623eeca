"""Choosing runs: live picks, what is not understood, folders, the order, groups; each by what is seen, kept or linked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import tracker

NAMES = "[...document.querySelectorAll('#runs-list .run, #runs-list .folder')].map((each) => each.querySelector('.name').textContent)"
"""As they stand in the document, which is as they are seen."""


@pytest.fixture
def nested(logdir: Path, serve: Callable[..., Any]) -> Any:
    """Thirty runs in folders of a learning rate, and one beside them; the least loss is in the folder that came first."""
    for number in range(30):
        lr, seed = ("1e-3", "1e-2", "1e-1")[number // 10], number % 10
        with tracker.init(
            logdir=logdir, name=f"sweep/lr={lr}/seed={seed}", config={"seed": seed}, machine=False
        ) as run:
            run.log({"val/loss": 1.0 + number, "val/acc": number / 30}, step=0)
            run.log({"val/loss": 0.5 + number, "val/acc": number / 60}, step=1)
    with tracker.init(logdir=logdir, name="alone", machine=False) as run:
        run.log({"val/loss": 9.0}, step=0)
    return serve(logdir, "--no-token")


def test_a_pick_follows_what_runs_log(sweep: Any, page: Any, until: Callable[..., Any]) -> None:
    """The best two change as one improves, without a word of the user's, and the link says so."""
    page.goto(f"{sweep.base}/?runs=best+2+by+train/loss")
    until(page, "viz.ready && viz.lines('train/loss')?.length === 2")
    assert "live" not in page.inner_text("#runs-list")
    sweep.live.log({"train/loss": -1.0}, step=1)
    until(page, "document.getElementById('runs-list').textContent.includes('live')")
    until(page, "viz.lines('train/loss').length === 2 && viz.lines('train/loss').some(({ name }) => name === 'live')")
    page.fill("#run-search", "newest 3")
    until(page, "document.querySelectorAll('#runs-list .run').length === 3 && location.search.includes('newest')")
    with tracker.init(logdir=sweep.logdir, name="later", machine=False) as run:
        run.log({"train/loss": 3.0}, step=0)
    until(page, f"{NAMES}[0] === 'later' && {NAMES}.length === 3")


def test_what_is_not_understood_is_said_beside_the_field(sweep: Any, page: Any, until: Callable[..., Any]) -> None:
    """It hides nothing; what nobody has lets nothing through, and the nearest name is proposed."""
    page.goto(sweep.base)
    until(page, "viz.ready")
    page.fill("#run-search", "lr<abc")
    until(page, "document.getElementById('run-problem').textContent.includes('After lr< comes a number')")
    assert page.get_attribute("#run-search", "aria-invalid") == "true"
    assert page.get_attribute("#run-search", "aria-describedby") == "run-problem"
    assert page.locator("#runs-list .run").count() == 7
    page.fill("#run-search", "val/los<1")
    until(page, "document.getElementById('run-problem').textContent.includes('Is “val/loss” meant?')")
    until(page, "document.querySelectorAll('#runs-list .run').length === 0")
    page.fill("#run-search", "val/loss<2.5 lr=1e-2")
    until(
        page,
        "document.querySelectorAll('#runs-list .run').length === 2 && document.getElementById('run-problem').hidden",
    )


def test_runs_stand_in_folders_that_are_opened_and_switched_by_keys(
    nested: Any, page: Any, until: Callable[..., Any]
) -> None:
    """With counts; what is switched off is one word of the link, and a folder left closed keeps its runs."""
    page.goto(f"{nested.base}/?tree=yes")
    until(page, f"viz.ready && {NAMES}.length >= 4")
    assert page.evaluate(f"{NAMES}.slice(0, 3)") == ["alone", "sweep", "lr=1e-1"]
    assert (
        page.evaluate("[...document.querySelectorAll('.folder-count')].map((each) => each.textContent).sort()")[-1]
        == "30"
    )
    page.focus("#runs-list .folder-fold >> nth=0")
    page.keyboard.press("ArrowLeft")
    until(page, f"{NAMES}.join() === 'alone,sweep'")
    page.keyboard.press("ArrowRight")
    until(page, f"{NAMES}.length > 4")
    page.keyboard.press("ArrowRight")
    until(page, "document.activeElement.ariaLabel === 'sweep/lr=1e-1/: 10 runs'")
    page.keyboard.press("Space")
    until(page, "viz.get('off').join() === 'sweep/lr=1e-1/' && viz.lines('val/loss').length === 21")
    until(page, "document.getElementById('runs-count').textContent.includes('10 hidden')")
    assert page.evaluate("document.activeElement.ariaExpanded") in ("true", "false")
    page.reload()
    until(page, "viz.ready && viz.lines('val/loss').length === 21")
    page.click(".folder .folder-box >> nth=1")
    until(page, "viz.get('off').length === 0 && viz.lines('val/loss').length === 31")
    page.click("#run-tree")
    until(page, f"{NAMES}[1] === 'sweep/lr=1e-1/seed=9'")


def test_the_list_is_sorted_by_the_best_of_a_metric(nested: Any, page: Any, until: Callable[..., Any]) -> None:
    """Its folders too; the value stands beside each, and the way is by the metric's name."""
    page.goto(nested.base)
    until(page, "viz.ready")
    page.click("#run-order")
    page.fill(".order-sheet input", "val/loss")
    page.keyboard.press("Enter")
    until(page, "viz.get('order') === 'best:val/loss'")
    until(page, f"{NAMES}.slice(0, 2).join() === 'sweep,lr=1e-3' && {NAMES}.at(-1) !== 'alone'")
    assert page.evaluate("document.querySelector('.folder-best').textContent") == "0.5"
    page.evaluate("viz.set('asTree', 'no')")
    until(page, f"{NAMES}[0] === 'sweep/lr=1e-3/seed=0'")
    page.evaluate("viz.set('order', 'best:val/acc')")
    until(page, f"{NAMES}[0] === 'sweep/lr=1e-1/seed=9'")
    assert page.inner_text("#runs-list .run .value >> nth=0") == "0.9667"
    page.evaluate("viz.set('runs', 'lr=1e-3')")
    until(page, f"{NAMES}.length === 10")


def test_the_table_is_grouped_by_a_setting(nested: Any, page: Any, until: Callable[..., Any]) -> None:
    """How many, the best, the mean of last values; a double click shows the runs of a group."""
    page.goto(f"{nested.base}/?p=runs&runs=sweep")
    until(page, "viz.ready && document.querySelector('.ag-row')")
    page.click(".table-bar >> text=Group")
    page.fill(".popover input[type=search]", "lr")
    page.check(".popover .check >> nth=0")
    until(page, "viz.page().groups?.length === 3")
    groups = page.evaluate("viz.page().groups")
    assert [row[:2] for row in groups] == [["1e-3", 10], ["1e-2", 10], ["1e-1", 10]]
    assert groups[0][2:4] == [0.5, 5.0]
    page.keyboard.press("Escape")
    page.dblclick('.ag-row[row-index="1"] .ag-cell >> nth=0')
    until(page, "viz.get('runs') === 'sweep config:lr=1e-2' && viz.page().rows?.length === 10")


def test_a_group_and_a_folder_are_found_by_names_with_quotation_marks(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """What the page writes into the filter is read as what it stands for."""
    for number in range(4):
        name, config = f'a "b" c{number % 2}/{number}', {'say "x"': f'v, "{number % 2}"*'}
        with tracker.init(logdir=logdir, name=name, config=config, machine=False) as run:
            run.log({"loss": number}, step=0)
    base = serve(logdir, "--no-token").base
    page.goto(f"{base}/?p=runs")
    until(page, "viz.ready && document.querySelector('.ag-row')")
    page.evaluate("""viz.set('tableBy', ['config:say "x"'])""")
    until(page, "viz.page().groups?.length === 2")
    page.dblclick('.ag-row[row-index="1"] .ag-cell >> nth=0')
    until(page, "viz.page().rows?.length === 2")
    assert page.evaluate("viz.get('runs')") == r'config:"say \"x\""="v, \"1\"*"'
    page.evaluate("viz.set('runs', '')")
    page.evaluate("viz.set('asTree', 'yes')")
    page.click(".folder >> nth=0", button="right")
    page.click("text=Search within")
    until(page, "viz.page().rows?.length === 2")
    assert page.evaluate("viz.get('runs')").endswith('c1/"*')
