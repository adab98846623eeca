"""The methods of `Visdom` for what is linked: networks of nodes and edges, flows, points of many dimensions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from tracker import coerce
from tracker.compat.named import named
from tracker.compat.visdom.charts import Charts
from tracker.compat.visdom.given import Array, is_number, listed, numbers, refused, texts
from tracker.compat.visdom.options import options
from tracker.values import arrays


class Networks(Charts):
    """What a `Visdom` draws of links, and of neighbours."""

    @named
    def graph(
        self,
        edges: Any,
        edgeLabels: Any = None,
        nodeLabels: Any = None,
        opts: Mapping[str, Any] | None = None,
        env: str | None = None,
        win: str | None = None,
    ) -> Any:
        """Draws a network.

        Args:
            edges: (M, 2): the two nodes of each, numbered from 0 without gaps. What is there twice is one edge.
            edgeLabels: A label for each of them.
            nodeLabels: A label for each node.
            opts: `directed`, `showVertexLabels`, `showEdgeLabels` (False), `scheme`: "same" or "different" colours.
            env: Its environment.
            win: The window.

        Raises:
            WindowArgumentError: a number is left out, or labels are not as many as what they are for.
        """
        pairs = numbers(edges, "graph", "edges")
        if pairs.ndim != 2 or pairs.shape[1] != 2:
            raise refused("graph", "edges are no pairs of nodes.", "(M, 2)", arrays.describe(edges))
        opts = options("graph", opts, directed=False, showVertexLabels=False, showEdgeLabels=False, height=500,
                       width=500, scheme="same")  # fmt: skip
        places, count = _links(pairs, bool(opts["directed"]))
        links = [(int(pairs[n, 0]), int(pairs[n, 1])) for n in places]
        names = [f"{a}-{b}" for a, b in links] if edgeLabels is None else texts(edgeLabels, "graph", "edgeLabels")
        names = [names[n] for n in places] if len(names) == len(pairs) and edgeLabels is not None else names
        if len(names) != len(links):
            raise refused("graph", "not each edge has a label.", f"{len(pairs)} edgeLabels", len(names))
        words = [str(n) for n in range(count)] if nodeLabels is None else texts(nodeLabels, "graph", "nodeLabels")
        if len(words) != count:
            raise refused("graph", "not each node has a label.", f"{count} nodeLabels", len(words))
        club = opts["scheme"] == "different"
        content = {
            "nodes": [{"name": n, "label": word, **({"club": n} if club else {})} for n, word in enumerate(words)],
            "edges": [
                {"source": a, "target": b, "label": name} for (a, b), name in zip(links, names, strict=True)
            ],
        }  # fmt: skip
        return self._send({"data": [{"content": content, "type": "network"}], "win": win, "eid": env, "opts": opts})

    @named
    def sankey(
        self,
        source: Any,
        target: Any,
        value: Any,
        labels: Any = None,
        win: str | None = None,
        env: str | None = None,
        opts: Mapping[str, Any] | None = None,
    ) -> Any:
        """Draws flows: from nodes (N,) to nodes (N,), numbered from 0, of sizes (N,), with a label for each node.

        `opts`: `pad` and `thickness` of nodes in pixels, `orientation`: "h" or "v", `nodecolor`, `linkcolor`, `labels`.
        """
        opts = options("sankey", opts)
        ends = {}
        for word, given in (("source", source), ("target", target), ("value", value)):
            array = np.atleast_1d(numbers(given, "sankey", word))
            if array.ndim != 1 or not (array >= 0).all() or (word != "value" and (array != np.floor(array)).any()):
                expected = "(N,), numbers of 0 or more" if word == "value" else "(N,), nodes numbered from 0"
                raise refused("sankey", f"{word} is not what it should be.", expected, arrays.describe(given))
            ends[word] = array.tolist() if word == "value" else array.astype(np.int64).tolist()
        if len({len(each) for each in ends.values()}) > 1:
            raise refused("sankey", "source, target and value are not alike.", "three of one length",
                          [len(each) for each in ends.values()])  # fmt: skip
        labels = opts.get("labels") if labels is None else labels
        node: dict[str, Any] = {"pad": opts.get("pad", 15), "thickness": opts.get("thickness", 20)}
        if not is_number(node["pad"]) or node["pad"] < 0 or not is_number(node["thickness"]) or node["thickness"] <= 0:
            raise refused("sankey", "opts.pad or opts.thickness is no size.", "pixels", node)
        orientation = opts.get("orientation", "h")
        if orientation not in ("h", "v"):
            raise refused("sankey", "opts.orientation is no such word.", '"h" or "v"', repr(orientation))
        if labels is not None:
            node["label"] = texts(labels, "sankey", "labels")
            most = max([*ends["source"], *ends["target"]], default=-1) + 1
            if len(node["label"]) < most:
                raise refused("sankey", "not each node has a label.", f"{most} labels", len(node["label"]))
        link: dict[str, Any] = dict(ends)
        for part, word in ((node, "nodecolor"), (link, "linkcolor")):
            if opts.get(word) is not None:
                part["color"] = opts[word]
        return self._plot([{"type": "sankey", "orientation": orientation, "node": node, "link": link}], opts, win, env)

    # --- many dimensions -----------------------------------------------------------------------------

    @named
    def embeddings(
        self,
        features: Any,
        labels: Any,
        data_getter: Callable[[int], Any] | None = None,
        data_type: str | None = None,
        win: str | None = None,
        env: str | None = None,
        opts: Mapping[str, Any] | None = None,
    ) -> Any:
        """Draws vectors (N, D) as points of a plane, those that are alike beside each other.

        By t-SNE where scikit-learn is installed, else by their two principal components.

        Args:
            features: The vectors.
            labels: The group of each (N,).
            data_getter: Gives HTML for the number of a vector, which is shown where it is pointed at.
            data_type: "html".
            win: The window.
            env: Its environment.
            opts: As of all windows.
        """
        opts = options("embeddings", opts)
        vectors = numbers(features, "embeddings", "features")
        groups = listed(labels)
        if vectors.ndim != 2 or not vectors.size:
            raise refused("embeddings", "features are no vectors.", "(N, D)", arrays.describe(features))
        if len(groups) != len(vectors):
            raise refused("embeddings", "not each vector has a label.", f"{len(vectors)} labels", len(groups))

        def points(chosen: list[int]) -> list[dict[str, Any]]:
            numbered = {label: n for n, label in enumerate(dict.fromkeys(groups))}
            places = plane(vectors[chosen]).tolist()
            return [
                {"group": numbered[groups[n]], "name": f"Entity {n}", "label": groups[n], "position": place, "idx": n}
                for n, place in zip(chosen, places, strict=True)
            ]

        content = {"data": points(list(range(len(vectors))))}
        shown = self._send({"data": [{"content": content, "type": "embeddings"}], "win": win, "eid": env, "opts": opts})

        def answer(event: dict[str, Any]) -> None:
            """Shows what was pointed at, or lays those that were chosen out anew."""
            if event.get("event_type") == "EntitySelected":
                html = "<div>No preview available</div>" if data_getter is None else data_getter(int(event["idx"]))
                data = {"selected": {"html": coerce.text(html), "entityId": event.get("entityId")}}
            elif event.get("event_type") == "RegionSelected":
                data = {"points": points([int(each) for each in event["selectedIdxs"]])}  # type: ignore[dict-item]
            else:
                return
            data["update_type"] = event["event_type"]
            self._send({"data": data, "win": event["target"], "eid": env, "opts": opts}, "update")

        if self.use_socket and isinstance(shown, str):
            self.register_event_handler(answer, shown, env)
        return shown


def _links(pairs: Array, directed: bool) -> tuple[list[int], int]:
    """Which pairs are edges of their own, by their place, and how many nodes there are."""
    nodes = np.unique(pairs)
    missing = np.setdiff1d(np.arange(len(nodes)), nodes)
    if len(missing):
        got = f"node {missing[0]} is in no edge"
        raise refused("graph", "nodes are not numbered without gaps.", f"0 to {len(nodes) - 1}", got)
    first: dict[tuple[int, int], int] = {}
    for place, (a, b) in enumerate(pairs.tolist()):
        first.setdefault((a, b) if directed else (min(a, b), max(a, b)), place)
    return list(first.values()), len(nodes)


def plane(vectors: Array) -> Array:
    """Points of a plane (N, 2), each axis from -1 to 1, for vectors (N, D)."""
    vectors = np.nan_to_num(vectors.astype(np.float64))
    count = len(vectors)
    if count < 4:
        found = _principal(vectors)
    else:
        try:
            from sklearn.manifold import TSNE

            perplexity = 50 if count >= 150 else max(1.0, min(7, (count - 1) / 3)) if count < 21 else count // 3
            found = TSNE(2, perplexity=perplexity, init="pca" if vectors.shape[1] > 1 else "random", random_state=0)
            found = found.fit_transform(vectors).astype(np.float64)
        except ImportError:
            found = _principal(vectors)
    low, high = found.min(axis=0), found.max(axis=0)
    return (found - low) / np.where(high > low, high - low, 1.0) * 2 - 1  # type: ignore[no-any-return]


def _principal(vectors: Array) -> Array:
    """The two directions in which vectors differ most."""
    centred = vectors - vectors.mean(axis=0)
    left, sizes, _ = np.linalg.svd(centred, full_matrices=False)
    found = np.zeros((len(vectors), 2))
    found[:, : min(2, len(sizes))] = (left * sizes)[:, :2]
    return found
