"""Files of Visdom's server, `<environment>.json`: each is an environment, whose windows become panes of a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tracker.errors import LogdirError
from tracker.foreign.log import parsed_json

HEAD = b'{"jsons":'


def is_environment(path: Path) -> bool:
    """Whether a file is one, by its first bytes."""
    if path.suffix.lower() != ".json":
        return False
    with path.open("rb") as file:
        return file.read(len(HEAD) + 8).replace(b" ", b"").startswith(HEAD)


def copy(path: Path, root: Path, name: str) -> tuple[Counter[str], list[str]]:
    """Puts the windows of an environment that are new, or have changed, into the run of that name.

    Args:
        path: The file.
        root: The logdir.
        name: Of the environment.

    Returns:
        How many windows were put there, and what of the file was not, a sentence each.

    Raises:
        ValueError, RecursionError: it is no JSON.
        LogdirError: it holds no windows.
        WindowError: another process writes the run.
    """
    from tracker.compat.visdom.windows import WindowError, Windows

    found = parsed_json(path.read_text(encoding="utf-8"))
    jsons = found.get("jsons") if isinstance(found, dict) else None
    if not isinstance(jsons, dict):
        raise LogdirError(f"{path}: it holds no windows.")
    windows = Windows(root)
    warnings = []
    added: Counter[str] = Counter()
    try:
        windows.handle(f"env/{name}", {"eid": name})
        for win, said in sorted(jsons.items(), key=lambda item: _place(item[1])):
            try:
                if not _is_there(windows, name, win, said):
                    windows.handle("win_data", {"eid": name, "win": win, "data": said})
                    added["pane"] += 1
            except WindowError as error:
                if error.status == 409:
                    raise
                warnings.append(f"window {win!r:.80}: {error}")
    finally:
        windows.close()
    return added, warnings


def _place(said: Any) -> float:
    place = said.get("i") if isinstance(said, Mapping) else None
    return place if isinstance(place, (int, float)) else 0.0


def _is_there(windows: Any, name: str, win: str, said: Any) -> bool:
    """Whether the environment has that window, as it is said to be."""
    if windows.handle("win_exists", {"eid": name, "win": win}) == "false":
        return False
    told = parsed_json(windows.handle("win_data", {"eid": name, "win": win}))
    return isinstance(said, Mapping) and all(told.get(key) == said.get(key) for key in ("type", "title", "content"))
