// As dashboard/http/wire.py packs: the head's length, the head padded to whole eights, columns.
export function packed(head, columns = []) {
  let text = JSON.stringify(head);
  while ((4 + new TextEncoder().encode(text).length) % 8) text += " ";
  const bytes = new TextEncoder().encode(text),
    numbers = columns.flat(),
    made = new ArrayBuffer(4 + bytes.length + 8 * numbers.length);
  new DataView(made).setUint32(0, bytes.length, true);
  new Uint8Array(made, 4).set(bytes);
  new Float64Array(made, 4 + bytes.length).set(numbers);
  return made;
}
