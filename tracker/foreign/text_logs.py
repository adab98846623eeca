"""What language-model trainings print: the logs of llm.c and of Megatron."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from tracker.foreign.log import Log

_LLM_C = re.compile(r"^s:(\d+)((?: (?:tel|trl|lr|norm|eval):\S+)+)\s*$")
_LLM_C_TAGS = {"trl": "train/loss", "tel": "val/loss", "lr": "lr", "norm": "grad_norm", "eval": "eval/accuracy"}
_MEGATRON = re.compile(r"iteration\s+(\d+)\s*/\s*\d+\s*\|(.*)")
_PAIR = re.compile(r"([^|:]+):\s*([^|]*)(\||$)")
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+|nan|inf)", re.IGNORECASE)

LOOKED_AT = 400
"""Lines at the beginning of a file that show what it is."""


def kind_of(path: Path) -> str | None:
    """Which program printed a text; None when it is neither."""
    with path.open(encoding="utf-8", errors="replace") as file:
        for line, _ in zip(file, range(LOOKED_AT), strict=False):
            if _LLM_C.match(line):
                return "llm.c"
            if _MEGATRON.search(line):
                return "Megatron"
    return None


def read(path: Path) -> Iterable[Log]:
    """The run that a text tells of, every line in its order; times are the file's, for the text has none."""
    log = Log()
    modified = path.stat().st_mtime
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in file:
            found = _LLM_C.match(line)
            if found:
                for pair in found.group(2).split():
                    name, _, value = pair.partition(":")
                    log.add(_LLM_C_TAGS[name], found.group(1), modified, value)
                continue
            found = _MEGATRON.search(line)
            if found:
                _megatron(log, found.group(1), modified, found.group(2))
    return [log]


def _megatron(log: Log, step: str, modified: float, rest: str) -> None:
    """`lm loss: 6.4E+00 | grad norm: 9.8 | …`; a last field that was cut off is left out."""
    for name, value, end in _PAIR.findall(rest):
        number = _NUMBER.fullmatch(value.strip())
        if number and end:
            log.add(name.strip(), step, modified, number.group())
        elif value.strip():
            log.left_out["fields that were cut off, or are no numbers"] += 1
