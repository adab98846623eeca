// Colours of a flame chart: a hue for what kind of work it is, a shade for which.
import { isDark } from "../../charts/palette.js";

/** @typedef {[kind: string, words: RegExp | null, hue: number, saturation: number]} Kind words: of its names */

/** @type {Kind} */
const KERNEL = ["kernel", /^(kernel)/, 158, 46];
/** @type {Kind} */
const OPERATION = ["operation", null, 222, 58];
/** @type {Kind[]} */
const KINDS = [
  [
    "step",
    /^(profilerstep|tracecontext|train|iteration|user_annotation|gpu_user_annotation|pytorch profiler)/,
    262,
    32,
  ],
  ["loader", /dataloader|iteratorgetnext|^iterator::|fetch_next/, 28, 78],
  ["optimizer", /optimizer|adam|sgd/, 330, 48],
  ["copy", /memcpy|memset|_send|_recv|copy/, 350, 62],
  ["communication", /nccl|allreduce|all_reduce|allgather/, 300, 45],
  ["launch", /^(runtime|cuda_runtime|cuda_driver)|^cuda|^hip/, 44, 62],
  ["wait", /synchronize|wait|cuda_sync/, 12, 30],
  KERNEL,
  ["python", /python_function|\.py\(/, 210, 14],
];

export class Colours {
  /** @param {import("./flame_model.js").Flame} flame */
  constructor(flame) {
    this.flame = flame;
    /** @type {Map<number, string>} */
    this.made = new Map(); // by name and category
  }

  clear() {
    this.made.clear();
  }

  /** @param {number} event */
  kind(event) {
    const { head, name, category } = this.flame;
    const words = head.names[name[event]].toLowerCase(),
      group = head.categories[category[event]].toLowerCase();
    return (
      KINDS.find(([, pattern]) => pattern?.test(words) || pattern?.test(group)) ??
      (this.flame.trackOf(event).device === "gpu" ? KERNEL : OPERATION)
    );
  }

  /** @param {number} event */
  of(event) {
    const key = this.flame.name[event] * 65536 + this.flame.category[event];
    let colour = this.made.get(key);
    if (!colour) {
      const [, , hue, saturation] = this.kind(event);
      const shade = (Math.imul(this.flame.name[event] + 1, 2654435761) >>> 24) / 255;
      const light = isDark() ? 34 + 10 * shade : 84 - 11 * shade;
      colour = `hsl(${hue + 12 * (shade - 0.5)} ${saturation * (isDark() ? 0.72 : 1)}% ${light}%)`;
      this.made.set(key, colour);
    }
    return colour;
  }
}
