// Answers about curves, as the server makes them: for the classes that take them, and as bytes for a fetch that is a fake.
export const POINTS = ["step", "wall_time", "value"];
export const COLUMNS = (
  "step_first step_last wall_time_first wall_time_last count first last min min_step max max_step mean " +
  "nan_count posinf_count neginf_count"
).split(" ");

const timeOf = (step) => 1000 + step;

// A curve of single points: its head, and its columns by name. x: their places on the axis of a metric.
export function points(
  steps,
  values,
  { counts = { s: steps.length }, times = steps.map(timeOf), x = null, ...more } = {},
) {
  const columns = { step: steps, wall_time: times, value: values, ...(x ? { x } : {}) };
  return [
    { form: "points", length: steps.length, counts, started: 1000, ...more },
    new Map(Object.entries(columns).map(([name, column]) => [name, Float64Array.from(column)])),
  ];
}

// As dashboard/http/wire.py packs it.
export function message(head, columns) {
  let text = new TextEncoder().encode(JSON.stringify(head));
  const padded = new Uint8Array(text.length + ((8 - ((text.length + 4) % 8)) % 8)).fill(32);
  padded.set(text);
  text = padded;
  const numbers = new Uint8Array(Float64Array.from(columns.flatMap((column) => [...column])).buffer);
  const made = new Uint8Array(4 + text.length + numbers.length);
  new DataView(made.buffer).setUint32(0, text.length, true);
  made.set(text, 4);
  made.set(numbers, 4 + text.length);
  return made.buffer;
}

// What is said of one tag: curves as points() makes them, by run; needs: what it is worked out from.
export function tagged(tag, curves, { needs = [tag], tails = [], names = { points: POINTS, columns: COLUMNS } } = {}) {
  const heads = Object.entries(curves).map(([run, [head]]) => ({ run, ...head }));
  const columns = [
    ...Object.values(curves).flatMap(([head, known]) => names[head.form].map((name) => known.get(name))),
    ...tails.flatMap(({ steps, values }) => [steps, steps.map(timeOf), values]),
  ];
  const left = tails.map(({ run, steps }) => ({ run, length: steps.length }));
  return { head: { tag, needs, columns: names, curves: heads, tails: left }, columns };
}
