"""MLflow's folders: `mlruns/<experiment>/<run>/` with a file a metric, a file a parameter, and meta.yaml."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from tracker.foreign.log import Log, number, whole

META = "meta.yaml"
MAX_VALUE_BYTES = 1 << 20


def is_run(path: Path) -> bool:
    """Whether a file is the meta.yaml of a run that was not deleted."""
    if path.name != META or not any((path.parent / part).is_dir() for part in ("metrics", "params", "tags")):
        return False
    about = _about(path)
    return bool(about.get("run_id") or about.get("run_uuid")) and about.get("lifecycle_stage", "active") == "active"


def read(path: Path) -> Iterable[Log]:
    """The run beside a meta.yaml, called as its experiment and itself are.

    Raises:
        OSError: it cannot be read.
    """
    folder = path.parent
    about = _about(path)
    identity = about.get("run_id") or about.get("run_uuid") or folder.name
    experiment = _about(folder.parent / META).get("name") or folder.parent.name
    own = _value(folder / "tags" / "mlflow.runName") or about.get("run_name") or about.get("name") or identity
    log = Log(f"{experiment}/{own}")
    log.config = {name: _value(file) for name, file in _files(folder / "params")}
    for tag, file in _files(folder / "metrics"):
        with file.open(encoding="utf-8", errors="replace") as lines:
            for place, line in enumerate(lines):
                if not line.endswith("\n"):
                    log.left_out["lines without an end: still being written"] += 1
                    break
                words = line.split()  # time in milliseconds, value, and since 2019 the step
                if len(words) < 2 or number(words[0]) is None or number(words[1]) is None:
                    log.left_out["lines that are no metric"] += 1
                    continue
                step = whole(words[2]) if len(words) > 2 else place
                log.add(tag, place if step is None else step, float(words[0]) / 1000, words[1])
    return [log]


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    """(name, file) of each metric or parameter; names with "/" in them are folders."""
    if folder.is_dir():
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                yield file.relative_to(folder).as_posix(), file


def _value(path: Path) -> str:
    if not path.is_file():
        return ""
    with path.open(encoding="utf-8", errors="replace") as file:
        return file.read(MAX_VALUE_BYTES).strip()


def _about(path: Path) -> dict[str, str]:
    """The plain lines of a YAML file, which is all that MLflow writes: `key: value`, perhaps in quotes."""
    found = {}
    for line in _value(path).splitlines():
        key, colon, value = line.partition(": ")
        if colon and not line.startswith((" ", "#", "-")):
            value = value.strip()
            found[key] = value[1:-1] if value[:1] in "'\"" and value[-1:] == value[:1] and len(value) > 1 else value
    return {key: value for key, value in found.items() if value not in ("null", "~", "")}
