"""docs/models.md is true: its code and its commands run as they stand."""

from __future__ import annotations

import csv
import io
import json
import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dashboard import cli
from tracker.models import manifest
from tracker.models.preprocess import Preprocess

ROOT = Path(__file__).resolve().parents[2]
SECTION = (ROOT / "docs" / "models.md").read_text(encoding="utf-8").partition("## Ask it\n")[2].partition("\n## ")[0]


def test_what_is_to_be_asked_is_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """From top to bottom, in an empty folder with a drawing and a folder of them."""
    monkeypatch.chdir(tmp_path)
    Image.fromarray(np.eye(20, dtype=np.uint8) * 255).save("drawing.png")
    (tmp_path / "pictures").mkdir()
    Image.fromarray(np.zeros((9, 9), np.uint8)).save("pictures/a.png")
    (code,) = re.findall(r"```python\n(.*?)```", SECTION, re.DOTALL)
    names: dict[str, object] = {}
    exec(code, names)
    assert np.shape(names["scores"]) == (3, 10)
    assert len(names["likeliest"]) == 3
    (commands,) = re.findall(r"```sh\n(.*?)```", SECTION, re.DOTALL)
    *asked, piped = [line.partition("  #")[0].partition(" #")[0] for line in commands.splitlines()]
    said = []
    for line in asked:
        name, *words = shlex.split(line)
        assert name == "viz"
        assert cli.main(words) == 0, line
        said.append(capsys.readouterr().out)
    assert said[0] == said[1]
    assert "softmax of" in said[0]
    (row,) = csv.DictReader(io.StringIO((tmp_path / "answers.csv").read_text("utf-8")))
    assert row["input"] == "pictures/a.png"
    assert [each["class"] for each in json.loads(said[3])[0]["top"]] == [name for name, _ in names["likeliest"]]
    text, _, line = piped.partition(" | ")
    assert json.loads(shlex.split(text)[1]) == [[[0, 1], [1, 0]]]
    assert shlex.split(line)[1:] == ["predict", "other.onnx", "-"]


def test_every_field_of_preprocess_is_in_the_table() -> None:
    """And no other."""
    named = re.findall(r"`(\w+)`", " ".join(re.findall(r"^\| (`\w+`(?:, `\w+`)*) \| ", SECTION, re.MULTILINE)))
    assert sorted(named) == sorted([*Preprocess.__dataclass_fields__, "trainer"])


def test_what_is_to_be_kept_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """ "Keep one", from top to bottom; what it prints is what the text says."""
    monkeypatch.chdir(tmp_path)
    page = (ROOT / "docs" / "models.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", page.partition("## Keep one\n")[2].partition("\n## ")[0], re.DOTALL)
    exec(code, {})
    first, *versions = capsys.readouterr().out.splitlines()
    assert first.startswith("150 ")
    assert first.endswith("('stable',)")
    assert versions == ["0 trainer False", "50 trainer True", "100 trainer True", "150 trainer True"]
    assert {each.name for each in (tmp_path / "out").iterdir()} == {
        "architecture.json", "weights.safetensors", "manifest.json",
    }  # fmt: skip


def test_an_example_manifest_is_one() -> None:
    """docs/store-format.md: with hashes in the place of their beginnings it is taken."""
    page = (ROOT / "docs" / "store-format.md").read_text(encoding="utf-8")
    (said,) = re.findall(r"```json\n(\{\"format\": \"trainer\".*?)```", page, re.DOTALL)
    plain = json.loads(said)
    files = [manifest.ModelFile(**{**each, "digest": each["digest"][:2] * 32}) for each in plain["files"]]
    found = manifest.of_json(
        {**plain, "files": [each._asdict() for each in files], "digest": manifest.digest_of(files)}
    )
    assert found.as_json().keys() == plain.keys()
