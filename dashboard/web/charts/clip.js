// Paths cut to a box. TeX knows no length beyond 16,383 pt, and a line that leaves a zoomed chart may go far beyond it.

const BEYOND = 50; // px outside of the box that are kept, so that no cut is seen

// path: [["M", x, y], ["L", x, y], ["O", x, y, radius], ["Z"]]; box: [x, y, width, height]. Filled shapes stay closed.
export function cut(path, [x, y, width, height], isFilled) {
  const box = [x - BEYOND, y - BEYOND, x + width + BEYOND, y + height + BEYOND];
  const isIn = ([, px, py]) => px >= box[0] && px <= box[2] && py >= box[1] && py <= box[3];
  if (path.every((step) => step[0] === "Z" || isIn(step))) return path;
  return isFilled ? shapes(path).flatMap((corners) => area(corners, box)) : lines(path, box);
}

function lines(path, box) {
  const found = [];
  let at = null,
    from = null;
  for (const step of path) {
    if (step[0] === "O") {
      if (step[1] >= box[0] && step[1] <= box[2] && step[2] >= box[1] && step[2] <= box[3]) found.push(step);
      at = null;
      continue;
    }
    const to = step[0] === "Z" ? from : step.slice(1);
    if (step[0] === "M") {
      from = at = to;
      continue;
    }
    const part = at && segment(at, to, box);
    if (part) {
      const last = found.at(-1);
      if (!last || last[1] !== part[0] || last[2] !== part[1]) found.push(["M", part[0], part[1]]);
      found.push(["L", part[2], part[3]]);
    }
    at = to;
  }
  return found;
}

// Liang and Barsky 1984: the part of a segment that is within a box, or null.
function segment([ax, ay], [bx, by], [left, top, right, bottom]) {
  let begin = 0,
    end = 1;
  for (const [run, gap] of [
    [ax - bx, ax - left],
    [bx - ax, right - ax],
    [ay - by, ay - top],
    [by - ay, bottom - ay],
  ]) {
    if (run === 0) {
      if (gap < 0) return null;
      continue;
    }
    const at = gap / run;
    if (run < 0) begin = Math.max(begin, at);
    else end = Math.min(end, at);
  }
  const place = (at) => [
    at === 0 ? ax : at === 1 ? bx : ax + at * (bx - ax),
    at === 0 ? ay : at === 1 ? by : ay + at * (by - ay),
  ];
  return begin <= end ? [...place(begin), ...place(end)] : null;
}

function shapes(path) {
  const found = [];
  for (const [kind, ...place] of path)
    if (kind === "M") found.push([place]);
    else if (kind === "L") found.at(-1).push(place);
  return found;
}

// Sutherland and Hodgman 1974: a shape's part within a box, one side after the other.
function area(corners, [left, top, right, bottom]) {
  for (const [axis, limit, sign] of [
    [0, left, 1],
    [0, right, -1],
    [1, top, 1],
    [1, bottom, -1],
  ]) {
    const inside = (corner) => sign * (corner[axis] - limit) >= 0,
      kept = [];
    corners.forEach((corner, i) => {
      const before = corners[(i + corners.length - 1) % corners.length];
      if (inside(corner) !== inside(before)) {
        const at = (limit - before[axis]) / (corner[axis] - before[axis]);
        kept.push([0, 1].map((each) => before[each] + at * (corner[each] - before[each])));
      }
      if (inside(corner)) kept.push(corner);
    });
    corners = kept;
  }
  return corners.length ? [...corners.map(([px, py], i) => [i ? "L" : "M", px, py]), ["Z"]] : [];
}
