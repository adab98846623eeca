"""Rules of the page's modules: whom they may import, and by what road things come to them."""

from __future__ import annotations

import posixpath
import re

from house_tree import WEB, Breach, Tree, circles, named, scripts, web_room

WEB_ROOMS: dict[str, set[str]] = {
    "text": set(),
    "gl": set(),
    "charts": {"text"},
    "core": {"text"},
    "ui": {"text", "core", "charts"},
    "pages": {"text", "core", "charts", "gl", "ui"},
}
"""Whom a folder of the page may know; files beside them (app.js, report.js, keys.js) know all."""

WEB_ACROSS = {
    (
        "core/curve_series.js",
        "charts/curve.js",
    ): "what is kept are curves; a curve knows nothing but how it is smoothed",
    ("core/session.js", "ui/menu.js"): "asks for a token in a dialog when the server does not know the key any more",
}

WEB_CIRCLES: list[set[str]] = []
"""Modules of the page that know each other: none."""


def folders_of_the_page_know_whom_the_plan_says(tree: Tree) -> list[str]:
    """core, text, ui, charts and gl know no page, and no page knows another."""
    found = []
    for name in scripts(tree):
        room = web_room(name)
        if not room:
            continue
        kind = room.partition("/")[0]
        if kind not in WEB_ROOMS:
            found.append(f"{name}: {kind} has no place in the plan")
            continue
        for other in named(name, tree[f"{WEB}/{name}"]):
            target = web_room(other)
            if target != room and target not in WEB_ROOMS[kind] and (name, other) not in WEB_ACROSS:
                found.append(f"{name} imports {other}")
    return found


def circles_of_the_page_are_known_by_name(tree: Tree) -> list[str]:
    """As for Python."""
    graph = {name: set(named(name, tree[f"{WEB}/{name}"])) for name in scripts(tree)}
    found = circles(graph)
    return [", ".join(sorted(group)) for group in found if group not in WEB_CIRCLES] + [
        f"no circle any more: {', '.join(sorted(circle))}" for circle in WEB_CIRCLES if circle not in found
    ]


def a_page_is_a_folder_that_is_mounted(tree: Tree) -> list[str]:
    """A folder of pages has a page.js, which app.js names, and which is mounted in a scope: to leave it is to end that."""
    names = scripts(tree)
    app = tree[f"{WEB}/app.js"]
    found = []
    for folder in {web_room(name) for name in names if name.startswith("pages/")}:
        page = f"{folder}/page.js"
        if page not in names or f'"./{page}"' not in app:
            found.append(f"{folder}: app.js names no page of it")
        elif not re.search(r"^export const mount = \(view, scope(, kept)?\) =>", tree[f"{WEB}/{page}"], re.MULTILINE):
            found.append(f"{page}: cannot be mounted in a scope")
    return found


def exports(tree: Tree, name: str) -> set[str]:
    """What a module of the page gives to others."""
    text = tree.get(f"{WEB}/{name}", "")
    found = set(re.findall(r"^export (?:async )?(?:function\*?|class|const|let) (\w+)", text, re.MULTILINE))
    for names in re.findall(r"^export \{([^}]*)\}", text, re.MULTILINE):
        found |= {each.split(" as ")[-1].strip() for each in names.split(",") if each.strip()}
    return found


def scripts_import_what_there_is(tree: Tree) -> list[str]:
    """Without a build step nobody else would say so before the page is opened."""
    names = set(scripts(tree))
    found = []
    for name in sorted(names):
        text = tree[f"{WEB}/{name}"]
        found += [f"{name}: there is no {other}" for other in named(name, text) - names]

        def place(module: str, name: str = name) -> str:
            return posixpath.normpath(posixpath.join(posixpath.dirname(name), module))

        for said, module in re.findall(r'^(?:import|export) \{([^}]*)\} from "([./\w]+)"', text, re.MULTILINE):
            wanted = {each.split(" as ")[0].strip() for each in said.split(",") if each.strip()}
            found += [f"{name}: no {each} in {module}" for each in wanted - exports(tree, place(module))]
        for alias, module in re.findall(r'^import \* as (\w+) from "([./\w]+)"', text, re.MULTILINE):
            used = set(re.findall(rf"(?<![\w.$/\"]){alias}\.(\w+)", text)) - {"js"}
            found += [f"{name}: {alias}.{each} of {module}" for each in used - exports(tree, place(module))]
    return found


ASKS_FOR_CURVES = {"core/curve_requests.js"}
"""Who calls the route of curves."""

DECODES_CURVES = {"core/wire.js", "core/curve_store.js", "report.js", "report_panes.js"}
"""Who takes the columns of curves out of an answer: all others have them from a `CurveStore`, a report from its file."""


def curves_come_by_one_road(tree: Tree) -> list[str]:
    """One store asks for curves, for whatever page: what they ask together is one question, what came live is kept."""
    found = []
    for name in scripts(tree):
        text = re.sub(r"(?m)(^|\s)//.*$", "", tree[f"{WEB}/{name}"])
        if name not in ASKS_FOR_CURVES and re.search(r"""\w\(\s*["'`](?:[^"'`\n]*/)?curves["'`]\s*,""", text):
            found.append(f"{name} asks for curves itself")
        if name not in DECODES_CURVES and re.search(r"\bcurvesOf\b", text):
            found.append(f"{name} decodes curves itself")
        wanted = re.findall(r'import \{([^}]*)\} from "[./\w]*curve_requests\.js"', text)
        if name != "core/curve_store.js" and any(re.search(r"\bask\b", each) for each in wanted):
            found.append(f"{name} asks for curves past the store")
    return found


def who_follows_news_asks_again_after_a_break(tree: Tree) -> list[str]:
    """A page that was out of sight, or whose server was away, was not told of what came meanwhile."""
    texts = {name: tree[f"{WEB}/{name}"] for name in scripts(tree)}
    return [
        f"{name} follows news, and asks for nothing when the line is there again"
        for name, text in texts.items()
        if '.on(live, "changed"' in text and '.on(live, "restart"' not in text
    ]


def the_page_refers_to_this_server_only(tree: Tree) -> list[str]:
    """No font, script or picture from elsewhere: the page works on a machine without a network."""
    return [
        f"{place}: {address}"
        for place in tree
        if place.startswith(f"{WEB}/")
        for address in re.findall(r"https?://[\w.-]+", tree[place])
        if address != "http://www.w3.org"
    ]


BREACHES: list[Breach] = [
    (folders_of_the_page_know_whom_the_plan_says, f"{WEB}/charts/chart.js", '\nimport "../pages/curves/card.js";\n'),
    (folders_of_the_page_know_whom_the_plan_says, f"{WEB}/pages/media/page.js", '\nimport("../graph/colour.js");\n'),
    (folders_of_the_page_know_whom_the_plan_says, f"{WEB}/text/format.js", '\nimport "../core/state.js";\n'),
    (circles_of_the_page_are_known_by_name, f"{WEB}/charts/smoothing.js", '\nimport "./curve.js";\n'),
    (a_page_is_a_folder_that_is_mounted, f"{WEB}/pages/new/view.js", "// New.\n"),
    (a_page_is_a_folder_that_is_mounted, f"{WEB}/pages/new/page.js", "// New.\nexport function mount(view) {}\n"),
    (curves_come_by_one_road, f"{WEB}/pages/layouts/page.js", '\nawait api.postPacked("curves", { tag, runs });\n'),
    (curves_come_by_one_road, f"{WEB}/pages/compare/page.js", "\nawait fetch(`${base}/curves`, { body });\n"),
    (curves_come_by_one_road, f"{WEB}/pages/graph/time.js", '\nimport { curvesOf } from "../../core/wire.js";\n'),
    (curves_come_by_one_road, f"{WEB}/ui/run_list.js", '\nimport { ask } from "../core/curve_requests.js";\n'),
    (scripts_import_what_there_is, f"{WEB}/core/runs.js", '\nimport { nobody } from "./state.js";\n'),
    (scripts_import_what_there_is, f"{WEB}/core/runs.js", '\nimport "./nowhere.js";\n'),
    (who_follows_news_asks_again_after_a_break, f"{WEB}/pages/new/page.js", '\nscope.on(live, "changed", () => {});\n'),
    (the_page_refers_to_this_server_only, f"{WEB}/frame.css", "\n@import 'https://fonts.example/x.css';\n"),
]
