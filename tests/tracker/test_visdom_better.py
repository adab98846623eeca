"""Where our Visdom is better on purpose than Visdom's own client: what is given stays, gaps are gaps, nothing is needed."""

from __future__ import annotations

import base64
import html
import io
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from visdom_pair import Pair, pixels


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
