"""What is taken away from the page of curves: pictures that are pictures, numbers to the last digit."""

from __future__ import annotations

import csv
import json
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import tracker
from tests.browser.charts import CARD, press


def test_a_chart_is_taken_away_as_a_file(sweep: Any, page: Any, until: Callable[..., Any], tmp_path: Path) -> None:
    """Pictures that are pictures, numbers to the last digit."""
    page.goto(f"{sweep.base}/?s=0&runs=sweep/0")
    until(page, "viz.ready")
    for form, ending in [("PNG", "png"), ("SVG", "svg"), ("CSV", "csv"), ("JSON", "json"), ("LaTeX (PGF)", "pgf")]:
        press(page, CARD.format("train/loss"), ".more")
        with page.expect_download() as caught:
            page.click(f"text=Download {form}")
        assert caught.value.suggested_filename == f"train-loss.{ending}"
        file = tmp_path / caught.value.suggested_filename
        caught.value.save_as(file)
        values = [1 + math.exp(-step / 20) for step in range(100)]
        if form == "PNG":
            from PIL import Image

            picture = Image.open(file)
            assert picture.width > 600
            assert len(picture.convert("RGB").getcolors(1 << 20)) > 20
        elif form == "SVG":
            import xml.etree.ElementTree as ET

            root = ET.parse(file).getroot()
            longest = max((path.get("d") for path in root.iter("{http://www.w3.org/2000/svg}path")), key=len)
            assert longest.count("L") >= 90
        elif form == "CSV":
            rows = list(csv.DictReader(file.read_text().splitlines()))
            assert [float(row["value"]) for row in rows] == values
            assert rows[7]["step_first"] == "7"
        elif form == "JSON":
            (line,) = json.loads(file.read_text())["charts"][0]["lines"]
            assert line["value"] == values
        else:
            text = file.read_text()
            assert text.count("{") == text.count("}")
            assert text.count("\\pgfpathlineto") >= 90


def test_a_zoomed_chart_of_groups_over_a_metric_is_taken_away(
    sweep: Any, page: Any, until: Callable[..., Any], tmp_path: Path
) -> None:
    """The metric is called by its name and not a time, a group says how many runs it is of, the picture names its axes."""
    page.goto(f"{sweep.base}/?s=0&runs=sweep&g=lr&x=metric&xm=tokens&base=sweep/0")
    until(page, "viz.ready && viz.lines('train/loss').length === 2")
    page.evaluate("viz.zoom('train/loss', [1000, 2000])")
    for form in ("CSV", "JSON", "SVG", "LaTeX (PGF)", "PNG"):
        press(page, CARD.format("train/loss"), ".more")
        with page.expect_download() as caught:
            page.click(f"text=Download {form}")
        file = tmp_path / caught.value.suggested_filename
        caught.value.save_as(file)
        if form == "CSV":
            rows = list(csv.DictReader(file.read_text().splitlines()))
            assert {row["line"]: float(row["count"]) for row in rows} == {
                "lr=0.1": 2,
                "lr=0.01": 3,
            }  # less the baseline
            assert all(float(row["tokens_first"]) == 64 * int(row["step_first"]) for row in rows)
            assert [int(row["step_first"]) for row in rows if row["line"] == "lr=0.1"] == list(range(15, 33))
        elif form == "JSON":
            for line in json.loads(file.read_text())["charts"][0]["lines"]:
                assert line["tokens"] == [64 * step for step in line["step"]]
                assert set(line["count"]) == {2 if line["name"] == "lr=0.1" else 3}
        elif form == "PNG":
            assert file.read_bytes().startswith(b"\x89PNG")
        else:
            words = re.findall(r"(?:>|\\selectfont )([^<>{}]+)[<}]", file.read_text())
            assert {"difference to sweep/0", "tokens"} <= set(words)


def test_every_point_of_what_is_shown_is_taken_away_at_once(
    sweep: Any, page: Any, until: Callable[..., Any], tmp_path: Path
) -> None:
    """Of the selected runs and the filtered tags, from the store, whatever the page has read of it."""
    page.goto(f"{sweep.base}/?sel=sweep/0%0Asweep/3&tags=loss")
    until(page, "viz.ready")
    page.click("#own-tools >> text=Download")
    assert "2 selected runs, 2 tags" in page.inner_text(".menu-about")
    with page.expect_download() as caught:
        page.click(".menu >> text=Every point as CSV")
    file = tmp_path / caught.value.suggested_filename
    caught.value.save_as(file)
    rows = list(csv.DictReader(file.read_text().splitlines()))
    assert {row["run"] for row in rows} == {"sweep/0", "sweep/3"}
    assert {row["tag"] for row in rows} == {"train/loss", "val/loss"}
    assert len(rows) == 2 * (100 + 10)
    assert float(rows[1]["value"]) == 0.1 * 10 + math.exp(-1 / 20)


@pytest.mark.parametrize("form", ["SVG", "PNG"])
def test_all_charts_are_taken_away_on_one_sheet(
    sweep: Any, new_page: Callable[..., Any], until: Callable[..., Any], tmp_path: Path, form: str
) -> None:
    """Those out of sight too."""
    page = new_page(height=420)
    page.goto(f"{sweep.base}/?runs=sweep")
    until(page, "viz.ready")
    page.click("#own-tools >> text=Download")
    with page.expect_download() as caught:
        page.click(f".menu >> text=All charts as {form}")
    file = tmp_path / caught.value.suggested_filename
    caught.value.save_as(file)
    if form == "SVG":
        import xml.etree.ElementTree as ET

        root = ET.parse(file).getroot()
        assert len(root.findall("{http://www.w3.org/2000/svg}svg")) == 3
        assert {"train/loss", "val/loss", "tokens"} <= {text.text for text in root.iter("{http://www.w3.org/2000/svg}text")}  # fmt: skip
        names = [clip.get("id") for clip in root.iter("{http://www.w3.org/2000/svg}clipPath")]
        assert len(names) == len(set(names))
    else:
        from PIL import Image

        with Image.open(file) as picture:
            assert picture.height > 1000


def test_the_numbers_behind_a_chart_are_a_table(sweep: Any, page: Any, until: Callable[..., Any]) -> None:
    """For those who cannot see it."""
    page.goto(f"{sweep.base}/?s=0&runs=sweep/0")
    until(page, "viz.ready")
    press(page, CARD.format("train/loss"), ".more")
    page.click("text=Data table")
    cells = page.locator("dialog td").all_inner_texts()
    assert cells[:3] == ["sweep/0", "0", "2"]
    assert len(cells) == 600


@pytest.mark.parametrize("form", ["SVG", "LaTeX (PGF)", "PNG"])
def test_a_picture_says_what_it_is_of(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any], tmp_path: Path, form: str
) -> None:
    """Its title above and a legend below; the file is called as the tag, in any script."""
    for name in ("first", "second"):
        with tracker.init(logdir=logdir, name=name, machine=False) as run:
            for step in range(5):
                run.log({"обучение/損失": 1 + 1e-16 * step}, step=step)
    page.goto(f"{serve(logdir, '--no-token').base}/?s=0")
    until(page, "viz.ready && viz.lines('обучение/損失')?.length === 2")
    press(page, CARD.format("обучение/損失"), ".more")
    with page.expect_download() as caught:
        page.click(f"text=Download {form}")
    assert caught.value.suggested_filename.startswith("обучение-損失.")
    file = tmp_path / "picture"
    caught.value.save_as(file)
    if form == "PNG":
        from PIL import Image

        room = page.query_selector(f"{CARD.format('обучение/損失')} canvas.over").bounding_box()
        with Image.open(file) as picture:
            assert picture.height >= 2 * (room["height"] + 28 + 18)
    else:
        words = re.findall(r"(?:>|\\selectfont )([^<>{}]+)[<}]", file.read_text(encoding="utf-8"))
        assert {"обучение/損失", "first", "second"} <= set(words)
