"""A graph a scope at a time: what the page asks for, small however large the graph is.

Made once from a logged graph; after that every answer is a slice. Names, operations and attributes come from
whoever logged them and are taken as text to show, cut to a length.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from dashboard.graph import edges as graph_edges
from dashboard.graph import folds as graph_folds
from dashboard.graph import text
from dashboard.graph.edges import Records
from dashboard.graph.first_sight import opened_first
from dashboard.graph.rail import rail
from dashboard.graph.search import Index
from dashboard.graph.tree import Tree, grow
from tracker.errors import DamagedBytesError

LABEL_LENGTH = 120
"""Characters of a label; a box shows thirty."""

TEXT_LENGTH = 2000
"""Characters of a name or an attribute in the panel."""

MAX_LINKS = 60
"""Inputs or outputs of an item that are listed."""

SHAPES_AN_EDGE = 3

MAX_DEVICES = 40
"""Devices that are told apart, those with most nodes; a colour each is told by eye up to a dozen."""

TOTALS = ("parameters", "flops", "bytes")

MAX_NODES = 250_000
"""Of a graph: about 1 kB each. The largest model that we have seen has 10,000."""


class NoSuchScopeError(KeyError):
    """A graph has no item of this number."""


class GraphView:
    """A logged graph, ready to be asked.

    Args:
        plain: {"nodes": […], "edges": […]} as `tracker.Graph` writes them. What is not of that form is left out, and
            so is a node without a name.

    Raises:
        DamagedBytesError: it has more than `MAX_NODES` nodes.
    """

    def __init__(self, plain: Mapping[str, Any]) -> None:
        self._nodes: list[dict[str, Any]] = [
            text.node(each) for each in text.mappings(plain.get("nodes")) if "name" in each
        ]
        if len(self._nodes) > MAX_NODES:
            raise DamagedBytesError(
                f"This graph is too large: {len(self._nodes):,} nodes, of {MAX_NODES:,} at the most."
            )
        number = {node["name"]: i for i, node in enumerate(self._nodes)}
        edges = [edge for edge in text.mappings(plain.get("edges")) if text.is_joined(edge, number)]
        source = np.array([number[edge["source"]] for edge in edges], np.int32)
        target = np.array([number[edge["target"]] for edge in edges], np.int32)
        # An edge from a node to itself has no place to be drawn in; the node says it.
        self._loops = np.bincount(source[source == target], minlength=len(self._nodes))
        proper = np.flatnonzero(source != target)
        self._source, self._target = source[proper], target[proper]
        shapes: dict[str, int] = {}
        self._shape = np.array(
            [shapes.setdefault(text.shape(edges[i].get("shape")), len(shapes)) for i in proper], np.int32
        )
        self._shapes = list(shapes)
        self._tree, self._end = self._make_tree()
        nodes = np.array(self._tree.node, np.int64)
        self._place = np.array(self._tree.place, np.int32)
        self._leaf_items = np.flatnonzero(nodes >= 0)
        self._leaf = np.zeros(len(self._nodes), np.int64)
        self._leaf[nodes[self._leaf_items]] = self._leaf_items
        ops: dict[str, int] = {}
        op = np.array([ops.setdefault(node["op"], len(ops)) for node in self._nodes], np.int64)
        self._op, self._op_names = op[nodes[self._leaf_items]], list(ops)
        self._device, self._device_names = self._placed()
        above = graph_edges.ancestors(self._tree, len(self._nodes))
        self._within, depth = graph_edges.within(above, self._source, self._target)
        self._enters = graph_edges.crossing(above, self._target, self._source, depth)
        self._leaves = graph_edges.crossing(above, self._source, self._target, depth)
        self._sums = self._running_sums(nodes)
        self._index: Index | None = None

    def __len__(self) -> int:
        return len(self._nodes)

    def _make_tree(self) -> tuple[Tree, list[int]]:
        tree = grow([node["name"] for node in self._nodes])
        above = graph_edges.ancestors(tree, len(self._nodes))
        within, _ = graph_edges.within(above, self._source, self._target)
        pairs: dict[int, list[tuple[int, int]]] = {}
        for scope, a, b in np.unique(np.stack([within.scope, within.child, within.other], 1), axis=0).tolist():
            pairs.setdefault(scope, []).append((a, b))
        kinds = [(node["op"], node["kind"], text.shape(node["attrs"].get("shape"))) for node in self._nodes]
        graph_folds.fold(tree, kinds, pairs)
        graph_folds.cut(tree, pairs)
        return tree.settle()

    def _running_sums(self, nodes: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """Row i: the totals of all leaves among the first i items; then how many leaves."""
        own = np.zeros((len(self._tree) + 1, len(TOTALS) + 1))
        for column, key in enumerate(TOTALS):
            values = np.array([text.amount(node["attrs"].get(key)) for node in self._nodes] or [0.0])
            own[1:, column] = np.where(nodes >= 0, values[np.maximum(nodes, 0)], 0.0)
        own[1:, -1] = nodes >= 0
        return np.cumsum(own, axis=0)

    def _placed(self) -> tuple[npt.NDArray[np.int64], list[str]]:
        """Of each leaf in order its device's number, -1 without one; the devices, those of most nodes first."""
        found: list[str] = []
        for item in self._leaf_items.tolist():
            device = self._nodes[self._tree.node[item]]["attrs"].get("device")
            found.append(text.clean(device) if isinstance(device, str) else "")
        counts = Counter(each for each in found if each)
        names = [name for name, _ in counts.most_common(MAX_DEVICES)]
        number = {name: i for i, name in enumerate(names)}
        return np.array([number.get(each, -1) for each in found], np.int64), names

    def form(self, item: int, wanted: str = "one") -> str:
        """How a scope is opened: only a fold has a choice, of "one" member for all or "spread"."""
        if self._tree.kind[item] != "fold":
            return "scope"
        return "spread" if wanted == "spread" else "one"

    # --- what is asked ---------------------------------------------------------------------------------

    def overview(self) -> dict[str, Any]:
        """The whole in numbers, and which scopes to open at first so that there is something to see."""
        return {
            **self._totals(0),
            "edges": len(self._source),
            "scopes": len(self._tree) - len(self._nodes) - 1,
            "ops": self._ops(0, 40),
            "devices": [text.clip(name, LABEL_LENGTH) for name in self._device_names],
            "open": opened_first(self._tree, self._nodes),
        }

    def scope(self, item: int, spread: bool = False) -> dict[str, Any]:
        """What lies in a scope and how it is joined.

        Args:
            item: Its number.
            spread: Of a fold, show all its members, and not one for all.

        Returns:
            `children` as boxes; `edges` between them as [source, target, count, shapes]; `enters` as [other end,
            child, count, shapes] and `leaves` as [child, other end, count, shapes]; `others`, who those ends
            are; `rail`, the items that would tangle the picture and are set aside.

        Raises:
            NoSuchScopeError: there is no such scope.
        """
        self._check(item)
        if self._tree.node[item] >= 0:
            raise NoSuchScopeError(item)
        fold = self._tree.kind[item] == "fold" and not spread
        inside = self._tree.example(item) if fold else item
        edges = self._joined(self._within.of(inside, inside + 1))
        both = (self._enters, self._leaves)
        rows = [self._folded(item, each) if fold else each.of(item, item + 1) for each in both]
        members = len(self._tree.members(item)) if fold else 1
        enters, leaves = (self._joined(graph_edges.fewer(each), members) for each in rows)
        children = self._tree.children[inside]
        coming = [(other, child, count, shapes) for child, other, count, shapes in enters]
        return {
            "id": item,
            "form": self.form(item, "spread" if spread else "one"),
            "inside": inside,
            "path": text.clip(self._tree.path(item), TEXT_LENGTH),
            "children": [self._box(child) for child in children],
            "edges": edges,
            "enters": coming,
            "leaves": leaves,
            "others": {str(other): self._name_of(other) for _, other, *_ in (*enters, *leaves)},
            "rail": rail(children, [(a, b) for a, b, *_ in edges], [(a, b) for a, b, *_ in coming]),
        }

    def details(self, item: int) -> dict[str, Any]:
        """Everything there is to say about an item, for the panel.

        Raises:
            NoSuchScopeError: there is no such item.
        """
        self._check(item)
        source, target = self._leaf[self._source], self._leaf[self._target]
        from_inside = (source >= item) & (source < self._end[item])
        to_inside = (target >= item) & (target < self._end[item])
        comes, goes = to_inside & ~from_inside, from_inside & ~to_inside
        node = self._tree.node[item]
        found = {
            **self._box(item),
            "name": text.clip(self._nodes[node]["name"] if node >= 0 else self._tree.path(item), TEXT_LENGTH),
            "up": self._tree.way(item),
            "inputs": self._links(self._source[comes], self._shape[comes]),
            "outputs": self._links(self._target[goes], self._shape[goes]),
        }
        if node >= 0:
            attrs = self._nodes[node]["attrs"]
            told = [
                (str(key), value) for key, value in list(attrs.items())[:40] if key not in ("shape", "dtype", *TOTALS)
            ]
            found["attrs"] = [
                [text.clip(key, 60), text.clip(text.value(value), TEXT_LENGTH)]
                for key, value in told
                if value not in ("", None)
            ]
        return found

    def search(self, wanted: str, limit: int = 50) -> dict[str, Any]:
        """Items whose name or operation holds the words that are wanted: best first, each with the scopes to open."""
        if self._index is None:
            self._index = Index(self._tree, self._nodes)
        hits = self._index.search(wanted)
        return {"total": len(hits), "found": [self._found(item) for item in hits[:limit]]}

    def find(self, paths: Sequence[str]) -> dict[str, int]:
        """The scopes at these paths, as far as there are such: what was open in the graph before this one."""
        return {path: item for path in paths if (item := self._tree.scope_at(path))}

    @property
    def nodes(self) -> Sequence[Mapping[str, Any]]:
        """The nodes in the order they were logged."""
        return self._nodes

    def spread_out(self, amounts: npt.NDArray[np.float64]) -> list[tuple[int, float]]:
        """Amounts of the nodes, in the order they were logged, as (item, sum of what lies in it); zeros left out."""
        own = np.zeros(len(self._tree) + 1)
        own[1 + self._leaf] = amounts
        running = np.cumsum(own)
        begin = np.arange(len(self._tree))
        counted = np.cumsum(own > 0)
        some = np.flatnonzero(counted[np.array(self._end)] > counted[begin])
        sums = running[np.array(self._end)] - running[begin]
        return [(int(item), round(float(sums[item]), 3)) for item in some]

    # --- parts of answers ------------------------------------------------------------------------------

    def _check(self, item: int) -> None:
        if not 0 <= item < len(self._tree):
            raise NoSuchScopeError(item)

    def _folded(self, fold: int, records: Records) -> Records:
        return graph_edges.folded(records.of(fold, self._end[fold]), self._tree, self._place, fold, self._end[fold])

    def _joined(self, rows: Records, members: int = 1) -> list[tuple[int, int, int, list[str]]]:
        """Rows as (child, other, count, shapes), each pair once; of a fold's rows the count is a member's."""
        keys = (rows.child.astype(np.int64) << 32) | (rows.other.astype(np.int64) & 0xFFFFFFFF)
        pairs, index, counts = np.unique(keys, return_inverse=True, return_counts=True)
        shapes: list[list[str]] = [[] for _ in pairs]
        for pair, shape in np.unique(np.stack([index, self._shape[rows.edge]], 1), axis=0).tolist():
            if len(shapes[pair]) < SHAPES_AN_EDGE and self._shapes[shape]:
                shapes[pair].append(self._shapes[shape])
        ends = [(key >> 32, (key & 0xFFFFFFFF) - (1 << 32 if key & 0x80000000 else 0)) for key in pairs.tolist()]
        shares = (-(-counts // members)).tolist()
        return [(a, b, count, shape) for (a, b), count, shape in zip(ends, shares, shapes, strict=True)]

    def _totals(self, item: int) -> dict[str, Any]:
        sums = self._sums[self._end[item]] - self._sums[item]
        return {"nodes": int(sums[-1]), **{key: int(value) for key, value in zip(TOTALS, sums, strict=False)}}

    def _box(self, item: int) -> dict[str, Any]:
        """What is drawn of an item."""
        node = self._tree.node[item]
        box = {"id": item, "label": text.clip(self._tree.label[item], LABEL_LENGTH), **self._totals(item)}
        if self._device_names:
            box["devices"] = self._devices(item)
        if node < 0:
            members = len(self._tree.members(item)) if self._tree.kind[item] == "fold" else 0
            return {**box, "kind": self._tree.kind[item], "members": members, "ops": self._ops(item, 8)}
        told = self._nodes[node]
        shape, dtype = text.shape(told["attrs"].get("shape")), told["attrs"].get("dtype")
        return {
            **box,
            "kind": told["kind"],
            "op": text.clip(told["op"], 60),
            "shape": shape,
            "dtype": text.clip(text.value(dtype or ""), 40),
            "loops": int(self._loops[node]),
        }

    def _ops(self, item: int, limit: int) -> list[tuple[str, int]]:
        """The operations below an item, the most frequent first."""
        begin, stop = np.searchsorted(self._leaf_items, (item, self._end[item]))
        ops, counts = np.unique(self._op[begin:stop], return_counts=True)
        order = np.argsort(-counts, kind="stable")[:limit]
        return [(text.clip(self._op_names[ops[i]], 60), int(counts[i])) for i in order]

    def _devices(self, item: int) -> list[int]:
        """The devices below an item, as places in the overview's list."""
        begin, stop = np.searchsorted(self._leaf_items, (item, self._end[item]))
        devices: list[int] = np.unique(self._device[begin:stop]).tolist()
        return [each for each in devices if each >= 0]

    def _name_of(self, item: int) -> dict[str, Any]:
        if item == graph_edges.REST:
            return {"label": "more", "parent": -1}
        parent = self._tree.parent[item]
        while self._tree.kind[parent] == "part" and self._tree.kind[self._tree.parent[parent]] in ("part", "fold"):
            parent = self._tree.parent[parent]
        return {"label": text.clip(self._tree.label[item], LABEL_LENGTH), "parent": parent}

    def _links(self, nodes: npt.NDArray[np.int32], shapes: npt.NDArray[np.int32]) -> dict[str, Any]:
        """Nodes as links: item, name, shape."""
        each, first = np.unique(self._leaf[nodes], return_index=True)
        found = [
            (item, text.clip(self._nodes[self._tree.node[item]]["name"], LABEL_LENGTH), self._shapes[shapes[i]])
            for item, i in zip(each[:MAX_LINKS].tolist(), first[:MAX_LINKS].tolist(), strict=True)
        ]
        return {"total": len(each), "links": found}

    def _found(self, item: int) -> dict[str, Any]:
        node = self._tree.node[item]
        name = self._nodes[node]["name"] if node >= 0 else self._tree.path(item)
        return {
            "id": item,
            "name": text.clip(name, LABEL_LENGTH, end=True),
            "op": text.clip(self._nodes[node]["op"], 60) if node >= 0 else "",
            "kind": self._nodes[node]["kind"] if node >= 0 else self._tree.kind[item],
            "up": self._tree.way(item),
        }
