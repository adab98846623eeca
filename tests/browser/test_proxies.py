"""The page behind real proxies: nginx as one writes it first and as the document says, and jupyter-server-proxy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import proxies
import pytest

import tracker

needs_nginx = pytest.mark.skipif(proxies.NGINX is None, reason="needs nginx; tests/run installs it")
needs_jupyter = pytest.mark.skipif(
    find_spec("jupyter_server_proxy") is None, reason="needs the test extra: pip install everystep[test]"
)

ROOT, STRIPPED = proxies.blocks("nginx")
KEPT = STRIPPED.replace("127.0.0.1:6006/;", "127.0.0.1:6006;")
FIRST = "server { listen 80; location / { proxy_pass http://127.0.0.1:6006; } }"
"""As one writes it first."""

NO_UPGRADE = STRIPPED.replace("proxy_set_header Upgrade $http_upgrade;", "")
HOST = "server { listen 80; location / { proxy_pass http://127.0.0.1:6006; proxy_set_header Host $host; } }"
UPGRADE = ROOT.replace("proxy_set_header Host $http_host;", "")
DOUBLED = "server { listen 80; location /viz { proxy_pass http://127.0.0.1:6006/; } }"
ALLOWED = ("--allow-host", "training.example")


@pytest.fixture
def run(logdir: Path) -> Iterator[tracker.Run]:
    """A run that goes on."""
    with tracker.init(logdir=logdir, name="a", config={"lr": 0.1}, machine=False) as begun:
        begun.log({"loss": 1.0}, step=0)
        begun.flush()
        yield begun


@pytest.fixture
def nginx(tmp_path: Path) -> Iterator[Callable[..., proxies.Proxy]]:
    """Starts nginx before a server: nginx(block, served)."""
    started: list[proxies.Proxy] = []

    def start(block: str, served: Any) -> proxies.Proxy:
        started.append(proxies.nginx(tmp_path / f"nginx{len(started)}", block, served.base))
        return started[-1]

    yield start
    for each in started:
        each.end()


def lives(page: Any, until: Callable[..., Any], run: tracker.Run, *, asked: bool) -> None:
    """Points arrive while the run goes on, one by one, by a WebSocket or by asking; controls and tables are there."""
    until(page, "viz.ready && viz.drawn('loss')?.a?.step.length === 1", 30)
    until(page, "document.getElementById('live').dataset.state === 'live'", 30)
    for step in range(1, 6):
        run.log({"loss": 1.0 / (step + 1)}, step=step)
        run.flush()
        until(page, f"viz.drawn('loss').a.step.length === {step + 1}")
    assert page.evaluate("viz.drawn('loss').a.step") == list(range(6))
    # What is new of a run that is not a point, and a tag that was not there.
    run.log({"val/loss": 3.0}, step=5)
    run.flush()
    until(page, "viz.drawn('val/loss')?.a?.step.length === 1")
    assert page.evaluate("document.getElementById('live').title.includes('No WebSocket')") is asked
    assert page.is_hidden("#refused")
    until(page, "document.body.classList.contains('has-dash')", 30)
    page.evaluate("viz.set('page', 'runs')")
    until(page, "viz.ready && document.querySelector('.ag-row') !== null", 30)


def forgive(page: Any, *words: str) -> None:
    """Takes out of a page's faults what Chromium says of the proxy: no https, no WebSocket, a request that is refused."""
    words = ("Cross-Origin-Opener-Policy", *words)
    page.faults[:] = [fault for fault in page.faults if not any(word in fault for word in words)]


deeper = pytest.mark.long
WRITTEN = [
    pytest.param(ROOT, ALLOWED, "http://training.example", "/", False, id="as the document says"),
    pytest.param(STRIPPED, ALLOWED, "http://training.example", "/viz/", False, id="below a path that is cut off"),
    pytest.param(KEPT, (*ALLOWED, "--path-prefix", "/viz"), "http://training.example", "/viz/", False, id="below a path that is passed on", marks=deeper),
    pytest.param(KEPT, (*ALLOWED, "--path-prefix", "/viz"), "http://training.example", "/viz", False, id="without the slash", marks=deeper),
    pytest.param(FIRST, (), "http://127.0.0.1", "/", True, id="as one writes it first"),
    pytest.param(FIRST, ALLOWED, "http://training.example", "/", True, id="as one writes it first, by a name", marks=deeper),
    pytest.param(NO_UPGRADE, ALLOWED, "http://training.example", "/viz/", True, id="no upgrade", marks=deeper),
    pytest.param(HOST, ALLOWED, "http://training.example", "/", True, id="Host without its port", marks=deeper),
    pytest.param(HOST, (), "http://127.0.0.1", "/", True, id="Host without its port, of this machine", marks=deeper),
    pytest.param(UPGRADE, ALLOWED, "http://training.example", "/", False, id="a WebSocket without Host", marks=deeper),
    pytest.param(UPGRADE, (), "http://127.0.0.1", "/", True, id="a WebSocket without Host, of this machine", marks=deeper),
    pytest.param(DOUBLED, (), "http://127.0.0.1", "/viz/", True, id="slashes that stand twice", marks=deeper),
]  # fmt: skip


@needs_nginx
@pytest.mark.parametrize(("block", "options", "site", "path", "asked"), WRITTEN)
def test_curves_are_live_through_nginx(
    logdir: Path,
    serve: Callable[..., Any],
    nginx: Callable[..., proxies.Proxy],
    run: tracker.Run,
    page: Any,
    until: Callable[..., Any],
    block: str,
    options: tuple[str, ...],
    site: str,
    path: str,
    asked: bool,
) -> None:
    """With the token, which a cookie and a key of the page stand for from then on: also after a reload."""
    served = serve(logdir, *options)
    proxy = nginx(block, served)
    page.goto(f"{site}:{proxy.port}{path}?token={served.token}")
    lives(page, until, run, asked=asked)
    assert page.evaluate("location.pathname") == path.rstrip("/") + "/"
    (cookie,) = page.context.cookies()
    assert cookie["path"] == (path.rstrip("/") or "/")
    assert served.token not in page.url
    page.evaluate("viz.set('page', 'curves')")
    until(page, "!location.search.includes('p=runs')")
    page.reload()
    until(page, "viz.ready && viz.drawn('loss')?.a?.step.length === 6", 30)
    until(page, "document.getElementById('live').dataset.state === 'live'", 30)
    forgive(page, *["WebSocket connection"] * asked)


@pytest.mark.long
def test_a_line_that_opens_and_leads_nowhere_is_given_up(
    logdir: Path, serve: Callable[..., Any], run: tracker.Run, page: Any, until: Callable[..., Any]
) -> None:
    """As behind a proxy that takes the WebSocket before it has one itself (Jupyter's does): no message ever comes."""
    page.route_web_socket("**/live", lambda line: line.close())
    page.goto(serve(logdir).address)
    lives(page, until, run, asked=True)


@pytest.mark.long
@needs_nginx
@pytest.mark.parametrize(("block", "way"), [(ROOT, "by a WebSocket"), (FIRST, "asked for")])
def test_how_late_points_are_through_nginx(
    logdir: Path,
    serve: Callable[..., Any],
    nginx: Callable[..., proxies.Proxy],
    run: tracker.Run,
    page: Any,
    until: Callable[..., Any],
    figure: Callable[[str], None],
    block: str,
    way: str,
) -> None:
    """None is lost either way; a figure of what asking costs."""
    proxy = nginx(block, serve(logdir, "--no-token", *ALLOWED))
    page.goto(f"http://training.example:{proxy.port}/")
    until(page, "viz.ready && document.getElementById('live').dataset.state === 'live'", 30)
    page.evaluate("viz.forgetLatency()")
    for step in range(1, 151):
        run.log({"loss": 0.5}, step=step)
        page.wait_for_timeout(40)
    until(page, "viz.drawn('loss').a.step.length === 151")
    found = page.evaluate("viz.latency()")
    assert found["n"] == 150
    figure(f"log() to drawn through nginx, {way}: p50 {found['p50']:.0f} ms, p95 {found['p95']:.0f} ms")
    forgive(page, "WebSocket connection")


@needs_nginx
def test_a_page_whose_requests_are_refused_says_what_to_do(
    logdir: Path,
    serve: Callable[..., Any],
    nginx: Callable[..., proxies.Proxy],
    run: tracker.Run,
    page: Any,
    until: Callable[..., Any],
) -> None:
    """A name that the server was not told, hidden from it by nginx: the sentence is on the page, and goes once it is told."""
    served = serve(logdir)
    proxy = nginx(FIRST, served)
    page.goto(f"http://training.example:{proxy.port}/?token={served.token}")
    until(page, "!document.getElementById('refused').hidden")
    said = page.inner_text("#refused")
    assert "http://training.example:" in said
    assert "start the dashboard with --allow-host training.example." in said
    until(page, "document.getElementById('live').dataset.state === 'refused'")
    assert page.inner_text("#live").startswith("refused")
    served.stop()
    again = serve(logdir, "--port", served.base.rpartition(":")[2], "--token", served.token, *ALLOWED)
    page.goto(f"http://training.example:{proxy.port}/?token={again.token}")
    lives(page, until, run, asked=True)
    # The page of before asks until it is left: of a server that has gone, and of one that does not know it.
    forgive(page, "WebSocket connection", "403", "502", "401")


@pytest.mark.long
@needs_nginx
def test_a_page_that_asks_goes_on_after_a_restart(
    logdir: Path,
    serve: Callable[..., Any],
    nginx: Callable[..., proxies.Proxy],
    run: tracker.Run,
    page: Any,
    until: Callable[..., Any],
) -> None:
    """nginx answers 502 meanwhile; then the token is asked for, and the address that viz printed is taken for its token,
    though the page is at another one."""
    served = serve(logdir)
    proxy = nginx(FIRST.replace("location /", "location /viz/").replace("6006;", "6006/;"), served)
    page.goto(f"http://127.0.0.1:{proxy.port}/viz/?token={served.token}")
    until(page, "viz.ready && document.getElementById('live').title.includes('No WebSocket')", 30)
    served.stop()
    until(page, "document.getElementById('live').dataset.state === 'reconnecting'")
    run.log({"loss": 0.9}, step=1)
    run.flush()
    again = serve(logdir, "--port", served.base.rpartition(":")[2])
    until(page, "document.querySelector('dialog[open]') !== null", 30)
    page.fill("dialog input", again.address)
    page.click("dialog >> text=Go on")
    until(page, "document.getElementById('live').dataset.state === 'live'", 30)
    until(page, "viz.drawn('loss').a.step.length === 2")
    run.log({"loss": 0.8}, step=2)
    run.flush()
    until(page, "viz.drawn('loss').a.step.length === 3")
    assert page.evaluate("location.pathname") == "/viz/"
    forgive(page, "WebSocket connection", "401", "502")


@needs_nginx
def test_a_name_that_the_server_was_not_told_is_answered_with_what_to_do(
    logdir: Path, serve: Callable[..., Any], nginx: Callable[..., proxies.Proxy], run: tracker.Run, page: Any
) -> None:
    """Host passed on as nginx's users are told to: 403, and a page of one sentence instead of JSON."""
    served = serve(logdir)
    proxy = nginx(HOST, served)
    answer = page.goto(f"http://training.example:{proxy.port}/?token={served.token}")
    assert answer.status == 403
    assert "does not answer to the name 'training.example'" in page.inner_text("body")
    assert "--allow-host training.example." in page.inner_text("body")
    forgive(page, "403")


@needs_nginx
def test_a_proxy_that_cuts_off_too_much_or_too_little_is_named(
    logdir: Path, serve: Callable[..., Any], nginx: Callable[..., proxies.Proxy], run: tracker.Run, page: Any
) -> None:
    """The three ways to confuse the slashes of nginx, each with a sentence."""
    served = serve(logdir, "--no-token")
    below = serve(logdir, "--no-token", "--path-prefix", "/viz")
    kept = FIRST.replace("location /", "location /viz/")
    page.goto(f"http://127.0.0.1:{nginx(kept, served).port}/viz/")
    assert "--path-prefix /viz" in page.inner_text("body")
    stripped = kept.replace("6006;", "6006/;")
    page.goto(f"http://127.0.0.1:{nginx(stripped, below).port}/viz/")
    assert "started with a path below which it lives" in page.inner_text("body")
    page.goto(f"http://127.0.0.1:{nginx(DOUBLED, served).port}/viz")
    assert page.is_visible("text=has to end with a slash")
    forgive(page, "404", "MIME type")


@pytest.fixture
def jupyter(tmp_path: Path) -> Iterator[Callable[..., proxies.Proxy]]:
    """Starts Jupyter: jupyter(configuration, beside=logdir)."""
    started: list[proxies.Proxy] = []

    def start(more: str = "", beside: Path | None = None) -> proxies.Proxy:
        started.append(proxies.jupyter(beside.parent if beside else tmp_path / "jupyter", more))
        return started[-1]

    yield start
    for each in started:
        each.end()


@needs_jupyter
def test_curves_are_live_through_jupyter(
    logdir: Path,
    serve: Callable[..., Any],
    jupyter: Callable[..., proxies.Proxy],
    run: tracker.Run,
    page: Any,
    until: Callable[..., Any],
) -> None:
    """Its own path is cut off with no option of ours; another name is allowed by one, which the refusal says."""
    proxy = jupyter()
    here, there = (f"http://{name}:{proxy.port}" for name in ("127.0.0.1", "training.example"))
    plain = serve(logdir)
    port = plain.base.rpartition(":")[2]
    page.goto(f"{here}/proxy/{port}/?token={plain.token}")
    lives(page, until, run, asked=False)
    page.goto(f"{there}/proxy/{port}/?token={plain.token}")
    assert "--allow-host training.example." in page.inner_text("body")
    forgive(page, "403")


@pytest.mark.long
@needs_jupyter
def test_curves_are_live_through_jupyter_that_passes_its_path_on(
    logdir: Path,
    serve: Callable[..., Any],
    jupyter: Callable[..., proxies.Proxy],
    run: tracker.Run,
    page: Any,
    until: Callable[..., Any],
) -> None:
    """/proxy/absolute/…, which is a --path-prefix; and a slash that is missing is added by a redirect through it."""
    proxy, port = jupyter(), proxies.free_port()
    below = serve(logdir, "--port", str(port), "--path-prefix", f"/proxy/absolute/{port}")
    page.goto(f"http://127.0.0.1:{proxy.port}/proxy/absolute/{port}?token={below.token}")
    lives(page, until, run, asked=False)


@needs_jupyter
def test_jupyter_starts_it_as_the_document_says(
    logdir: Path, jupyter: Callable[..., proxies.Proxy], run: tracker.Run, page: Any, until: Callable[..., Any]
) -> None:
    """Under its own name, with a token that nobody sees: the document's block, word by word."""
    (block,) = proxies.blocks("python")
    proxy = jupyter(block, beside=logdir)
    page.goto(f"http://training.example:{proxy.port}/everystep/")
    lives(page, until, run, asked=False)
    forgive(page)
