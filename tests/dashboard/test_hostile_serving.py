"""Bodies that nobody means well by: each is refused with a sentence, in bounded memory, and keeps no page waiting."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from asking import Asker
from examples import examples
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of
from odd_requests import OddRequest, OddRequests
from served import serving, start_viz
from starlette.testclient import TestClient

import tracker
from dashboard.server.application import create_app
from dashboard.server.settings import Settings
from dashboard.serving import messages, tensor_json, tensorflow_rest
from dashboard.serving.refusal import RefusedError
from trainer import nn

TOKEN = "a token of some length"


@pytest.fixture(scope="module")
def logged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A logdir with a model that takes (N, 1, 2, 2) and pictures."""
    folder = tmp_path_factory.mktemp("hostile") / "runs"
    with tracker.init(logdir=folder, name="a", machine=False) as run:
        model = nn.Sequential(nn.Flatten(), nn.Linear(4, 3))
        run.log_model(model, "m", inputs={"x": (None, 1, 2, 2)}, step=7, preprocess={"size": [2, 2], "mode": "L"})
        run.log_model(nn.Sequential(nn.Linear(4, 1)), "wide", inputs={"x": (None, 4)}, step=7)
    return folder


@pytest.fixture(scope="module")
def asker(logged: Path) -> Iterator[Asker]:
    """Asks a server of its own process."""
    with serving(start_viz) as serve:
        asker = Asker(serve(logged, "--no-token"))
        assert asker.post("/v1/models/m:predict", b'{"instances": [[[[0, 1], [2, 3]]]]}').status == 200
        yield asker


NEST = 10**6
HOSTILE: dict[str, tuple[str, bytes, int]] = {
    "nothing": ("m:predict", b"", 400),
    "no JSON": ("m:predict", b"{", 400),
    "no object": ("m:predict", b"[1]", 400),
    "NaN that is none": ("m:predict", b'{"instances": [NaN, nan]}', 400),
    "nested lists": ("m:predict", b'{"instances": ' + b"[" * NEST + b"]" * NEST + b"}", 400),
    "nested lists and NaN": ("m:predict", b'{"instances": [NaN,' + b"[" * NEST + b"]" * NEST + b"]}", 400),
    "nested objects": ("m:predict", b'{"instances":[' + b'{"x":' * 5000 + b"1" + b"}" * 5000 + b"]}", 400),
    "empty lists": ("m:predict", b'{"instances": [' + b"[]," * 5_000_000 + b"[]]}", 413),
    "numbers": ("m:predict", b'{"instances": [' + b"1," * 20_000_000 + b"1]}", 413),
    "numbers that do not fit": ("m:predict", b'{"instances": [' + b"1.5," * 1_000_000 + b"1]}", 400),
    "digits": ("m:predict", b'{"instances": [[[[1, 2], [3, ' + b"9" * 100_000 + b"]]]]}", 400),
    "digits beside NaN": ("m:predict", b'{"instances": [[[[NaN, 2], [3, ' + b"9" * 100_000 + b"]]]]}", 400),
    "exponent": ("m:predict", b'{"instances": [[[[1, 2], [3, 1e39]]]]}', 400),
    "whole and large": ("m:predict", b'{"instances": [[[[1, 2], [3, 16777217]]]]}', 400),
    "another shape": ("m:predict", b'{"instances": [[[[1, 2, 3], [3, 4, 5]]]]}', 400),
    "ragged": ("m:predict", b'{"instances": [[[[1, 2], [3]]]]}', 400),
    "a value beside a list": ("m:predict", b'{"instances": [[[[1, 2], 3]]]}', 400),
    "a list beside a value": ("m:predict", b'{"instances": [[[[1, [2]], [3, 4]]]]}', 400),
    "texts": ("m:predict", b'{"instances": [[[["1", "2"], ["3", "4"]]]]}', 400),
    "truth": ("m:predict", b'{"instances": [[[[true, 2], [3, 4]]]]}', 400),
    "null": ("m:predict", b'{"instances": [[[[null, 2], [3, 4]]]]}', 400),
    "no rows": ("m:predict", b'{"instances": []}', 400),
    "rows that are none": ("m:predict", b'{"instances": 3}', 400),
    "both": ("m:predict", b'{"instances": [1], "inputs": [1]}', 400),
    "neither": ("m:predict", b'{"instance": [1]}', 400),
    "another name": ("m:predict", b'{"instances": [{"y": [[[1, 2], [3, 4]]]}]}', 400),
    "named and not": ("m:predict", b'{"instances": [{"x": [[[1, 2], [3, 4]]]}, 3]}', 400),
    "no named column": ("m:predict", b'{"inputs": {"y": [1]}}', 400),
    "a signature that is none": ("m:predict", b'{"signature_name": "other", "instances": [1]}', 400),
    "a signature of no text": ("m:predict", b'{"signature_name": {"a": 1}, "instances": [1]}', 400),
    "no base64": ("m:predict", b'{"instances": [{"b64": "!!!"}]}', 400),
    "half of base64": ("m:predict", b'{"instances": [{"b64": "AAA"}]}', 400),
    "base64 of no picture": ("m:predict", b'{"instances": [{"b64": "AAAA"}]}', 400),
    "base64 where numbers are": ("wide:predict", b'{"instances": [{"b64": "AAAA"}]}', 400),
    "base64 of a number": ("m:predict", b'{"instances": [{"b64": 3}]}', 400),
    "no examples": ("m:classify", b'{"examples": []}', 400),
    "examples that are none": ("m:classify", b'{"examples": {"x": 1}}', 400),
    "an example that is none": ("m:classify", b'{"examples": [3]}', 400),
    "a feature of lists": ("m:classify", b'{"examples": [{"x": [[1, 2], [3, 4]]}]}', 400),
    "a feature of another length": ("m:classify", b'{"examples": [{"x": [1, 2, 3]}]}', 400),
    "a feature that lacks": ("m:classify", b'{"examples": [{}]}', 400),
    "a context that is none": ("m:classify", b'{"context": 3, "examples": [{}]}', 400),
    "many scores and no number": ("m:regress", b'{"examples": [{"x": [1, 2, 3, 4]}]}', 400),
    "half a character": ("m:predict", b'{"instances": ["\\ud800"]}', 400),
    "no UTF-8": ("m:predict", b'{"instances": ["\xff"]}', 400),
    "an unknown version": ("m/versions/8:predict", b'{"instances": [1]}', 404),
    "a version of 30 digits": (f"m/versions/{'9' * 30}:predict", b'{"instances": [1]}', 400),
    "an unknown label": ("m/labels/best:predict", b'{"instances": [1]}', 404),
    "an unknown model": ("n:predict", b'{"instances": [1]}', 404),
    "a path": ("..%2F..%2Fetc%2Fpasswd:predict", b'{"instances": [1]}', 404),
    "a name of slashes": ("a/" * 1990 + ":predict", b'{"instances": [1]}', 404),
    "a long name": ("a" * 5000 + ":predict", b'{"instances": [1]}', 400),
    "a name of zeros": ("%00%00:predict", b'{"instances": [1]}', 404),
    "no verb": ("m:explain", b"{}", 400),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_body_is_refused_with_a_sentence(asker: Asker, name: str) -> None:
    """4xx, never 5xx, and the same worker goes on."""
    path, body, status = HOSTILE[name]
    answer = asker.post(f"/v1/models/{path}", body)
    assert answer.status == status, answer.body[:500]
    said = json.loads(answer.body)
    assert said.keys() == {"error"}
    assert 10 < len(said["error"]) < 1500
    assert asker.post("/v1/models/m:predict", b'{"instances": [[[[0, 1], [2, 3]]]]}').status == 200
    assert b"everystep_serving_worker_starts_total 1\n" in asker.get("/v1/metrics").body


@pytest.mark.parametrize("chunked", [False, pytest.param(True, marks=pytest.mark.long)])
def test_a_body_of_100_mb_is_not_taken(asker: Asker, chunked: bool) -> None:
    """413, whether its length is said or not; what came of it is not kept."""
    before = asker.rss()
    body = b'{"instances": [' + b" " * (100 << 20) + b"1]}"
    answer = asker.ask(OddRequest("POST", b"/v1/models/m:predict", {}, body, chunked=chunked))
    assert answer.status in (0, 413)  # who still sends may find the line closed before the answer
    assert asker.rss() - before < 128
    assert asker.post("/v1/models/m:predict", b'{"instances": [[[[0, 1], [2, 3]]]]}').status == 200


ODD_BODIES = {f"/v1/models/{path}": ("instances", "inputs", "signature_name", "examples", "context") for path in (
    "m:predict", "a/m:predict", "m:classify", "wide:regress", "m/versions/7:predict", "m/labels/latest:predict", "x:predict"
)}  # fmt: skip
ODD_QUERIES: dict[str, tuple[str, ...]] = dict.fromkeys(
    [
        "/v1/models",
        "/v1/models/m",
        "/v1/models/m/metadata",
        "/v1/models/a%2Fm/versions/7",
        "/v1/metrics",
        "/v1/",
        "/v1",
    ],
    ("token", "run"),
)


@pytest.mark.parametrize("count", [100, pytest.param(3000, marks=pytest.mark.long)])
def test_no_odd_request_is_an_error_of_the_server(asker: Asker, count: int) -> None:
    """Every method, bodies cut off or in pieces, values of every wrong kind."""
    requests = OddRequests(count, [], [], ODD_BODIES, ODD_QUERIES)
    for _ in range(count):
        request = requests.next()
        answer = asker.ask(request)
        assert answer.status < 500, request
    assert "Traceback" not in asker.said()


def test_a_packed_body_is_not_taken(asker: Asker) -> None:
    """A bomb of 1,000 to 1 would be one."""
    answer = asker.ask(OddRequest("POST", b"/v1/models/m:predict", {"content-encoding": "gzip"}, b"\x1f\x8b"))
    assert answer.status == 415
    assert "packed" in json.loads(answer.body)["error"]


def test_a_large_body_keeps_nobody_waiting(asker: Asker) -> None:
    """It is read in the worker: the page's server answers others meanwhile."""
    rows = ",".join(["[1.5,2.5,3.5,4.5]"] * 200_000)
    with ThreadPoolExecutor(1) as pool:
        large = pool.submit(asker.post, "/v1/models/wide:predict", f'{{"instances":[{rows}]}}'.encode())
        meanwhile = 0
        while not large.done():
            assert asker.get("/healthz").status == 200
            meanwhile += 1
        assert large.result().status == 200
        assert len(json.loads(large.result().body)["predictions"]) == 200_000
    assert meanwhile >= 10


def test_the_token_is_asked_for(logged: Path) -> None:
    """As everywhere: as a bearer or in the address; also below /monitoring; a server that only reads answers too."""
    settings = Settings(logged, token=TOKEN, read_only=True)
    with TestClient(create_app(settings), base_url="http://127.0.0.1:6006") as visitor:
        body = {"instances": [[[[0, 1], [2, 3]]]]}
        for answer in (
            visitor.get("/v1/models/m"),
            visitor.get("/v1/models/m/metadata"),
            visitor.get("/v1/metrics"),
            visitor.get("/monitoring/prometheus/metrics"),
            visitor.post("/v1/models/m:predict", json=body),
        ):
            assert answer.status_code == 401
            assert answer.json().keys() == {"error"}
        bearer = {"authorization": f"Bearer {TOKEN}"}
        assert len(visitor.post("/v1/models/m:predict", json=body, headers=bearer).json()["predictions"]) == 1
        assert visitor.get("/v1/models/m", params={"token": TOKEN}).status_code == 200
        text = visitor.get("/monitoring/prometheus/metrics", headers=bearer).text
        assert 'everystep_serving_requests_total{model="a/m",version="7",code="200"} 1' in text
        evil = {**bearer, "origin": "https://evil.example"}
        assert visitor.post("/v1/models/m:predict", json=body, headers=evil).status_code == 403


def test_metrics_are_as_prometheus_reads_them(asker: Asker) -> None:
    """Each name with its help and type; a histogram's buckets add up."""
    asker.post("/v1/models/m:predict", b'{"instances": [[[[0, 1], [2, 3]]]]}')
    lines = asker.get("/v1/metrics").body.decode().splitlines()
    kinds = {line.split()[2]: line.split()[3] for line in lines if line.startswith("# TYPE ")}
    assert kinds["everystep_serving_request_seconds"] == "histogram"
    assert kinds["everystep_serving_queue_depth"] == "gauge"
    values = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    for name in values:
        base = name.partition("{")[0]
        assert any(
            base == kind or base.removesuffix(f"_{end}") == kind for kind in kinds for end in ("bucket", "sum", "count")
        )
    name = 'everystep_serving_request_seconds_%s{model="a/m"%s}'
    assert values[name % ("bucket", ',le="+Inf"')] == values[name % ("count", "")]
    assert float(values["everystep_serving_batch_size_sum"]) >= float(values["everystep_serving_batch_size_count"]) > 0


# --- bodies of every kind --------------------------------------------------------------------------------

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["x", "y", "b64", ""]), inner, max_size=3)
    ),
    max_leaves=12,
)
BODIES = st.dictionaries(
    st.sampled_from(["instances", "inputs", "examples", "context", "signature_name"]), VALUES, max_size=4
)
TENSORS = st.lists(
    st.fixed_dictionaries({
        "name": st.sampled_from(["x", "y"]),
        "dtype": st.sampled_from(["float32", "float64", "float16", "int8", "int64", "uint64", "bool", "string"]),
        "shape": st.lists(st.none() | st.integers(0, 3), max_size=3),
    }),
    min_size=1, max_size=2, unique_by=lambda each: each["name"],
)  # fmt: skip


@examples(60)
@given(st.sampled_from(["predict", "classify", "regress"]), BODIES, TENSORS)
def test_any_body_is_arrays_or_a_refusal(verb: str, body: dict[str, Any], tensors: list[dict[str, Any]]) -> None:
    """Whatever stands in it: arrays of the dtypes that the model takes, or 4xx with a sentence."""
    try:
        found = tensorflow_rest.asked(verb, json.dumps(body).encode(), tensors, None)
    except RefusedError as refused:
        if refused.status in (400, 413) and str(refused):
            return
        raise
    for tensor in tensors:
        array = found.inputs[tensor["name"]]
        assert array.dtype == np.dtype({"string": "object"}.get(tensor["dtype"], tensor["dtype"]))
        assert array.ndim == len(tensor["shape"]) or verb != "predict"


DTYPES = arrays_of.floating_dtypes(sizes=(32, 64)) | arrays_of.integer_dtypes() | arrays_of.unsigned_integer_dtypes()


@given(arrays_of.arrays(DTYPES | arrays_of.boolean_dtypes(), arrays_of.array_shapes(max_dims=4, min_side=1)))
def test_what_is_told_is_what_was_meant(array: np.ndarray[Any, Any]) -> None:
    """An array through JSON and back is the same to the last bit, what is not finite too."""
    array = array.astype(array.dtype.newbyteorder("="))
    text = tensor_json.encoded(array)
    tensor = {"name": "x", "dtype": array.dtype.name, "shape": [None] * array.ndim}
    found = tensorflow_rest.asked("predict", b'{"inputs":' + text + b"}", [tensor], None)
    np.testing.assert_array_equal(found.inputs["x"], array)
    rows = tensorflow_rest.asked("predict", b'{"instances":' + text + b"}", [tensor], None)
    np.testing.assert_array_equal(rows.inputs["x"], array)
    for answer in (found.answer, rows.answer):
        assert text in answer({"y": array})


@given(st.lists(st.floats(width=32), min_size=1, max_size=8))
def test_what_is_not_finite_stands_where_it_was(values: list[float]) -> None:
    """NaN and the infinities are put into the text one by one."""
    said = json.loads(tensor_json.encoded(np.array(values, np.float32)))
    for value, told in zip(values, said, strict=True):
        assert (math.isnan(value) and math.isnan(told)) or np.float32(told) == np.float32(value)


@given(
    arrays_of.arrays(DTYPES | arrays_of.boolean_dtypes(), arrays_of.array_shapes(min_dims=0, max_dims=3, min_side=0))
)
def test_arrays_travel_as_they_are(array: np.ndarray[Any, Any]) -> None:
    """To the worker and back: scalars, empty ones, those that lie otherwise in memory; texts too."""
    texts = np.empty(2, object)
    texts[:] = ["a", "é\x00"]
    for each in (array, array.T, texts):
        (said, part) = messages.told(each)
        pieces = messages.packed({"array": said}, [part])
        size = messages.LENGTHS.size
        whole = b"".join(bytes(piece) for piece in pieces)
        head, body = messages.lengths(whole[:size])
        told, parts = messages.opened(whole[size : size + head], memoryview(whole)[size + head :])
        assert len(whole) == size + head + body
        found = messages.array_of(told["array"], parts[0])
        assert found.dtype == each.dtype
        np.testing.assert_array_equal(found, each)
