"""Windows: messages of Visdom's client become panes of runs, and are told again as they were said."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from window_client import Client, line, picture

import tracker
from tracker.compat.visdom.windows import WindowError, Windows

# --- environments and windows -------------------------------------------------------------------------------


def test_every_window_comes_back_as_it_was_told(say: Client) -> None:
    """`get_window_data` and `set_window_data`, of one and of all."""
    say.show("l", [line([0], [0])], opts={"title": "l"})
    say.append("l", [line([1], [1])])
    say.show("t", [{"type": "text", "content": "x"}])
    say.show("p", [{"type": "image_history", "content": {"src": picture(1), "caption": "a"}}])
    say("update", win="p", data=[{"type": "image_history", "content": {"src": picture(2), "caption": "b"}}], opts={})
    every = json.loads(say("win_data", win=None))
    assert sorted(every) == ["l", "p", "t"]
    say("win_data", win=None, eid="copy", data=json.dumps(every))
    copied = json.loads(say("win_data", win=None, eid="copy"))
    for id in every:
        assert copied[id]["content"] == every[id]["content"], id
        assert (copied[id]["type"], copied[id]["title"]) == (every[id]["type"], every[id]["title"])
    changed = {**every["t"], "content": "y"}
    say("win_data", win="t", data=json.dumps(changed))
    assert say.told("t")["content"] == "y"


def test_environments_are_listed_forked_and_deleted(say: Client, again: Callable[[], Client]) -> None:
    """A fork is whole by itself; one that was deleted is listed no more, nor after a restart."""
    say.show("w", [line([0], [0])])
    say.append("w", [line([1], [1])])
    assert say("fork_env", prev_eid="main", eid="fork/1") == "fork/1"
    say("update", eid="fork/1", win="w", data=[line([2], [2])], append=True)
    say("env/other", eid="other")
    assert sorted(json.loads(say("env_state"))) == ["fork/1", "main", "other"]
    assert json.loads(say("save", data=["main", "nowhere", "fork/1"])) == ["main", "fork/1"]
    say("events", eid="gone", win="t", data=[{"type": "text", "content": "x"}])
    say("delete_env", eid="gone")
    assert "gone" not in json.loads(say("env_state"))
    after = again()
    assert json.loads(after("env_state")) == ["main", "fork/1"]
    assert json.loads(after("win_data", eid="fork/1", win="w"))["content"]["data"][0]["y"] == [0, 1, 2]
    assert after.told("w")["content"]["data"][0]["y"] == [0, 1]
    with pytest.raises(WindowError, match="no environment"):
        after("win_data", eid="nowhere", win="w")


def test_a_hash_is_another_after_each_change(say: Client) -> None:
    """32 hexadecimal digits."""
    say.show("w", [line([0], [0])])
    found = [say("win_hash", win="w")]
    for step in range(1, 4):
        say.append("w", [line([step], [step])])
        found.append(say("win_hash", win="w"))
    assert len(set(found)) == 4
    assert all(len(each) == 32 and int(each, 16) >= 0 for each in found)
    assert say("win_hash", win="nowhere") == "false"


def test_an_update_of_nothing_says_so(say: Client) -> None:
    """An append makes the window, as in Visdom."""
    assert say("update", win="new", data=[line([0], [0])], layout={}, opts={}) == "win does not exist"
    assert say.append("new", [line([0], [0])]) == "new"
    assert say("win_exists", win="new") == "true"
    assert say("win_exists", win="") == "false"


def test_several_messages_wait_once_and_fail_alone(windows: Windows) -> None:
    """In order, each with its own answer."""
    answers = windows.handle_all(
        [
            ("events", {"win": "t", "data": [{"type": "text", "content": "a"}]}),
            ("events", {"win": "t", "data": 3}),
            ("nowhere", {}),
            ("update", {"win": "t", "data": [{"type": "text", "content": "b"}]}),
            ("win_data", {"win": "t"}),
        ]
    )
    assert [type(answer).__name__ for answer in answers] == ["str", "WindowError", "WindowError", "str", "str"]
    assert json.loads(answers[4])["content"] == "a<br>b"


def test_a_run_of_another_process_is_left_alone(logdir: Path, train: Callable[..., Any]) -> None:
    """Two who write one run would not know of each other's windows."""
    training = train(
        "import sys, tracker, time\nrun = tracker.init(logdir=sys.argv[1], name='taken')\nprint('begun', flush=True)\ntime.sleep(60)",
        str(logdir),
    )
    assert training.says() == "begun"
    windows = Windows(logdir)
    with pytest.raises(WindowError, match="another process writes") as refused:
        windows.handle("events", {"eid": "taken", "win": "t", "data": [{"type": "text", "content": "a"}]})
    assert refused.value.status == 409
    training.end()
    assert windows.handle("events", {"eid": "taken", "win": "t", "data": [{"type": "text", "content": "a"}]}) == "t"
    windows.close()


def test_more_environments_than_are_held_open_go_on(logdir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that rest are finished, and resumed when something is said."""
    monkeypatch.setattr("tracker.compat.visdom.windows.MAX_OPEN", 2)
    windows = Windows(logdir)
    for turn in range(2):
        for name in "abcd":
            windows.handle("update", {"eid": name, "win": "w", "append": True, "data": [line([turn], [turn])]})
    assert [tracker.open(logdir).run(name).status for name in "abcd"] == ["finished", "finished", "running", "running"]
    for name in "abcd":
        told = json.loads(windows.handle("win_data", {"eid": name, "win": "w"}))
        assert told["content"]["data"][0]["y"] == [0, 1]
    windows.close()


# --- what the real client sent ------------------------------------------------------------------------------


def test_messages_of_the_real_client_become_panes(real_data: Path, say: Client, logdir: Path) -> None:
    """What visdom 0.2.4 sent while its demo ran: each message is done, and each window is there."""
    with gzip.open(real_data / "visdom" / "visdom_0.2.4_demo_messages.log.gz", "rt") as file:
        messages = [json.loads(text) for text in file]
    wins, refused = {}, []
    for endpoint, said in messages:
        answer = say.windows.handle(endpoint, said)
        wins[said["win"]] = said
        # Messages above 150 kB were left out, and repeats, so that some updates have no window.
        refused += [said["win"]] if answer != said["win"] else []
    panes = {pane.id: pane for pane in tracker.open(logdir).run("demo").panes()}
    assert set(wins) - set(panes) == set(refused)
    assert len(panes) >= 50
    assert {"text", "plot", "lines", "image", "svg", "properties", "network"} <= {pane.type for pane in panes.values()}
    for id in panes:
        assert json.loads(say.windows.handle("win_data", {"eid": "demo", "win": id}))["id"] == id
