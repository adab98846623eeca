// A sound: its waveform and its spectrogram over one axis of time, played from where one clicks.
import * as format from "./format.js";
import * as runs from "./runs.js";
import { node } from "./dom.js";
import { colour, css } from "./palette.js";
import { prepared } from "./chart.js";
import { ramp } from "./graph_colour.js";
import { bytes } from "./media_data.js";

const WINDOW = 512; // samples a column of the spectrogram looks at
const RANGE_DB = 80; // from the loudest down to what is drawn as nothing
const WAVE = 56, SPECTRUM = 96, HEIGHT = WAVE + SPECTRUM + 18;

export function make(item, panel) {
  const canvas = node("canvas"), head = node("canvas", { class: "over", tabindex: 0, role: "slider", "aria-label": `Place in ${panel.tag}` });
  const player = node("audio", { controls: true, preload: "auto" });
  const caption = node("figcaption");
  const element = node("figure", { class: "sound" }, node("div", { class: "sound-plot", style: `height: ${HEIGHT}px` }, canvas, head), player, caption);
  let shown = null, sound = null, frame = 0;

  const draw = () => {
    const width = canvas.parentElement.clientWidth;
    if (sound && width) paint(canvas, sound, width, colour(runs.index(panel.run)));
    playhead();
  };
  const playhead = () => {
    const width = canvas.parentElement.clientWidth;
    const context = prepared(head, width, HEIGHT);
    if (!sound) return;
    const x = (player.currentTime / sound.seconds) * width;
    context.fillStyle = css("--text");
    if (player.currentTime > 0) context.fillRect(x - 0.75, 0, 1.5, WAVE + SPECTRUM);
    head.setAttribute("aria-valuenow", player.currentTime.toFixed(2));
    head.setAttribute("aria-valuemax", sound.seconds.toFixed(2));
  };
  const follow = () => { playhead(); if (!player.paused) frame = requestAnimationFrame(follow); };
  player.addEventListener("play", follow);
  player.addEventListener("seeked", playhead);
  head.addEventListener("pointerdown", (event) => { if (sound) player.currentTime = (event.offsetX / head.clientWidth) * sound.seconds; });
  head.addEventListener("keydown", (event) => {
    if (event.key === " ") { if (player.paused) player.play(); else player.pause(); }
    else if (event.key === "ArrowRight") player.currentTime += sound ? sound.seconds / 50 : 0;
    else if (event.key === "ArrowLeft") player.currentTime -= sound ? sound.seconds / 50 : 0;
    else return;
    event.preventDefault();
  });
  const sized = new ResizeObserver(draw);
  sized.observe(canvas.parentElement);

  element.update = async (now) => {
    const { attributes: about } = now;
    caption.textContent = [about.caption, `${format.duration(about.seconds ?? 0)}`, `${format.value((about.sample_rate ?? 0) / 1000)} kHz`, about.channels > 1 ? `${about.channels} channels` : "", about.clipped ? `${format.plural(about.clipped, "sample")} clipped` : "", about.nan ? `${about.nan.toLocaleString("en-US")} NaN` : ""].filter(Boolean).join(" · ");
    if (shown === now.hash) { draw(); return; }
    shown = now.hash;
    try {
      const data = await bytes(panel.run, now.hash);
      if (shown !== now.hash) return;
      sound = parse(data);
      URL.revokeObjectURL(player.src);
      player.src = URL.createObjectURL(new Blob([data], { type: "audio/wav" }));
      draw();
    } catch (error) {
      sound = null;
      caption.textContent = `The sound could not be read: ${error.message}`;
    }
  };
  element.end = () => { cancelAnimationFrame(frame); sized.disconnect(); player.pause(); URL.revokeObjectURL(player.src); };
  element.update(item);
  return element;
}

// 16-bit WAV as one channel of floats, the mean of all.
export function parse(buffer) {
  const view = new DataView(buffer);
  if (view.getUint32(0) !== 0x52494646 || view.getUint32(8) !== 0x57415645) throw new Error("it is no WAV");
  let at = 12, rate = 0, channels = 0, bits = 0;
  while (at + 8 <= buffer.byteLength) {
    const name = view.getUint32(at), size = view.getUint32(at + 4, true);
    if (name === 0x666d7420) { channels = view.getUint16(at + 10, true); rate = view.getUint32(at + 12, true); bits = view.getUint16(at + 22, true); }
    if (name === 0x64617461) {
      if (bits !== 16 || !channels || !rate) throw new Error("it is not of 16 bits");
      const all = new Int16Array(buffer.slice(at + 8, at + 8 + 2 * Math.floor(Math.min(size, buffer.byteLength - at - 8) / 2)));
      const samples = new Float32Array(Math.floor(all.length / channels));
      for (let i = 0; i < samples.length; i++) for (let c = 0; c < channels; c++) samples[i] += all[i * channels + c] / 32768 / channels;
      return { samples, rate, seconds: samples.length / rate };
    }
    at += 8 + size + (size % 2);
  }
  throw new Error("it holds no samples");
}

function paint(canvas, sound, width, tint) {
  const context = prepared(canvas, width, HEIGHT);
  const { samples, seconds, rate } = sound;
  // Extremes of each pixel: a click of one sample is seen however long the sound is.
  context.fillStyle = tint;
  const middle = WAVE / 2;
  for (let x = 0; x < width; x++) {
    const from = Math.floor((x / width) * samples.length), to = Math.max(from + 1, Math.floor(((x + 1) / width) * samples.length));
    let low = Infinity, high = -Infinity;
    for (let i = from; i < to && i < samples.length; i++) { if (samples[i] < low) low = samples[i]; if (samples[i] > high) high = samples[i]; }
    if (low <= high) context.fillRect(x, middle - high * middle, 1, Math.max(1, (high - low) * middle));
  }
  if (sound.at !== width || sound.theme !== document.documentElement.dataset.theme) {
    sound.picture = spectrogram(samples, width);
    sound.at = width;
    sound.theme = document.documentElement.dataset.theme;
  }
  context.imageSmoothingEnabled = true;
  context.drawImage(sound.picture, 0, WAVE + 2, width, SPECTRUM - 2);
  context.font = `11px ${css("--font")}`;
  context.fillStyle = css("--faint");
  context.textBaseline = "bottom";
  context.fillText(`0 – ${format.value(rate / 2000)} kHz`, 4, HEIGHT - 2);
  context.textAlign = "right";
  context.fillText(format.duration(seconds), width - 2, HEIGHT - 2);
}

function spectrogram(samples, width) {
  const columns = Math.max(1, Math.min(Math.ceil(width), Math.ceil(samples.length / 64))), bands = WINDOW / 2;
  const power = new Float32Array(columns * bands);
  const re = new Float32Array(WINDOW), im = new Float32Array(WINDOW);
  let most = -Infinity;
  for (let column = 0; column < columns; column++) {
    const start = Math.round((column + 0.5) / columns * samples.length - WINDOW / 2);
    for (let i = 0; i < WINDOW; i++) {
      re[i] = (samples[start + i] ?? 0) * (0.5 - 0.5 * Math.cos((2 * Math.PI * i) / (WINDOW - 1)));
      im[i] = 0;
    }
    fft(re, im);
    for (let i = 0; i < bands; i++) {
      const db = 10 * Math.log10(re[i] * re[i] + im[i] * im[i] + 1e-12);
      power[column * bands + i] = db;
      if (db > most) most = db;
    }
  }
  const stops = ramp().map((stop) => [1, 3, 5].map((at) => parseInt(stop.slice(at, at + 2), 16)));
  const made = new ImageData(columns, bands);
  for (let column = 0; column < columns; column++) {
    for (let i = 0; i < bands; i++) {
      const share = Math.max(0, Math.min(0.999, (power[column * bands + i] - most + RANGE_DB) / RANGE_DB)) * (stops.length - 1);
      const low = Math.floor(share), part = share - low;
      const at = 4 * ((bands - 1 - i) * columns + column);
      for (let k = 0; k < 3; k++) made.data[at + k] = stops[low][k] + (stops[low + 1][k] - stops[low][k]) * part;
      made.data[at + 3] = 255;
    }
  }
  const canvas = new OffscreenCanvas(columns, bands);
  canvas.getContext("2d").putImageData(made, 0, 0);
  return canvas;
}

// In place, radix 2 (Cooley and Tukey 1965).
export function fft(re, im) {
  const n = re.length;
  for (let i = 1, j = 0; i < n; i++) {
    let bit = n >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) { [re[i], re[j]] = [re[j], re[i]]; [im[i], im[j]] = [im[j], im[i]]; }
  }
  for (let size = 2; size <= n; size *= 2) {
    const angle = (-2 * Math.PI) / size;
    for (let k = 0; k < size / 2; k++) {
      const wr = Math.cos(angle * k), wi = Math.sin(angle * k);
      for (let at = k; at < n; at += size) {
        const other = at + size / 2;
        const tr = re[other] * wr - im[other] * wi, ti = re[other] * wi + im[other] * wr;
        re[other] = re[at] - tr; im[other] = im[at] - ti;
        re[at] += tr; im[at] += ti;
      }
    }
  }
}
