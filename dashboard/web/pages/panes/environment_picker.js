// Which environments are shown: a tree of all that have panes, of which one is looked at, or several side by side.
import { colour } from "../../charts/palette.js";
import { query } from "../../text/query.js";
import { node } from "../../ui/dom.js";
import { treeOf } from "./tree.js";

const FILTER_FROM = 9; // environments from which on they can be searched
const INDENT = 16; // px of a level

/**
 * The tree, for a popover.
 * @param {string[]} names of the environments that have panes
 * @param {Set<string>} chosen
 * @param {import("./view.js").Source} source
 * @param {(names: string[]) => void} choose
 */
export function environmentPicker(names, chosen, source, choose) {
  const list = node("div", { class: "environments", role: "tree", "aria-multiselectable": "true" });
  const search = node("input", {
    type: "search",
    placeholder: "Filter environments",
    "aria-label": "Filter environments: words or /regex/",
    autocomplete: "off",
    spellcheck: "false",
  });
  const hint = node("p", { class: "hint", text: "A name shows it alone; boxes show several side by side." });
  /** @param {Set<string>} now */
  const told = (now) => {
    choose(names.filter((name) => now.has(name)));
  };
  const draw = () => {
    const { test } = query(search.value);
    const found = names.filter((name) => test([name, source.label(name)]));
    list.replaceChildren(
      ...treeOf(found).map(({ label, depth, name, names: below }) => {
        const box = node("input", { type: "checkbox", "aria-label": `Beside the others: ${label}` });
        const on = below.filter((each) => chosen.has(each)).length;
        box.checked = on === below.length;
        box.indeterminate = on > 0 && on < below.length;
        box.addEventListener("change", () => {
          for (const each of below)
            if (box.checked) chosen.add(each);
            else chosen.delete(each);
          if (!chosen.size) chosen.add(below[0]); // something is always shown
          told(chosen);
          draw();
        });
        const button = node("button", { type: "button", class: "environment", title: name ?? label });
        if (name !== null) {
          const dot = node("i", { class: "dot" });
          dot.style.backgroundColor = colour(source.number(name));
          button.append(dot);
          const isLive = source.isLive(name);
          if (isLive) button.append(node("span", { class: "environment-live", title: "live", text: "●" }));
        }
        const shown = name !== null ? source.label(name) : label;
        button.append(
          node("span", { text: label }),
          ...(name !== null && shown !== name ? [node("span", { class: "hint", text: shown })] : []),
          ...(name === null ? [node("span", { class: "hint", text: String(below.length) })] : []),
        );
        button.addEventListener("click", () => {
          chosen.clear();
          for (const each of name === null ? below : [name]) chosen.add(each);
          told(chosen);
          draw();
        });
        const row = node("div", { class: "environment-row", role: "treeitem", "aria-level": depth + 1 }, box, button);
        row.setAttribute("aria-selected", String(name !== null && chosen.has(name)));
        row.style.paddingLeft = `${depth * INDENT}px`;
        return row;
      }),
    );
    if (!found.length) list.append(node("p", { class: "hint", text: "No environment matches" }));
  };
  search.addEventListener("input", draw);
  draw();
  return node("div", { class: "environment-picker" }, ...(names.length >= FILTER_FROM ? [search] : []), list, hint);
}
