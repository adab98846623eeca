// The little of WebGL that the pages share: programs and buffers.

/**
 * @typedef {Float32Array | Uint8Array} Values of vertices
 * @typedef {Map<string, { buffer: WebGLBuffer | null, values: Values | null }>} Buffers by the name of what is in them
 */

/**
 * @template {string} A
 * @template {string} U
 * @param {WebGLRenderingContext} gl
 * @param {string} vertex
 * @param {string} fragment
 * @param {A[]} attributes
 * @param {U[]} uniforms
 * @returns {{ made: WebGLProgram, at: { [name in A]: number }, to: { [name in U]: WebGLUniformLocation | null } }}
 */
export function program(gl, vertex, fragment, attributes, uniforms) {
  const made = gl.createProgram();
  for (const [kind, source] of /** @type {const} */ ([
    [gl.VERTEX_SHADER, vertex],
    [gl.FRAGMENT_SHADER, fragment],
  ])) {
    const shader = gl.createShader(kind);
    if (!shader) throw new Error("The graphics card gives no shader.");
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS)) throw new Error(gl.getShaderInfoLog(shader) ?? "");
    gl.attachShader(made, shader);
  }
  gl.linkProgram(made);
  if (!gl.getProgramParameter(made, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(made) ?? "");
  return {
    made,
    at: named(attributes, (name) => gl.getAttribLocation(made, name)),
    to: named(uniforms, (name) => gl.getUniformLocation(made, name)),
  };
}

/**
 * @template {string} N
 * @template T
 * @param {N[]} names
 * @param {(name: N) => T} find
 */
const named = (names, find) =>
  /** @type {{ [name in N]: T }} */ (Object.fromEntries(names.map((name) => [name, find(name)])));

// Sets a vertex attribute from values, in a buffer that is kept under its name; of every so many-th vertex only.
/**
 * @param {WebGLRenderingContext} gl
 * @param {Buffers} buffers
 * @param {number} at
 * @param {string} name
 * @param {Values} values
 * @param {number} size
 * @param {number} [every]
 */
export function feed(gl, buffers, at, name, values, size, every = 1) {
  const kept = buffers.get(name) ?? { buffer: gl.createBuffer(), values: null };
  buffers.set(name, kept);
  gl.bindBuffer(gl.ARRAY_BUFFER, kept.buffer);
  if (kept.values !== values) {
    gl.bufferData(gl.ARRAY_BUFFER, /** @type {BufferSource} */ (values), gl.STATIC_DRAW);
    kept.values = values;
  }
  if (at < 0) return;
  gl.enableVertexAttribArray(at);
  gl.vertexAttribPointer(
    at,
    size,
    values instanceof Uint8Array ? gl.UNSIGNED_BYTE : gl.FLOAT,
    values instanceof Uint8Array,
    every === 1 ? 0 : every * size * values.BYTES_PER_ELEMENT,
    0,
  );
}

// Gives a canvas as many pixels as the screen has there; how many those are to one of CSS.
/** @param {HTMLCanvasElement} canvas */
export function sized(canvas) {
  const ratio = devicePixelRatio || 1,
    width = Math.round(canvas.clientWidth * ratio),
    height = Math.round(canvas.clientHeight * ratio);
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  return ratio;
}
