"""A page that is killed while it asks a training for things, which dies as well, as the server does: nothing is lost silently."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from chromium import ABSENT
from chromium import path as chromium_path

from dashboard.cli import main as viz

pytest.importorskip("playwright.sync_api", reason="needs the test extra: pip install everystep[test]")


@pytest.mark.long
@pytest.mark.timeout(600)
def test_what_a_page_showed_as_asked_is_known_whoever_is_killed(logdir: Path, figure: Callable[[str], None]) -> None:
    """Sixty commands of pages and of a client; all three die at random moments, and each command has an end."""
    from killed_pages import play

    program = chromium_path()
    if program is None:
        pytest.skip(ABSENT)
    told = play(logdir, 60, 1, program)
    figure(f"controls: {told}; 0 twice, 0 lost silently")
    assert min(told.kills, told.servers, told.pages.kills) >= 1
    assert viz(["doctor", "--logdir", str(logdir)]) == 0
