"""The scopes of a graph as a tree: from names with slashes to items that hold items.

A tree is a handful of lists, with an item's number as the index: item 0 is the whole graph, and after `settle`
the items below an item are those that follow it, so that sums over a scope are differences of running sums.
Nothing here recurses: how deep a name goes is the user's choice, and Python's stack is not.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

MAX_DEPTH = 20
"""Levels of scopes; what goes deeper stays together as one label. The deepest model we have seen has 12."""

CROWDED = 60
"""Children from which on a scope is read again by the words in their names: `conv4_block31_1_bn` as
`conv4/block31/…`. A picture of more boxes is not read, it is looked at."""

SMALLEST_GROUP = 3
"""Children with names that begin alike, from which on they are a group: two may be so by chance."""

MAX_CHILDREN = 150
"""Children of a scope that are laid out together; more are cut into parts. Layout stays below 30 ms."""

_WORDS = re.compile(r"[^_.\-]+[_.\-]*|[_.\-]+")


_NONE: list[int] = []
"""The children of every leaf: one list for all, since making thousands wakes the collector."""


class Tree:
    """Items by number.

    Attributes:
        parent: The item it lies in; -1 for the root.
        label: What it is called there.
        kind: "leaf"; "scope"; "group" (leaves and scopes whose names begin alike), "part" (a stretch of a scope
            that is too long) and "fold" (equal siblings), which are not in the names.
        node: Which node a leaf is; -1 for others.
        children: In order of appearance.
        place: Where it stands among its siblings when they are put in order of their names; equal scopes have
            equal things in equal places. See `folds`.
    """

    def __init__(self) -> None:
        self.parent: list[int] = [-1]
        self.label: list[str] = [""]
        self.kind: list[str] = ["scope"]
        self.node: list[int] = [-1]
        self.children: list[list[int]] = [[]]
        self.place: list[int] = [0]

    def __len__(self) -> int:
        return len(self.parent)

    def add(self, parent: int, label: str, kind: str, node: int = -1) -> int:
        """A new item at the end of its parent's children."""
        item = len(self.parent)
        self.parent.append(parent)
        self.label.append(label)
        self.kind.append(kind)
        self.node.append(node)
        self.children.append(_NONE if kind == "leaf" else [])
        self.place.append(0)
        self.children[parent].append(item)
        return item

    def gather(self, parent: int, kind: str, groups: Sequence[tuple[str, Sequence[int]]]) -> list[int]:
        """Puts children of an item into new ones, each (label, members) standing where its first member stood."""
        stands: dict[int, int] = {}
        made = []
        before = self.children[parent]
        for label, members in groups:
            item = self.add(parent, label, kind)
            self.children[item] = list(members)
            self.place[item] = min(self.place[member] for member in members)
            for member in members:
                self.parent[member] = item
                stands[member] = -1
            stands[members[0]] = item
            made.append(item)
        new = set(made)
        kept = (stands.get(child, child) for child in before if child not in new)
        self.children[parent] = [child for child in kept if child >= 0]
        return made

    def depths(self) -> list[int]:
        """How far each item is below the root; -1 for items that are no longer in the tree."""
        found = [-1] * len(self)
        found[0] = 0
        waiting = [0]
        while waiting:
            item = waiting.pop()
            for child in self.children[item]:
                found[child] = found[item] + 1
            waiting += self.children[item]
        return found

    def example(self, item: int) -> int:
        """Of a fold the member that stands for all; of others the item itself."""
        if self.kind[item] == "fold":
            item = self.children[item][0]
            while self.kind[item] == "part":
                item = self.children[item][0]
        return item

    def members(self, fold: int) -> list[int]:
        """What is equal in a fold, also where it is cut into parts."""
        found, waiting = [], list(self.children[fold])
        while waiting:
            item = waiting.pop()
            if self.kind[item] == "part":
                waiting += self.children[item]
            else:
                found.append(item)
        return found

    def path(self, item: int) -> str:
        """The labels from the root down, with slashes."""
        labels = []
        while item > 0:
            labels.append(self.label[item])
            item = self.parent[item]
        return "/".join(reversed(labels))

    def scope_at(self, path: str) -> int:
        """The item at a path that holds others; 0, the root, where there is none."""
        item, rest = 0, path
        while rest and item >= 0:
            # Labels may hold slashes themselves, and "a" begins like "ab": the longest that fits ends at one.
            fits = [child for child in self.children[item] if f"{rest}/".startswith(f"{self.label[child]}/")]
            item = max(fits, key=lambda child: len(self.label[child]), default=-1)
            rest = rest[len(self.label[item]) + 1 :]
        return item if item > 0 and self.node[item] < 0 else 0

    def way(self, item: int) -> list[tuple[int, str]]:
        """The scopes to open, from the outside, to see an item; each with the form to open it in."""
        chain = []
        while item > 0:
            item = self.parent[item]
            chain.append(item)
        way: list[tuple[int, str]] = []
        while chain:
            scope = chain.pop()
            example = self.example(scope)
            if self.kind[scope] != "fold":
                way.append((scope, "scope"))
            elif example in chain:
                # It is shown in place of its fold, and so it and the parts between are none of the way.
                way.append((scope, "one"))
                del chain[chain.index(example) :]
            else:
                way.append((scope, "spread"))
        return way

    def settle(self) -> tuple[Tree, list[int]]:
        """The same tree numbered from top to bottom, and for each of its items the one after the last below it."""
        order: list[int] = []
        waiting = [0]
        while waiting:
            item = waiting.pop()
            order.append(item)
            waiting += reversed(self.children[item])
        number = {item: i for i, item in enumerate(order)}
        tree = Tree()
        tree.parent = [number.get(self.parent[item], -1) for item in order]
        tree.label = [self.label[item] for item in order]
        tree.kind = [self.kind[item] for item in order]
        tree.node = [self.node[item] for item in order]
        tree.children = [[number[child] for child in self.children[item]] for item in order]
        tree.place = [self.place[item] for item in order]
        end = list(range(1, len(order) + 1))
        for i in range(len(order) - 1, 0, -1):
            end[tree.parent[i]] = max(end[tree.parent[i]], end[i])
        return tree, end


def grow(names: Sequence[str]) -> Tree:
    """The tree that the names of nodes describe.

    A node whose name is also the scope of others lies in that scope, under its own last part. Scopes that hold
    a single thing are one with it: `encoder/layers` is opened once and not twice.
    """
    tree = Tree()
    scopes: dict[str, int] = {"": 0}
    homes = []
    for name in names:
        path, _, label = name.rpartition("/")
        if path.count("/") >= MAX_DEPTH:
            *head, label = name.split("/", MAX_DEPTH)
            path = "/".join(head)
        if path not in scopes:
            _open(tree, scopes, path)
        homes.append((path, label or name))
    for i, (name, (path, label)) in enumerate(zip(names, homes, strict=True)):
        tree.add(scopes.get(name, scopes[path]), label, "leaf", i)
    _compact(tree)
    _sort(tree)
    for item in range(len(tree)):
        if len(tree.children[item]) > CROWDED:
            _read_again(tree, item)
    return tree


def _open(tree: Tree, scopes: dict[str, int], path: str) -> None:
    """Adds the scopes of a path that are not there yet. Empty parts, as in `a//b`, are none."""
    missing = []
    while path not in scopes:
        missing.append(path)
        path = path.rpartition("/")[0]
    inside = scopes[path]
    for each in reversed(missing):
        part = each.rpartition("/")[2]
        inside = tree.add(inside, part, "scope") if part else inside
        scopes[each] = inside


def _compact(tree: Tree) -> None:
    stands = list(range(len(tree)))
    # From the last, so that what lies inside has been dealt with: a scope is made after the one it lies in.
    for item in range(len(tree) - 1, 0, -1):
        if len(tree.children[item]) == 1:
            only = stands[tree.children[item][0]]
            tree.label[only] = f"{tree.label[item]}/{tree.label[only]}"
            stands[item] = only
    for item in range(len(tree)):
        if stands[item] == item:
            tree.children[item] = [stands[child] for child in tree.children[item]]
            for child in tree.children[item]:
                tree.parent[child] = item


def _sort(tree: Tree) -> None:
    """Children in the order in which their first nodes were logged, which is mostly that of running."""
    first = [node if node >= 0 else len(tree) for node in tree.node]
    for item in range(len(tree) - 1, 0, -1):
        first[tree.parent[item]] = min(first[tree.parent[item]], first[item])
    for children in tree.children:
        children.sort(key=first.__getitem__)


def _read_again(tree: Tree, crowded: int) -> None:
    """Groups children by the words their labels begin with, where that makes the scope readable.

    What is left alone: rows such as block_0 … block_199, whose words part only at the number; those are folded
    or cut into parts.
    """
    waiting = [(crowded, 0)]
    while waiting:
        scope, skip = waiting.pop()
        children = list(tree.children[scope])
        if len(children) <= (CROWDED if scope == crowded else 8):
            continue
        words = {child: _WORDS.findall(tree.label[child][:200]) for child in children}
        depth = skip
        while True:
            groups: dict[str, list[int]] = {}
            for child in children:
                begin = "".join(words[child][: depth + 1])
                groups.setdefault(begin.rstrip("_.-") or begin, []).append(child)
            if len(groups) > 1 or depth > 8:
                break
            depth += 1
        gained = [each for each in groups.items() if SMALLEST_GROUP <= len(each[1]) < len(children)]
        if gained and len(groups) <= min(MAX_CHILDREN, len(children) // 2):
            waiting += [(item, depth + 1) for item in tree.gather(scope, "group", gained)]
