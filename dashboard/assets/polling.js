// A line over plain HTTP, for where no WebSocket gets through, and used as one; see dashboard/polling.py.
import { parse } from "./dictionary.js";
import * as session from "./session.js";

export class Polling {
  constructor(address) {
    this.address = address;
    this.readyState = WebSocket.CONNECTING;
    this.over = new AbortController();
    this.ask();
  }

  async ask() {
    try {
      const { tab } = parse(await (await this.fetch(this.address, { method: "POST" })).text());
      this.tab = `${this.address}/${tab}`;
      this.readyState = WebSocket.OPEN;
      this.onopen();
      for (;;) {
        const answer = await this.fetch(this.tab);
        this.onmessage({ data: await answer.arrayBuffer() });
      }
    } catch (error) {
      if (error instanceof TypeError || error.name === "AbortError" || error instanceof Unanswered) this.close(); // a line that broke
      else { this.close(); throw error; } // a fault of ours
    }
  }

  async fetch(address, options = {}) {
    const answer = session.heard(await fetch(address, { ...options, headers: { "content-type": "application/json", ...session.headers() }, signal: this.over.signal }));
    if (!answer.ok) throw new Unanswered(`the server answered ${answer.status}`);
    return answer;
  }

  send(text) {
    this.fetch(this.tab, { method: "POST", body: text }).catch(() => this.close());
  }

  close() {
    if (this.readyState === WebSocket.CLOSED) return;
    this.readyState = WebSocket.CLOSED;
    this.over.abort();
    this.onclose();
  }
}

class Unanswered extends Error {}
