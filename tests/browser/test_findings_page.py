"""The page of findings: under which headings they stand, their evidence drawn, where links lead, and dismissal."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import planted
import pytest

import tracker

READY = "window.viz?.ready && document.querySelector('.finding') !== null"
TITLES = "viz.page().map(({ title, findings }) => [title, findings.map(({ run }) => run).sort().join()].join(': '))"
SHADE = """(() => {
  const shade = document.querySelector(".evidence-shade"), { left, width } = shade.getBoundingClientRect();
  return [!shade.hidden, left - shade.parentElement.getBoundingClientRect().left, width];
})()"""


@pytest.fixture
def served(logdir: Path, fill: Callable[..., None], serve: Callable[..., Any]) -> Any:
    """Runs with an error and a warning, with a warning, and with an info only."""
    fill(logdir, planted.three)
    return planted.examined(serve, logdir)


def test_findings_stand_by_kind_or_by_run_and_the_address_says_which(
    served: Any, page: Any, until: Callable[..., Any]
) -> None:
    """The worst first; a severity shows only its own, and a link to it shows the same."""
    page.goto(f"{served.base}/?p=findings")
    until(page, READY)
    assert page.evaluate(TITLES) == [
        "Exploding gradients: sick",
        "Overfitting: weak",
        "Waiting for data: sick",
        "Plateau: well",
    ]
    page.get_by_role("radio", name="By run").click()
    until(page, "location.search.includes('by=run')")
    assert page.evaluate(TITLES) == ["well: well", "weak: weak", "sick: sick,sick"]
    page.get_by_role("radio", name="Warnings 2").click()
    until(page, "location.search.includes('sev=warning')")
    assert page.evaluate(TITLES) == ["weak: weak", "sick: sick"]
    page.reload()
    until(page, READY)
    assert page.evaluate(TITLES) == ["weak: weak", "sick: sick"]


def test_hidden_runs_are_left_out_and_said(served: Any, page: Any, until: Callable[..., Any]) -> None:
    """The page follows the list of runs; when nothing is left it says where there is something."""
    page.goto(f"{served.base}/?p=findings&off=sick")
    until(page, READY)
    assert page.evaluate(TITLES) == ["Overfitting: weak", "Plateau: well"]
    page.evaluate("viz.set('off', viz.runs())")
    until(
        page, "document.querySelector('.findings .empty h2')?.textContent === 'Nothing was found in the visible runs'"
    )
    page.get_by_role("button", name="Show all runs").click()
    until(page, f"{TITLES}.length === 4")


def test_evidence_is_drawn_with_some_steps_around_it(served: Any, page: Any, until: Callable[..., Any]) -> None:
    """Both curves in one chart, the window shaded, the gradients' histogram at that step."""
    page.goto(f"{served.base}/?p=findings&sev=error")
    until(page, f"{READY} && viz.page()[0].findings[0].charts[0]?.lines === 2")
    (found,) = page.evaluate("viz.page()")[0]["findings"]
    (chart,) = found["charts"]
    assert (chart["tags"], chart["lines"]) == (["grad_norm/fc1.weight", "grad_norm/fc2.weight"], 2)
    assert 0 <= chart["window"][0] < 40
    assert 44 < chart["window"][1] <= 99
    is_shown, left, width = page.evaluate(SHADE)
    assert is_shown
    assert left > 40
    assert 10 < width < 200
    assert found["histogram"] == "gradients/fc1.weight"
    assert page.inner_text(".evidence-step") == "step 40"
    assert page.evaluate("document.querySelector('canvas[aria-label^=\"Histogram\"]').width") > 100


def test_a_layer_leads_to_its_node_in_the_graph(served: Any, page: Any, until: Callable[..., Any]) -> None:
    """The graph of that run opens there and selects it; so does the link itself, until something else is selected."""
    page.goto(f"{served.base}/?p=findings&sev=error")
    until(page, READY)
    page.get_by_role("button", name="fc1.weight").first.click()
    selected = "document.querySelector('#graph-panel h2')?.textContent === 'weight'"
    until(page, f"viz.get('page') === 'graph' && viz.ready && {selected}")
    assert page.input_value("#graph-run") == "sick"
    page.reload()
    until(page, f"window.viz?.ready && {selected}")
    page.get_by_role("button", name="linear", exact=True).first.click()
    until(page, "!location.search.includes('of=')")


def test_a_histogram_leads_to_distributions_at_that_step(served: Any, page: Any, until: Callable[..., Any]) -> None:
    """The page's cursor stands there, and that card has the keyboard."""
    page.goto(f"{served.base}/?p=findings&sev=error")
    until(page, READY)
    page.get_by_role("button", name="gradients/fc1.weight").click()
    until(page, "viz.get('page') === 'distributions' && viz.ready && viz.get('pace') === 40")
    until(
        page, "document.activeElement.closest('.card')?.getAttribute('aria-label') === 'gradients/fc1.weight of sick'"
    )


def test_a_finding_is_dismissed_with_a_reason_and_taken_back(
    served: Any, new_page: Callable[..., Any], until: Callable[..., Any]
) -> None:
    """Who dismissed it and why stands there greyed, in other tabs too and after a restart of the page."""
    page, other = new_page(), new_page()
    page.goto(f"{served.base}/?p=findings&sev=error")
    other.goto(f"{served.base}/?p=findings&sev=error")
    for each in (page, other):
        until(each, READY)
    page.evaluate("localStorage.setItem('everystep.author', '\"ada\"')")
    page.get_by_role("button", name="Dismiss…").click()
    page.get_by_label("Dismiss this finding", exact=True).last.fill("a batch of zeros <b>")
    page.get_by_role("button", name="Dismiss", exact=True).click()
    for each in (page, other):
        until(each, "document.querySelector('.finding.is-dismissed') !== null")
        assert "a batch of zeros <b>" in each.inner_text(".finding")
    until(page, "![...document.querySelectorAll('.run-findings [data-severity=error]')].length")
    page.reload()
    until(page, READY)
    assert page.evaluate("viz.page()[0].findings[0].dismissed")
    assert "Dismissed by ada" in page.inner_text(".finding")
    page.get_by_role("button", name="Take back").click()
    for each in (page, other):
        until(each, "document.querySelector('.finding:not(.is-dismissed)') !== null")


def test_a_read_only_server_offers_no_dismissal(
    logdir: Path, fill: Callable[..., None], serve: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """What it would refuse is not there."""
    fill(logdir, planted.three)
    page.goto(f"{planted.examined(serve, logdir, '--read-only').base}/?p=findings")
    until(page, READY)
    assert page.evaluate("document.querySelectorAll('.to-dismiss').length") == 0


def test_the_first_value_that_is_not_finite_is_taken_apart(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """What the training marked: operation, line, inputs, output, how all was before; and its place on the graph."""
    with tracker.init(logdir=logdir, name="broken", machine=False) as run:
        run.log_graph(tracker.Graph(planted.NODES, planted.EDGES))
        for step in range(10):
            run.log({"train/loss": math.nan if step == 9 else 1.0}, step=step)
        run.mark(
            "log at train.py:41 made the first value that is not finite.", 9, kind="anomaly", node="fc2/log",
            operation="log", source="train.py:41", inputs=["float32 (3,), 0 to 1"], output="float32 (3,), 1 -inf",
            healthy={"act_norm/fc1": 0.25, "<i>": 1e-9}, healthy_step=8,
        )  # fmt: skip
    page.goto(f"{planted.examined(serve, logdir).base}/?p=findings")
    until(page, f"{READY} && document.querySelector('details') !== null")
    assert not page.is_visible(".autopsy")
    page.locator("summary").click()
    said = page.inner_text(".autopsy")
    for words in (
        "log",
        "train.py:41",
        "float32 (3,), 0 to 1",
        "float32 (3,), 1 -inf",
        "Healthy at step 8",
        "0.25",
        "<i>",
    ):
        assert words in said
    page.get_by_role("button", name="Open the graph there").click()
    until(page, "viz.ready && document.querySelector('#graph-panel h2')?.textContent.endsWith('log')")


def test_words_of_findings_are_text_whatever_they_hold(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """Sentences, layers, tags, kinds and names of runs may be anything that anybody logged."""
    evil = "<img src=x onerror=alert(1)>"
    found = [
        planted.finding(evil, "error", layer=evil, sentence=evil, advice=evil, tags=[evil, "train/loss"]),
        planted.finding("constructor", "warning", layer="__proto__", tags=["__proto__"], step=0),
    ]
    with tracker.init(logdir=logdir, name="constructor", config={"planted": found}, machine=False) as run:
        planted.log(run)
        run.log({evil: 1.0, "__proto__": 1.0}, step=50)
    served = planted.examined(serve, logdir)
    for query in ("p=findings", "p=findings&by=run", "p=curves"):
        page.goto(f"{served.base}/?{query}")
        until(page, "window.viz?.ready && document.querySelector('.finding, .findings-card li') !== null")
        assert page.evaluate("document.querySelectorAll('main img').length") == 0
        assert evil in page.inner_text("main")


@pytest.mark.parametrize("width", [380, pytest.param(700, marks=pytest.mark.long), 1024])
def test_narrow_windows_show_all_of_it(
    served: Any, new_page: Callable[..., Any], until: Callable[..., Any], width: int
) -> None:
    """Nothing is wider than the window, on the page and on the card."""
    page = new_page(width=width, height=800)
    for name in ("findings", "curves"):
        page.goto(f"{served.base}/?p={name}")
        until(page, "window.viz?.ready && document.querySelector('.finding, .findings-card li') !== null")
        wide = "[...document.querySelectorAll('.finding, .findings-card, .evidence-chart')].map((each) => each.getBoundingClientRect().right)"
        assert all(right <= width for right in page.evaluate(wide))
        assert page.evaluate(
            "document.querySelector('#view').scrollWidth <= document.querySelector('#view').clientWidth"
        )


def test_many_findings_are_shown_a_few_at_a_time(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """Forty runs with the same: five of them, then twenty more; a link to any of them shows it."""
    for number in range(40):
        found = [planted.finding("loss_spike", "warning", step=0, sentence=f"Seen in {number}.")]
        with tracker.init(logdir=logdir, name=f"run{number:02}", config={"planted": found}, machine=False) as run:
            run.log({"train/loss": 1.0}, step=0)
    served = planted.examined(serve, logdir)
    page.goto(f"{served.base}/?p=findings")
    until(page, READY)
    count = "viz.page()[0].findings.length"
    assert page.evaluate(count) == 5
    page.get_by_role("button", name="Show 20 more of 40").click()
    assert page.evaluate(count) == 25
    page.evaluate("viz.set('findingsBy', 'run')")
    until(page, "viz.page().length === 30")
    page.get_by_role("button", name="Show 10 more of 40 runs").click()
    assert page.evaluate("viz.page().length") == 40
    page.goto(f"{served.base}/?p=findings&of=findings%0Arun03%0Aloss_spike")
    until(page, "window.viz?.ready && document.activeElement.textContent.includes('Seen in 3.')")
