// Pictures: a file that is chosen, dropped or pasted, and levels on a canvas. A model card has this module too.

const MOST_BYTES = 64 << 20;
const MOST_PIXELS = 64_000_000; // as Python takes them

/**
 * A picture that can be drawn.
 * @param {Blob} blob
 * @returns {Promise<ImageBitmap>}
 * @throws a sentence where it is none
 */
export async function decoded(blob) {
  if (blob.size > MOST_BYTES) throw new Error(`This file is larger than ${MOST_BYTES >> 20} MB.`);
  let bitmap;
  try {
    bitmap = await createImageBitmap(blob, { colorSpaceConversion: "none", premultiplyAlpha: "default" });
  } catch {
    throw new Error(
      `${blob instanceof File && blob.name ? blob.name.slice(0, 100) : "This"} is no picture that a browser can show.`,
    );
  }
  if (bitmap.width * bitmap.height > MOST_PIXELS) {
    bitmap.close();
    throw new Error(`This picture has more than ${MOST_PIXELS.toLocaleString("en-US")} pixels.`);
  }
  return bitmap;
}

/**
 * The first picture among what was dropped or pasted; null where there is none.
 * @param {DataTransfer | null} transfer
 * @returns {File | null}
 */
export function fileIn(transfer) {
  const files = [...(transfer?.files ?? [])];
  return files.find((file) => file.type.startsWith("image/")) ?? files[0] ?? null;
}

/**
 * A picture of the network's size as a PNG in base64: what the server is asked with, and cases are kept as.
 * @param {Uint8Array} levels rows of pixels, each of so many channels
 * @param {number} width
 * @param {number} height
 * @param {boolean} isInverted whether the network sees it with dark and bright changed; the PNG is as it was before
 */
export function pngOf(levels, width, height, isInverted) {
  const canvas = painted(levels, width, height, isInverted);
  return canvas.toDataURL("image/png").replace(/^[^,]*,/, "");
}

/**
 * Levels on a canvas of their size.
 * @param {Uint8Array} levels
 * @param {number} width
 * @param {number} height
 * @param {boolean} [isInverted]
 * @param {HTMLCanvasElement} [canvas]
 */
export function painted(levels, width, height, isInverted = false, canvas = document.createElement("canvas")) {
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const image = context.createImageData(width, height),
    channels = levels.length / (width * height);
  for (let i = 0; i < width * height; i++) {
    for (let channel = 0; channel < 3; channel++) {
      const level = levels[i * channels + (channels === 1 ? 0 : channel)];
      image.data[i * 4 + channel] = isInverted ? 255 - level : level;
    }
    image.data[i * 4 + 3] = 255;
  }
  context.putImageData(image, 0, 0);
  return canvas;
}
