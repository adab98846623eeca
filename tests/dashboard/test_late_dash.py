"""Dash is imported while the server answers: it gives way, and comes nevertheless."""

from __future__ import annotations

import importlib
import sys
import threading
import time
from pathlib import Path

import pytest

from dashboard.late_dash import Courtesy


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Three modules that import one another."""
    names = ["courtesy_a", "courtesy_b", "courtesy_c"]
    for name, after in zip(names, [*names[1:], ""], strict=True):
        (tmp_path / f"{name}.py").write_text(f"import {after}" if after else "", encoding="utf-8")
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    return names


def test_an_import_waits_while_somebody_is_answered(modules: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """It stops before its next module, and goes on when the answer is there. Other threads import as they like."""
    busy = threading.Event()
    busy.set()
    asked = threading.Event()

    def is_busy() -> bool:
        asked.set()
        return busy.is_set()

    def act() -> None:
        monkeypatch.setattr(sys, "meta_path", [Courtesy(threading.get_ident(), is_busy, 60.0), *sys.meta_path])
        importlib.import_module(modules[0])

    thread = threading.Thread(target=act)
    thread.start()
    assert asked.wait(10)
    importlib.import_module("colorsys")  # nobody's business
    assert modules[0] not in sys.modules
    busy.clear()
    thread.join(10)
    assert not thread.is_alive()
    assert set(modules) <= set(sys.modules)


def test_patience_ends(modules: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that asks without end gets its controls all the same."""
    courtesy = Courtesy(threading.get_ident(), lambda: True, 0.05)
    monkeypatch.setattr(sys, "meta_path", [courtesy, *sys.meta_path])
    began = time.monotonic()
    importlib.import_module(modules[0])
    assert time.monotonic() - began >= 0.05
    assert set(modules) <= set(sys.modules)
