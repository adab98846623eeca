// A confusion matrix of one run: rows what is true, columns what was predicted, shaded by their share of the row.
import * as format from "../../text/format.js";
import * as runTip from "../../ui/run_tip.js";
import * as runs from "../../core/runs.js";
import { colour, css } from "../../charts/palette.js";
import { prepared } from "../../charts/chart.js";

const LARGEST = 24; // classes up to which each has a number in its cell; more are drawn as a picture

export class ConfusionTable {
  constructor(name) {
    this.name = name;
    this.element = Object.assign(document.createElement("figure"), { className: "confusion" });
    this.element.innerHTML =
      '<figcaption><i class="dot"></i><span></span><output></output></figcaption><div class="confusion-body"></div><dl></dl>';
    this.element.querySelector("figcaption span").textContent = name;
  }

  show(counts, classes, said, step) {
    const { element } = this;
    element.querySelector(".dot").style.background = colour(runs.index(this.name));
    element.querySelector("output").textContent = `step ${format.step(step)}`;
    const size = classes.length;
    this.rows = Array.from({ length: size }, (_, i) => counts.slice(i * size, (i + 1) * size));
    this.totals = this.rows.map((row) => row.reduce((sum, each) => sum + each, 0));
    const body = element.querySelector(".confusion-body");
    if (size <= LARGEST) this.fill(body, classes);
    else this.paint(body, classes);
    const list = said.length ? said : this.overall();
    element.querySelector("dl").replaceChildren(
      ...list.flatMap(([word, value]) => [
        Object.assign(document.createElement("dt"), { textContent: word }),
        Object.assign(document.createElement("dd"), {
          textContent: Number.isNaN(value) ? "–" : format.value(value, 3),
        }),
      ]),
    );
  }

  overall() {
    const all = this.totals.reduce((sum, each) => sum + each, 0),
      right = this.rows.reduce((sum, row, i) => sum + row[i], 0);
    const recalls = this.rows.map((row, i) => row[i] / this.totals[i]).filter((each) => !Number.isNaN(each));
    return [
      ["accuracy", right / all],
      ["mean recall", recalls.reduce((sum, each) => sum + each, 0) / recalls.length],
      ["elements", all],
    ];
  }

  fill(body, classes) {
    const table = document.createElement("table");
    table.className = classes.length > 6 ? "is-many" : "";
    const head = table.createTHead().insertRow();
    const corner = head.appendChild(document.createElement("th"));
    corner.textContent = "is ↓  taken for →";
    for (const name of classes)
      head.append(Object.assign(document.createElement("th"), { textContent: name, title: name, scope: "col" }));
    const rows = table.createTBody();
    this.rows.forEach((row, i) => {
      const line = rows.insertRow();
      line.append(
        Object.assign(document.createElement("th"), { textContent: classes[i], title: classes[i], scope: "row" }),
      );
      row.forEach((count, j) => {
        const cell = line.insertCell(),
          share = this.totals[i] > 0 ? count / this.totals[i] : 0;
        cell.textContent = format.value(count, 4);
        cell.title = `${format.value(count)} of ${format.value(this.totals[i])} that are ${classes[i]} were taken for ${classes[j]} (${(100 * share).toFixed(1)} %)`;
        cell.style.setProperty("--share", `${Math.round(62 * share)}%`);
        cell.className = i === j ? "is-right" : "is-wrong";
      });
    });
    body.replaceChildren(table);
  }

  paint(body, classes) {
    const canvas = body.querySelector("canvas") ?? document.createElement("canvas");
    if (!canvas.isConnected) body.replaceChildren(canvas);
    const size = 320,
      cell = size / classes.length;
    canvas.style.width = canvas.style.height = `${size}px`;
    const context = prepared(canvas, size, size);
    this.rows.forEach((row, i) =>
      row.forEach((count, j) => {
        if (!count) return;
        context.globalAlpha = 0.12 + 0.88 * (count / this.totals[i]);
        context.fillStyle = i === j ? css("--accent") : css("--bad");
        context.fillRect(j * cell, i * cell, Math.max(1, cell), Math.max(1, cell));
      }),
    );
    canvas.onpointermove = (event) => {
      const i = Math.floor(event.offsetY / cell),
        j = Math.floor(event.offsetX / cell);
      if (this.rows[i]?.[j] !== undefined)
        runTip.show(event, this.name, [
          ["is", classes[i]],
          ["taken for", classes[j]],
          ["count", format.value(this.rows[i][j])],
          ["of", format.value(this.totals[i])],
        ]);
    };
    canvas.onpointerleave = runTip.hide;
  }
}
