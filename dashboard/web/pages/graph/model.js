// A graph as far as it has been asked for: the scopes that were fetched, and which of them are open.
import * as api from "../../core/api.js";
import { BoxWords } from "./box.js";

/** @typedef {"scope" | "one" | "spread"} Form how it is opened: of a fold, one member for all or every one */
/** @typedef {"scope" | "group" | "part" | "fold" | "op" | "input" | "parameter" | "output"} Kind */
/** @typedef {{ parameters?: number, flops?: number, bytes?: number }} Totals */
/**
 * A box, as the server tells of it.
 * @typedef {object} Item
 * @property {number} id
 * @property {string} label
 * @property {Kind} kind
 * @property {number} [parameters]
 * @property {number} [flops]
 * @property {number} [bytes]
 * @property {number} [time] µs, once it was measured
 * @property {number} nodes of a scope
 * @property {number} members of a fold
 * @property {[op: string, count: number][]} [ops] of a scope
 * @property {string} [op] of an operation
 * @property {string} [shape]
 * @property {string} [dtype]
 * @property {number} [loops] edges to itself
 * @property {number[]} [devices] their numbers in the overview's list
 */
/** @typedef {[from: number, to: number, count: number, shapes: string[]]} Joint */
/**
 * What is seen in a scope.
 * @typedef {object} Scope
 * @property {number} id
 * @property {Form} form
 * @property {string} path
 * @property {Item[]} children
 * @property {Joint[]} edges
 * @property {Joint[]} enters from other ends
 * @property {Joint[]} leaves to other ends
 * @property {Record<string, { label: string, parent?: number }>} others by their number
 * @property {number[]} rail children that are set aside, as all use them
 */
/**
 * The graph as a whole.
 * @typedef {object} About
 * @property {string} hash
 * @property {string} tag
 * @property {string[]} tags
 * @property {number} step
 * @property {number} wall_time
 * @property {number} nodes
 * @property {number} edges
 * @property {[op: string, count: number][]} ops
 * @property {string[]} devices
 * @property {Scope[]} scopes
 * @property {Record<string, Form>} open
 * @property {string[]} [notes]
 * @property {number} [parameters]
 * @property {number} [flops]
 * @property {number} [bytes]
 */
/** @typedef {{ id: number, name: string, op?: string, kind: Kind, up: [number, Form][] }} Hit up: to be opened first */
/** @typedef {{ total: number, found: Hit[] }} Hits */
/** @typedef {{ total: number, links: [id: number, name: string, shape: string][] }} Links */
/**
 * @typedef {object} Details
 * @property {string} name
 * @property {[number, Form][]} up
 * @property {Links} inputs
 * @property {Links} outputs
 * @property {[key: string, value: string][]} [attrs]
 */
/**
 * What a profile measured.
 * @typedef {{ times: [id: number, us: number][], tag: string, step: number, named: number, total: number }} Timed
 */

export const ROOT = 0;
export const REST = -1; // other ends that the server does not tell apart

export class GraphModel {
  /**
   * @param {string} run
   * @param {About} about
   */
  constructor(run, about) {
    this.run = run;
    this.about = about; // the server's overview: hash, tag, tags, step, totals
    /** @type {Map<number, Form>} */
    this.open = new Map();
    /** @type {Map<number, Item>} */
    this.items = new Map(); // every box that was ever told of
    /** @type {Map<number, number>} */
    this.parents = new Map(); // item -> the scope it was shown in
    /** @type {Map<string, Scope>} */
    this.scopes = new Map(); // "12 one" -> answer
    this.words = new BoxWords();
    /** @type {import("./place.js").Cache} */
    this.blocks = new Map(); // laid out before, used again while nothing in them has changed
    this.blockSerial = 0;
    /** @type {Map<number, number> | null} */
    this.times = null; // item -> µs, once they were asked for and there are some
    /** @type {Timed | null} */
    this.timed = null;
    this.asked = ""; // the profiles that were asked for their times
    for (const scope of about.scopes) this.#keep(scope);
    for (const [id, form] of Object.entries(about.open)) this.open.set(Number(id), form);
  }

  /**
   * The newest graph of a run.
   * @param {string} run
   * @param {string | null} tag
   * @param {[Form, string][]} [opened] what was open in the one before it, with its path
   */
  static async load(run, tag, opened = []) {
    // Kept short enough for an address: what is open deepest is given up first.
    const paths = opened
      .map(([form, path]) => `${form}|${path}`)
      .filter((each) => each.length < 400)
      .slice(0, 60);
    return new GraphModel(
      run,
      await api.json("graph/overview", { run, tag, open: paths.length ? paths.join("\n") : null }),
    );
  }

  /** @param {Scope} scope */
  #keep(scope) {
    this.scopes.set(`${scope.id} ${scope.form}`, scope);
    for (const child of scope.children) {
      child.time = this.times?.get(child.id) ?? 0;
      this.items.set(child.id, child);
      this.parents.set(child.id, scope.id);
    }
  }

  // What is seen in an open item; undefined when it is closed or has not come yet.
  /** @param {number} id */
  content(id) {
    const form = this.open.get(id);
    return form && this.scopes.get(`${id} ${form}`);
  }

  /** @param {number} id */
  canOpen(id) {
    return (
      this.items.get(id)?.nodes !== undefined &&
      ["scope", "group", "part", "fold"].includes(this.items.get(id)?.kind ?? "")
    );
  }

  /**
   * @param {number} id
   * @returns {Form}
   */
  usualForm(id) {
    return this.items.get(id)?.kind === "fold" ? "one" : "scope";
  }

  /**
   * Opens items, from the outside inwards; asks the server for all that is missing at once.
   * @param {[number, Form][]} wanted
   */
  async show(wanted) {
    const missing = wanted.filter(([id, form]) => !this.scopes.has(`${id} ${form}`));
    if (missing.length) {
      /** @param {boolean} spread */
      const ask = (spread) => missing.filter(([, form]) => (form === "spread") === spread).map(([id]) => id);
      /** @type {{ scopes: Scope[] }} */
      const { scopes } = await api.json("graph/scopes", {
        run: this.run,
        hash: this.about.hash,
        id: ask(false).join(),
        spread: ask(true).join(),
      });
      scopes.forEach((scope) => this.#keep(scope));
    }
    for (const [id, form] of wanted) this.open.set(id, form);
  }

  /** @param {number} id */
  hide(id) {
    if (id !== ROOT) this.open.delete(id);
  }

  // What is open and can be seen, outermost first.
  visible() {
    const found = [];
    const waiting = [ROOT];
    for (let id; (id = waiting.shift()) !== undefined; ) {
      const content = this.content(id);
      if (!content) continue;
      found.push(id);
      waiting.push(...content.children.map((child) => child.id).filter((child) => this.open.has(child)));
    }
    return found;
  }

  /**
   * What is open, as `load` takes it.
   * @returns {[Form, string][]}
   */
  opened() {
    return this.visible().flatMap((id) => {
      const content = this.content(id);
      return id === ROOT || !content ? [] : [[content.form, content.path]];
    });
  }

  // The item that stands for another end of an edge: a member of a fold that shows one for all is that fold.
  /**
   * @param {number} other
   * @param {Scope} content
   */
  resolve(other, content) {
    const parent = content.others[other]?.parent;
    return parent !== undefined && this.open.get(parent) === "one" ? parent : Number(other);
  }

  /**
   * @param {number} other
   * @param {Scope} content
   */
  nameOf(other, content) {
    return this.items.get(other)?.label ?? content.others[other]?.label ?? "";
  }

  // An item's label with those of the scopes it is shown in.
  /** @param {number} id */
  way(id) {
    const labels = [];
    for (let at = id; at; at = this.parents.get(at) ?? ROOT) labels.unshift(this.items.get(at)?.label ?? "");
    return labels;
  }

  /**
   * @param {number} id
   * @returns {Promise<Details>}
   */
  async details(id) {
    return api.json("graph/item", { run: this.run, hash: this.about.hash, id });
  }

  // What was measured, in a profile of the run; whether there is any.
  async measure() {
    /** @type {Timed} */
    const told = await api.json("graph/times", { run: this.run, hash: this.about.hash });
    if (!told.times.length) return false;
    this.timed = told;
    this.times = new Map(told.times);
    for (const { children } of this.scopes.values())
      for (const child of children) child.time = this.times.get(child.id) ?? 0;
    return true;
  }

  /**
   * @param {string} text
   * @returns {Promise<Hits>}
   */
  async search(text) {
    return api.json("graph/search", { run: this.run, hash: this.about.hash, q: text });
  }

  // The item of a path, or the scope nearest to it; null where there is neither.
  /**
   * @param {string} path
   * @returns {Promise<Hit | null>}
   */
  async nearest(path) {
    const parts = path.split("/");
    for (let length = parts.length; length; length--) {
      const wanted = parts.slice(0, length).join("/");
      const hit = (await this.search(wanted)).found.find(({ name }) => name === wanted);
      if (hit) return hit;
    }
    return null;
  }
}
