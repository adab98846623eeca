"""The second distribution, everystep-try: it carries what its lock names, and nothing else gets in."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest

from dashboard.http.installed_scripts import _PLACES, ONNXRUNTIME

ROOT = Path(__file__).resolve().parents[2]
PROJECT = ROOT / "everystep_try"


@pytest.fixture(scope="module")
def build() -> Any:
    """The module that makes its wheel."""
    spec = importlib.util.spec_from_file_location("everystep_try_build", PROJECT / "build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def made(build: Any, tmp_path: Path) -> tuple[Path, dict[str, Any]]:
    """A package as npm has it, and the lock that names it."""
    (tmp_path / "package" / "dist").mkdir(parents=True)
    (tmp_path / "package" / "dist" / "a.mjs").write_text("1")
    with tarfile.open(tmp_path / "p.tgz", "w:gz") as archive:
        archive.add(tmp_path / "package", "package")
    sums = {"dist/a.mjs": build.sum_of(b"1")}
    integrity = build.sum_of((tmp_path / "p.tgz").read_bytes())
    return tmp_path / "p.tgz", {"package": "p", "version": "1.0.0", "integrity": integrity, "files": sums}


def test_both_distributions_have_one_version() -> None:
    """The extra asks for exactly the one of its own version."""
    versions = [re.findall(r'^version = "([^"]+)"', (folder / "pyproject.toml").read_text(), re.MULTILINE) for folder in (ROOT, PROJECT)]  # fmt: skip
    assert versions[0] == versions[1]
    assert f'try = ["everystep-try=={versions[0][0]}"]' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")


def test_the_lock_names_what_the_server_serves() -> None:
    """The smallest build, of one processor: nothing of WebGPU."""
    lock = json.loads((PROJECT / "onnxruntime.lock.json").read_text(encoding="utf-8"))
    served = {f"dist/{_PLACES[name][1].removeprefix('onnxruntime/')}" for name in ONNXRUNTIME}
    assert set(lock["files"]) == served
    assert all(each.startswith("sha512-") for each in (lock["integrity"], *lock["files"].values()))


def test_what_the_lock_names_is_taken(build: Any, made: tuple[Path, dict[str, Any]]) -> None:
    """Of the package nothing else."""
    assert build.unpacked(*made) == {"dist/a.mjs": b"1"}


@pytest.mark.parametrize("changed", ["integrity", "file", "missing"])
def test_what_the_lock_does_not_name_is_refused(build: Any, made: tuple[Path, dict[str, Any]], changed: str) -> None:
    """A package that was changed on its way, or another one under its name."""
    archive, lock = made
    if changed == "integrity":
        archive.write_bytes(archive.read_bytes() + b"\0")
    elif changed == "file":
        lock["files"]["dist/a.mjs"] = build.sum_of(b"2")
    else:
        lock["files"] = {"dist/b.mjs": build.sum_of(b"1")}
    with pytest.raises(build.BuildError) as refused:
        build.unpacked(archive, lock)
    assert ("has no file" if changed == "missing" else "is not what") in str(refused.value)


@pytest.mark.parametrize("changed", ["nothing", "text", "missing"])
def test_licence_and_notices_come_out_of_the_wheel_that_the_lock_names(
    build: Any, tmp_path: Path, changed: str
) -> None:
    """Which are those of the same release."""
    with zipfile.ZipFile(tmp_path / "o.whl", "w") as wheel:
        wheel.writestr("o/NOTICE" if changed == "missing" else "o/LICENSE", "free" if changed == "nothing" else "not")
    lock = {"package": "o", "version": "1.0.0", "files": {"o/LICENSE": build.sum_of(b"free")}}
    if changed == "nothing":
        assert build.texts(tmp_path / "o.whl", lock) == {"o/LICENSE": b"free"}
        return
    with pytest.raises(build.BuildError, match="has no file" if changed == "missing" else "is not what"):
        build.texts(tmp_path / "o.whl", lock)


def test_without_npm_a_sentence_says_so(build: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And no empty wheel is made."""
    monkeypatch.setenv("EVERYSTEP_NPM", "no-such-npm --quiet")
    with pytest.raises(build.BuildError, match="there is no no-such-npm"):
        build.take(tmp_path / "onnxruntime")
    assert not (tmp_path / "onnxruntime").exists()


def test_npm_that_brings_nothing_is_told_of(build: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what it said."""
    said = "import sys; sys.exit('nobody answers')"
    monkeypatch.setenv("EVERYSTEP_NPM", f'{sys.executable} -c "{said}"')
    with pytest.raises(build.BuildError, match="nobody answers"):
        build.take(tmp_path / "onnxruntime")
