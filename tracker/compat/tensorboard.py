"""TensorBoard's SummaryWriter, as PyTorch and tensorboardX have it, writing runs of ours.

    from tracker.compat.tensorboard import SummaryWriter      # was: from torch.utils.tensorboard import SummaryWriter

Every method and argument of both is taken. What differs, and why, is in docs/from-tensorboard.md.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, ParamSpec, TypeVar

import numpy as np

from tracker import coerce
from tracker.compat import summaries
from tracker.compat.file_writer import FileWriter
from tracker.compat.target import Target
from tracker.errors import LoggedTypeError, LoggedValueError, message
from tracker.logdir import check_local
from tracker.run import Run
from tracker.values import arrays, opaque, stored_array
from tracker.values.graph import Graph
from tracker.values.histogram import Histogram
from tracker.values.text import Text
from tracker.values.value import Value

__all__ = ["GlobalSummaryWriter", "SummaryWriter"]

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def _named(method: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """The method, whose callers' mistakes are errors by name, however odd an argument is."""

    @functools.wraps(method)
    def named(*arguments: Arguments.args, **more: Arguments.kwargs) -> Result:
        try:
            return method(*arguments, **more)
        except Exception as error:
            raise coerce.mistake(method.__name__, error) from error

    return named


class SummaryWriter:
    """Logs to the run whose folder is `log_dir`.

    Args:
        log_dir: The run's folder; `runs/<date>_<host><comment>` by default. A run that is there goes on.
        comment: Behind the default folder's name.
        purge_step: Training goes back to before this step: what was logged of it and later ones is left behind, kept.
        max_queue: Taken, and not needed: nothing waits longer than a quarter of a second, in event files not at all.
        flush_secs: As `max_queue`.
        filename_suffix: Behind the names of event files.
        write_to_disk: False logs nothing at all.
        logdir: tensorboardX's name for `log_dir`.
        comet_config: Taken and ignored: nothing leaves the machine.
        tfevents: Write event files too, into the same folder, for TensorBoard.

    After `close()` or `with`, whatever is called next goes on in the same run, as PyTorch's writer goes on in another
    file. When the constructor returns, `log_dir` is there with a file in it.

    Attributes:
        log_dir: As it was given.
        file_writer: Takes ready protobufs; None after `close()` until something is logged, as `all_writers` is.
        all_writers: The same by its folder; PyTorch's has one for each name of `add_scalars` too.
    """

    def __init__(
        self,
        log_dir: Any = None,
        comment: str = "",
        purge_step: int | None = None,
        max_queue: int = 10,
        flush_secs: float = 120,
        filename_suffix: str = "",
        write_to_disk: bool = True,
        comet_config: Mapping[str, Any] | None = None,
        *,
        logdir: Any = None,
        tfevents: bool = False,
    ) -> None:
        chosen = log_dir or logdir or str(Path("runs", _default_name(comment)))
        self.log_dir = self.logdir = chosen
        self.max_queue, self.flush_secs, self.filename_suffix = max_queue, flush_secs, filename_suffix
        if not isinstance(filename_suffix, str) or set(coerce.text(filename_suffix)) & set("/\\\0"):
            expected = "a text that may stand at the end of a file's name"
            raise LoggedValueError(message("filename_suffix is none.", expected=expected))
        self.purge_step = purge_step
        self.kwargs: dict[str, Any] = {}
        self._write_to_disk = write_to_disk
        self._tfevents = tfevents
        self._target: Target | None = None
        self._layouts: dict[str, dict[str, Any]] = {}
        self._together: dict[str, list[str]] = {}
        self.file_writer: FileWriter | None = None
        self.all_writers: dict[str, FileWriter] | None = None
        self._get_file_writer()

    def _get_file_writer(self) -> FileWriter:
        """What takes ready protobufs; after `close()` another one, for the same run."""
        if self._target is None and self._write_to_disk:
            check_local(str(self.log_dir), "log_dir")
            folder = Path(os.path.abspath(str(self.log_dir)))
            self._target = Target(folder, self.purge_step, self.filename_suffix if self._tfevents else None)
            self.purge_step = None
        if self.file_writer is None or self.all_writers is None:
            self.file_writer = FileWriter(str(self.log_dir), self._target)
            self.all_writers = {self.file_writer.get_logdir(): self.file_writer}
        return self.file_writer

    @property
    def run(self) -> Run | None:
        """The run; None with `write_to_disk=False`."""
        return self._target.run if self._target is not None else None

    @property
    def default_bins(self) -> list[float]:
        """The ends of TensorBoard's bins for histograms, for code that asks; our own are narrower."""
        return list(_DEFAULT_BINS)

    @property
    def scalar_dict(self) -> dict[str, list[list[float]]]:
        """The numbers of this run so far, read from disk: {tag: [[wall time, step, value], …]}."""
        if self.run is None:
            return {}
        from tracker.store.read.run import StoredRun

        self.run.flush()
        stored = StoredRun(self.run.name, self.run.folder)
        found = {}
        for tag in stored.tags("scalar"):
            points = stored.scalars(tag)
            columns = points.wall_time.tolist(), points.step.tolist(), points.value.tolist()
            found[tag] = [list(point) for point in zip(*columns, strict=True)]
        return found

    # --- numbers -------------------------------------------------------------------------------------

    def add_scalar(
        self,
        tag: str,
        scalar_value: Any,
        global_step: int | None = None,
        walltime: float | None = None,
        new_style: Any = False,
        double_precision: bool = False,
        *,
        display_name: str = "",
        summary_description: str = "",
    ) -> None:
        """Logs a number, always at the precision it has."""
        if self.file_writer is None:
            self._get_file_writer()
        if self._target is not None:
            try:
                if isinstance(scalar_value, (list, tuple)):
                    scalar_value = np.asarray(scalar_value)
                self._target.add_numbers(tag, {tag: scalar_value}, global_step, walltime)
            except Exception as error:
                raise coerce.mistake("add_scalar", error) from error

    @_named
    def add_scalars(
        self,
        main_tag: str,
        tag_scalar_dict: Mapping[str, Any],
        global_step: int | None = None,
        walltime: float | None = None,
    ) -> None:
        """Logs several numbers as `main_tag/name` in this run, and that they belong on one chart."""
        self._get_file_writer()
        if self._target is None:
            return
        main_tag = coerce.text(main_tag)
        values = {f"{main_tag}/{coerce.text(name)}": value for name, value in tag_scalar_dict.items()}
        self._target.add_numbers(main_tag, values, global_step, walltime)
        known = self._together.setdefault(main_tag, [])
        if not set(values) <= set(known):
            known += [tag for tag in values if tag not in known]
            self._lay_out({main_tag: {main_tag: ["Multiline", list(known)]}})

    @_named
    def add_tensor(self, tag: str, tensor: Any, global_step: int | None = None, walltime: float | None = None) -> None:
        """Keeps an array whole."""
        self._log(tag, summaries.tensor(tensor), global_step, walltime)

    @_named
    def add_histogram(
        self,
        tag: str,
        values: Any,
        global_step: int | None = None,
        bins: Any = "tensorflow",
        walltime: float | None = None,
        max_bins: int | None = None,
    ) -> None:
        """Logs the distribution of an array; `bins` and `max_bins` are not needed: buckets are 0.8 % wide."""
        self._log(tag, Histogram(values), global_step, walltime)

    @_named
    def add_histogram_raw(
        self,
        tag: str,
        min: float,
        max: float,
        num: float,
        sum: float,
        sum_squares: float,
        bucket_limits: Sequence[float],
        bucket_counts: Sequence[float],
        global_step: int | None = None,
        walltime: float | None = None,
    ) -> None:
        """Logs a histogram that was counted elsewhere, with its own bins."""
        made = summaries.histogram_of(min, max, sum, sum_squares, bucket_limits, bucket_counts)
        self._log(tag, made, global_step, walltime)

    # --- pictures, sounds, texts ---------------------------------------------------------------------

    @_named
    @_named
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

    @_named
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

    @_named
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

    @_named
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

    @_named
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

    @_named
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

    @_named
    @_named
    def add_text(
        self, tag: str, text_string: str, global_step: int | None = None, walltime: float | None = None
    ) -> None:
        """Logs Markdown."""
        self._log(tag, Text(text_string), global_step, walltime)

    # --- models --------------------------------------------------------------------------------------

    def add_graph(
        self, model: Any, input_to_model: Any = None, verbose: bool = False, use_strict_trace: bool = True
    ) -> None:
        """Logs a model's graph: PyTorch's by tracing it, one of ours by its own word."""
        inputs = input_to_model if isinstance(input_to_model, (tuple, list)) else (input_to_model,)
        if hasattr(model, "to_graph") or isinstance(model, (Graph, Mapping)):
            graph = Graph.of(model, *(each for each in inputs if each is not None))
        else:
            from tracker.integrations.pytorch_graph import graph_of

            graph = graph_of(model, inputs, strict=use_strict_trace)
        self._log("graph", graph, 0, None)

    @_named
    def add_onnx_graph(self, prototxt: Any = None, *, onnx_model_file: Any = None) -> None:
        """Logs the graph of an ONNX file."""
        self._log("graph", Graph.from_onnx(prototxt or onnx_model_file), 0, None)

    @_named
    def add_openvino_graph(self, xmlname: Any) -> None:
        """Logs the graph of an OpenVINO file."""
        self._log("graph", summaries.openvino_graph(Path(str(xmlname))), 0, None)

    @_named
    def add_embedding(
        self,
        mat: Any,
        metadata: Sequence[Any] | None = None,
        label_img: Any = None,
        global_step: int | None = None,
        tag: str = "default",
        metadata_header: Sequence[str] | None = None,
    ) -> None:
        """Keeps a table of vectors (N, D) with a label and a picture each."""
        made = summaries.embedding(mat, metadata, label_img, metadata_header)
        self._log(tag, made, global_step, None)

    @_named
    def add_pr_curve(
        self,
        tag: str,
        labels: Any,
        predictions: Any,
        global_step: int | None = None,
        num_thresholds: int = 127,
        weights: Any = None,
        walltime: float | None = None,
    ) -> None:
        """Logs precision and recall over thresholds, of true labels and predicted probabilities."""
        made = summaries.pr_curve(labels, predictions, num_thresholds, weights)
        self._log(tag, made, global_step, walltime)

    @_named
    def add_pr_curve_raw(
        self,
        tag: str,
        true_positive_counts: Any,
        false_positive_counts: Any,
        true_negative_counts: Any,
        false_negative_counts: Any,
        precision: Any,
        recall: Any,
        global_step: int | None = None,
        num_thresholds: int = 127,
        weights: Any = None,
        walltime: float | None = None,
    ) -> None:
        """Logs a precision-recall curve that was computed elsewhere."""
        rows = (
            true_positive_counts,
            false_positive_counts,
            true_negative_counts,
            false_negative_counts,
            precision,
            recall,
        )
        self._log(tag, summaries.pr_curve_of(rows), global_step, walltime)

    @_named
    def add_mesh(
        self,
        tag: str,
        vertices: Any,
        colors: Any = None,
        faces: Any = None,
        config_dict: Mapping[str, Any] | None = None,
        global_step: int | None = None,
        walltime: float | None = None,
    ) -> None:
        """Logs a batch of meshes or point clouds: vertices (B, N, 3), colors (B, N, 3), faces (B, F, 3)."""
        self._log(tag, summaries.mesh(vertices, colors, faces, config_dict), global_step, walltime)

    # --- settings ------------------------------------------------------------------------------------

    @_named
    def add_hparams(
        self,
        hparam_dict: Mapping[str, Any],
        metric_dict: Mapping[str, Any],
        hparam_domain_discrete: Mapping[str, Sequence[Any]] | str | None = None,
        run_name: Any = None,
        global_step: int | None = None,
        name: str | None = None,
    ) -> None:
        """Says what a trial was made with and how it did; each call is one.

        Args:
            hparam_dict: Settings by name.
            metric_dict: Numbers by tag.
            hparam_domain_discrete: All values that a setting may have; tensorboardX has the name here.
            run_name: The trial's folder below `log_dir`; one that is there goes on. "." is this very run.
            global_step: Of the numbers.
            name: As `run_name`.

        Without a name the first call is about this very run: its configuration, and points of its own. Any further one
        is a run below it, called by the time, and so is a first one that contradicts what the run was made with.

        Raises:
            LoggedTypeError, LoggedValueError: what was given is no setting or no number; nothing of it was logged.
        """
        if isinstance(hparam_domain_discrete, str):  # by place, as tensorboardX has them
            name, global_step = hparam_domain_discrete, run_name if isinstance(run_name, int) else global_step
            hparam_domain_discrete, run_name = None, None
        if not isinstance(metric_dict, Mapping):
            raise LoggedTypeError(
                message(
                    "add_hparams: metric_dict is numbers by tag.", expected="a dict", got=arrays.describe(metric_dict)
                )
            )
        self._get_file_writer()
        if self._target is not None:
            self._target.add_trial(
                run_name or name, hparam_dict, metric_dict, hparam_domain_discrete or {}, global_step
            )

    @_named
    def add_custom_scalars(self, layout: Mapping[str, Mapping[str, Sequence[Any]]]) -> None:
        """Says which tags belong on which chart: {category: {chart: ["Multiline" | "Margin", [tags]]}}."""
        self._lay_out(layout)

    @_named
    def add_custom_scalars_multilinechart(
        self, tags: Sequence[str], category: str = "default", title: str = "untitled"
    ) -> None:
        """Says that some tags belong on one chart."""
        self._lay_out({category: {title: ["Multiline", list(tags)]}})

    @_named
    def add_custom_scalars_marginchart(
        self, tags: Sequence[str], category: str = "default", title: str = "untitled"
    ) -> None:
        """Says that three tags are a line, its lower and its upper margin."""
        if len(tags) != 3:
            raise ValueError(f"a margin chart has three tags: value, lower, upper\n  got:      {len(tags)}")
        self._lay_out({category: {title: ["Margin", list(tags)]}})

    def _lay_out(self, layout: Mapping[str, Mapping[str, Sequence[Any]]]) -> None:
        # All of it first: a chart that is none must not stay among those that are written with each that follows.
        made = {
            coerce.text(category): {coerce.text(name): _chart(*chart) for name, chart in charts.items()}
            for category, charts in layout.items()
        }
        for category, charts in made.items():
            self._layouts.setdefault(category, {}).update(charts)
        # A deep copy: what is encoded on another thread must not change under it.
        whole = json.loads(coerce.dumps(self._layouts))
        self._log("custom_scalars__config__", opaque.Kept("layout", [stored_array.words(whole)]), 0, None)

    # --- the end -------------------------------------------------------------------------------------

    def flush(self) -> None:
        """Returns when everything logged so far is on disk."""
        if self._target is not None:
            self._target.flush()

    def close(self) -> None:
        """Stores what is left and closes the run; what is logged later goes on in it. Can be called twice."""
        if self._target is not None and self.all_writers is not None:
            self._target.close()
        self.file_writer = self.all_writers = None

    @contextlib.contextmanager
    def use_metadata(self, *, global_step: int | None = None, walltime: float | None = None) -> Iterator[SummaryWriter]:
        """Gives all calls within it a step and a time, where they bring none."""
        with contextlib.ExitStack() as stack:
            if self._target is not None:
                stack.enter_context(self._target.given(global_step, walltime))
            yield self

    def get_logdir(self) -> Any:
        """The run's folder, as it was given."""
        return self.log_dir

    def export_scalars_to_json(self, path: Any) -> None:
        """Writes the numbers of this run as {tag: [[wall time, step, value], …]}, tensorboardX's form."""
        Path(path).write_text(json.dumps(self.scalar_dict), encoding="utf-8")

    def __enter__(self) -> SummaryWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.run is not None and self.all_writers is not None:
            self.run.__exit__(kind, error, trace)
        self.close()

    def _log(self, tag: str, value: Value, step: int | None, wall_time: float | None) -> None:
        self._get_file_writer()
        if self._target is not None:
            self._target.add_value(tag, value, step, wall_time)


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


def _chart(kind: Any, tags: Any) -> list[Any]:
    """A chart of a layout, as it is kept."""
    if isinstance(tags, (str, bytes)) or (kind == "Margin" and len(tags) % 3):
        expected = "a list of tags; of a margin chart threes of them: value, lower, upper"
        raise LoggedValueError(message(f"The tags of a chart ({coerce.text(kind, 50)}) are none.", expected=expected))
    return [coerce.text(kind), [coerce.text(tag) for tag in tags]]


def _default_name(comment: Any) -> str:
    return f"{time.strftime('%b%d_%H-%M-%S')}_{socket.gethostname()}{coerce.text(comment)}"


def _bins() -> Iterator[float]:
    """As TensorBoard makes them: each a tenth wider than the one before, from 1e-12 to 1e20."""
    value = 1e-12
    while value < 1e20:
        yield value
        value *= 1.1


_POSITIVE = list(_bins())
_DEFAULT_BINS = [*(-value for value in reversed(_POSITIVE)), 0, *_POSITIVE]
