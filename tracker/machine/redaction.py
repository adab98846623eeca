"""Redaction: command lines and diffs without what looks like a secret.

It is a net with holes, which is why neither is kept unless asked for. What it knows: options, variables and keys
whose name speaks of a secret; passwords in addresses; tokens of well-known shape.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

HIDDEN = "[hidden]"

_NAME = (
    r"[\w.-]*(?:pass(?:word|wd|phrase)?|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credential|auth)[\w.-]*"
)
_OPTION = re.compile(rf"^-{{0,2}}{_NAME}$", re.IGNORECASE)
_PAIR = re.compile(rf"""(?P<name>["']?{_NAME}["']?\s*(?:=|:)\s*)(?P<value>"[^"]*"|'[^']*'|[^\s,;"']+)""", re.IGNORECASE)
_ADDRESS = re.compile(r"(?P<scheme>\b[a-z][a-z0-9+.-]*://)[^\s/@]+@", re.IGNORECASE)
_BEARER = re.compile(r"(?P<word>\b(?:bearer|basic)\s+)[\w.~+/=-]{8,}", re.IGNORECASE)
_SHAPES = re.compile(
    r"\b(?:sk-[\w-]{16,}|gh[pousr]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|hf_\w{20,}|xox[abprs]-[\w-]{10,}"
    r"|A(?:KI|SI)A[A-Z0-9]{16}|AIza[\w-]{30,}|eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]+|[0-9a-f]{40,})\b"
)
_BLOCK = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL)


def text(words: str, *, hashes: bool = True) -> str:
    """Text with everything that looks like a secret replaced by "[hidden]".

    Args:
        words: Any text.
        hashes: Whether long hexadecimal words are hidden too; a diff names its files' contents by such.
    """
    words = _BLOCK.sub(HIDDEN, words)
    words = _ADDRESS.sub(rf"\g<scheme>{HIDDEN}@", words)
    words = _BEARER.sub(rf"\g<word>{HIDDEN}", words)
    words = _PAIR.sub(rf"\g<name>{HIDDEN}", words)
    return _SHAPES.sub(lambda found: found[0] if not hashes and _is_hex(found[0]) else HIDDEN, words)


def arguments(words: Sequence[str]) -> list[str]:
    """A command line's words; the word after an option that names a secret is hidden as well."""
    found: list[str] = []
    after_secret = False
    for word in words:
        found.append(HIDDEN if after_secret and not word.startswith("-") else text(word))
        after_secret = word.startswith("-") and bool(_OPTION.match(word))
    return found


def _is_hex(word: str) -> bool:
    return not set(word) - set("0123456789abcdef")
