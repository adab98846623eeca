// What a box is filled with: the kind of operation, or how much of something it holds.
import { ramp } from "../../charts/colour_maps.js";
import { lookup } from "../../text/lookup.js";
import { time } from "../../text/units.js";
import { WATCHED } from "./time.js";
import { colour as categorical, isDark } from "../../charts/palette.js";

/** @typedef {import("./model.js").Item} Item */
/** @typedef {{ fill: string, ink: string }} Fill ink: of the words on it */
/** @typedef {(item: Item) => number | null} Amount null where nothing is known */
/**
 * Something to colour by.
 * @typedef {object} Mode
 * @property {string} title
 * @property {(amount: any) => string} [say] an amount in words
 * @property {Amount} [of] how much of it an item holds
 * @property {boolean} [timed] from a profile
 * @property {boolean} [placed] the device
 * @property {boolean} [watched] logged while it was trained
 */

/** @param {...RegExp} patterns */
const oneOf = (...patterns) => new RegExp(patterns.map(({ source }) => source).join("|"));

// Operations of a kind share a soft fill (see page.css); the first family that matches is an operation's.
/** @type {[key: string, title: string, pattern: RegExp][]} */
const families = [
  [
    "data",
    "parameters, constants",
    oneOf(
      /^(parameter|const(ant)?|get_?attr|variable(v2)?|varhandleop|readvariableop|assign.*|identity|prim.*)$/,
      /^(placeholder.*|arg|_?retval|noop|input|output|empty|zeros.*|ones.*|fill|full)$/,
    ),
  ],
  ["conv", "convolution", /conv/],
  ["matmul", "matrix product", /matmul|mat_mul|linear|dense|gemm|einsum|bmm|addmm|mm$|(^|_)dot/],
  ["norm", "normalisation", /norm(?!al)|moments|rsqrt|(^|_)lrn/],
  ["loss", "loss", /loss|nll|cross_?entropy|(^|_)(mse|ctc|kl_div)/],
  ["activation", "activation", /relu|gelu|silu|swish|mish|elu|tanh|sigmoid|softplus|softmax|erf|glu|threshold/],
  [
    "reduce",
    "pooling, reduction",
    /pool|reduce|arg_?(max|min)|top_?k|(^|_)(mean|sum|max|min|prod|any|all|var|std|logsumexp|norm)(\d|_|$)/,
  ],
  [
    "lookup",
    "lookup, selection",
    /embed|gather|index|lookup|scatter|one_?hot|select|where|slice|take|get_item|masked|tril|triu/,
  ],
  [
    "shape",
    "shape, type",
    oneOf(
      /reshape|view|flatten|transpose|permute|squeeze|expand|concat|cat$|stack|split|chunk|pad|tile|repeat|contiguous/,
      /shape|cast|(^|_)to$|clone|copy|broadcast|pack|roll|(un)?fold|(^|_)t$/,
    ),
  ],
  [
    "math",
    "arithmetic",
    oneOf(
      /add|sub|mul|div|pow|sqrt|square|exp|log|neg|abs|floor|ceil|round|sign|cl(ip|amp)/,
      /greater|less|equal|not|and$|or$/,
      /(^|_)(sin|cos|mod|inv|max|min|ne|eq|gt|lt|ge|le)|reciprocal|cum|lerp|maximum|minimum/,
    ),
  ],
  ["other", "other", /./],
];
/** @type {Map<string, string>} */
const known = new Map();

/** @param {string | undefined} op */
export function family(op) {
  const name = (op || "").toLowerCase().replace(/^(aten|prim|onnx)::/, "");
  const found = known.get(name) ?? families.find(([, , pattern]) => pattern.test(name))?.[0] ?? "other";
  known.set(name, found);
  return found;
}

/** @param {string} key */
export const familyName = (key) => families.find(([each]) => each === key)?.[1] ?? key;

// The families in a scope and how many operations each has, most first; parameters aside.
/** @param {{ ops?: [op: string, count: number][] }} item */
export function mix(item) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const [op, count] of item.ops ?? []) counts.set(family(op), (counts.get(family(op)) ?? 0) + count);
  counts.delete("data");
  return [...counts].sort((a, b) => b[1] - a[1]);
}

// --- how much of something ---------------------------------------------------------------------------------

const COUNTS = [
  { unit: 1e15, sign: "P" },
  { unit: 1e12, sign: "T" },
  { unit: 1e9, sign: "G" },
  { unit: 1e6, sign: "M" },
  { unit: 1e3, sign: "k" },
];
const BYTES = [
  { unit: 2 ** 40, sign: "TiB" },
  { unit: 2 ** 30, sign: "GiB" },
  { unit: 2 ** 20, sign: "MiB" },
  { unit: 2 ** 10, sign: "KiB" },
];

// 1.2M, 25.6M, 840: counts as people say them.
/** @param {number} x */
export function si(x) {
  for (const { unit, sign } of COUNTS) {
    if (x >= unit) return `${Number((x / unit).toPrecision(3))}${sign}`;
  }
  return String(Number(x.toPrecision(3)));
}

/** @type {Record<string, Mode>} */
export const MODES = lookup({
  structure: { title: "Operation" },
  parameters: { title: "Parameters", say: (x) => (x ? si(x) : "none"), of: (item) => item.parameters || null },
  flops: { title: "FLOPs", say: (x) => (x ? si(x) : "none"), of: (item) => item.flops || null },
  bytes: { title: "Memory", say: (x) => bytes(x), of: (item) => item.bytes || null },
  time: {
    title: "Time",
    say: (us) => (us ? time(us) : "not measured"),
    of: (item) => item.time || null,
    timed: true,
  },
  device: { title: "Device", placed: true },
  ...WATCHED,
});

/** @param {number} x */
export function bytes(x) {
  for (const { unit, sign } of BYTES) {
    if (x >= unit) return `${Number((x / unit).toPrecision(3))} ${sign}`;
  }
  return `${x} B`;
}

/** @param {number | null} value */
const isOdd = (value) => value !== null && !Number.isFinite(value);

// The share of the largest, by its root: what is a hundredth of the largest still shows.
export class Scale {
  /**
   * @param {Item[]} items
   * @param {Amount} amount what an item holds
   * @param {number} [most] where the scale ends
   */
  constructor(items, amount, most = Math.max(0, ...items.map((item) => amount(item) ?? 0))) {
    this.amount = amount;
    this.most = most;
    this.odd = items.some((item) => isOdd(amount(item)));
  }

  /** @param {Item} item */
  at(item) {
    const value = this.amount(item);
    return value === null ? null : this.most ? Math.min(1, Math.sqrt(Math.max(0, value) / this.most)) : 0;
  }

  // What is not finite has a colour of its own.
  get oddly() {
    return filled(isDark() ? [122, 40, 44] : [255, 190, 190]);
  }

  // Fill, and whether the words on it are to be light.
  /**
   * @param {Item} item
   * @returns {Fill | null}
   */
  colour(item) {
    if (isOdd(this.amount(item))) return this.oddly;
    const share = this.at(item);
    if (share === null) return null;
    const stops = ramp();
    const place = share * (stops.length - 1);
    const low = Math.min(stops.length - 2, Math.floor(place));
    const mixed = [1, 3, 5].map((i) => {
      const [a, b] = [stops[low], stops[low + 1]].map((stop) => parseInt(stop.slice(i, i + 2), 16));
      return Math.round(a + (b - a) * (place - low));
    });
    return filled(mixed);
  }
}

/**
 * @param {number[]} channels red, green and blue, 0 to 255
 * @returns {Fill}
 */
function filled(channels) {
  const [r, g, b] = channels.map((each) =>
    each / 255 <= 0.04045 ? each / 255 / 12.92 : ((each / 255 + 0.055) / 1.055) ** 2.4,
  );
  const luminance = 0.2126 * r + 0.7152 * g + 0.0722 * b;
  return { fill: `rgb(${channels.join(" ")})`, ink: luminance < 0.2 ? "#ffffff" : "#14171c" };
}

// --- where it is computed ----------------------------------------------------------------------------------

// "/job:worker/task:0/device:GPU:1" as "GPU:1", where no two devices would be called so.
/** @param {string[]} devices */
export function deviceNames(devices) {
  const short = devices.map((name) => name.replace(/^.*\/(device:)?/, ""));
  return devices.map((name, i) =>
    short[i] && short.indexOf(short[i]) === short.lastIndexOf(short[i]) ? short[i] : name,
  );
}

// A colour each; what lies on several has none of its own, and is told.
export class DeviceScale {
  /** @param {string[]} devices */
  constructor(devices) {
    this.devices = devices;
    this.names = deviceNames(devices);
  }

  /** @param {number} i */
  fill(i) {
    return filled([1, 3, 5].map((at) => parseInt(categorical(i).slice(at, at + 2), 16)));
  }

  get mixed() {
    return filled(isDark() ? [60, 66, 76] : [222, 226, 232]);
  }

  /**
   * @param {{ devices?: number[] }} item
   * @returns {Fill | null}
   */
  colour({ devices }) {
    if (!devices?.length) return null;
    return devices.length > 1 ? this.mixed : this.fill(devices[0]);
  }
}

/**
 * @param {number[] | undefined} devices
 * @param {string[]} names
 */
export const sayDevices = (devices, names) =>
  !devices?.length ? "" : devices.length > 1 ? `${devices.length} devices` : names[devices[0]];
