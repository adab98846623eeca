"""Text that any program can read: file names and JSON can hold half a character (a lone surrogate), no file can."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any


def writable(text: str) -> str:
    """The text, a half character in it as its escape: `caf\\udce9` for a file name of the bytes `caf`, 0xE9."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def printable(text: str) -> str:
    """Text without anything that a terminal would obey: escape sequences, line ends, marks that turn the line round."""
    if text.isprintable():  # nearly always, and at once however long it is
        return text
    return "".join(
        char if unicodedata.category(char)[0] != "C" else char.encode("unicode_escape").decode() for char in text
    )


def writable_values(value: Any) -> Any:
    """JSON values with every text in them so."""
    if isinstance(value, str):
        return writable(value)
    if isinstance(value, Mapping):
        return {writable(str(key)): writable_values(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [writable_values(each) for each in value]
    return value
