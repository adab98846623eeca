"""Names of environments: any text is a folder, and the folder says the text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker import logdir
from tracker.compat.visdom.environment_name import config_of, environment_of, run_name

ODD = [
    "main", "a_b", "a/b", "", "/", "//", "a//b", ".", "..", "../../etc/passwd", "a/../b", "a\nb", "\0", "%", "%41", "%_", "a%/b", "~x", " ", " a ",
    "C:x", "a\\b", ".trash", ".claimed", "page.sqlite", "events.1.sqlite", "x" * 500, "💥" * 500, "\0" * 500, "ü" * 300, "\ud800", "x" * 180, "x" * 181,
]  # fmt: skip


@pytest.mark.parametrize("name", ODD, ids=range(len(ODD)))
def test_an_odd_name_is_a_folder_and_comes_back(name: str) -> None:
    """No dots, nothing that a run may not be called, and short enough for SQLite."""
    run = run_name(name)
    assert logdir.check_run_name(run, typed=True) == run
    assert len(run.encode()) <= 200
    assert not {".", ".."} & set(run.split("/"))
    assert environment_of(run, config_of(name)) == name


@given(st.text(max_size=500))
def test_any_name_comes_back(name: str) -> None:
    """So that no two environments are one run."""
    run = run_name(name)
    assert logdir.check_run_name(run, typed=True) == run
    assert environment_of(run, config_of(name)) == name


@pytest.mark.parametrize("name", ["main", "mnist_adam", "team/mnist/3", "2026-11-23 lr=0.1", "größe", "a.b"])
def test_a_plain_name_is_that_of_its_run(name: str) -> None:
    """Whoever looks into the logdir finds it."""
    assert run_name(name) == name
    assert config_of(name) is None


@pytest.mark.parametrize("run", ["a%", "x%/y", "é%zz", "%", "%41", "a/%_b", "x" * 600, run_name("x" * 500)])
def test_a_run_that_no_environment_is_has_no_name(run: str) -> None:
    """Whatever lies in a logdir: it is not listed by a name that leads elsewhere."""
    assert environment_of(run) is None


def test_a_name_of_501_characters_is_refused() -> None:
    """Not cut: two would be one."""
    with pytest.raises(ValueError, match="500 characters"):
        run_name("x" * 501)
