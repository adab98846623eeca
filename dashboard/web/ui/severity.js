// The sign of a finding's severity: told apart by shape as well as by colour.
import { node } from "./dom.js";

const SIGNS = {
  error: `<svg viewBox="0 0 16 16" aria-hidden="true"><path d="M5 1.5h6L14.5 5v6L11 14.5H5L1.5 11V5z"/><path
    class="stroke" d="M8 4.6v4M8 11.3h.01"/></svg>`,
  warning: `<svg viewBox="0 0 16 16" aria-hidden="true"><path d="M8 1.6 15 14H1z"/><path
    class="stroke" d="M8 6.2v3.4M8 11.9h.01"/></svg>`,
  info: `<svg viewBox="0 0 16 16" aria-hidden="true"><circle cx="8" cy="8" r="6.5"/><path
    class="stroke" d="M8 7.4v4M8 4.7h.01"/></svg>`,
};

/** @param {import("../text/finding_words.js").Severity} severity */
export function severitySign(severity) {
  const sign = node("span", { class: "severity", "data-severity": severity, role: "img", "aria-label": severity });
  if (severity === "error") sign.innerHTML = SIGNS.error;
  else if (severity === "warning") sign.innerHTML = SIGNS.warning;
  else sign.innerHTML = SIGNS.info;
  return sign;
}
