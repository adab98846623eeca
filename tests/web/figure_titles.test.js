// Figures made for older versions of Plotly keep their titles.
import assert from "node:assert/strict";
import { test } from "node:test";

import { withTitles } from "../../dashboard/web/ui/figure_titles.js";

test("a title that is a text is heard, wherever it stands", () => {
  const figure = withTitles({
    data: [{ type: "heatmap", colorbar: { title: "z", titleside: "right" }, meta: { title: "own" } }],
    layout: { title: "figure", xaxis: { title: 3 }, scene: { zaxis: { title: "depth" } } },
  });
  assert.deepEqual(figure.data[0].colorbar, { title: { text: "z", side: "right" } });
  assert.deepEqual(figure.data[0].meta, { title: "own" });
  assert.deepEqual(figure.layout.title, { text: "figure" });
  assert.deepEqual(figure.layout.xaxis.title, { text: "3" });
  assert.deepEqual(figure.layout.scene.zaxis.title, { text: "depth" });
});

test("what was said of its font goes with it, unless it says so itself", () => {
  const { layout } = withTitles({
    layout: {
      yaxis: { title: "Y", titlefont: { color: "red" } },
      yaxis2: { title: { text: "Y2", font: { color: "blue" } }, titlefont: { color: "red" } },
    },
  });
  assert.deepEqual(layout.yaxis, { title: { text: "Y", font: { color: "red" } } });
  assert.deepEqual(layout.yaxis2, { title: { text: "Y2", font: { color: "blue" } } });
});

test("what has no title, is none, or is deeper than the stack stays", () => {
  for (const odd of [null, 3, [], {}, { layout: null }, { layout: { title: null } }])
    assert.equal(withTitles(odd), odd);
  const deep = {};
  let at = deep;
  for (let i = 0; i < 100_000; i++) at = at.a = {};
  at.title = "bottom";
  withTitles(deep);
  assert.deepEqual(at.title, { text: "bottom" });
});
