"""Scripts that other Python packages bring, served beside our own: of Plotly, and of AG Grid with React."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from dashboard.http.installed_scripts import place


def routes() -> list[Route]:
    """The route that answers with them."""
    return [Route("/packages/{name}", _answer)]


async def _answer(request: Request) -> Response:
    path = place(request.path_params["name"])
    if path is None:
        raise HTTPException(404, "no package that is installed brings this script")
    return FileResponse(path, media_type="text/javascript", headers={"cache-control": "private, max-age=86400"})
