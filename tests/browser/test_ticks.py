"""Where axes have their marks: any two numbers, any zone's clock. The page's own modules, asked in Chromium."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import tracker
from tests.browser.charts import CARD, drag, point, press

ZONES = ("Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe", "Asia/Kathmandu")

# Each kind of range there is: bit patterns, neighbours some numbers apart, numbers at which something changes, moments.
# What is wrong with an axis is said with the range; a time is the least of many, for a machine has other things to do.
PROPERTY = """async ([seed, tries]) => {
  const ticks = await import(new URL("charts/ticks.js", document.querySelector("link[rel=icon]").href));
  const random = () => { seed = (seed + 0x6d2b79f5) | 0; let x = Math.imul(seed ^ (seed >>> 15), 1 | seed); x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x; return ((x ^ (x >>> 14)) >>> 0) / 4294967296; };
  const number = new Float64Array(1), bits = new BigUint64Array(number.buffer), whole = (n) => Math.floor(random() * n);
  const anyNumber = () => { do bits[0] = (BigInt(whole(2 ** 32)) << 32n) | BigInt(whole(2 ** 32)); while (!Number.isFinite(number[0])); return number[0]; };
  const next = (x, k) => { number[0] = x; bits[0] = BigInt.asUintN(64, bits[0] + BigInt(k)); return Number.isFinite(number[0]) ? number[0] : x; };
  const known = [0, 5e-324, -5e-324, 2.2250738585072014e-308, Number.MAX_VALUE, -Number.MAX_VALUE, 1, -1, 0.1, 2 ** 53, -(2 ** 53), 1e9, 1e15, 1e-5, 1.7e9, 1.7e18, 8.64e12, Math.LN2, 1e21, 1e22, 86400, 60, 3600, -62135596800];
  const one = () => known[whole(known.length)];
  const kinds = [
    () => [anyNumber(), anyNumber()], () => [one(), one()],
    () => { const low = random() < 0.5 ? anyNumber() : one(); return [low, next(low, 1 + Math.floor(2 ** (random() * 30)))]; },
    () => { const low = (random() - 0.5) * 10 ** (random() * 20); return [low, low + 10 ** (random() * 20 - 10)]; },
    () => { const low = -2.2e9 + random() * 9.5e9; return [low, low + 10 ** (random() * 15 - 6)]; },
    () => { const low = one(); return [low, low * (1 + (random() - 0.5) * 10 ** (-random() * 17))]; },
  ];
  const log = (low, high, count) => { const [a, b] = [low, high].map((each) => Math.abs(each) || 5e-324); return ticks.logarithmic(Math.min(a, b), Math.max(a, b), count); };
  const wrong = [];
  let asked = 0;
  for (let i = 0; i < tries; i++) {
    const [low, high] = kinds[i % kinds.length]().sort((a, b) => a - b), count = 2 + whole(20);
    if (!Number.isFinite(low) || !Number.isFinite(high) || low === high) continue;
    for (const [name, make] of Object.entries({ linear: ticks.linear, log, relative: ticks.relative, clock: ticks.clock })) {
      let least = Infinity, marks;
      for (let again = 0; again < 200 && least > 0.9; again++) { const began = performance.now(); marks = make(low, high, count); least = Math.min(least, performance.now() - began); }
      const texts = marks.map(({ text }) => text), fault =
        marks.length < 2 || marks.length > 12 ? "how many"
        : marks.some(({ at }, k) => !Number.isFinite(at) || (k && !(at > marks[k - 1].at))) ? "not in order"
        : new Set(texts).size < texts.length || (marks.base && new Set(marks.map(({ rest }) => rest)).size < marks.length) ? "the same text twice"
        : texts.some((text) => /NaN|undefined|Infinity|∞/.test(text) || !text || text.length > 60) ? "text"
        : least > 1 && tries < 5000 ? `${least} ms` : null;
      asked++;
      if (fault && wrong.length < 5) wrong.push([name, fault, low, high, count, texts]);
    }
  }
  return { asked, wrong };
}"""

IMPORTED = "await import(new URL('charts/ticks.js', document.querySelector('link[rel=icon]').href))"


@pytest.fixture
def in_zone(
    logdir: Path, serve: Callable[..., Any], chromium: Any, until: Callable[..., Any]
) -> Iterator[Callable[[str], Any]]:
    """A page whose clock is that of a zone: in_zone("Europe/Berlin")."""
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        run.log({"loss": 1.0}, step=0)
    served, contexts = serve(logdir, "--no-token"), []

    def opened(zone: str) -> Any:
        contexts.append(chromium.new_context(timezone_id=zone))
        page = contexts[-1].new_page()
        page.faults = []
        page.goto(served.base)
        until(page, "viz.ready")
        return page

    yield opened
    for context in contexts:
        context.close()


def _marks(page: Any, call: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = page.evaluate(f"async () => {{ const ticks = {IMPORTED}; return {call}; }}")
    return found


def _texts(page: Any, call: str) -> list[str]:
    return [mark["text"] for mark in _marks(page, call)]


def test_any_two_numbers_have_marks_that_are_told_apart(in_zone: Callable[[str], Any]) -> None:
    """2 to 12, in order, no text twice, each axis within a millisecond; by the clocks of four zones."""
    for seed, zone in enumerate(ZONES):
        found = in_zone(zone).evaluate(PROPERTY, [seed + 1, 600])
        assert found["wrong"] == []
        assert found["asked"] > 1800


@pytest.mark.long
def test_any_of_very_many_ranges_have_marks_that_are_told_apart(in_zone: Callable[[str], Any]) -> None:
    """The same over more ranges."""
    for seed, zone in enumerate(ZONES):
        assert in_zone(zone).evaluate(PROPERTY, [seed + 101, 100_000])["wrong"] == []


def test_what_close_numbers_have_in_common_is_said_once(in_zone: Callable[[str], Any]) -> None:
    """By each mark where it is short, else beside the axis; an integer of nanoseconds with all its digits."""
    page = in_zone("UTC")
    assert _texts(page, "ticks.linear(0.9999999999999999, 1, 5)") == ["1 − 1.8e−15", "1 − 9e−16", "1", "1 + 9e−16", "1 + 1.8e−15"]  # fmt: skip
    assert "1e9 + 5e−7" in _texts(page, "ticks.linear(1e9, 1e9 + 1.2e-7, 5)")
    base, rests = page.evaluate(
        f"async () => {{ const m = ({IMPORTED}).linear(1691234567890123500, 1691234567890223500, 5); return [m.base, m.map((e) => e.rest)]; }}"
    )
    assert (base, rests) == ("1,691,234,567,890,100,000 +", ["40k", "60k", "80k", "100k", "120k"])
    base, rests = page.evaluate(
        f"async () => {{ const m = ({IMPORTED}).linear(-0.693147180559946, -0.693147180559945, 5); return [m.base, m.map((e) => e.rest)]; }}"
    )
    assert base.startswith("−0.69314718055994")
    assert base.endswith(" −")
    # What was well before is so still.
    assert _texts(page, "ticks.linear(0, 1, 5)") == ["0", "0.2", "0.4", "0.6", "0.8", "1"]
    assert _texts(page, "ticks.linear(0, 12345, 5)") == ["0", "2,000", "4,000", "6,000", "8,000", "10k", "12k"]
    assert _texts(page, "ticks.logarithmic(0.001, 1000, 6)") == ["0.001", "0.01", "0.1", "1", "10", "100", "1,000"]


def test_days_and_years_are_marked_whatever_the_range(in_zone: Callable[[str], Any]) -> None:
    """Six days had no label between units of two and of seven days, five hundred no year."""
    page = in_zone("Europe/Berlin")
    now = "Date.UTC(2026, 5, 1) / 1000"
    begin = "new Date(2026, 4, 4, 15).getTime() / 1000"
    assert _texts(page, "ticks.relative(0, 6 * 86400, 5)") == ["0", "2 d", "4 d", "6 d"]
    assert _texts(page, f"ticks.clock({begin}, {begin} + 6 * 86400, 5, {now})") == ["May 5", "May 7", "May 9"]
    assert _texts(page, f"ticks.clock({begin}, {begin} + 500 * 86400, 5, {now})") == ["Jul 2026", "2027", "Jul"]
    assert _texts(page, f"ticks.clock({begin}, {begin} + 9000 * 86400, 5, {now})") == ["2030", "2035", "2040", "2045", "2050"]  # fmt: skip
    # Of another year than this one it is said.
    assert _texts(page, f"ticks.clock({begin}, {begin} + 6 * 86400, 5, 0)") == ["May 5, 2026", "May 7", "May 9"]
    assert _texts(page, "ticks.relative(3 * 86400, 3 * 86400 + 10, 5)")[1] == "72h00:02"
    assert _texts(page, "ticks.relative(3600, 3660, 6)")[1] == "1h00:10"


@pytest.mark.parametrize("zone", ZONES)
def test_marks_lie_on_local_midnights_whatever_summer_time_does(in_zone: Callable[[str], Any], zone: str) -> None:
    """Of each year from 1900 to 2200, over ranges of days to years: a day's first moment, though its clock be set."""
    wrong = in_zone(zone).evaluate(
        f"""async () => {{
          const ticks = {IMPORTED}, wrong = [];
          for (let year = 1900; year <= 2200; year += 3) for (const month of [0, 2, 3, 9, 10]) for (const days of [3, 6, 20, 100, 500]) {{
            const low = new Date(year, month, 3, 13, 7).getTime() / 1000, marks = ticks.clock(low, low + days * 86400, 5, 0);
            if (marks.length < 2) wrong.push([year, month, days, "no marks"]);
            for (const {{ at, text }} of marks) {{
              if (/:/.test(text)) continue; // an hour of a day
              const date = new Date(at * 1000), before = new Date(at * 1000 - 1000);
              if (date.getDate() === before.getDate()) wrong.push([year, month, days, text, date.toString()]);
              if (days >= 500 && date.getDate() !== 1) wrong.push([year, month, days, text, date.toString()]);
            }}
          }}
          return wrong.slice(0, 5);
        }}"""
    )
    assert wrong == []


def test_an_hour_that_comes_twice_or_never_is_marked_as_it_was(in_zone: Callable[[str], Any]) -> None:
    """Clocks set back: both hours, told apart by their zone. Set ahead: none that was not."""
    page = in_zone("Europe/Berlin")
    back = "Date.UTC(2026, 9, 24, 23, 30) / 1000"
    texts = _texts(page, f"ticks.clock({back}, {back} + 3 * 3600, 6, {back})")
    assert texts == ["01:30", "02:00 GMT+2", "02:30 GMT+2", "02:00 GMT+1", "02:30 GMT+1", "03:00", "03:30"]
    ahead = "Date.UTC(2026, 2, 28, 23, 50) / 1000"
    assert _texts(page, f"ticks.clock({ahead}, {ahead} + 3 * 3600, 3, {ahead})") == ["01:00", "03:00", "04:00"]
    half = in_zone("Australia/Lord_Howe")
    back = "Date.UTC(2026, 3, 4, 12, 40) / 1000"
    marks = _texts(half, f"ticks.clock({back}, {back} + 5 * 3600, 6, {back})")
    assert all(text.endswith(":00") or text == "Apr 5" for text in marks)


def test_values_that_differ_in_their_last_bit_are_drawn_and_a_zoom_ends_calmly(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """The tab hung for ever. Twenty drags into a chart end where there is nothing between, which is said."""
    pairs = {
        "one": (sum([0.1] * 10), 1.0),
        "e9": (1e9, 1e9 + 1.2e-7),
        "p53": (2.0**53, 2.0**53 + 2),
        "huge": (-1.79e308, 1.79e308),
        "tiny": (0.0, 5e-324),
    }
    begin = 1691234567890123456
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        for i in range(20):
            run.log({f"near/{name}": pair[i % 2] for name, pair in pairs.items()}, step=i)
            run.log({"ns": 1.0}, step=begin + i * 500)
    page.goto(f"{serve(logdir, '--no-token').base}/?s=0")
    until(page, "viz.ready")
    for name in (*(f"near/{each}" for each in pairs), "ns"):
        page.query_selector(CARD.format(name)).scroll_into_view_if_needed()
        until(page, f"viz.lines({name!r})?.length === 1")
        drawn = page.evaluate(f"document.querySelector({CARD.format(name)!r}).card.chart.view.y")
        assert drawn["low"] < drawn["high"]
    span = f"(({{ low, high }}) => high - low)(document.querySelector({CARD.format('near/e9')!r}).card.chart.view.x)"
    page.query_selector(CARD.format("near/e9")).scroll_into_view_if_needed()
    for _ in range(20):
        drag(page, "near/e9", 0.45, 0.6)
    assert 1 <= page.evaluate(span) < 5
    until(page, "document.body.textContent.includes('Fully zoomed in')")


def test_every_digit_of_a_step_of_nanoseconds_is_said(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """The axis says once what its marks have in common; the tooltip and the CSV of what is drawn have each step as logged."""
    steps = [1691234567890123457 + 100_000 * i for i in range(5)]
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        for i, step in enumerate(steps):
            run.log({"loss": float(i)}, step=step)
    page.goto(f"{serve(logdir, '--no-token').base}/?s=0")
    until(page, "viz.ready && viz.lines('loss')?.length === 1")
    card = f"document.querySelector({CARD.format('loss')!r}).card"
    assert page.evaluate(f"Array.from({{ length: 5 }}, (_, i) => String({card}.curve('a').stepOf(i)))") == [
        str(step) for step in steps
    ]
    point(page, "canvas.over", 0.97, 0.15)
    until(page, f"document.querySelector('#tip caption')?.textContent.includes('step {steps[-1]:,}')")
    press(page, CARD.format("loss"), ".more")
    with page.expect_download() as saved:
        page.click("text=Download CSV")
    rows = Path(saved.value.path()).read_text().splitlines()
    assert [row.split(",")[2] for row in rows[1:]] == [str(step) for step in steps]
