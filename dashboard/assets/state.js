// What the page shows: one place for it, in the address so that a link shows the same, and told to whoever asks.

const defaults = {
  page: "curves", // which tab
  tags: "", // filter of tags
  runs: "", // filter of the list of runs
  smooth: 0.9, // what counts of a value a thousandth of the range ago, 0 to 0.999
  x: "step", // step | time | relative
  logy: false,
  off: [], // runs that are hidden
  bins: "ridge", // ridge | overlay | heat | bands | one: how distributions are drawn
  binning: "linear", // linear | log
  across: "runs", // runs | steps: what stands side by side on the page of media
  pace: null, // step that distributions, media and the graph show; null is the newest
};

const short = { page: "p", tags: "tags", runs: "runs", smooth: "s", x: "x", logy: "log", off: "off", bins: "bins", binning: "bin", across: "across", pace: "at" };
const listeners = new Map();
const current = { ...defaults };

export const boot = JSON.parse(document.getElementById("boot").textContent);

export function get(key) {
  return current[key];
}

export function set(key, value) {
  if (current[key] === value) return;
  current[key] = value;
  writeAddress();
  for (const listener of listeners.get(key) ?? []) listener(value);
}

export function on(keys, listener) {
  for (const key of [].concat(keys)) {
    if (!listeners.has(key)) listeners.set(key, new Set());
    listeners.get(key).add(listener);
  }
  return () => [].concat(keys).forEach((key) => listeners.get(key).delete(listener));
}

function readAddress() {
  const query = new URLSearchParams(location.search);
  for (const [key, name] of Object.entries(short)) {
    if (!query.has(name)) continue;
    const text = query.get(name);
    if (key === "off") current.off = text ? text.split("\n") : [];
    else if (key === "smooth") current.smooth = Math.min(0.999, Math.max(0, Number(text) || 0));
    else if (key === "logy") current.logy = text === "y";
    else if (key === "pace") current.pace = Number.isFinite(Number(text)) ? Number(text) : null;
    else current[key] = text;
  }
  if (query.has("token")) writeAddress(); // a cookie stands for it now; it need not stay on the screen
}

let writing = 0;
function writeAddress() {
  cancelAnimationFrame(writing);
  writing = requestAnimationFrame(() => {
    const query = new URLSearchParams();
    for (const [key, name] of Object.entries(short)) {
      const value = current[key];
      if (JSON.stringify(value) === JSON.stringify(defaults[key])) continue;
      query.set(name, key === "off" ? value.join("\n") : key === "logy" ? "y" : String(value));
    }
    const text = query.toString();
    history.replaceState(null, "", location.pathname + (text ? `?${text}` : ""));
  });
}

readAddress();

// What belongs to this browser and not to a link.
export const local = {
  get(key, fallback) {
    try { return JSON.parse(localStorage.getItem(`everystep.${key}`)) ?? fallback; } catch { return fallback; }
  },
  set(key, value) {
    try { localStorage.setItem(`everystep.${key}`, JSON.stringify(value)); } catch { /* storage may be closed to us */ }
  },
};
