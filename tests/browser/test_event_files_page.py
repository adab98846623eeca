"""TensorBoard's event files in the page: a folder that is already there, and one that grows while it is looked at."""

from __future__ import annotations

import json
import shutil
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.tracker.test_event_files import event, write


def test_a_growing_event_file_is_followed_on_the_page(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any], figure: Callable[[str], None]
) -> None:
    """No import, no reload: the folder is pointed at, and its curve moves as its file grows."""
    path = write(logdir / "old" / "tfevents.1", event(time.time(), 0, tag="loss", simple_value=1.0))
    served = serve(logdir)
    page.goto(served.address)
    until(page, "viz.ready && viz.drawn('loss')?.old?.step.length === 1")
    took = []
    for step in range(1, 31):
        write(path, event(time.time(), step, tag="loss", simple_value=1 / (step + 1)), mode="ab")
        began = time.monotonic()
        until(page, f"viz.drawn('loss').old.step.length === {step + 1}")
        took.append(time.monotonic() - began)
    assert page.evaluate("viz.drawn('loss').old.step") == list(range(31))
    took.sort()
    figure(f"flush of an event file to drawn: p50 {took[15] * 1e3:.0f} ms, p95 {took[28] * 1e3:.0f} ms (bar: ≤ 1 s)")


def test_a_logdir_of_event_files_is_shown_as_it_is(
    logdir: Path, real_data: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """Runs of a dozen writers by their folders' names; nothing is written beside them."""
    for name in ("katib", "lightning", "torch_media", "tf_scalars_demo"):
        shutil.copytree(real_data / "events" / name, logdir / name)
    before = sorted(logdir.rglob("*"))
    served = serve(logdir)
    page.goto(served.address)
    until(page, "viz.ready && document.querySelectorAll('.run').length === 10")
    asked = f"{served.base}/api/v1/scalars?run=torch_media&tag=loss/train&columns=100&token={served.token}"
    with urllib.request.urlopen(asked, timeout=30) as answer:
        assert len(json.load(answer)["step_first"]) == 20
    assert sorted(logdir.rglob("*")) == before


@pytest.mark.long
def test_what_lies_beside_event_files_is_on_its_page(
    logdir: Path, real_data: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """Meshes whole, the projector's folders, a profiler's session, a Keras model: no import, and no page says an error."""
    shutil.copytree(real_data / "events" / "torch_mesh", logdir / "mesh")
    shutil.copytree(real_data / "events" / "keras_run_metadata", logdir / "keras")
    shutil.copytree(real_data / "projector" / "digits_torch", logdir / "digits")
    session = logdir / "keras" / "train" / "plugins" / "profile" / "2020_05_16"
    session.mkdir(parents=True)
    shutil.copyfile(real_data / "traces" / "tf_keras_cpu.trace.json.gz", session / "host.trace.json.gz")
    served = serve(logdir)
    page.goto(served.address)
    until(page, "viz.ready && document.querySelectorAll('.run').length === 4")
    page.evaluate("viz.set('page', 'meshes')")
    until(page, "document.querySelectorAll('.mesh-panel').length === 2")
    until(
        page,
        "[...document.querySelectorAll('.mesh-panel output')].some((each) => each.textContent.includes('576 faces'))",
    )
    page.evaluate("viz.set('page', 'embeddings')")
    until(page, "document.body.textContent.includes('300 vectors of 64 dimensions')")
    page.evaluate("viz.set('page', 'profiles')")
    until(page, "document.querySelector('.profile-about')?.textContent.includes('events')")
    assert "2020_05_16/host" in page.locator(".profile-which").inner_text()
    page.evaluate("viz.set('page', 'graph')")
    until(page, "document.querySelector('#graph-tag option[value=keras]')")
    page.locator("#graph-tag").select_option("keras")
    until(page, "document.body.textContent.includes('relu_layer')")
