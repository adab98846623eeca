"""Visdom's API over our store: `Windows` does what its server does with messages, `Visdom` makes them."""

from __future__ import annotations

from tracker.compat.visdom.client import Visdom

__all__ = ["Visdom"]

__version__ = "0.2.4"
"""Of the client whose surface this is."""
