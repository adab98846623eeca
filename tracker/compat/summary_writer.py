"""SummaryWriter: every `add_…` method and argument that PyTorch's and tensorboardX's writers have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tracker import coerce
from tracker.compat import summaries
from tracker.compat.chart_layout import LAYOUT_TAG
from tracker.compat.media_writer import MediaWriter
from tracker.compat.named import named
from tracker.errors import LoggedTypeError, message
from tracker.values import arrays
from tracker.values.graph import Graph
from tracker.values.histogram import Histogram


class SummaryWriter(MediaWriter):
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

    @named
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
        layout = self._layout.add_lines(main_tag, list(values))
        if layout is not None:
            self._log(LAYOUT_TAG, layout, 0, None)

    @named
    def add_tensor(self, tag: str, tensor: Any, global_step: int | None = None, walltime: float | None = None) -> None:
        """Keeps an array whole."""
        self._log(tag, summaries.tensor(tensor), global_step, walltime)

    @named
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

    @named
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

    @named
    def add_onnx_graph(self, prototxt: Any = None, *, onnx_model_file: Any = None) -> None:
        """Logs the graph of an ONNX file."""
        self._log("graph", Graph.from_onnx(prototxt or onnx_model_file), 0, None)

    @named
    def add_openvino_graph(self, xmlname: Any) -> None:
        """Logs the graph of an OpenVINO file."""
        self._log("graph", summaries.openvino_graph(Path(str(xmlname))), 0, None)

    @named
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

    @named
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

    @named
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

    @named
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

    @named
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

    @named
    def add_custom_scalars(self, layout: Mapping[str, Mapping[str, Sequence[Any]]]) -> None:
        """Says which tags belong on which chart: {category: {chart: ["Multiline" | "Margin", [tags]]}}."""
        self._log(LAYOUT_TAG, self._layout.add(layout), 0, None)

    @named
    def add_custom_scalars_multilinechart(
        self, tags: Sequence[str], category: str = "default", title: str = "untitled"
    ) -> None:
        """Says that some tags belong on one chart."""
        self._log(LAYOUT_TAG, self._layout.add({category: {title: ["Multiline", list(tags)]}}), 0, None)

    @named
    def add_custom_scalars_marginchart(
        self, tags: Sequence[str], category: str = "default", title: str = "untitled"
    ) -> None:
        """Says that three tags are a line, its lower and its upper margin."""
        if len(tags) != 3:
            raise ValueError(f"a margin chart has three tags: value, lower, upper\n  got:      {len(tags)}")
        self._log(LAYOUT_TAG, self._layout.add({category: {title: ["Margin", list(tags)]}}), 0, None)
