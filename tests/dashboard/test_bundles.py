"""Bundles mean what the modules mean: Node runs both, and is the judge."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from dashboard.http.bundles import BundleError, Bundles, of_the_page

MODULES = {
    "app.js": """
        import "./effect.js";
        import * as count from "./core/count.js";
        import { Shape, area as size } from "./core/shape.js";
        import { first, second } from "./core/listed.js";
        import {
          generated,
          later,
        } from "./core/shape.js";
        count.add();
        export const isThere = "export const not = 1;";
        export async function told() {
          const page = await import("./pages/one/page.js");
          const again = await import("./pages/one/page.js");
          return [globalThis.effects, count.total, size(new Shape(3)), first, second(), [...generated()], await later(), isThere,
            page.mount(), page === again, count.total, (await import("./pages/two/page.js")).mount(), page.mount()];
        }
        globalThis.told = told;
    """,
    "effect.js": "globalThis.effects = [...(globalThis.effects ?? []), 'effect'];\n",
    "core/count.js": """
        import "../effect.js";
        export let total = 0;
        export function add() { total += 1; }
    """,
    "core/shape.js": """
        /** @typedef {import("./count.js").Total} Total */
        export class Shape { constructor(side) { this.side = side; } }
        export const area = ({ side }) => side ** 2;
        export function* generated() { yield 1; yield 2; }
        export async function later() { return "later"; }
    """,
    "core/listed.js": """
        const first = 1;
        const second = () => first + 1;
        export { first, second };
    """,
    "pages/one/page.js": """
        import * as count from "../../core/count.js";
        import { only } from "./only.js";
        import { next } from "../../ui/shared.js";
        export const mount = () => { count.add(); return [count.total, only, next()]; };
    """,
    "pages/two/page.js": """
        import { next } from "../../ui/shared.js";
        export const mount = () => next();
    """,
    "ui/shared.js": "let n = 0;\nexport const next = () => (n += 1);\n",
    "pages/one/only.js": "globalThis.effects.push('only');\nexport const only = `needs ${1}`;\n",
}  # fmt: skip


PAGES = ["pages/one/page.js", "pages/two/page.js"]


def tree(folder: Path, modules: dict[str, str]) -> Path:
    """The modules, each line at the beginning of its own as all of ours stand."""
    for name, text in modules.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        lines = text.splitlines()
        (folder / name).write_text("\n".join(line.removeprefix("        ") for line in lines) + "\n")
    (folder / "package.json").write_text('{"type": "module"}')
    return folder


def ran(folder: Path, entry: str) -> list[object]:
    script = f'import "./{entry}"; console.log(JSON.stringify(await globalThis.told()));'
    node = shutil.which("node")
    assert node is not None
    done = subprocess.run(
        [node, "--input-type=module", "-e", script], cwd=folder, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return list(json.loads(done.stdout))


def test_a_bundle_does_what_its_modules_do(tmp_path: Path) -> None:
    folder = tree(tmp_path / "modules", MODULES)
    bundles = Bundles("app.js", PAGES, folder)
    packed = tree(tmp_path / "bundles", {bundles.name_of(entry): bundles.make(entry) for entry in bundles.entries})

    expected = ran(folder, "app.js")

    assert (expected[1], expected[-3]) == (1, 2), "what was imported has changed since"
    assert expected[-2:] == [2, [3, "needs 1", 3]], "pages share what only they need"
    assert ran(packed, "app.bundle.js") == expected
    assert not list(packed.rglob("only.js")), "nothing else is asked for"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"app.js": 'import { total } from "./core/count.js";\n'}, r"total of core/count\.js may change"),
        ({"core/count.js": 'import "../app.js";\nexport let total = 0;\n'}, r"app\.js needs itself"),
        ({"app.js": 'export * from "./core/shape.js";\n'}, r"export \* from"),
        ({"app.js": "export default 1;\n"}, "export default 1"),
        ({"app.js": 'const it = () => import("./core/shape.js");\n'}, r"core/shape\.js is imported later"),
        ({"app.js": 'import Shape from "./core/shape.js";\n'}, "import Shape from"),
    ],
)
def test_what_a_bundle_cannot_keep_is_refused(tmp_path: Path, changes: dict[str, str], told: str) -> None:
    folder = tree(tmp_path, {**MODULES, **changes})
    with pytest.raises(BundleError, match=told):
        Bundles("app.js", PAGES, folder).make("app.js")


def test_the_bundle_of_every_page_is_a_script(tmp_path: Path) -> None:
    bundles = of_the_page()
    node = shutil.which("node")
    assert node is not None
    assert len(bundles.entries) > 10
    texts = [bundles.make(entry) for entry in bundles.entries]
    for number, text in enumerate(texts):
        (tmp_path / f"{number}.mjs").write_text(text)
    check = "import { execFileSync as run } from 'node:child_process';" + "".join(
        f"run(process.execPath, ['--check', '{number}.mjs']);" for number in range(len(texts))
    )
    done = subprocess.run([node, "--input-type=module", "-e", check], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
