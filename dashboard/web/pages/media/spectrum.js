// What is in a sound: its samples by channel, and how strong each pitch is at each moment.

/** @typedef {{ columns: number, bands: number, db: Float32Array }} Spectrum column by column, from low to high */
/** @typedef {{ channels: Float32Array[], rate: number, seconds: number }} Sound */

export const WINDOW = 512; // samples that one look at the pitches takes
const MOST_LOOKS = 24_000; // at a sound, however long: a third of a second of work
export const RANGE_DB = 80; // from the loudest down to what is drawn as nothing

// 16-bit WAV as { channels: [Float32Array], rate, seconds }.
/**
 * @param {ArrayBuffer} buffer
 * @returns {Sound}
 */
export function parse(buffer) {
  const view = new DataView(buffer);
  if (buffer.byteLength < 12 || view.getUint32(0) !== 0x52494646 || view.getUint32(8) !== 0x57415645)
    throw new Error("it is no WAV");
  let at = 12,
    rate = 0,
    channels = 0,
    bits = 0;
  while (at + 8 <= buffer.byteLength) {
    const name = view.getUint32(at),
      size = view.getUint32(at + 4, true);
    if (name === 0x666d7420 && at + 24 <= buffer.byteLength) {
      channels = view.getUint16(at + 10, true);
      rate = view.getUint32(at + 12, true);
      bits = view.getUint16(at + 22, true);
    }
    if (name === 0x64617461) {
      if (bits !== 16 || !channels || channels > 64 || !rate) throw new Error("it is not of 16 bits");
      const all = new Int16Array(
        buffer.slice(at + 8, at + 8 + 2 * Math.floor(Math.min(size, buffer.byteLength - at - 8) / 2)),
      );
      const length = Math.floor(all.length / channels);
      if (!length) throw new Error("it holds no samples");
      const made = Array.from({ length: channels }, (_, c) => {
        const samples = new Float32Array(length);
        for (let i = 0, from = c; i < length; i++, from += channels) samples[i] = all[from] / 32768;
        return samples;
      });
      return { channels: made, rate, seconds: length / rate };
    }
    at += 8 + size + (size % 2);
  }
  throw new Error("it holds no samples");
}

// Any sound that the browser can read, at the rate that its page plays at.
/**
 * @param {ArrayBuffer} buffer
 * @returns {Promise<Sound>}
 */
export async function decoded(buffer) {
  const context = new OfflineAudioContext(1, 1, 44_100);
  const sound = await context.decodeAudioData(buffer);
  return {
    channels: Array.from({ length: sound.numberOfChannels }, (_, c) => sound.getChannelData(c)),
    rate: sound.sampleRate,
    seconds: sound.duration,
  };
}

// Decibels below the loudest for `columns` moments × WINDOW / 2 pitches from low to high. A column is the loudest of the
// looks within it, at every sample of the sound where MOST_LOOKS allow: what is short is not missed. Of several channels
// each counts: sounds against each other would be silence in their mean.
/**
 * @param {{ channels: Float32Array[] }} sound
 * @param {number} width
 */
export function spectrogram({ channels }, width) {
  const length = channels[0].length,
    bands = WINDOW / 2;
  const columns = Math.max(1, Math.min(Math.ceil(width), Math.ceil(length / 64)));
  const looks = Math.max(
    1,
    Math.min(Math.ceil(length / columns / (WINDOW / 2)), Math.floor(MOST_LOOKS / columns / channels.length)),
  );
  const hann = Float32Array.from({ length: WINDOW }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / (WINDOW - 1)));
  const power = new Float32Array(columns * bands);
  const re = new Float32Array(WINDOW),
    im = new Float32Array(WINDOW);
  let most = 1e-12;
  for (let column = 0; column < columns; column++) {
    for (let look = 0; look < looks; look++) {
      const start = Math.round(((column + (look + 0.5) / looks) / columns) * length - WINDOW / 2);
      // Two channels at a time: one as the real, one as the imaginary part, told apart by their symmetry.
      for (let c = 0; c < channels.length; c += 2) {
        const a = channels[c],
          b = channels[c + 1];
        for (let i = 0; i < WINDOW; i++) {
          re[i] = (a[start + i] ?? 0) * hann[i];
          im[i] = b ? (b[start + i] ?? 0) * hann[i] : 0;
        }
        fft(re, im);
        for (let i = 0; i < bands; i++) {
          const j = (WINDOW - i) % WINDOW;
          const one = ((re[i] + re[j]) ** 2 + (im[i] - im[j]) ** 2) / 4,
            two = ((im[i] + im[j]) ** 2 + (re[i] - re[j]) ** 2) / 4;
          const at = column * bands + i,
            here = b ? Math.max(one, two) : one;
          if (here > power[at]) power[at] = here;
          if (here > most) most = here;
        }
      }
    }
  }
  for (let i = 0; i < power.length; i++) power[i] = Math.max(-RANGE_DB, 10 * Math.log10((power[i] + 1e-20) / most));
  return { columns, bands, db: power };
}

// In place, radix 2 (Cooley and Tukey 1965); turns are looked up, as sines cost more than all else.
const turns = new Map();
/**
 * @param {Float32Array} re
 * @param {Float32Array} im
 */
export function fft(re, im) {
  const n = re.length;
  if (!turns.has(n))
    turns.set(n, [
      Float32Array.from({ length: n / 2 }, (_, k) => Math.cos((-2 * Math.PI * k) / n)),
      Float32Array.from({ length: n / 2 }, (_, k) => Math.sin((-2 * Math.PI * k) / n)),
    ]);
  const [cos, sin] = turns.get(n);
  for (let i = 1, j = 0; i < n; i++) {
    let bit = n >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) {
      [re[i], re[j]] = [re[j], re[i]];
      [im[i], im[j]] = [im[j], im[i]];
    }
  }
  for (let size = 2; size <= n; size *= 2) {
    const half = size / 2,
      stride = n / size;
    for (let k = 0; k < half; k++) {
      const wr = cos[k * stride],
        wi = sin[k * stride];
      for (let at = k; at < n; at += size) {
        const other = at + half;
        const tr = re[other] * wr - im[other] * wi,
          ti = re[other] * wi + im[other] * wr;
        re[other] = re[at] - tr;
        im[other] = im[at] - ti;
        re[at] += tr;
        im[at] += ti;
      }
    }
  }
}
