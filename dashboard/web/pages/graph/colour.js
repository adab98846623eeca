// What a box is filled with: the kind of operation, or how much of something it holds.
import { ramp } from "../../charts/ramps.js";
import { time } from "../../text/units.js";
import { WATCHED } from "./time.js";
import { colour as categorical, isDark } from "../../charts/palette.js";

// Operations of a kind share a soft fill (see page.css); the first family that matches is an operation's.
const families = [
  [
    "data",
    "parameters, constants",
    /^(parameter|const(ant)?|get_?attr|variable(v2)?|varhandleop|readvariableop|assign.*|identity|prim.*|placeholder.*|arg|_?retval|noop|input|output|empty|zeros.*|ones.*|fill|full)$/,
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
    /reshape|view|flatten|transpose|permute|squeeze|expand|concat|cat$|stack|split|chunk|pad|tile|repeat|contiguous|shape|cast|(^|_)to$|clone|copy|broadcast|pack|roll|(un)?fold|(^|_)t$/,
  ],
  [
    "math",
    "arithmetic",
    /add|sub|mul|div|pow|sqrt|square|exp|log|neg|abs|floor|ceil|round|sign|cl(ip|amp)|greater|less|equal|not|and$|or$|(^|_)(sin|cos|mod|inv|max|min|ne|eq|gt|lt|ge|le)|reciprocal|cum|lerp|maximum|minimum/,
  ],
  ["other", "other", /./],
];
const known = new Map();

export function family(op) {
  const name = (op || "").toLowerCase().replace(/^(aten|prim|onnx)::/, "");
  if (!known.has(name))
    known.set(name, (families.find(([, , pattern]) => pattern.test(name)) ?? families[families.length - 1])[0]);
  return known.get(name);
}

export const familyName = (key) => families.find(([each]) => each === key)[1];

// The families in a scope and how many operations each has, most first; parameters aside.
export function mix(item) {
  const counts = new Map();
  for (const [op, count] of item.ops ?? []) counts.set(family(op), (counts.get(family(op)) ?? 0) + count);
  counts.delete("data");
  return [...counts].sort((a, b) => b[1] - a[1]);
}

// --- how much of something ---------------------------------------------------------------------------------

// 1.2M, 25.6M, 840: counts as people say them.
export function si(x) {
  for (const [unit, sign] of [
    [1e15, "P"],
    [1e12, "T"],
    [1e9, "G"],
    [1e6, "M"],
    [1e3, "k"],
  ]) {
    if (x >= unit) return `${Number((x / unit).toPrecision(3))}${sign}`;
  }
  return String(Number(x.toPrecision(3)));
}

export const MODES = {
  __proto__: null,
  structure: { title: "Operation" },
  parameters: { title: "Parameters", say: (x) => (x ? si(x) : "none") },
  flops: { title: "FLOPs", say: (x) => (x ? si(x) : "none") },
  bytes: { title: "Memory", say: (x) => bytes(x) },
  time: { title: "Time", say: (us) => (us ? time(us) : "not measured"), timed: true },
  device: { title: "Device", placed: true },
  ...WATCHED,
};

export function bytes(x) {
  for (const [unit, sign] of [
    [2 ** 40, "TiB"],
    [2 ** 30, "GiB"],
    [2 ** 20, "MiB"],
    [2 ** 10, "KiB"],
  ]) {
    if (x >= unit) return `${Number((x / unit).toPrecision(3))} ${sign}`;
  }
  return `${x} B`;
}

const isOdd = (value) => value !== null && !Number.isFinite(value);

// The share of the largest, by its root: what is a hundredth of the largest still shows.
export class Scale {
  // amount: what an item holds, by default what was counted of it, null where nothing is known; most: where the scale ends.
  constructor(items, mode, amount = (item) => item[mode] || null, most = Math.max(0, ...items.map(amount))) {
    Object.assign(this, { mode, amount, most, odd: items.some((item) => isOdd(amount(item))) });
  }

  at(item) {
    const value = this.amount(item);
    return value === null ? null : this.most ? Math.min(1, Math.sqrt(Math.max(0, value) / this.most)) : 0;
  }

  // What is not finite has a colour of its own.
  get oddly() {
    return filled(isDark() ? [122, 40, 44] : [255, 190, 190]);
  }

  // Fill, and whether the words on it are to be light.
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

function filled(channels) {
  const [r, g, b] = channels.map((each) =>
    each / 255 <= 0.04045 ? each / 255 / 12.92 : ((each / 255 + 0.055) / 1.055) ** 2.4,
  );
  const luminance = 0.2126 * r + 0.7152 * g + 0.0722 * b;
  return { fill: `rgb(${channels.join(" ")})`, ink: luminance < 0.2 ? "#ffffff" : "#14171c" };
}

// --- where it is computed ----------------------------------------------------------------------------------

// "/job:worker/task:0/device:GPU:1" as "GPU:1", where no two devices would be called so.
export function deviceNames(devices) {
  const short = devices.map((name) => name.replace(/^.*\/(device:)?/, ""));
  return devices.map((name, i) =>
    short[i] && short.indexOf(short[i]) === short.lastIndexOf(short[i]) ? short[i] : name,
  );
}

// A colour each; what lies on several has none of its own, and is told.
export class DeviceScale {
  constructor(devices) {
    this.devices = devices;
    this.names = deviceNames(devices);
  }

  fill(i) {
    return filled([1, 3, 5].map((at) => parseInt(categorical(i).slice(at, at + 2), 16)));
  }

  get mixed() {
    return filled(isDark() ? [60, 66, 76] : [222, 226, 232]);
  }

  colour({ devices }) {
    if (!devices?.length) return null;
    return devices.length > 1 ? this.mixed : this.fill(devices[0]);
  }
}

export const sayDevices = (devices, names) =>
  !devices?.length ? "" : devices.length > 1 ? `${devices.length} devices` : names[devices[0]];
