// The order of groups of tags, as tests/tracker/test_inner_tags.py holds the same table.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { groupOf, rankOf } from "../../dashboard/web/text/tag_order.js";

const KNOWN = JSON.parse(readFileSync(new URL("tag_groups.json", import.meta.url), "utf8"));

test("groups of tags: training first, then a user's own, what layers and steps did, machines last", () => {
  const groups = [...KNOWN.machines, ...KNOWN.inner, ...KNOWN.outer].sort((a, b) => rankOf(a) - rankOf(b));
  assert.deepEqual(groups.slice(0, 3), ["train", "val", ""]);
  assert.deepEqual(new Set(groups.slice(0, KNOWN.outer.length)), new Set(KNOWN.outer));
  assert.deepEqual(new Set(groups.slice(-KNOWN.machines.length)), new Set(KNOWN.machines));
  assert.deepEqual(["train/loss", "loss", "a/b/c"].map(groupOf), ["train", "", "a"]);
});
