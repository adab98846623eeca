"""What language-model trainings print: llm.c, nanoGPT, Megatron, and the dictionaries of transformers."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from pathlib import Path

from tracker.foreign.log import Log

_LLM_C = re.compile(r"^s:(\d+)((?: (?:tel|trl|lr|norm|eval):\S+)+)\s*$")
_LLM_C_TAGS = {"trl": "train/loss", "tel": "val/loss", "lr": "lr", "norm": "grad_norm", "eval": "eval/accuracy"}
_MEGATRON = re.compile(r"iteration\s+(\d+)\s*/\s*\d+\s*\|(.*)")
_PAIR = re.compile(r"([^|:]+):\s*([^|]*)(\||$)")
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+|nan|inf)", re.IGNORECASE)

_NANOGPT_EVAL = re.compile(r"^step (\d+): train loss (\S+), val loss (\S+)\s*$")
_NANOGPT = re.compile(r"^iter (\d+): loss (\S+), time (\S+)ms(?:, mfu (\S+)%)?\s*$")
_TRANSFORMERS = re.compile(r"\{'(?:loss|eval_\w+|train_\w+|grad_norm|test_\w+)': [^{}]*\}")
"""A line may begin with a progress bar, which ends in no line of its own."""

LOOKED_AT = 400
"""Lines at the beginning of a file that show what it is."""


def kind_of(path: Path) -> str | None:
    """Which program printed a text; None when it is none of these."""
    with path.open(encoding="utf-8", errors="replace") as file:
        for line, _ in zip(file, range(LOOKED_AT), strict=False):
            if _LLM_C.match(line):
                return "llm.c"
            if _MEGATRON.search(line):
                return "Megatron"
            if _NANOGPT.match(line) or _NANOGPT_EVAL.match(line):
                return "nanoGPT"
            if _TRANSFORMERS.search(line):
                return "transformers"
    return None


def read(path: Path) -> Iterable[Log]:
    """The run that a text tells of, every line in its order; times are the file's, for the text has none."""
    log = Log()
    modified = path.stat().st_mtime
    steps = 0
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
                continue
            found = _NANOGPT.match(line)
            if found:
                step, loss, took, mfu = found.groups()
                log.add("train/loss", step, modified, loss)
                log.add("time (ms)", step, modified, took)
                if mfu is not None:
                    log.add("mfu (%)", step, modified, mfu)
                continue
            found = _NANOGPT_EVAL.match(line)
            if found:
                log.add("eval/train_loss", found.group(1), modified, found.group(2))
                log.add("eval/val_loss", found.group(1), modified, found.group(3))
                continue
            found = _TRANSFORMERS.search(line)
            if found:
                steps = _transformers(log, found.group(), steps, modified)
    return [log]


def _transformers(log: Log, text: str, steps: int, modified: float) -> int:
    """A dictionary as Python prints it. It has no step: a report of training is one more than the one before."""
    with log.reading("dictionaries that were printed"):
        said = ast.literal_eval(text)
        is_report = "loss" in said
        steps += is_report
        for key, value in said.items():
            part = next((part for part in ("eval", "test") if key.startswith(f"{part}_")), None)
            tag = f"{part}/{key[5:]}" if part else f"train/{key.removeprefix('train_')}"
            log.add(tag, max(steps - 1, 0), modified, value)
    return steps


def _megatron(log: Log, step: str, modified: float, rest: str) -> None:
    """`lm loss: 6.4E+00 | grad norm: 9.8 | …`; a last field that was cut off is left out."""
    for name, value, end in _PAIR.findall(rest):
        number = _NUMBER.fullmatch(value.strip())
        if number and end:
            log.add(name.strip(), step, modified, number.group())
        elif value.strip():
            log.left_out["fields that were cut off, or are no numbers"] += 1
