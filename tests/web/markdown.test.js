// Markdown as elements: what is understood becomes one, and no text becomes markup.
import assert from "node:assert/strict";
import { test } from "node:test";
import "./page.js";
import { losesBlanks, markdown } from "../../dashboard/web/ui/markdown.js";
import { Numbers, some } from "./random.js";

const inside = (text) => markdown(text).markup.replace(/^<div class="prose">|<\/div>$/g, "");

test("blocks", () => {
  const cases = [
    ["# One\n###### Six #", "<h3>One</h3><h6>Six</h6>"],
    ["a\nb\n\nc", "<p>a\nb</p><p>c</p>"],
    [
      "- a\n- b\n  - c\n\n1. x\n2. y",
      "<ul><li>a</li><li><p>b</p><ul><li>c</li></ul></li></ul><ol><li>x</li><li>y</li></ol>",
    ],
    ["> a\n> > b", "<blockquote><p>a</p><blockquote><p>b</p></blockquote></blockquote>"],
    ["```py\n*x*\n```\nafter", "<pre><code>*x*</code></pre><p>after</p>"],
    ["~~~\nnever closed", "<pre><code>never closed</code></pre>"],
    ["    code\n\n    more", "<pre><code>code\n\nmore</code></pre>"],
    ["---", "<hr></hr>"],
    [
      "a | b\n--|:-:\n1 | 2",
      '<div class="prose-table"><table><thead><tr><th class="to-left">a</th><th class="to-center">b</th></tr></thead><tbody><tr><td class="to-left">1</td><td class="to-center">2</td></tr></tbody></table></div>',
    ],
    ["a\r\nb", "<p>a\nb</p>"],
    ["", ""],
  ];
  for (const [text, wanted] of cases) assert.equal(inside(text), wanted, JSON.stringify(text));
  assert.equal(markdown("7. seven").children[0].start, 7);
});

test("what stands in a line", () => {
  const cases = [
    ["`a*b*`", "<code>a*b*</code>"],
    ["**a** __b__", "<strong>a</strong> <strong>b</strong>"],
    ["*a* _b_ ~~c~~", "<em>a</em> <em>b</em> <del>c</del>"],
    ["**a *b* c**", "<strong>a <em>b</em> c</strong>"],
    ["snake_case_name", "snake_case_name"],
    ["2 * 3 * 4", "2 * 3 * 4"],
    ["\\*a\\*", "*a*"],
    ["a  \nb", "a<br></br>b"],
  ];
  for (const [text, wanted] of cases) assert.equal(inside(text), `<p>${wanted}</p>`, text);
});

test("only addresses of the web are linked, in a tab that knows nothing of ours", () => {
  assert.match(
    inside("[a](https://b.example/c)"),
    /<a href="https:\/\/b.example\/c" target="_blank" rel="noopener noreferrer"/,
  );
  for (const address of [
    "javascript:alert(1)",
    "data:text/html,x",
    "file:///etc/passwd",
    "//b.example",
    "relative",
    "JaVaScRiPt:x",
  ])
    assert.ok(!inside(`[a](${address})`).includes("<a "), address);
  assert.ok(!inside("![a](https://b.example/c.png)").includes("<img"), "nothing is loaded");
  assert.ok(inside("![a](https://b.example/c.png)").includes("[a]"));
});

test("whatever is written, its letters are shown and it comes to an end", () => {
  const numbers = new Numbers(141),
    parts = [
      "# ",
      "- ",
      "1. ",
      "> ",
      "```\n",
      "\n",
      "\n\n",
      "    ",
      "a",
      "b c",
      "*",
      "**",
      "_",
      "`",
      "|",
      "--|--\n",
      "[x](y)",
      "~~",
      "\\",
      "<b>",
    ];
  for (let i = 0; i < some(0.3); i++) {
    const text = Array.from({ length: numbers.below(30) }, () => numbers.one(parts)).join(""),
      shown = markdown(text).textContent,
      letters = (each) => each.replace(/\[x\]\(y\)/g, "x").match(/[abc]/g)?.length ?? 0;
    // The word after a fence names a language and is not shown.
    if (!/```|~~~/.test(text)) assert.equal(letters(shown), letters(text), JSON.stringify(text));
  }
  const deep = markdown(`${"> ".repeat(500)}x`);
  assert.ok(deep.textContent.includes("x"));
  assert.ok(markdown("*a_[".repeat(2000)).textContent.includes("a"));
});

test("code and traces outside a fence would lose what they are indented by", () => {
  for (const [text, wanted] of [
    ["def f():\n    return 1", true],
    ["a\n\n    code", false],
    ["```\nx\n    y\n```", false],
    ["- a\n    b", false],
    ["plain", false],
    ["    first", false],
  ])
    assert.equal(losesBlanks(text), wanted, text);
});
