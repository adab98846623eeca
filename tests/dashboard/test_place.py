"""What may be written for --path-prefix and --allow-host, and what a path below a prefix is."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urljoin

import pytest
from command import viz
from hypothesis import given
from hypothesis import strategies as st

from dashboard.server.public_address import AddressError, allowed_name, below, path_prefix

PREFIXES = {
    "": "", "/": "", "viz": "/viz", "/viz": "/viz", "/viz/": "/viz", "viz/": "/viz", "/a/b/c": "/a/b/c", "/user/me@x.org": "/user/me@x.org",
    "/proxy/6006": "/proxy/6006", "/a.b-c_d~e": "/a.b-c_d~e", "/...": "/...", "/v1.0": "/v1.0",
}  # fmt: skip
NO_PREFIXES = [
    "../x", "/../x", "..", ".", "/x/..", "/x/../y", "./x", "/x/./y", "//x", "/x//y", "/x//", "//", "http://h/x", "//h/x", " ", "/a b", " /viz", "/viz\n",
    "/viz?x", "/viz#x", "/%76iz", "/%2e%2e", "/viz\\x", "C:\\viz", "/vîz", '/v"z', "/<viz>", "/{viz}", "/viz\x00", "/viz|x", "/viz^", "/viz`", "/\u202ex",
]  # fmt: skip


@pytest.mark.parametrize(("text", "prefix"), PREFIXES.items())
def test_a_path_is_taken_with_and_without_its_slashes(text: str, prefix: str) -> None:
    """As one writes it in nginx, or in a shell."""
    assert path_prefix(text) == prefix


@pytest.mark.parametrize("text", NO_PREFIXES)
def test_what_is_no_path_is_refused(text: str) -> None:
    """A browser would ask for something else than was written, so that nothing would ever be found there."""
    if text == "//":
        assert path_prefix(text) == ""
        return
    with pytest.raises(AddressError, match="--path-prefix takes the path of the page"):
        path_prefix(text)


@given(st.text(max_size=12))
def test_a_path_that_is_taken_is_the_one_a_browser_asks_for(text: str) -> None:
    """Resolved against an address it stays what it was, and what lies below it is found there."""
    try:
        prefix = path_prefix(text)
    except AddressError:
        return
    assert urljoin("http://x/", f"{prefix}/") == f"http://x{prefix}/"
    assert below(f"{prefix}/api", prefix) == "/api"
    assert below(f"{prefix}x/api", prefix) is None or not prefix


@pytest.mark.parametrize(
    ("path", "rest"), [("/viz", ""), ("/viz/", "/"), ("/viz/a", "/a"), ("//viz//a", "/a"), ("/", None), ("", None), ("/vizier", None), ("/a/viz/", None), ("/viz/../x", "/../x")]
)  # fmt: skip
def test_the_rest_of_a_path(path: str, rest: str | None) -> None:
    """What is cut off is whole parts only."""
    assert below(path, "/viz") == rest


NAMES = {"training.example": "training.example", "Training.Example": "training.example", "training.example.": "training.example", "10.0.0.7": "10.0.0.7", "::1": "::1", "[fe80::1]": "fe80::1", "münchen.example": "xn--mnchen-3ya.example", "host_1": "host_1"}  # fmt: skip
NO_NAMES = [
    "", " ", "*", "*.example", "https://training.example", "training.example:8080", "training.example/viz", "a b", "a,b", "a@b", "[::1", "[::1]:80", "x" * 300, "a..b", "a\n", "<b>"
]  # fmt: skip


@pytest.mark.parametrize(("text", "name"), NAMES.items())
def test_a_name_is_taken_as_browsers_say_it(text: str, name: str) -> None:
    """In small letters, without brackets, in ASCII."""
    assert allowed_name(text) == name


@pytest.mark.parametrize("text", NO_NAMES)
def test_what_is_no_name_is_refused(text: str) -> None:
    """With the name that is in it, where there is one."""
    with pytest.raises(AddressError, match="--allow-host takes a name") as refused:
        allowed_name(text)
    if "training" in text:
        assert str(refused.value).endswith("; write --allow-host training.example")


@pytest.mark.parametrize(
    "words", [["--path-prefix", "../x"], ["--path-prefix", "/a b"], ["--allow-host", "training.example", "--allow-host", "https://training.example"]], ids=str
)  # fmt: skip
def test_the_command_refuses_them_before_anything_listens(logdir: Path, words: list[str]) -> None:
    """One line, status 2."""
    said = viz("serve", "--logdir", logdir, *words)
    assert (said.returncode, said.stdout) == (2, "")
    assert said.stderr.startswith(f"viz: {words[0]} takes")
    assert len(said.stderr.splitlines()) == 1
