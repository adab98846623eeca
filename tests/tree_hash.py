"""A hash of all that lies below a folder, for tests of what must not change."""

from __future__ import annotations

import hashlib
from pathlib import Path


def tree(root: Path) -> str:
    """Names, kinds, times and contents."""
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        digest.update(f"{path} {path.lstat().st_mode} {path.lstat().st_mtime_ns}".encode())
        if path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()
