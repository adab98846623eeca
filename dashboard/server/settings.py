"""How a server is to be, and where what it keeps for itself lies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dashboard.serving.limits import Limits
from tracker.foreign.folders import cache_folder


@dataclass(frozen=True)
class Settings:
    """How a server is to be."""

    logdir: Path
    host: str = "127.0.0.1"
    port: int = 6006
    token: str | None = None
    secret: bytes | None = None
    """What sessions are made with, when they are to outlive this start; see `dashboard.server.sessions`."""
    prefix: str = ""
    allowed: frozenset[str] = frozenset()
    """Names under which a proxy shows it; see `dashboard.server.public_address`."""
    read_only: bool = False
    allow_commands: bool = False
    """Whether rules that are armed on the page may start programs; see `dashboard.alerts`."""
    framed: bool = False
    """Whether a notebook of this machine may show it in a frame."""
    mirror: Path | None = None
    """Where copies of event files that lie in the logdir are kept; None when they are not looked for."""
    visdom_port: int | None = None
    """Where Visdom's clients are spoken with; None where they are not. See `dashboard.visdom`."""
    write_tokens: Mapping[str, str] | None = None
    """By project, who may send runs here; None where nobody may. See `dashboard.receive`."""
    certificate: tuple[Path, Path] | None = None
    """Files of a certificate and its key, with which the server speaks TLS; None where it does not."""
    limits: Limits | None = None
    """How much models are asked at once; None for as much as is usual."""
    model_device: str = "cpu"
    """Where models compute: cpu, cuda or cuda:1."""
    index: Path | None = None
    """Where what is known of the logdir is kept from one start to the next; see `dashboard.live.catalog_cache`."""


def index_file(logdir: Path) -> Path:
    """Where the index of a logdir is kept."""
    mirror = cache_folder(logdir)
    return mirror.parent.parent / "index" / f"{mirror.name}.index"


def curves_folder(index: Path | None) -> Path | None:
    """Where the curves of a logdir's finished runs are kept, beside its index."""
    return None if index is None else index.with_suffix(".curves")
