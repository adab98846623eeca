"""The page while something trains: points appear by themselves, soon, and nothing is missed."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import tracker
from tests.browser.charts import CARD

TRAINING = """
import itertools, math, os, random, sys, time

import tracker
logdir, name, rate, over = sys.argv[1], sys.argv[2], float(sys.argv[3]), sys.argv[4]
run = tracker.init(logdir=logdir, name=name)
for step in itertools.count():
    if os.path.exists(over):
        break
    run.log({"train/loss": math.exp(-step / 200) + random.gauss(0, 0.01), "train/accuracy": 1 - math.exp(-step / 200)}, step=step)
    if step == 50:
        run.flush()
        print("logged 51", flush=True)
    time.sleep(1 / rate)
run.finish()
print("finished", flush=True)
"""


def test_points_appear_while_another_process_trains(
    logdir: Path,
    serve: Callable[..., Any],
    train: Callable[..., Any],
    page: Any,
    until: Callable[..., Any],
    tmp_path: Path,
    figure: Callable[[str], None],
) -> None:
    """The main thing: an open page, a training elsewhere on the machine, and the curve moves; no reload, no clock."""
    served = serve(logdir)
    page.goto(served.address)
    until(page, "viz.ready")
    assert "Waiting for the first run" in page.inner_text("#view")
    assert "token" not in page.url
    page.evaluate("window.marker = 'the same page'")

    over = tmp_path / "over"
    training = train(TRAINING, str(logdir), "a", "60", str(over))
    until(page, "(viz.drawn('train/loss').a?.step.length ?? 0) > 5")
    assert page.inner_text("#live").startswith("live")
    first = page.evaluate("viz.drawn('train/loss').a.step.length")
    until(page, f"viz.drawn('train/loss').a.step.length > {first + 100}")
    over.touch()
    assert training.says() == "logged 51"
    assert training.says() == "finished"
    steps = len(tracker.open(logdir).run("a").scalars("train/loss"))
    until(page, f"viz.drawn('train/loss').a.step.length === {steps}")
    until(page, f"viz.drawn('train/accuracy').a.step.length === {steps}")
    until(page, "document.querySelector('.run .status').dataset.status === 'finished'")
    until(page, "document.getElementById('live').textContent.includes('idle')")
    assert page.evaluate("window.marker") == "the same page"

    drawn = page.evaluate("viz.drawn('train/loss').a")
    points = tracker.open(logdir).run("a").scalars("train/loss")
    assert drawn["step"] == points.step.tolist()
    assert drawn["value"] == points.value.tolist()
    found = page.evaluate("viz.latency()")
    assert found["n"] > 50
    figure(
        f"log() to drawn, 2 visible cards, 60 steps a second, a process of its own: "
        f"p50 {found['p50']:.0f} ms, p95 {found['p95']:.0f} ms, n = {found['n']} (bar: p95 ≤ 250 ms)"
    )


def test_answers_that_come_late_cost_no_live_point(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """Points come faster than the server answers: what an answer is too old to know is kept, and the curve follows."""
    drawn, steps = "viz.drawn('train/loss').a.step", 0
    asked: list[str] = []
    with tracker.init(logdir=logdir, name="a", machine=False) as run:

        def log(more: int) -> int:
            nonlocal steps
            for _ in range(more):
                run.log({"train/loss": 1.0 / (steps + 1)}, step=steps)
                steps += 1
            run.flush()
            return steps

        log(20)
        page.goto(serve(logdir).address)
        until(page, f"viz.ready && {drawn}.length === 20")

        def late(route: Any) -> None:
            answer = route.fetch()
            for _ in range(3):
                count, soon = log(20), time.monotonic() + 3
                # Drawn meanwhile, unless this is the answer that the page waits for before it draws more.
                while page.evaluate(f"{drawn}.length") < count and time.monotonic() < soon:
                    page.wait_for_timeout(20)
            asked.append(route.request.url)
            route.fulfill(response=answer)

        page.route("**/api/v1/curves", late)
        for number in range(1, 4):
            page.evaluate(f"void document.querySelector({CARD.format('train/loss')!r}).card.curves.store.refetch()")
            end = time.monotonic() + 45
            while len(asked) < number and time.monotonic() < end:
                page.wait_for_timeout(20)
            page.evaluate("viz.settled()")
            # Another answer may be on its way, and late: what it logs is logged within any call of the page.
            while (found := page.evaluate(drawn)) != list(range(steps)) and time.monotonic() < end:
                page.wait_for_timeout(20)
            assert found == list(range(steps))
        page.unroute_all(behavior="wait")
        until(page, f"{drawn}.length === {log(20)}")
        assert page.evaluate(drawn) == list(range(steps))
        assert 3 <= len(asked) <= 6  # not once for every frame


def test_a_killed_training_is_shown_as_crashed_and_keeps_every_flushed_point(
    logdir: Path,
    serve: Callable[..., Any],
    train: Callable[..., Any],
    page: Any,
    until: Callable[..., Any],
    tmp_path: Path,
) -> None:
    """kill -9 in mid-run: the page says so, the store opens, and what was acknowledged is there."""
    served = serve(logdir, "--no-token")
    page.goto(served.address)
    training = train(TRAINING, str(logdir), "a", "200", str(tmp_path / "never"))
    assert training.says() == "logged 51"
    until(page, "(viz.drawn('train/loss').a?.step.length ?? 0) > 51")
    assert page.evaluate("document.querySelector('.run .status').dataset.status") == "running"
    training.end(9)
    until(page, "document.querySelector('.run .status').dataset.status === 'crashed'")
    stored = tracker.open(logdir).run("a")
    assert stored.status == "crashed"
    points = stored.scalars("train/loss")
    assert points.step.tolist() == list(range(len(points)))
    assert len(points) >= 51
    until(page, f"viz.drawn('train/loss').a.step.length === {len(points)}")


def test_the_page_goes_on_after_the_server_was_restarted(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """The light says so while the server is away; afterwards nothing is missing."""
    run = tracker.init(logdir=logdir, name="a", machine=False)
    for step in range(100):
        run.log({"loss": step / 100}, step=step)
    run.flush()
    served = serve(logdir, "--no-token")
    page.goto(served.address)
    until(page, "viz.drawn('loss').a?.step.length === 100")
    port = served.base.rpartition(":")[2]
    served.stop()
    until(page, "document.getElementById('live').dataset.state === 'reconnecting'")
    for step in range(100, 200):
        run.log({"loss": step / 100}, step=step)
    run.flush()
    again = serve(logdir, "--no-token", "--port", port)
    until(page, "viz.drawn('loss').a?.step.length === 200")
    run.log({"loss": 9.0}, step=200)
    until(page, "viz.drawn('loss').a?.step.length === 201")
    run.finish()
    assert again.process.poll() is None
    page.excuse("ERR_CONNECTION_REFUSED", "WebSocket")  # while the server was away, its absence was an error


def test_a_rewound_run_is_redrawn_without_its_tail(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """One clean line while the page stays open."""
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        for step in range(213):
            run.log({"loss": 1.0}, step=step)
    served = serve(logdir, "--no-token")
    page.goto(served.address)
    until(page, "viz.drawn('loss').a?.step.length === 213")
    with tracker.init(logdir=logdir, name="a", resume="must", step=200, machine=False) as run:
        run.log({"loss": 2.0}, step=201)
        run.flush()
        until(page, "viz.drawn('loss').a?.step.length === 202")
        assert page.evaluate("viz.drawn('loss').a.value.at(-1)") == 2.0
        run.log({"loss": 3.0}, step=202)
        until(page, "viz.drawn('loss').a?.step.length === 203")


def test_a_page_open_for_long_holds_no_more_than_one_just_opened(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """Points beyond the width of a chart are merged, and no spike of theirs is lost."""
    run = tracker.init(logdir=logdir, name="a", machine=False)
    run.log({"loss": 1.0}, step=0)
    run.flush()
    served = serve(logdir, "--no-token")
    page.goto(served.address)
    until(page, "viz.drawn('loss').a?.points === 1")
    step = 1
    for _ in range(12):
        for _ in range(1000):
            run.log({"loss": 50.0 if step == 777 else 1.0}, step=step)
            step += 1
        run.flush()
        until(page, f"viz.drawn('loss').a?.points === {step}")
    assert page.evaluate("viz.drawn('loss').a.step.length") <= 4096
    assert page.evaluate("viz.extremes('loss').a") == [1.0, 50.0]
    drawn = page.evaluate("viz.drawn('loss').a")
    assert (min(drawn["min"]), max(drawn["max"]), max(drawn["value"])) == (1.0, 50.0, 1.0)
    # The words come after the lines: a live chart writes them when it has a moment.
    until(page, "document.querySelector('.card .told').textContent.includes('12,001 points, 0 hidden')")
    run.finish()


PIXELS = """() => {
  const { card } = document.querySelector('[aria-label="signal"]');
  const { canvas } = card.chart;
  const pixels = () => {
    const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d');
    copy.drawImage(canvas, 0, 0);
    return copy.getImageData(0, 0, canvas.width, canvas.height).data;
  };
  const grown = pixels();
  card.chart.drawn = [0];
  card.draw();
  const anew = pixels();
  let differing = 0;
  for (let i = 0; i < anew.length; i++) if (Math.abs(grown[i] - anew[i]) > 64) differing++;
  return { differing, all: anew.length, colours: new Set(anew).size };
}"""
"""How many numbers of a chart that has grown differ from those of one that is drawn as a whole."""


def test_a_live_chart_draws_what_is_new_and_its_axes_grow_in_steps(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """The picture is that of a chart drawn as a whole; each axis stands still until a point would lie beyond it."""
    # No loss: one that goes up and down for ever is a finding, whose mark would have the chart drawn as a whole.
    run = tracker.init(logdir=logdir, name="a", machine=False)
    for step in range(201):
        run.log({"signal": 1.0 + step % 7}, step=step)
    run.flush()
    served = serve(logdir, "--no-token")
    page.goto(served.base)
    until(page, "viz.drawn('signal').a?.points === 201 && viz.ready")
    chart = "document.querySelector('[aria-label=\"signal\"]').card.chart"
    ranges, whole = page.evaluate("viz.range('signal')"), page.evaluate(f"{chart}.whole")
    assert ranges["x"] == [0, pytest.approx(212)]
    for step in range(201, 212):
        run.log({"signal": 1.0 + step % 7}, step=step)
        run.flush()
        until(page, f"{chart}.drawn[0] === {step + 1}")
    assert page.evaluate("viz.range('signal')") == ranges
    assert page.evaluate(f"{chart}.whole") == whole
    pixels = page.evaluate(PIXELS)
    assert pixels["colours"] > 10  # something is drawn
    assert pixels["differing"] <= 0.002 * pixels["all"]  # the soft edges of where lines were joined
    # Beyond the axis; beyond the range; and a value that is not finite, for which there must be a rail.
    for step, value in ((230, 1.0), (231, 50.0), (232, float("nan"))):
        before = page.evaluate(f"{chart}.whole")
        run.log({"signal": value}, step=step)
        run.flush()
        until(page, f"{chart}.drawn[0] === {step - 17} && {chart}.whole > {before}")
    after = page.evaluate("viz.range('signal')")
    assert after["x"][1] > 232
    assert after["y"][1] > 50
    run.finish()
    until(page, "viz.range('signal').x[1] === 232")


def test_every_point_counts_in_the_latency(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """Those that came together and those that waited for a frame too: a mean of the luckiest would flatter."""
    run = tracker.init(logdir=logdir, name="a", machine=False)
    run.log({"loss": 1.0}, step=0)
    run.flush()
    served = serve(logdir, "--no-token")
    page.goto(served.base)
    until(page, "viz.drawn('loss').a?.points === 1 && viz.ready")
    page.evaluate("viz.forgetLatency()")
    for step in range(1, 301):
        run.log({"loss": 1.0}, step=step)
    run.flush()
    until(page, "viz.latency().n === 300")
    stages = page.evaluate("viz.latencyByStage()")
    assert list(stages) == ["log to commit", "commit to read", "read to send", "send to receive", "receive to draw", "draw to shown"]  # fmt: skip
    assert all(stage["p95"] is not None for stage in stages.values())
    run.finish()


def test_what_came_while_the_list_of_runs_was_on_its_way_is_not_lost(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """A list that was made before a tag appeared, and arrives after it was told of it."""
    with tracker.init(logdir, name="a", machine=False) as run:
        run.log({"loss": 1.0})
        run.flush()
        served = serve(logdir, "--no-token")

        def late(route: Any) -> None:
            old = route.fetch()
            run.log({"val/loss": 2.0, "loss": 0.5})
            run.flush()
            page.evaluate(SEEN)
            route.fulfill(response=old)

        page.route("**/api/v1/runs?*", late, times=1)
        page.goto(served.address)
        until(page, "viz.ready && viz.drawn('val/loss')?.a?.step.length === 1")


SEEN = """new Promise((done) => {
  const ask = async () => ((await (await fetch("/api/v1/runs?form=page&again=1")).json()).tagsets[0].scalar.includes("val/loss") ? setTimeout(done, 300) : ask());
  ask();
})"""
"""Once the server knows the tag, and has told the page."""


def test_what_came_before_the_line_was_open_is_asked_for(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """A list that is older than the first message of the line misses what nobody told."""
    for name in ("a", "b"):
        with tracker.init(logdir, name=name, machine=False) as run:
            run.log({"loss": 1.0})
    served = serve(logdir, "--no-token")

    def older(route: Any) -> None:
        answer = route.fetch()
        found = answer.json()
        route.fulfill(response=answer, json={**found, "runs": found["runs"][:1], "news": -1})

    page.route("**/api/v1/runs?*", older, times=1)
    page.goto(served.address)
    until(page, "viz.ready && viz.runs().length === 2")


def test_a_page_out_of_sight_rests_and_misses_nothing(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """After half a minute behind other tabs its line is closed: it costs neither itself nor the server anything."""
    page.add_init_script("Object.defineProperty(document, 'hidden', { get: () => Boolean(window.isBehind) })")
    page.clock.install()
    run = tracker.init(logdir=logdir, name="a", machine=False)
    run.log({"loss": 1.0}, step=0)
    run.flush()
    lines: list[Any] = []
    page.on("websocket", lambda line: lines.append(line))
    page.goto(serve(logdir, "--no-token").base)
    until(page, "viz.drawn('loss').a?.step.length === 1")
    page.evaluate("(window.isBehind = true, document.dispatchEvent(new Event('visibilitychange')))")
    page.clock.run_for(31_000)
    until(page, "document.getElementById('live').dataset.state === 'reconnecting'")
    page.clock.run_for(60_000)
    assert [line.is_closed() for line in lines] == [True]
    for step in range(1, 50):
        run.log({"loss": 1.0}, step=step)
    run.flush()
    assert page.evaluate("viz.drawn('loss').a.step.length") == 1
    page.evaluate("(window.isBehind = false, document.dispatchEvent(new Event('visibilitychange')))")
    until(page, "viz.drawn('loss').a.step.length === 50")
    until(page, "document.getElementById('live').dataset.state === 'live'")
    run.finish()
