"""Requests that no page of ours makes: every route with every method and parameter, and values of every wrong kind.

A grammar of our own, as schemas know none of what goes wrong here: numbers beyond 64 bits, half characters, nests, names
that are nearly right. A seed makes the same requests again.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, quote_from_bytes

from every_kind import PANES, RUN, TAGS

METHODS = ("GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "QUERY")

QUERIES: dict[str, tuple[str, ...]] = {
    "/": ("p", "token"),
    "/healthz": (),
    "/api/v1/runs": ("form", "met"),
    "/api/v1/table": ("tag", "tag"),
    "/api/v1/scalars": ("run", "tag", "columns", "start", "stop", "axis"),
    "/api/v1/histograms": ("run", "tag", "bins", "rows", "scale", "start", "stop", "honest", "rough"),
    "/api/v1/histograms/merged": ("run", "tag", "tag", "scale", "start", "stop"),
    "/api/v1/media": ("run", "tag", "kind", "step", "position", "last"),
    "/api/v1/blobs/{hash}": ("run",),
    "/api/v1/graph": ("run", "tag"),
    "/api/v1/marks": ("run",),
    "/api/v1/findings": ("run",),
    "/api/v1/shelf": (),
    "/api/v1/trash": (),
    "/api/v1/senders": (),
    "/api/v1/expressions": ("text",),
    "/api/v1/graph/overview": ("run", "tag", "open"),
    "/api/v1/graph/scopes": ("run", "hash", "id", "spread"),
    "/api/v1/graph/item": ("run", "hash", "id"),
    "/api/v1/graph/search": ("run", "hash", "q"),
    "/api/v1/graph/times": ("run", "hash"),
    "/api/v1/profiles": ("run",),
    "/api/v1/profile": ("run", "hash"),
    "/api/v1/profile/event": ("run", "hash", "id"),
    "/api/v1/profile/file": ("run", "hash"),
    "/api/v1/environment": ("run",),
    "/api/v1/console": ("run", "since"),
    "/api/v1/quality": ("run", "tag"),
    "/api/v1/ranks": ("run", "tag", "columns", "start", "stop"),
    "/api/v1/confusion": ("run", "tag"),
    "/api/v1/mesh": ("run", "tag", "step"),
    "/api/v1/layout": ("run", "tag"),
    "/api/v1/panes": ("run",),
    "/api/v1/pane": ("run", "id", "n"),
    "/api/v1/pane/html": ("run", "id", "n"),
    "/api/v1/controls": ("run",),
    "/api/v1/diff": ("first", "second"),
    "/api/v1/commands": ("run", "last"),
    "/api/v1/proposals": ("run",),
    "/api/v1/embedding": ("run", "tag", "step"),
    "/api/v1/embedding/sprites": ("run", "tag", "step"),
    "/api/v1/embedding/neighbours": ("run", "tag", "step", "index", "count", "distance"),
    "/api/v1/embedding/map": ("run", "tag", "method", "step", "size", "near"),
    "/api/v1/models": ("run",),
    "/api/v1/models/file": ("run", "name", "step", "file", "digest"),
    "/api/v1/models/onnx": ("run", "name", "step"),
    "/api/v1/cases": ("run",),
    "/api/v1/cases/row": ("run", "id"),
    "/api/v1/alerts": (),
    "/packages/{name}": (),
    "/packages/onnxruntime": (),
    "/packages/{digest}/{name}": (),
    "/dash/": (),
    "/dash/_dash-layout": (),
    "/dash/_dash-dependencies": (),
    "/dash/_dash-update-component": (),
    "/dash/_dash-component-suites/{package}/{script}": (),
    "/dash/_reload-hash": (),
    "/dash/_favicon.ico": (),
    "/dash/assets/x.css": (),
    "/assets/{name}": (),
}
BODIES: dict[str, tuple[str, ...]] = {
    "/api/v1/curves": ("tag", "tags", "runs", "columns", "start", "stop", "axis", "x", "log"),
    "/api/v1/histograms/step": ("run", "layers", "bins", "scale"),
    "/api/v1/columns": ("tags", "runs"),
    "/api/v1/marks": ("runs",),
    "/api/v1/shelf": ("kind", "name", "value"),
    "/api/v1/runs/said": ("runs", "key", "value"),
    "/api/v1/findings/dismiss": ("run", "id", "reason", "author"),
    "/api/v1/trash": ("runs", "restore"),
    "/api/v1/panes/places": ("run", "places"),
    "/api/v1/panes/close": ("run", "pane", "nonce", "author"),
    "/api/v1/panes/events": ("run", "pane", "kind", "nonce", "author", "x", "name"),
    "/api/v1/runs/fork": ("run", "name"),
    "/api/v1/commands": ("run", "name", "value", "expected", "nonce", "author"),
    "/api/v1/proposals": ("run", "id", "accept", "author"),
    "/api/v1/export": ("form", "runs", "tags"),
    "/api/v1/importance": ("parameters", "target"),
    "/api/v1/seeds": ("first", "second", "tag"),
    "/api/v1/embedding/axis": ("run", "tag", "step", "left", "right"),
    "/api/v1/try": ("run", "name", "step", "input", "top", "saliency"),
    "/api/v1/cases": ("run", "model", "input", "expected", "title", "remove"),
    "/api/v1/alerts": ("text", "title", "runs", "actions", "id", "version"),
    "/api/v1/alerts/test": ("text", "runs"),
    "/api/v1/alerts/pause": ("id", "paused"),
    "/api/v1/alerts/remove": ("id",),
    "/dash/_dash-update-component": ("output", "outputs", "inputs", "changedPropIds", "state"),
}

VISDOM: dict[str, tuple[str, ...]] = {
    "/events": ("eid", "win", "data", "layout", "opts"),
    "/update": ("eid", "win", "data", "layout", "opts", "name", "append", "delete", "updateDir"),
    "/close": ("eid", "win"),
    "/win_exists": ("eid", "win"),
    "/win_hash": ("eid", "win"),
    "/win_data": ("eid", "win", "data"),
    "/save": ("data",),
    "/fork_env": ("prev_eid", "eid"),
    "/delete_env": ("eid",),
    "/env_state": (),
    "/env/main": ("eid",),
    "/env/..": ("eid",),
    "/": ("username", "password", "eid"),
    "/login": ("username", "password"),
    "/vis_socket_wrap": ("message_type", "sid", "message"),
    "/nowhere": ("eid",),
}
"""What Visdom's clients send, and where; below /visdom of the page's port, or on a port of its own."""

RIGHT: dict[str, tuple[Any, ...]] = {
    "run": (RUN, "a"), "runs": ([RUN, "a"], ["a", "nowhere", "b"]), "tag": tuple(TAGS.values()),
    "tags": (["train/loss", "val/loss"],), "columns": (100, 1), "start": (0, 10), "stop": (100, 2**40),
    "axis": ("step", "wall_time", "relative"), "x": (None, "=val/loss * 2"), "log": (True,), "bins": (10,),
    "rows": (5,), "scale": ("log", "linear"), "honest": ("1",), "rough": ("1",), "step": (3, 7, "newest"),
    "position": (0, 1), "last": ("1",), "kind": (*TAGS, "view", "expression", "click", "change"), "form": ("page", "csv", "json", "html"),
    "text": ("val/loss - train/loss", "val/loss > 2 * min(val/loss) for 3 steps", "crash", "finding", "silence 1 s", "alert"),
    "actions": ([{"kind": "mark"}], [{"kind": "control", "name": "stop", "value": None, "leave": True}]), "version": (1, 2), "paused": (True, False), "open": ("scope|blocks\nspread|x",), "id": (0, "1,2", *PANES), "spread": (1,),
    "q": ("gelu",), "since": ("{}", '{"x": 3}'), "index": (0, 5), "count": (3,), "distance": ("cosine", "euclidean"),
    "method": ("tsne",), "size": (2,), "near": (5,), "layers": ([{"tag": "weights"}], [{"tag": "weights", "step": 3, "span": [0, 1, 3]}]),
    "name": ("mine",), "key": ("note", "tags", "colour", "name"), "value": (None, "x", ["x"], 3), "restore": (True,),
    "parameters": ({"lr": [1, 2, 3] * 4, "kind": ["a", "b", "c"] * 4},), "target": ([1.0, 2.0, 3.0] * 4,), "left": ([0, 1],), "right": ([2],),
    "pane": PANES, "n": (1, 2), "places": ({pane: {"x": 1} for pane in PANES}, {"q": None}), "nonce": ("n1", "n2"), "author": ("anna", None), "expected": (None, 0.001),
    "hash": (), "token": (), "p": ("curves",), "digest": (), "file": ("model.onnx", "model.json"), "model": ("mine",), "top": (3,),
    "input": ({"x": [[1.0]]}, {"x": {"b64": "AAAA"}}), "saliency": (True,), "accept": (True, False), "title": ("seven",), "remove": (None, "x"),
    "eid": ("main", "a", "b/c"), "prev_eid": ("main", "a"), "win": ("w", "x", None), "append": (True, False), "delete": (True, False),
    "updateDir": ("appendRow", "prependColumn", "replace"), "layout": ({}, {"title": "x"}), "message_type": ("init", "query", "send"),
    "opts": ({}, {"title": "x", "legend": ["a", "b"]}, {"width": 300}), "sid": (None, "x"), "message": ('{"cmd": "echo"}',),
    "data": (
        [{"type": "text", "content": "x"}], [{"type": "scatter", "x": [1, 2], "y": [1, None], "name": "1"}], [{"type": "heatmap", "z": [[1, 2]]}], [],
        [{"type": "image", "content": {"src": "data:image/png;base64,AAAA"}}], [{"type": "properties", "content": [{"type": "text", "name": "a"}]}],
        [{"type": "network", "content": {"nodes": [{"name": 0}], "edges": [{"source": 0, "target": 0}]}}], [{"type": "bar", "y": [1, 2]}],
        [{"type": "embeddings", "content": {"data": [{"position": [0, 1], "label": "a", "name": "b", "idx": 0}]}}], ["main"], '{"type": "text", "content": "x"}',
        {"update_type": "EntitySelected", "selected": {}},
    ), "username": ("viz",), "password": ("x",),
}  # fmt: skip
"""What is right, by the name of a parameter."""

WORDS = (
    "", " ", "0", "-1", "1e999", "-1e999", "nan", "Infinity", "99999999999999999999", "9223372036854775807",
    "-9223372036854775808", "9223372036854775808", "9" * 4000, "1." + "0" * 5000, "1_000", "０１", "0x10", "1e5", "1.5", "+3", "١٢",
    "true", "null", "[]", "{}", "[" * 900, "..", "../../etc/passwd", "a/../b", ".", "/", "a" * 20_000, "\0", "a\0b", "\ud800", "caf\udce9",
    "\u202e", "’", "💥", "__proto__", "constructor", "%00", "=", "=a", "=a+", "=" + "(" * 200, "=1/0", "=`train/loss`/0", "=a^9e999",
    "newest", "step", "odd/0", "odd/3", "odd/9", "<script>", "' OR 1=1 --", "\n", ",", "1,2,3", ",".join(map(str, range(500))),
)  # fmt: skip

RAW_WORDS = (b"%ff", b"%c3%28", b"%ed%a0%80", b"%", b"%zz", b"\xff\xfe", b"+", b"%2e%2e%2f")
"""For a query, as they stand there."""

VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1.5, 1e300, -1e300, 2**63 - 1, 2**63, -(2**63), 2**64, 10**400, 99999999999999999999, "", [], {},
    [[]], [None], [True], [1], [1.5], ["a"], [["a"]], {"a": 1}, {"__proto__": 1}, [{}], "x" * 20_000, ["x"] * 6000, list(range(70)), [f"n{i}" for i in range(6000)],
    [{"tag": "weights", "step": 2**63}], [{"tag": "weights", "step": True}], [{"tag": "weights", "span": [0, 0, 0]}],
    [{"tag": "weights", "span": [1, 2, -1]}], [{"tag": "weights", "span": [None, "x", []]}], [{"tag": "weights", "span": [-1e308, 1e308, 1e308]}], [{"tag": 3}], [{"tag": "\u0000"}],
)  # fmt: skip

TEXTS = (
    b"", b"{", b"null", b"3", b"[]", b'"x"', b"\xff\xfe", b'{"run": "\xff"}', b'{"tag": "\\ud800", "runs": ["\\udc00"]}', b"NaN",
    b'{"columns": NaN}', b'{"columns": 1e999, "tag": "a", "runs": []}', b"[" * 100_000, b'{"a":' * 100_000, b'{"a":' * 500 + b"1" + b"}" * 500,
    b'{"ping":' + b"[" * 900 + b"]" * 900 + b"}", b"{}" + b" " * 2_000_000, b'{"runs": [' + b"[]," * 300_000 + b"[]]}", b'{"a": 1, "a": 2}',
    b'{"start": ' + b"9" * 5000 + b"}", b"\x1f\x8b\x08\x00junk", b"x" * (1 << 20),
)  # fmt: skip
"""Bodies that are no good as a whole."""

HEADERS: tuple[dict[str, str], ...] = (
    {}, {}, {}, {"accept": "application/octet-stream"}, {"content-encoding": "gzip"}, {"content-type": "text/plain"},
    {"range": "bytes=0-0,1-1,5-2,-1"}, {"if-none-match": "*"}, {"accept-encoding": "x"}, {"cookie": "a=\x7f; everystep=1"},
    {"sec-fetch-mode": "navigate"}, {"accept": "\xff"},
)  # fmt: skip

MESSAGES: tuple[bytes | str, ...] = (
    '{"ping": 3}', '{"ping": "x"}', '{"ping": null}', '{"ping": ' + "[" * 900 + "]" * 900 + "}", '{"watch": ["train/loss"]}', "[]", "3", "{",
    '{"watch": 3}', '{"watch": [1, null, {}]}', '{"watch": "x"}', '{"ping": "\\ud800"}', '{"ping": 1e999}', '{"ping": 99999999999999999999999}',
    '{"watch": [' + ",".join(f'"t{i}"' for i in range(9000)) + "]}", '{"watch": ["' + "x" * 900_000 + '"]}', "x" * 1_500_000, b"\xff\xfe", b"",
    '{"ping": "' + "x" * 900_000 + '"}', "",
)  # fmt: skip
"""What a tab may say to the server."""

RAW: tuple[bytes, ...] = (
    b"", b"\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: x\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"GET http://x/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", b"GET /\xff HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", b"\x16\x03\x01\x02\x00\x01",
    b"POST /api/v1/curves HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -1\r\n\r\n", b"POST /api/v1/curves HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99999999999999999999\r\n\r\n{}",
    b"POST /api/v1/curves HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: x\r\n\r\n{}", b"POST /api/v1/curves HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 500\r\n\r\n{",
    b"POST /api/v1/curves HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n", b"POST /api/v1/curves HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"a\":",
    b"POST /api/v1/curves HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
    b"GET /live HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n", b"GET /live HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n\r\n",
    b"GET /\xc3\xa9 HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
    b"GET /nowhere HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
    b"GET /dash/_dash-ws-callback HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
    b"GET /live HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n", b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n" + b"x: y\r\n" * 50_000 + b"\r\n",
    b"GET /" + b"a" * 300_000 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 20, b"GET /healthz HTTP/1.0\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", b"CONNECT x:1 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n",
)  # fmt: skip
"""What is hardly a request, as it goes over the line; the line is closed after it."""


@dataclass(frozen=True)
class OddRequest:
    """One of them."""

    method: str
    target: bytes
    headers: dict[str, str]
    body: bytes | None
    cut: bool = False
    """Whether half of the body is said to be missing, and never comes."""
    chunked: bool = False


class OddRequests:
    """Makes them, one after the other.

    Args:
        seed: Of what is drawn.
        hashes: Of stored values, so that some are right.
        runs: More names of runs than those of `RIGHT`.
        bodies: Routes that take JSON, with what it says.
        queries: Routes that are asked by address.
        below: Path that they are below.
    """

    def __init__(
        self, seed: int, hashes: list[str], runs: list[str], bodies: dict[str, tuple[str, ...]] = BODIES,
        queries: dict[str, tuple[str, ...]] = QUERIES, below: str = "",
    ) -> None:  # fmt: skip
        self._draw = random.Random(seed)
        self._bodies, self._queries, self._below = bodies, queries, below
        self._hashes = hashes or ["0" * 32]
        self._runs = runs

    def next(self) -> OddRequest:
        """The next one."""
        draw = self._draw
        headers = dict(draw.choice(HEADERS))
        if draw.random() < 0.35:
            path = draw.choice(list(self._bodies))
            body = self._body(path)
            headers.setdefault("content-type", "application/json")
            method = "POST" if draw.random() < 0.95 else draw.choice(METHODS)
            return OddRequest(
                method,
                (self._below + path).encode(),
                headers,
                body,
                cut=draw.random() < 0.02,
                chunked=draw.random() < 0.1,
            )
        path = draw.choice(list(self._queries))
        method = "GET" if draw.random() < 0.85 else draw.choice(METHODS)
        target = self._path(self._below + path) + self._query(self._queries[path])
        return OddRequest(method, target, headers, None)

    def _path(self, path: str) -> bytes:
        draw = self._draw
        for part in ("hash", "name", "package", "script", "digest"):
            if f"{{{part}}}" in path:
                right = {
                    "hash": self._hashes, "digest": self._hashes, "name": ["react.js", "plotly.js", "app.js"],
                    "package": ["dash", "dash_mantine_components", "dash_ag_grid", "os"],
                    "script": ["deps/react@18.3.1.min.js", "dash-renderer/build/dash_renderer.min.js", "../../x.js", "dcc/async-markdown.js"],
                }[part]  # fmt: skip
                chosen = draw.choice(right) if draw.random() < 0.6 else self._word()
                path = path.replace(f"{{{part}}}", quote(chosen, safe="/@.", errors="replace"))
        return path.encode()

    def _query(self, names: tuple[str, ...]) -> bytes:
        draw, parts = self._draw, []
        for name in names:
            if draw.random() < 0.07:
                continue
            for _ in range(2 if draw.random() < 0.03 else 1):
                if draw.random() < 0.03:
                    parts.append(name.encode() + b"=" + draw.choice(RAW_WORDS))
                    continue
                value = self._right(name) if draw.random() < 0.7 else self._word()
                text = value if isinstance(value, str) else json.dumps(value)
                parts.append(name.encode() + b"=" + quote_from_bytes(text.encode("utf-8", "surrogatepass")).encode())
        return b"?" + b"&".join(parts) if parts else b""

    def _body(self, path: str) -> bytes:
        draw = self._draw
        if draw.random() < 0.15:
            return draw.choice(TEXTS)
        said: dict[str, Any] = {}
        for name in self._bodies[path]:
            if draw.random() < 0.15 and name not in ("runs", "run"):
                continue
            if draw.random() < 0.7:
                said[name] = self._right(name)
            else:
                said[name] = draw.choice(VALUES) if draw.random() < 0.7 else self._word()
        if "tags" in said and draw.random() < 0.5:
            said.pop("tags")
        return json.dumps(said, ensure_ascii=draw.random() < 0.8).encode("utf-8", "surrogatepass")

    def _right(self, name: str) -> Any:
        draw = self._draw
        if name == "hash":
            return draw.choice(self._hashes)
        if name == "run" and self._runs and draw.random() < 0.4:
            return draw.choice(self._runs)
        if name == "runs" and self._runs and draw.random() < 0.4:
            return [*draw.sample(self._runs, min(5, len(self._runs))), "a"]
        return draw.choice(RIGHT.get(name) or ("x",))

    def _word(self) -> str:
        return self._draw.choice(WORDS)
