"""The page's scripts, styles and pictures: read once, answered from memory.

Served as files, each took a thread to find and another to read (measured: 3 to 5 ms each of a page's first half
second); they are 900 kB, and are read for their digest in any case. What is made of several of them is made when it is
first asked for.
"""

from __future__ import annotations

import hashlib
import mimetypes
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

KEPT_FOR_EVER = "private, max-age=31536000, immutable"
_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".html": "text/html"}
"""Not asked of the system, whose registry may call a script text/plain."""


class AssetFiles:
    """The files of a folder as they were when the process first served them.

    Args:
        folder: What is below it.
        made: What is made of them, by name: called once, when it is first asked for.
        policies: Content-Security-Policy of those that have one of their own, by name.
    """

    def __init__(
        self, folder: Path, made: Mapping[str, Callable[[], str]], policies: Mapping[str, str] | None = None
    ) -> None:
        files, self.digest = _read(folder)
        """Names what they hold; it is in their address, so that a browser may keep them until they change."""
        self._files = dict(files)
        self._made = made
        self._policies = policies or {}

    def route(self) -> Route:
        """The route that answers with them."""
        return Route(f"/assets/{self.digest}/{{name:path}}", self._answer)

    async def _answer(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in self._files and name in self._made:
            self._files[name] = self._made[name]().encode()
        data = self._files.get(name)
        if data is None:
            raise HTTPException(404, "there is no such file of the page")
        form = _TYPES.get(Path(name).suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
        own = {"content-security-policy": self._policies[name]} if name in self._policies else {}
        return Response(data, media_type=form, headers={"cache-control": KEPT_FOR_EVER, **own})


@lru_cache(maxsize=2)
def _read(folder: Path) -> tuple[Mapping[str, bytes], str]:
    """What is in the files of a folder, by name, and a digest of it; read once, for all servers of a process."""
    files = {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }
    digest = hashlib.blake2b(digest_size=8)
    for name, data in files.items():
        digest.update(name.encode() + data)
    return files, digest.hexdigest()
