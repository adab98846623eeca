"""The HTTP interface to exports: a file with every point of some runs and tags."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from typing import BinaryIO

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from dashboard.export import files
from dashboard.http.requests import body_of
from tracker.errors import MissingPackageError
from tracker.store.read.left_out import LeftOut
from tracker.store.read.reader import Store

MAX_EXPORTED = 10_000
MAX_NAMED_RUNS = 50
MAX_SENTENCE = 1000
"""Of a header: browsers take some tens of kilobytes of all of them."""

PIECE_BYTES = 256 * 1024


def routes(store: Callable[[], Store]) -> list[Route]:
    """The route /api/v1/export.

    Args:
        store: Opens the logdir.
    """

    async def export(request: Request) -> Response:
        """A file with every point of some runs and tags: {form, runs, tags}; without tags of all."""
        body = await body_of(request)
        form, chosen = body.choice("form", files.FORMS), body.texts("runs", MAX_EXPORTED)
        only = frozenset(body.texts("tags", MAX_EXPORTED)) if body.has("tags") else None

        def write() -> tuple[BinaryIO, files.Written]:
            found, missing = [], LeftOut()
            for name in chosen:
                with missing.reading(name):
                    found.append(store().run(name))
            # A file without a name, which the system takes back whatever becomes of us.
            file = tempfile.TemporaryFile(prefix="everystep-")  # noqa: SIM115 it is sent, and then closed
            try:
                written = files.write(form, found, file, only)
                missing.parts.update(written.left_out.parts)
                file.seek(0)
            except BaseException:
                with contextlib.suppress(OSError):
                    file.close()
                raise
            return file, files.Written(written.points, missing)

        try:
            file, written = await asyncio.to_thread(write)
        except MissingPackageError as error:
            raise HTTPException(400, str(error)) from error
        except OSError as error:
            raise HTTPException(507, f"There is no room in {_temporary()} for the file ({error}).") from error
        if written.left_out and not written.points:
            file.close()
            raise HTTPException(422, f"Nothing could be read; {written.left_out.sentence(len(chosen))}")
        headers = {
            "content-disposition": f'attachment; filename="everystep.{form}"',
            "content-length": str(file.seek(0, os.SEEK_END)),
        }
        if written.left_out:
            headers["x-left-out"] = _as_header(written.left_out, len(chosen))
        file.seek(0)
        # A report is to be kept, not to be run with this page's rights: so the type is none that a browser shows.
        return StreamingResponse(_pieces(file), media_type="application/octet-stream", headers=headers)

    return [Route("/api/v1/export", export, methods=["POST"])]


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while piece := file.read(PIECE_BYTES):
            yield piece


def _as_header(left_out: LeftOut, of: int) -> str:
    """What is not in a download, as JSON in ASCII: how many runs of how many, their names, and a sentence."""
    names = list(left_out.parts)[:MAX_NAMED_RUNS]
    said = {"count": len(left_out.parts), "of": of, "runs": names, "sentence": left_out.sentence(of)[:MAX_SENTENCE]}
    return json.dumps(said)


def _temporary() -> str:
    try:
        return tempfile.gettempdir()
    except OSError:  # none of those that are tried takes a byte
        return "the folder for temporary files"
