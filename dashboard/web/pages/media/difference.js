// The difference of two pictures of one size, |a − b| of every pixel: as a picture made bright enough to be seen, and
// in numbers.

// Gives { pixels: ImageData, mean, most, changed, gain }; a and b are addresses.
/**
 * @param {string} a
 * @param {string} b
 * @param {number} width
 * @param {number} height
 */
export async function difference(a, b, width, height) {
  /** @param {string} address */
  const load = async (address) => {
    const bitmap = await createImageBitmap(await (await fetch(address)).blob());
    const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
    if (!context) throw new Error("the browser gave no canvas");
    context.drawImage(bitmap, 0, 0, width, height);
    bitmap.close();
    return context.getImageData(0, 0, width, height);
  };
  const [pixels, { data: other }] = await Promise.all([load(a), load(b)]);
  const { data } = pixels;
  let most = 0,
    sum = 0,
    changed = 0;
  for (let i = 0; i < data.length; i += 4) {
    let here = 0;
    for (let c = 0; c < 3; c++) {
      const off = Math.abs(data[i + c] - other[i + c]);
      data[i + c] = off;
      sum += off;
      here = Math.max(here, off);
    }
    data[i + 3] = 255;
    most = Math.max(most, here);
    if (here) changed += 1;
  }
  const gain = most ? 255 / most : 1;
  for (let i = 0; i < data.length; i += 4) for (let c = 0; c < 3; c++) data[i + c] *= gain;
  return { pixels, mean: sum / (3 * width * height), most, changed, gain };
}
