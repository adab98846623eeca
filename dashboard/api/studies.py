"""What the pages of studies ask for: the importance of settings, curves of quality, embeddings."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard.embeddings.maps import MAX_NEAR, NEAR, Maps, Shelf, sheet_of
from dashboard.http import wire
from dashboard.http.request_values import Asked, is_number, is_whole
from dashboard.http.requests import answered, body_of, json_answer
from tracker.errors import SeriesNotFoundError
from tracker.store.read.reader import Store
from tracker.store.read.study_records import meshes

MAX_BODY_BYTES = 8 << 20
MAX_CELLS = 2_000_000
MAX_SETTINGS = 1_000
MAX_STEPS = 120
"""Steps of a series that a slider reaches: a finger cannot choose among more."""


def routes(store: Callable[[], Store]) -> list[Route]:
    """The routes of the pages of studies, below /api/v1.

    Args:
        store: Opens the logdir.
    """
    pages = _Pages(store)
    return [
        Route("/api/v1/importance", importance, methods=["POST"]),
        Route("/api/v1/quality", pages.quality),
        Route("/api/v1/confusion", pages.confusion),
        Route("/api/v1/mesh", pages.mesh),
        Route("/api/v1/layout", pages.layout),
        Route("/api/v1/embedding", pages.embedding),
        Route("/api/v1/embedding/sprites", pages.sprites),
        Route("/api/v1/embedding/neighbours", pages.neighbours),
        Route("/api/v1/embedding/axis", pages.axis, methods=["POST"]),
        Route("/api/v1/embedding/map", pages.map),
    ]


class _Pages:
    def __init__(self, store: Callable[[], Store]) -> None:
        self._store = store
        self._shelf = Shelf(store)
        self._maps = Maps()

    async def quality(self, request: Request) -> Response:
        """The curves of quality of a series, packed: of each step the counts at every threshold."""
        run, tag = _series(request)

        def read() -> bytes:
            found = thinned(self._store().run(run).pr_curves(tag), MAX_STEPS)
            heads, columns = [], []
            for each in found:
                rows = [each.tp, each.fp, each.tn, each.fn]
                rows += [each.confidence] if each.confidence is not None else []
                heads.append(
                    {
                        "step": each.step,
                        "wall_time": each.wall_time,
                        "thresholds": len(each.tp),
                        "rows": len(rows),
                        "auc": each.auc,
                        "ap": each.ap,
                        "brier": _number(each.attributes.get("brier")),
                        "nan": _number(each.attributes.get("nan")) or 0,
                    }
                )
                columns += rows
            return wire.message({"run": run, "tag": tag, "curves": heads}, columns)

        return Response(await answered(read), media_type=wire.MEDIA_TYPE)

    async def confusion(self, request: Request) -> Response:
        """The confusion matrices of a series, packed: of each step the counts, row by row."""
        run, tag = _series(request)

        def read() -> bytes:
            found = thinned(self._store().run(run).confusions(tag), MAX_STEPS)
            heads = [
                {"step": each.step, "wall_time": each.wall_time, "size": len(each.counts), "classes": each.class_names}
                for each in found
            ]
            return wire.message({"run": run, "tag": tag, "matrices": heads}, [each.counts.ravel() for each in found])

        return Response(await answered(read), media_type=wire.MEDIA_TYPE)

    async def layout(self, request: Request) -> Response:
        """The newest layout of a run: charts by category and title."""
        run, tag = _series(request)
        return json_answer({"charts": await answered(lambda: self._store().run(run).layout(tag))})

    async def mesh(self, request: Request) -> Response:
        """One mesh of a series, the newest or that of `step=`, packed: vertices, faces, colors one after the other."""
        run, tag = _series(request)
        step = Asked.in_query(request).whole("step")

        def read() -> bytes:
            items = self._store().run(run).media("mesh", tag)
            steps = sorted({item.step for item in items})
            at = steps[-1] if step is None else step
            found = meshes([item for item in items if item.step == at])
            if not found:
                raise SeriesNotFoundError(f"run {run!r} has no mesh {tag!r} at step {at}")
            parts = {name: getattr(found[-1], name) for name in ("vertices", "faces", "colors")}
            sizes = {name: 0 if part is None else len(part) for name, part in parts.items()}
            head = {"step": at, "steps": steps, **sizes}
            return wire.message(head, [part.ravel() for part in parts.values() if part is not None])

        return Response(await answered(read), media_type=wire.MEDIA_TYPE)

    async def embedding(self, request: Request) -> Response:
        """Principal components of an embedding, packed, with the words of each vector."""
        run, tag = _series(request)
        step = Asked.in_query(request).whole("step")
        found = await answered(lambda: self._shelf.embedding(run, tag, step))
        from dashboard.embeddings.projection import pca

        placed, shares = await answered(
            lambda: self._shelf.kept((run, tag, found.step, "pca"), lambda: pca(found.vectors))
        )
        head = {
            "step": found.step,
            "steps": await answered(lambda: self._shelf.steps(run, tag)),
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
        run, tag = _series(request)
        found = await answered(lambda: self._shelf.embedding(run, tag, Asked.in_query(request).whole("step")))
        if found.sprites is None:
            raise HTTPException(404, "this embedding has no pictures")
        sheet = await answered(lambda: sheet_of(found.sprites))
        return Response(sheet, media_type="image/webp")

    async def neighbours(self, request: Request) -> Response:
        """Who is nearest to a vector, by `distance=cosine|euclidean|manhattan`."""
        from dashboard.embeddings.projection import DISTANCES, neighbours

        run, tag = _series(request)
        found = await answered(lambda: self._shelf.embedding(run, tag, Asked.in_query(request).whole("step")))
        asked = Asked.in_query(request)
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
        found = await answered(lambda: self._shelf.embedding(run, tag, step))
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
        run, tag = _series(request)
        asked = Asked.in_query(request)
        method, step = asked.choice("method", NEAR), asked.whole("step")
        found = await answered(lambda: self._shelf.embedding(run, tag, step))
        size, near = asked.whole("size", 2, 3) or 3, asked.whole("near", 0, MAX_NEAR) or NEAR[method]
        job = await answered(lambda: self._maps.job(method, found.vectors, size, near))
        said = {"progress": job.progress, "said": job.said, "problem": job.problem, "done": job.placed is not None}
        columns = [] if job.placed is None else list(job.placed.T)
        return Response(wire.message({**said, "columns": len(columns)}, columns), media_type=wire.MEDIA_TYPE)


def thinned(found: list[Any], most: int) -> list[Any]:
    """At most so many of a series, evenly, the first and the last among them."""
    if len(found) <= most:
        return found
    return [found[round(i * (len(found) - 1) / (most - 1))] for i in range(most)]


def _number(value: Any) -> float | None:
    """An attribute that should be a number; None where it is none."""
    return value if is_number(value) else None


def _series(request: Request) -> tuple[str, str]:
    asked = Asked.in_query(request)
    return asked.name("run"), asked.name("tag")


async def importance(request: Request) -> Response:
    """`{parameters: {name: [value of each run]}, target: [metric of each run]}` to what `figures.importance` finds."""
    from dashboard.hparams.importance import importance as found_in

    body = await body_of(request, MAX_BODY_BYTES)
    parameters, target = body.value("parameters"), body.value("target")
    if (
        not isinstance(parameters, dict)
        or not isinstance(target, list)
        or not all(isinstance(values, list) and len(values) == len(target) for values in parameters.values())
        or len(parameters) > MAX_SETTINGS
        or len(parameters) * len(target) > MAX_CELLS
        or not all(value is None or is_number(value) for value in target)
        or any(isinstance(value, (list, dict)) for values in parameters.values() for value in values)
    ):
        raise HTTPException(400, "expected {parameters: {name: [values]}, target: [numbers]}, all of one length")
    numbers = [math.nan if value is None else float(value) for value in target]
    found = await answered(lambda: found_in(parameters, numbers))
    plain = [{**vars(each), "clear": each.is_clear} for each in found]
    return json_answer({"importance": plain})
