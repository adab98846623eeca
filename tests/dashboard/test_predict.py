"""`viz predict`: what it prints of pictures, folders, arrays and JSON, for models of runs and of files."""

from __future__ import annotations

import csv
import importlib.util
import io
import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import tracker
from dashboard import cli
from trainer import nn, tensor

CLASSES = ["north", "=south", "east\u202e"]
"""Of the first row, the second, and the last column of a picture of 2 × 2."""

WEIGHTS = np.array([[4, 4, 0, 0], [0, 0, 4, 4], [0, 3, 0, 3]], np.float32)


def network(*last: Any) -> nn.Sequential:
    """Says where a picture of 2 × 2 is bright."""
    model = nn.Sequential(nn.Flatten(), nn.Linear(4, 3, bias=False), *last)
    model[1].weight.data[...] = WEIGHTS
    return model.eval()


def probabilities(*pixels: int) -> list[float]:
    """What it says of a picture, by hand."""
    scores = np.exp(WEIGHTS.astype(float) @ (np.array(pixels) / 255))
    return list(scores / scores.sum())


def picture(path: Path, *pixels: int) -> Path:
    """A grey one of 2 × 2."""
    path.parent.mkdir(exist_ok=True, parents=True)
    Image.fromarray(np.array(pixels, np.uint8).reshape(2, 2)).save(path)
    return path


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A logdir with a model in three versions, the same name in an older run, and one that gives probabilities."""
    logdir = tmp_path_factory.mktemp("models") / "runs"
    takes = (None, 1, 2, 2)
    with tracker.init(logdir=logdir, name="old") as run:
        run.log_model(nn.Sequential(nn.Flatten(), nn.Linear(4, 3)), "where", inputs=takes, classes=["a", "b", "c"])
    with tracker.init(logdir=logdir, name="group/new") as run:
        for step in (1, 5):
            run.log_model(nn.Sequential(nn.Flatten(), nn.Linear(4, 3)), "where", inputs=takes, step=step)
        run.log_model(network(), "where", inputs=takes, classes=CLASSES, step=9)
        run.log_model(network(nn.Softmax(1)), "sure", inputs=takes, classes=CLASSES, step=9)
        run.log_model(nn.Sequential(nn.Flatten(), nn.Linear(4, 1)), "number", inputs=takes, step=9)
    return logdir


def viz(capsys: pytest.CaptureFixture[str], *words: object, status: int = 0) -> tuple[str, str]:
    """What `viz predict` prints on both streams; that it ends as it should."""
    assert cli.main(["predict", *map(str, words)]) == status
    said = capsys.readouterr()
    assert len(said.err.splitlines()) == (status != 0)
    return said.out, said.err


def table_of(text: str) -> list[dict[str, str]]:
    """The rows of CSV."""
    return list(csv.DictReader(io.StringIO(text)))


def test_a_picture_is_answered_by_names_and_probabilities(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An aligned table, the likeliest first; that softmax was applied is said. Nothing that a terminal would obey."""
    place = picture(tmp_path / "up.png", 255, 255, 0, 0)
    said, _ = viz(capsys, "where", place, "--logdir", runs)
    head, *lines = said.splitlines()
    assert head.split(maxsplit=1) == ["class", "probability (softmax of output)"]
    wanted = sorted(zip(probabilities(255, 255, 0, 0), ["north", "=south", "east\\u202e"], strict=True), reverse=True)
    assert [line.split() for line in lines] == [[name, f"{p:.6g}"] for p, name in wanted]
    assert len({len(line) for line in lines}) == 1
    said, _ = viz(capsys, "sure", place, "--logdir", runs, "--top", 1)
    assert said.splitlines()[0].split() == ["class", "probability", "(output)"]
    assert said.splitlines()[1].split() == ["north", f"{wanted[0][0]:.6g}"]
    assert len(said.splitlines()) == 2


def test_the_model_is_named_with_its_run_or_alone(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Alone it is that of the run which logged it last; --step is a version."""
    place = picture(tmp_path / "up.png", 255, 255, 0, 0)
    assert "north" in viz(capsys, "where", place, "--logdir", runs)[0]
    assert "north" in viz(capsys, "group/new/where", place, "--logdir", runs)[0]
    older = viz(capsys, "old/where", place, "--logdir", runs)[0]
    assert {line.split()[0] for line in older.splitlines()[1:]} == {"a", "b", "c"}
    numbers = viz(capsys, "where", place, "--logdir", runs, "--step", 5)[0]
    assert {line.split()[0] for line in numbers.splitlines()[1:]} == {"0", "1", "2"}
    said = viz(capsys, "where", place, "--logdir", runs, "--step", 6, status=1)[1]
    assert "no version of step 6; there are: 1, 5, 9" in said
    said = viz(capsys, "who", place, "--logdir", runs, status=1)[1]
    assert "no model who" in said
    assert "group/new/where" in said


def test_a_folder_is_answered_as_csv(runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A row each, in the order of names, folders below included; an odd picture fails alone and is named."""
    folder = tmp_path / "pictures"
    for number in (2, 10):
        picture(folder / f"p{number}.png", 0, 0, 255, 255)
    picture(folder / "below" / "p1.png", 255, 255, 0, 0)
    (folder / "p3.png").write_bytes(b"no picture")
    (folder / "notes.txt").write_text("not asked")
    picture(folder / ".hidden.png", 0, 0, 0, 0)
    said, told = viz(capsys, "where", folder, "--logdir", runs, "--top", 2, status=1)
    rows = table_of(said)
    assert [Path(row["input"]).relative_to(folder).as_posix() for row in rows] == [
        "below/p1.png", "p2.png", "p3.png", "p10.png",
    ]  # fmt: skip
    assert list(rows[0]) == ["input", "class_1", "probability_1", "class_2", "probability_2", "problem"]
    assert [row["class_1"] for row in rows] == ["north", "'=south", "", "'=south"]  # which no spreadsheet runs
    assert abs(float(rows[1]["probability_1"]) - probabilities(0, 0, 255, 255)[1]) < 1e-6
    assert [bool(row["problem"]) for row in rows] == [False, False, True, False]
    assert "1 of 4 inputs" in told
    assert "p3.png" in told


def test_an_answer_is_written_whole_or_not_at_all(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """-o names a file; what was there stays where something fails."""
    place = picture(tmp_path / "up.png", 255, 255, 0, 0)
    target = tmp_path / "answers.csv"
    assert viz(capsys, "where", place, "--logdir", runs, "-o", target) == ("", "")
    (row,) = table_of(target.read_text("utf-8"))
    assert row["class_1"] == "north"
    before = target.read_bytes()
    said = viz(capsys, "number", place, "--logdir", runs, "-o", tmp_path / "none" / "x.csv", status=1)[1]
    assert "cannot be written" in said
    viz(capsys, "where", place, "--logdir", runs, "--json", "-o", target)
    assert target.read_bytes() != before
    assert json.loads(target.read_text("utf-8"))[0]["top"][0]["class"] == "north"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["answers.csv", "up.png"]


def test_json_holds_all_that_came_out(runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """For programs."""
    place = picture(tmp_path / "up.png", 255, 255, 0, 0)
    (tmp_path / "odd.png").write_bytes(b"")
    said, _ = viz(capsys, "where", place, tmp_path / "odd.png", "--logdir", runs, "--json", "--top", 1, status=1)
    whole, odd = json.loads(said)
    assert whole["input"] == str(place)
    assert whole["top"] == [{"class": "north", "p": pytest.approx(probabilities(255, 255, 0, 0)[0])}]
    assert whole["probabilities"] == "softmax of output"
    assert whole["outputs"] == {"output": pytest.approx([8, 0, 3])}
    assert odd == {"input": str(tmp_path / "odd.png"), "problem": odd["problem"]}


@pytest.mark.parametrize(
    "said",
    [
        [[[0, 0], [1, 1]]],
        [[[[0, 0], [1, 1]]]],
        {"x": [[[0, 0], [1, 1]]]},
        {"instances": [[[[0, 0], [1, 1]]]]},
        {"inputs": {"x": [[[[0, 0], [1, 1]]]]}, "signature_name": "serving_default"},
    ],
    ids=["sample", "batch", "named", "instances", "columns"],
)
def test_json_on_standard_input_is_asked(
    said: Any, runs: Path, capsys: pytest.CaptureFixture[str], monkeypatch: Any
) -> None:
    """One sample or a batch, with names or without, or a body as TensorFlow Serving takes it."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(json.dumps(said).encode())))
    found, _ = viz(capsys, "where", "-", "--logdir", runs, "--top", 1)
    assert found.splitlines()[1].split()[0] == "=south"


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"", "no JSON"),
        (b"{", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b"[[1, 2], [3]]", "lengths"),
        (b'{"z": [1]}', "takes x"),
        (b"[1, 2]", "another shape"),
        (b'[[[["a", "b"], ["c", "d"]]]]', "real numbers"),
        (b"null", "real numbers"),
    ],
)
def test_odd_json_is_one_sentence(
    data: bytes, word: str, runs: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever it is."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    assert word in viz(capsys, "where", "-", "--logdir", runs, status=1)[1]


def test_arrays_are_asked_row_by_row(runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A batch of any size in a .npy file; what is no array of numbers is a sentence, and a pickle is not loaded."""
    batch = np.zeros((40, 1, 2, 2))
    batch[::2, :, 0] = 1
    batch[1::2, :, 1] = 1
    np.save(tmp_path / "batch.npy", batch)
    said, _ = viz(capsys, "where", tmp_path / "batch.npy", "--logdir", runs, "--top", 1)
    lines = [line.split() for line in said.splitlines()[1:]]
    assert [line[0] for line in lines] == [f"{tmp_path / 'batch.npy'}[{row}]" for row in range(40)]
    assert [line[1] for line in lines] == ["north", "=south"] * 20
    np.save(tmp_path / "pickle.npy", np.array([{"a": 1}], object), allow_pickle=True)
    assert "no .npy file of numbers" in viz(capsys, "where", tmp_path / "pickle.npy", "--logdir", runs, status=1)[1]


def test_a_model_that_is_no_classifier_tells_its_numbers(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the names of its outputs."""
    np.save(tmp_path / "x.npy", np.zeros((2, 1, 2, 2)))
    bias = float(tracker.open(runs).run("group/new").model("number").predict(np.zeros((1, 1, 2, 2)))[0, 0])
    said, _ = viz(capsys, "number", tmp_path / "x.npy", "--logdir", runs)
    head, *lines = (line.split() for line in said.splitlines())
    assert head == ["input", "output", "value"]
    assert [line[1:] for line in lines] == [["output", f"{bias:.6g}"]] * 2
    viz(capsys, "number", tmp_path / "x.npy", "--logdir", runs, "-o", tmp_path / "x.csv")
    rows = table_of((tmp_path / "x.csv").read_text("utf-8"))
    assert [float(row["output"]) for row in rows] == [bias, bias]


def test_a_saved_model_is_asked_from_its_folder(runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the names that its manifest knows; a file that is not the manifest's own is refused."""
    folder = tracker.open(runs).run("group/new").model("where").save(tmp_path / "saved")
    place = picture(tmp_path / "up.png", 255, 255, 0, 0)
    for model in (folder, folder / "weights.safetensors", folder / "architecture.json"):
        assert viz(capsys, model, place)[0].splitlines()[1].split()[0] == "north"
    weights = bytearray((folder / "weights.safetensors").read_bytes())
    weights[-1] ^= 1
    (folder / "weights.safetensors").write_bytes(weights)
    assert "not the file that the manifest" in viz(capsys, folder, place, status=1)[1]
    (folder / "manifest.json").write_text('{"name": "a page of somebody else\'s"}')
    (tmp_path / "names.txt").write_text("up\n\ndown\nright\n")
    said, _ = viz(
        capsys, folder, place, "--classes", tmp_path / "names.txt", "--preprocess",
        '{"size": [2, 2], "mode": "L", "layout": "NCHW"}',
    )  # fmt: skip
    assert said.splitlines()[1].split()[0] == "up"


def test_an_onnx_file_is_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """That any program wrote: (batch, 2, 2, 1) here. One with a batch of a fixed size too."""
    from onnx import TensorProto, helper, numpy_helper, save_model

    place = picture(tmp_path / "down.png", 0, 0, 255, 255)
    folder = tmp_path / "pictures"
    for number in range(5):
        picture(folder / f"{number}.png", *([255, 255, 0, 0] if number % 2 else [0, 0, 255, 255]))
    for batch in (None, 2):
        nodes = [helper.make_node("Flatten", ["x"], ["row"]), helper.make_node("MatMul", ["row", "w"], ["scores"])]
        given = helper.make_tensor_value_info("x", TensorProto.FLOAT, [batch, 2, 2, 1])
        output = helper.make_tensor_value_info("scores", TensorProto.FLOAT, [batch, 3])
        graph = helper.make_graph(nodes, "g", [given], [output], [numpy_helper.from_array(WEIGHTS.T.copy(), "w")])
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        save_model(model, tmp_path / "model.onnx")
        said, _ = viz(capsys, tmp_path / "model.onnx", place)
        head, *lines = said.splitlines()
        assert "softmax of scores" in head
        wanted = sorted(zip(probabilities(0, 0, 255, 255), "012", strict=True), reverse=True)
        assert [line.split() for line in lines] == [[name, f"{p:.6g}"] for p, name in wanted]
        rows = table_of(viz(capsys, tmp_path / "model.onnx", folder)[0])
        assert [row["class_1"] for row in rows] == ["1", "0", "1", "0", "1"]


@pytest.mark.parametrize(
    ("words", "status", "word"),
    [
        (["where", "none.png"], 1, "none.png is not there"),
        (["where", "EMPTY"], 1, "no picture in"),
        (["none.onnx", "UP"], 1, "there is no model"),
        (["EMPTY", "UP"], 1, "no model"),
        (["where", "UP", "--top", "0"], 2, "--top"),
        (["where", "UP", "--preprocess", "{"], 2, "--preprocess"),
        (["where", "UP", "--preprocess", '{"size": 9}'], 1, "does not make what the model's input"),
        (["where", "UP", "--classes", "none.txt"], 1, "none.txt"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    words: list[str], status: int, word: str, runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """1 where something is not there, 2 where the words make no sense."""
    (tmp_path / "empty").mkdir()
    places = {"EMPTY": str(tmp_path / "empty"), "UP": str(picture(tmp_path / "up.png", 255, 255, 0, 0))}
    said = viz(capsys, *(places.get(each, each) for each in words), "--logdir", runs, status=status)[1]
    assert word in said


def test_argparse_has_its_own_status(capsys: pytest.CaptureFixture[str]) -> None:
    """2, as CONTRACT says of usage."""
    with pytest.raises(SystemExit) as ended:
        cli.main(["predict", "where"])
    assert ended.value.code == 2
    assert "INPUT" in capsys.readouterr().err


def test_a_damaged_run_hides_no_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A model of a sound run is found beside a folder that somebody damaged, which is named where none is found."""
    logdir = tmp_path / "runs"
    with tracker.init(logdir=logdir, name="sound") as run:
        run.log_model(network(), "where", inputs=(None, 1, 2, 2), classes=CLASSES)
    with tracker.init(logdir=logdir, name="bad") as run:
        run.log({"loss": 1.0})
    for file in (logdir / "bad").glob("events.*.sqlite"):  # a database still, and nothing in it that can be read
        data = file.read_bytes()
        file.write_bytes(data[:4096] + os.urandom(len(data) - 4096))
    place = picture(tmp_path / "up.png", 255, 255, 0, 0)
    assert "north" in viz(capsys, "where", place, "--logdir", logdir)[0]
    said = viz(capsys, "who", place, "--logdir", logdir, status=1)[1]
    assert "there are: sound/where; 1 of 2 runs could not be read whole: bad" in said


def test_a_tensor_is_asked_in_python_as_on_the_command_line(runs: Path) -> None:
    """`top` of a picture and of its numbers agree with what the command prints."""
    model = tracker.open(runs).run("group/new").model("where")
    numbers = np.array([[[[1, 1], [0, 0]]]], np.float32)
    by_numbers = model.top(numbers)
    assert by_numbers == model.top(Image.fromarray((numbers[0, 0] * 255).astype(np.uint8)))
    assert [name for name, _ in by_numbers] == [CLASSES[0], CLASSES[2], CLASSES[1]]
    assert np.allclose(model.predict(tensor(numbers).numpy()), network()(tensor(numbers)).numpy(), atol=1e-5)


def test_a_device_is_named_and_what_it_needs(runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """On a GPU the same answers; without one, what is missing; a word that names no device is none."""
    place = picture(tmp_path / "up.png", 255, 255, 0, 0)
    asked = ("where", place, "--logdir", runs)
    if importlib.util.find_spec("cupy"):
        assert viz(capsys, *asked, "--device", "cuda")[0] == viz(capsys, *asked, "--device", "cpu")[0]
    else:
        assert "everystep[gpu]" in viz(capsys, *asked, "--device", "cuda", status=1)[1]
    for word in ("gpu", "cuda:x", "cpu:1"):
        with pytest.raises(SystemExit) as ended:
            cli.main(["predict", *map(str, asked), "--device", word])
        assert ended.value.code == 2
        assert f"{word} is no device" in capsys.readouterr().err
