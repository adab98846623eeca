"""docs/serving.md is true: its code logs the model, and each of its questions is answered as it says."""

from __future__ import annotations

import json
import re
import shlex
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from served import Served

from dashboard.serving import answering, rest, tensor_json
from dashboard.serving.limits import Limits

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "serving.md").read_text(encoding="utf-8")


def curl(words: list[str], base: str) -> str:
    """What curl would print."""
    address = words[-1].replace("http://127.0.0.1:6006", base)
    data = words[words.index("-d") + 1].encode() if "-d" in words else None
    try:
        with urllib.request.urlopen(urllib.request.Request(address, data)) as answer:
            return str(answer.read().decode())
    except urllib.error.HTTPError as error:
        with error:
            return error.read().decode()


def test_every_question_is_answered_as_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, serve: Callable[..., Served]
) -> None:
    """Copied and pasted, from top to bottom."""
    monkeypatch.chdir(tmp_path)
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.S)
    exec(compile(code, "docs/serving.md", "exec"), {})
    base = serve(tmp_path / "runs", "--no-token").base
    asked = [
        pair
        for block in re.findall(r"```console\n(.*?)```", PAGE, re.S)
        for pair in re.findall(r"^\$ (.*)\n(.*)$", block, re.M)
    ]
    assert asked.pop(0)[0].startswith("viz serve")
    assert len(asked) >= 10
    for command, said in asked:
        words = shlex.split(command)
        assert words[0] == "curl"
        assert json.loads(curl(words, base)) == json.loads(said), command


def test_its_numbers_are_those_of_the_code() -> None:
    """Bounds that somebody changes are changed in the page."""
    limits = Limits()
    assert f"more than {rest.MAX_BODY_BYTES >> 20} MiB" in PAGE
    assert f"{tensor_json.MAX_LISTS // 10**6} million lists" in PAGE
    assert f"{tensor_json.MAX_VALUES >> 20} million numbers" in PAGE
    assert f"an answer of more than {answering.MOST_ANSWERED // 10**6} million" in PAGE
    assert f"more than {limits.max_waiting:,} requests, or {limits.max_waiting_bytes >> 20} MiB" in PAGE
    assert f"within {limits.deadline_s:g} s" in PAGE
    assert f"up to {limits.max_batch} at a time" in PAGE
    assert (limits.newest, limits.kept_s, limits.max_open) == (2, 600.0, 16)
    assert "newest two" in PAGE
    assert "ten minutes" in PAGE
    assert "16 at the most" in PAGE
