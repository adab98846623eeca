"""Profile: a trace of what a few steps spent their time on, as profilers write it."""

from __future__ import annotations

import gzip
import os
import tempfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tracker import coerce
from tracker.errors import LoggedTypeError, LoggedValueError, message
from tracker.values import unpack
from tracker.values.value import Medium, Value

FORM = "application/vnd.everystep.trace+json+gzip"
XSPACE_FORM = "application/vnd.everystep.xspace+gzip"

_ENDINGS = (".trace.json.gz", ".trace.json", ".json.gz", ".json", ".xplane.pb")
_GZIP = b"\x1f\x8b"


class Profile(Value):
    """A trace in Chrome's trace-event format, of torch.profiler, Keras and TensorFlow, JAX, the trainer or any other.

    Args:
        source: A file (.json, .json.gz, TensorFlow's .xplane.pb), a folder that holds one (such as a
            `plugins/profile/<time>`), the trace itself as a mapping with `traceEvents` or a list of events, or a
            `torch.profiler.profile` that has ended.

    Raises:
        LoggedTypeError: nothing of these.
        LoggedValueError: there is no trace at that place, or it is none.

    Source: Trace Event Format, Google, 2016.
    """

    kind = "profile"

    def __init__(self, source: str | os.PathLike[str] | Mapping[str, Any] | list[Any] | Any) -> None:
        self.attributes: dict[str, Any] = {}
        self.form = FORM
        if isinstance(source, (str, os.PathLike)):
            path = _found(Path(source))
            self.attributes["name"] = coerce.text(path.name)
            self._data = path.read_bytes()
            if path.name.endswith(".pb"):
                self.form = XSPACE_FORM
            else:
                _check_beginning(self._data, path)
        elif isinstance(source, (Mapping, list)):
            if isinstance(source, Mapping) and not isinstance(source.get("traceEvents"), list):
                raise LoggedValueError(
                    message(
                        "Profile: this mapping is no trace.",
                        expected='{"traceEvents": [events]}',
                        got=f"keys {', '.join(map(str, list(source)[:5]))}",
                    )
                )
            self._data = coerce.dumps(source).encode()
        elif callable(getattr(source, "export_chrome_trace", None)):
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "trace.json"
                source.export_chrome_trace(str(path))
                self._data = path.read_bytes()
        else:
            raise LoggedTypeError(
                message(
                    "Profile: this is no trace.",
                    expected="a path, a mapping with traceEvents, a list of events, or a torch.profiler.profile",
                    got=type(source).__name__,
                )
            )

    @property
    def n_bytes(self) -> int:
        return len(self._data) + 200

    def encode(self) -> list[Medium]:
        data = self._data if self._data.startswith(_GZIP) else gzip.compress(self._data, 6, mtime=0)
        return [Medium(self.form, self.attributes, data)]


def unpacked(data: bytes) -> bytes:
    """The trace as it was written.

    Raises:
        DamagedBytesError: damaged, or too large; see `unpack`.
    """
    return unpack.unpacked(data, "profile", unpack.TEXTS, unpack.GZIP)


def _found(path: Path) -> Path:
    if path.is_file():
        return path
    if not path.is_dir():
        raise LoggedValueError(
            message(
                "Profile: there is no such file.", expected=f"one that ends in {', '.join(_ENDINGS)}", got=str(path)
            )
        )
    for ending in _ENDINGS:
        files = sorted(each for each in path.rglob(f"*{ending}") if each.is_file())
        if len(files) == 1:
            return files[0]
        if files:
            raise LoggedValueError(
                message(
                    "Profile: this folder holds several traces.",
                    expected="one",
                    got=", ".join(str(each.relative_to(path)) for each in files[:5]),
                    hint="Log each under a tag of its own: tracker.Profile(path_of_one).",
                )
            )
    raise LoggedValueError(
        message(
            "Profile: this folder holds no trace.", expected=f"a file that ends in {', '.join(_ENDINGS)}", got=str(path)
        )
    )


def _check_beginning(data: bytes, path: Path) -> None:
    """Whether a file can be a trace, by its first bytes: a mistake is said on the caller's line, not on the page."""
    beginning = data[:4096]
    if data.startswith(_GZIP):
        try:
            beginning = zlib.decompressobj(31).decompress(data, 4096)
        except zlib.error as error:
            raise LoggedValueError(
                message(f"Profile: {path} cannot be unpacked.", expected="gzip", got=str(error))
            ) from error
    if beginning.lstrip()[:1] not in (b"{", b"["):
        raise LoggedValueError(message(f"Profile: {path} is no trace.", expected="JSON", got=repr(beginning[:30])))
