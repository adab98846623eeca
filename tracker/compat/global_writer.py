"""tensorboardX's writer of a whole process."""

from __future__ import annotations

from typing import Any

from tracker.compat.summary_writer import SummaryWriter


class GlobalSummaryWriter(SummaryWriter):
    """tensorboardX's writer of a whole process: `getSummaryWriter()` gives the same one everywhere."""

    _one: GlobalSummaryWriter | None = None

    @staticmethod
    def getSummaryWriter(*arguments: Any, **named: Any) -> GlobalSummaryWriter:
        """The process's writer, made at the first call; a closed one goes on, unless another is asked for."""
        one = GlobalSummaryWriter._one
        if one is None or ((arguments or named) and one.all_writers is None):
            one = GlobalSummaryWriter._one = GlobalSummaryWriter(*arguments, **named)
        return one

    def add_scalar(self, tag: str, scalar_value: Any, walltime: float | None = None, **named: Any) -> None:  # type: ignore[override]
        """As `SummaryWriter.add_scalar`, the time in third place: steps are counted, tag by tag."""
        super().add_scalar(tag, scalar_value, walltime=walltime, **named)

    def add_image(  # type: ignore[override]
        self, tag: str, img_tensor: Any, walltime: float | None = None, dataformats: str = "CHW", **named: Any
    ) -> None:
        """As `SummaryWriter.add_image`, the time in third place."""
        super().add_image(tag, img_tensor, walltime=walltime, dataformats=dataformats, **named)

    def add_text(self, tag: str, text_string: str, walltime: float | None = None, **named: Any) -> None:  # type: ignore[override]
        """As `SummaryWriter.add_text`, the time in third place."""
        super().add_text(tag, text_string, walltime=walltime, **named)

    @property
    def smw(self) -> SummaryWriter:
        """The writer that tensorboardX wraps here."""
        return self
