"""Equal siblings as one: `block × 48`, and scopes that are too long in parts.

Two scopes are equal when they hold equal things, named alike, and join them alike: the same operations on the
same shapes. Numbers at the end of names may differ, since many frameworks count through a whole model.
"""

from __future__ import annotations

import heapq
import math
import re
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence

from dashboard.graph.tree import MAX_CHILDREN, Tree

Pairs = Sequence[tuple[int, int]]
"""Source and target among the children of one scope, each pair once."""

SHORTEST_ROW = 3
"""Equal siblings that are folded: two are as quickly looked at as one with a number beside it."""

SHORTEST_PART = 40
"""Children in a part, at least."""

PATIENCE = 2_000_000
"""Steps spent on looking whether a fold would close a circle, over a whole graph; rows beyond are left as they are."""

_NUMBERED = re.compile(r"^(.*?)(\d+)(\D*)$", re.DOTALL)


def fold(tree: Tree, kinds: Sequence[object], pairs: Mapping[int, Pairs]) -> None:
    """Folds rows of equal scopes, everywhere in the tree.

    Args:
        tree: Is changed.
        kinds: What makes a node equal to another: operation, kind, shape; by node.
        pairs: What is joined to what, by scope.
    """
    signature = _signatures(tree, kinds, pairs)
    patience = PATIENCE
    for scope in range(len(tree)):
        children = tree.children[scope]
        if len(children) < SHORTEST_ROW:
            continue
        rows = _rows(tree, children, signature)
        if not rows:
            continue
        joined: dict[int, list[int]] = defaultdict(list)
        for source, target in pairs.get(scope, ()):
            joined[source].append(target)
        kept = []
        for label, members in rows:
            patience -= 1 + sum(map(len, joined.values()))
            if patience > 0 and not _closes_a_circle(set(members), joined):
                kept.append((label, members))
        if len(kept) == 1 and len(kept[0][1]) == len(children) and scope:
            # The scope is nothing but the row: it is the fold itself.
            tree.kind[scope] = "fold"
        elif kept:
            tree.gather(scope, "fold", kept)


def _signatures(tree: Tree, kinds: Sequence[object], pairs: Mapping[int, Pairs]) -> list[int]:
    """Numbers that are equal where what lies below is. Also gives every item its place among its siblings."""
    known: dict[object, int] = {}
    found = [0] * len(tree)
    depth = tree.depths()
    for item in sorted(range(len(tree)), key=depth.__getitem__, reverse=True):
        if depth[item] < 0:
            continue
        if tree.node[item] >= 0:
            what: object = kinds[tree.node[item]]
        else:
            # In a group all names begin as the group's does, which is its own number and not theirs.
            begin = tree.label[item] if tree.kind[item] == "group" else ""
            named = sorted((*_name(tree.label[child].removeprefix(begin)), child) for child in tree.children[item])
            for place, (_, _, child) in enumerate(named):
                tree.place[child] = place
            inside = tuple((base, found[child]) for base, _, child in named)
            joined = tuple(sorted((tree.place[a], tree.place[b]) for a, b in pairs.get(item, ())))
            what = (inside, joined)
        found[item] = known.setdefault(what, len(known))
    return found


def _name(label: str) -> tuple[str, int]:
    """A label without the number at its end, and the number; -1 for none."""
    base = label.rstrip("0123456789")
    # Beyond 18 digits a number is a name, and Python would take its time to read it.
    number = int(label[len(base) :][:18]) if len(base) < len(label) else -1
    return base.rstrip("_.") if number >= 0 else base, number


def _rows(tree: Tree, children: Iterable[int], signature: Sequence[int]) -> list[tuple[str, list[int]]]:
    """Runs of equal scopes that are named alike and numbered, in order of their numbers."""
    alike: dict[tuple[str, str], list[tuple[int, int]]] = defaultdict(list)
    for child in children:
        if tree.node[child] >= 0:
            continue
        label = tree.label[child]
        found = _NUMBERED.match(label[:400])
        # block, block_1, block_2: the first one often goes without a number.
        key, number = ((found[1].rstrip("_."), found[3]), int(found[2][:18])) if found else ((label, ""), -1)
        alike[key].append((number, child))
    rows = []
    for (before, after), members in alike.items():
        members.sort()
        begin = 0
        for i in range(1, len(members) + 1):
            if i == len(members) or signature[members[i][1]] != signature[members[begin][1]]:
                if i - begin >= SHORTEST_ROW:
                    run = [child for _, child in members[begin:i]]
                    rows.append(
                        (_row_label(before, after, members[begin][0], members[i - 1][0], len(run) == len(members)), run)
                    )
                begin = i
    return rows


def _row_label(before: str, after: str, first: int, last: int, whole: bool) -> str:
    before, after = before.rstrip("_.[("), after.lstrip("])")
    return f"{before}{after}" if whole and (before or after) else f"{before} {max(first, 0)}–{last} {after}".strip()


def _closes_a_circle(members: set[int], joined: Mapping[int, Sequence[int]]) -> bool:
    """Whether a way leads from one member through other siblings to another: as one box they would hang on themselves.

    Siblings that touch nearly every member (an optimizer, a mask) are no way: they are beside the row, not in it.
    """
    touches: dict[int, set[int]] = defaultdict(set)
    for source, targets in joined.items():
        for target in targets:
            if source in members and target not in members:
                touches[target].add(source)
            elif target in members and source not in members:
                touches[source].add(target)
    beside = {item for item, touched in touches.items() if len(touched) > 0.8 * len(members)}
    seen = set(beside)
    waiting = [target for member in members for target in joined.get(member, ()) if target not in members]
    while waiting:
        item = waiting.pop()
        if item in seen:
            continue
        seen.add(item)
        for target in joined.get(item, ()):
            if target in members:
                return True
            waiting.append(target)
    return False


def cut(tree: Tree, pairs: Mapping[int, Pairs]) -> None:
    """Cuts scopes with too many children into parts, along the way the data flow, until none has too many."""
    # Folds first, which come last: they look up what is joined with their parent, before that is cut itself.
    for scope in reversed([item for item in range(len(tree)) if len(tree.children[item]) > MAX_CHILDREN]):
        children = tree.children[scope]
        known = set(children)
        joined: dict[int, set[int]] = defaultdict(set)
        for ends in pairs.get(scope) or pairs.get(tree.parent[scope], ()):
            source, target = (end if end in known else tree.parent[end] for end in ends)
            if source != target and source in known and target in known:
                joined[source].add(target)
        tree.children[scope] = _flow(children, joined)
        while len(tree.children[scope]) > MAX_CHILDREN:
            now = tree.children[scope]
            size = max(math.isqrt(len(now)), SHORTEST_PART)
            groups, at = [], 0
            for begin in range(0, len(now), size):
                members = now[begin : begin + size]
                inside = sum(_size(tree, member) for member in members)
                groups.append((f"{at + 1:,} – {at + inside:,} of {len(children):,}", members))
                at += inside
            tree.gather(scope, "part", groups)


def _size(tree: Tree, item: int) -> int:
    """How many children of the scope an item stands for."""
    total, waiting = 0, [item]
    while waiting:
        each = waiting.pop()
        if tree.kind[each] == "part":
            waiting += tree.children[each]
        else:
            total += 1
    return total


def _flow(items: Sequence[int], joined: Mapping[int, set[int]]) -> list[int]:
    """Items so that edges lead forward, and else in the order given; a circle is entered at its first item."""
    rank = {item: i for i, item in enumerate(items)}
    missing = dict.fromkeys(items, 0)
    for targets in joined.values():
        for target in targets:
            missing[target] += 1
    ready = [rank[item] for item in items if not missing[item]]
    heapq.heapify(ready)
    late = deque(items)
    done: set[int] = set()
    order: list[int] = []
    while len(order) < len(items):
        if ready:
            item = items[heapq.heappop(ready)]
        else:
            while late[0] in done:
                late.popleft()
            item = late[0]
        if item in done:
            continue
        done.add(item)
        order.append(item)
        for target in joined.get(item, ()):
            missing[target] -= 1
            if not missing[target]:
                heapq.heappush(ready, rank[target])
    return order
