"""The store that rows are sent to: a server over HTTP (`server`), or a database directly (`database`)."""

from __future__ import annotations

from typing import Any, Protocol

from tracker import databases
from tracker.ship.database import Database
from tracker.ship.server import Server
from tracker.store.run_page import RunPage
from tracker.store.shipment import Arrived, Shipment


class Elsewhere(Protocol):
    """What is asked of either. All of it may raise `UnreachableError`, `ForbiddenError`, `RefusedRowsError`."""

    address: str
    """As it is told to people, and what is remembered of it is called by."""

    def arrived(self, segment: str, beside: str | None = None) -> Arrived:
        """How far it has a segment, or the copy of one that lies beside another."""

    def send(
        self, segment: str, shipment: Shipment, beside: str | None = None, *, is_followed: bool = False
    ) -> Arrived:
        """Sends rows; how far it has the segment then, whether it took them or stands elsewhere.

        Args:
            segment: Its name.
            shipment: The rows.
            beside: As of `arrived`.
            is_followed: Whether more is sent at once: these may become durable there with it.
        """

    def files(self, segment: str) -> dict[str, int]:
        """The files beside a segment that it has, or some of, and how many bytes of each."""

    def send_piece(self, segment: str, name: str, at: int, data: bytes, size: int, digest: str) -> int:
        """Sends a piece of such a file; how many of its bytes are there then, whether it was taken or not."""

    def of_run(self, name: str) -> Elsewhere:
        """The same, where segments lie in the run that is called so, and not where they say that they belong."""

    def begun_by(self) -> str | None:
        """The segment that began that run there; None where there is none."""

    def say(self, page: RunPage) -> bool:
        """Says what is said of that run on the page here; whether something was new."""

    def hear(self, standing: dict[str, Any]) -> dict[str, Any]:
        """Says how this machine stands; what its runs are asked, by segment (`commands`), and the tags of which single
        points are wanted (`fresh`, None for all; `demand` names them).

        Args:
            standing: `node`, `behind`, `rate`, `demand` as it is known here, `segments` that live here, the nonces of
                commands that are `known` here, and how many seconds to `wait` for one at the most.
        """

    def another(self) -> Elsewhere:
        """The same on a connection of its own."""

    def close(self) -> None:
        """Lets go of what is held open; the next question opens it again."""


def elsewhere(url: str, token: str | None) -> Elsewhere:
    """The store at an address.

    Args:
        url: `https://host/path`, or `postgresql+psycopg://…`.
        token: What a server wants to be shown; None for none.

    Raises:
        ServerAddressError, LogdirError: it is no address of one.
        MissingPackageError: what speaks with a database is not installed.
    """
    return Database(url) if databases.is_address(url) else Server(url, token)
