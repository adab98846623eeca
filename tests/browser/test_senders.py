"""The machines that send runs to a server, on the page of machines."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tracker

ROWS = "[...document.querySelectorAll('.senders tbody tr')].map((row) => [...row.children].map((cell) => cell.textContent))"
SECTION = "document.querySelector('.machine-senders')"


def says(base: str, token: str, **standing: Any) -> None:
    """What a machine that sends says of itself."""
    body = json.dumps({"behind": 0, "segments": [], "known": [], **standing}).encode()
    headers = {"content-type": "application/json", "authorization": f"Bearer {token}"}
    request = urllib.request.Request(f"{base}/api/v1/segments/node", body, headers, method="POST")
    with urllib.request.urlopen(request) as answer:
        assert json.load(answer) == {"commands": {}, "fresh": None, "demand": "all"}


def test_each_machine_says_how_far_it_is(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """By name, whatever it is; with the project, when it was heard of, what has not arrived and what is written there."""
    with tracker.init(logdir=logdir, name="a") as run:
        run.log({"x": 1.0})
    lab, team = "l" * 20, "t" * 20
    served = serve(logdir, "--no-token", "--receive", "--write-token", lab, "--write-token", f"team={team}")
    page.goto(f"{served.base}/?p=machines")
    until(page, f"window.viz?.ready && {SECTION}?.hidden === true")
    says(served.base, lab, node="node-7", behind=12_345, segments=["20261130T000000-0123abcd"])
    says(served.base, team, node="<b>node</b>")
    until(page, f"{SECTION}.hidden === false && {ROWS}.length === 2")
    rows = page.evaluate(ROWS)
    assert [[row[0], *row[2:]] for row in rows] == [
        ["node-7", "12,345", "1 segment"],
        ["<b>node</b> · team", "0", "0 segments"],
    ]
    assert all(re.fullmatch(r"now|\d+ s ago", row[1]) for row in rows)


def test_a_server_that_takes_nothing_has_no_such_machines(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """The section is not there for who never heard of it."""
    with tracker.init(logdir=logdir, name="a") as run:
        run.log({"x": 1.0})
    page.goto(f"{serve(logdir, '--no-token').base}/?p=machines")
    until(page, f"window.viz?.ready && {SECTION} !== null")
    assert page.evaluate("fetch('api/v1/senders').then((answer) => answer.json())") == {"senders": None}
    assert page.evaluate(f"{SECTION}.hidden")
