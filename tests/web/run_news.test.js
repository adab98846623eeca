// Runs that changed are put in order and told in one go where that is brief; of very many the page answers in between.
import "./page.js";
import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { runNews } from "../../dashboard/web/core/run_news.js";

for (const [what, takes, done] of [
  ["few", 1, ["arranged", "told run"]],
  ["very many", 100, ["arranged"]],
])
  test(`news of ${what} runs`, async () => {
    let now = 0;
    mock.method(performance, "now", () => now);
    mock.timers.enable({ apis: ["setTimeout"] });
    const seen = [];
    const arrange = () => {
      seen.push("arranged");
      now += takes;
    };
    const { soon } = runNews(arrange, (kind) => seen.push(`told ${kind}`));
    soon("run");
    soon("run");
    await Promise.resolve();
    assert.deepEqual(seen, done);
    mock.timers.tick(1);
    assert.deepEqual(seen, ["arranged", "told run"]);
    mock.timers.reset();
    mock.restoreAll();
  });
