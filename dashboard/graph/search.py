"""Finds the items of a graph by words: by name, by path, by operation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dashboard.graph.tree import Tree

NAME_LENGTH = 300
"""Characters of a name that are searched, from its end."""


class Index:
    """The lower-case name (of a scope its path) and operation of every item.

    Args:
        tree: All items.
        nodes: What the leaves are, with "name" and "op".
    """

    def __init__(self, tree: Tree, nodes: Sequence[Mapping[str, Any]]) -> None:
        self._labels = [label[:NAME_LENGTH].lower() for label in tree.label]
        self._is_leaf = [node >= 0 for node in tree.node]
        self._names: list[str] = []
        self._ops: list[str] = []
        for item, node in enumerate(tree.node):
            if node >= 0:
                self._names.append(nodes[node]["name"][-NAME_LENGTH:].lower())
                self._ops.append(nodes[node]["op"][:60].lower())
            else:
                above = self._names[tree.parent[item]] if item else ""
                self._names.append(f"{above}/{self._labels[item]}"[-NAME_LENGTH:])
                self._ops.append("")

    def search(self, text: str) -> list[int]:
        """Items that hold every word of a text: those called so, those that begin so, the rest; scopes first."""
        words = text.lower().split()
        if not words:
            return []
        hits = list(range(1, len(self._names)))
        for word in words:
            hits = [item for item in hits if word in self._names[item] or word in self._ops[item]]
        return sorted(hits, key=lambda item: (*self._distance(item, words[-1]), item))

    def _distance(self, item: int, word: str) -> tuple[bool, bool, bool, bool]:
        label = self._labels[item]
        exact = word in (label, self._ops[item])
        return not exact, not label.startswith(word), word not in label, self._is_leaf[item]
