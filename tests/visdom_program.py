"""What programs do with Visdom's own client, run in a process of their own: python tests/visdom_program.py TASK PORT …

Without words it does one task after the other, each a line of JSON that it reads: two seconds of imports are paid once.

It knows nothing of this project: what it imports is `visdom`, as it is installed. Each line that it prints is JSON.
"""

from __future__ import annotations

import json
import sys
import threading
import warnings
from typing import Any

import numpy as np

warnings.simplefilter("ignore")  # the client's own, which is of 2022

from visdom import Visdom  # noqa: E402


def made(port: str, **options: Any) -> Visdom:
    """A client of a port, which may be followed by a path: 6006/visdom."""
    number, _, path = port.partition("/")
    options = {"raise_exceptions": True, **options}
    return Visdom(server="http://127.0.0.1", port=int(number), base_url=f"/{path}", **options)


def say(value: Any) -> None:
    print(json.dumps(value), flush=True)


# --- every function of the demo that is published with Visdom, in our words -----------------------------------


def demo(vis: Visdom, env: str) -> dict[str, str]:
    """Does each thing that the demo of version 0.2.4 shows, without what it downloads; the window of each by its name."""
    draw = np.random.default_rng(42)
    assert vis.check_connection(timeout_seconds=10)
    wins: dict[str, str] = {"text_basic": vis.text("Hello World!", env=env, opts={"title": None})}
    win = wins["text_update"] = vis.text("Hello World! More text should be here", env=env)
    assert vis.text("And here it is", win=win, append=True, env=env) == win
    closed = vis.text("to be closed", env=env)
    vis.close(win=closed, env=env)
    assert not vis.win_exists(closed, env=env)
    wins["image_basic"] = vis.image(
        draw.random((3, 64, 32)), opts={"title": "Random!", "caption": "Click me!"}, env=env
    )
    wins["image_save_jpeg"] = vis.image(draw.random((3, 64, 32)), opts={"title": "jpg", "jpgquality": 50}, env=env)
    for caption in ("First random", "Second random!"):
        wins["image_history"] = vis.image(
            draw.random((3, 64, 32)), win="image_history", opts={"caption": caption, "store_history": True}, env=env
        )
    wins["image_grid"] = vis.images(
        draw.standard_normal((20, 3, 16, 16)), opts={"title": "Random images", "caption": "How random."}, env=env
    )
    wins["image_svg"] = vis.svg(
        svgstr='<svg height="300" width="300">\n <ellipse cx="80" cy="80" rx="50" ry="30"/>\n</svg>',
        opts={"title": "SVG"},
        env=env,
    )
    lines(vis, env, wins)
    scatters(vis, env, wins, draw)
    bars_and_surfaces(vis, env, wins, draw)
    special(vis, env, wins, draw)
    return wins


def lines(vis: Visdom, env: str, wins: dict[str, str]) -> None:
    y = np.linspace(-5, 5, 100)
    wins["plot_line_basic"] = vis.line(Y=np.random.rand(10), opts={"showlegend": True, "title": "basic"}, env=env)
    wins["plot_line_multiple"] = vis.line(
        Y=np.column_stack((y * y, np.sqrt(y + 5))), X=np.column_stack((y, y)), opts={"markers": False}, env=env
    )
    x = np.linspace(-1, 0, 20_000)
    wins["plot_line_webgl"] = vis.line(X=x, Y=x**3, opts={"title": "WebGL", "webgl": True}, env=env, win="WebGL demo")
    vis.line(
        X=x + 1,
        Y=(x + 1) ** 3,
        win="WebGL demo",
        update="append",
        env=env,
        opts={"title": "40,000 points", "webgl": True},
    )
    tens = np.arange(10)
    win = wins["plot_line_update"] = vis.line(
        X=np.column_stack((tens, tens)),
        Y=np.column_stack((np.linspace(5, 10, 10), np.linspace(5, 10, 10) + 5)),
        env=env,
    )
    vis.line(
        X=np.column_stack((tens + 10, tens + 10)),
        Y=np.column_stack((np.linspace(5, 10, 10), np.linspace(5, 10, 10) + 5)),
        env=env,
        win=win,
        update="append",
    )
    vis.line(X=np.arange(21, 30), Y=np.arange(1, 10), env=env, win=win, name="2", update="append")
    vis.line(X=np.arange(1, 10), Y=np.arange(11, 20), env=env, win=win, name="delete this", update="append")
    vis.line(X=np.arange(1, 10), Y=np.arange(11, 20), env=env, win=win, name="4", update="insert")
    vis.line(X=None, Y=None, win=win, name="delete this", update="remove", env=env)
    three = np.column_stack((tens, tens, tens))
    dashes = {
        "dash": np.array(["solid", "dash", "dashdot"]),
        "linecolor": np.array([[0, 191, 255], [0, 191, 255], [255, 0, 0]]),
        "title": "dashes",
    }
    win = wins["plot_line_opts"] = vis.line(X=three, Y=three + np.array([0, 5, 10]), opts=dashes, env=env)
    vis.line(
        X=tens,
        Y=np.linspace(5, 10, 10) + 15,
        win=win,
        name="4",
        update="insert",
        opts={"linecolor": np.array([[255, 0, 0]]), "dash": np.array(["dot"])},
        env=env,
    )
    z = np.linspace(0, 4, 200)
    stacked = {
        "fillarea": True,
        "showlegend": False,
        "width": 800,
        "height": 800,
        "xlabel": "Time",
        "ylabel": "Volume",
        "ytype": "log",
        "title": "Stacked",
        "marginleft": 30,
    }
    wins["plot_line_stackedarea"] = win = vis.line(
        Y=np.column_stack((np.sqrt(z), np.sqrt(z) + 2)), X=np.column_stack((z, z)), opts=stacked, env=env
    )
    vis.update_window_opts(win=win, opts={"width": 300, "height": 300}, env=env)
    wins["plot_line_doubleyaxis"] = vis.dual_axis_lines(
        np.arange(20), np.random.randint(0, 20, 20), np.random.randint(0, 20, 20), env=env, opts={}
    )
    angle = np.linspace(0, 2 * np.pi, 70)
    wins["plot_line_stem"] = vis.stem(
        X=np.column_stack((np.sin(angle), np.cos(angle))), Y=angle, opts={"legend": ["Sine", "Cosine"]}, env=env
    )
    latex = {"showlegend": True, "title": "Latex", "xlabel": r"$\sqrt{x}$"}
    wins["misc_plot_latex_update"] = win = vis.line(
        X=[1, 2, 3, 4], Y=[1, 4, 9, 16], name=r"$\alpha$", opts=latex, env=env
    )
    vis.line(X=[1, 2, 3, 4], Y=[0.5, 2, 4.5, 8], win=win, name=r"$\beta$", update="append", env=env)


def scatters(vis: Visdom, env: str, wins: dict[str, str], draw: np.random.Generator) -> None:
    labels = (draw.random(100) + 1.5).astype(int)
    ticks = {
        "xtickmin": -50,
        "xtickmax": 50,
        "xtickstep": 0.5,
        "ytickmin": -50,
        "ytickmax": 50,
        "ytickstep": 0.5,
        "markersymbol": "cross-thin-open",
    }
    wins["plot_scatter_basic"] = win = vis.scatter(
        X=draw.random((100, 2)), Y=labels, opts={"legend": ["Didnt", "Update"], **ticks}, env=env
    )
    vis.update_window_opts(win=win, opts={"legend": ["Apples", "Pears"], **ticks, "xtickmax": 1}, env=env)
    colours = draw.integers(0, 255, (2, 3))
    many = (draw.random(255) + 1.5).astype(int)
    wins["plot_scatter_append"] = win = vis.scatter(
        X=draw.random((255, 2)), Y=many, opts={"markersize": 10, "markercolor": colours, "legend": ["1", "2"]}, env=env
    )
    vis.scatter(
        X=draw.random(255),
        Y=draw.random(255),
        opts={"markersize": 10, "markercolor": colours[0].reshape(-1, 3)},
        name="1",
        update="append",
        env=env,
        win=win,
    )
    vis.scatter(
        X=draw.random((255, 2)),
        Y=many,
        opts={"markersize": 10, "markercolor": colours},
        update="append",
        env=env,
        win=win,
    )
    wins["plot_scatter_3d"] = vis.scatter(
        X=draw.random((100, 3)),
        Y=labels,
        opts={"legend": ["Men", "Women"], "markersize": 5, "xlabel": "Arbitrary", "xtickvals": [0, 0.75, 1.6, 2]},
        env=env,
    )
    wins["plot_scatter_custom_marker"] = vis.scatter(
        X=draw.random((255, 2)), Y=many, opts={"markercolor": draw.integers(0, 255, (2, 3))}, env=env
    )
    win = wins["plot_scatter_add_trace"] = vis.scatter(
        X=draw.random((255, 2)), opts={"markersize": 10, "markercolor": draw.integers(0, 255, (255, 3))}, env=env
    )
    assert vis.win_exists(win, env=env)
    vis.scatter(X=draw.random(255), Y=draw.random(255), win=win, name="new_trace", update="new", env=env)
    wins["plot_scatter_text_labels_2d"] = vis.scatter(
        X=draw.random((10, 2)),
        Y=[1] * 5 + [2] * 3 + [3] * 2,
        opts={"legend": ["A", "B", "C"], "textlabels": [f"Label {i}" for i in range(10)]},
        env=env,
    )


def bars_and_surfaces(vis: Visdom, env: str, wins: dict[str, str], draw: np.random.Generator) -> None:
    wins["plot_bar_basic"] = vis.bar(X=draw.random(20), opts={}, env=env)
    wins["plot_bar_stacked"] = vis.bar(
        X=np.abs(draw.random((5, 3))),
        opts={"stacked": True, "legend": ["a", "b", "c"], "rownames": list("vwxyz")},
        env=env,
    )
    wins["plot_bar_histogram"] = vis.histogram(X=draw.random(10_000), opts={"numbins": 20}, env=env)
    wins["plot_bar_piechart"] = vis.pie(
        X=np.asarray([19, 26, 55]), opts={"legend": ["Residential", "Non-Residential", "Utility"]}, env=env
    )
    names = {"columnnames": list("abcdefghij"), "rownames": ["y1", "y2", "y3", "y4", "y5"]}
    outer = np.outer(np.arange(1, 6), np.arange(1, 11))
    win = wins["plot_surface_append_withnames"] = vis.heatmap(X=outer, opts=names, env=env)
    vis.heatmap(
        X=np.outer(np.arange(6, 9), np.arange(1, 11)),
        win=win,
        update="appendRow",
        opts={"rownames": ["y6", "y7", "y8"]},
        env=env,
    )
    vis.heatmap(
        X=np.outer(np.arange(1, 9), np.arange(11, 14)),
        win=win,
        update="appendColumn",
        opts={"columnnames": ["c1", "c2", "c3"], "colormap": "Rainbow"},
        env=env,
    )
    vis.heatmap(
        X=np.outer(np.arange(-1, 1), np.arange(1, 14)),
        win=win,
        update="prependRow",
        opts={"rownames": ["y-", "y0"]},
        env=env,
    )
    vis.heatmap(
        X=np.outer(np.arange(-1, 9), np.arange(-5, 1)),
        win=win,
        update="prependColumn",
        opts={"columnnames": ["c4", "c5", "c6", "c7", "c8", "c9"], "colormap": "Electric"},
        env=env,
    )
    win = wins["plot_surface_remove"] = vis.heatmap(X=outer, opts={}, env=env)
    vis.heatmap(X=None, win=win, update="remove", env=env)
    win = wins["plot_surface_replace"] = vis.heatmap(X=outer, opts={}, env=env)
    vis.heatmap(X=10 * np.outer(np.arange(1, 20), np.arange(1, 25)), win=win, update="replace", env=env)
    x = np.tile(np.arange(1, 101), (100, 1))
    hill = np.exp(((x - 50) ** 2 + (x.T - 50) ** 2) / -(20.0**2))
    wins["plot_surface_contour"] = vis.contour(X=hill, opts={"colormap": "Viridis"}, env=env)
    wins["plot_surface_3d"] = vis.surf(X=hill, opts={"colormap": "Hot"}, env=env)


def special(vis: Visdom, env: str, wins: dict[str, str], draw: np.random.Generator) -> None:
    wins["plot_special_boxplot"] = vis.boxplot(X=draw.random((100, 2)), opts={"legend": ["Men", "Women"]}, env=env)
    grid = np.broadcast_to(np.arange(0, 2.1, 0.2)[:, None], (11, 11))
    wins["plot_special_quiver"] = vis.quiver(
        X=np.cos(grid) * grid.T, Y=np.sin(grid) * grid.T, opts={"normalize": 0.9}, env=env
    )
    corners = np.c_[[0, 0, 1, 1, 0, 0, 1, 1], [0, 1, 1, 0, 0, 1, 1, 0], [0, 0, 0, 0, 1, 1, 1, 1]]
    faces = np.c_[[7, 0, 0, 0], [3, 4, 1, 2], [0, 7, 2, 3]]
    wins["plot_special_mesh"] = vis.mesh(X=corners, Y=faces, opts={"opacity": 0.5}, env=env)
    edges, fruit = (
        [(0, 1), (0, 2), (1, 3), (1, 4), (1, 5), (4, 5)],
        ["Orange", "Mango", "Apple", "Grapes", "Papaya", "kiwi"],
    )
    wins["plot_special_graph"] = vis.graph(
        edges,
        list("ABCDEF"),
        fruit,
        opts={"showEdgeLabels": True, "showVertexLabels": True, "scheme": "different", "directed": False},
        env=env,
    )
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    plt.plot([1, 23, 2, 4])
    wins["misc_plot_matplot"] = vis.matplot(plt, env=env)
    plt.close("all")
    wins["misc_audio_basic"] = vis.audio(tensor=draw.uniform(-1, 1, 4410), opts={"sample_frequency": 44100}, env=env)
    trace = {
        "x": [1, 2, 3],
        "y": [4, 5, 6],
        "mode": "markers+lines",
        "type": "custom",
        "marker": {"color": "red", "symbol": 104, "size": "10"},
        "text": ["one", "two", "three"],
        "name": "1st Trace",
    }
    layout = {"title": "First Plot", "xaxis": {"title": "x1"}, "yaxis": {"title": "x2"}}
    wins["misc_arbitrary_visdom"] = vis._send({"data": [trace], "layout": layout, "win": "mywin", "eid": env})
    win = wins["misc_getset_state"] = vis.text("test one", env=env)
    data = json.loads(vis.get_window_data(win, env=env))
    data["content"] = "test two"
    vis.set_window_data(json.dumps(data), env=env, win=win)
    wins["properties_basic"] = vis.properties(SHEET, env=env)


SHEET = [
    {"type": "text", "name": "Text input", "value": "initial"},
    {"type": "number", "name": "Number input", "value": "12"},
    {"type": "button", "name": "Button", "value": "Start"},
    {"type": "checkbox", "name": "Checkbox", "value": True},
    {"type": "select", "name": "Select", "value": 1, "values": ["Red", "Green", "Blue"]},
]  # fmt: skip


# --- tasks ---------------------------------------------------------------------------------------------------


def show_all(port: str, *options: str) -> None:
    """Everything of the demo; prints the windows by the demo's names."""
    vis = made(port, **json.loads(options[0] if options else "{}"))
    say(demo(vis, "demo"))
    say({"environments": vis.get_env_list(), "saved": vis.save(["demo"]), "hash": vis.win_hash("mywin", env="demo")})


def hear(*ways: str) -> None:
    """Three clients, of ports that are given, the second of which asks again and again. Prints the windows of each: a
    text, a picture, a sheet and a figure; and then what their handlers hear."""
    clients = {
        name: made(port, use_incoming_socket=name != "polling", use_polling=name == "polling")
        for name, port in zip(WAYS, ways, strict=True)
    }
    windows: dict[str, dict[str, str]] = {}
    for way, vis in clients.items():
        assert vis.check_connection(timeout_seconds=10)
        windows[way] = wins = {
            "text": vis.text("Type here"),
            "image": vis.image(np.zeros((3, 40, 30))),
            "sheet": vis.properties(SHEET),
            "plot": vis.line(Y=np.arange(5.0)),
        }
        for name, win in wins.items():
            vis.register_event_handler(
                lambda event, way=way, name=name: say({"way": way, "window": name, **event}), win
            )
    say(windows)


WAYS = ("socket", "polling", "below")


def write(port: str, password: str, env: str, count: str) -> None:
    """Eight threads append so many points each: four to a window of their own, four to one that they share."""
    options = {"username": "anybody", "password": password} if password else {}
    failed: list[BaseException] = []

    def append(name: str) -> None:
        try:
            vis = made(port, use_incoming_socket=False, **options)
            for step in range(int(count)):
                x, y = np.array([float(step)]), np.array([step / 8])
                assert vis.line(Y=y, X=x, win=name, update="append", env=env) == name
        except BaseException as error:
            failed.append(error)

    # It is there before them: each asks first whether it is, and makes it anew if not.
    made(port, use_incoming_socket=False, **options).line(Y=np.array([0.0]), X=np.array([0.0]), win="shared", env=env)
    threads = [
        threading.Thread(target=append, args=(name,)) for name in [f"{env} {n}" for n in range(4)] + ["shared"] * 4
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
    say("done")


if __name__ == "__main__":
    TASKS = {"show_all": show_all, "hear": hear, "write": write}
    if sys.argv[1:]:
        TASKS[sys.argv[1]](*sys.argv[2:])
    for line in sys.stdin:  # until the test ends it
        task, *words = json.loads(line)
        TASKS[task](*words)
