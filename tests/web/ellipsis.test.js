// Names that are cut: what tells them apart stays, and no letter is lost for who reads the page by ear.
import assert from "node:assert/strict";
import { test } from "node:test";
import "./page.js";
import { clipped, clippedPath, shortened, tellApart, within } from "../../dashboard/web/text/ellipsis.js";
import { Numbers, some } from "./random.js";

const context = document.createElement("canvas").getContext("2d"); // 7 px a letter

test("a text for a canvas fits, keeps both ends, and is whole where it fits", () => {
  for (let letters = 1; letters < 40; letters++) {
    const text = "abcdefghijklmnopqrstuvwxyz".slice(0, Math.min(26, letters));
    for (const width of [21, 50, 100, 200]) {
      const made = shortened(context, text, width);
      assert.ok(made.length * 7 <= width);
      if (text.length * 7 <= width) assert.equal(made, text);
      else {
        const [head, tail] = made.split("…");
        assert.ok(text.startsWith(head) && text.endsWith(tail) && tail.length - head.length <= 1);
      }
    }
  }
});

test("of any names the parts that are kept differ wherever a short part can tell them apart", () => {
  const numbers = new Numbers(5);
  assert.deepEqual(
    [...tellApart(["a/lr0.1/x", "a/lr0.2/x"]).values()].map(([a, b]) => "a/lr0.1/x".slice(a, b)),
    ["lr0.1", "lr0.1"],
  );
  assert.deepEqual(tellApart(["one"]).get("one"), [0, 3]);
  for (let i = 0; i < some(0.05); i++) {
    const begin = "run-".repeat(1 + numbers.below(3)),
      end = "/x".repeat(numbers.below(4));
    const names = Array.from({ length: 2 + numbers.below(9) }, (_, k) => `${begin}${k}${end}`);
    const parts = tellApart(names);
    const kept = names.map((name) => name.slice(...parts.get(name)));
    assert.equal(new Set(kept).size, names.length, kept.join());
  }
});

test("an element holds the whole text, the part that stays in the middle", () => {
  const texts = (element) =>
    element.children.map(({ className, textContent }) => `${className.slice(8)}:${textContent}`);
  assert.deepEqual(texts(clipped("short")), ["kept:short"]);
  const long = "a-very-long-name-of-a-run-with-seed-12345";
  assert.deepEqual(texts(clipped(long)), [`head:${long.slice(0, -16)}`, `kept:${long.slice(-16)}`]);
  assert.deepEqual(texts(clipped(long, [2, 6])), ["head:a-", "kept:very", `tail:${long.slice(6)}`]);
  assert.deepEqual(texts(clipped(long, [6, 6])), texts(clipped(long)), "an empty part is none");
});

test("a part of a name is one of its path too", () => {
  assert.deepEqual(within([3, 9], 4, 20), [0, 5]);
  assert.deepEqual(clippedPath("sweep/lr0.1/", null), { children: ["sweep/lr0.1/"], kept: 0 });
  const { children, kept } = clippedPath("sweep-of-many-things/lr0.1/", [21, 26]);
  assert.equal(kept, 8, "the slash after it, and an ellipsis before");
  assert.equal(children[0].textContent, "sweep-of-many-things/lr0.1/");
  assert.equal(clippedPath("a/", [0, 2]).kept, 0);
});
