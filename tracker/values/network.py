"""Network: nodes and the edges between them, for a pane."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tracker import coerce
from tracker.errors import LoggedTypeError, LoggedValueError, message
from tracker.values import arrays

MAX_NODES = 20_000
MAX_EDGES = 100_000


class Network:
    """Nodes and edges, laid out by the page.

    Args:
        nodes: Names, or mappings with "name" and whatever else is to be told of each, such as "label" and "color".
        edges: Pairs (source, target) of places among the nodes, from 0, or of their names; or mappings with "source",
            "target" and whatever else, such as "label".
        directed: Whether edges have an arrow.

    Raises:
        LoggedTypeError, LoggedValueError: not of this form, an edge of a node that is not there, or over 20,000 nodes
            or 100,000 edges.
    """

    def __init__(self, nodes: Iterable[Any], edges: Iterable[Any] = (), *, directed: bool = False) -> None:
        self.nodes = [_node(node, place) for place, node in enumerate(_listed(nodes, "nodes", MAX_NODES))]
        places: dict[Any, int] = {}
        for place, node in enumerate(self.nodes):
            places.setdefault(node["name"], place)
        self.edges = [_edge(edge, places, len(self.nodes)) for edge in _listed(edges, "edges", MAX_EDGES)]
        self.directed = bool(directed)


def _listed(given: Any, name: str, most: int) -> list[Any]:
    if isinstance(given, (str, bytes, Mapping)) or not hasattr(given, "__iter__"):
        raise LoggedTypeError(message(f"Network: {name} is a list.", expected="a list", got=arrays.describe(given)))
    return arrays.listed(given, f"Network: {name}", most)


def _node(node: Any, place: int) -> dict[str, Any]:
    if isinstance(node, Mapping):
        plain = {coerce.text(key, 1_000): value for key, value in node.items()}
        return {**plain, "name": coerce.text(plain.get("name", plain.get("label", place)), 1_000)}
    return {"name": coerce.text(node, 1_000)}


def _edge(edge: Any, places: Mapping[Any, int], count: int) -> dict[str, Any]:
    if isinstance(edge, Mapping):
        plain = {coerce.text(key, 1_000): value for key, value in edge.items()}
    elif isinstance(edge, (list, tuple)) and len(edge) == 2:
        plain = {"source": edge[0], "target": edge[1]}
    else:
        raise LoggedTypeError(
            message("Network: this is no edge.", expected="(source, target)", got=arrays.describe(edge))
        )
    for end in ("source", "target"):
        given = plain.get(end)
        place = places.get(given) if isinstance(given, str) else given
        if isinstance(place, bool) or not isinstance(place, int) or not 0 <= place < count:
            raise LoggedValueError(
                message(
                    f"Network: an edge's {end} is no node.",
                    expected=f"a name of one, or its place from 0 to {count - 1}",
                    got=arrays.describe(given),
                )
            )
        plain[end] = place
    return plain
