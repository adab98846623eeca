"""The graph page in a browser: scopes open where they stand, edges are traced, what is logged anew appears."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import model_graphs
import pytest

import tracker


def log(logdir: Path, name: str, plain: dict[str, Any]) -> None:
    """A finished run with a graph."""
    tracker.init(logdir=logdir, name=name, machine=False)
    tracker.log_graph(tracker.Graph(plain["nodes"], plain["edges"]))
    tracker.finish()


@pytest.fixture
def show(serve: Callable[..., Any], new_page: Callable[..., Any], until: Callable[..., Any]) -> Callable[..., Any]:
    """Opens the page of a logdir and waits for the graph."""

    def opened(logdir: Path, **options: Any) -> Any:
        page = new_page(**options)
        page.emulate_media(reduced_motion="reduce")
        page.goto(f"{serve(logdir).address}&p=graph")
        until(page, "window.viz?.ready && document.querySelector('.graph-svg .box, .empty') !== null")
        return page

    return opened


def box(page: Any, name: str) -> Any:
    """The box that is called so; boxes say their name first, and then what they are."""
    return page.locator(f'.graph-svg .box[aria-label^="{name},"]').first


def names(page: Any) -> list[str]:
    """What all boxes are called."""
    said = page.locator(".graph-svg .box").evaluate_all("all => all.map((each) => each.getAttribute('aria-label'))")
    return [each.partition(",")[0] for each in said]


def traced_names(page: Any, kind: str) -> set[str]:
    """What is lit as read ("in") or as reading ("out")."""
    found = page.locator(f".graph-svg .box.is-traced-{kind}")
    return {
        each.partition(",")[0] for each in found.evaluate_all("all => all.map((g) => g.getAttribute('aria-label'))")
    }


def test_a_scope_opens_and_closes_where_it_stands(logdir: Path, show: Callable[..., Any], until: Any) -> None:
    """What was clicked stays under the pointer, or one loses one's place in a large graph."""
    log(logdir, "cnn", model_graphs.cnn())
    page = show(logdir)
    assert names(page) == "image stem stage1 stage2 stage3 stage4 pool flatten head logits".split()
    before = box(page, "stage3").bounding_box()
    box(page, "stage3").locator(".chevron").click()
    until(page, "document.querySelectorAll('.graph-svg .back').length === 1")
    after = box(page, "stage3").bounding_box()
    assert (after["x"], after["y"]) == pytest.approx((before["x"], before["y"]), abs=1.5)
    assert {"block_0", "block 1–5"} <= set(names(page))
    box(page, "block 1–5").locator(".body").dblclick()
    until(page, "document.querySelectorAll('.graph-svg .back').length === 2")
    assert "spatial" in names(page)
    box(page, "block 1–5").locator(".badge").click()
    until(page, "document.querySelector('.graph-svg .box[aria-label^=\"block_4,\"]') !== null")
    assert "spatial" not in names(page)
    box(page, "stage3").locator(".chevron").click()
    until(page, "document.querySelectorAll('.graph-svg .back').length === 0")
    assert len(names(page)) == 10


def test_hover_traces_what_a_node_reads_and_what_reads_it(logdir: Path, show: Callable[..., Any], until: Any) -> None:
    """Through the borders of open scopes, in two colours, with all else faded."""
    log(logdir, "mlp", model_graphs.mlp())
    page = show(logdir)
    for layer in ("fc1", "fc2", "fc3"):
        box(page, layer).locator(".chevron").click()
    until(page, "document.querySelectorAll('.graph-svg .back').length === 4")
    box(page, "relu_2").hover()
    assert traced_names(page, "in") == {"bias", "input", "linear", "relu_1", "weight"}
    assert traced_names(page, "out") == {"linear", "log_softmax", "nll", "output"}
    assert page.locator(".graph-svg .edge.is-input").count() > 6
    assert page.locator(".graph-svg.is-tracing").count() == 1
    box(page, "fc2").locator(".grip").hover()
    assert {"relu_1", "input"} <= traced_names(page, "in")
    assert {"relu_2", "nll"} <= traced_names(page, "out")
    box(page, "relu_2").click()
    panel = page.locator(".graph-details")
    assert panel.locator("h2").inner_text() == "relu_2"
    assert "32×64" in panel.inner_text()
    panel.locator(".ends.is-output .link").click()
    assert page.locator(".graph-details h2").inner_text() == "linear"
    assert page.locator(".outline-list [aria-current]").inner_text() == "linear"


def test_keys_and_search_lead_anywhere(logdir: Path, show: Callable[..., Any], until: Any) -> None:
    """Without a mouse: arrows along the edges, Enter, and a search that opens what hides a node."""
    log(logdir, "transformer", model_graphs.transformer())
    page = show(logdir)
    page.locator("#graph-canvas").focus()
    selected = "document.querySelector('.graph-svg .box.is-selected')?.getAttribute('aria-label')"
    page.keyboard.press("ArrowDown")
    assert page.evaluate(selected).startswith("tokens,")
    for expected in ("embedding", "norm_1", "attention"):
        page.keyboard.press("ArrowDown")
        assert page.evaluate(selected).startswith(f"{expected},")
    before = box(page, "attention").bounding_box()
    page.keyboard.press("Enter")
    until(page, "document.querySelector('.graph-svg .box[aria-label^=\"scores,\"]') !== null")
    after = box(page, "attention").bounding_box()
    assert (after["x"], after["y"]) == pytest.approx(
        (before["x"], before["y"]), abs=1.5
    )  # though it moved in the graph
    page.keyboard.press("/")
    page.keyboard.type("block_7 gelu")
    until(page, "document.querySelectorAll('#graph-hits [role=option]').length === 1")
    page.keyboard.press("Enter")
    until(page, f"{selected}?.startsWith('gelu,')")
    view, found = page.locator("#graph-canvas").bounding_box(), box(page, "gelu").bounding_box()
    assert view["x"] < found["x"] < view["x"] + view["width"]
    assert view["y"] < found["y"] < view["y"] + view["height"]
    assert "block_7" in names(page)
    # Every block reads the mask: its name stands beside each, and no line is drawn to any.
    assert page.locator(".graph-svg .chip").count() == 12


def test_colours_and_the_picture_as_a_file(logdir: Path, show: Callable[..., Any]) -> None:
    """Fills by cost come with a scale and with numbers; the saved file stands by itself."""
    log(logdir, "deep/mlp", model_graphs.mlp())
    page = show(logdir, theme="dark")
    page.locator(".graph-modes label", has_text="Parameters").click()
    assert "100k" in page.locator(".graph-legend").inner_text()
    assert "100k" in box(page, "fc1").text_content()
    with page.expect_download() as download:
        page.locator("#graph-export").click()
    assert download.value.suggested_filename == "deep_mlp-graph.svg"
    text = Path(download.value.path()).read_text(encoding="utf-8")
    root = ElementTree.fromstring(text)
    assert float(root.get("width")) > 100
    assert "log_softmax" in text
    assert len([each for each in root.iter() if each.get("fill", "").startswith("rgb(")]) > 20
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")


def test_a_new_graph_keeps_what_was_open(logdir: Path, show: Callable[..., Any], until: Any) -> None:
    """A run that logs its graph again, with one block more, is shown at once and as it was opened."""
    run = tracker.init(logdir=logdir, name="live", machine=False)
    first, second = model_graphs.transformer(blocks=4), model_graphs.transformer(blocks=5)
    tracker.log_graph(tracker.Graph(first["nodes"], first["edges"]))
    run.flush()
    page = show(logdir)
    box(page, "attention").locator(".body").dblclick()
    until(page, "document.querySelector('.graph-svg .box[aria-label^=\"softmax,\"]') !== null")
    tracker.log_graph(tracker.Graph(second["nodes"], second["edges"]))
    run.flush()
    until(page, "document.querySelector('.graph-svg .box[aria-label^=\"blocks, 5 identical\"]') !== null")
    assert "softmax" in names(page)
    tracker.finish()


def test_names_are_text_and_hidden_runs_are_said(logdir: Path, show: Callable[..., Any], until: Any) -> None:
    """A node may be called anything; a page with nothing to show says why and how to change it."""
    evil = '<img src=x onerror="document.title=1">'
    nodes = [
        {"name": f"{evil}/a", "op": evil},
        {"name": f"{evil}/b", "op": "</text><script>"},
        {"name": "x", "op": "x"},
    ]
    log(logdir, "evil", {"nodes": nodes, "edges": [{"source": f"{evil}/a", "target": "x", "shape": [evil]}]})
    page = show(logdir)
    assert (
        page.evaluate("document.querySelectorAll('.graph-canvas img, .graph-svg script, .graph-panel img').length") == 0
    )
    box(page, "a").click()
    assert page.locator(".graph-details .kind").inner_text() == evil
    page.locator("#run-search").fill("nothing like this")
    until(page, "document.querySelector('.empty h2')?.textContent === 'Every run with a graph is hidden'")
    page.locator(".empty button").click()
    until(page, "document.querySelectorAll('.graph-svg .box').length >= 3")


def test_layout_leaves_no_two_boxes_on_each_other(logdir: Path, show: Callable[..., Any]) -> None:
    """Any graph: boxes apart, edges downwards but in circles, the same picture each time, soon."""
    log(logdir, "mlp", model_graphs.mlp())
    page = show(logdir)
    problems = page.evaluate(
        """async () => {
      const { layout } = await import(new URL("pages/graph/layout.js", document.querySelector("link[rel=icon]").href));
      let seed = 7;
      const chance = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
      const problems = [];
      for (let round = 0; round < 40; round++) {
        const n = 1 + Math.floor(chance() * 90);
        const nodes = Array.from({ length: n }, () => { const w = 20 + chance() * 80; return { left: w, right: w + chance() * 40, height: 20 + chance() * 200 }; });
        const edges = Array.from({ length: Math.floor(n * 1.6) }, () => ({ source: Math.floor(chance() * n), target: Math.floor(chance() * n), out: 0, into: 0, weight: 1 }))
          .filter(({ source, target }) => source !== target && (round % 2 || source < target));
        const made = layout(nodes, edges);
        if (JSON.stringify(made) !== JSON.stringify(layout(nodes, edges))) problems.push(`${round}: not the same`);
        for (let a = 0; a < n; a++) for (let b = 0; b < a; b++) {
          const apartX = made.x[a] - nodes[a].left >= made.x[b] + nodes[b].right - 1 || made.x[b] - nodes[b].left >= made.x[a] + nodes[a].right - 1;
          const apartY = Math.abs(made.y[a] - made.y[b]) >= (nodes[a].height + nodes[b].height) / 2 - 0.01;
          if (!apartX && !apartY) problems.push(`${round}: ${a} on ${b}`);
        }
        edges.forEach(({ source, target }, i) => {
          if (made.back[i] === (made.y[source] < made.y[target])) problems.push(`${round}: ${source} to ${target}`);
          if (round % 2 === 0 && made.back[i]) problems.push(`${round}: back without a circle`);
          const [begin, end] = [made.routes[i][0], made.routes[i][made.routes[i].length - 1]];
          if (!begin.concat(end).every(Number.isFinite)) problems.push(`${round}: no way`);
        });
        if (made.width < Math.max(...nodes.map((each) => each.left + each.right)) - 1) problems.push(`${round}: too narrow`);
      }
      // A chain with parameters on the way is one straight line, however wide its boxes are.
      const chain = Array.from({ length: 12 }, (_, i) => ({ left: 20 + 7 * (i % 4), right: 20 + 7 * (i % 4), height: 30 }));
      const side = Array.from({ length: 6 }, () => ({ left: 25, right: 25, height: 20 }));
      const made = layout([...chain, ...side], [
        ...chain.slice(1).map((_, i) => ({ source: i, target: i + 1, out: 0, into: 0, weight: 1 })),
        ...side.map((_, i) => ({ source: 12 + i, target: 2 * i + 1, out: 0, into: 0, weight: 0.004 })),
      ]);
      if (new Set(made.x.slice(0, 12)).size > 1) problems.push(`the chain is bent: ${made.x}`);
      return problems;
    }"""
    )
    assert problems == []


def fill(page: Any, name: str) -> str:
    """What a box is coloured."""
    return str(box(page, name).evaluate("(g) => g.style.getPropertyValue('--fill')"))


def test_colours_tell_devices_and_that_a_scope_lies_on_several(logdir: Path, show: Callable[..., Any]) -> None:
    """The legend names them short; a graph that says nothing of devices does not offer them."""
    nodes = [
        {"name": name, "op": "relu", "attrs": {"device": f"/job:localhost/replica:0/task:0/device:{device}"}}
        for name, device in (("a/x", "GPU:0"), ("a/y", "CPU:0"), ("b/x", "GPU:0"), ("b/y", "GPU:0"), ("c", "CPU:0"))
    ]
    nodes += [{"name": "d", "op": "relu"}]
    edges = [{"source": a, "target": b} for a, b in (("a/x", "a/y"), ("a/y", "b/x"), ("b/x", "b/y"), ("b/y", "c"))]
    log(logdir, "placed", {"nodes": nodes, "edges": edges})
    log(logdir, "plain", model_graphs.mlp())
    page = show(logdir, theme="dark")
    page.locator("#graph-run").select_option("placed")
    page.get_by_role("radio", name="Device").check()
    legend = page.locator(".graph-legend .entry")
    assert legend.all_inner_texts() == ["GPU:0", "CPU:0"]
    box(page, "a").locator(".chevron").click()
    box(page, "b").locator(".chevron").click()
    assert legend.all_inner_texts() == ["GPU:0", "CPU:0", "several devices"]
    assert "2 devices" in box(page, "a").text_content()
    assert "GPU:0" in box(page, "b").text_content()
    assert len({fill(page, name) for name in "abc"}) == 3
    assert fill(page, "d") == ""
    page.get_by_role("radio", name="Operation").check()  # a box of the same size says something else
    assert "GPU:0" not in box(page, "b").text_content()
    page.locator("#graph-run").select_option("plain")
    page.wait_for_function("() => document.querySelector('.graph-svg .box[aria-label^=\"fc1,\"]') !== null")
    assert page.get_by_role("radio", name="Device").count() == 0


def test_colours_tell_the_time_that_a_profile_measured(logdir: Path, show: Callable[..., Any]) -> None:
    """Offered where a profile of the run names nodes of the graph; with numbers, and where they come from."""
    event = {"ph": "X", "cat": "forward", "pid": 1, "tid": 1}
    trace = [
        {**event, "name": "linear", "ts": 0, "dur": 4000, "args": {"module": "fc1"}},
        {**event, "name": "linear", "ts": 5000, "dur": 250, "args": {"module": "fc2"}},
        {**event, "name": "mul", "ts": 6000, "dur": 750, "args": {"module": ""}},
    ]
    with tracker.init(logdir=logdir, name="timed", machine=False) as run:
        plain = model_graphs.mlp()
        run.log_graph(tracker.Graph(plain["nodes"], plain["edges"]))
        run.log({"profile": tracker.Profile({"traceEvents": trace})}, step=12)
    page = show(logdir, theme="light")
    page.get_by_role("radio", name="Time").check()
    legend = page.locator(".graph-legend")
    assert legend.inner_text().split("\n")[0].startswith("Time")
    assert "4 ms" in legend.inner_text()
    assert legend.get_attribute("title") == "Measured in profile profile, step 12; 85 % of its time is in this graph"
    assert "4 ms" in box(page, "fc1").text_content()
    assert "250 µs" in box(page, "fc2").text_content()
    assert fill(page, "fc1") != fill(page, "fc2") != ""
    page.reload()
    page.wait_for_function("() => document.querySelector('.graph-modes input[value=time]')?.checked")
    assert "4 ms" in legend.inner_text()


def test_a_newer_profile_is_shown_at_once(logdir: Path, show: Callable[..., Any], until: Any) -> None:
    """Under the same tag, while the page is open: the times are those of the newer."""

    def profile(microseconds: float) -> Any:
        event = {"ph": "X", "pid": 0, "tid": 1, "name": "MatMul", "ts": 0, "dur": microseconds}
        return tracker.Profile({"traceEvents": [{**event, "args": {"node": "dense"}}]})

    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        run.log_graph(tracker.Graph([{"name": "dense", "op": "MatMul"}, {"name": "x", "op": "Const"}], []))
        run.log({"profile": profile(2000)}, step=1)
        run.flush()
        page = show(logdir)
        until(page, "document.querySelector('.graph-modes').textContent.includes('Time')")
        page.get_by_role("radio", name="Time").check()
        legend = "document.querySelector('.graph-legend').textContent"
        until(page, f"{legend}.includes('2 ms')")
        run.log({"profile": profile(5000)}, step=2)
        run.flush()
        until(page, f"{legend}.includes('5 ms')")


def test_f_shows_the_whole_graph_and_leaves_the_keyboard_to_it(logdir: Path, show: Callable[..., Any]) -> None:
    """On other pages f goes to the search of runs; the sheet of keys says what is so here."""
    log(logdir, "mlp", model_graphs.mlp())
    page = show(logdir)
    page.keyboard.press("f")
    assert page.evaluate("document.activeElement.id") != "run-search"
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "graph-search"


def test_the_saved_file_is_drawn_alone(logdir: Path, show: Callable[..., Any], new_page: Any) -> None:
    """Opened by itself in a browser that has none of our styles: its size is the graph's, words and colours are there."""
    log(logdir, "mlp", model_graphs.mlp())
    page = show(logdir)
    with page.expect_download() as download:
        page.locator("#graph-export").click()
    alone = new_page(width=700, height=700)
    alone.goto(f"data:image/svg+xml,{quote(Path(download.value.path()).read_text(encoding='utf-8'))}")
    assert alone.evaluate("document.querySelectorAll('text').length") > 10
    assert alone.evaluate(
        "[...document.querySelectorAll('rect')].every((each) => getComputedStyle(each).fill !== 'rgb(0, 0, 0)')"
    )
    assert alone.evaluate("document.querySelector('text').getBoundingClientRect().width > 8")
