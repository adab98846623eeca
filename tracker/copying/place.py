"""A place that one run is copied to: in a folder (`folder_place`), on a server or in a database (`server_place`)."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from tracker.errors import TrackerError
from tracker.store.run_page import RunPage
from tracker.store.shipment import Arrived, Shipment


class CopyError(TrackerError):
    """What cannot be copied, and why, in a sentence."""


class Place(Protocol):
    """Where one run is copied to. All of it may raise `CopyError`, and what the store or the server says."""

    def begun_by(self) -> str | None:
        """The segment that makes the run that lies there this one; None where none lies there. See `segments`."""

    def lacks(self, source: Path) -> Arrived | None:
        """How far it has a segment, by its file here; None where nothing of it is lacking."""

    def take(self, segment: str, shipment: Shipment) -> Arrived:
        """Takes rows; how far it has the segment then, whether it took them or stands elsewhere."""

    def take_whole(self, source: Path) -> bool:
        """Takes a file of before there were checksums as it is; whether it was lacking."""

    def files(self) -> dict[str, int]:
        """How many bytes it has of each file beside the segments."""

    def take_piece(self, name: str, at: int, data: bytes, size: int, digest: str) -> int:
        """Takes a piece of one; how many of its bytes it has then, whether it took it or stands elsewhere."""

    def say(self, page: RunPage) -> bool:
        """Takes over what is said of the run on the page; whether something was new."""

    def close(self) -> None:
        """Lets go of it."""
