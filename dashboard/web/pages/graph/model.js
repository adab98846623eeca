// A graph as far as it has been asked for: the scopes that were fetched, and which of them are open.
import * as api from "../../core/api.js";
import { BoxWords } from "./box.js";

export const ROOT = 0;
export const REST = -1; // other ends that the server does not tell apart

export class GraphModel {
  constructor(run, about) {
    this.run = run;
    this.about = about; // the server's overview: hash, tag, tags, step, totals
    this.open = new Map(); // item -> "scope" | "one" | "spread"
    this.items = new Map(); // every box that was ever told of
    this.parents = new Map(); // item -> the scope it was shown in
    this.scopes = new Map(); // "12 one" -> answer
    this.words = new BoxWords();
    this.blocks = new Map(); // scope -> { sign, block }: laid out before, used again while nothing in them has changed
    this.blockSerial = 0;
    this.times = null; // item -> µs, once they were asked for and there are some
    for (const scope of about.scopes) this.#keep(scope);
    for (const [id, form] of Object.entries(about.open)) this.open.set(Number(id), form);
  }

  // The newest graph of a run; `opened` is what was open in the one before it, as [form, path].
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

  #keep(scope) {
    this.scopes.set(`${scope.id} ${scope.form}`, scope);
    for (const child of scope.children) {
      child.time = this.times?.get(child.id) ?? 0;
      this.items.set(child.id, child);
      this.parents.set(child.id, scope.id);
    }
  }

  // What is seen in an open item; undefined when it is closed or has not come yet.
  content(id) {
    const form = this.open.get(id);
    return form && this.scopes.get(`${id} ${form}`);
  }

  canOpen(id) {
    return (
      this.items.get(id)?.nodes !== undefined && ["scope", "group", "part", "fold"].includes(this.items.get(id).kind)
    );
  }

  usualForm(id) {
    return this.items.get(id)?.kind === "fold" ? "one" : "scope";
  }

  // Opens items: [[id, form], …], from the outside inwards; asks the server for all that is missing at once.
  async show(wanted) {
    const missing = wanted.filter(([id, form]) => !this.scopes.has(`${id} ${form}`));
    if (missing.length) {
      const ask = (spread) => missing.filter(([, form]) => (form === "spread") === spread).map(([id]) => id);
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

  hide(id) {
    if (id !== ROOT) this.open.delete(id);
  }

  // What is open and can be seen, outermost first.
  visible() {
    const found = [];
    const waiting = [ROOT];
    while (waiting.length) {
      const id = waiting.shift();
      const content = this.content(id);
      if (!content) continue;
      found.push(id);
      waiting.push(...content.children.map((child) => child.id).filter((child) => this.open.has(child)));
    }
    return found;
  }

  // What is open, as `load` takes it.
  opened() {
    return this.visible()
      .filter((id) => id !== ROOT)
      .map((id) => [this.open.get(id), this.content(id).path]);
  }

  // The item that stands for another end of an edge: a member of a fold that shows one for all is that fold.
  resolve(other, content) {
    const parent = content.others[other]?.parent;
    return parent !== undefined && this.open.get(parent) === "one" ? parent : Number(other);
  }

  nameOf(other, content) {
    return this.items.get(other)?.label ?? content.others[other]?.label ?? "";
  }

  // An item's label with those of the scopes it is shown in.
  way(id) {
    const labels = [];
    for (let at = id; at; at = this.parents.get(at)) labels.unshift(this.items.get(at)?.label ?? "");
    return labels;
  }

  async details(id) {
    return api.json("graph/item", { run: this.run, hash: this.about.hash, id });
  }

  // What was measured, in a profile of the run; whether there is any.
  async measure() {
    const told = await api.json("graph/times", { run: this.run, hash: this.about.hash });
    if (!told.times.length) return false;
    this.timed = told;
    this.times = new Map(told.times);
    for (const { children } of this.scopes.values())
      for (const child of children) child.time = this.times.get(child.id) ?? 0;
    return true;
  }

  async search(text) {
    return api.json("graph/search", { run: this.run, hash: this.about.hash, q: text });
  }
}
