"""Scripts that other Python packages bring, served beside our own: Plotly's, AG Grid's with React, ONNX Runtime's."""

from __future__ import annotations

import asyncio

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from dashboard.http import installed_scripts
from dashboard.http.installed_scripts import place
from dashboard.server.static_files import KEPT_FOR_EVER

TYPES = {".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm"}
"""Not asked of the system, whose registry may call a script text/plain."""


def routes() -> list[Route]:
    """The routes that answer with them."""
    return [
        Route("/packages/onnxruntime", _about),
        Route("/packages/{name}", _answer),
        Route("/packages/{digest}/{name}", _answer_for_ever),
    ]


async def _about(request: Request) -> Response:
    """Where the two files lie that run a model in the browser, or what to install."""
    try:
        found = await asyncio.to_thread(installed_scripts.onnxruntime)
    except installed_scripts.NotInstalledError as error:
        # No error to a browser, which would print one in its console for each who lacks the package.
        return JSONResponse({"files": None, "why": str(error)})
    return JSONResponse({"files": found, "why": ""})


async def _answer(request: Request) -> Response:
    return _file(request, "private, max-age=86400")


async def _answer_for_ever(request: Request) -> Response:
    name = request.path_params["name"]
    known = place(name) is not None
    if not known or await asyncio.to_thread(installed_scripts.digest, name) != request.path_params["digest"]:
        raise HTTPException(404, "no package that is installed brings this file as it was")
    return _file(request, KEPT_FOR_EVER)


def _file(request: Request, kept: str) -> Response:
    path = place(request.path_params["name"])
    if path is None:
        raise HTTPException(404, "no package that is installed brings this script")
    return FileResponse(path, media_type=TYPES[path.suffix], headers={"cache-control": kept})
