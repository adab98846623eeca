"""Senders that a training begins, which end soon after all is there, and not a minute later."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

HOOK = """
import sys
if 'tracker.ship' in sys.orig_argv:
    from tracker.ship import shipper
    run = shipper.Shipper.run
    shipper.Shipper.run = lambda self, **said: run(self, **{**said, **%r})
"""


def begin(folder: Path, monkeypatch: pytest.MonkeyPatch, **said: float) -> None:
    """From now on, in processes that are begun here.

    Args:
        folder: For what they import first; made.
        said: In the place of what they say to `Shipper.run`.
    """
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(HOOK % said)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]))
