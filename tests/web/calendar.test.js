// Marks by the clock and the calendar, in zones where that is hard.
import assert from "node:assert/strict";
import { test } from "node:test";
import { MANY, Numbers, some } from "./random.js";

const ZONES = ["Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe", "Asia/Kathmandu"];

// The module by the clocks of a zone: it asks for the zone's name when it is loaded.
async function inZone(zone) {
  process.env.TZ = zone;
  return (await import(`../../dashboard/web/charts/calendar.js?zone=${zone}`)).clock;
}

for (const zone of ZONES) {
  test(`marks of more than hours lie at the first moment of a day: ${zone}`, async () => {
    const clock = await inZone(zone);
    for (let year = 1900; year <= 2200; year += MANY > 10000 ? 3 : 12)
      for (const month of [0, 2, 3, 9, 10])
        for (const days of [3, 20, 500]) {
          const low = new Date(year, month, 3, 13, 7).getTime() / 1000,
            marks = clock(low, low + days * 86400, 5, 0);
          assert.ok(marks.length >= 2);
          for (const { at, text } of marks) {
            if (text.includes(":")) continue;
            const date = new Date(at * 1000),
              before = new Date(at * 1000 - 1000);
            assert.notEqual(date.getDate(), before.getDate(), `${text} is ${date}`);
            if (days >= 500) assert.equal(date.getDate(), 1, `${text} is ${date}`);
          }
        }
  });

  test(`any range of moments has marks that are told apart: ${zone}`, async () => {
    const clock = await inZone(zone),
      numbers = new Numbers(31);
    for (let i = 0; i < some(0.25); i++) {
      const low = -2.2e9 + numbers.random() * 9.5e9,
        high = low + 10 ** (numbers.random() * 12 - 3);
      const marks = clock(low, high, 2 + numbers.below(12)),
        texts = marks.map(({ text }) => text);
      assert.ok(marks.length >= 2 && marks.length <= 12, `${low} ${high}`);
      assert.equal(new Set(texts).size, texts.length, `${low} ${high}: ${texts.join(" | ")}`);
      assert.ok(
        marks.every(({ at }, k) => at >= low && at <= high && (!k || at > marks[k - 1].at)),
        `${low} ${high}`,
      );
    }
  });
}

test("an hour that comes twice is told apart by its zone, one that never was is not marked", async () => {
  const clock = await inZone("Europe/Berlin");
  const back = Date.UTC(2026, 9, 24, 23, 30) / 1000;
  assert.deepEqual(
    clock(back, back + 3 * 3600, 6, back).map(({ text }) => text),
    ["01:30", "02:00 GMT+2", "02:30 GMT+2", "02:00 GMT+1", "02:30 GMT+1", "03:00", "03:30"],
  );
  const ahead = Date.UTC(2026, 2, 28, 23, 50) / 1000;
  assert.deepEqual(
    clock(ahead, ahead + 3 * 3600, 3, ahead).map(({ text }) => text),
    ["01:00", "03:00", "04:00"],
  );
});

test("dates say as much as is needed to tell them apart", async () => {
  const clock = await inZone("Europe/Berlin"),
    now = Date.UTC(2026, 5, 1) / 1000,
    begin = new Date(2026, 4, 4, 15).getTime() / 1000;
  const texts = (days, at = now) => clock(begin, begin + days * 86400, 5, at).map(({ text }) => text);
  assert.deepEqual(texts(6), ["May 5", "May 7", "May 9"]);
  assert.deepEqual(texts(6, 0), ["May 5, 2026", "May 7", "May 9"]);
  assert.deepEqual(texts(500), ["Jul 2026", "2027", "Jul"]);
  assert.deepEqual(texts(9000), ["2030", "2035", "2040", "2045", "2050"]);
});

test("less than a second is said by the second of the minute", async () => {
  const clock = await inZone("UTC"),
    at = Date.UTC(2026, 0, 1, 12, 30, 15) / 1000;
  assert.deepEqual(
    clock(at, at + 0.4, 4).map(({ text }) => text),
    ["15.000", "15.100", "15.200", "15.300", "15.400"],
  );
  assert.ok(
    clock(1e15, 1e15 + 10, 4).every(({ text }) => text.endsWith(" s")),
    "beyond what a date can be",
  );
});
