"""Settings: what a run's configuration says of its optimizer and its numbers, whatever people call it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any


def entries(config: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Each setting that is no mapping, with its own name in small letters, those of inner mappings too."""
    for name, value in config.items():
        if isinstance(value, Mapping):
            yield from entries(value)
        else:
            yield str(name).lower(), value


def number(config: Mapping[str, Any], *names: str) -> float | None:
    """The first setting of one of these names that is a number, or whose first element is one; None without."""
    for name, value in entries(config):
        if re.split(r"[./]", name)[-1] in names:
            first = value[0] if isinstance(value, (list, tuple)) and value else value
            if isinstance(first, (int, float)) and not isinstance(first, bool):
                return float(first)
    return None


def learning_rate(config: Mapping[str, Any]) -> float | None:
    """The rate that it was to begin with."""
    return number(config, "lr", "learning_rate", "learningrate", "base_lr", "lr0", "max_lr", "eta")


def momentum(config: Mapping[str, Any]) -> float | None:
    """The share of the last step that goes into the next: SGD's momentum or Adam's first beta."""
    return number(config, "momentum", "beta1", "beta_1", "adam_beta1", "b1", "betas")


def is_adaptive(config: Mapping[str, Any]) -> bool | None:
    """Whether its steps do not grow with the gradients, as Adam's; None where no optimizer is named."""
    for name, value in entries(config):
        if "optim" in name or name in ("opt", "algorithm"):
            text = str(value).lower()
            if re.search(r"ada|rms|lamb|lion|novo|shampoo|sophia|prodigy", text):
                return True
            if re.search(r"sgd|momentum|nesterov|gd\b", text):
                return False
    return None


def is_half(config: Mapping[str, Any]) -> bool:
    """Whether it computes in float16, whose largest number is 65504; bfloat16 has float32's range."""
    if any(re.search(r"bf-?16|bfloat16", f"{name} {value}".lower()) for name, value in entries(config)):
        return False
    for name, value in entries(config):
        text = str(value).lower()
        is_on = text in ("true", "1", "yes", "on", "o1", "o2")
        if is_on and re.search(r"fp16|float16|\bhalf\b|\bf16|amp|autocast", name):
            return True
        if not re.search(r"precision|dtype|amp|autocast|fp16|half|float16", name):
            continue
        if re.search(r"fp-?16|float-?16|\bhalf\b|\bf16\b|^16", text):
            return True
    return False
