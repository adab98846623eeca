"""Which segments a reader opens."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tracker.store.read import read_only


def opened(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The segments that are opened from now on."""
    found: list[Path] = []
    known: Callable[..., Any] = read_only.connect

    def reading(path: Path, *patience: float) -> Any:
        found.append(path)
        return known(path, *patience)

    monkeypatch.setattr(read_only, "connect", reading)
    return found
