"""Five hundred payloads in every place that holds text, in a real browser: none of them runs."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import tracker
from tests.browser.charts import press

ACTS = ["window.struck=1", "parent.struck=1", "top['struck']=1", "struck=1//", "Function('struck=1')()", "eval('struck=1')"]  # fmt: skip
FRAMES = [
    "<img src=x onerror={}>", "<svg onload={}>", "<script>{}</script>", "'\"><script>{}</script>", "</script><script>{}</script>", "<iframe srcdoc='<script>{}</script>'>", "<a href='javascript:{}'>x</a>",
    "javascript:{}", "<body onload={}>", "<input autofocus onfocus={}>", "<details open ontoggle={}>", "<video><source onerror={}>", "<math><mtext><script>{}</script></mtext></math>", "<style>@import 'javascript:{}'</style>",
    "{{{{constructor.constructor('{}')()}}}}", "${{{}}}", "`${{{}}}`", "<object data='javascript:{}'>", "<embed src='javascript:{}'>", "<form action='javascript:{}'><button autofocus>", "<marquee onstart={}>", "<template><script>{}</script></template>",
    "\" onmouseover=\"{}", "' onmouseenter='{}", "<!--><script>{}</script>", "]]><script>{}</script>", "<svg><animate onbegin={} attributeName=x>", "<select autofocus onfocus={}>", "<textarea autofocus onfocus={}>", "<keygen autofocus onfocus={}>",
    "<link rel=stylesheet href='javascript:{}'>", "<base href='javascript:{}//'>", "<meta http-equiv=refresh content='0;url=javascript:{}'>", "<table background='javascript:{}'>", "<div style=\"width:expression({})\">", "<img src=`x` onerror={}>", "<img/src=x/onerror={}>",
    "<scr<script>ipt>{}</scr</script>ipt>", "%3Cscript%3E{}%3C/script%3E", "&lt;script&gt;{}&lt;/script&gt;", "\\u003cscript\\u003e{}\\u003c/script\\u003e", "<svg><use href=\"data:image/svg+xml,<svg id='x' onload='{}'/>#x\">",
]  # fmt: skip
PAYLOADS = [f"{number} {frame.format(act)}" for number, (frame, act, end) in enumerate(itertools.product(FRAMES, ACTS, ("", "\n")))]  # fmt: skip


def _raises(text: str) -> Callable[[], None]:
    def act() -> None:
        raise ValueError(text)

    return act


def test_five_hundred_payloads_do_nothing(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """In names of runs, tags, configs, notes, captions, texts, marks, groups, and what the page was told; on every page."""
    assert len(PAYLOADS) >= 500
    for number, chunk in enumerate(np.array_split(PAYLOADS, 20)):
        first = str(chunk[0])
        name = first.replace("/", "∕").replace("\\", "").strip()[:60]
        config = {str(text): str(text) for text in chunk}
        with tracker.init(logdir=logdir, name=f"{number} {name}", notes=first, config=config, tags=[first], group=first) as run:  # fmt: skip
            for step in range(2):
                run.log({f"group/{text}": 1.0 for text in chunk}, step=step)
            run.log({f"t {text}": tracker.Text(str(text)) for text in chunk[:5]}, step=0)
            run.log({f"p {first}": tracker.Image(np.zeros((2, 2)), first, label=first, predictions={first: 1.0})}, step=0)  # fmt: skip
            run.log({f"w {first}": tracker.Histogram([1.0])}, step=0)
            run.log_graph(tracker.Graph([{"name": f"a/{first}", "op": first}], []))
            for text in chunk:
                run.mark(str(text), step=1, kind=str(text)[:40])
    live = tracker.init(logdir=logdir, name="zz live", machine=False)
    for i, text in enumerate(PAYLOADS[::5]):
        name = text[:200]
        if i % 3 == 0:
            live.control(name, 0.5, low=0.0, high=1.0, doc=text)
        elif i % 3 == 1:
            live.control(name, text, choices=[text, "other"], doc=text)
        else:
            live.action(name, confirm=True)(_raises(text))
    live.log({"loss": 1.0}, step=0)
    live.flush()
    served = serve(logdir, "--no-token")
    for i, text in enumerate(PAYLOADS[::5]):
        if i % 9 in (1, 2):
            body = {"run": "zz live", "name": text[:200], "value": "other" if i % 9 == 1 else None, "nonce": f"{i} {text}"[:200], "author": text[:100]}  # fmt: skip
            assert page.request.post(f"{served.base}/api/v1/commands", data=body).ok
    while any(each.outcome in ("pending", "started") for each in live.commands()):
        live.log({"loss": 1.0})
        page.wait_for_timeout(20)
    page.goto(served.base)
    until(page, "viz.ready")
    names = page.evaluate("viz.runs()")
    for name, text in zip(names, PAYLOADS[::25], strict=False):
        for key, value in (("name", text), ("note", text), ("tags", [text])):
            assert page.request.post(f"{served.base}/api/v1/runs/said", data={"runs": [name], "key": key, "value": value}).ok  # fmt: skip
    assert page.request.post(f"{served.base}/api/v1/shelf", data={"kind": "view", "name": PAYLOADS[3], "value": "p=curves"}).ok  # fmt: skip
    assert page.request.post(f"{served.base}/api/v1/shelf", data={"kind": "expression", "name": PAYLOADS[9], "value": PAYLOADS[9]}).ok  # fmt: skip

    def unharmed() -> None:
        page.wait_for_timeout(60)
        assert page.evaluate("window.struck") is None
        assert page.evaluate("document.querySelectorAll('img[src=x], iframe, object, embed, base, marquee, #view script').length") == 0  # fmt: skip

    for tab in ("curves", "runs", "distributions", "media", "graph", "controls"):
        page.goto(f"{served.base}/?p={tab}")
        until(page, "viz.ready")
        for card in page.locator(".card, .panel, .ag-row").all()[:8]:
            card.hover()
        unharmed()
    assert page.evaluate("document.querySelectorAll('.control-history li').length") >= 20
    page.click(".control-act >> nth=0")
    page.click(".run-buttons >> text=Log more")
    unharmed()
    live.finish()
    page.goto(f"{served.base}/?g=*&x=relative")
    until(page, "viz.ready")
    for place in range(0, 6000, 600):  # through the cards
        page.evaluate("(top) => { document.getElementById('view').scrollTop = top }", place)
        unharmed()
    page.evaluate("document.getElementById('view').scrollTop = 0")
    page.hover(".card canvas.over")
    for label in ("Lines", "Groups", "New chart", "Views"):
        page.click(f"#own-tools >> text={label}")
        page.wait_for_timeout(100)
        unharmed()
        page.keyboard.press("Escape")
    press(page, ".card", ".more >> nth=0")
    page.click("text=Data table")
    unharmed()
    page.keyboard.press("Escape")
    page.evaluate("viz.set('tags', '<img src=x onerror=struck=1>')")
    unharmed()
    assert page.evaluate("(async () => (await fetch(location.href)).headers.get('content-security-policy'))()").count("unsafe-eval") == 0  # fmt: skip
