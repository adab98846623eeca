// A surface of triangles or a cloud of points, drawn by the graphics card; a light from the eye shows its shape.
import { feed, program, sized } from "./gl.js";

const VERTEX = `
attribute vec3 place; attribute vec3 colour; attribute vec3 normal;
uniform mat4 matrix; uniform vec3 eye; uniform float size; uniform float lit;
varying vec3 paint;
void main() {
  gl_Position = matrix * vec4(place, 1.0);
  gl_PointSize = clamp(size / gl_Position.w, 1.0, 16.0);
  paint = colour * mix(1.0, 0.35 + 0.65 * abs(dot(normal, eye)), lit);
}`;
const FRAGMENT = `
precision mediump float;
varying vec3 paint;
void main() { gl_FragColor = vec4(paint, 1.0); }`;

export class Surface {
  constructor(canvas, camera) {
    Object.assign(this, { canvas, camera, count: 0, buffers: {} });
    const gl = canvas.getContext("webgl", { antialias: true, alpha: true });
    this.gl = gl;
    if (!gl) return;
    this.drawer = program(gl, VERTEX, FRAGMENT, ["place", "colour", "normal"], ["matrix", "eye", "size", "lit"]);
    this.listener = () => this.request();
    camera.listeners.add(this.listener);
    this.watcher = new ResizeObserver(this.listener);
    this.watcher.observe(canvas);
  }

  // Lets go of the card's memory: a browser has room for a dozen views or so.
  close() {
    this.camera.listeners.delete(this.listener);
    this.watcher?.disconnect();
    cancelAnimationFrame(this.waiting);
    this.gl?.getExtension("WEBGL_lose_context")?.loseContext();
  }

  request() {
    this.waiting ||= requestAnimationFrame(() => {
      this.waiting = 0;
      this.draw();
    });
  }

  // vertices, colors (0 to 255) and faces one after the other; the scale stays that of the first mesh that was shown,
  // so that growing is seen as growing.
  show(vertices, faces, colors, usual) {
    this.fit ??= fitted(vertices);
    const { middle, size } = this.fit;
    const n = faces ? faces.length : vertices.length / 3;
    const place = new Float32Array(3 * n),
      colour = new Float32Array(3 * n),
      normal = new Float32Array(3 * n);
    for (let i = 0; i < n; i++) {
      const v = faces ? faces[i] : i;
      for (let k = 0; k < 3; k++) {
        place[3 * i + k] = (vertices[3 * v + k] - middle[k]) / size;
        colour[3 * i + k] = colors ? colors[3 * v + k] / 255 : usual[k] / 255;
      }
    }
    for (let t = 0; faces && t < n; t += 3) {
      const [a, b] = [1, 2].map((corner) => [0, 1, 2].map((k) => place[3 * (t + corner) + k] - place[3 * t + k]));
      const cross = [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
      const length = Math.hypot(...cross) || 1;
      for (let corner = 0; corner < 3; corner++)
        for (let k = 0; k < 3; k++) normal[3 * (t + corner) + k] = cross[k] / length;
    }
    Object.assign(this, { count: n, place, colour, normal, isCloud: !faces });
    this.request();
  }

  draw() {
    const { gl, drawer, canvas, camera } = this;
    if (!gl || !this.count || !canvas.clientWidth) return;
    const ratio = sized(canvas);
    gl.viewport(0, 0, canvas.width, canvas.height);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
    gl.enable(gl.DEPTH_TEST);
    gl.useProgram(drawer.made);
    gl.uniformMatrix4fv(drawer.to.matrix, false, camera.matrix(canvas.width / canvas.height));
    gl.uniform3f(
      drawer.to.eye,
      -Math.cos(camera.pitch) * Math.sin(camera.yaw),
      Math.sin(camera.pitch),
      Math.cos(camera.pitch) * Math.cos(camera.yaw),
    );
    gl.uniform1f(drawer.to.size, (this.count > 20000 ? 7 : 13) * ratio);
    gl.uniform1f(drawer.to.lit, this.isCloud ? 0 : 1);
    feed(gl, this.buffers, drawer.at.place, "place", this.place, 3);
    feed(gl, this.buffers, drawer.at.colour, "colour", this.colour, 3);
    feed(gl, this.buffers, drawer.at.normal, "normal", this.normal, 3);
    gl.drawArrays(this.isCloud ? gl.POINTS : gl.TRIANGLES, 0, this.count);
  }
}

function fitted(vertices) {
  const low = [Infinity, Infinity, Infinity],
    high = [-Infinity, -Infinity, -Infinity];
  for (let i = 0; i < vertices.length; i++) {
    const k = i % 3,
      value = vertices[i];
    if (!Number.isFinite(value)) continue;
    low[k] = Math.min(low[k], value);
    high[k] = Math.max(high[k], value);
  }
  const middle = low.map((each, k) => (each <= high[k] ? (each + high[k]) / 2 : 0));
  return { middle, size: Math.max(1e-30, ...low.map((each, k) => high[k] - each).filter(Number.isFinite)) / 1.6 };
}
