// A video: an animation frame by frame on a slider, or the browser's own player for files it knows.
import * as api from "../../core/api.js";
import { node } from "../../ui/dom.js";
import { bytes } from "./data.js";

/** @typedef {import("./data.js").Item} Item */
/** @typedef {import("./data.js").ItemElement} ItemElement */
/** @typedef {import("./panel.js").Panel} Panel */

/** @typedef {{ end(): void }} Player */

/**
 * @param {Item} item
 * @param {Panel} panel
 * @returns {ItemElement}
 */
export function make(item, panel) {
  const holder = node("div", { class: "video-holder" });
  const caption = node("figcaption");
  const element = node("figure", { class: "video" }, holder, caption);
  let shown = "";
  /** @type {Player | null} */
  let player = null;
  /** @param {Item} now */
  const update = (now) => {
    const { attributes: about } = now;
    caption.textContent = [about.caption, about.frames ? `${about.frames} frames, ${about.fps} per second` : ""]
      .filter(Boolean)
      .join(" · ");
    if (shown === now.hash) return;
    shown = now.hash;
    player?.end();
    player = now.form.startsWith("video/") ? file(holder, panel, now) : animation(holder, panel, now);
  };
  const end = () => player?.end();
  update(item);
  return Object.assign(element, { update, end });
}

/** @param {unknown} error */
const told = (error) => (error instanceof Error ? error.message : String(error));

/**
 * @param {HTMLElement} holder
 * @param {Panel} panel
 * @param {Item} item
 * @returns {Player}
 */
function file(holder, panel, item) {
  const video = node("video", { controls: true, loop: true, muted: true, playsinline: true, preload: "metadata" });
  holder.replaceChildren(video);
  let address = "",
    over = false;
  // As bytes and not as an address: a browser seeks only in what it can ask for in parts.
  bytes(panel.run, item.hash)
    .then((data) => {
      if (over) return;
      address = URL.createObjectURL(new Blob([data], { type: item.form }));
      video.src = address;
    })
    .catch((error) =>
      holder.replaceChildren(node("p", { class: "page-note", text: `The video could not be read: ${told(error)}` })),
    );
  return {
    end: () => {
      over = true;
      video.pause();
      video.removeAttribute("src"); // else it goes on to read what is about to be revoked
      video.load();
      if (address) URL.revokeObjectURL(address);
    },
  };
}

/**
 * @param {HTMLElement} holder
 * @param {Panel} panel
 * @param {Item} item
 * @returns {Player}
 */
function animation(holder, panel, item) {
  const { width = 0, height = 0, fps = 10 } = item.attributes;
  const canvas = node("canvas", {
    width,
    height,
    role: "img",
    "aria-label": item.attributes.caption ?? `Video ${panel.tag}`,
  });
  canvas.classList.toggle("is-small", width <= 128 && height <= 128);
  const button = node("button", {
    type: "button",
    class: "icon-button video-play",
    "aria-label": "Play or pause",
    text: "▶",
  });
  const slider = node("input", {
    type: "range",
    min: 0,
    max: Math.max(0, (item.attributes.frames ?? 1) - 1),
    value: 0,
    "aria-label": "Frame",
  });
  const output = node("output");
  holder.replaceChildren(canvas, node("div", { class: "video-tools" }, button, slider, output));
  const context = canvas.getContext("2d");
  /** @type {ImageDecoder | null} */
  let decoder = null;
  /** @type {number[] | null} */
  let starts = null;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  let timer;
  let over = false,
    wanted = 0,
    busy = false;
  /** @param {number} frame */
  const say = (frame) => {
    slider.value = String(frame);
    output.textContent = `${frame + 1} / ${Number(slider.max) + 1}`;
  };
  /** @param {number} frame */
  const show = async (frame) => {
    wanted = frame;
    say(frame);
    if (busy || !decoder) return;
    busy = true;
    try {
      do {
        frame = wanted;
        const { image } = await decoder.decode({
          frameIndex: starts?.findLastIndex((start) => start <= wanted + 0.5) ?? wanted,
        });
        if (!over) context?.drawImage(image, 0, 0, width, height);
        image.close();
      } while (!over && wanted !== frame);
    } catch {
      /* a frame that cannot be decoded leaves the one before it standing */
    }
    busy = false;
  };
  const pause = () => {
    clearInterval(timer);
    timer = undefined;
    button.textContent = "▶";
  };
  const play = () => {
    timer = setInterval(() => show((wanted + 1) % (Number(slider.max) + 1)), Math.max(16, 1000 / fps));
    button.textContent = "❚❚";
  };
  button.addEventListener("click", () => (timer ? pause() : play()));
  slider.addEventListener("input", () => {
    pause();
    show(Number(slider.value));
  });
  begin();
  async function begin() {
    if (!window.ImageDecoder) {
      // A browser that does not give frames still plays them.
      holder.replaceChildren(
        node("img", {
          src: api.blobAddress(panel.run, item.hash),
          width,
          height,
          alt: item.attributes.caption ?? `Video ${panel.tag}`,
        }),
      );
      return;
    }
    try {
      const data = await bytes(panel.run, item.hash);
      const made = new ImageDecoder({ data, type: item.form });
      await made.tracks.ready;
      await made.completed;
      if (over) {
        made.close();
        return;
      }
      decoder = made;
      if (item.attributes.frames) starts = begins(data, 1000 / fps);
      else slider.max = String(Math.max(0, (made.tracks.selectedTrack?.frameCount ?? 1) - 1));
      show(0);
    } catch (error) {
      holder.replaceChildren(node("p", { class: "page-note", text: `The video could not be read: ${told(error)}` }));
    }
  }
  return {
    end: () => {
      over = true;
      pause();
      decoder?.close();
    },
  };
}

// At which of the logged frames each picture of an animated WebP begins: a frame like the one before is stored as
// more of its time.
/**
 * @param {ArrayBuffer} buffer
 * @param {number} lasting
 */
function begins(buffer, lasting) {
  const view = new DataView(buffer);
  const found = [];
  let time = 0;
  for (let at = 12; at + 24 <= buffer.byteLength; ) {
    const size = view.getUint32(at + 4, true);
    if (view.getUint32(at) === 0x414e4d46) {
      found.push(Math.round(time / lasting));
      time += view.getUint16(at + 20, true) + (view.getUint8(at + 22) << 16);
    }
    at += 8 + size + (size % 2);
  }
  return found.length ? found : null;
}
