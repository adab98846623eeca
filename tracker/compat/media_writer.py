"""The `add_…` methods of a SummaryWriter for what is looked at and heard: pictures, figures, videos, sounds, texts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tracker.compat import summaries
from tracker.compat.named import named
from tracker.compat.run_writer import RunWriter
from tracker.values.text import Text


class MediaWriter(RunWriter):
    """What a SummaryWriter logs that is no number."""

    @named
    def add_image(
        self,
        tag: str,
        img_tensor: Any,
        global_step: int | None = None,
        walltime: float | None = None,
        dataformats: str = "CHW",
    ) -> None:
        """Logs a picture, or a batch of them as a grid."""
        self._log(tag, summaries.image(img_tensor, dataformats), global_step, walltime)

    @named
    def add_images(
        self,
        tag: str,
        img_tensor: Any,
        global_step: int | None = None,
        walltime: float | None = None,
        dataformats: str = "NCHW",
    ) -> None:
        """Logs a batch of pictures as a grid."""
        self.add_image(tag, img_tensor, global_step, walltime, dataformats)

    @named
    def add_image_with_boxes(
        self,
        tag: str,
        img_tensor: Any,
        box_tensor: Any,
        global_step: int | None = None,
        walltime: float | None = None,
        rescale: float = 1,
        dataformats: str = "CHW",
        labels: Sequence[str] | None = None,
    ) -> None:
        """Logs a picture with boxes (x1, y1, x2, y2) drawn into it; the boxes themselves are kept beside it."""
        made = summaries.image_with_boxes(img_tensor, box_tensor, dataformats, rescale, labels)
        self._log(tag, made, global_step, walltime)

    @named
    def add_figure(
        self,
        tag: str,
        figure: Any,
        global_step: int | None = None,
        close: bool = True,
        walltime: float | None = None,
    ) -> None:
        """Logs a Matplotlib figure, or several, as pictures."""
        figures = figure if isinstance(figure, (list, tuple)) else [figure]
        self._log(tag, summaries.figures(figures, close), global_step, walltime)

    @named
    def add_video(
        self,
        tag: str,
        vid_tensor: Any,
        global_step: int | None = None,
        fps: float = 4,
        walltime: float | None = None,
        dataformats: str = "NTCHW",
    ) -> None:
        """Logs a batch of videos side by side, as an animation."""
        self._log(tag, summaries.video(vid_tensor, fps, dataformats), global_step, walltime)

    @named
    def add_audio(
        self,
        tag: str,
        snd_tensor: Any,
        global_step: int | None = None,
        sample_rate: int = 44100,
        walltime: float | None = None,
    ) -> None:
        """Logs a sound of values from -1 to 1, shape (T,), (1, T), (C, T) or (T, C)."""
        self._log(tag, summaries.audio(snd_tensor, sample_rate), global_step, walltime)

    @named
    def add_text(
        self, tag: str, text_string: str, global_step: int | None = None, walltime: float | None = None
    ) -> None:
        """Logs Markdown."""
        self._log(tag, Text(text_string), global_step, walltime)
