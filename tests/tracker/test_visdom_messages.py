"""Messages of our Visdom are those of Visdom's own client for the same calls, but for what is better here on purpose."""

from __future__ import annotations

import base64
import copy
import gzip
import html
import io
import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from PIL import Image
from visdom_calls import CALLS

from tracker.compat.visdom import Visdom

Message = dict[str, Any]

BY_DESIGN = {
    "a legend and margins stay": "update_window_opts of a width alone sets showlegend to False and all margins to 60 there",
    "true ticks": "xtick=False is not heard there unless more is said of the axis, and in space not at all",
    "true bars": "bars of a histogram stand in the middle of their bins; there they spread from the first edge to the last",
    "contours clip": "xmin and xmax are heard by contours, as zmin and zmax; there by surfaces only",
    "no words around players": "a sentence for browsers without sound is left out, as are spaces",
    "one colour of an axis": "the default colour of the second axis is rgb(148, 103, 189), without a zero in front",
    "titles are texts": "a number as a title is written out in update_window_opts too",
    "None is not said": "opts that are None are as if they had not been said, and fields of no value are not sent",
    "edges as given": "edges keep their order and direction",
    "gaps": "NaN is null in every list; there NaN in surfaces, boxes and points in space is written as no JSON",
}
"""What differs, and why: `alike` looks past these only."""


# --- looking past what is not meant -----------------------------------------------------------------------


def pixels(address: str) -> Any:
    """A picture's form, size and pixels."""
    head, _, data = address.partition(",")
    return head, np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))


def alike(value: Any, key: str = "") -> Any:
    """A part of a message, without what is not meant to be the same."""
    if isinstance(value, dict):
        found = {name: alike(each, name) for name, each in value.items() if each is not None}
        return {name: each for name, each in found.items() if each is not None and each != {}}
    if isinstance(value, list):
        return [alike(each) for each in value]
    if isinstance(value, float):
        return None if math.isnan(value) else float(f"{value:.12g}")
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if key == "title" else float(f"{value:.12g}")
    if isinstance(value, str) and value.startswith("data:image/"):
        form, array = pixels(value)
        return form, array.shape, array.tobytes()
    if isinstance(value, str) and key == "content":
        return re.sub(r"\s+|Your browser does not support the (audio|video) tag\.", "", value)
    return value.replace("0189", "189") if isinstance(value, str) else value


def past_design(method: str, message: Message) -> Message:
    """A message without what `BY_DESIGN` says differs in messages of this method."""
    message = copy.deepcopy(message)
    layout = message.get("layout", {})
    for axis in [layout.get("xaxis"), layout.get("yaxis"), *layout.get("scene", {}).values()]:
        if isinstance(axis, dict):
            axis.pop("showticklabels", None)
    if method == "update_window_opts":
        layout.pop("margin", None)
        layout.pop("showlegend", None)
    if method == "histogram":
        message["data"][0].pop("x")
    if method == "contour":
        for name in ("zmin", "zmax"):
            message["data"][0].pop(name, None)
    if method == "graph":
        content = message["data"][0]["content"]
        for edge in content["edges"]:
            edge["source"], edge["target"] = sorted((edge["source"], edge["target"]))
            edge["label"] = f"{edge['source']}-{edge['target']}"
        content["edges"].sort(key=lambda edge: (edge["source"], edge["target"]))
    return message


class Pair:
    """Two clients that write what they would send: Visdom's own, and ours."""

    def __init__(self, folder: Path, kind: Any) -> None:
        self.log = folder / f"{kind.__module__}.log"
        self.client = kind(offline=True, log_to_filename=str(self.log), env="demo", use_incoming_socket=False)

    def said(self, method: str, arguments: dict[str, Any]) -> tuple[str, Message]:
        """What a call sends."""
        self.log.unlink(missing_ok=True)
        getattr(self.client, method)(**copy.deepcopy(arguments))
        (line,) = self.log.read_text().splitlines()
        endpoint, message = json.loads(line)
        if not arguments.get("win") and method != "_send":
            assert re.fullmatch(r"window_[0-9a-f]{13,}", message.pop("win"))
        return endpoint, message


@pytest.fixture
def ours(tmp_path: Path) -> Pair:
    """Our client."""
    return Pair(tmp_path, Visdom)


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


# --- what is better here ----------------------------------------------------------------------------------


def test_what_the_caller_gave_is_left_as_it_is(ours: Pair) -> None:
    """The same options can be used for the next window; Visdom's client writes its defaults into them."""
    opts: dict[str, Any] = {"title": "a", "markercolor": np.array([9])}
    before = dict(opts)
    for method, arguments in {
        "line": {"Y": [1, 2]}, "scatter": {"X": [[1, 2]]}, "image": {"img": np.eye(3)}, "quiver": {"X": np.eye(2), "Y": np.eye(2)},
        "bar": {"X": [1, 2]}, "graph": {"edges": [[0, 1]]}, "surf": {"X": np.eye(2)},
    }.items():  # fmt: skip
        getattr(ours.client, method)(**arguments, opts=opts)
        assert opts == before


def test_bars_of_a_histogram_stand_in_the_middle_of_their_bins(ours: Pair) -> None:
    """Four bins of 0 to 4 are about 0.5, 1.5, 2.5 and 3.5; what is no number is in none."""
    _, message = ours.said("histogram", {"X": [0, 1, 2, 4, math.nan, math.inf], "opts": {"numbins": 4}})
    assert message["data"][0]["x"] == [0.5, 1.5, 2.5, 3.5]
    assert message["data"][0]["y"] == [1, 1, 1, 1]


def test_what_is_no_number_is_a_gap(ours: Pair) -> None:
    """NaN is null, wherever it stands: JSON has no other word for it, and browsers read no other."""
    table = np.array([[1, math.nan], [3, 4.0]])
    for method, name, expected in [
        ("line", "y", [1, 3]),
        ("heatmap", "z", [[1, None], [3, 4]]),
        ("surf", "z", [[1, None], [3, 4]]),
        ("boxplot", "y", [1, 3]),
        ("bar", "y", [1, 3]),
    ]:
        _, message = ours.said(method, {("Y" if method == "line" else "X"): table})
        assert message["data"][0][name] == expected
        assert "NaN" not in ours.log.read_text()
    _, message = ours.said("scatter", {"X": np.array([[1, 2, math.nan]])})
    assert message["data"][0]["z"] == [None]


def test_ticks_can_be_hidden(ours: Pair) -> None:
    """`xtick=False` alone is heard, and one end of an axis too."""
    _, message = ours.said("line", {"Y": [1, 2], "opts": {"xtick": False, "ytickmin": 0}})
    assert message["layout"]["xaxis"] == {"showticklabels": False}
    assert message["layout"]["yaxis"] == {"range": [0, None]}


def test_other_options_leave_the_legend_and_margins_as_they_are(ours: Pair) -> None:
    """A width is a width."""
    _, message = ours.said("update_window_opts", {"win": "w", "opts": {"width": 300}})
    assert message["layout"] == {}
    assert message["opts"] == {"width": 300}


def test_pictures_are_clipped(ours: Pair) -> None:
    """What lies outside does not come round from the other side; what is from -1 to 1 is grey at 0; NaN is black."""
    for array, shown in [([[1.5, 300.0, -9.0]], [1, 255, 0]), ([[-1.0, 0.0, 1.0]], [0, 127, 255]), ([[math.nan, 1, 0.5]], [0, 255, 127]),
                         ([[True, False]], [255, 0])]:  # fmt: skip
        _, message = ours.said("image", {"img": np.array(array)})
        assert pixels(message["data"][0]["content"]["src"])[1][0, :, 0].tolist() == shown


def test_pictures_come_in_every_shape(ours: Pair) -> None:
    """Of Pillow, with the channels last, a batch of one, a list; padding may be 0."""
    array = np.arange(60, dtype=np.uint8).reshape(3, 4, 5)
    _, expected = ours.said("image", {"img": array})
    last = np.moveaxis(array, 0, 2)
    tall = np.arange(270, dtype=np.uint8).reshape(9, 10, 3)
    for other in (array[None], Image.fromarray(last)):
        assert ours.said("image", {"img": other})[1] == expected
    assert ours.said("image", {"img": tall})[1] == ours.said("image", {"img": np.moveaxis(tall, 2, 0)})[1]
    _, message = ours.said("images", {"tensor": [array, array], "nrow": 2, "padding": 0})
    grid = pixels(message["data"][0]["content"]["src"])[1]
    assert (grid == np.concatenate([last, last], axis=1)).all()


def test_plotly_figures_come_as_their_numbers(ours: Pair) -> None:
    """Arrays that Plotly packs are unpacked, and a title is that of the window."""
    import plotly.graph_objects as go

    figure = go.Figure(go.Scatter(x=np.arange(3), y=np.array([1.5, 2, 3])), layout={"title": "A", "template": None})
    _, message = ours.said("plotlyplot", {"figure": figure})
    assert message["data"] == [{"x": [0, 1, 2], "y": [1.5, 2, 3], "type": "scatter"}]
    assert message["opts"] == {"title": "A"}
    assert ours.said("plotlyplot", {"figure": {"data": [{"type": "bar", "y": np.ones(2)}]}})[1]["data"][0]["y"] == [
        1,
        1,
    ]


def test_matplotlib_figures_are_drawings(ours: Pair) -> None:
    """As large as they are drawn, or with `resizable` as large as their window."""
    pytest.importorskip("matplotlib")
    from matplotlib.figure import Figure

    figure = Figure((2, 1))
    axes = figure.subplots()
    axes.plot([1, 2])
    _, message = ours.said("matplot", {"plot": figure})
    assert message["opts"] == {"height": 1.4 * 72, "width": 1.35 * 144}
    assert message["data"][0]["content"].startswith("<svg ")
    assert 'width="144pt"' in message["data"][0]["content"]
    _, message = ours.said("matplot", {"plot": axes, "opts": {"resizable": True}})
    assert 'width="144pt"' not in message["data"][0]["content"]
    assert "viewBox" in message["data"][0]["content"]


def test_films_need_no_encoder(ours: Pair, tmp_path: Path) -> None:
    """An animated picture of the frames, whose colours come blue first; a file is sent as it is."""
    frames = np.zeros((4, 8, 8, 3), np.uint8)
    frames[..., 0] = 255
    for film in ({"tensor": frames}, {"tensor": np.moveaxis(frames, 3, 1), "dim": "LxCxHxW"}):
        _, message = ours.said("video", {**film, "opts": {"fps": 2, "autoplay": True}})
        content = message["data"][0]["content"]
        assert content.startswith("<video controls autoplay><source")
        shown = Image.open(io.BytesIO(base64.b64decode(content.partition("base64,")[2].partition('"')[0])))
        assert shown.convert("RGB").getpixel((4, 4))[2] > 200
    path = tmp_path / "film.mp4"
    path.write_bytes(b"\0\0\0\x18ftypmp42")
    _, message = ours.said("video", {"videofile": path})
    assert 'type="video/mp4"' in message["data"][0]["content"]


def test_names_and_numbers_of_traces_choose_their_options(ours: Pair) -> None:
    """`traceopts` by name, or by number."""
    for key in ("2", 2, "b"):
        opts = {"traceopts": {"plotly": {key: {"mode": "markers"}}}, **({"legend": ["a", "b"]} if key == "b" else {})}
        _, message = ours.said("line", {"Y": np.eye(2), "opts": opts})
        assert [trace["mode"] for trace in message["data"]] == ["lines", "markers"]


def test_a_table_of_rows_is_escaped(ours: Pair) -> None:
    """What stands in a cell is no markup."""
    _, message = ours.said("table", {"data": [{"a": "<b>", "b": 1}], "headers": ["b", "a"]})
    content = message["data"][0]["content"]
    assert html.escape("<b>") in content
    assert content.index("<th>b</th>") < content.index("<th>a</th>")
