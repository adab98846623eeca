// A cloud of points that is turned: each drawn by the graphics card as a disc, or as its picture from a sheet.
import { feed, program, sized } from "./gl.js";

const PLAIN = 20_000; // points from which on they are squares
const SLOW = 66,
  QUICK = 24,
  REST_MS = 160; // ms a frame that is too slow, and one that leaves room

const VERTEX = `
attribute vec3 place; attribute vec4 colour; attribute float index;
uniform mat4 matrix; uniform float size; uniform float across; uniform float most;
varying vec4 paint; varying vec2 corner;
void main() {
  gl_Position = matrix * vec4(place, 1.0);
  gl_PointSize = clamp(size * 3.2 / gl_Position.w, 1.0, most) * (colour.a > 0.9 ? 1.0 : 0.8);
  paint = colour;
  corner = vec2(mod(index, across), floor(index / across));
}`;
const FRAGMENT = `
precision mediump float;
varying vec4 paint; varying vec2 corner;
uniform sampler2D sheet; uniform vec2 cell; uniform float pictured; uniform float plain;
void main() {
  if (plain > 0.5) { gl_FragColor = vec4(paint.rgb, 1.0) * paint.a; return; }
  vec2 at = gl_PointCoord;
  if (pictured > 0.5) {
    vec4 found = texture2D(sheet, (corner + at) * cell);
    gl_FragColor = vec4(mix(found.rgb, paint.rgb, 0.35), 1.0) * (paint.a > 0.9 ? 1.0 : 0.25);
    return;
  }
  float far = distance(at, vec2(0.5));
  if (far > 0.5) discard;
  gl_FragColor = vec4(paint.rgb, 1.0) * paint.a * smoothstep(0.5, 0.4, far);
}`;

export class Points {
  constructor(canvas, camera) {
    Object.assign(this, { canvas, camera, count: 0, every: 1, moved: 0, buffers: {}, sheet: null });
    const gl = canvas.getContext("webgl", { antialias: false, alpha: true });
    this.gl = gl;
    if (!gl) return;
    this.drawer = program(
      gl,
      VERTEX,
      FRAGMENT,
      ["place", "colour", "index"],
      ["matrix", "size", "across", "most", "sheet", "cell", "pictured", "plain"],
    );
    this.listener = () => this.request(true);
    camera.listeners.add(this.listener);
    this.watcher = new ResizeObserver(() => this.request());
    this.watcher.observe(canvas);
  }

  // Lets go of the card's memory: a browser has room for a dozen views or so.
  close() {
    this.camera.listeners.delete(this.listener);
    this.watcher?.disconnect();
    cancelAnimationFrame(this.waiting);
    clearTimeout(this.rest);
    this.gl?.getExtension("WEBGL_lose_context")?.loseContext();
  }

  request(isMoving = false) {
    this.isMoving ||= isMoving;
    this.waiting ||= requestAnimationFrame(() => {
      this.waiting = 0;
      if (this.isMoving) this.move();
      else this.draw();
      this.isMoving = false;
    });
  }

  // While the view turns, a browser that cannot keep up draws every second, fourth … point, and all once it rests.
  move() {
    const now = performance.now(),
      took = now - this.moved;
    if (took < 400 && took > SLOW) this.every = Math.min(16, this.every * 2);
    else if (took < QUICK && this.every > 1) this.every /= 2;
    this.moved = now;
    this.draw(this.count > PLAIN ? this.every : 1);
    clearTimeout(this.rest);
    if (this.every > 1) this.rest = setTimeout(() => this.draw(), REST_MS);
  }

  // Few points are large ones: a hundred are seen as well as a hundred thousand.
  get radius() {
    return Math.min(11, Math.max(2.6, 14 - 2.3 * Math.log10(this.count)));
  }

  // places: three floats a point; colours: four bytes a point.
  show(places, colours) {
    if (this.count !== places.length / 3) this.numbers = Float32Array.from({ length: places.length / 3 }, (_, i) => i);
    Object.assign(this, {
      places,
      colours,
      count: places.length / 3,
      isOpaque: colours.every((byte, at) => at % 4 < 3 || byte > 200),
    });
    this.request();
  }

  // A sheet of pictures, `across` in a row of `width` × `height` pixels each; null for discs.
  picture(image, across, width, height) {
    const { gl } = this;
    this.sheet = image && { across, cell: [width / image.width, height / image.height], texture: gl.createTexture() };
    if (image) {
      gl.bindTexture(gl.TEXTURE_2D, this.sheet.texture);
      gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, image);
      for (const [name, value] of [
        [gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE],
        [gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE],
        [gl.TEXTURE_MIN_FILTER, gl.LINEAR],
        [gl.TEXTURE_MAG_FILTER, gl.NEAREST],
      ])
        gl.texParameteri(gl.TEXTURE_2D, name, value);
    }
    this.request();
  }

  draw(every = 1) {
    const { gl, drawer, canvas } = this;
    if (!gl || !this.count || !canvas.clientWidth) return;
    const ratio = sized(canvas);
    gl.viewport(0, 0, canvas.width, canvas.height);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
    gl.enable(gl.DEPTH_TEST);
    // So many are two or three pixels each: round or square is not seen, but costs a browser without a GPU its fluency.
    const isPlain = this.count > PLAIN && !this.sheet;
    if (isPlain && this.isOpaque) gl.disable(gl.BLEND);
    else gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    gl.useProgram(drawer.made);
    this.matrix = this.camera.matrix(canvas.width / canvas.height);
    gl.uniformMatrix4fv(drawer.to.matrix, false, this.matrix);
    gl.uniform1f(drawer.to.size, (this.sheet ? 20 : this.radius) * ratio);
    gl.uniform1f(drawer.to.most, (this.sheet ? 64 : 24) * ratio);
    gl.uniform1f(drawer.to.across, this.sheet?.across ?? 1);
    gl.uniform1f(drawer.to.pictured, this.sheet ? 1 : 0);
    gl.uniform1f(drawer.to.plain, isPlain ? 1 : 0);
    gl.uniform2f(drawer.to.cell, ...(this.sheet?.cell ?? [1, 1]));
    feed(gl, this.buffers, drawer.at.place, "place", this.places, 3, every);
    feed(gl, this.buffers, drawer.at.colour, "colour", this.colours, 4, every);
    feed(gl, this.buffers, drawer.at.index, "index", this.numbers, 1, every);
    gl.drawArrays(gl.POINTS, 0, Math.floor((this.count - 1) / every) + 1);
    this.onDrawn?.();
  }

  // Where a point is on the canvas, in CSS pixels, and how deep; null behind the camera.
  project(i) {
    const m = this.matrix;
    const [x, y, z] = [this.places[3 * i], this.places[3 * i + 1], this.places[3 * i + 2]];
    const w = m[3] * x + m[7] * y + m[11] * z + m[15];
    if (!(w > 0)) return null;
    return [
      ((m[0] * x + m[4] * y + m[8] * z + m[12]) / w + 1) * 0.5 * this.canvas.clientWidth,
      (1 - (m[1] * x + m[5] * y + m[9] * z + m[13]) / w) * 0.5 * this.canvas.clientHeight,
      w,
    ];
  }

  // The point under the pointer, the nearest to the eye of those within reach; -1 for none.
  nearest(px, py, reach = 7) {
    if (!this.matrix) return -1;
    let best = -1,
      least = Infinity;
    for (let i = 0; i < this.count; i++) {
      const at = this.project(i);
      if (!at) continue;
      const far = Math.hypot(at[0] - px, at[1] - py);
      if (far < reach && far + at[2] < least) {
        least = far + at[2];
        best = i;
      }
    }
    return best;
  }

  // The points within a rectangle of the canvas.
  within(x0, y0, x1, y1) {
    const found = [];
    for (let i = 0; this.matrix && i < this.count; i++) {
      const at = this.project(i);
      if (at && at[0] >= x0 && at[0] <= x1 && at[1] >= y0 && at[1] <= y1) found.push(i);
    }
    return found;
  }
}

// Centred, and as large as the unit ball for all but the outermost hundredth; one scale for all axes, so that
// distances stay true. What is not finite, or not among the only ones that are shown, stays out of sight.
export function fitted(columns, count, only) {
  const isShown = only && new Uint8Array(count);
  if (only) for (const i of only) isShown[i] = 1;
  const middle = columns.map((column) => {
    if (!column) return 0;
    let sum = 0,
      n = 0;
    for (let i = 0; i < count; i++)
      if (!Number.isNaN(column[i]) && (!only || isShown[i])) {
        sum += column[i];
        n += 1;
      }
    return n ? sum / n : 0;
  });
  const places = new Float32Array(3 * count),
    far = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    let sum = 0;
    for (let k = 0; k < 3; k++) {
      const value = columns[k] ? columns[k][i] - middle[k] : 0;
      places[3 * i + k] = value;
      sum += value * value;
    }
    far[i] = only && !isShown[i] ? NaN : Math.sqrt(sum);
  }
  const sorted = far.filter((each) => !Number.isNaN(each)).sort();
  const size = sorted[Math.floor(sorted.length * 0.99)] || sorted[sorted.length - 1] || 1;
  for (let i = 0; i < places.length; i++) places[i] = Number.isNaN(far[(i / 3) | 0]) ? 1e9 : places[i] / size;
  return places;
}
