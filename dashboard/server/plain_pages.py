"""Pages of a few words, for a person who is not let in or is in the wrong place: what is the matter, and what to do."""

from __future__ import annotations

import html

from starlette.responses import HTMLResponse

from dashboard.server import public_address


def asking() -> HTMLResponse:
    """Asks for the token."""
    return _page(
        401,
        "This dashboard needs its token",
        "<p>Open the link that <code>viz serve</code> printed when it started, or paste the token here.</p>\n"
        '<form method="get"><label>Token <input name="token" autocomplete="off" autofocus></label> '
        "<button>Open</button></form>",
    )


def foreign(sentence: str) -> HTMLResponse:
    """Says why a request is refused that may come from elsewhere."""
    return _page(403, "This request is refused", f"<p>{html.escape(sentence)}</p>")


def elsewhere(path: str) -> HTMLResponse:
    """Says that nothing is at a path, where the dashboard is, and what to do if a proxy asks for it."""
    try:
        prefix = public_address.path_prefix(path)
    except public_address.AddressError:
        prefix = ""
    way = (
        "<p>If a proxy passes its own path on, start the dashboard with "
        f"<code>--path-prefix {html.escape(prefix)}</code>, or have the proxy cut the path off.</p>"
    )
    # From where the visitor is: what stands before this path, only a proxy knows.
    home = "../" * (path.count("/") - 1) or "./"
    link = f'<p><a href="{home}">Open the dashboard</a></p>'
    return _page(404, "There is no such page", link + (way if prefix else ""))


def above() -> HTMLResponse:
    """Says that the page lives below a prefix, which is not told: it may be a secret."""
    return _page(
        404,
        "The dashboard is not here",
        "<p>It was started with a path below which it lives. A proxy before it must pass that path on: in nginx, "
        "<code>proxy_pass http://127.0.0.1:6006;</code> without a slash at its end.</p>",
    )


def _page(status: int, title: str, body: str) -> HTMLResponse:
    return HTMLResponse(_FRAME.replace("TITLE", title).replace("BODY", body), status)


_FRAME = """<!doctype html><html lang="en"><meta charset="utf-8"><title>everystep</title>
<meta name="viewport" content="width=device-width">
<style>body{font:15px/1.5 system-ui,sans-serif;max-width:34rem;margin:20vh auto;padding:0 1.5rem;color:#16181d}
body{background:#f7f8fa}
h1{font-size:1.1rem}a{color:#3b5bdb}code{background:#e6e8ec;padding:.1em .4em;border-radius:4px}
input{font:inherit;padding:.4em .6em;width:22rem;max-width:100%;border:1px solid #c4c8d0;border-radius:6px}
button{font:inherit;padding:.4em .9em;border:0;border-radius:6px;background:#4c6ef5;color:#fff}
@media(prefers-color-scheme:dark){body{color:#e7e9ee;background:#0f1115}a{color:#91a7ff}code{background:#262a33}
input{background:#16191f;color:inherit;border-color:#3a404c}}</style>
<h1>TITLE</h1>
BODY
</html>"""
