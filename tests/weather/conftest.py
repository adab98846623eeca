"""Weather: processes that are killed, disks that fill, forks at the wrong moment. Real ones; nothing is mocked."""

from __future__ import annotations

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder is weather."""
    for item in items:
        if "weather" in item.path.parts:
            item.add_marker(pytest.mark.weather)
