"""What the graph page asks for: scopes, folds, what is set aside; true for any graph, and safe for a hostile one."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import model_graphs
import orjson
import pytest

from dashboard.graph import text
from dashboard.graph.rail import rail
from dashboard.graph.tree import MAX_CHILDREN, MAX_DEPTH
from dashboard.graph.view import GraphView


def graph(names: Sequence[str], edges: Sequence[tuple[str, str]] = (), **attrs: Any) -> dict[str, Any]:
    """A graph of equal nodes."""
    nodes = [{"name": name, "op": "op", "kind": "op", "attrs": attrs} for name in names]
    return {"nodes": nodes, "edges": [{"source": a, "target": b, "shape": [2], "dtype": "f4"} for a, b in edges]}


def labels(view: GraphView, item: int = 0, spread: bool = False) -> list[str]:
    """What a scope shows."""
    return [child["label"] for child in view.scope(item, spread)["children"]]


def find(view: GraphView, label: str, item: int = 0, spread: bool = False) -> int:
    """The child of that label."""
    return next(child["id"] for child in view.scope(item, spread)["children"] if child["label"] == label)


def scopes_of(view: GraphView) -> list[dict[str, Any]]:
    """Every scope there is, folds in both forms."""
    found, waiting = [], [(0, False)]
    while waiting:
        answer = view.scope(*waiting.pop())
        found.append(answer)
        for child in answer["children"]:
            if "members" in child:
                waiting.append((child["id"], child["kind"] == "fold"))
    return found


@pytest.fixture(scope="module")
def transformer() -> GraphView:
    return GraphView(model_graphs.transformer())


# --- scopes --------------------------------------------------------------------------------------------


def test_scopes_are_those_of_the_names() -> None:
    """The picture has the structure the model was written in."""
    view = GraphView(model_graphs.mlp())
    assert labels(view) == ["input", "target", "fc1", "relu_1", "fc2", "relu_2", "fc3", "loss", "output"]
    assert labels(view, find(view, "fc2")) == ["weight", "bias", "linear"]


def test_a_node_may_be_a_scope_of_others() -> None:
    """TensorFlow names an operation `add` and its helper `add/y`."""
    view = GraphView(graph(["x", "add", "add/y"], [("x", "add"), ("add/y", "add")]))
    inside = view.scope(find(view, "add"))
    assert sorted(child["label"] for child in inside["children"]) == ["add", "y"]
    assert [(count, shapes) for _, _, count, shapes in inside["edges"]] == [(1, ["2"])]
    assert len(inside["enters"]) == 1


def test_a_scope_of_one_thing_is_that_thing() -> None:
    """Nobody wants to open three boxes to see one operation."""
    view = GraphView(graph(["model/layers/0/relu", "model/layers/1/a", "model/layers/1/b", "x"]))
    assert labels(view) == ["model/layers", "x"]
    assert labels(view, find(view, "model/layers")) == ["0/relu", "1"]


def test_sums_hold_what_is_below(transformer: GraphView) -> None:
    """A box says what its scope costs."""
    nodes = model_graphs.transformer()["nodes"]
    top = transformer.scope(0)["children"]
    for key in ("parameters", "flops", "bytes"):
        assert sum(child[key] for child in top) == sum(node["attrs"][key] for node in nodes)
    assert sum(child["nodes"] for child in top) == len(nodes)


@pytest.mark.parametrize("seed", range(12))
def test_every_edge_is_drawn_once_and_crosses_what_lies_between(seed: int) -> None:
    """No edge is lost or doubled by scopes, folds and parts, whatever the graph; brute force agrees."""
    chance = random.Random(seed)
    names = {"/".join(chance.choice("abc") for _ in range(chance.randint(1, 5))) for _ in range(60)}
    names |= {f"row/cell_{i}/{part}" for i in range(6) for part in "xyz"}
    ordered = sorted(names)
    edges = [(chance.choice(ordered), chance.choice(ordered)) for _ in range(150)]
    view = GraphView(graph(ordered, edges))
    proper = [(a, b) for a, b in edges if a != b]
    answers = scopes_of(view)
    assert sum(count for answer in answers for *_, count, _ in answer["edges"]) == len(proper)
    for answer in answers:
        if answer["id"] == 0:
            assert not answer["enters"]
            assert not answer["leaves"]
            continue
        inside = set(leaves_below(view, answer["id"]))
        assert sum(count for *_, count, _ in answer["enters"]) == sum(
            b in inside and a not in inside for a, b in proper
        )
        assert sum(count for *_, count, _ in answer["leaves"]) == sum(
            a in inside and b not in inside for a, b in proper
        )


def leaves_below(view: GraphView, item: int) -> list[str]:
    """The names of all nodes in a scope, by asking for one scope after the other."""
    found, waiting = [], [item]
    while waiting:
        for child in view.scope(waiting.pop(), spread=True)["children"]:
            if "members" in child:
                waiting.append(child["id"])
            else:
                found.append(view.details(child["id"])["name"])
    return found


# --- folds ---------------------------------------------------------------------------------------------


def test_equal_blocks_are_one(transformer: GraphView) -> None:
    """Twelve equal blocks are one box that says so, and opens to the inside of one."""
    blocks = next(child for child in transformer.scope(0)["children"] if child["label"] == "blocks")
    assert (blocks["kind"], blocks["members"]) == ("fold", 12)
    one = transformer.scope(blocks["id"])
    assert [child["label"] for child in one["children"]] == ["norm_1", "attention", "add_1", "norm_2", "mlp", "add_2"]
    assert labels(transformer, blocks["id"], spread=True) == [f"block_{i}" for i in range(12)]


def test_one_for_all_is_joined_like_all_together(transformer: GraphView) -> None:
    """The first block gets the embedding and the last gives to the norm: the one shown does both."""
    blocks = find(transformer, "blocks")
    one = transformer.scope(blocks)
    label = {child["id"]: child["label"] for child in one["children"]}
    other = {int(key): each["label"] for key, each in one["others"].items()}
    assert {(other[a], label[b]) for a, b, *_ in one["enters"]} == {
        ("embedding", "norm_1"),
        ("embedding", "add_1"),
        ("mask", "attention"),
        ("blocks", "norm_1"),
        ("blocks", "add_1"),
    }
    assert {(label[a], other[b]) for a, b, *_ in one["leaves"]} == {("add_2", "norm"), ("add_2", "blocks")}


def test_blocks_that_differ_are_not_folded() -> None:
    """× 4 would be a lie when one of them is wider."""
    plain = graph([f"block_{i}/{part}" for i in range(7) for part in ("a", "b")], shape=[8, 64])
    plain["nodes"][6]["attrs"] = {"shape": [8, 128]}  # block_3/a
    view = GraphView(plain)
    assert labels(view) == ["block 0–2", "block_3", "block 4–6"]
    assert [child.get("members") for child in view.scope(0)["children"]] == [3, 0, 3]


def test_a_fold_does_not_close_a_circle() -> None:
    """block_i → add_i → block_i+1: as one box the blocks would hang on themselves through the adds."""
    names = [f"block_{i}/{part}" for i in range(4) for part in "ab"] + [f"add_{i}" for i in range(4)]
    edges = [(f"block_{i}/a", f"block_{i}/b") for i in range(4)]
    edges += [(f"block_{i}/b", f"add_{i}") for i in range(4)] + [(f"add_{i}", f"block_{i + 1}/a") for i in range(3)]
    assert "block_0" in labels(GraphView(graph(names, edges)))
    # An optimizer that touches every block both ways is beside the row and does not count.
    beside = (
        edges[:4]
        + [(f"block_{i}/b", "optimizer") for i in range(4)]
        + [("optimizer", f"block_{i}/a") for i in range(4)]
    )
    assert "block" in labels(GraphView(graph([*names, "optimizer"], beside)))


def test_numbers_that_count_through_the_model_do_not_hide_equality() -> None:
    """Keras calls the layers of its blocks dense, dense_1, dense_2 … over the whole model."""
    names = [f"block{'' if i == 0 else f'_{i}'}/dense_{3 * i + j}" for i in range(3) for j in range(3)]
    edges = [
        (
            f"block{'' if i == 0 else f'_{i}'}/dense_{3 * i + j}",
            f"block{'' if i == 0 else f'_{i}'}/dense_{3 * i + j + 1}",
        )
        for i in range(3)
        for j in range(2)
    ]
    assert labels(GraphView(graph(names, edges))) == ["block"]


# --- what is too much to draw --------------------------------------------------------------------------


def test_no_scope_holds_more_than_can_be_laid_out() -> None:
    """A flat graph of ten thousand operations comes in parts, in the order in which data flow."""
    names = [f"op{chr(97 + i % 26)}x{i}" for i in range(10_000)]
    random.Random(1).shuffle(names)
    chain = sorted(names, key=lambda name: int(name.rpartition("x")[2]))
    view = GraphView(graph(names, list(pairwise(chain))))
    answers = scopes_of(view)
    assert max(len(answer["children"]) for answer in answers) <= MAX_CHILDREN
    for answer in answers:
        order = [child["id"] for child in answer["children"]]
        assert all(order.index(a) < order.index(b) for a, b, *_ in answer["edges"])


def test_a_crowded_scope_is_read_by_the_words_of_its_names() -> None:
    """Keras writes conv4_block31_1_bn where others write conv4/block31/1/bn."""
    names = [f"conv{i}_block{j}_{k}_bn" for i in range(2, 5) for j in range(1, 3 + i) for k in range(8)]
    view = GraphView(graph(names))
    assert labels(view) == ["conv2", "conv3", "conv4"]


def test_what_all_read_is_set_aside() -> None:
    """A mask with a line to each of twelve blocks is a tangle; the rail has its name beside each instead."""
    view = GraphView(model_graphs.transformer())
    blocks = find(view, "blocks")
    assert not view.scope(0)["rail"]
    assert view.scope(blocks, spread=True)["rail"] == [find(view, "mask")]


def test_many_other_ends_are_told_as_few() -> None:
    """A loss that reads forty scopes tells the heaviest apart, and the rest as one; none is forgotten."""
    names = [f"source{chr(97 + i)}{i}/out" for i in range(40)] + ["loss/a", "loss/b"]
    view = GraphView(graph(names, [(name, "loss/a") for name in names[:40]]))
    loss = view.scope(find(view, "loss"))
    assert len(loss["others"]) == 25
    assert sum(count for *_, count, _ in loss["enters"]) == 40


def test_a_fan_is_no_tangle() -> None:
    """Twenty branches that begin and end together are drawn as they are."""
    branches = list(range(2, 22))
    assert rail([0, 1, *branches], [(0, b) for b in branches] + [(b, 1) for b in branches]) == []
    chain = [(b, b + 1) for b in branches[:-1]]
    assert rail([0, *branches], [(0, b) for b in branches] + chain) == [0]


# --- finding -------------------------------------------------------------------------------------------


def test_every_item_can_be_reached_by_opening_what_is_told(transformer: GraphView) -> None:
    """A search result leads to its box, through folds too."""
    for item in range(1, 900, 7):
        try:
            up = transformer.details(item)["up"]
        except KeyError:
            break
        shown = {0}
        for scope, form in up:
            assert scope in shown
            shown |= {child["id"] for child in transformer.scope(scope, form == "spread")["children"]}
        assert item in shown


def test_search_finds_by_name_and_operation(transformer: GraphView) -> None:
    """Exact names first; every word must be there."""
    assert {each["name"].split("softmax")[0] for each in transformer.search("block_7/att softmax")["found"]} == {
        "blocks/block_7/attention/"
    }
    assert {each["op"] for each in transformer.search("gelu")["found"]} == {"gelu"}
    assert transformer.search("gelu")["total"] == 12
    assert transformer.search("tokens")["found"][0]["name"] == "tokens"
    exact = [each["name"].endswith("/norm_1") for each in transformer.search("norm_1")["found"]]
    assert exact == [True] * 12 + [False] * 38
    assert transformer.search("  ") == {"total": 0, "found": []}
    assert transformer.search("nowhere")["total"] == 0


def test_what_was_open_is_found_again(transformer: GraphView) -> None:
    """When a run logs its graph anew, the page opens the same paths."""
    path = transformer.scope(find(transformer, "blocks"))["path"]
    longer = GraphView(model_graphs.transformer(blocks=3))
    assert list(longer.find([path, "blocks/block_1/attention", "gone"])) == [path, "blocks/block_1/attention"]


def test_the_first_sight_can_be_read(transformer: GraphView) -> None:
    """A small graph is shown whole but for its layers, which say on their box what they are; a large one not at all."""
    small = GraphView(model_graphs.mlp())
    assert small.overview()["open"] == [0, find(small, "loss")]
    opened = transformer.overview()["open"]
    assert find(transformer, "blocks") in opened
    assert sum(len(transformer.scope(item)["children"]) for item in opened) < 40


# --- hostile -------------------------------------------------------------------------------------------


def test_ten_thousand_levels_are_one_label() -> None:
    """A name may have any depth; the stack and the memory have not."""
    deep = "/".join("abcdefghij"[i % 10] for i in range(10_000))
    names = [deep, f"{deep}/x", *("/".join("s" * i) for i in range(1, 400))]
    view = GraphView(graph(names, [(deep, f"{deep}/x"), ("s", deep)]))
    answers = scopes_of(view)
    assert len(answers) <= 3 * MAX_DEPTH
    assert all(len(child["label"]) <= 120 for answer in answers for child in answer["children"])


def test_circles_and_loops() -> None:
    """Recurrent graphs have circles, and a node may feed itself."""
    names = ["a/x", "a/y", "b/x", "b/y"]
    edges = [("a/x", "b/x"), ("b/x", "a/y"), ("a/y", "a/x"), ("a/x", "a/x"), ("b/y", "b/y")]
    view = GraphView(graph(names, edges))
    assert sum(count for answer in scopes_of(view) for *_, count, _ in answer["edges"]) == 3
    a = view.scope(find(view, "a"))
    assert next(child for child in a["children"] if child["label"] == "x")["loops"] == 1


@pytest.mark.parametrize(
    "plain",
    [
        {},
        {"nodes": None, "edges": 3},
        {
            "nodes": [1, {}, {"name": None, "op": 3, "kind": [], "attrs": "x"}],
            "edges": [{}, {"source": 1, "target": []}],
        },
        {"nodes": [{"name": "/"}, {"name": "//a//"}, {"name": ""}, {"name": "a/"}, {"name": "/a"}], "edges": []},
        {"nodes": [{"name": "half \ud800/x"}, {"name": "half \ud800/y"}], "edges": []},
        {
            "nodes": [
                {"name": "x", "attrs": {"shape": [[1], {}, None, 10**400], "flops": float("nan"), "bytes": "many"}}
            ],
            "edges": [],
        },
        {"nodes": [{"name": "x" * 1_000_000, "op": "y" * 1_000_000}], "edges": []},
        {"nodes": [{"name": "twice"}, {"name": "twice"}], "edges": [{"source": "twice", "target": "twice"}]},
    ],
)
def test_whatever_a_file_holds_there_is_an_answer(plain: dict[str, Any]) -> None:
    """A run's files come from anywhere; the page must not break on them."""
    view = GraphView(plain)
    answers = [*scopes_of(view), view.overview(), *(view.details(each["id"]) for each in view.scope(0)["children"])]
    assert len(orjson.dumps(answers)) < 50_000


@pytest.mark.parametrize("count", [30_000, pytest.param(100_000, marks=pytest.mark.long)])
def test_very_many_nodes(count: int) -> None:
    """Large, deep and tangled at once; the time limit of the suite is the bar."""
    chance = random.Random(2)
    names = [f"{'/'.join(chance.choice('abcd') for _ in range(i % 9))}/n{i}" for i in range(count)]
    edges = [(names[chance.randrange(i)], names[i]) for i in range(1, count)]
    view = GraphView(graph(names, edges))
    assert len(view.scope(0)["children"]) <= MAX_CHILDREN
    assert view.search(f"n{count - 1}")["total"] == 1


def test_shapes_and_numbers_as_text() -> None:
    """What is no number counts nothing; what is unknown says so."""
    assert text.shape([32, None, -1, 7]) == "32×?×?×7"
    assert text.shape([]) == "scalar"
    assert text.shape(None) == ""
    assert [text.amount(each) for each in (3, -3, float("inf"), True, "9", 10**400)] == [3, 0, 0, 0, 0, 0]
    assert text.clip("abcdef", 4) == "abc…"
    assert text.clip("abcdef", 4, end=True) == "…def"
