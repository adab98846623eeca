// What findings are called: their kinds, and how many there are. A kind of somebody's own is called what it says.
import { plural } from "./format.js";
import { lookup } from "./lookup.js";

/** @typedef {"error" | "warning" | "info"} Severity */
/** @typedef {[errors: number, warnings: number, infos: number]} Counts of what nobody dismissed */

/** @type {readonly Severity[]} */
export const SEVERITIES = ["error", "warning", "info"]; // the worst first

const titles = lookup({
  nan_or_inf: "Values that are not finite",
  float16_overflow: "Overflow of float16",
  exploding_gradients: "Exploding gradients",
  lr_too_high: "Learning rate too high",
  lr_too_low: "Learning rate too low",
  lr_schedule_bug: "Learning rate schedule",
  momentum_too_high: "Momentum too high",
  weight_decay_too_large: "Weight decay too large",
  clipping_always_active: "Clipping always active",
  vanishing_gradients: "Vanishing gradients",
  accumulating_gradients: "Accumulating gradients",
  dead_relu: "Dead units",
  saturated_activations: "Saturated activations",
  bad_initialization: "Bad initialization",
  frozen_layer: "Frozen layer",
  loss_spike: "Loss spike",
  overfitting: "Overfitting",
  memorizing_labels: "Memorizing labels",
  label_leakage: "Label leakage",
  split_mixup: "Splits mixed up",
  class_collapse: "Class collapse",
  train_eval_mode: "Train and eval mode",
  wrong_loss: "Wrong loss",
  unnormalized_input: "Unnormalized input",
  unshuffled_data: "Unshuffled data",
  data_starvation: "Waiting for data",
  stuck_metric: "Stuck metric",
  plateau: "Plateau",
  resume_jump: "Jump at a resume",
  slow_rank: "Slow rank",
  silent_rank: "Silent rank",
});

/** @param {string} kind */
export function titleOf(kind) {
  const words = kind.replaceAll("_", " ").trim() || "finding";
  return titles[kind] ?? words[0].toUpperCase() + words.slice(1);
}

// "1 error · 2 warnings"; of infos only where there is nothing else.
/** @param {ArrayLike<number>} counts */
export function countsInWords(counts) {
  const said = SEVERITIES.flatMap((severity, i) => (counts[i] ? [plural(counts[i], severity)] : []));
  return said
    .slice(0, counts[0] || counts[1] ? 2 : 3)
    .filter((words) => !words.includes("info") || !(counts[0] || counts[1]))
    .join(" · ");
}
