"""Rules of what stands in the page's scripts: no state in a module, no listening at import, no markup made of data."""

from __future__ import annotations

import re
from collections.abc import Iterator

from house_tree import WEB, Breach, Tree, scripts

ENTRIES = {"app.js", "report.js", "report_panes.js", "card.js"}
"""What documents begin with: they put together all that lasts as long as the document."""

MODULE_STATE = {
    ("charts/palette.js", "known"): "colours of the stylesheet by theme and name, which are what they are",
    ("pages/graph/box.js", "widths"): "of texts in a font, by both",
    ("pages/graph/colour.js", "known"): "the family of an operation, by its name",
    ("pages/media/spectrum.js", "turns"): "sines by size",
    ("pages/panes/line_look.js", "parts"): "what is left of a curve from a step on, until more is known of it",
    ("text/config.js", "flat"): "the texts of a configuration, by itself",
    ("text/run_fields.js", "ofNames"): "what a run's name says of its settings, by both",
    ("text/run_choice.js", "lowers"): "what is searched of a run, by itself: a run of which more is known is another",
    ("pages/runs/columns.js", "kinds"): "what settings of some runs are, by the list of these",
    ("text/rank_tags.js", "known"): "tags by the list of which they are made",
    ("charts/slices.js", "jobs"): "work of all charts, one after the other, until each is done or given up",
    ("charts/slices.js", "isRunning"): "whether a slice of it is under way",
    ("charts/slices.js", "channel"): "by which the next slice is begun",
    ("charts/shared_columns.js", "ones"): "a count of one each: longer ones stand in for shorter",
    ("charts/shared_columns.js", "zeros"): "the same of nothing",
    ("text/floats.js", "number"): "a number and its bits, within one call",
    ("text/floats.js", "bits"): "the same memory",
}
"""Values that a pure function gave, kept for the next who asks: whoever asks gets the same."""

FILLED = r"\b{0}(?:\.(?:set|add|push|unshift|splice|delete|clear|pop|shift|fill)\(|(?:\.\w+|\[[^\]]*\])+ (?:[-+*|&?]|\|\||\?\?)?= )|Object\.assign\({0}\b"


def statements(text: str) -> list[str]:
    """What stands at the beginning of a line of a formatted script, each with what belongs to it."""
    code = re.sub(r"(?m)^ *//.*\n", "", text)
    return re.findall(r"^[^\s/})\]].*\n(?:[ })\]].*\n|\n)*", code + "\n", re.MULTILINE)


def module_state(text: str) -> list[str]:
    """Variables of a script that are set again, and collections that are filled, after it was imported."""
    found = []
    for statement in statements(text):
        if re.match(r"(?:export )?(?:let|var) ", statement):
            found += re.findall(r"(?:^(?:export )?(?:let|var) |^  )(\w+)(?: =|,|;)", statement, re.MULTILINE)
        elif re.match(r"(?:export )?const ", statement):
            named = r"(?:^(?:export )?const |^  )(\w+) = (?:new |\[|\{|dictionary\()"
            for name in re.findall(named, statement, re.MULTILINE):
                if re.search(FILLED.format(name), text):
                    found.append(name)
    return found


def no_state_lives_in_a_module(tree: Tree) -> list[str]:
    """What changes belongs to `state`, `runs` or an object that a page or the app made: it ends with them."""
    return [
        f"{name}: {variable}"
        for name in scripts(tree)
        if not name.startswith("core/") and name not in ("report.js", "report_panes.js", "card.js")
        for variable in module_state(tree[f"{WEB}/{name}"])
        if (name, variable) not in MODULE_STATE
    ]


LISTENS = re.compile(
    r"\.(?:addEventListener|on|onChange|observe)\(|\b(?:addEventListener|setInterval|setTimeout|requestAnimationFrame)\("
    r"|\bnew \w+Observer\("
)


def nothing_listens_when_it_is_imported(tree: Tree) -> list[str]:
    """Who listens does so in a scope, which ends; and a module can be imported by a test that has no browser."""
    found = []
    for name in scripts(tree):
        if name in ENTRIES:
            continue
        for statement in statements(tree[f"{WEB}/{name}"]):
            if re.match(r"(?:export )?(?:default )?(?:async )?(?:function|class)\b", statement):
                continue
            is_kept = re.match(r"(?:export )?(?:const|let|var) ", statement)
            # Of what is kept, functions are for later.
            line = re.split(r"=>|\bfunction\b", statement, maxsplit=1)[0] if is_kept else statement
            found += [f"{name}: {each.strip()}" for each in line.splitlines() if LISTENS.search(each)]
    return found


def no_html_is_made_of_data(tree: Tree) -> list[str]:
    """innerHTML is for fixed markup of our own, in single quotes or with nothing put in; names of runs are text."""
    found = []
    for name in scripts(tree):
        text = tree[f"{WEB}/{name}"]
        for match in re.finditer(r"\.(innerHTML|outerHTML)\s*\+?=\s*(.+)|insertAdjacentHTML\((.+)", text):
            given = match.group(2) or match.group(3)
            for inserted in re.findall(r"\$\{(.*?)\}", given):
                if not re.fullmatch(r"'[^']*'\.repeat\(\d+\)", inserted):
                    found.append(f"{name}: {inserted}")
            # A literal, or the name of a constant that is one.
            constant_name = re.fullmatch(r"([A-Z_]+);?", given)
            constant = constant_name and re.search(rf"const {constant_name.group(1)} = `([^`]*)`", text)
            if not (constant and "${" not in constant.group(1)) and "+" in re.sub(r"'[^']*'", "", given):
                found.append(f"{name}: {given}")
        found += [f"{name}: {word}" for word in ("eval(", "new Function") if word in text]
    return found


FOREIGN_JSON = {
    "ui/dash.js", "ui/plotly.js", "pages/media/figure.js", "pages/runs/page.js", "pages/runs/run_table.js",
}  # fmt: skip
"""What they read is for Dash, Plotly and AG Grid, which ask objects for what every object has."""

OWN_KEYS = {
    "pages/embeddings/page.js", "gl/gl.js", "ui/grid.js", "core/latency.js", "pages/paths/walk.js",
}  # fmt: skip
"""They make objects of names that stand in the source."""


def no_plain_object_is_keyed_by_data(tree: Tree) -> list[str]:
    """A run may be called "constructor": dictionaries come from dictionary.js, or are Maps."""
    found = []
    for name in scripts(tree):
        text = re.sub(r"(?m)(^|\s)//.*$", "", tree[f"{WEB}/{name}"])
        if name != "core/dictionary.js" and name not in FOREIGN_JSON:
            found += [f"{name}: {word}" for word in ("JSON.parse", ".json()") if word in text]
        if name not in OWN_KEYS:
            if "Object.fromEntries" in text:
                found.append(f"{name}: Object.fromEntries")
            found += [f"{name}: {each}" for each in re.findall(r"= \{\};", text)]  # an empty one is there to be filled
            # {a: 1}[word]: only a key of the keyboard cannot come from an address or from data.
            for table in re.findall(r"\{([^{}]*)\}\[(?!event\.key)[a-z]", text):
                if not table.lstrip().startswith("__proto__: null"):
                    found.append(f"{name}: {table}")
    return found


CLASS = re.compile(r"^(?:export )?class (\w+)(?: extends (\w+))? \{\n(.*?)^\}", re.MULTILINE | re.DOTALL)

MEMBER = re.compile(r"^  (?:static |async |get |set |\*)*(#?\w+)\((?=[^\n]*[{(]$|[^\n]*\) \{.*\}$)", re.MULTILINE)

SET = re.compile(r"this\.(#?\w+)(?: (?:[-+*/|&?%]{1,2})?=(?![=>]) |\+\+|--)")

ASSIGNED = re.compile(r"Object\.assign\(this, \{(.*?)\}\)", re.DOTALL)


def fields_set(text: str) -> set[str]:
    """The fields that some code sets of its object."""
    keys = (re.findall(r"(?:^|[,{])\s*(\w+)(?=\s*(?:[,:]|$))", each) for each in ASSIGNED.findall(text))
    return set(SET.findall(text)) | {key for each in keys for key in each}


def class_fields(text: str) -> Iterator[tuple[str, str, set[str], set[str]]]:
    """Of each class of a script, as the formatter lays it out: its name, that of its parent or "", the fields that are
    there once it is made, and those that are set later."""
    for name, parent, body in CLASS.findall(text):
        code = re.sub(r"(?m)(^|\s)//.*$", "", body)
        starts = [*MEMBER.finditer(code)]
        ends = [each.start() for each in starts[1:]] + [len(code)]
        at_once = set(re.findall(r"^  (?:static )?(#?\w+)(?: = |;)", code, re.MULTILINE))
        later: set[str] = set()
        accessors = set(re.findall(r"^  set (\w+)\(", code, re.MULTILINE))
        for each, end in zip(starts, ends, strict=True):
            (at_once if each.group(1) == "constructor" else later).update(fields_set(code[each.start() : end]))
        yield name, parent, at_once, later - accessors


def fields_are_set_in_constructors(tree: Tree) -> list[str]:
    """What an object is made of stands in one place; a field that comes later changes its shape and is missed there."""
    made = {name: at_once for place in scripts(tree) for name, _, at_once, _ in class_fields(tree[f"{WEB}/{place}"])}
    return [
        f"{place}: {name}.{field}"
        for place in scripts(tree)
        for name, parent, at_once, later in class_fields(tree[f"{WEB}/{place}"])
        for field in sorted(later - at_once - made.get(parent, set()))
    ]


BREACHES: list[Breach] = [
    (no_state_lives_in_a_module, f"{WEB}/pages/media/page.js", "\nlet view = null;\n"),
    (no_state_lives_in_a_module, f"{WEB}/ui/run_list.js", "\nexport let a = 0,\n  b;\n"),
    (no_state_lives_in_a_module, f"{WEB}/ui/run_list.js", "\nconst sparks = new Map();\nf(() => sparks.set(1, 2));\n"),
    (no_state_lives_in_a_module, f"{WEB}/charts/curve.js", "\nconst kept = { a: 1 };\nkept.a = 2;\n"),
    (no_state_lives_in_a_module, f"{WEB}/ui/menu.js", "\nconst all = [];\nall[0] = 1;\n"),
    (nothing_listens_when_it_is_imported, f"{WEB}/core/runs.js", '\nlive.on("points", (points) => {});\n'),
    (nothing_listens_when_it_is_imported, f"{WEB}/ui/menu.js", '\ndocument.addEventListener("click", close);\n'),
    (nothing_listens_when_it_is_imported, f"{WEB}/core/live.js", "\nsetInterval(() => {\n  show();\n}, 5000);\n"),
    (nothing_listens_when_it_is_imported, f"{WEB}/pages/runs/page.js", "\nfor (const each of all)\n  each.on(1);\n"),
    (nothing_listens_when_it_is_imported, f"{WEB}/pages/runs/page.js", "\nconst seen = new ResizeObserver(() => 1);\n"),
    (no_html_is_made_of_data, f"{WEB}/pages/media/text.js", "\nnode.innerHTML = `<b>${name}</b>`;\n"),
    (no_plain_object_is_keyed_by_data, f"{WEB}/core/runs.js", "\nconst byName = {};\n"),
    (
        fields_are_set_in_constructors,
        f"{WEB}/charts/new.js",
        "// New.\nexport class New {\n  constructor() {\n    this.a = 0;\n  }\n\n"
        "  act() {\n    this.b ||= 1;\n  }\n}\n",
    ),
    (fields_are_set_in_constructors, f"{WEB}/gl/new.js", "// New.\nclass New {\n  act() {\n    this.b++;\n  }\n}\n"),
]
