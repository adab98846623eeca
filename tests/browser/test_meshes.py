"""The page of meshes: a surface and a cloud, one camera, steps, live."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import tracker


def test_surfaces_and_clouds_turn_together(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """Each is drawn with its own corners; a drag on one turns both; the newest step is followed."""
    run = tracker.init(logdir=logdir, name="<b>run</b>", machine=False)
    corners = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1.0]])
    faces = [[0, 1, 2], [0, 1, 3], [0, 2, 3], [1, 2, 3]]
    for step in (1, 2):
        run.log({"body": tracker.Mesh(corners * step, faces), "cloud": tracker.Mesh(np.eye(3))}, step=step)
    run.flush()
    page.goto(f"{serve(logdir, '--no-token').address}?p=meshes")
    until(page, "viz.ready && viz.page().length === 2 && viz.page().every((each) => each.corners)")
    body, cloud = page.evaluate("viz.page()")
    assert (body["corners"], body["isCloud"], body["step"]) == (12, False, 2)
    assert (cloud["corners"], cloud["isCloud"]) == (3, True)
    box = page.query_selector(".mesh-panel canvas").bounding_box()
    page.mouse.move(box["x"] + 150, box["y"] + 150)
    page.mouse.down()
    page.mouse.move(box["x"] + 210, box["y"] + 150, steps=3)
    page.mouse.up()
    assert page.evaluate("viz.page().map((each) => each.yaw)")[1] > body["yaw"] + 0.3
    slider = page.query_selector(".mesh-steps input")
    slider.evaluate("(input) => { input.value = '0'; input.dispatchEvent(new Event('input')); }")
    until(page, "viz.page()[0].step === 1")
    run.log({"cloud": tracker.Mesh(np.zeros((7, 3)))}, step=3)
    until(page, "viz.page()[1].corners === 7")
    assert page.evaluate("viz.page()[0].step") == 1
    run.finish()
