"""`viz predict`: asks a model, of a run or from a file, about pictures and numbers."""

from __future__ import annotations

import argparse
import contextlib
import csv
import io
import json
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TextIO

from dashboard.commands.counting import so_many
from dashboard.commands.refusal import CommandError, UsageError, add_logdir, existing_logdir

if TYPE_CHECKING:
    from dashboard.commands.predict_inputs import Sample

BATCH = 16
"""Samples that a model is asked at once: of a folder no more than these are in memory."""

MOST_VALUES = 20
"""Numbers of an answer that is no classifier's, on a terminal."""


def add(parser: argparse.ArgumentParser) -> None:
    """The words of the command."""
    parser.add_argument(
        "model", metavar="MODEL",
        help="RUN/MODEL or MODEL as it was logged, an .onnx file, a TensorFlow.js folder, or one saved by model.save()",
    )  # fmt: skip
    parser.add_argument(
        "inputs", nargs="+", metavar="INPUT", help="pictures, folders of pictures (answered as CSV), .npy files, - for JSON"
    )
    add_logdir(parser)
    parser.add_argument("--step", type=int, metavar="N", help="the version logged at this step (default: the newest)")
    parser.add_argument("--top", type=int, default=5, metavar="K", help="how many classes are told (default: 5)")
    parser.add_argument("--json", action="store_true", help="answer as JSON, all outputs included")
    parser.add_argument("-o", "--output", metavar="FILE", help="write CSV (with --json: JSON) into a file")
