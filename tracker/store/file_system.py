"""What kind of file system holds a folder, which decides how SQLite may be used there."""

from __future__ import annotations

import os
import re
from pathlib import Path

# File systems on which several machines, or a machine and its guests, share a folder without sharing memory:
# WAL needs shared memory between its users, so that there the rollback journal is used.
NETWORK = frozenset(
    "9p afs beegfs ceph cifs fuse fuse.sshfs fuse.gcsfuse fuse.s3fs fuseblk glusterfs gpfs lustre ncpfs nfs nfs4 "
    "orangefs pvfs2 smb smb2 smb3 smbfs virtiofs".split()
)


def kind_of(path: Path) -> str:
    """The kind of the file system that holds `path`, as the mount table names it; empty where unknown."""
    try:
        mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return ""
    target = os.path.realpath(path)
    best, kind = "", ""
    for line in mounts.splitlines():
        left, _, right = line.partition(" - ")
        mount = unescaped(left.split(" ")[4])
        inside = target == mount or target.startswith(mount.rstrip("/") + "/")
        if inside and len(mount) >= len(best):
            best, kind = mount, right.split(" ")[0]
    return kind


def unescaped(mount: str) -> str:
    """A folder as the mount table writes it, in which blanks and backslashes stand as three octal digits.

    Not by Python's codec of escapes: it takes letters beyond ASCII apart, and is imported when it is first used, for
    which a process that is out of descriptors has none.
    """
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), mount)
