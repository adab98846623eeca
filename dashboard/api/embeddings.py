"""The HTTP interface to embeddings: where each vector lies, who is near it, and maps of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard.embeddings.cache import EmbeddingCache
from dashboard.embeddings.maps import MAX_NEAR, NEAR, Maps
from dashboard.embeddings.sprites import sheet_of
from dashboard.http import wire
from dashboard.http.request_values import RequestValues, is_whole, series_of
from dashboard.http.requests import answered, body_of, json_answer
from tracker.store.read.reader import Store

MAX_BODY_BYTES = 8 << 20


def routes(store: Callable[[], Store]) -> list[Route]:
    """The routes below /api/v1/embedding.

    Args:
        store: Opens the logdir.
    """
    api = _Embeddings(store)
    return [
        Route("/api/v1/embedding", api.embedding),
        Route("/api/v1/embedding/sprites", api.sprites),
        Route("/api/v1/embedding/neighbours", api.neighbours),
        Route("/api/v1/embedding/axis", api.axis, methods=["POST"]),
        Route("/api/v1/embedding/map", api.map),
    ]


class _Embeddings:
    def __init__(self, store: Callable[[], Store]) -> None:
        self._cache = EmbeddingCache(store)
        self._maps = Maps()

    async def embedding(self, request: Request) -> Response:
        """Principal components of an embedding, packed, with the words of each vector."""
        run, tag = series_of(request)
        step = RequestValues.of_query(request).whole("step")
        found = await answered(lambda: self._cache.embedding(run, tag, step))
        from dashboard.embeddings.projection import pca

        placed, shares = await answered(
            lambda: self._cache.cached((run, tag, found.step, "pca"), lambda: pca(found.vectors))
        )
        head = {
            "step": found.step,
            "steps": await answered(lambda: self._cache.steps(run, tag)),
            "count": len(found.vectors),
            "width": found.vectors.shape[1],
            "shares": shares,
            "header": found.header,
            "rows": found.rows,
            "sprites": None if found.sprites is None else list(found.sprites.shape[1:]),
        }
        return Response(await asyncio.to_thread(wire.message, head, list(placed.T)), media_type=wire.MEDIA_TYPE)

    async def sprites(self, request: Request) -> Response:
        """The pictures of an embedding as one sheet, lossless WebP, 64 in a row."""
        run, tag = series_of(request)
        found = await answered(lambda: self._cache.embedding(run, tag, RequestValues.of_query(request).whole("step")))
        if found.sprites is None:
            raise HTTPException(404, "this embedding has no pictures")
        sheet = await answered(lambda: sheet_of(found.sprites))
        return Response(sheet, media_type="image/webp")

    async def neighbours(self, request: Request) -> Response:
        """Who is nearest to a vector, by `distance=cosine|euclidean|manhattan`."""
        from dashboard.embeddings.projection import DISTANCES, neighbours

        run, tag = series_of(request)
        found = await answered(lambda: self._cache.embedding(run, tag, RequestValues.of_query(request).whole("step")))
        asked = RequestValues.of_query(request)
        index, count = asked.whole("index"), asked.whole("count") or 20
        distance = asked.choice("distance", DISTANCES, "cosine")
        if index is None or not 0 <= index < len(found.vectors) or not 0 < count <= 1000:
            expected = f"index= of a vector, distance={'|'.join(DISTANCES)}, count= up to 1000"
            raise HTTPException(400, f"expected {expected}")
        nearest, far = await answered(lambda: neighbours(found.vectors, index, count, distance))
        return json_answer({"index": nearest, "distance": far})

    async def axis(self, request: Request) -> Response:
        """`{run, tag, step, left: [rows], right: [rows]}` to where each vector lies between the two means."""
        from dashboard.embeddings.projection import between

        body = await body_of(request, MAX_BODY_BYTES)
        run, tag, step = body.name("run"), body.name("tag"), body.whole("step")
        found = await answered(lambda: self._cache.embedding(run, tag, step))
        ends = [body.value("left"), body.value("right")]
        last = len(found.vectors)
        if not all(isinstance(end, list) and end and all(is_whole(i) and 0 <= i < last for i in end) for end in ends):
            raise HTTPException(400, "expected left: [rows] and right: [rows], each of one vector at least")
        placed = await answered(lambda: between(found.vectors, ends[0], ends[1]))
        return Response(wire.message({}, [placed]), media_type=wire.MEDIA_TYPE)

    async def map(self, request: Request) -> Response:
        """A map by `method=tsne|umap`, made in a process of its own: how far it is, or packed, where each vector is.

        `size=2|3` dimensions, `near=` as many neighbours as shall count (the perplexity of t-SNE).
        """
        run, tag = series_of(request)
        asked = RequestValues.of_query(request)
        method, step = asked.choice("method", NEAR), asked.whole("step")
        found = await answered(lambda: self._cache.embedding(run, tag, step))
        size, near = asked.whole("size", 2, 3) or 3, asked.whole("near", 0, MAX_NEAR) or NEAR[method]
        job = await answered(lambda: self._maps.job(method, found.vectors, size, near))
        said = {"progress": job.progress, "said": job.said, "problem": job.problem, "done": job.placed is not None}
        columns = [] if job.placed is None else list(job.placed.T)
        return Response(wire.message({**said, "columns": len(columns)}, columns), media_type=wire.MEDIA_TYPE)
