"""Panes in files that say what no writer of ours would: each is the problem of its pane, and bounded."""

from __future__ import annotations

import contextlib
import json
import resource
import shutil
import sqlite3
import time
import zlib
from pathlib import Path
from typing import Any

import pytest
from every_kind import zipped
from forged import alter

import tracker
from tracker.errors import DamagedBytesError, DamagedStoreError, TrackerError
from tracker.values.markup import MAX_CHARACTERS


def forged(logdir: Path, statement: str, *values: Any) -> tuple[Any, Path]:
    """A run with a pane `p` that somebody changed, and one that is sound; its file."""
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        run.pane("p", "words", title="T")
        run.pane("sound", "sound words")
    (path,) = (logdir / "a").glob("events.*.sqlite")
    alter(path, statement, *values)
    return tracker.open(logdir).run("a"), path


MEDIA = "UPDATE media SET {} WHERE series=(SELECT id FROM series WHERE tag='p')"
DATA = "UPDATE blobs SET data=? WHERE hash=(SELECT blob FROM media JOIN series ON series.id=series WHERE tag='p')"

BOMBS = {
    "blanks": lambda: zipped([(b" ", 150_000_000)], 15),
    "a long text": lambda: zipped([(b'{"content":{"text":"', 1), (b"a", 80_000_000), (b'"}}', 1)], 15),
    "empty objects": lambda: zipped([(b'{"content":[', 1), (b"{},", 5_000_000), (b"{}]}", 1)], 15),
    "deep": lambda: zipped([(b"[", 5_000_000)], 15),
}


@pytest.mark.parametrize("name", BOMBS)
def test_what_unpacks_to_far_more_is_refused(logdir: Path, name: str) -> None:
    """With a sentence, quickly, and without the memory that it asks for."""
    found, _ = forged(logdir, DATA, BOMBS[name]())
    before, begun = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    with pytest.raises(DamagedBytesError, match=r"too large|damaged|deeply"):
        found.pane("p").content
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 400_000
    assert time.process_time() - begun < 20
    assert [pane.id for pane in found.panes()] == ["p", "sound"]


ODD = [
    b"",
    b"junk",
    zlib.compress(b""),
    zlib.compress(b"3"),
    zlib.compress(b"[]"),
    zlib.compress(b'"x"'),
    zlib.compress(b"[" * 900),
]


@pytest.mark.parametrize("data", ODD)
def test_what_is_no_pane_is_refused(logdir: Path, data: bytes) -> None:
    """As what it is: damaged."""
    found, _ = forged(logdir, DATA, data)
    with pytest.raises(DamagedBytesError):
        found.pane("p").content
    assert found.pane("sound").content["text"] == "sound words"


ATTRIBUTES = [
    {}, {"type": 3}, {"type": []}, {"type": "text", "title": {"a": 1}}, {"type": "text", "title": "x" * 5000}, {"type": "text", "width": "wide", "height": -1},
    {"type": "text", "width": 1e300, "height": True}, {"type": "text", "opts": [1]}, {"type": "hologram"}, {"type": "text", "appends": "yes"},
]  # fmt: skip


@pytest.mark.parametrize("said", ATTRIBUTES, ids=range(len(ATTRIBUTES)))
def test_what_is_said_of_a_pane_is_of_the_kind_that_it_should_be(logdir: Path, said: dict[str, Any]) -> None:
    """Or it is not there."""
    found, _ = forged(logdir, MEDIA.format("attributes=?"), json.dumps(said))
    pane = {each.id: each for each in found.panes()}["p"]
    assert isinstance(pane.type, str)
    assert pane.title is None or len(pane.title) <= 1000
    assert isinstance(pane.opts, dict)
    assert (pane.width, pane.height) == (None, None)
    assert found.pane("p").type == pane.type
    assert found.pane("sound").content["text"] == "sound words"


@pytest.mark.parametrize("attributes", ["3", "[1]", '{"type": ' + "[" * 900 + "]" * 900 + "}", "{", "x"])
def test_a_row_that_is_none_is_listed_as_damaged(logdir: Path, attributes: str) -> None:
    """Rather than hide the others."""
    found, _ = forged(logdir, MEDIA.format("attributes=?"), attributes)
    assert [(pane.id, pane.type) for pane in found.panes()][1] == ("sound", "text")
    assert found.panes()[0].type in ("damaged", "text")
    with contextlib.suppress(TrackerError, ValueError):
        found.pane("p")


def test_a_row_that_was_changed_is_listed_as_damaged(logdir: Path) -> None:
    """Its checksum says so."""
    found, path = forged(logdir, MEDIA.format("form=form"))
    connection = sqlite3.connect(path)
    connection.execute(MEDIA.format('attributes=\'{"type": "svg"}\''))
    connection.commit()
    connection.close()
    assert [(pane.id, pane.type) for pane in found.panes()] == [("p", "damaged"), ("sound", "text")]
    with pytest.raises(DamagedStoreError):
        found.pane("p")


def test_a_text_without_its_beginning_is_refused(logdir: Path) -> None:
    """Nor is one that goes on with what is none."""
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        run.pane("p", "a")
        run.pane("p", "b", append=True)
    (path,) = (logdir / "a").glob("events.*.sqlite")
    alter(path, 'UPDATE media SET attributes=\'{"type": "text", "appends": true}\'')
    with pytest.raises(DamagedStoreError, match="beginning is missing"):
        tracker.open(logdir).run("a").pane("p")
    alter(path, 'UPDATE media SET attributes=\'{"type": "text"}\' WHERE n=0')
    assert tracker.open(logdir).run("a").pane("p").content["text"] == "ab"
    alter(path, "UPDATE blobs SET data=?", zlib.compress(b'{"append": 3, "content": 3}'))
    with pytest.raises(DamagedBytesError, match="goes on with a text that is none"):
        tracker.open(logdir).run("a").pane("p").content


def test_a_writer_goes_on_where_what_stands_there_cannot_be_read(logdir: Path) -> None:
    """No stored pane ends a training: it begins anew."""
    for data in (
        b"junk",
        zlib.compress(b'{"content": {"traces": [3, {"name": 1}], "layout": 3}}'),
        zlib.compress(b'{"content": 3}'),
    ):
        forged(logdir, DATA, data)
        with tracker.init(logdir=logdir, name="a", resume="must", machine=False) as run:
            run.pane("p", "more", append=True)
            run.flush()
            assert tracker.open(logdir).run("a").pane("p").content["text"].endswith("more")
        shutil.rmtree(logdir / "a")


def test_a_text_of_many_pieces_is_bounded(logdir: Path) -> None:
    """Each piece may be small: all of them together are not more than a text can be."""
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        run.pane("p", "a")
        for _ in range(30):
            run.pane("p", "b", append=True)
    (path,) = (logdir / "a").glob("events.*.sqlite")
    piece = zlib.compress(json.dumps({"append": "x" * MAX_CHARACTERS}).encode())
    alter(path, "UPDATE blobs SET data=? WHERE hash=(SELECT blob FROM media WHERE n=1)", piece)
    found = tracker.open(logdir).run("a").pane("p")
    with pytest.raises(DamagedBytesError, match="too large"):
        found.content
