// A camera that circles a scene: drag or arrows turn, shift-drag (or right) moves, wheel or + and − near. One can serve
// several views.

/** @type {Map<string, [yaw: number, pitch: number]>} */
const TURNS = new Map([
  ["ArrowLeft", [-0.12, 0]],
  ["ArrowRight", [0.12, 0]],
  ["ArrowUp", [0, 0.12]],
  ["ArrowDown", [0, -0.12]],
]);
const NEARS = new Map([
  ["+", 0.9],
  ["=", 0.9],
  ["-", 1.11],
]);

// flat: seen from the front, and not turned.
const START = { yaw: 0.6, pitch: 0.35, distance: 3.2, panX: 0, panY: 0, flat: false };

export class Camera {
  constructor() {
    /** @type {Set<() => void>} */
    this.listeners = new Set();
    this.yaw = START.yaw;
    this.pitch = START.pitch;
    this.distance = START.distance;
    this.panX = START.panX;
    this.panY = START.panY;
    this.flat = START.flat;
  }

  reset() {
    Object.assign(this, START);
    this.tell();
  }

  tell() {
    for (const listener of this.listeners) listener();
  }

  /** @param {HTMLElement} canvas */
  attach(canvas) {
    /** @type {{ x: number, y: number } | null} */
    let from = null;
    canvas.addEventListener("contextmenu", (event) => event.preventDefault());
    canvas.addEventListener("pointerdown", (event) => {
      from = { x: event.clientX, y: event.clientY };
      canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!from || !event.buttons) return;
      const [dx, dy] = [event.clientX - from.x, event.clientY - from.y];
      from = { x: event.clientX, y: event.clientY };
      if (this.flat || event.shiftKey || event.buttons & 2) {
        this.panX += (dx / canvas.clientHeight) * this.distance * 0.83;
        this.panY -= (dy / canvas.clientHeight) * this.distance * 0.83;
      } else {
        this.yaw += dx * 0.008;
        this.pitch = Math.min(1.57, Math.max(-1.57, this.pitch + dy * 0.008));
      }
      this.tell();
    });
    canvas.addEventListener("pointerup", () => {
      from = null;
    });
    canvas.addEventListener("keydown", (event) => {
      const turn = TURNS.get(event.key),
        near = NEARS.get(event.key);
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (near) this.distance = Math.min(60, Math.max(0.05, this.distance * near));
      else if (!turn) return;
      else if (this.flat) {
        this.panX += turn[0];
        this.panY -= turn[1];
      } else {
        this.yaw += turn[0];
        this.pitch = Math.min(1.57, Math.max(-1.57, this.pitch + turn[1]));
      }
      event.preventDefault();
      event.stopPropagation();
      this.tell();
    });
    canvas.addEventListener(
      "wheel",
      (event) => {
        event.preventDefault();
        this.distance = Math.min(60, Math.max(0.05, this.distance * Math.exp(event.deltaY * 0.001)));
        this.tell();
      },
      { passive: false },
    );
  }

  // The matrix from the scene, whose things are within a unit's reach, to clip space; column by column.
  /** @param {number} aspect width of the view over its height */
  matrix(aspect) {
    const [yaw, pitch] = this.flat ? [0, 0] : [this.yaw, this.pitch];
    const [cy, sy, cp, sp] = [Math.cos(yaw), Math.sin(yaw), Math.cos(pitch), Math.sin(pitch)];
    const f = 2.4,
      near = 0.01,
      far = 100,
      a = (far + near) / (near - far),
      b = (2 * far * near) / (near - far);
    // View: turn about y, then x, then step back.
    const r = [
      [cy, 0, sy],
      [sp * sy, cp, -sp * cy],
      [-cp * sy, sp, cp * cy],
    ];
    const t = [this.panX, this.panY, -this.distance];
    const m = new Float32Array(16);
    for (let k = 0; k < 3; k++) {
      m[4 * k] = (f / aspect) * r[0][k];
      m[4 * k + 1] = f * r[1][k];
      m[4 * k + 2] = a * r[2][k];
      m[4 * k + 3] = -r[2][k];
    }
    m[12] = (f / aspect) * t[0];
    m[13] = f * t[1];
    m[14] = a * t[2] + b;
    m[15] = -t[2];
    return m;
  }
}
