"""Talking back in a real browser: a training of 50 steps a second is asked for things on the page, and answers."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import tracker
from tests.browser.charts import press

TRAINING = """
import sys, time
import tracker
from tracker.controls import applier

applier.RECEIPT_S = 60.0  # a busy machine is no disk that stands still
run = tracker.init(logdir=sys.argv[1], name="live", machine=False)
lr = run.control("lr", 1e-3, low=1e-6, high=1.0, log=True, doc="step of the optimizer")
run.control("width", 8, low=1, high=64)
run.control("shuffle", True)
run.control("rule", "adam", choices=["adam", "sgd", "lion"])
prompt = run.control("prompt", "a cat")

@run.action("evaluate")
def evaluate():
    print("evaluated", flush=True)

@run.action("break it", confirm=True)
def break_it():
    raise ValueError("<b>this one cannot</b>")

for step in range(100_000):
    run.log({"train/loss": 1 / (step + 1), "lr": lr.value}, step=step)
    if step == 5:
        run.flush()
        print("begun", flush=True)
    if run.should_stop:
        break
    time.sleep(0.02)
run.finish()
print(f"stopped {step} {lr.value}", flush=True)
"""


@pytest.fixture
def shown(
    logdir: Path, serve: Callable[..., Any], train: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> Iterator[Any]:
    """The page of controls of a training that goes on. A refusal is no fault, though the browser notes it as one."""
    page.training = train(TRAINING, str(logdir))
    assert page.training.says() == "begun"
    page.served = serve(logdir, "--no-token")
    page.goto(f"{page.served.base}/?p=controls")
    until(page, "window.viz?.ready && viz.page()?.live?.offers")
    yield page
    page.excuse("409 (Conflict)")


CONTROL = "[role=group][aria-label={!r}]"


def said(page: Any, name: str) -> str:
    """What is said of a control."""
    text: str = page.inner_text(f"{CONTROL.format(name)} .control-said")
    return text


def wait_said(until: Callable[..., Any], page: Any, name: str, words: str) -> None:
    """Waits until that is said of it."""
    selector = json.dumps(f"{CONTROL.format(name)} .control-said")
    until(page, f"document.querySelector({selector})?.textContent.includes({json.dumps(words)})")


STEP = "viz.page().live.commands.at(-1)?.step"
"""After which the newest thing took effect that the run was asked."""


def last(page: Any) -> dict[str, Any]:
    """The newest thing that the run was asked."""
    found: dict[str, Any] = page.evaluate("viz.page().live.commands.at(-1)")
    return found


def test_a_slider_changes_the_training_between_two_steps(shown: Any, logdir: Path, until: Callable[..., Any]) -> None:
    """Dragged: nothing is sent before it is let go of; then applied, said so, and a mark on every chart."""
    page = shown
    box = page.query_selector(f"{CONTROL.format('lr')} input[type=range]").bounding_box()
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] / 2, y)  # the handle: 1e-3 is the middle of 1e-6 to 1
    page.mouse.down()
    for share in (0.45, 0.4, 0.35, 0.3):
        page.mouse.move(box["x"] + share * box["width"], y)
    assert "not set yet" in said(page, "lr")
    assert page.evaluate("viz.page().live.commands.length") == 0
    page.mouse.up()
    wait_said(until, page, "lr", "applied at step")
    command = last(page)
    assert page.evaluate("viz.page().live.commands.length") == 1
    assert (command["name"], command["old"], command["outcome"]) == ("lr", 1e-3, "applied")
    assert 1e-5 < command["value"] < 1e-3
    assert page.input_value(f"{CONTROL.format('lr')} .is-number") == page.evaluate("String(viz.page().live.values.lr)")

    until(page, f"viz.runs().length && viz.page().live.commands.at(-1).step < {command['step'] + 1}")
    stored = tracker.open(logdir).run("live")

    def logged() -> Any:
        points = stored.scalars("lr")
        return points if points.step[-1] > command["step"] + 1 else None

    while (points := logged()) is None:
        page.wait_for_timeout(20)
    assert set(points.value[points.step <= command["step"]]) == {1e-3}
    assert set(points.value[points.step > command["step"]]) == {command["value"]}

    page.click("text=Curves")
    until(page, "viz.ready && viz.marks('train/loss').length > 0")
    (mark,) = stored.marks()
    assert (mark.kind, mark.step) == ("control", command["step"])
    assert mark.text.startswith("lr 0.001 → ")


def test_numbers_choices_switches_and_texts_are_set(shown: Any, until: Callable[..., Any]) -> None:
    """By Enter or a click; what is no number, or out of bounds, is refused with a sentence beside it."""
    page = shown
    field = f"{CONTROL.format('lr')} .is-number"
    page.fill(field, "2")
    page.press(field, "Enter")
    wait_said(until, page, "lr", "at most 1")
    assert page.input_value(field) == "0.001"
    page.fill(field, "x")
    page.press(field, "Enter")
    wait_said(until, page, "lr", "“x” is no number.")
    page.fill(field, "3e-4")
    assert "not set yet; it is 0.001" in said(page, "lr")
    page.press(field, "Escape")
    assert page.input_value(field) == "0.001"
    page.fill(field, "3e-4")
    page.press(field, "Enter")
    wait_said(until, page, "lr", "applied at step")
    page.click(f"{CONTROL.format('lr')} [aria-label='More lr']")
    until(page, "viz.page().live.commands.at(-1).value === 0.0005")
    page.click(f"{CONTROL.format('width')} [aria-label='Less width']")
    wait_said(until, page, "width", "applied at step")
    page.click(f"{CONTROL.format('rule')} >> text=sgd")
    wait_said(until, page, "rule", "applied at step")
    assert page.get_attribute(f"{CONTROL.format('rule')} >> button:has-text('sgd')", "aria-pressed") == "true"
    page.click(f"{CONTROL.format('shuffle')} [role=switch]")
    wait_said(until, page, "shuffle", "applied at step")
    page.fill(f"{CONTROL.format('prompt')} input", "a dog")
    page.click(f"{CONTROL.format('prompt')} >> button:has-text('Set')")
    wait_said(until, page, "prompt", "applied at step")
    values = page.evaluate("viz.page().live.values")
    assert {name: values[name] for name in ("lr", "width", "rule", "shuffle", "prompt")} == {
        "lr": 0.0005, "width": 6, "rule": "sgd", "shuffle": False, "prompt": "a dog",
    }  # fmt: skip


def test_what_is_to_be_typed_over_is_typed_over_whatever_comes_between(shown: Any, until: Callable[..., Any]) -> None:
    """Somebody else changes a number that is selected here: what is typed then takes its place, and not one behind it."""
    page = shown
    field = page.locator("input.control-field[aria-label=width]")
    field.focus()
    page.keyboard.press("Control+A")
    said = {"run": "live", "name": "width", "value": 12, "nonce": "of another", "author": "another"}
    assert page.request.post(f"{page.served.base}/api/v1/commands", data=said).ok
    until(page, "document.querySelector('input.control-field[aria-label=width]').value === '12'")
    page.keyboard.type("45")
    assert field.input_value() == "45"
    page.keyboard.press("Enter")
    wait_said(until, page, "width", "applied at step")


def test_an_action_runs_and_one_that_raises_is_told(shown: Any, until: Callable[..., Any]) -> None:
    """The training goes on; one that asks to be sure is asked for twice."""
    page = shown
    page.click("button:has-text('evaluate')")
    wait_said(until, page, "evaluate", "done at step")
    assert page.training.says() == "evaluated"
    page.click("button:has-text('break it')")
    assert page.evaluate("viz.page().live.commands.length") == 1
    page.keyboard.press("Escape")
    page.click("button:has-text('break it')")
    page.keyboard.press("Enter")  # the focus is at "yes"
    wait_said(until, page, "break it", "<b>this one cannot</b>")
    assert last(page)["outcome"] == "failed"
    step = until(page, STEP)
    until(page, f"Number(document.querySelector('.control-status').textContent.replace(/\\D/g, '')) > {step} + 5")
    assert page.query_selector(".controls-page b") is None


def test_a_training_pauses_goes_on_and_stops(shown: Any, logdir: Path, until: Callable[..., Any]) -> None:
    """Stop is sure of itself; what has ended is shown and offers nothing any more."""
    page = shown
    page.click("button:has-text('Pause')")
    until(page, "document.querySelector('.run-buttons').textContent.includes('Go on')")
    at = until(page, STEP)
    until(page, "document.querySelector('.run .status').dataset.status === 'paused'")
    assert " · paused" in page.inner_text(".run .words")
    until(page, "document.querySelector('.control-status').textContent.startsWith('paused')")
    page.wait_for_timeout(200)  # ten steps of it
    assert tracker.open(logdir).run("live").scalars("train/loss").step[-1] <= at + 1
    page.click("button:has-text('Go on')")
    until(page, "document.querySelector('.run .status').dataset.status === 'running'")
    until(page, f"Number(document.querySelector('.control-status').textContent.replace(/\\D/g, '')) > {at} + 5")
    page.click("text=Log more…")
    page.fill("[aria-label='For how many steps']", "7")
    page.keyboard.press("Enter")
    until(page, "viz.page().live.commands.at(-1).name === 'log more'")
    page.click("button:has-text('Stop')")
    page.click("button:has-text('Cancel')")
    assert last(page)["name"] == "log more"
    page.click("button:has-text('Stop')")
    page.keyboard.press("Enter")
    assert page.training.says().startswith("stopped")
    until(page, "!viz.page().live.offers")
    assert page.query_selector(".control-card button:not([hidden])") is None
    assert page.query_selector(".control-card input") is None
    assert "Stop" in page.inner_text(".control-history")


def test_two_tabs_see_the_same_and_the_older_view_is_out_of_date(
    shown: Any, new_page: Callable[..., Any], until: Callable[..., Any]
) -> None:
    """Who began over another value hears so; focus and words of who types stay where they are."""
    page, other = shown, new_page()
    other.goto(f"{page.served.base}/?p=controls")
    until(other, "window.viz?.ready && viz.page()?.live?.offers")
    field = f"{CONTROL.format('lr')} .is-number"
    other.fill(field, "0.5")  # begun over 0.001, and not sent
    page.fill(field, "0.25")
    page.press(field, "Enter")
    wait_said(until, page, "lr", "applied at step")
    until(other, "viz.page().live.values.lr === 0.25")
    assert other.input_value(field) == "0.5"
    assert other.evaluate("document.activeElement.getAttribute('aria-label')") == "lr"
    other.press(field, "Enter")
    wait_said(until, other, "lr", "ut of date")
    assert "0.25" in said(other, "lr")
    assert last(other)["value"] == 0.25


def test_it_is_used_by_the_keyboard_alone(shown: Any, until: Callable[..., Any]) -> None:
    """Arrows try values of a slider and Enter sets the last of them: one command."""
    page = shown
    page.focus(f"{CONTROL.format('lr')} input[type=range]")
    for _ in range(5):
        page.keyboard.press("ArrowLeft")
    assert page.evaluate("viz.page().live.commands.length") == 0
    page.keyboard.press("Enter")
    wait_said(until, page, "lr", "applied at step")
    assert page.evaluate("viz.page().live.commands.length") == 1
    assert page.evaluate("document.activeElement.type") == "range"
    page.focus(f"{CONTROL.format('shuffle')} [role=switch]")
    page.keyboard.press("Space")
    wait_said(until, page, "shuffle", "applied at step")
    assert page.evaluate("document.activeElement.role") == "switch"
    until(page, "document.querySelector('.controls-page [role=status]').textContent.includes('shuffle')")


def test_the_list_of_runs_stops_a_training(shown: Any, until: Callable[..., Any]) -> None:
    """From the menu of its row, on any page."""
    page = shown
    page.click("text=Curves")
    press(page, ".run", ".run-more")
    assert "Pause" in page.inner_text(".menu")
    page.click(".menu >> text=Stop…")
    page.click(".menu >> text=Stop the training")
    assert page.training.says().startswith("stopped")
    until(page, "document.querySelector('.run .status').dataset.status !== 'running'")
    press(page, ".run", ".run-more")
    assert "Stop" not in page.inner_text(".menu")


def test_a_read_only_server_shows_and_does_not_offer(
    logdir: Path, serve: Callable[..., Any], train: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """Values and history, no buttons; nor in the list of runs."""
    training = train(TRAINING, str(logdir))
    assert training.says() == "begun"
    page.goto(f"{serve(logdir, '--no-token', '--read-only').base}/?p=controls")
    until(page, "window.viz?.ready && viz.page()?.live?.values.rule === 'adam'")
    assert page.query_selector(".control-card input, .control-card button:not([hidden])") is None
    assert "read-only" in page.inner_text(".controls-page")
    press(page, ".run", ".run-more")
    assert "Pause" not in page.inner_text(".menu")


HOSTILE = "<img src=x onerror='window.struck=1'>"


def test_markup_in_names_docs_choices_and_answers_is_text(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """And books in them are cut: the page stays as wide as it is, and quick."""
    with tracker.init(logdir=logdir, name=f"a {HOSTILE.replace('/', '')}", machine=False) as run:
        run.control(f"n {HOSTILE}", 0.5, low=0.0, high=1.0, doc=HOSTILE * 5_000)
        run.control(f"c {HOSTILE}", HOSTILE, choices=[HOSTILE, "x" * 9_000])
        run.control(f"t {HOSTILE}", HOSTILE * 200)
        run.action(f"a {HOSTILE}")(lambda: None)
        for i in range(300):
            run.control(f"more/{i}", 1.0)
        run.log({"loss": 1.0}, step=0)
        run.flush()
        served = serve(logdir, "--no-token")
        page.goto(f"{served.base}/?p=controls")
        until(page, "window.viz?.ready && Object.values(viz.page() ?? {})[0]?.offers")
        assert page.evaluate("document.querySelectorAll('.control').length") == 100
        page.click("text=204 more")
        assert page.evaluate("document.querySelectorAll('.control').length") == 304
        (name,) = page.evaluate("viz.runs()")
        for i, (control, value) in enumerate(((f"t {HOSTILE}", f"{HOSTILE} " * 240), (f"c {HOSTILE}", HOSTILE))):
            body = {"run": name, "name": control, "value": value, "nonce": f"{HOSTILE}{i}", "author": HOSTILE}
            assert page.request.post(f"{served.base}/api/v1/commands", data=body).ok
        until(page, "document.querySelectorAll('.control-history li').length === 2")
        applied = (
            "[...document.querySelectorAll('.control-outcome')].every((each) => /applied at/.test(each.textContent))"
        )
        end = time.monotonic() + 45
        while not page.evaluate(applied) and time.monotonic() < end:
            run.log({"loss": 1.0})
            page.wait_for_timeout(20)
        until(page, applied)
    page.evaluate("viz.set('page', 'curves')")
    until(page, "viz.ready")
    assert page.evaluate("window.struck") is None
    assert page.evaluate("document.querySelectorAll('img[src=x]').length") == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 1440


@pytest.mark.parametrize("width", [390, pytest.param(1024, marks=pytest.mark.long)])
def test_it_fits_a_narrow_window(
    logdir: Path, serve: Callable[..., Any], new_page: Callable[..., Any], until: Callable[..., Any], width: int
) -> None:
    """Nothing is wider than the window, and a slider is as wide as a thumb can use."""
    page = new_page(width=width, height=800)
    with tracker.init(logdir=logdir, name="a/rather/long/name/of/a/run", machine=False) as run:
        run.control("lr", 1e-3, low=1e-6, high=1.0, log=True, doc="words " * 30)
        run.control("a_name_without_any_place_to_break_it_at_all", "x", choices=["some longer words"] * 2 + ["x"])
        run.log({"loss": 1.0}, step=0)
        run.flush()
        page.goto(f"{serve(logdir, '--no-token').base}/?p=controls")
        until(page, "window.viz?.ready && document.querySelector('input[type=range]') !== null")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.query_selector("input[type=range]").bounding_box()["width"] >= 120
        assert page.evaluate(
            "document.querySelector('#view').scrollWidth <= document.querySelector('#view').clientWidth"
        )
