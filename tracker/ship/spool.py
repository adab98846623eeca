"""Where a training writes whose runs are to be in a database: on its own disk, as always, from where they are sent."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from tracker import postgres


def folder_of(address: str) -> Path:
    """The logdir on this machine of runs that are sent to a database: `$VIZ_SPOOL`, else in the user's data folder.

    Raises:
        LogdirError: `address` is none of a database.
        MissingPackageError: what speaks with it is not installed.
    """
    own = own_folder(address)
    given = os.environ.get("VIZ_SPOOL")
    return Path(os.path.abspath(os.path.expanduser(given))) if given else own


def own_folder(address: str) -> Path:
    """That in the user's data folder: what lies there is for this database, and for nobody else.

    Raises:
        LogdirError, MissingPackageError: as `folder_of`.
    """
    shown = postgres.shown(address)
    base = os.environ.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share")
    return Path(base) / "everystep" / "spool" / hashlib.blake2b(shown.encode(), digest_size=8).hexdigest()
