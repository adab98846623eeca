"""The edges of a graph as each of its scopes sees them: between its children, coming in, going out.

An edge belongs to the deepest scope that holds both its ends, and is drawn there from child to child. On the
way down to the ends themselves it enters or leaves further scopes; there it is known by *the other end*: the
child, in the scope where it is drawn, from which it comes or to which it goes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dashboard.graph.tree import Tree

Ints = npt.NDArray[np.int32]

MAX_OTHERS = 24
"""Other ends that a scope's edges are told apart by; the lightest beyond are one."""

REST = -1
"""Stands for the other ends beyond `MAX_OTHERS`."""


@dataclass(frozen=True)
class Records:
    """Rows about edges, in order of the scope they belong to."""

    scope: Ints
    child: Ints
    """The end inside; of rows about what lies within a scope: the source."""
    other: Ints
    """The other end; within a scope: the target."""
    edge: Ints

    def of(self, first: int, stop: int) -> Records:
        """The rows of the scopes from `first` to before `stop`."""
        begin, end = np.searchsorted(self.scope, (first, stop))
        return Records(self.scope[begin:end], self.child[begin:end], self.other[begin:end], self.edge[begin:end])

    def where(self, keep: npt.NDArray[np.bool_]) -> Records:
        """Some of the rows."""
        return Records(self.scope[keep], self.child[keep], self.other[keep], self.edge[keep])

    def __len__(self) -> int:
        return len(self.edge)


def ancestors(tree: Tree, n_nodes: int) -> Ints:
    """Row d, column i: the item at depth d that holds node i, or is it; -1 below."""
    depth = np.array(tree.depths(), np.int32)
    parent = np.array(tree.parent, np.int32)
    at: npt.NDArray[np.int32] = np.zeros(n_nodes, np.int32)
    node = np.array(tree.node, np.int64)
    leaves = np.flatnonzero((node >= 0) & (depth >= 0))
    at[node[leaves]] = leaves
    found = np.full((int(depth.max()) + 1, n_nodes), -1, np.int32)
    columns = np.arange(n_nodes)
    while True:
        found[depth[at], columns] = at
        if not at.any():
            return found
        at = np.where(at > 0, parent[at], 0)


def within(above: Ints, source: Ints, target: Ints) -> tuple[Records, Ints]:
    """For each edge the scope it is drawn in and the two children there; and that scope's depth, edge by edge."""
    depth = np.zeros(len(source), np.int32)
    for level in range(1, len(above)):
        item = above[level, source]
        depth[(item == above[level, target]) & (item >= 0)] = level
    rows = (above[depth, source], above[depth + 1, source], above[depth + 1, target])
    return _sorted(*rows, np.arange(len(source), dtype=np.int32)), depth


def crossing(above: Ints, inner: Ints, outer: Ints, depth: Ints) -> Records:
    """Each scope that an edge crosses on the way to its end `inner`, below the scope at `depth` that holds both."""
    parts = []
    for level in range(1, len(above) - 1):
        edges = np.flatnonzero((depth < level) & (above[level + 1, inner] >= 0)).astype(np.int32)
        if len(edges):
            ends = inner[edges]
            other = above[depth[edges] + 1, outer[edges]]
            parts.append((above[level, ends], above[level + 1, ends], other, edges))
    if not parts:
        nothing = np.zeros(0, np.int32)
        return Records(nothing, nothing, nothing, nothing)
    scope, child, other, edge = (np.concatenate(column) for column in zip(*parts, strict=True))
    return _sorted(scope, child, other, edge)


def folded(rows: Records, tree: Tree, place: Ints, fold: int, end: int) -> Records:
    """The rows of all members as rows of the one that is shown; other members are the fold itself.

    Args:
        rows: Of the scopes from `fold` to before `end`.
        tree: As it was settled.
        place: `tree.place`, as an array.
        fold: An item that stands for equal ones.
        end: The item after the last below it.
    """
    is_member = np.zeros(len(tree), bool)
    is_member[tree.members(fold)] = True
    rows = rows.where(is_member[rows.scope])
    shown = tree.children[tree.example(fold)]
    twins = np.full(max((tree.place[child] for child in shown), default=0) + 1, -1, np.int32)
    for child in shown:
        twins[tree.place[child]] = child
    twin = twins[np.minimum(place[rows.child], len(twins) - 1)]
    other = np.where((rows.other > fold) & (rows.other < end), np.int32(fold), rows.other)
    return Records(rows.scope, twin, other, rows.edge).where(twin >= 0)


def fewer(rows: Records) -> Records:
    """The rows with at most `MAX_OTHERS` other ends, the lightest taken together as `REST`."""
    others, counts = np.unique(rows.other, return_counts=True)
    if len(others) <= MAX_OTHERS:
        return rows
    kept = others[np.argsort(-counts, kind="stable")[:MAX_OTHERS]]
    others = np.where(np.isin(rows.other, kept), rows.other, np.int32(REST))
    return Records(rows.scope, rows.child, others, rows.edge)


def _sorted(scope: Ints, child: Ints, other: Ints, edge: Ints) -> Records:
    order = np.argsort(scope, kind="stable")
    return Records(scope[order], child[order], other[order], edge[order])
