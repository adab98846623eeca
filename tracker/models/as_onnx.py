"""A version of a model as the bytes of one ONNX file, which is what runs where there is no Python."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from tracker.errors import ModelError, message
from tracker.models import checks
from tracker.models import manifest as manifests
from tracker.models.manifest import Manifest

CONVERTERS = {"trainer": "trainer.onnx.logged", "tfjs": "trainer.onnx.logged"}
"""By the format of a version: the module whose `onnx_of(files, manifest)` gives the bytes. It is the trainer's, which
this package does not know."""

MAX_BYTES = 1 << 30
"""Of a file that is made, or sent: a browser holds all of it in memory, several times."""


def onnx_bytes(files: Mapping[str, Path], said: Manifest | Mapping[str, Any]) -> bytes:
    """The file.

    Args:
        files: Where each of the version's files lies, by name. They are looked at first, as before they are run.
        said: Its manifest.

    Raises:
        ModelError: it is none that one ONNX file can be; a sentence says why.
    """
    manifest = said if isinstance(said, Manifest) else manifests.of_json(dict(said))
    if manifest.format == "source":
        raise ModelError(message("Of this model only the source was kept.", hint=manifest.note))
    checks.check(files, manifest)
    if manifest.size > MAX_BYTES:
        got = f"{manifest.size:,} bytes"
        raise ModelError(
            message("This model is too large for a browser.", expected=f"at most {MAX_BYTES:,} bytes", got=got)
        )
    if manifest.format == "onnx":
        if len(files) != 1:
            raise ModelError(message("This model's weights lie in files of their own, which a browser is not sent."))
        return next(iter(files.values())).read_bytes()
    converter = import_module(CONVERTERS[manifest.format])
    try:
        converted: bytes = converter.onnx_of(dict(files), manifest.as_json())
    except Exception as error:  # whatever the trainer says of somebody's file: its errors are not known here
        raise ModelError(
            message(f"This model cannot be written as ONNX: {str(error) or type(error).__name__}")
        ) from error
    return converted
