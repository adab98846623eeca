// Drawings as files: what is written in a run's name is text in them, and never markup.
import assert from "node:assert/strict";
import { test } from "node:test";
import "./page.js";
import { Record } from "../../dashboard/web/charts/record.js";

function drawing(text) {
  const made = new Record();
  made.save();
  made.translate(10, 20);
  made.beginPath();
  made.rect(0, 0, 100, 100);
  made.clip();
  made.beginPath();
  made.moveTo(0, 0);
  made.lineTo(50, 1e6);
  made.strokeStyle = "#ff0000";
  made.setLineDash([6, 3]);
  made.globalAlpha = 0.5;
  made.stroke();
  made.restore();
  made.beginPath();
  made.arc(5, 5, 2);
  made.fill();
  made.fillRect(1, 2, 3, 4);
  made.font = "600 13px sans-serif";
  made.fillText(text, 7, 8);
  return made;
}

test("a text is escaped in SVG and in LaTeX, and control characters are left out", () => {
  const made = drawing("<script>&\"'\u0000 a_b 50% $x$ {−∞} \\end"),
    svg = made.svg(200, 100, "#fff"),
    pgf = made.pgf(200, 100);
  assert.ok(!svg.includes("<script>") && !svg.includes("\u0000") && svg.includes("&#60;script&#62;"));
  assert.ok(pgf.includes("a\\_b 50\\% \\$x\\$ \\{$-$$\\infty$\\} \\textbackslash{}end"));
  assert.equal((pgf.match(/\\begin\{/g) ?? []).length, (pgf.match(/\\end\{/g) ?? []).length);
});

test("shapes stand where they were drawn, cut where they leave their box", () => {
  const svg = drawing("x").svg(200, 100, "#fff", "one-");
  assert.match(svg, /clip-path="url\(#one-c0\)"/);
  assert.match(svg, /<clipPath id="one-c0"><rect x="10" y="20" width="100" height="100"\/>/);
  const path = /<path d="M10 20L([\d.]+) ([\d.]+)" fill="none" stroke="#ff0000"/.exec(svg);
  assert.ok(Number(path[2]) <= 170, "TeX knows no length of a million");
  assert.match(svg, /stroke-dasharray="6 3" stroke-opacity="0.5"/);
  assert.match(svg, /<text x="7" y="8"/);
  assert.match(svg, /<path d="M1 2L4 2L4 6L1 6Z" fill="#000"\/>/, "what was set before restore() is as it was");
});
