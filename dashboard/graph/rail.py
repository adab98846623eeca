"""Which items of a scope are set aside, on a rail at its edge, because their edges would tangle the picture.

A mask that every block reads, an optimizer that touches every layer, a constant used all over: each draws a line
past everything else. On the rail they are drawn once, and where they are used only their name stands.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

SOURCE_DEGREE = 5
"""Siblings that read something which itself reads nothing, from which on it is set aside if they are far apart."""

DEGREE = 9
"""The same for what lies in the middle of the flow: it is part of the story, and moved only in need."""

FAR = 2.0
"""Layers that its edges cross on average: many edges to the next layer are a fan, and a fan is no tangle."""


def rail(
    children: Sequence[int], edges: Sequence[tuple[int, int]], enters: Iterable[tuple[int, int]] = ()
) -> list[int]:
    """The items to set aside, those with most edges first.

    Args:
        children: The items of the scope.
        edges: Source and target among them, each pair once.
        enters: Other ends outside the scope and the children they reach; they can be set aside as well.
    """
    neighbours: dict[int, set[int]] = defaultdict(set)
    for source, target in (*edges, *enters):
        neighbours[source].add(target)
        neighbours[target].add(source)
    wanted = [item for item in neighbours if len(neighbours[item]) >= SOURCE_DEGREE]
    if not wanted:
        return []
    layer = _layers(children, edges)
    fed = {target for _, target in edges}
    inside = set(children)
    aside: list[int] = []
    while True:
        wanted.sort(key=lambda item: (-len(neighbours[item]), item))
        for item in wanted:
            near = neighbours[item]
            is_source = item not in fed
            if len(near) < (SOURCE_DEGREE if is_source else DEGREE):
                continue
            own = min(layer.get(each, 0) for each in near) - 1 if is_source else layer[item]
            if sum(abs(layer.get(each, 0) - own) for each in near) / len(near) > FAR:
                break
        else:
            return aside
        aside.append(item)
        wanted.remove(item)
        for each in neighbours.pop(item):
            neighbours[each].discard(item)
        fed = {target for source, target in edges if source not in aside}
        if not inside - set(aside):
            return aside


def _layers(children: Sequence[int], edges: Sequence[tuple[int, int]]) -> dict[int, int]:
    """How many items lie before each at most; an edge that would close a circle does not count."""
    targets: dict[int, list[int]] = defaultdict(list)
    missing = dict.fromkeys(children, 0)
    for source, target in edges:
        targets[source].append(target)
        missing[target] += 1
    layer = dict.fromkeys(children, 0)
    ready = [item for item in children if not missing[item]]
    late = iter(children)
    done: set[int] = set()
    while len(done) < len(children):
        item = ready.pop() if ready else next(late)
        if item in done:
            continue
        done.add(item)
        for target in targets[item]:
            if target not in done:
                layer[target] = max(layer[target], layer[item] + 1)
                missing[target] -= 1
                if not missing[target]:
                    ready.append(target)
    return layer
