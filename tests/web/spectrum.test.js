// Sounds: the transform against its definition, tones where their pitch is, files as they were written.
import assert from "node:assert/strict";
import { test } from "node:test";
import { RANGE_DB, WINDOW, fft, parse, spectrogram } from "../../dashboard/web/pages/media/spectrum.js";
import { Numbers } from "./random.js";

test("the fast transform is the sum that defines it", () => {
  const numbers = new Numbers(111);
  for (const n of [1, 2, 4, 64, 512]) {
    const re = Float32Array.from({ length: n }, () => numbers.normal()),
      im = Float32Array.from({ length: n }, () => numbers.normal()),
      [a, b] = [[...re], [...im]];
    fft(re, im);
    for (let k = 0; k < n; k += Math.max(1, n >> 5)) {
      let [x, y] = [0, 0];
      for (let i = 0; i < n; i++) {
        const [cos, sin] = [Math.cos((-2 * Math.PI * k * i) / n), Math.sin((-2 * Math.PI * k * i) / n)];
        x += a[i] * cos - b[i] * sin;
        y += a[i] * sin + b[i] * cos;
      }
      assert.ok(Math.hypot(x - re[k], y - im[k]) < 1e-3 * Math.sqrt(n), `${k} of ${n}`);
    }
  }
});

const tone = (band, length = 8000) =>
  Float32Array.from({ length }, (_, i) => Math.sin((2 * Math.PI * band * i) / WINDOW));
const loudest = ({ db, bands }, column) => {
  let best = 0;
  for (let i = 1; i < bands; i++) if (db[column * bands + i] > db[column * bands + best]) best = i;
  return best;
};

test("a tone is loudest at its pitch, in each channel of a sound", () => {
  for (const band of [5, 40, 200]) {
    const found = spectrogram({ channels: [tone(band)] }, 20);
    for (let column = 1; column < found.columns - 1; column++) assert.equal(loudest(found, column), band);
  }
  const both = spectrogram({ channels: [tone(30), tone(90)] }, 10),
    column = 5 * both.bands;
  assert.ok(both.db[column + 30] > -1 && both.db[column + 90] > -1 && both.db[column + 60] < -40);
  // Against each other they would be silence in their mean.
  assert.equal(loudest(spectrogram({ channels: [tone(30), tone(30).map((x) => -x)] }, 10), 5), 30);
});

test("a click in a long silence is not missed", () => {
  const sound = new Float32Array(200_000);
  sound[123_456] = 1;
  const { db, columns, bands } = spectrogram({ channels: [sound] }, 100);
  const seen = Array.from({ length: columns }, (_, c) => db[c * bands + 40] > -RANGE_DB / 2);
  assert.equal(seen.findIndex(Boolean), Math.floor((123_456 / 200_000) * columns));
});

// A WAV of 16 bits; an odd chunk before the samples.
function wav(channels, rate, { bits = 16, cut = 0 } = {}) {
  const length = channels[0].length,
    size = 2 * length * channels.length,
    view = new DataView(new ArrayBuffer(56 + size - cut));
  const word = (at, text) => [...text].forEach((sign, i) => view.setUint8(at + i, sign.charCodeAt(0)));
  word(0, "RIFF");
  word(8, "WAVE");
  word(12, "fmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, channels.length, true);
  view.setUint32(24, rate, true);
  view.setUint16(34, bits, true);
  word(36, "LIST");
  view.setUint32(40, 3, true);
  word(48, "data");
  view.setUint32(52, size, true);
  for (let i = 0; i < length; i++)
    channels.forEach((each, c) => {
      const at = 56 + 2 * (i * channels.length + c);
      if (at + 2 <= view.byteLength) view.setInt16(at, each[i], true);
    });
  return view.buffer;
}

test("samples come out as they were written, by channel", () => {
  const { channels, rate, seconds } = parse(
    wav(
      [
        [0, 16384, -32768],
        [1, 2, 32767],
      ],
      8000,
    ),
  );
  assert.deepEqual(
    channels.map((each) => [...each]),
    [
      [0, 0.5, -1],
      [1 / 32768, 2 / 32768, 32767 / 32768],
    ],
  );
  assert.deepEqual([rate, seconds], [8000, 3 / 8000]);
  assert.equal(
    parse(wav([[1, 2, 3, 4]], 8000, { cut: 3 })).channels[0].length,
    2,
    "of a file that ends early what there is",
  );
});

test("what is no such sound is said", () => {
  assert.throws(() => parse(new ArrayBuffer(0)), /no WAV/);
  assert.throws(() => parse(new ArrayBuffer(100)), /no WAV/);
  assert.throws(() => parse(wav([[1]], 8000, { bits: 24 })), /16 bits/);
  assert.throws(() => parse(wav([[1]], 0)), /16 bits/);
  assert.throws(() => parse(wav([[]], 8000)), /no samples/);
  assert.throws(() => parse(wav([[1]], 8000).slice(0, 46)), /no samples/);
});
