"""Where scripts lie that other Python packages bring: of Plotly, and of AG Grid with React.

They are found without importing their packages. To open the table of runs first would otherwise wait for Dash, which is
a second of work for the server and half a second for the browser (1,000 runs: the first rows after 3.6 s).
"""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

_PLACES = {
    "react.js": ("dash", "deps/react@*.min.js"),
    "react-dom.js": ("dash", "deps/react-dom@*.min.js"),
    "prop-types.js": ("dash", "deps/prop-types@*.min.js"),
    "dash_ag_grid.min.js": ("dash_ag_grid", "dash_ag_grid.min.js"),
    "async-community.js": ("dash_ag_grid", "async-community.js"),  # asked for by the one before, beside itself
    "plotly.js": ("plotly", "package_data/plotly.min.js"),
}
"""By the name that the page asks for: the package, and where it lies there; of several versions the newest."""


@lru_cache(maxsize=len(_PLACES))
def place(name: str) -> Path | None:
    """Where a script lies; None for a name that is not in the list, or a package that is not as it was."""
    package, pattern = _PLACES.get(name, ("", ""))
    spec = find_spec(package) if package else None
    if spec is None or not spec.submodule_search_locations:
        return None
    return max(Path(spec.submodule_search_locations[0]).glob(pattern), key=_version, default=None)


def _version(path: Path) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", path.name.partition("@")[2]))
