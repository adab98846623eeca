"""Messages of our Visdom are those of Visdom's own client for the same calls, but for what is better here on purpose."""

from __future__ import annotations

import copy
import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from visdom_calls import CALLS
from visdom_pair import Message, Pair, alike, past_design, pixels

# --- the real client, beside ours ------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::RuntimeWarning", "ignore::PendingDeprecationWarning")
@pytest.mark.parametrize("examples", [6, pytest.param(400, marks=pytest.mark.long)])
@pytest.mark.parametrize("method", CALLS)
def test_messages_are_those_of_the_real_client(method: str, examples: int, tmp_path: Path, ours: Pair) -> None:
    """Of every method, with whatever arguments it documents."""
    visdom = pytest.importorskip("visdom", reason="needs Visdom's own client")
    theirs = Pair(tmp_path, visdom.Visdom)

    @settings(max_examples=examples)
    @given(CALLS[method])
    def same(arguments: dict[str, Any]) -> None:
        sent, expected = ours.said(method, arguments), theirs.said(method, arguments)
        assert sent[0] == expected[0]
        assert alike(past_design(method, sent[1])) == alike(past_design(method, expected[1]))

    same()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("given_as", ["list", "torch"])
def test_lists_and_tensors_are_sent_as_by_the_real_client(given_as: str, tmp_path: Path, ours: Pair) -> None:
    """As arrays are."""
    visdom = pytest.importorskip("visdom", reason="needs Visdom's own client")
    torch = pytest.importorskip("torch") if given_as == "torch" else None
    theirs = Pair(tmp_path, visdom.Visdom)

    def made(array: Any) -> Any:
        return array.tolist() if torch is None else torch.tensor(array, requires_grad=array.dtype.kind == "f")

    points = np.random.default_rng(0).random((6, 2))
    for method, arguments in {
        "line": {"Y": points, "X": points[:, 0]},
        "scatter": {"X": points, "Y": np.array([1, 2, 1, 2, 1, 2])},
        "bar": {"X": points},
        "histogram": {"X": points.ravel()},
        "heatmap": {"X": points},
        "surf": {"X": points},
        "boxplot": {"X": points},
        "pie": {"X": points.ravel()},
        "stem": {"X": points},
        "quiver": {"X": points, "Y": points},
        "images": {"tensor": points.reshape(2, 1, 2, 3)},
        "image": {"img": points},
    }.items():
        other = {name: made(value) for name, value in arguments.items()}
        plain = ours.said(method, arguments)
        assert ours.said(method, other) == plain
        assert alike(past_design(method, theirs.said(method, other)[1])) == alike(past_design(method, plain[1]))


def test_the_real_client_calls_what_ours_calls_wrong(tmp_path: Path, ours: Pair) -> None:
    """Who catches its assertions catches our errors."""
    visdom = pytest.importorskip("visdom", reason="needs Visdom's own client")
    theirs = Pair(tmp_path, visdom.Visdom)
    square = np.eye(3)
    for method, arguments in [
        ("scatter", {"X": np.eye(4)}),
        ("scatter", {"X": square, "Y": np.array([0, 1, 2])}),
        ("scatter", {"X": square, "Y": np.array([1, 2])}),
        ("scatter", {"X": square, "opts": {"markersize": -1}}),
        ("scatter", {"X": square, "opts": {"legend": []}, "Y": np.array([1, 2, 3]), "name": "a"}),
        ("scatter", {"X": square, "opts": {"markercolor": np.array([300])}}),
        ("scatter", {"X": square, "opts": {"textlabels": ["a"]}}),
        ("scatter", {"X": square, "update": "append"}),
        ("line", {"Y": square, "X": np.eye(2)}),
        ("line", {"Y": square, "update": "append", "win": "w"}),
        ("line", {"Y": square, "opts": {"dash": np.array(["dot"])}}),
        ("line", {"Y": None, "X": None, "update": "remove", "win": "w"}),
        ("heatmap", {"X": np.arange(3)}),
        ("heatmap", {"X": square, "update": "append"}),
        ("heatmap", {"X": square, "opts": {"rownames": ["a"]}}),
        ("bar", {"X": square, "Y": np.arange(2)}),
        ("bar", {"X": square, "opts": {"legend": ["a"]}}),
        ("histogram", {"X": square}),
        ("boxplot", {"X": square, "opts": {"legend": ["a"]}}),
        ("surf", {"X": np.arange(3)}),
        ("quiver", {"X": square, "Y": np.eye(2)}),
        ("stem", {"X": square, "Y": np.arange(2)}),
        ("pie", {"X": np.array([-1, 2])}),
        ("mesh", {"X": np.eye(4)}),
        ("sunburst", {"labels": np.array(["a"]), "parents": np.array(["", "b"])}),
        ("audio", {}),
        ("video", {}),
        ("svg", {"svgstr": "none"}),
        ("save", {"envs": "main"}),
        ("fork_env", {"prev_eid": 1, "eid": "a"}),
        ("dual_axis_lines", {"X": np.arange(3), "Y1": np.arange(2), "Y2": np.arange(3)}),
        ("image", {"img": square, "opts": {"jpgquality": 900}}),
    ]:
        with pytest.raises(AssertionError):
            getattr(theirs.client, method)(**copy.deepcopy(arguments))
        with pytest.raises(AssertionError, match=r"expected: .*\n  got: ") as caught:
            getattr(ours.client, method)(**arguments)
        assert isinstance(caught.value, ValueError)
        assert str(caught.value).startswith(method if method != "line" else ("line", "scatter"))


# --- what the real client sent in its demo ----------------------------------------------------------------


def demo(real_data: Path) -> list[tuple[str, Message]]:
    """The messages of Visdom's demo."""
    path = real_data / "visdom" / "visdom_0.2.4_demo_messages.log.gz"
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [tuple(json.loads(line)) for line in lines]


DEFAULTS = {"markersymbol": "dot", "markersize": 10, "markerborderwidth": 0.5, "markers": False, "fillarea": False,
            "stacked": False, "colormap": "Viridis", "mode": "markers"}  # fmt: skip


def the_call(endpoint: str, message: Message) -> tuple[str, dict[str, Any]]:
    """The call that made a message of the demo."""
    data, opts = message.get("data"), dict(message.get("opts") or {})
    place = {"win": message["win"], "env": message["eid"]}
    if data is None:
        return "update_window_opts", {**place, "opts": opts}
    if message.get("delete"):
        named = {"name": message["name"]} if "name" in message else {}
        return ("line", {"Y": None, "update": "remove", **named, **place}) if named else (
            "heatmap", {"X": None, "update": "remove", **place})  # fmt: skip
    said = {name: value for name, value in opts.items() if DEFAULTS.get(name, name) != value}
    first = data[0]
    heights = [trace.get("y") or [] for trace in data]
    columns = np.array(heights, object) if len({*map(len, heights)}) == 1 else np.zeros((0, 0))
    update = {} if endpoint == "events" else {"update": "append" if message.get("append") else "replace"}
    kind = first["type"]
    if kind == "text":
        return "text", {"text": first["content"], "append": endpoint == "update", "opts": opts, **place}
    if kind == "image":
        array = np.moveaxis(pixels(first["content"]["src"])[1], 2, 0)
        return "image", {"img": array, "opts": {k: v for k, v in opts.items() if k not in ("width", "height")}, **place}
    if kind == "properties":
        return "properties", {"data": first["content"], **place}
    if kind == "network":
        edges = [[edge["source"], edge["target"]] for edge in first["content"]["edges"]]
        labels = {"edgeLabels": [edge["label"] for edge in first["content"]["edges"]],
                  "nodeLabels": [node["label"] for node in first["content"]["nodes"]]}  # fmt: skip
        return "graph", {"edges": edges, **labels, "opts": opts, **place}
    if kind == "bar":
        return "bar", {
            "X": columns.astype(float).T,
            "Y": None if "rownames" in said else np.array(first["x"]),
            "opts": said,
            **place,
        }
    if kind == "pie":
        return "pie", {"X": np.array(first["values"]), "opts": said, **place}
    if kind == "box":
        return "boxplot", {"X": columns.astype(float).T, "opts": said, **place}
    if kind == "mesh3d":
        faces = np.array([first[each] for each in "ijk"]).T
        return "mesh", {"X": np.array([first[each] for each in "xyz"]).T, "Y": faces, "opts": said, **place}
    if kind == "heatmap":
        update = {} if endpoint == "events" else {"update": message["updateDir"]}
        return "heatmap", {"X": np.array(first["z"]), "opts": opts, **update, **place}
    if kind == "custom":
        return "_send", {"msg": message}
    if "yaxis2" in message["layout"]:
        return "dual_axis_lines", {
            "X": np.array(first["x"]),
            "Y1": np.array(first["y"]),
            "Y2": np.array(data[1]["y"]),
            **place,
        }
    axes = "xyz" if kind == "scatter3d" else "xy"
    points = np.concatenate([np.array([t[a] for a in axes], float).T for t in data])
    labels = np.concatenate([[n + 1] * len(t["x"]) for n, t in enumerate(data)])
    colors = [t["marker"].get("color") for t in data]
    if colors[0] is not None:
        said["markercolor"] = np.array(
            [[int(each[n : n + 2], 16) for n in (1, 3, 5)] for part in colors for each in part]
        )
    lines = [t["line"] for t in data]
    if "color" in lines[0]:
        said["linecolor"] = np.array([[int(each["color"][n : n + 2], 16) for n in (1, 3, 5)] for each in lines])
    if "dash" in lines[0]:
        said["dash"] = np.array([each["dash"] for each in lines])
    name = message.get("name") or (first["name"] if len(data) == 1 and first["name"] != "1" else None)
    if "fillarea" in opts:
        said.pop("mode", None)
        if len(data) > 1:
            shape = len(data), -1
            return "line", {
                "Y": points[:, 1].reshape(shape).T,
                "X": points[:, 0].reshape(shape).T,
                "opts": said,
                **update,
                **place,
            }
        return "line", {"Y": points[:, 1], "X": points[:, 0], "name": name, "opts": said, **update, **place}
    return "scatter", {
        "X": points,
        "Y": labels if len(data) > 1 else None,
        "name": name,
        "opts": said,
        **update,
        **place,
    }


def test_each_message_of_the_demo_is_made_by_its_call(real_data: Path, ours: Pair) -> None:
    """111 messages that Visdom's own client sent: the call of each, made again, sends the same."""
    seen = set()
    for endpoint, message in demo(real_data):
        method, arguments = the_call(endpoint, message)
        seen.add(method)
        sent = ours.said(method, arguments)
        sent[1].setdefault("win", message["win"])
        assert sent[0] == endpoint
        if "jpgquality" in message.get("opts", {}):  # what was lost once is not what is lost again
            before, after = (pixels(each["data"][0]["content"].pop("src")) for each in (message, sent[1]))
            assert after[0] == before[0]
            assert np.abs(np.subtract(after[1], before[1], dtype=float)).mean() < 20
        assert alike(past_design(method, sent[1])) == alike(past_design(method, message)), message["win"]
    assert seen >= {
        "text",
        "image",
        "scatter",
        "line",
        "heatmap",
        "bar",
        "pie",
        "boxplot",
        "mesh",
        "graph",
        "properties",
    }
