"""The scopes that a graph opens with: as much as can be read at once, so that there is something to see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dashboard.graph.tree import MAX_CHILDREN, Tree

FIRST_SIGHT = 22
"""Boxes that a graph opens with: as many as can be read at once on a laptop."""


def opened_first(tree: Tree, nodes: Sequence[Mapping[str, Any]]) -> list[int]:
    """Level by level as long as a whole level can be read; of one that cannot, at least a fold.

    A layer, which is one operation with its parameters, says all there is to say on its closed box.
    """
    opened, level, boxes = [0], [0], len(tree.children[0])
    while level:
        below = [child for scope in level for child in tree.children[tree.example(scope)]]
        level = [child for child in below if tree.children[child] and not _is_layer(tree, nodes, child)]
        more = {child: len(tree.children[tree.example(child)]) for child in level}
        if boxes + sum(more.values()) > (FIRST_SIGHT if boxes > 3 else MAX_CHILDREN):
            folds = (child for child in level if tree.kind[child] == "fold")
            level = [child for child in folds if boxes + more[child] <= FIRST_SIGHT][:1]
        boxes += sum(more[child] for child in level)
        opened += level
    return opened


def _is_layer(tree: Tree, nodes: Sequence[Mapping[str, Any]], item: int) -> bool:
    inside = [tree.node[child] for child in tree.children[tree.example(item)]]
    kinds = ["scope" if node < 0 else nodes[node]["kind"] for node in inside]
    return "scope" not in kinds and sum(kind != "parameter" for kind in kinds) <= 1
