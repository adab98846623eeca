"""Studied: what a stored run has of studies of a model, imported when somebody asks for one: most readers never do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tracker.values import unpack

if TYPE_CHECKING:
    from tracker.store.read.study_records import Confusion, QualityCurve, StoredEmbedding, StoredMesh


class Studied:
    """The part of a `StoredRun` that has curves of quality, embeddings, meshes, layouts and confusion matrices."""

    def pr_curves(self: Any, tag: str) -> list[QualityCurve]:
        """The curves of quality of a tag, in order: counts, precision and recall at every threshold."""
        from tracker.store.read import study_records

        return study_records.quality_curves(self.media("pr_curve", tag))

    def embedding(self: Any, tag: str, step: int | None = None) -> StoredEmbedding | None:
        """The vectors of a tag at a step, the newest by default, with what is known of each; None at another step."""
        from tracker.store.read import study_records

        return study_records.embedding(self.media("embedding", tag), step)

    def meshes(self: Any, tag: str) -> list[StoredMesh]:
        """The meshes and point clouds of a tag, in order."""
        from tracker.store.read import study_records

        return study_records.meshes(self.media("mesh", tag))

    def layout(self: Any, tag: str) -> dict[str, dict[str, list[Any]]]:
        """The newest layout of a tag: charts by category and title; see `tracker.Layout`."""
        charts: dict[str, dict[str, list[Any]]] = unpack.parsed(self.media("layout", tag)[-1].data, "layout")
        return charts

    def confusions(self: Any, tag: str) -> list[Confusion]:
        """The confusion matrices of a tag, in order."""
        from tracker.store.read import study_records

        return study_records.confusions(self.media("confusion", tag))
