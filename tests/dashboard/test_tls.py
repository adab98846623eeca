"""TLS by files: what a server shows, and what sends to it, without a proxy in between."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trustme

import tracker
from dashboard import cli

WRITE = "w" * 20


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """A certificate of this machine with its key, and that of who signed it."""
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1", "localhost")
    found = {name: tmp_path / f"{name}.pem" for name in ("cert", "key", "authority")}
    issued.private_key_pem.write_to_path(found["key"])
    found["cert"].write_bytes(b"".join(each.bytes() for each in issued.cert_chain_pems))
    authority.cert_pem.write_to_path(found["authority"])
    return found


def test_pages_and_runs_travel_by_it(
    logdir: Path, tmp_path: Path, files: dict[str, Path], serve: Callable[..., Any]
) -> None:
    """Who trusts the certificate's authority is answered and sends; who does not sends nothing."""
    with tracker.init(logdir=tmp_path / "here", name="a", machine=False) as run:
        run.log({"x": 1.0})
    logdir.mkdir(exist_ok=True)
    options = ("--tls-cert", str(files["cert"]), "--tls-key", str(files["key"]), "--receive", "--write-token", WRITE)
    served = serve(logdir, "--no-token", *options)
    assert served.base.startswith("https://")
    trusting = ssl.create_default_context(cafile=files["authority"])
    with urllib.request.urlopen(f"{served.base}/healthz", context=trusting) as answer:
        assert answer.status == 200

    def sent(**environment: str) -> int:
        words = ["ship", "--logdir", str(tmp_path / "here"), "--to", served.base, "--once", "--wait", "0"]
        command = [sys.executable, "-m", "dashboard", *words, "--token", WRITE]
        return subprocess.run(command, env={**os.environ, **environment}, timeout=60, check=False).returncode

    assert sent() == 1
    assert not list(logdir.iterdir())
    assert sent(SSL_CERT_FILE=str(files["authority"])) == 0
    assert tracker.open(logdir).run("a").scalars("x").value.tolist() == [1.0]
    with urllib.request.urlopen(f"{served.base}/api/v1/senders", context=trusting) as answer:
        assert json.load(answer) == {"senders": []}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--tls-cert", "cert"], "belong together"),
        (["--tls-key", "key"], "belong together"),
        (["--tls-cert", "cert", "--tls-key", "nothing"], "cannot be spoken"),
        (["--tls-cert", "key", "--tls-key", "cert"], "cannot be spoken"),
        (["--tls-cert", "cert", "--tls-key", "authority"], "cannot be spoken"),
    ],
    ids=["no key", "no certificate", "no file", "the other way round", "another key"],
)
def test_files_that_will_not_do_are_refused_before_it_begins(
    logdir: Path, files: dict[str, Path], capsys: pytest.CaptureFixture[str], given: list[str], said: str
) -> None:
    """In a sentence, which names them."""
    logdir.mkdir(exist_ok=True)
    words = [str(files.get(word, files["cert"].parent / word)) if not word.startswith("--") else word for word in given]
    assert cli.main(["serve", "--logdir", str(logdir), *words]) in (1, 2)
    assert said in capsys.readouterr().err
