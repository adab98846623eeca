"""A database, as a shipper asks it: rows go into it directly, by the same hands as on a server that receives them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from tracker import postgres
from tracker.errors import DamagedBytesError, LogdirError, MissingPackageError, NewerSchemaError
from tracker.ship.server import DeletedThereError, ForbiddenError, RefusedRowsError, UnreachableError
from tracker.store.run_folder_files import PlaceError
from tracker.store.run_page import RunPage
from tracker.store.shipment import Arrived, CursorError, DeletedError, Shipment

if TYPE_CHECKING:
    from tracker.receive.receiver import Receiver

T = TypeVar("T")


class Database:
    """One database; see `elsewhere.Elsewhere`. It is opened with the first question, and its tables are made then.

    Args:
        url: Its address.
        run: The run that segments are to lie in, whatever they say.

    Raises:
        LogdirError: `url` is none.
        MissingPackageError: what speaks with it is not installed.
    """

    def __init__(self, url: str, run: str | None = None) -> None:
        self.address = postgres.shown(url)
        self._url = url
        self._run = run
        self._receiver: Receiver | None = None

    def arrived(self, segment: str, beside: str | None = None) -> Arrived:
        return self._asked(lambda taking: taking.arrived("", segment, beside, self._run))

    def send(
        self, segment: str, shipment: Shipment, beside: str | None = None, *, is_followed: bool = False
    ) -> Arrived:
        def act(taking: Receiver) -> Arrived:
            try:
                return taking.take("", segment, shipment, beside, self._run, is_followed=is_followed)
            except CursorError as error:
                return error.arrived

        return self._asked(act)

    def files(self, segment: str) -> dict[str, int]:
        return self._asked(lambda taking: taking.files("", segment, self._run))

    def send_piece(self, segment: str, name: str, at: int, data: bytes, size: int, digest: str) -> int:
        from tracker.receive.receiver import Piece

        piece = Piece(name, at, data, size, digest)

        def act(taking: Receiver) -> int:
            try:
                return taking.take_piece("", segment, piece, self._run)
            except PlaceError as error:
                return error.size

        return self._asked(act)

    def of_run(self, name: str) -> Database:
        return Database(self._url, name)

    def begun_by(self) -> str | None:
        return self._asked(lambda taking: taking.begun_by("", self._of_run()))

    def say(self, page: RunPage) -> bool:
        return self._asked(lambda taking: taking.say("", self._of_run(), page))

    def close(self) -> None:
        if self._receiver is not None:
            self._receiver.close()
            self._receiver = None

    def _of_run(self) -> str:
        assert self._run is not None
        return self._run

    def _asked(self, question: Callable[[Receiver], T]) -> T:
        from tracker.receive.receiver import Receiver, UnstoredError

        try:
            if self._receiver is None:
                self._receiver = Receiver(postgres.open_to_write(self._url))
            return question(self._receiver)
        except (NewerSchemaError, MissingPackageError) as error:
            raise ForbiddenError(_said(error)) from error
        except DeletedError as error:
            raise DeletedThereError(f"{self.address}: {_said(error)}") from error
        except (UnstoredError, LogdirError) as error:
            raise UnreachableError(f"{self.address}: {_said(error)}") from error
        except DamagedBytesError as error:
            raise RefusedRowsError(f"{self.address}: {_said(error)}") from error


def _said(error: Exception) -> str:
    return " ".join(str(error).split())
