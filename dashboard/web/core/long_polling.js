// A line over plain HTTP, for where no WebSocket gets through, and used as one; see dashboard/live/long_polling.py.
import { parse } from "./dictionary.js";
import * as session from "./session.js";

export class Polling {
  /** @param {string} address */
  constructor(address) {
    this.address = address;
    this.tab = ""; // where this one asks
    this.onopen = () => {};
    /** @type {(message: { data: ArrayBuffer }) => void} */
    this.onmessage = () => {};
    this.onclose = () => {};
    /** @type {number} */
    this.readyState = WebSocket.CONNECTING;
    this.over = new AbortController();
    this.ask();
  }

  async ask() {
    try {
      const { tab } = parse(new TextDecoder().decode(await this.fetch(this.address, { method: "POST" })));
      this.tab = `${this.address}/${tab}`;
      this.readyState = WebSocket.OPEN;
      this.onopen();
      for (;;) this.onmessage({ data: await this.fetch(this.tab) });
    } catch (error) {
      this.close();
      if (!(error instanceof Unanswered)) throw error;
    }
  }

  /**
   * The bytes of an answer.
   * @param {string} address
   * @param {RequestInit} [options]
   * @returns {Promise<ArrayBuffer>}
   */
  async fetch(address, options = {}) {
    let why;
    try {
      const headers = /** @type {Record<string, string>} */ ({
        "content-type": "application/json",
        ...session.headers(),
      });
      const answer = session.heard(await fetch(address, { ...options, headers, signal: this.over.signal }));
      if (answer.ok && !session.isPage(answer)) return await answer.arrayBuffer();
      why = `the server answered ${answer.status}`;
    } catch (error) {
      why = String(error);
    }
    throw new Unanswered(why);
  }

  /** @param {string} text */
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

class Unanswered extends Error {} // the line broke
