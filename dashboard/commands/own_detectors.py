"""A user's own detectors: the option that names their file, which is run before any run is examined."""

from __future__ import annotations

import argparse
import importlib.util
import sys
import traceback
from pathlib import Path

from dashboard.commands.refusal import UsageError


def add_detectors(parser: argparse.ArgumentParser) -> None:
    """The option."""
    parser.add_argument(
        "--detectors",
        action="append",
        default=[],
        metavar="FILE",
        help="Python file with detectors of your own (@tracker.detector); may be given several times",
    )


def run_detectors(files: list[str]) -> None:
    """Runs the files, in which detectors register themselves.

    Raises:
        UsageError: one is not there, raises, or holds no detector.
    """
    from tracker.findings.detector import registered

    for place, name in enumerate(files):
        path, before = Path(name), registered()
        spec = importlib.util.spec_from_file_location(f"viz_detectors_{place}", path) if path.is_file() else None
        if spec is None or spec.loader is None:
            raise UsageError(f"--detectors {name}: there is no such Python file")
        module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
        try:
            spec.loader.exec_module(module)
        except (Exception, SystemExit) as error:
            at = [each.lineno for each in traceback.extract_tb(error.__traceback__) if each.filename == str(path)]
            line = f":{at[-1]}" if at else ""
            raise UsageError(f"--detectors {name}{line}: {type(error).__name__}: {error!s:.200}") from error
        if all(before.get(kind) is function for kind, function in registered().items()):
            raise UsageError(
                f"--detectors {name}: it holds no detector; a function gets to be one by @tracker.detector"
            )
