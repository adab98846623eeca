// The pictures of vectors, as one image.
import * as api from "../../core/api.js";

/**
 * Null where it does not come.
 * @param {{ run: string, tag: string, step?: number }} where
 */
export async function sprites({ run, tag, step }) {
  const image = new Image();
  try {
    image.src = URL.createObjectURL(new Blob([await api.bytes("embedding/sprites", { run, tag, step })]));
    await image.decode();
    return image;
  } catch {
    return null;
  } finally {
    URL.revokeObjectURL(image.src);
  }
}
