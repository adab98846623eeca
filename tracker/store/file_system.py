"""What kind of file system holds a folder, which decides how SQLite may be used there."""

from __future__ import annotations

import os
import re
from functools import lru_cache
from pathlib import Path

LOCAL = frozenset(
    "apfs bcachefs btrfs devtmpfs ecryptfs erofs exfat ext2 ext3 ext4 f2fs hfs hfsplus iso9660 jffs2 jfs minix msdos "
    "nilfs2 ntfs ntfs3 overlay ramfs reiserfs rootfs squashfs tmpfs ubifs udf ufs vfat xfs zfs".split()
)
"""File systems of which it is known that whoever uses a folder there shares memory with all others who do."""


def is_shared(path: Path) -> bool:
    """Whether several machines, or a machine and its guests, may use a folder at once, without sharing memory.

    WAL needs shared memory between its users, so that there the rollback journal is used: slower, and right
    everywhere. A kind of file system that is not known to be local counts as shared: there is one for each maker of
    storage, and behind FUSE (`fuse.…`) may lie anything.
    """
    kind = kind_of(path)
    return kind != "" and kind not in LOCAL


def kind_of(path: Path) -> str:
    """The kind of the file system that holds `path`, as the mount table names it; empty where unknown."""
    try:
        mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return ""
    target = os.path.realpath(path)
    best, kind = "", ""
    for mount, its_kind in _mounts(mounts):
        inside = target == mount or target.startswith(mount.rstrip("/") + "/")
        if inside and len(mount) >= len(best):
            best, kind = mount, its_kind
    return kind


@lru_cache(maxsize=1)
def _mounts(table: str) -> list[tuple[str, str]]:
    """Folder and kind of each file system that is mounted."""
    halves = (line.partition(" - ") for line in table.splitlines())
    return [(unescaped(left.split(" ")[4]), right.split(" ")[0]) for left, _, right in halves]


def unescaped(mount: str) -> str:
    """A folder as the mount table writes it, in which blanks and backslashes stand as three octal digits.

    Not by Python's codec of escapes: it takes letters beyond ASCII apart, and is imported when it is first used, for
    which a process that is out of descriptors has none.
    """
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), mount)
