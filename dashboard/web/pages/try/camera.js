// The camera: asked for only when somebody clicks, shown until a picture is taken, and let go of then.
import { node } from "../../ui/dom.js";
import { dialog } from "../../ui/menu.js";

/**
 * Why there is no camera here; "" where one can be asked for.
 * @returns {string}
 */
export function whyNot() {
  if (!window.isSecureContext)
    return "A browser gives its camera to secure pages only: open this one over https, or at 127.0.0.1 of its machine.";
  if (!navigator.mediaDevices?.getUserMedia) return "This browser gives no camera to pages.";
  return "";
}

/**
 * Takes a picture with the camera; null where none was taken.
 * @returns {Promise<HTMLCanvasElement | null>}
 * @throws a sentence where there is no camera, or it may not be used
 */
export async function photograph() {
  const why = whyNot();
  if (why) throw new Error(why);
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" }, audio: false });
  } catch (error) {
    throw new Error(reason(/** @type {DOMException} */ (error)));
  }
  const video = node("video", { autoplay: true, playsinline: true, "aria-label": "What the camera sees" });
  video.muted = true;
  video.srcObject = stream;
  const take = node("button", { type: "button", class: "button is-main", text: "Take the picture" });
  const box = dialog("Camera", node("div", { class: "body try-camera" }, video, take));
  /** @type {HTMLCanvasElement | null} */
  let taken = null;
  take.addEventListener("click", () => {
    const { videoWidth: width, videoHeight: height } = video;
    if (!width) return; // nothing has come yet
    taken = node("canvas", { width, height });
    taken.getContext("2d")?.drawImage(video, 0, 0);
    box.close();
  });
  await new Promise((done) => box.addEventListener("close", done));
  for (const track of stream.getTracks()) track.stop();
  return taken;
}

/** @param {DOMException} error */
function reason({ name, message }) {
  if (name === "NotAllowedError")
    return "The camera may not be used: the browser, or somebody in it, did not allow it.";
  if (name === "NotFoundError") return "This machine has no camera.";
  return `The camera cannot be used: ${message || name}`;
}
