"""Where scripts lie that other Python packages bring: of Plotly, of AG Grid with React, and of ONNX Runtime.

They are found without importing their packages. To open the table of runs first would otherwise wait for Dash, which is
a second of work for the server and half a second for the browser (1,000 runs: the first rows after 3.6 s).
"""

from __future__ import annotations

import hashlib
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
    "onnxruntime.mjs": ("everystep_try", "onnxruntime/ort.wasm.bundle.min.mjs"),
    "onnxruntime.wasm": ("everystep_try", "onnxruntime/ort-wasm-simd-threaded.wasm"),
}
"""By the name that the page asks for: the package, and where it lies there; of several versions the newest."""

ONNXRUNTIME = ("onnxruntime.mjs", "onnxruntime.wasm")
"""What runs a model in the browser: the script, and what it is the door to."""


class NotInstalledError(Exception):
    """A package of scripts is not there; says what to install."""


@lru_cache(maxsize=len(_PLACES))
def place(name: str) -> Path | None:
    """Where a script lies; None for a name that is not in the list, or a package that is not as it was."""
    package, pattern = _PLACES.get(name, ("", ""))
    spec = find_spec(package) if package else None
    if spec is None or not spec.submodule_search_locations:
        return None
    return max(Path(spec.submodule_search_locations[0]).glob(pattern), key=_version, default=None)


@lru_cache(maxsize=len(_PLACES))
def digest(name: str) -> str:
    """Names what a script holds, as its address does, so that a browser may keep it; of one that is there."""
    path = place(name)
    assert path is not None
    return hashlib.blake2b(path.read_bytes(), digest_size=8).hexdigest()


def onnxruntime() -> dict[str, str]:
    """The addresses of ONNX Runtime's files below /packages/, "script" and "wasm".

    Raises:
        NotInstalledError: the package that brings them is not there.
    """
    if not all(map(place, ONNXRUNTIME)):
        raise NotInstalledError("To run models in the browser: pip install 'everystep[try]', and start viz anew.")
    script, wasm = (f"{digest(name)}/{name}" for name in ONNXRUNTIME)
    return {"script": script, "wasm": wasm}


def _version(path: Path) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", path.name.partition("@")[2]))
