// A sound: the waveform of each channel and the spectrogram over one axis of time, played from where one clicks.
import * as format from "../../text/format.js";
import * as runs from "../../core/runs.js";
import { node } from "../../ui/dom.js";
import { colour, css } from "../../charts/palette.js";
import { prepared } from "../../charts/chart.js";
import { ramp } from "../../charts/colour_maps.js";
import { bytes } from "./data.js";
import { RANGE_DB, decoded, parse, spectrogram } from "./spectrum.js";
import { linear } from "../../charts/ticks.js";

/** @typedef {import("./data.js").Item} Item */
/** @typedef {import("./spectrum.js").Sound} Sound */
/** @typedef {import("./spectrum.js").Spectrum} Spectrum */
/**
 * A sound with what was worked out of it.
 * @typedef {Sound & { spectrum?: Spectrum, at?: number, picture?: Picture }} Heard at: the width, px, that it was for
 */
/** @typedef {{ of: Spectrum, theme: string | undefined, canvas: OffscreenCanvas }} Picture */

const SPECTRUM = 96,
  GAP = 4,
  BOTTOM = 18,
  LEFT = 44; // px
/** @param {number} channels */
const waveOf = (channels) => (channels === 1 ? 56 : Math.max(20, Math.min(40, Math.floor(160 / channels)))); // px each
const SEEK = 50; // presses of an arrow from one end to the other

/**
 * @param {Item} item
 * @param {import("./panel.js").Panel} panel
 * @returns {import("./data.js").ItemElement}
 */
export function make(item, panel) {
  const canvas = node("canvas"),
    head = node("canvas", {
      class: "over",
      tabindex: 0,
      role: "slider",
      "aria-label": `Position in ${panel.tag}`,
      "aria-valuemin": 0,
    });
  const player = node("audio", { controls: true, preload: "auto" });
  const caption = node("figcaption"),
    pointed = node("span", { class: "sound-pointed" });
  const plot = node("div", { class: "sound-plot" }, canvas, head);
  const element = node(
    "figure",
    { class: "sound" },
    plot,
    player,
    node("div", { class: "sound-foot" }, caption, pointed),
  );
  /** @type {string | null} */
  let shown = ""; // null once it is gone
  let frame = 0,
    held = false;
  /** @type {Heard | null} */
  let sound = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  const width = () => plot.clientWidth;
  const height = () => {
    const channels = sound?.channels.length ?? 1;
    return channels * waveOf(channels) + GAP + SPECTRUM + BOTTOM;
  };
  const draw = () => {
    if (!sound || !width()) return;
    plot.style.height = `${height()}px`;
    paint(canvas, sound, width(), height(), colour(runs.index(panel.run)));
    // What takes long comes when the waveform is seen.
    if (!sound.spectrum || sound.at !== width()) {
      clearTimeout(timer);
      timer = setTimeout(() => {
        if (!sound) return;
        sound.spectrum = spectrogram(sound, width() - LEFT);
        sound.at = width();
        draw();
      });
    }
    playhead();
  };
  const playhead = () => {
    if (!sound || !width()) return;
    const context = prepared(head, width(), height());
    const x = LEFT + (player.currentTime / sound.seconds) * (width() - LEFT);
    context.fillStyle = css("--text");
    if (player.currentTime > 0) context.fillRect(x - 0.75, 0, 1.5, height() - BOTTOM);
    head.setAttribute("aria-valuenow", player.currentTime.toFixed(2));
    head.setAttribute("aria-valuemax", sound.seconds.toFixed(2));
    head.setAttribute("aria-valuetext", `${format.duration(player.currentTime)} of ${format.duration(sound.seconds)}`);
  };
  const follow = () => {
    playhead();
    if (!player.paused) frame = requestAnimationFrame(follow);
  };
  player.addEventListener("play", follow);
  player.addEventListener("seeked", playhead);
  /** @param {MouseEvent} event */
  const shareAt = (event) => Math.max(0, Math.min(1, (event.offsetX - LEFT) / (head.clientWidth - LEFT)));
  /** @param {MouseEvent} event */
  const seek = (event) => {
    if (sound) player.currentTime = shareAt(event) * sound.seconds;
  };
  head.addEventListener("pointerdown", (event) => {
    held = true;
    head.setPointerCapture(event.pointerId);
    seek(event);
  });
  head.addEventListener("pointermove", (event) => {
    if (held) seek(event);
    point(event);
  });
  for (const name of ["pointerup", "pointercancel"])
    head.addEventListener(name, () => {
      held = false;
    });
  head.addEventListener("pointerleave", () => {
    pointed.textContent = "";
  });
  head.addEventListener("keydown", (event) => {
    const on = event.key === "ArrowRight" || event.key === "ArrowUp";
    const by = on ? 1 : event.key === "ArrowLeft" || event.key === "ArrowDown" ? -1 : 0;
    if (!sound) return;
    if (event.key === " ") {
      if (player.paused) player.play();
      else player.pause();
    } else if (by)
      player.currentTime = Math.max(0, Math.min(sound.seconds, player.currentTime + (by * sound.seconds) / SEEK));
    else if (event.key === "Home" || event.key === "End") player.currentTime = event.key === "Home" ? 0 : sound.seconds;
    else return;
    event.preventDefault();
  });

  // The moment, the pitch and how loud it is where the pointer is.
  /** @param {MouseEvent} event */
  function point(event) {
    if (!sound || event.offsetX < LEFT) {
      pointed.textContent = "";
      return;
    }
    const share = shareAt(event),
      said = [`${format.value(share * sound.seconds, 3)} s`];
    const up = 1 - (event.offsetY - (height() - BOTTOM - SPECTRUM)) / SPECTRUM,
      { spectrum } = sound;
    if (spectrum && up >= 0 && up <= 1) {
      const column = Math.min(spectrum.columns - 1, Math.floor(share * spectrum.columns)),
        band = Math.min(spectrum.bands - 1, Math.floor(up * spectrum.bands));
      const db = spectrum.db[column * spectrum.bands + band];
      said.push(
        `${format.value((up * sound.rate) / 2, 3)} Hz`,
        db <= -RANGE_DB ? `≤ −${RANGE_DB} dB` : `${format.step(db || 0)} dB`,
      );
    }
    pointed.textContent = said.join(" · ");
  }

  const sized = new ResizeObserver(draw);
  sized.observe(plot);

  /** @param {Item} now */
  const update = async (now) => {
    const { attributes: about } = now;
    const heard = sound && shown === now.hash ? sound : null;
    const seconds =
        about.seconds || heard?.seconds || (about.frames && about.sample_rate ? about.frames / about.sample_rate : 0),
      channels = about.channels || heard?.channels.length || 1;
    const rate = about.sample_rate || heard?.rate;
    caption.textContent = [
      about.caption,
      seconds ? format.duration(seconds) : "",
      rate ? `${format.value(rate / 1000)} kHz` : "",
      channels === 2 ? "stereo" : channels > 2 ? `${channels} channels` : "",
      about.clipped ? `${format.plural(about.clipped, "sample")} clipped` : "",
      about.nan ? `${about.nan.toLocaleString("en-US")} NaN` : "",
    ]
      .filter(Boolean)
      .join(" · ");
    if (shown === now.hash) {
      draw();
      return;
    }
    shown = now.hash;
    const at = player.currentTime,
      playing = !player.paused;
    try {
      const data = await bytes(panel.run, now.hash);
      if (shown !== now.hash) return;
      const heardNow = await read(data);
      if (shown !== now.hash) return;
      sound = heardNow;
      URL.revokeObjectURL(player.src);
      player.src = URL.createObjectURL(
        new Blob([data], { type: now.form.startsWith("audio/") ? now.form : "audio/wav" }),
      );
      // Another step of the same sound goes on from where the last one was: that is how two are compared by ear.
      if (at > 0 && at < heardNow.seconds) player.currentTime = at;
      if (playing) player.play();
      update(now);
    } catch {
      if (shown !== now.hash) return;
      sound = null;
      caption.textContent = "The sound could not be read: this browser does not know its format, or it is damaged.";
    }
  };
  const end = () => {
    clearTimeout(timer);
    cancelAnimationFrame(frame);
    sized.disconnect();
    shown = ""; // what is on its way is not heard
    player.pause();
    const { src } = player;
    player.removeAttribute("src"); // else it goes on to read what is about to be revoked
    player.load();
    URL.revokeObjectURL(src);
  };
  update(item);
  return Object.assign(element, { update, end });
}

/**
 * WAV, or other kinds that the browser knows.
 * @param {ArrayBuffer} data
 * @returns {Promise<Heard>}
 */
async function read(data) {
  try {
    return parse(data);
  } catch {
    return decoded(data.slice(0));
  }
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {Heard} sound
 * @param {number} width
 * @param {number} height
 * @param {string} tint
 */
function paint(canvas, sound, width, height, tint) {
  const context = prepared(canvas, width, height);
  const { channels, seconds, rate } = sound,
    wide = width - LEFT,
    wave = waveOf(channels.length);
  context.font = `11px ${css("--font")}`;
  context.textBaseline = "middle";
  context.textAlign = "right";
  channels.forEach((samples, c) => {
    const middle = (c + 0.5) * wave;
    context.fillStyle = css("--faint");
    if (channels.length > 1)
      context.fillText(channels.length === 2 ? ["left", "right"][c] : String(c + 1), LEFT - 6, middle);
    context.fillStyle = css("--line");
    context.fillRect(LEFT, Math.floor(middle), wide, 1);
    context.fillStyle = context.strokeStyle = tint;
    waveform(context, samples, LEFT, wide, middle, wave / 2 - 1);
  });
  const top = height - BOTTOM - SPECTRUM;
  if (sound.spectrum) {
    context.imageSmoothingEnabled = true;
    context.drawImage(picture(sound, sound.spectrum), LEFT, top, wide, SPECTRUM);
  } else {
    context.fillStyle = css("--hover");
    context.fillRect(LEFT, top, wide, SPECTRUM);
  }
  context.fillStyle = css("--faint");
  for (const { at } of linear(0, rate / 2, 3)) {
    const y = top + SPECTRUM * (1 - (2 * at) / rate);
    context.fillText(
      rate >= 4000 ? `${format.value(at / 1000, 3)} kHz` : `${format.value(at, 3)} Hz`,
      LEFT - 6,
      Math.max(top + 5, Math.min(y, top + SPECTRUM - 5)),
    );
    context.fillRect(LEFT - 4, Math.min(y, top + SPECTRUM - 1), 4, 1);
  }
  context.textBaseline = "alphabetic";
  const marks = linear(0, seconds, Math.max(1, Math.floor(wide / 90)));
  for (const { at, text } of marks) {
    const x = LEFT + (at / seconds) * wide;
    const said =
      seconds < 60 ? `${text} s` : `${Math.floor(Math.round(at) / 60)}:${String(Math.round(at) % 60).padStart(2, "0")}`;
    context.textAlign = x < LEFT + 12 ? "left" : x > width - 16 ? "right" : "center";
    context.fillRect(Math.min(x, width - 1), height - BOTTOM, 1, 4);
    context.fillText(said, x, height - 2);
  }
}

// A line through few samples; of many the extremes of each pixel, joined to the one before: a click of one sample is
// seen however long the sound is.
/**
 * @param {CanvasRenderingContext2D} context
 * @param {Float32Array} samples
 * @param {number} left
 * @param {number} wide
 * @param {number} middle
 * @param {number} high
 */
function waveform(context, samples, left, wide, middle, high) {
  if (samples.length < 2 * wide) {
    context.lineWidth = 1.25;
    context.lineJoin = "round";
    context.beginPath();
    for (let i = 0; i < samples.length; i++)
      context.lineTo(left + ((i + 0.5) / samples.length) * wide, middle - samples[i] * high);
    if (samples.length === 1) context.lineTo(left + wide, middle - samples[0] * high);
    context.stroke();
    return;
  }
  for (let x = 0; x < wide; x++) {
    const from = Math.max(0, Math.floor((x / wide) * samples.length) - 1),
      to = Math.floor(((x + 1) / wide) * samples.length);
    let least = Infinity,
      most = -Infinity;
    for (let i = from; i < to && i < samples.length; i++) {
      if (samples[i] < least) least = samples[i];
      if (samples[i] > most) most = samples[i];
    }
    if (least <= most) context.fillRect(left + x, middle - most * high, 1, Math.max(1, (most - least) * high));
  }
}

/**
 * @param {Heard} sound
 * @param {Spectrum} spectrum
 */
function picture(sound, spectrum) {
  const { theme } = document.documentElement.dataset,
    { columns, bands, db } = spectrum;
  if (sound.picture?.of === spectrum && sound.picture.theme === theme) return sound.picture.canvas;
  const stops = ramp().map((stop) => [1, 3, 5].map((at) => parseInt(stop.slice(at, at + 2), 16)));
  const made = new ImageData(columns, bands);
  for (let column = 0; column < columns; column++) {
    for (let i = 0; i < bands; i++) {
      const share = Math.max(0, Math.min(0.999, (db[column * bands + i] + RANGE_DB) / RANGE_DB)) * (stops.length - 1);
      const low = Math.floor(share),
        part = share - low,
        at = 4 * ((bands - 1 - i) * columns + column);
      for (let k = 0; k < 3; k++) made.data[at + k] = stops[low][k] + (stops[low + 1][k] - stops[low][k]) * part;
      made.data[at + 3] = 255;
    }
  }
  const canvas = new OffscreenCanvas(columns, bands);
  canvas.getContext("2d")?.putImageData(made, 0, 0);
  sound.picture = { of: spectrum, theme, canvas };
  return canvas;
}
