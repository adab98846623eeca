"""A model card: one version of a model in one HTML file that is drawn on and answers, without a server or a network.

The file holds the network as ONNX, what runs it, and the page's own modules joined into one script. Its policy names
that script and its stylesheet by their sums: nothing else runs, whatever a name or a class in it says, and nobody can
be asked anything. What comes from the run stands escaped, or in base64.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import time
import zlib
from collections.abc import Iterable, Iterator
from typing import Any

from dashboard.http import installed_scripts, wire
from dashboard.http.bundles import Bundles
from dashboard.http.module_graph import WEB
from tracker.models import as_onnx
from tracker.plain_text import writable, writable_values
from tracker.store.read.left_out import LeftOut
from tracker.store.read.models import StoredModel
from tracker.store.read.run import StoredRun

MOST_ROWS = 200
"""Of settings, and of metrics."""

WORTH_PACKING = 0.8
"""Of the size before: weights are noise to a packer, and to unpack them takes as long as all else of a first answer."""

MOST_CHARACTERS = 300
"""Of a value in a table."""

SHEETS = ("frame.css", "pages/try/page.css", "card.css")
WORKER = "pages/try/model_worker.js"


def page(run: StoredRun, model: StoredModel, left_out: LeftOut) -> str:
    """The HTML.

    Args:
        run: Whose model.
        model: At the version that is wanted.
        left_out: What of the run's settings and metrics could not be read is added.

    Raises:
        ModelError: the model is none that a browser runs.
        NotInstalledError: what runs it is not there.
    """
    installed_scripts.onnxruntime()
    network = as_onnx.onnx_bytes(model.files(), model.manifest)
    script = Bundles("card.js", []).make("card.js").replace("</script", "<\\/script").replace("<!--", "<\\!--")
    style = "\n".join((WEB / name).read_text(encoding="utf-8") for name in SHEETS)
    policy = (
        f"default-src 'none'; script-src '{_sum(script)}' blob: 'wasm-unsafe-eval'; worker-src blob:; "
        f"style-src '{_sum(style)}'; img-src data: blob:; base-uri 'none'; form-action 'none'"
    )
    runtime, wasm = (_file(name) for name in installed_scripts.ONNXRUNTIME)
    title = html.escape(writable(f"{model.name}, step {model.step:,}, of {run.name}"))
    parts = [
        _data("model-data", json.dumps(_told(model), default=str).encode()),
        _data("worker-data", (WEB / WORKER).read_bytes()),
        _data("runtime-data", zlib.compress(runtime, 9)),
        _data("wasm-data", zlib.compress(wasm, 9)),
    ]
    packed = zlib.compress(network, 6)
    is_worth_it = len(packed) < WORTH_PACKING * len(network)
    last = _data("network-data", packed if is_worth_it else network, "deflate" if is_worth_it else "none")
    return (
        "<!doctype html>\n"
        f'<html lang="en"><head><meta charset="utf-8"><meta http-equiv="content-security-policy" content="{policy}">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{title}</title>\n'
        f"<style>{style}</style></head>\n"
        f'<body class="model-card"><h1>{html.escape(writable(model.name))}</h1>\n'
        f'<p class="made">{_sentence(run, model)}</p>\n'
        '<div class="card-try" id="try"></div>\n'
        f"{_facts(model)}{_tables(run, left_out)}"
        '<p class="made">The network is run by ONNX Runtime, © Microsoft Corporation, under the MIT licence. '
        "Nothing that is drawn here leaves this page.</p>\n"
        # What runs networks is begun with while the network itself, most of the file, is still read.
        f'{"".join(parts)}<script type="module" async>{script}</script>{last}</body></html>\n'
    )


def _told(model: StoredModel) -> dict[str, Any]:
    """What the script must know; as `/api/v1/models` tells it."""
    said = model.manifest.as_json()
    # What was logged without saying what it takes says so when it is opened.
    said["inputs"] = said["inputs"] or model.runner.inputs
    told: dict[str, Any] = writable_values(
        {
            "run": model.run, "name": model.name, "step": model.step, "digest": model.digest, "versions": [],
            **{key: said[key] for key in ("inputs", "outputs", "classes", "preprocess", "method")},
        }
    )  # fmt: skip
    return told


def _sentence(run: StoredRun, model: StoredModel) -> str:
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(model.version.wall_time))
    words = f"Run {run.name}, step {model.step:,}, logged {when}; this card was made {time.strftime('%Y-%m-%d %H:%M')}."
    return html.escape(writable(words))


def _facts(model: StoredModel) -> str:
    said = model.manifest
    facts = [
        ("digest", said.digest),
        ("size", f"{said.size:,} bytes, {said.format}"),
        *((f"input {each.name}", _signature(each.as_json())) for each in said.inputs),
        *((f"output {each.name}", _signature(each.as_json())) for each in said.outputs),
        ("classes", ", ".join(said.classes) if said.classes else ""),
        ("preprocess", json.dumps(said.as_json()["preprocess"]) if said.preprocess else ""),
        ("labels", ", ".join(said.labels)),
        ("made by", said.made_by),
    ]
    return _table("Model", [(name, value) for name, value in facts if value])


def _signature(spec: dict[str, Any]) -> str:
    sizes = " × ".join("any" if size is None else str(size) for size in spec["shape"])
    return f"{spec['dtype']}, {sizes}"


def _tables(run: StoredRun, left_out: LeftOut) -> str:
    settings: list[tuple[str, str]] = []
    metrics: list[tuple[str, str]] = []
    with left_out.reading(run.name), run.held() as held:
        settings = list(_flat(wire.plain(held.config)))
        for tag in held.tags("scalar")[:MOST_ROWS]:
            with left_out.reading(run.name, tag):
                points = held.scalars(tag)
                if len(points):
                    metrics.append((tag, f"{float(points.value[-1]):.6g} at step {int(points.step[-1]):,}"))
    return _table("Settings", settings) + _table("Last metrics of the run", metrics)


def _flat(value: Any, above: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _flat(each, f"{above}/{key}" if above else str(key))
    else:
        yield above, value if isinstance(value, str) else json.dumps(value, default=str)


def _table(title: str, rows: Iterable[tuple[str, str]]) -> str:
    shown = list(rows)
    if not shown:
        return ""
    cells = "".join(
        f"<tr><th scope=row>{html.escape(_short(name))}</th><td>{html.escape(_short(value))}</td></tr>\n"
        for name, value in shown[:MOST_ROWS]
    )
    more = f"<p class=made>and {len(shown) - MOST_ROWS:,} more</p>" if len(shown) > MOST_ROWS else ""
    return f"<section><h2>{title}</h2><table>\n{cells}</table>{more}</section>\n"


def _short(text: str) -> str:
    text = writable(text)
    return text if len(text) <= MOST_CHARACTERS else f"{text[: MOST_CHARACTERS - 1]}…"


def _file(name: str) -> bytes:
    path = installed_scripts.place(name)
    assert path is not None
    return path.read_bytes()


def _data(id: str, data: bytes, packed: str = "deflate") -> str:
    text = base64.b64encode(data).decode()
    return f'<script type="text/plain" id="{id}" data-packed="{packed}">{text}</script>\n'


def _sum(text: str) -> str:
    """How a policy names what stands in an element."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
