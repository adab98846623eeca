// As much of a browser as modules ask for when they are loaded, and elements as far as they are filled: what is seen is
// tested in Chromium (tests/browser). Imported before the module that is tested.

class Element {
  constructor(name) {
    Object.assign(this, {
      localName: name,
      children: [],
      attributes: new Map(),
      dataset: {},
      style: {},
      listeners: new Map(),
    });
    this.classList = { add() {}, remove() {}, toggle() {} };
  }

  append(...parts) {
    this.children.push(...parts);
  }
  appendChild(part) {
    this.children.push(part);
    return part;
  }
  replaceChildren(...parts) {
    this.children = parts;
  }
  setAttribute(name, value) {
    this.attributes.set(name, String(value));
  }
  getAttribute(name) {
    return this.attributes.get(name) ?? null;
  }
  addEventListener(name, act) {
    this.listeners.set(name, act);
  }
  getContext() {
    this.context ??= painter();
    return this.context;
  }
  insertRow() {
    return this.appendChild(new Element("tr"));
  }
  insertCell() {
    return this.appendChild(new Element("td"));
  }
  createCaption() {
    return this.appendChild(new Element("caption"));
  }
  getBoundingClientRect() {
    return { left: 0, top: 0, right: this.clientWidth ?? 0, bottom: this.clientHeight ?? 0, width: 0, height: 0 };
  }
  removeEventListener(name) {
    this.listeners.delete(name);
  }
  showModal() {}
  close() {
    this.listeners.get("close")?.();
  }
  setPointerCapture() {}
  focus() {}
  remove() {
    this.isRemoved = true;
  }
  get textContent() {
    return this.children.map((part) => (typeof part === "string" ? part : part.textContent)).join("");
  }
  set textContent(text) {
    this.children = text === "" ? [] : [String(text)];
  }

  // What was put in, as markup; for assertions alone.
  get markup() {
    const attributes = [...this.attributes].map(([name, value]) => ` ${name}="${value}"`).join("");
    return `<${this.localName}${attributes}>${this.children.map((part) => (typeof part === "string" ? part : part.markup)).join("")}</${this.localName}>`;
  }
}

// A canvas's context that counts what is asked of it: context.calls.stroke. What is drawn is seen in charts/record.js.
function painter() {
  const calls = {};
  const own = { calls, measureText: (text) => ({ width: 7 * text.length }) };
  return new Proxy(own, {
    get: (known, name) =>
      known[name] ??
      (() => {
        calls[name] = (calls[name] ?? 0) + 1;
      }),
  });
}

class Observer {
  observe() {}
  disconnect() {}
}

// As the browser's, but one that waits for nothing does not keep Node from ending.
class Channel {
  constructor() {
    this.port1 = { onmessage: null };
    this.port2 = { postMessage: () => setImmediate(() => this.port1.onmessage?.()) };
  }
}

// One that runs for as long as the page does not keep Node from ending either.
const every = globalThis.setInterval;

export const root = new Element("html");
root.dataset.theme = "light";
export const frames = []; // what waits for the next one

// Makes the frames that were asked for.
export function nextFrame() {
  for (const act of frames.splice(0)) act?.();
}

const boot = Object.assign(new Element("script"), { textContent: '{"assets": "/assets", "version": "0"}' });
const elements = new Map([["boot", boot]]);
const listeners = new Map();

// Tells what the browser would: tell("popstate").
export const tell = (name) => listeners.get(name)?.();

export const visited = []; // ["pushState" | "replaceState", address]

Object.assign(globalThis, {
  document: {
    documentElement: root,
    body: new Element("body"),
    createElement: (name) => new Element(name),
    createElementNS: (_, name) => new Element(name),
    getElementById: (id) => {
      if (!elements.has(id)) elements.set(id, new Element("div"));
      return elements.get(id);
    },
    querySelector: () => null,
    addEventListener() {},
    removeEventListener() {},
  },
  MessageChannel: Channel,
  MutationObserver: Observer,
  ResizeObserver: Observer,
  getComputedStyle: () => ({ getPropertyValue: () => (root.dataset.theme === "dark" ? " #7ea2ff" : " #3b6fe0") }),
  matchMedia: () => ({ matches: false, addEventListener() {} }),
  location: {
    search: globalThis.addressOfPage ?? "",
    pathname: "/",
    href: "http://localhost/",
    origin: "http://localhost",
    protocol: "http:",
    host: "localhost",
  },
  history: {
    pushState: (_, __, address) => visited.push(["pushState", address]),
    replaceState: (_, __, address) => visited.push(["replaceState", address]),
  },
  requestAnimationFrame: (act) => frames.push(act),
  cancelAnimationFrame: (number) => {
    frames[number - 1] = undefined;
  },
  addEventListener: (name, act) => listeners.set(name, act),
  setInterval: (...how) => every(...how).unref(),
  devicePixelRatio: 1,
  innerWidth: 800,
  innerHeight: 600,
});
globalThis.navigator ??= { onLine: true }; // Node has one from version 21 on
