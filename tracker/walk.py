"""Walk: every folder below a logdir, each once, and through links as far as they lead to runs.

Who chooses runs by links has them shown; who has a link to `/` beside them does not have a disk gone through. So
folders that lie in the logdir come first, and keep their names whatever links are made; behind a link is looked
breadth first and at no more than a bounded number of entries, which each run found there raises; and no link is
followed up, to a folder in which it lies itself, or to the user's home.
"""

from __future__ import annotations

import errno
import heapq
import math
import os
from collections import deque
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

# Folders below a logdir that a walk will look into. A logdir pointed at a home folder by mistake must
# not walk a whole disk: 200,000 folders take about 2 s on a warm cache.
MAX_FOLDERS = 200_000

LOOK_ENTRIES = 50_000
"""What is looked at behind a link in which no run is found: some 30 ms (measured: 1,000 folders, or 50,000 files in
one). Folders of runs have one among their first; 1,000 folders hold any sweep's checkpoints or a run's own pictures."""

FOLDER_ENTRIES = 50
"""What opening a folder counts for: it takes as long as 50 entries of one that is open."""

RUN_ENTRIES = 5_000
"""What may be looked at besides for each run that was found."""

_GONE = (FileNotFoundError, NotADirectoryError, PermissionError)
_OURS = (errno.EMFILE, errno.ENFILE, errno.ENOMEM)
"""What is no folder's fault: asked again later, it is read."""


@dataclass(frozen=True)
class Link:
    """A link to a folder that was met, and what became of it.

    Attributes:
        path: Where it lies, as it is reached from the logdir.
        runs: Folders with runs that were found behind it.
        problem: Why it is not followed, or not to the end; empty where it is.
        is_whole: Whether all that lies behind it was gone through.
    """

    path: Path
    runs: int = 0
    problem: str = ""
    is_whole: bool = False

    @property
    def leads_to_nothing(self) -> bool:
        """Whether what it leads to may yet come."""
        return self.problem in (NOTHING, CIRCLE)

    def __str__(self) -> str:
        return f"{self.path}: {self.problem or 'no run lies behind it'}"


NOTHING = "it leads to nothing"
CIRCLE = "it leads in a circle of links"


class Walk:
    """Every folder below `root`, itself included, once each: gone through with `for folder, names in walk`.

    `folder` is a path as text, by the links through which it is reached; `names` are those of its files that are
    wanted. A folder that vanishes, or is closed to us, is left out; one reached by several links is given under the
    first of their names in order, and one that lies below `root` itself under its own.

    Args:
        root: Where to begin.
        wanted: Whether a file of this name is told of.
        holds_run: Whether a folder with a file of this name is a run's.
        skipped: Names of folders and links that are passed over.
        follow: Whether links are followed; without, `links` has all of them and knows nothing of them.

    Attributes:
        links: Links to folders that lead out of `root`, or to nothing, after the walk; those behind a link only where
            runs are.

    Raises:
        OSError: `root` cannot be read at the moment, or nothing can be opened by this process.
    """

    def __init__(
        self,
        root: Path,
        wanted: Callable[[str], bool],
        holds_run: Callable[[str], bool],
        skipped: Collection[str] = (),
        *,
        follow: bool = True,
    ) -> None:
        self.root = root
        self._links: list[tuple[_Look, Link]] = []
        self._wanted = wanted
        self._holds_run = holds_run
        self._skipped = skipped
        self._follow = follow
        self._opened = 0
        self._seen: set[tuple[int, int]] = set()
        """Folders behind links, by their numbers: a loop comes back to one of them, by whatever name."""
        self._waiting: list[tuple[str, _Look]] = []
        """Links that were met, and the look at the link behind which they lie."""

    @property
    def links(self) -> list[Link]:
        return [link for look, link in self._links if look.runs or not look.is_bounded]

    def __iter__(self) -> Iterator[tuple[str, list[str]]]:
        yield from self._below(str(self.root), _Look(math.inf))
        while self._waiting:
            path, look = heapq.heappop(self._waiting)
            real = os.path.realpath(path)
            if is_within(real, os.path.realpath(self.root)) and not is_within(os.path.realpath(self.root), real):
                continue  # it has its own name
            problem = why_not(path, self.root)
            if problem:
                self._links.append((look, Link(Path(path), problem=problem)))
            elif look.entries > 0:
                yield from self.behind(path, look)

    def behind(self, path: str, look: _Look | None = None) -> Iterator[tuple[str, list[str]]]:
        """The folders behind one link, that which it leads to first; what of them was given already is not again."""
        above = look or _Look(math.inf)
        look = above if above.is_bounded else _Look(LOOK_ENTRIES)
        before = self._opened
        runs = 0
        for folder, names in self._below(path, look):
            if any(map(self._holds_run, names)):
                runs += 1
                look.runs += 1
            yield folder, names
        if self._opened == before:
            return  # known by another name
        problem = ""
        if look.is_over:
            problem = (
                f"only the nearest {runs:,} runs behind it are shown, of a folder too large to be gone through"
                if runs
                else f"no run is near behind it, in {os.path.realpath(path)}: it is not followed"
            )
        self._links.append((above, Link(Path(path), runs, problem, is_whole=not look.is_over)))

    def _below(self, start: str, look: _Look) -> Iterator[tuple[str, list[str]]]:
        """A folder and all below it, breadth first, but for what lies behind links: these wait."""
        pending = deque([start])
        while pending:
            if look.entries <= 0 or self._opened >= MAX_FOLDERS:
                look.is_over = True
                return
            folder = pending.popleft()
            if look.is_bounded and not self._is_new(folder):
                continue
            self._opened += 1
            look.entries -= FOLDER_ENTRIES
            names: list[str] = []
            below: list[str] = []
            try:
                with os.scandir(folder) as entries:
                    for entry in entries:
                        look.entries -= 1
                        self._take(entry, names, below, look)
            except OSError as error:
                # It may vanish or be closed to us between listing and looking: the others still count.
                if error.errno in _OURS or (start == folder == str(self.root) and not isinstance(error, _GONE)):
                    raise
            if any(map(self._holds_run, names)):
                look.entries += RUN_ENTRIES
            pending.extend(sorted(below))
            yield folder, names

    def _take(self, entry: os.DirEntry[str], names: list[str], below: list[str], look: _Look) -> None:
        if entry.name in self._skipped:
            return
        if entry.is_dir(follow_symlinks=False):
            below.append(entry.path)
        elif not entry.is_symlink():
            if self._wanted(entry.name):
                names.append(entry.name)
        elif not self._follow:
            self._links.append((look, Link(Path(entry.path))))
        elif _is_folder(entry.path):
            heapq.heappush(self._waiting, (entry.path, look))
        elif self._wanted(entry.name):  # whoever reads it says what is wrong with it
            names.append(entry.name)
        elif not os.path.exists(entry.path):
            self._links.append((look, Link(Path(entry.path), problem=_why_nothing(entry.path))))

    def _is_new(self, folder: str) -> bool:
        try:
            found = os.stat(folder)
        except OSError:
            return False
        number = found.st_dev, found.st_ino
        if number in self._seen:
            return False
        self._seen.add(number)
        return True


class _Look:
    """How much more may be looked at behind a link, and behind the links that lie there."""

    def __init__(self, entries: float) -> None:
        self.entries = entries
        self.is_bounded = entries != math.inf
        self.runs = 0
        """Found there."""
        self.is_over = False
        """Whether something was left out for want of it."""


def why_not(path: str, root: Path) -> str:
    """Why a link that lies in a logdir is not followed; empty where it may be.

    Not to a folder in which it lies itself, nor one in which the logdir lies: what it held besides would be shown,
    with itself in it. Nor to the user's home or above it, where everything lies.
    """
    if not os.path.exists(path):
        return _why_nothing(path)
    target = os.path.realpath(path)
    if is_within(os.path.realpath(os.path.dirname(path)), target) or is_within(os.path.realpath(root), target):
        return f"it leads up, to {target}, in which it lies itself: it is not followed"
    if is_within(os.path.realpath(os.path.expanduser("~")), target):
        return f"it leads to {target}, in which a whole home lies: it is not followed"
    return ""


def is_reached(root: Path, folder: Path) -> bool:
    """Whether no link on the way from a logdir to a folder below it is one that is not followed.

    Of several links to a run one gives it its name; it may be asked for by all.
    """
    steps = [folder, *folder.parents][: len(folder.parts) - len(root.parts)]
    return not any(step.is_symlink() and why_not(str(step), root) for step in steps)


def _why_nothing(path: str) -> str:
    try:
        os.stat(path)
    except OSError as error:
        if error.errno == errno.ELOOP:
            return CIRCLE
    return NOTHING


def is_within(path: str, folder: str) -> bool:
    """Whether a real path is that of a folder, or of something below it."""
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _is_folder(path: str) -> bool:
    try:
        return os.path.isdir(path)
    except ValueError:  # a name that no system call takes
        return False
