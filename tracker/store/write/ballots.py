"""Ballots: small files by which the processes of one run come to an agreement. Each is there whole, or is not there.

What is *created* is created once, whoever tries: a hard link to a file that is complete, which is one call on every
file system that has links, those of networks included. What is *put* belongs to one process and is replaced.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

LARGEST_BYTES = 8 << 20
"""More than the commands of one proposal take; what is larger is nobody's ballot."""


class Ballots:
    """The files of a folder as JSON objects by name.

    Raises:
        OSError: of every method, when the disk does not do it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def create(self, name: str, content: dict[str, Any]) -> bool:
        """Makes a file that is not there yet; False where somebody was faster."""
        return bool(self._moved(content, name, self._linked))

    @staticmethod
    def _linked(partial: Path, path: Path) -> bool:
        try:
            os.link(partial, path)
        except FileExistsError:
            return False
        finally:
            partial.unlink(missing_ok=True)
        return True

    def put(self, name: str, content: dict[str, Any]) -> None:
        """Makes a file or replaces it."""
        self._moved(content, name, os.replace)

    def _moved(self, content: dict[str, Any], name: str, move: Callable[[Path, Path], Any]) -> Any:
        """Gives a file with the content its name."""
        try:
            return move(self._written(content), self.folder / name)
        except FileNotFoundError:  # who left last took the folder away meanwhile
            return move(self._written(content), self.folder / name)

    def read(self, name: str) -> dict[str, Any] | None:
        """What a file holds; None where there is none, or something else."""
        try:
            with open(self.folder / name, "rb") as file:
                found = json.loads(file.read(LARGEST_BYTES))
        except (FileNotFoundError, NotADirectoryError, ValueError, RecursionError):
            return None
        return found if isinstance(found, dict) else None

    def remove(self, name: str) -> None:
        """Takes a file away, if it is there."""
        (self.folder / name).unlink(missing_ok=True)

    def names(self) -> list[str]:
        """What lies in the folder, but for what is being written."""
        try:
            return sorted(name for name in os.listdir(self.folder) if not name.startswith("."))
        except (FileNotFoundError, NotADirectoryError):
            return []

    def age_s(self, name: str) -> float:
        """How much older a file is than what is written now, by the clock of the disk; 0 where there is none."""
        probe = self._written({})
        try:
            return probe.stat().st_mtime - (self.folder / name).stat().st_mtime
        except FileNotFoundError:
            return 0.0
        finally:
            probe.unlink(missing_ok=True)

    def clear(self) -> None:
        """Takes the folder away, if nobody writes in it."""
        with contextlib.suppress(OSError):  # it is away, or there is something new in it
            for name in os.listdir(self.folder):  # also what a killed process was writing
                self.remove(name)
            self.folder.rmdir()

    def _written(self, content: dict[str, Any]) -> Path:
        """The content in a file that nobody looks at."""
        self.folder.mkdir(exist_ok=True)  # and not those above it: the run may be in the trash by now
        partial = self.folder / f".{secrets.token_hex(6)}"
        try:
            with open(partial, "xb") as file:
                file.write(json.dumps(content).encode())
        except BaseException:
            with contextlib.suppress(OSError):
                partial.unlink()
            raise
        return partial
