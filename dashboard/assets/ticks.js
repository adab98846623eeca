// Where an axis has its marks, and what is written there.
import * as format from "./format.js";

export function spacing(range, count) {
  const raw = range / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(raw));
  const times = raw / power;
  return (times < 1.5 ? 1 : times < 3.5 ? 2 : times < 7.5 ? 5 : 10) * power;
}

export function linear(low, high, count) {
  const gap = spacing(high - low, count);
  const marks = [];
  for (let i = Math.ceil(low / gap - 1e-9); i * gap <= high + gap * 1e-9; i++) marks.push({ at: i * gap, text: format.tick(i * gap, gap) });
  return marks;
}

export function logarithmic(low, high, count) {
  const first = Math.floor(Math.log10(low)), last = Math.ceil(Math.log10(high));
  const every = Math.max(1, Math.ceil((last - first) / count));
  const marks = [];
  // Powers of ten; where fewer than two of them are in view, also twice and five times as much.
  const few = Math.floor(Math.log10(high * 1.001)) - Math.ceil(Math.log10(low * 0.999)) < 1;
  for (let power = first; power <= last; power += every) {
    for (const times of few ? [1, 2, 5] : [1]) {
      const at = times * 10 ** power;
      if (at >= low * 0.999 && at <= high * 1.001) marks.push({ at, text: format.value(at, 2) });
    }
  }
  return marks;
}

const units = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800, 1209600, 2592000];

const unitFor = (range, count) => {
  if (range / count < 1) return spacing(range, count);
  return units.find((unit) => range / unit <= count) ?? Math.ceil(range / count / 2592000) * 2592000;
};

export function relative(low, high, count) {
  const gap = unitFor(high - low, count);
  const marks = [];
  for (let i = Math.ceil(low / gap - 1e-9); i * gap <= high; i++) {
    const at = i * gap;
    const text =
      gap < 60 && high < 600 ? `${format.tick(at, gap)} s`
      : gap < 3600 && high < 36000 ? (at % 60 ? format.duration(at) : `${Math.round(at / 60)} min`)
      : gap < 86400 ? (at % 3600 ? `${Math.floor(at / 3600)}h${String(Math.round((at % 3600) / 60)).padStart(2, "0")}` : `${Math.round(at / 3600)} h`)
      : `${Math.round(at / 86400)} d`;
    marks.push({ at, text: at === 0 ? "0" : text });
  }
  return marks;
}

export function clock(low, high, count) {
  const gap = unitFor(high - low, count);
  const zone = new Date(low * 1000).getTimezoneOffset() * 60;
  const marks = [];
  for (let i = Math.ceil((low - zone) / gap); i * gap + zone <= high; i++) {
    const at = i * gap + zone;
    const date = new Date(at * 1000);
    const two = (number) => String(number).padStart(2, "0");
    const time = `${two(date.getHours())}:${two(date.getMinutes())}`;
    const day = date.toLocaleDateString("en-US", { month: "short", day: "numeric" });
    const midnight = date.getHours() === 0 && date.getMinutes() === 0 && date.getSeconds() === 0;
    marks.push({ at, text: gap >= 86400 || midnight ? day : gap >= 60 ? time : gap >= 1 ? `${time}:${two(date.getSeconds())}` : `${two(date.getSeconds())}.${String(date.getMilliseconds()).padStart(3, "0")}` });
  }
  return marks;
}
