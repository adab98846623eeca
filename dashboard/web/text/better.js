// Whether more of a metric is better, by what its tag is called.

const MORE = new Set(
  (
    "acc accuracy precision recall f1 auc auroc auprc ap map ndcg mrr score reward return returns bleu rouge psnr " +
    "ssim iou dice r2 success wins win throughput"
  ).split(" "),
);

/**
 * By the last part of a tag: val/acc, top1_accuracy, reward. What is not known is a loss.
 * @param {string} tag
 */
export const isMoreBetter = (tag) =>
  (tag.split("/").at(-1) ?? "")
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .some((word) => MORE.has(word));
