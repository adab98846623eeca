"""A profile as it is stored, as a trace: Chrome's format or TensorFlow's XSpace, packed."""

from __future__ import annotations

from dashboard.profiles import trace, xspace
from tracker.values.profile import unpacked


def opened(data: bytes) -> trace.Trace:
    """The trace in a stored profile's bytes.

    Raises:
        LoggedValueError: it is damaged, or no trace.
    """
    raw = unpacked(data)
    return trace.read(raw) if raw.lstrip()[:1] in (b"{", b"[") else trace.build(xspace.events(raw))
