"""Takes the CPU build of ONNX Runtime Web out of its npm package, and makes the wheel that carries it.

pip calls `build_wheel`; `python build.py` only takes the files. What was taken already and is as the lock says is not
asked for again. npm is the one who asks the network, by $EVERYSTEP_NPM where it is not called so; the licence and the
notices, which the npm package has not, come with pip out of the Python package of the same release.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shlex
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
LOCK = HERE / "onnxruntime.lock.json"
TARGET = HERE / "everystep_try" / "onnxruntime"


class BuildError(SystemExit):
    """Why there is no wheel, in a sentence, which is what a build that fails prints."""


def build_wheel(wheel_directory: str, config_settings: Any = None, metadata_directory: str | None = None) -> str:
    """Makes the wheel, and takes what it carries first; its name. See PEP 517."""
    take()
    from setuptools import build_meta

    return build_meta.build_wheel(wheel_directory, config_settings, metadata_directory)


def build_sdist(sdist_directory: str, config_settings: Any = None) -> str:
    """Makes the source distribution, of which a wheel is built where npm is; its name. See PEP 517."""
    from setuptools import build_meta

    return build_meta.build_sdist(sdist_directory, config_settings)


def take(target: Path = TARGET) -> bool:
    """Sees to it that the files lie in a folder as the lock says; whether they had to be taken.

    Raises:
        BuildError: npm is not there or has no such package, or what it or pip brought is not what the lock names.
    """
    lock = json.loads(LOCK.read_text(encoding="utf-8"))
    files = lock["files"] | lock["texts"]["files"]
    wanted = {target / name.rpartition("/")[2]: (name, digest) for name, digest in files.items()}
    if all(path.is_file() and sum_of(path.read_bytes()) == digest for path, (_, digest) in wanted.items()):
        return False
    with tempfile.TemporaryDirectory() as folder:
        found = unpacked(_packed(lock, Path(folder)), lock) | texts(_wheel(lock["texts"], Path(folder)), lock["texts"])
    target.mkdir(exist_ok=True)
    for path, (name, _) in wanted.items():
        partial = path.with_name(f"{path.name}.part")
        partial.write_bytes(found[name])
        partial.replace(path)
    return True


def unpacked(archive: Path, lock: dict[str, Any]) -> dict[str, bytes]:
    """The files that a lock names, out of a package as npm has it.

    Raises:
        BuildError: the package, or a file in it, is not what the lock names.
    """
    _check(f"{lock['package']}-{lock['version']}", archive.read_bytes(), lock["integrity"])
    found = {}
    with tarfile.open(archive) as package:
        for name, digest in lock["files"].items():
            try:
                member = package.extractfile(f"package/{name}")
            except KeyError:
                member = None
            if member is None:
                raise BuildError(f"{lock['package']} {lock['version']} has no file {name}.")
            found[name] = member.read()
            _check(name, found[name], digest)
    return found


def texts(wheel: Path, lock: dict[str, Any]) -> dict[str, bytes]:
    """The licence and the notices that a lock names, out of a wheel.

    Raises:
        BuildError: one is not there, or not what the lock names.
    """
    found = {}
    with zipfile.ZipFile(wheel) as package:
        for name, digest in lock["files"].items():
            if name not in package.namelist():
                raise BuildError(f"{lock['package']} {lock['version']} has no file {name}.")
            found[name] = package.read(name)
            _check(name, found[name], digest)
    return found


def sum_of(data: bytes) -> str:
    """The SHA-512 of bytes as npm writes it."""
    return f"sha512-{base64.b64encode(hashlib.sha512(data).digest()).decode()}"


def _check(name: str, data: bytes, wanted: str) -> None:
    if sum_of(data) != wanted:
        raise BuildError(f"{name} is not what {LOCK.name} names.\n  expected: {wanted}\n  got:      {sum_of(data)}")


def _packed(lock: dict[str, Any], folder: Path) -> Path:
    """The package in a folder, as npm brings it."""
    npm = shlex.split(os.environ.get("EVERYSTEP_NPM", "npm"))
    if shutil.which(npm[0]) is None:
        raise BuildError(
            f"everystep-try is built with npm, and there is no {npm[0]}; install Node.js, which brings it."
        )
    package = f"{lock['package']}@{lock['version']}"
    # Nothing of the package runs: it is only packed, and not installed.
    words = [*npm, "pack", package, "--silent", "--ignore-scripts", "--pack-destination", str(folder)]
    return _brought("npm", package, words, folder, "*.tgz")


def _wheel(lock: dict[str, Any], folder: Path) -> Path:
    """The Python package in a folder, as pip brings it: that of one platform, since only its texts are wanted."""
    package = f"{lock['package']}=={lock['version']}"
    where = ["--python-version", "3.12", "--implementation", "cp", "--platform", "manylinux_2_28_x86_64"]
    words = ["download", "--quiet", "--no-deps", "--only-binary=:all:", *where, "--dest", str(folder), package]
    # Apart from the environment of a build, in which there is no pip.
    return _brought("pip", package, [sys.executable, "-I", "-m", "pip", *words], folder, "*.whl")


def _brought(who: str, package: str, words: list[str], folder: Path, called: str) -> Path:
    """The one file that a command puts into a folder."""
    done = subprocess.run(words, capture_output=True, text=True, cwd=folder)
    found = list(folder.glob(called))
    if done.returncode or len(found) != 1:
        said = " ".join((done.stderr or done.stdout).split())[-500:]
        raise BuildError(f"{who} does not bring {package}: {said or f'it ended with {done.returncode}'}")
    return found[0]


if __name__ == "__main__":
    taken = take()
    sys.stdout.write(f"{TARGET}: {'taken from npm' if taken else 'as the lock says'}\n")
