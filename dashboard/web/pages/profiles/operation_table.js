// The table of operations: what took the time, sorted as asked.
import * as format from "../../text/format.js";
import { dictionary } from "../../core/dictionary.js";
import { brief } from "./flame_model.js";
import { compareNames } from "../../text/name_order.js";
import { time } from "../../text/units.js";

const SHOWN = 30;
const COLUMNS = [
  ["name", "Operation", (row) => row.name],
  ["device", "Device", (row) => row.device],
  ["count", "Count", (row) => row.count],
  ["self", "Own time", (row) => row.self],
  ["total", "With what it calls", (row) => row.total],
  ["mean", "Mean", (row) => row.total / row.count],
  ["longest", "Longest", (row) => row.longest],
];

export class OperationTable {
  constructor(element, rows, choose) {
    Object.assign(this, { element, rows, choose, key: "self", down: true, all: false, device: "" });
    this.draw();
  }

  draw() {
    const { element } = this;
    const devices = [...new Set(this.rows.map((row) => row.device))].sort(compareNames);
    const value = COLUMNS.find(([key]) => key === this.key)[2];
    const sign = this.down ? -1 : 1;
    const rows = this.rows
      .filter((row) => !this.device || row.device === this.device)
      .sort((a, b) => {
        const x = value(a),
          y = value(b);
        return sign * (x < y ? -1 : x > y ? 1 : 0);
      });
    const whole = dictionary();
    for (const row of this.rows) whole[row.device] = (whole[row.device] ?? 0) + row.self;
    const head = document.createElement("div");
    head.className = "profile-tools";
    head.append(
      Object.assign(document.createElement("h3"), { textContent: "Operations" }),
      Object.assign(document.createElement("span"), {
        className: "profile-hits",
        textContent: format.plural(rows.length, "kind"),
      }),
    );
    if (devices.length > 1) {
      const group = head.appendChild(
        Object.assign(document.createElement("div"), { className: "choice", role: "group" }),
      );
      group.setAttribute("aria-label", "Device");
      for (const [key, words] of [["", "All"], ...devices.map((device) => [device, device.toUpperCase()])]) {
        const pick = group.appendChild(Object.assign(document.createElement("button"), { textContent: words }));
        pick.setAttribute("aria-pressed", String(this.device === key));
        pick.addEventListener("click", () => {
          this.device = key;
          this.draw();
        });
      }
    }
    const table = document.createElement("table");
    table.className = "operations";
    const titles = table.createTHead().insertRow();
    for (const [key, words] of COLUMNS) {
      const cell = titles.appendChild(document.createElement("th"));
      const sort = cell.appendChild(Object.assign(document.createElement("button"), { textContent: words }));
      if (key === this.key) cell.setAttribute("aria-sort", this.down ? "descending" : "ascending");
      sort.addEventListener("click", () => {
        this.down = key === this.key ? !this.down : key !== "name" && key !== "device";
        this.key = key;
        this.draw();
      });
    }
    const body = table.createTBody();
    for (const row of this.all ? rows : rows.slice(0, SHOWN)) {
      const line = body.insertRow();
      const name = line
        .insertCell()
        .appendChild(
          Object.assign(document.createElement("button"), { textContent: brief(row.name), title: row.name }),
        );
      name.addEventListener("click", () => this.choose(row.name));
      line.insertCell().textContent = row.device.toUpperCase();
      line.insertCell().textContent = row.count.toLocaleString("en-US");
      const share = line.insertCell();
      share.className = "share";
      const part = row.self / (whole[row.device] || 1);
      share.append(Object.assign(document.createElement("span"), { textContent: time(row.self) }));
      const bar = share.appendChild(document.createElement("i"));
      bar.style.setProperty("--share", `${100 * part}%`);
      share.append(
        Object.assign(document.createElement("span"), {
          className: "percent",
          textContent: `${(100 * part).toFixed(part < 0.1 ? 1 : 0)} %`,
        }),
      );
      for (const us of [row.total, row.total / row.count, row.longest]) line.insertCell().textContent = time(us);
    }
    const holder = Object.assign(document.createElement("div"), { className: "operations-scroll" });
    holder.append(table);
    element.replaceChildren(head, holder);
    if (rows.length > SHOWN) {
      const more = element.appendChild(
        Object.assign(document.createElement("button"), {
          className: "text-button",
          textContent: this.all ? "Show fewer" : `Show all ${rows.length.toLocaleString("en-US")}`,
        }),
      );
      more.addEventListener("click", () => {
        this.all = !this.all;
        this.draw();
      });
    }
  }
}
