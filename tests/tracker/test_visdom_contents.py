"""What Visdom's windows hold beside lines: heatmaps, texts, pictures, sheets, each added to and told again."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from window_client import Client, picture

import tracker
from tracker.compat.visdom.windows import WindowError

# --- heatmaps ----------------------------------------------------------------------------------------------


def heatmap(z: list[list[float]], x: Any = None, y: Any = None) -> dict[str, Any]:
    return {"type": "heatmap", "z": z, "x": x, "y": y, "zmin": None, "zmax": None, "colorscale": "Viridis"}


def grow(say: Client, direction: str, *data: Any) -> str:
    appends = direction != "replace"
    return say("update", win="h", data=[heatmap(*data)], append=appends, updateDir=direction, layout={}, opts={})


def test_rows_and_columns_are_added_to_a_heatmap(say: Client) -> None:
    """At each side, with their names."""
    say.show("h", [heatmap([[1, 2], [3, 4]], ["a", "b"], ["u", "v"])])
    grow(say, "appendRow", [[5, 6]], None, ["w"])
    grow(say, "prependRow", [[-1, 0]], None, ["t"])
    grow(say, "appendColumn", [[7], [8], [9], [10]], ["c"], None)
    grow(say, "prependColumn", [[0], [0], [0], [0]], ["z"], None)
    (told,) = say.told("h")["content"]["data"]
    assert told["z"] == [[0, -1, 0, 7], [0, 1, 2, 8], [0, 3, 4, 9], [0, 5, 6, 10]]
    assert (told["x"], told["y"]) == (["z", "a", "b", "c"], ["t", "u", "v", "w"])
    grow(say, "replace", [[1]], ["one"], ["1"])
    (told,) = say.told("h")["content"]["data"]
    assert (told["z"], told["x"]) == ([[1]], ["one"])


@pytest.mark.parametrize(
    ("direction", "data", "words"),
    [
        ("appendRow", ([[1, 2, 3]], None, ["w"]), "has 2 columns"),
        ("appendColumn", ([[1]], ["c"], None), "has 2 rows"),
        ("appendRow", ([[1, 2]], None, None), "have names"),
        ("appendRow", ([[1, 2]], None, ["u"]), "already"),
        ("sideways", ([[1, 2]], None, ["w"]), "updateDir"),
    ],
)
def test_rows_that_do_not_fit_are_refused(say: Client, direction: str, data: Any, words: str) -> None:
    """Visdom's own server says so in its log and answers as if it had been done."""
    say.show("h", [heatmap([[1, 2], [3, 4]], ["a", "b"], ["u", "v"])])
    with pytest.raises(WindowError, match=words):
        grow(say, direction, *data)
    assert say.told("h")["content"]["data"][0]["z"] == [[1, 2], [3, 4]]


# --- texts, pictures, sheets --------------------------------------------------------------------------------


def test_text_goes_on(say: Client, again: Callable[[], Client]) -> None:
    """Separated by a line break, as in Visdom; also after a restart."""
    say.show("t", [{"type": "text", "content": "one"}])
    for number in range(200):
        say("update", win="t", data=[{"type": "text", "content": f"line {number}"}], opts={})
    after = again()
    after("update", win="t", data=[{"type": "text", "content": "last"}], opts={})
    assert after.told("t")["content"] == "<br>".join(["one", *(f"line {number}" for number in range(200)), "last"])


def test_a_sound_a_film_and_a_drawing_are_what_they_are(say: Client, logdir: Path) -> None:
    """They come as HTML; their panes hold the bytes, and their HTML comes back as it was."""
    data = base64.b64encode(b"RIFF....").decode()
    texts = {
        "audio": f'\n  <audio controls>\n <source type="audio/wav" src="data:audio/wav;base64,{data}">\n  Your browser does not support the audio tag.\n </audio>\n  ',
        "video": f'<video controls autoplay loop><source type="video/mp4" src="data:video/mp4;base64,{data}">No.</video>',
        "svg": '<svg height="3" width="3"><ellipse cx="1"/></svg>',
    }
    for type, text in texts.items():
        say.show(type, [{"type": "text", "content": text}])
    stored = tracker.open(logdir).run("main")
    for type, text in texts.items():
        assert stored.pane(type).type == type
        assert say.told(type)["content"] == text
    assert [stored.pane(type).items[0].data for type in ("audio", "video")] == [b"RIFF....", b"RIFF...."]


@pytest.mark.parametrize(
    "text", ['<audio controls><source type="audio/wav" src="http://x/y.wav"></audio>', '<audio controls onplay="x()"><source type="audio/wav" src="data:audio/wav;base64,AA==">x</audio>', "<svg><script>x()</script></svg><p>y</p>"]
)  # fmt: skip
def test_what_only_looks_like_one_stays_html(say: Client, logdir: Path, text: str) -> None:
    """Which the page shows where nothing is fetched and nothing runs."""
    say.show("t", [{"type": "text", "content": text}])
    pane = tracker.open(logdir).run("main").pane("t")
    assert (pane.type, pane.content["html"], pane.content["text"]) == ("text", True, text)


def test_a_picture_is_stored_as_it_came(say: Client, logdir: Path) -> None:
    """The same bytes; the caption beside."""
    source = picture(7)
    say.show("p", [{"type": "image", "content": {"src": source, "caption": "seven"}}], opts={"width": 6, "height": 4})
    pane = tracker.open(logdir).run("main").pane("p")
    assert pane.items[0].data == base64.b64decode(source.partition(",")[2])
    assert say.told("p")["content"] == {"src": source, "caption": "seven"}


def test_a_history_of_pictures_keeps_them_all(say: Client, again: Callable[[], Client]) -> None:
    """From where it began: another picture under this name before is none of it."""
    say.show("p", [{"type": "image", "content": {"src": picture(99)}}])
    say.show("p", [{"type": "image_history", "content": {"src": picture(0), "caption": "0"}}])
    for number in range(1, 4):
        say(
            "update",
            win="p",
            data=[{"type": "image_history", "content": {"src": picture(number), "caption": str(number)}}],
            opts={},
        )
    after = again()
    told = after.told("p")
    assert [each["caption"] for each in told["content"]] == ["0", "1", "2", "3"]
    assert [each["src"] for each in told["content"]] == [picture(number) for number in range(4)]
    assert told["selected"] == 3


@pytest.mark.parametrize(
    "source",
    [
        "http://evil/x.png",
        "data:image/png;base64,AAAA",
        "data:text/html;base64,AAAA",
        "",
        None,
        3,
        "data:image/svg+xml;base64,AAAA",
    ],
)
def test_a_picture_from_elsewhere_is_refused(say: Client, source: Any) -> None:
    """Nothing is fetched for a pane."""
    with pytest.raises(WindowError, match="src"):
        say.show("p", [{"type": "image", "content": {"src": source}}])


def test_sheets_networks_and_embeddings_come_back(say: Client, again: Callable[[], Client]) -> None:
    """As they were said."""
    sheet = [
        {"type": "text", "name": "a", "value": "x"},
        {"type": "select", "name": "b", "value": 1, "values": ["r", "g"]},
    ]
    network = {
        "nodes": [{"name": 0, "label": "A"}, {"name": 1, "label": "B"}],
        "edges": [{"source": 0, "target": 1, "label": "e"}],
    }
    points = [
        {"position": [0.0, 1.0], "label": "x", "name": "Entity 0", "idx": 0, "group": 0},
        {"position": [1.0, 1.0], "label": "y", "name": "Entity 1", "idx": 1, "group": 1},
    ]
    say.show("s", [{"type": "properties", "content": sheet}])
    say.show("n", [{"type": "network", "content": network}], opts={"directed": True, "showEdgeLabels": True})
    say.show("e", [{"type": "embeddings", "content": {"isLoading": True}}])
    say.show("e", [{"type": "embeddings", "content": {"data": points}}])
    say("update", win="e", data={"update_type": "EntitySelected", "selected": {"html": "<b>", "entityId": "Entity 1"}})
    after = again()
    assert after.told("s")["content"] == sheet
    told = after.told("n")
    assert [node["label"] for node in told["content"]["nodes"]] == ["A", "B"]
    assert (told["content"]["edges"], told["directed"], told["showEdgeLabels"]) == (network["edges"], True, True)
    told = after.told("e")["content"]
    assert (told["data"], told["selected"]["entityId"], told["has_previous"]) == (points, "Entity 1", False)
    after("update", win="e", data={"update_type": "RegionSelected", "points": points[:1]})
    assert after.told("e")["content"]["data"] == points[:1]
    assert after.told("e")["content"]["has_previous"] is True
