// The little of WebGL that the pages share: programs and buffers.

export function program(gl, vertex, fragment, attributes, uniforms) {
  const made = gl.createProgram();
  for (const [kind, source] of [
    [gl.VERTEX_SHADER, vertex],
    [gl.FRAGMENT_SHADER, fragment],
  ]) {
    const shader = gl.createShader(kind);
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS)) throw new Error(gl.getShaderInfoLog(shader));
    gl.attachShader(made, shader);
  }
  gl.linkProgram(made);
  if (!gl.getProgramParameter(made, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(made));
  return {
    made,
    at: Object.fromEntries(attributes.map((name) => [name, gl.getAttribLocation(made, name)])),
    to: Object.fromEntries(uniforms.map((name) => [name, gl.getUniformLocation(made, name)])),
  };
}

// Sets a vertex attribute from values, in a buffer that is kept under its name; of every so many-th vertex only.
export function feed(gl, buffers, at, name, values, size, every = 1) {
  buffers[name] ??= gl.createBuffer();
  gl.bindBuffer(gl.ARRAY_BUFFER, buffers[name]);
  if (buffers[`${name} of`] !== values) {
    gl.bufferData(gl.ARRAY_BUFFER, values, gl.STATIC_DRAW);
    buffers[`${name} of`] = values;
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
