"""Modelled: what a stored run has for models, imported when somebody asks for one: most readers never do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tracker.store.read.run_files import RunFiles

if TYPE_CHECKING:
    from tracker.store.read.models import StoredModel


class Modelled:
    """The part of a `StoredRun` that has models."""

    name: str
    folder: Path
    _files: RunFiles

    def models(self, problems: list[str] | None = None) -> list[StoredModel]:
        """Its models, each at its newest version, by name.

        Args:
            problems: Takes a sentence for each version that cannot be read, and is not among them.
        """
        from tracker.store.read import models

        return models.models(self.name, self.folder, self._files, [] if problems is None else problems)

    def model(self, name: str, step: int | None = None) -> StoredModel:
        """One of its models, at its newest version or that of a step.

        Raises:
            SeriesNotFoundError: there is none.
            ModelError: there is, and it cannot be read.
        """
        from tracker.store.read import models

        return models.model(self.name, self.folder, self._files, name, step)
