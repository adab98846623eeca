"""What may go wrong, by name.

A caller's mistake is raised on the caller's line as one of these; each is also the built-in kind a
caller would catch anyway. What the world does (full disk, lost network) is never raised by `log()`.
"""

from __future__ import annotations

import os


def message(what: str, *, expected: object = None, got: object = None, hint: str = "") -> str:
    """One message in the house's form: what was wrong, expected and got, what to do."""
    lines = [what]
    if expected is not None:
        lines.append(f"  expected: {expected}")
    if got is not None:
        lines.append(f"  got:      {got}")
    if hint:
        lines.append(f"  {hint}")
    return "\n".join(lines)


class TrackerError(Exception):
    """Every error this package raises on purpose."""


class TagError(TrackerError, ValueError):
    """A tag that cannot name a series: not text, or empty."""


class StepError(TrackerError, ValueError):
    """A step that is not a whole number of 64 bits."""


class LoggedTypeError(TrackerError, TypeError):
    """A value of a kind that cannot be logged."""


class LoggedValueError(TrackerError, ValueError):
    """A value of a known kind whose content cannot be logged, such as an image of five channels."""


class ControlError(TrackerError, ValueError):
    """A control or an action that cannot be declared so, such as one that begins out of its own bounds."""


class ControlTypeError(TrackerError, TypeError):
    """A control that begins with a value of no kind that a control can hold."""


class ModelError(TrackerError, ValueError):
    """A model that cannot be kept, read or run as it is: damaged, too large, not of its format, or not there."""


class ModelTypeError(ModelError, LoggedTypeError):
    """What was given as a model, or with one, is of no kind that it could be."""


class RecordingError(TrackerError, ValueError):
    """A recording of the last steps that cannot be written, read or replayed as it is."""


class RunNameError(TrackerError, ValueError):
    """A run name that cannot be a folder below the logdir."""


class RunExistsError(TrackerError, ValueError):
    """`resume="never"` and the run is there already."""


class RunNotFoundError(TrackerError, LookupError):
    """No run of that name below the logdir."""


class SeriesNotFoundError(TrackerError, LookupError):
    """The run holds nothing of that kind under that tag."""


class NoRunError(TrackerError, RuntimeError):
    """`log()` before `init()`."""


class LogdirError(TrackerError, OSError):
    """A logdir that is not there, is no folder, or cannot be written."""


class RemoteLogdirError(LogdirError, ValueError):
    """A logdir that is an address (`s3://…`, `hdfs://…`) and no folder of this machine."""


class MissingPackageError(TrackerError, RuntimeError):
    """What was asked for needs a package that is not installed; the message says which."""


class StoreError(TrackerError):
    """A file that cannot be read as a segment of a run."""

    def __init__(self, path: str | os.PathLike[str], why: str) -> None:
        super().__init__(f"{os.fspath(path)}: {why}")
        self.path = os.fspath(path)
        self.why = why


class NotAStoreError(StoreError):
    """The file is something else: another program's database, or no database at all."""


class NewerSchemaError(StoreError):
    """The file was written by a newer everystep."""


class DatabaseError(StoreError):
    """A database that does not answer, or not with what was asked."""


class DamagedBytesError(TrackerError, ValueError):
    """Packed bytes that are not what this package packs."""


class TwinError(StoreError):
    """The file is a copy of a segment that lies beside it."""


class DamagedStoreError(StoreError):
    """The file is a segment, but part of it cannot be read."""


class WindowArgumentError(TrackerError, ValueError, AssertionError):
    """An argument that no window can be made of. Visdom's own client asserts; who catches that catches this."""


class PageChangeError(TrackerError, ValueError):
    """A change that was asked for in the page and cannot be made; the message says why."""
