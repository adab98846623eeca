"""A database, as a shipper asks it: rows go into it directly, by the same hands as on a server that receives them."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from tracker import postgres
from tracker.errors import DamagedBytesError, LogdirError, MissingPackageError, NewerSchemaError, StoreError
from tracker.ship.server import DeletedThereError, ForbiddenError, RefusedRowsError, UnreachableError
from tracker.store.read import commands, page_tables
from tracker.store.read.run_files import RunFiles
from tracker.store.run_folder_files import PlaceError
from tracker.store.run_page import RunPage
from tracker.store.shipment import Arrived, CursorError, DeletedError, Shipment

if TYPE_CHECKING:
    from tracker.receive.receiver import Receiver

T = TypeVar("T")

LOOK_S = 0.5
"""Between two looks whether something is asked."""

ANEW_S = 4.0
"""After which it is read again whether a run has answered what it was asked."""


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
        self._heard: dict[Path, tuple[page_tables.Stamp | None, float]] = {}
        """By the folder of a run: as of when it was last read what it is asked, and when that was."""

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

    def hear(self, standing: dict[str, Any]) -> dict[str, Any]:
        def act(taking: Receiver) -> dict[str, Any]:
            folders: dict[Path, str] = {}
            for segment in standing["segments"]:
                with contextlib.suppress(DeletedError):
                    path = taking.place("", segment)
                    if path is not None:
                        folders.setdefault(path.parent, segment)
            found = {folder: self._news(folder, stamp) for folder, stamp in page_tables.stamps(folders).items()}
            self._heard = {folder: heard for folder, heard in self._heard.items() if folder in folders}
            return {
                folders[folder]: new
                for folder, asked in found.items()
                if (new := [each._asdict() for each in asked if each.nonce not in standing["known"]])
            }

        found = self._asked(act)
        if not found:
            time.sleep(min(LOOK_S, standing["wait"]))
        return {"commands": found, "fresh": None, "demand": standing["demand"]}

    def _news(self, folder: Path, stamp: page_tables.Stamp | None) -> list[commands.Asked]:
        """What a run was asked and has not answered, read where something was said since, and now and then."""
        before, at = self._heard.get(folder, (None, 0.0))
        now = time.monotonic()
        if stamp is None or (stamp == before and now - at < ANEW_S):
            return []
        found = commands.unanswered(RunFiles(folder), folder)
        self._heard[folder] = (stamp, now)
        return found

    def another(self) -> Database:
        return Database(self._url)

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
        except (UnstoredError, StoreError, LogdirError) as error:
            raise UnreachableError(f"{self.address}: {_said(error)}") from error
        except DamagedBytesError as error:
            raise RefusedRowsError(f"{self.address}: {_said(error)}") from error


def _said(error: Exception) -> str:
    return " ".join(str(error).split())
