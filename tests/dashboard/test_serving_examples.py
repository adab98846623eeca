"""TensorFlow Serving's documented requests and answers, field by field, over models made here."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from asking import Asker
from odd_requests import OddRequest
from served import serving, start_viz
from served_models import half_plus, named_inputs, scorer

import tracker
from trainer import nn

onnx = pytest.importorskip("onnx", reason="makes the models of the documented examples: pip install onnx")
pytest.importorskip("onnxruntime", reason="runs them: pip install 'everystep[serve]'")


@pytest.fixture(scope="module")
def asker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asker]:
    """Asks a server over a run that logged the models of the documentation, and a few more."""
    folder = tmp_path_factory.mktemp("serving")
    with tracker.init(logdir=folder / "runs", name="a/b", machine=False) as run:
        run.log_model(half_plus(folder / "two.onnx", 2.0), "half_plus_two", step=123, labels=["stable"])
        run.log_model(half_plus(folder / "three.onnx", 3.0), "half_plus_three", step=1)
        run.log_model(half_plus(folder / "three.onnx", 3.0), "half_plus_three", step=123)
        run.log_model(scorer(folder / "scorer.onnx"), "scorer", step=5, classes=["seaside", "mountains", "city"])
        run.log_model(named_inputs(folder / "named.onnx"), "named", step=5)
        model = nn.Sequential(nn.Flatten(), nn.Linear(4, 3))
        run.log_model(model, "pictures", inputs=(None, 1, 2, 2), step=7, preprocess={"size": [2, 2], "mode": "L"})
    with serving(start_viz) as serve:
        yield Asker(serve(folder / "runs", "--no-token"))


def get(asker: Asker, path: str, status: int = 200) -> Any:
    """The JSON of an answer."""
    answer = asker.get(path)
    assert answer.status == status, answer
    return json.loads(answer.body)


def post(asker: Asker, path: str, body: Any, status: int = 200) -> Any:
    """The same of a question with a body."""
    answer = asker.post(path, body if isinstance(body, bytes) else json.dumps(body).encode())
    assert answer.status == status, answer
    return json.loads(answer.body)


def test_the_status_of_a_model(asker: Asker) -> None:
    """As documented, to the field."""
    told = {"version": "123", "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
    for path in ("half_plus_two", "half_plus_two/versions/123", "half_plus_two/labels/stable", "a%2Fb%2Fhalf_plus_two"):
        assert get(asker, f"/v1/models/{path}") == {"model_version_status": [told]}
    assert [each["version"] for each in get(asker, "/v1/models/half_plus_three")["model_version_status"]] == [
        "123",
        "1",
    ]
    assert len(get(asker, "/v1/models/half_plus_three/versions/1")["model_version_status"]) == 1


def test_the_metadata_of_a_model(asker: Asker) -> None:
    """Inputs and outputs by name, with TensorFlow's names of dtypes and sizes as texts."""
    told = get(asker, "/v1/models/half_plus_two/metadata")
    assert told["model_spec"] == {"name": "half_plus_two", "signature_name": "", "version": "123"}
    found = told["metadata"]["signature_def"]["signature_def"]
    shape = {"dim": [{"size": "-1", "name": ""}], "unknown_rank": False}
    assert found["serving_default"] == {
        "inputs": {"x": {"dtype": "DT_FLOAT", "tensor_shape": shape, "name": "x:0"}},
        "outputs": {"y": {"dtype": "DT_FLOAT", "tensor_shape": shape, "name": "y:0"}},
        "method_name": "tensorflow/serving/predict",
    }
    assert found["tensorflow/serving/regress"]["method_name"] == "tensorflow/serving/regress"
    assert get(asker, "/v1/models/scorer/metadata")["metadata"]["signature_def"]["signature_def"].keys() == {
        "serving_default", "tensorflow/serving/classify"
    }  # fmt: skip


@pytest.mark.parametrize("path", ["", "/versions/123", "/labels/stable", "/labels/latest"])
def test_predict_in_rows(asker: Asker, path: str) -> None:
    """The example of the documentation: 0.5 x + 2."""
    assert post(asker, f"/v1/models/half_plus_two{path}:predict", {"instances": [1.0, 2.0, 5.0]}) == {
        "predictions": [2.5, 3.0, 4.5]
    }


def test_predict_the_other_example(asker: Asker) -> None:
    """0.5 x + 3, with and without a signature's name; by the model's name, or the run's and its."""
    body = {"instances": [1.0, 2.0, 5.0]}
    for name in ("half_plus_three", "a%2Fb%2Fhalf_plus_three", "a/b/half_plus_three"):
        assert post(asker, f"/v1/models/{name}:predict", body) == {"predictions": [3.5, 4.0, 5.5]}
    for signature in ("serving_default", "", "tensorflow/serving/predict"):
        assert post(asker, "/v1/models/half_plus_three:predict", {**body, "signature_name": signature}) == {
            "predictions": [3.5, 4.0, 5.5]
        }


def test_regress(asker: Asker) -> None:
    """The documented example, with its signature."""
    body = {"signature_name": "tensorflow/serving/regress", "examples": [{"x": 1.0}, {"x": 2.0}]}
    assert post(asker, "/v1/models/half_plus_three:regress", body) == {"results": [3.5, 4.0]}
    assert post(asker, "/v1/models/half_plus_three:regress", {"examples": [{"x": [1.0]}, {"x": 2}]}) == {
        "results": [3.5, 4.0]
    }


def test_an_unknown_model(asker: Asker) -> None:
    """404 and an object of one field, error, with a sentence; as for a version and a label that there are not."""
    for path in ("half:predict", "half_plus_two/versions/9:predict", "half_plus_two/labels/canary:predict"):
        said = post(asker, f"/v1/models/{path}", {"instances": [1.0, 5.0]}, 404)
        assert said.keys() == {"error"}
        assert "half" in said["error"]
    assert get(asker, "/v1/models/half", 404).keys() == {"error"}
    assert get(asker, "/v1/models/half_plus_two/versions/9", 404).keys() == {"error"}
    assert get(asker, "/v1/models/half_plus_two/metadatas", 404).keys() == {"error"}


ROWS = [
    {"tag": "foo", "signal": [1, 2, 3, 4, 5], "sensor": [[1, 2], [3, 4]]},
    {"tag": "bar", "signal": [3, 4, 1, 2, 5], "sensor": [[4, 5], [6, 8]]},
]


def test_several_named_inputs_in_rows(asker: Asker) -> None:
    """The documented instances; several outputs make an object of each row."""
    assert post(asker, "/v1/models/named:predict", {"instances": ROWS}) == {
        "predictions": [
            {"tag_bytes": {"b64": "Zm9v"}, "sum": 15.0, "sensors": [[2, 4], [6, 8]]},
            {"tag_bytes": {"b64": "YmFy"}, "sum": 15.0, "sensors": [[8, 10], [12, 16]]},
        ]
    }


def test_several_named_inputs_in_columns(asker: Asker) -> None:
    """The same compactly; and bytes as base64, in and out."""
    columns = {
        "tag": ["foo", {"b64": base64.b64encode(b"bar").decode()}],
        "signal": [[1, 2, 3, 4, 5], [3, 4, 1, 2, 5]],
        "sensor": [[[1, 2], [3, 4]], [[4, 5], [6, 8]]],
    }
    assert post(asker, "/v1/models/named:predict", {"inputs": columns}) == {
        "outputs": {
            "tag_bytes": [{"b64": "Zm9v"}, {"b64": "YmFy"}],
            "sum": [15.0, 15.0],
            "sensors": [[[2, 4], [6, 8]], [[8, 10], [12, 16]]],
        }
    }


def test_one_input_in_columns(asker: Asker) -> None:
    """By name or without; one output needs no name."""
    for inputs in ([1.0, 2.0], {"x": [1.0, 2.0]}):
        assert post(asker, "/v1/models/half_plus_two:predict", {"inputs": inputs}) == {"outputs": [2.5, 3.0]}


def test_classify(asker: Asker) -> None:
    """Pairs of label and score for each example, in the model's order; what all examples share is their context."""
    examples = [{"x": [1, 0.5]}, {"x": [2, -1]}]
    expected = {
        "results": [
            [["seaside", 1.0], ["mountains", 0.5], ["city", 1.5]],
            [["seaside", 2.0], ["mountains", -1.0], ["city", 1.0]],
        ]
    }
    assert post(asker, "/v1/models/scorer:classify", {"examples": examples}) == expected
    body = {
        "signature_name": "tensorflow/serving/classify",
        "context": {"x": [1, 0.5]},
        "examples": [{}, {"other": "y"}],
    }
    assert post(asker, "/v1/models/scorer:classify", body) == {"results": [expected["results"][0]] * 2}
    body = {"context": {"x": [1, 0.5]}, "examples": [{"x": [1, 0.5]}]}
    assert "context" in post(asker, "/v1/models/scorer:classify", body, 400)["error"]


def test_a_score_without_a_label(asker: Asker) -> None:
    """Its label is the empty text; of a model that did not say what it gives, that is known once it was opened."""
    found = get(asker, "/v1/models/pictures/metadata")["metadata"]["signature_def"]["signature_def"]
    (name,) = found["serving_default"]["inputs"]
    (output,) = found["serving_default"]["outputs"].values()
    assert [each["size"] for each in output["tensor_shape"]["dim"]] == ["-1", "3"]
    assert "tensorflow/serving/classify" in found
    body = {"examples": [{name: [0, 0, 0, 0]}]}
    assert [pair[0] for pair in post(asker, "/v1/models/pictures:classify", body)["results"][0]] == ["", "", ""]


def test_what_is_not_finite(asker: Asker) -> None:
    """NaN, Infinity and -Infinity without quotes, in and out, where strict JSON has none."""
    answer = asker.post("/v1/models/half_plus_two:predict", b'{"instances": [NaN, Infinity, -Infinity, 1.0, 1e-3]}')
    assert answer.body == b'{"predictions":[NaN,Infinity,-Infinity,2.5,2.0005]}'
    answer = asker.post("/v1/models/scorer:classify", b'{"examples": [{"x": [NaN, 1.0]}]}')
    assert answer.body == b'{"results":[[["seaside",NaN],["mountains",NaN],["city",NaN]]]}'


def test_whole_answers_are_decimal_numbers(asker: Asker) -> None:
    """As documented: 4.0 and not 4; float32 in as few digits as tell it apart."""
    answer = asker.post("/v1/models/half_plus_two:predict", b'{"instances": [4, 0.2, 1e10]}')
    assert answer.body == b'{"predictions":[4.0,2.1,5000000000.0]}' or answer.body == b'{"predictions":[4.0,2.1,5e9]}'


def test_a_picture_is_sent_as_base64(asker: Asker) -> None:
    """Where the model says what becomes of pictures, as TensorFlow's models that begin with the bytes of one."""
    import io

    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(np.array([[0, 255], [255, 0]], np.uint8)).save(file, "png")
    sent = {"b64": base64.b64encode(file.getvalue()).decode()}
    plain = post(asker, "/v1/models/pictures:predict", {"instances": [[[[0, 1], [1, 0]]]]})
    assert post(asker, "/v1/models/pictures:predict", {"instances": [sent]}) == plain
    assert (
        post(asker, "/v1/models/pictures:predict", {"instances": [sent, sent]})["predictions"]
        == plain["predictions"] * 2
    )
    assert post(asker, "/v1/models/pictures:predict", {"inputs": sent})["outputs"] == plain["predictions"]
    words = post(asker, "/v1/models/pictures:predict", {"instances": [{"b64": "bm8gcGljdHVyZQ=="}]}, 400)["error"]
    assert "picture" in words


def test_methods_as_documented(asker: Asker) -> None:
    """A question is a POST, a status a GET; whatever else is a malformed request."""
    for method, path in (("GET", "half_plus_two:predict"), ("POST", "half_plus_two"), ("DELETE", "half_plus_two")):
        answer = asker.ask(OddRequest(method, f"/v1/models/{path}".encode(), {}, b"{}"))
        assert answer.status == 400
        assert json.loads(answer.body)["error"].startswith(f"Malformed request: {method} /v1/models/{path}")
    assert set(get(asker, "/v1/models")["models"]) >= {"a/b/half_plus_two", "a/b/named"}
