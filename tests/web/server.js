// A real server for what the page asks, on a free port, where no WebSocket gets through: answers are functions of a
// test. Imported before the modules that ask.
import { createServer } from "node:http";
import "./page.js";

const real = globalThis.fetch;
const wait = globalThis.setTimeout;

export class Server {
  constructor() {
    this.routes = new Map(); // "GET /path" -> what answers (request: { url, headers, text }), a value or an answer
    this.asked = []; // "GET /path?query", in order
    this.server = createServer((request, response) => this.answer(request, response));
    this.origin = "";
  }

  async start() {
    await new Promise((done) => this.server.listen(0, "127.0.0.1", done));
    this.origin = `http://127.0.0.1:${this.server.address().port}`;
    globalThis.fetch = (address, options) => real(new URL(address, this.origin), options);
    return this;
  }

  on(route, act) {
    this.routes.set(route, act);
    return this;
  }

  async answer(request, response) {
    let text = "";
    for await (const part of request) text += part;
    this.asked.push(`${request.method} ${request.url}`);
    const url = new URL(request.url, this.origin);
    const act = this.routes.get(`${request.method} ${url.pathname}`);
    const found = act
      ? await act({ url, headers: request.headers, text })
      : { status: 404, body: { error: "nothing" } };
    const { status = 200, headers = {}, body = found } = found?.status ? found : {};
    response.writeHead(status, headers);
    response.end(
      body instanceof ArrayBuffer ? Buffer.from(body) : typeof body === "string" ? body : JSON.stringify(body),
    );
  }

  close() {
    this.server.closeAllConnections();
    this.server.close();
  }
}

class NoWebSocket {
  static CONNECTING = 0;
  static OPEN = 1;
  static CLOSED = 3;

  constructor() {
    this.readyState = NoWebSocket.CONNECTING;
    this.onclose = null;
    wait(() => {
      this.readyState = NoWebSocket.CLOSED;
      this.onclose?.();
    });
  }

  close() {
    this.readyState = NoWebSocket.CLOSED;
  }
}

Object.assign(globalThis, {
  WebSocket: NoWebSocket,
  // What waits for a second and more, as the page does at rest, does not keep Node from ending.
  setTimeout: (act, ms, ...more) => {
    const timer = wait(act, ms, ...more);
    if (ms >= 1000) timer.unref();
    return timer;
  },
});

// Waits until something holds.
export async function until(holds, what = holds) {
  const end = performance.now() + 20_000;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`never came: ${what}`);
    await new Promise((done) => wait(done, 5));
  }
}
