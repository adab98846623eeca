// Environments side by side: what runs were run in, and where that differs.
import * as api from "../../core/api.js";
import * as format from "../../text/format.js";
import * as runs from "../../core/runs.js";
import { bytes } from "../../text/units.js";
import { colour } from "../../charts/palette.js";

const COLUMNS = 6;

const FACTS = [
  ["Host", (each) => each.host],
  ["Command", (each) => each.command?.join(" ") ?? each.script],
  ["Commit", (each) => each.git?.commit?.slice(0, 12)],
  ["Branch", (each) => each.git?.branch],
  ["Changed files", (each) => each.git?.changed],
  ["Python", (each) => each.python],
  ["System", (each) => each.platform],
  ["CPU", (each) => each.cpu && `${each.cpu.name} × ${each.cpu.cores}`],
  ["Memory", (each) => each.memory_bytes && bytes(each.memory_bytes)],
  [
    "GPUs",
    (each) =>
      each.gpus &&
      (each.gpus.length ? summed(each.gpus.map((gpu) => `${gpu.name}, ${bytes(gpu.memory_bytes)}`)) : "none"),
  ],
  ["Processes", (each) => each.processes],
];

const summed = (names) =>
  [...new Set(names)]
    .map((name) => {
      const n = names.filter((other) => other === name).length;
      return n > 1 ? `${n} × ${name}` : name;
    })
    .join(" · ");

export class Environments {
  constructor(element, scope) {
    Object.assign(this, {
      element,
      scope,
      shown: [],
      known: new Map(),
      different: false,
      folded: true,
      ready: false,
      diff: null,
    });
  }

  async show(shown) {
    this.hidden = Math.max(0, shown.length - COLUMNS);
    this.shown = shown.slice(0, COLUMNS).map((run) => run.name);
    await Promise.all(this.shown.filter((name) => !this.known.has(name)).map((name) => this.#load(name)));
    if (this.scope.isOver) return;
    this.ready = true;
    this.draw();
  }

  again(name) {
    if (this.shown.includes(name)) this.#load(name).then(() => !this.scope.isOver && this.draw());
  }

  async #load(name) {
    try {
      const { environments } = await api.json("environment", { run: name });
      // The first process speaks for all; that there are more is said.
      const own = environments.filter((each) => each.reason !== "child");
      const newest = own.findLast((each) => each.packages) ?? own.at(-1) ?? {};
      this.known.set(name, { ...newest, processes: own.length > 1 ? own.length : undefined });
    } catch {
      this.known.set(name, {});
    }
  }

  draw() {
    const { element } = this;
    element.hidden = !this.shown.length;
    if (!this.shown.length) return;
    const all = this.shown.map((name) => this.known.get(name) ?? {});
    const rows = FACTS.map(([title, of]) => [title, all.map((each) => of(each) ?? "")]).filter(([, values]) =>
      values.some((value) => value !== ""),
    );
    const packages = [...new Set(all.flatMap((each) => Object.keys(each.packages ?? {})))]
      .sort()
      .map((name) => [name, all.map((each) => (each.packages ? (each.packages[name] ?? "–") : ""))]);
    const differs = ([, values]) => new Set(values.map(String)).size > 1;
    const other = packages.filter(differs);
    const head = document.createElement("div");
    head.className = "profile-tools";
    head.append(Object.assign(document.createElement("h3"), { textContent: "Environment" }));
    const count = rows.filter(differs).length + other.length;
    const words = this.shown.length < 2 ? "" : count ? `${format.plural(count, "difference")}` : "no differences";
    head.append(
      Object.assign(document.createElement("span"), {
        className: "profile-hits",
        textContent: words + (this.hidden ? ` · the ${COLUMNS} newest runs, ${this.hidden} more` : ""),
      }),
    );
    if (this.shown.length > 1 && count) {
      const group = head.appendChild(
        Object.assign(document.createElement("div"), { className: "choice", role: "group" }),
      );
      for (const [flag, text] of [
        [false, "All"],
        [true, "Differences"],
      ]) {
        const pick = group.appendChild(Object.assign(document.createElement("button"), { textContent: text }));
        pick.setAttribute("aria-pressed", String(this.different === flag));
        pick.addEventListener("click", () => {
          this.different = flag;
          this.draw();
        });
      }
    }
    const table = document.createElement("table");
    table.className = "environment";
    const titles = table.createTHead().insertRow();
    titles.append(document.createElement("th"));
    for (const name of this.shown) {
      const cell = titles.appendChild(document.createElement("th"));
      const dot = cell.appendChild(Object.assign(document.createElement("i"), { className: "dot" }));
      dot.style.background = colour(runs.index(name));
      cell.append(name);
    }
    const body = table.createTBody();
    const add = ([title, values], kind = "") => {
      const row = body.insertRow();
      row.className = `${kind}${this.shown.length > 1 && differs([title, values]) ? " differs" : ""}`;
      row.append(Object.assign(document.createElement("th"), { textContent: title, scope: "row" }));
      for (const value of values) row.insertCell().textContent = String(value);
    };
    for (const row of rows) if (!this.different || differs(row)) add(row);
    if (packages.length) {
      const line = body.insertRow();
      line.className = "environment-fold";
      line.append(Object.assign(document.createElement("th"), { textContent: "Packages", scope: "row" }));
      const cell = line.insertCell();
      cell.colSpan = this.shown.length;
      cell.append(
        this.shown.length > 1
          ? `${packages.length} installed, ${other.length ? `${other.length} differ` : "the same everywhere"}`
          : `${packages.length} installed`,
      );
      const fold = cell.appendChild(
        Object.assign(document.createElement("button"), {
          className: "text-button",
          textContent: this.folded ? "Show all" : "Fold",
        }),
      );
      fold.addEventListener("click", () => {
        this.folded = !this.folded;
        this.draw();
      });
      const listed = this.folded || this.different ? other.slice(0, this.folded ? 12 : Infinity) : packages;
      for (const row of listed) add(row, "package");
    }
    const holder = Object.assign(document.createElement("div"), { className: "operations-scroll" });
    holder.append(table);
    element.replaceChildren(head, holder, ...this.#diffs(all));
  }

  #diffs(all) {
    const found = [];
    this.shown.forEach((name, i) => {
      const text = all[i].diff;
      if (!text) return;
      const details = document.createElement("details");
      details.className = "environment-diff";
      details.open = this.diff === name;
      details.addEventListener("toggle", () => {
        if (details.open) this.diff = name;
        else if (this.diff === name) this.diff = null;
      });
      const lines = text.split("\n");
      const added = lines.filter((line) => /^\+(?!\+\+)/.test(line)).length,
        removed = lines.filter((line) => /^-(?!--)/.test(line)).length;
      const summary = details.appendChild(document.createElement("summary"));
      summary.append(
        Object.assign(document.createElement("span"), { textContent: `What ${name} had changed since its commit` }),
        Object.assign(document.createElement("span"), { className: "added", textContent: `+${added}` }),
        Object.assign(document.createElement("span"), { className: "removed", textContent: `−${removed}` }),
      );
      const pre = details.appendChild(document.createElement("pre"));
      for (const line of lines) {
        const kind = line.startsWith("@@")
          ? "place"
          : /^(diff|index|---|\+\+\+)/.test(line)
            ? "file"
            : line.startsWith("+")
              ? "added"
              : line.startsWith("-")
                ? "removed"
                : "";
        pre.append(Object.assign(document.createElement("span"), { className: kind, textContent: `${line}\n` }));
      }
      found.push(details);
    });
    return found;
  }
}
