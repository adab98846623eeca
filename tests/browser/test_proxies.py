"""The page behind real proxies: nginx as one writes it first and as the document says, and jupyter-server-proxy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import proxies
import pytest
import tried_models
from drawing import LEFT, draw

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


@dataclass
class Scene:
    """A run that goes on, a page, and servers that show the one on the other."""

    logdir: Path
    run: tracker.Run
    page: Any
    folder: Path
    _proxies: list[proxies.Proxy]
    _serve: Callable[..., Any]
    _until: Callable[..., Any]

    def serve(self, *options: str) -> Any:
        """A server over the run's logdir."""
        return self._serve(self.logdir, *options)

    def nginx(self, block: str, served: Any) -> proxies.Proxy:
        """nginx before a server."""
        self._proxies.append(proxies.nginx(self.folder / f"nginx{len(self._proxies)}", block, served.base))
        return self._proxies[-1]

    def jupyter(self, more: str = "", *, beside: bool = False) -> proxies.Proxy:
        """Jupyter with a configuration, in a folder of its own or where the logdir lies."""
        self._proxies.append(proxies.jupyter(self.logdir.parent if beside else self.folder / "jupyter", more))
        return self._proxies[-1]

    def until(self, condition: str) -> None:
        """Waits for what the page does."""
        self._until(self.page, condition)

    def log(self, tag: str, value: float, step: int) -> None:
        """A point more, in the file when this returns."""
        self.run.log({tag: value}, step=step)
        self.run.flush()

    def lives(self, *, asked: bool) -> None:
        """Points arrive while the run goes on, one by one, by a WebSocket or by asking; controls and tables are there."""
        self.until("viz.ready && viz.drawn('loss')?.a?.step.length === 1")
        self.until("document.getElementById('live').dataset.state === 'live'")
        for step in range(1, 6):
            self.log("loss", 1.0 / (step + 1), step)
            self.until(f"viz.drawn('loss').a.step.length === {step + 1}")
        assert self.page.evaluate("viz.drawn('loss').a.step") == list(range(6))
        # What is new of a run that is not a point, and a tag that was not there.
        self.log("val/loss", 3.0, 5)
        self.until("viz.drawn('val/loss')?.a?.step.length === 1")
        assert self.page.evaluate("document.getElementById('live').title.includes('No WebSocket')") is asked
        assert self.page.is_hidden("#refused")
        self.until("document.body.classList.contains('has-dash')")
        self.page.evaluate("viz.set('page', 'runs')")
        self.until("viz.ready && document.querySelector('.ag-row') !== null")

    def forgive(self, *words: str) -> None:
        """Excuses what Chromium says of the proxy: no https, no WebSocket, a refused request."""
        self.page.excuse("Cross-Origin-Opener-Policy", *words)


@pytest.fixture
def scene(
    tmp_path: Path, logdir: Path, page: Any, serve: Callable[..., Any], until: Callable[..., Any]
) -> Iterator[Scene]:
    """With one point logged."""
    with tracker.init(logdir=logdir, name="a", config={"lr": 0.1}, machine=False) as run:
        begun = Scene(logdir, run, page, tmp_path, [], serve, until)
        begun.log("loss", 1.0, 0)
        yield begun
        page.close()  # first: one that is open says of each server that it has gone
        for each in begun._proxies:
            each.end()


pytestmark = pytest.mark.dash
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
    scene: Scene,
    block: str,
    options: tuple[str, ...],
    site: str,
    path: str,
    asked: bool,
) -> None:
    """With the token, which a cookie and a key of the page stand for from then on: also after a reload."""
    served = scene.serve(*options)
    proxy = scene.nginx(block, served)
    scene.page.goto(f"{site}:{proxy.port}{path}?token={served.token}")
    scene.lives(asked=asked)
    assert scene.page.evaluate("location.pathname") == path.rstrip("/") + "/"
    (cookie,) = scene.page.context.cookies()
    assert cookie["path"] == (path.rstrip("/") or "/")
    assert served.token not in scene.page.url
    scene.page.evaluate("viz.set('page', 'curves')")
    scene.until("!location.search.includes('p=runs')")
    scene.page.reload()
    scene.until("viz.ready && viz.drawn('loss')?.a?.step.length === 6")
    scene.until("document.getElementById('live').dataset.state === 'live'")
    scene.forgive(*["WebSocket connection"] * asked)


@pytest.mark.long
def test_a_line_that_opens_and_leads_nowhere_is_given_up(scene: Scene) -> None:
    """As behind a proxy that takes the WebSocket before it has one itself (Jupyter's does): no message ever comes."""
    scene.page.route_web_socket("**/live", lambda line: line.close())
    scene.page.goto(scene.serve().address)
    scene.lives(asked=True)


@pytest.mark.long
@needs_nginx
@pytest.mark.parametrize(("block", "way"), [(ROOT, "by a WebSocket"), (FIRST, "asked for")])
def test_how_late_points_are_through_nginx(
    scene: Scene,
    figure: Callable[[str], None],
    block: str,
    way: str,
) -> None:
    """None is lost either way; a figure of what asking costs."""
    proxy = scene.nginx(block, scene.serve("--no-token", *ALLOWED))
    scene.page.goto(f"http://training.example:{proxy.port}/")
    scene.until("viz.ready && document.getElementById('live').dataset.state === 'live'")
    scene.page.evaluate("viz.forgetLatency()")
    for step in range(1, 151):
        scene.run.log({"loss": 0.5}, step=step)
        scene.page.wait_for_timeout(40)
    scene.until("viz.drawn('loss').a.step.length === 151")
    found = scene.page.evaluate("viz.latency()")
    assert found["n"] == 150
    figure(f"log() to drawn through nginx, {way}: p50 {found['p50']:.0f} ms, p95 {found['p95']:.0f} ms")
    scene.forgive("WebSocket connection")


@needs_nginx
def test_a_page_whose_requests_are_refused_says_what_to_do(
    scene: Scene,
) -> None:
    """A name that the server was not told, hidden from it by nginx: the sentence is on the page, and goes once it is told."""
    served = scene.serve()
    proxy = scene.nginx(FIRST, served)
    scene.page.goto(f"http://training.example:{proxy.port}/?token={served.token}")
    scene.until("!document.getElementById('refused').hidden")
    said = scene.page.inner_text("#refused")
    assert "http://training.example:" in said
    assert "start the dashboard with --allow-host training.example." in said
    scene.until("document.getElementById('live').dataset.state === 'refused'")
    assert scene.page.inner_text("#live").startswith("refused")
    served.stop()
    again = scene.serve("--port", served.base.rpartition(":")[2], "--token", served.token, *ALLOWED)
    scene.page.goto(f"http://training.example:{proxy.port}/?token={again.token}")
    scene.lives(asked=True)
    # The page of before asks until it is left: of a server that has gone, and of one that does not know it.
    scene.forgive("WebSocket connection", "403", "502", "401")


@pytest.mark.long
@needs_nginx
def test_a_page_that_asks_goes_on_after_a_restart(
    scene: Scene,
) -> None:
    """nginx answers 502 meanwhile; then the token is asked for, and the address that viz printed is taken for its token,
    though the page is at another one."""
    served = scene.serve()
    proxy = scene.nginx(FIRST.replace("location /", "location /viz/").replace("6006;", "6006/;"), served)
    scene.page.goto(f"http://127.0.0.1:{proxy.port}/viz/?token={served.token}")
    scene.until("viz.ready && document.getElementById('live').title.includes('No WebSocket')")
    served.stop()
    scene.until("document.getElementById('live').dataset.state === 'reconnecting'")
    scene.log("loss", 0.9, 1)
    again = scene.serve("--port", served.base.rpartition(":")[2])
    scene.until("document.querySelector('dialog[open]') !== null")
    scene.page.fill("dialog input", again.address)
    scene.page.click("dialog >> text=Go on")
    scene.until("document.getElementById('live').dataset.state === 'live'")
    scene.until("viz.drawn('loss').a.step.length === 2")
    scene.log("loss", 0.8, 2)
    scene.until("viz.drawn('loss').a.step.length === 3")
    assert scene.page.evaluate("location.pathname") == "/viz/"
    scene.forgive("WebSocket connection", "401", "502")


@needs_nginx
def test_a_name_that_the_server_was_not_told_is_answered_with_what_to_do(scene: Scene) -> None:
    """Host passed on as nginx's users are told to: 403, and a page of one sentence instead of JSON."""
    served = scene.serve()
    proxy = scene.nginx(HOST, served)
    answer = scene.page.goto(f"http://training.example:{proxy.port}/?token={served.token}")
    assert answer.status == 403
    assert "does not answer to the name 'training.example'" in scene.page.inner_text("body")
    assert "--allow-host training.example." in scene.page.inner_text("body")
    scene.forgive("403")


@needs_nginx
def test_a_proxy_that_cuts_off_too_much_or_too_little_is_named(scene: Scene) -> None:
    """The three ways to confuse the slashes of nginx, each with a sentence."""
    served = scene.serve("--no-token")
    below = scene.serve("--no-token", "--path-prefix", "/viz")
    kept = FIRST.replace("location /", "location /viz/")
    scene.page.goto(f"http://127.0.0.1:{scene.nginx(kept, served).port}/viz/")
    assert "--path-prefix /viz" in scene.page.inner_text("body")
    stripped = kept.replace("6006;", "6006/;")
    scene.page.goto(f"http://127.0.0.1:{scene.nginx(stripped, below).port}/viz/")
    assert "started with a path below which it lives" in scene.page.inner_text("body")
    scene.page.goto(f"http://127.0.0.1:{scene.nginx(DOUBLED, served).port}/viz")
    assert scene.page.is_visible("text=has to end with a slash")
    scene.forgive("404", "MIME type")


@needs_nginx
def test_a_model_answers_below_a_path_of_nginx(scene: Scene) -> None:
    """On the page Try, and over TensorFlow Serving's interface at the path behind which it lies."""
    tried_models.log(scene.run, 1)
    scene.run.flush()
    proxy = scene.nginx(STRIPPED, scene.serve("--no-token", *ALLOWED))
    base = f"http://training.example:{proxy.port}/viz"
    scene.page.goto(f"{base}/?p=try")
    scene.until("window.viz?.ready && viz.page()?.columns.length === 1")
    scene.page.uncheck("label:has-text('Centre the drawing') input")
    draw(scene.page, LEFT)
    scene.until("viz.page().columns[0].top[0]?.name === 'left'")
    answered = scene.page.request.post(
        f"http://127.0.0.1:{proxy.port}/viz/v1/models/halves:predict",
        headers={"host": f"training.example:{proxy.port}"},
        data={"instances": tried_models.ink(1.0)},
    )
    assert answered.status == 200, answered.text()
    ((left, right),) = answered.json()["predictions"]
    assert left > right
    scene.forgive()


@pytest.mark.long
@needs_jupyter
def test_curves_are_live_through_jupyter(
    scene: Scene,
) -> None:
    """Its own path is cut off with no option of ours; another name is allowed by one, which the refusal says."""
    proxy = scene.jupyter()
    here, there = (f"http://{name}:{proxy.port}" for name in ("127.0.0.1", "training.example"))
    plain = scene.serve()
    port = plain.base.rpartition(":")[2]
    scene.page.goto(f"{here}/proxy/{port}/?token={plain.token}")
    scene.lives(asked=False)
    scene.page.goto(f"{there}/proxy/{port}/?token={plain.token}")
    assert "--allow-host training.example." in scene.page.inner_text("body")
    scene.forgive("403")


@pytest.mark.long
@needs_jupyter
def test_curves_are_live_through_jupyter_that_passes_its_path_on(
    scene: Scene,
) -> None:
    """/proxy/absolute/…, which is a --path-prefix; and a slash that is missing is added by a redirect through it."""
    proxy, port = scene.jupyter(), proxies.free_port()
    below = scene.serve("--port", str(port), "--path-prefix", f"/proxy/absolute/{port}")
    scene.page.goto(f"http://127.0.0.1:{proxy.port}/proxy/absolute/{port}?token={below.token}")
    scene.lives(asked=False)


@needs_jupyter
def test_jupyter_starts_it_as_the_document_says(scene: Scene) -> None:
    """Under its own name, with a token that nobody sees: the document's block, word by word."""
    (block,) = proxies.blocks("python")
    proxy = scene.jupyter(block, beside=True)
    scene.page.goto(f"http://training.example:{proxy.port}/everystep/")
    scene.lives(asked=False)
    scene.forgive()
