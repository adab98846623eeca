"""The page's scripts, styles and pictures: read once, answered from memory.

A page begins by asking for seventy of them. Served as files, each took a thread to find and another to read
(measured: 3 to 5 ms each of a page's first half second); they are 700 kB, and are read for their digest in any case.
"""

from __future__ import annotations

import hashlib
import mimetypes
from collections.abc import Mapping, Sequence
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

KEPT_FOR_EVER = "private, max-age=31536000, immutable"
_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".html": "text/html"}
"""Not asked of the system, whose registry may call a script text/plain."""


class AssetFiles:
    """The files of a folder as they were when the server started.

    Args:
        folder: What is below it.
        joined: Files that are some of them, one after the other: name -> names.
    """

    def __init__(self, folder: Path, joined: Mapping[str, Sequence[str]] | None = None) -> None:
        self._files = {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }
        self._files |= {name: b"\n".join(self._files[part] for part in parts) for name, parts in (joined or {}).items()}
        digest = hashlib.blake2b(digest_size=8)
        for name, data in self._files.items():
            digest.update(name.encode() + data)
        self.digest = digest.hexdigest()
        """Names what they hold; it is in their address, so that a browser may keep them until they change."""

    def route(self) -> Route:
        """The route that answers with them."""
        return Route(f"/assets/{self.digest}/{{name:path}}", self._answer)

    async def _answer(self, request: Request) -> Response:
        name = request.path_params["name"]
        data = self._files.get(name)
        if data is None:
            raise HTTPException(404, "there is no such file of the page")
        form = _TYPES.get(Path(name).suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
        return Response(data, media_type=form, headers={"cache-control": KEPT_FOR_EVER})
