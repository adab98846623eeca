"""The watches of a logdir: on the logdir itself, on the mirror in it, and behind each link that is followed."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path

from watchdog.observers.api import BaseObserver

from dashboard.live.catalog import Catalog
from dashboard.live.file_watch import Watch, is_local, observer
from tracker import databases
from tracker.errors import StoreError

MOST_LINKS = 256
"""That are followed as they are written to: each costs a thread that sleeps. Behind others runs are looked at by the
clock."""


class Watches:
    """What the system, or a database, is asked to tell of.

    Args:
        catalog: Whose folders they are.
        tell: Told of folders that were written to.
        warn: Told in a sentence what cannot be watched, or followed.
    """

    def __init__(self, catalog: Catalog, tell: Callable[[Path], None], warn: Callable[[str], None]) -> None:
        self._catalog = catalog
        self._tell = tell
        self._warn = warn
        self._is_database = databases.of(catalog.root) is not None
        self._watches: dict[Path, Watch | databases.Listening] = {}
        self._observer: BaseObserver | None = None
        self._absent: set[Path] = set()
        """Folders that were not there when they were to be watched."""
        self._hears_since = math.inf
        """Since when the system has said what happens in every folder."""
        self._heard = 0.0
        """When it said last that something came which may be of another program's."""

    def __contains__(self, root: Path) -> bool:
        return root in self._watches

    def stop(self) -> None:
        """Ends all."""
        for watch in self._watches.values():
            watch.stop()
        if self._observer is not None:
            self._observer.stop()
            self._observer.join(timeout=2.0)

    @property
    def is_told(self) -> bool:
        """Whether the system says what happens in every folder: it does not where other machines write."""
        followed = [link.path for link in self._catalog.links if link.runs or not link.problem]
        return not self._is_database and all(
            root in self._watches and is_local(root)
            for root in (self._catalog.root, self._catalog.mirror, *followed)
            if root is not None and root.is_dir()
        )

    @property
    def is_replaced(self) -> bool:
        """Whether a folder that is followed has gone, has come, or is another one than before."""
        is_unheard = self._is_database and self._catalog.root not in self._watches
        is_over = is_unheard or any(watch.is_over for watch in self._watches.values())
        return is_over or any(map(Path.is_dir, self._absent))

    def has_heard_nothing(self, since: float) -> bool:
        """Whether no file of another program's can have come since a moment of the monotonic clock: the system says
        what comes, and said nothing of that kind."""
        return self._hears_since <= since and self._heard < since

    def begin(self) -> bool:
        """Watches what is to be followed and is not yet, and no more what is over.

        Returns:
            Whether anything was otherwise than before: what the last scan found may then be so no more.
        """
        links = [link for link in self._catalog.links if link.is_whole or link.leads_to_nothing]
        roots = {root for root in (self._catalog.root, self._catalog.mirror) if root is not None}
        roots.update(link.path for link in sorted(links, key=lambda link: not link.runs)[:MOST_LINKS])
        before = dict(self._watches), self._absent
        for over in [root for root, watch in self._watches.items() if watch.is_over or root not in roots]:
            self._watches.pop(over).stop()
        self._absent = set() if self._is_database else {root for root in roots if not root.is_dir()}
        for link in self._catalog.links:
            if link.problem and not link.path.name.startswith("."):  # an editor's lock is a link to nothing
                self._warn(str(link))
        for root in sorted(roots - self._absent - self._watches.keys()):
            self._begin(root)
        is_renewed = (self._watches, self._absent) != before
        is_told = self.is_told and not is_renewed
        self._hears_since = min(self._hears_since, time.monotonic()) if is_told else math.inf
        return is_renewed

    def _begin(self, root: Path) -> None:
        try:
            if inside := databases.of(root):
                self._watches[root] = inside[0].watch(self._tell)
                return
            self._observer = self._observer or observer()
            self._watches[root] = Watch(root, self._tell, self._observer, self._hear)
        except StoreError:  # it is asked by the clock meanwhile, and says itself that it is away
            return
        except OSError as error:
            if not root.is_dir():  # it has gone just now, and with it its runs
                self._absent = self._absent | {root}
                return
            self._warn(f"{root} cannot be watched ({error}); its runs are looked at twice a second instead")

    def _hear(self) -> None:
        self._heard = time.monotonic()
