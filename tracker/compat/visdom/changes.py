"""What messages do to the windows of an environment: `show` makes one, `update` changes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracker.compat.visdom import documents, embeddings, figure_updates, line_traces, message
from tracker.compat.visdom.environment import Environment
from tracker.compat.visdom.line_traces import LineTrace, Point
from tracker.compat.visdom.message import WindowError
from tracker.compat.visdom.window import Window
from tracker.errors import SeriesNotFoundError
from tracker.values.markup import MAX_CHARACTERS, Html, Svg
from tracker.values.network import Network
from tracker.values.properties import Properties

Said = Mapping[str, Any]


# --- a window, new or in the place of another --------------------------------------------------------------


def show(environment: Environment, id: str, said: Said) -> None:
    """Makes a window, or puts another thing into one."""
    data = message.traces(said)
    kind = str(data[0].get("type")) if data else "plot"
    opts = message.options(said)
    title = message.text(opts.get("title") or "", "title", 1_000)
    window = Window(id, kind if kind in _SHOWN else "plot", "plot", title, opts, environment.add(id))
    if kind == "image_history":
        window.first = _states(environment, id) + 1
    _SHOWN.get(kind, _show_figure)(environment, window, data[0].get("content") if data else None, said)
    environment.keep(window)


def _show_figure(environment: Environment, window: Window, _: Any, said: Said) -> None:
    environment.write(window, {"data": message.traces(said), "layout": message.mapping(said, "layout")})


def _show_text(environment: Environment, window: Window, content: Any, _: Said) -> None:
    # A sound or a film is as long as its bytes; words are not.
    text = message.text("" if content is None else content, "content", documents.MAX_CHARACTERS)
    found = documents.document(text)
    if found is None:
        window.pane = "text"
        environment.show(window, Html(message.text(text, "content", MAX_CHARACTERS)))
    elif found.type == "svg":
        window.pane = "svg"
        environment.show(window, Svg(text))
    else:
        window.pane, window.around = found.type, found.around
        environment.show(window, documents.Part(found.type, found.form, found.data))


def _show_picture(environment: Environment, window: Window, content: Any, _: Said) -> None:
    if not isinstance(content, dict):
        raise WindowError("content: expected an object with src.")
    if content.get("caption") is not None:
        window.opts["caption"] = message.text(content["caption"], "caption", 10_000)
    window.pane = "image"
    environment.show(window, documents.picture(content.get("src")))


def _states(environment: Environment, id: str) -> int:
    """How many states a pane has had so far, of whatever window of this name."""
    try:
        return environment.stored().pane(id).states
    except (SeriesNotFoundError, FileNotFoundError):
        return 0


def _show_properties(environment: Environment, window: Window, content: Any, _: Said) -> None:
    window.pane = "properties"
    environment.show(window, Properties(content if isinstance(content, list) else [content]))


def _show_network(environment: Environment, window: Window, content: Any, _: Said) -> None:
    if not isinstance(content, dict):
        raise WindowError("content: expected an object with nodes and edges.")
    window.pane = "network"
    directed = bool(window.opts.get("directed"))
    environment.show(window, Network(content.get("nodes") or [], content.get("edges") or [], directed=directed))


def _show_embeddings(environment: Environment, window: Window, content: Any, _: Said) -> None:
    environment.write(window, embeddings.figure(content, window.title))


_SHOWN = {
    "text": _show_text,
    "image": _show_picture,
    "image_history": _show_picture,
    "properties": _show_properties,
    "network": _show_network,
    "embeddings": _show_embeddings,
}


# --- a window that is there --------------------------------------------------------------------------------


def update(environment: Environment, id: str, said: Said) -> str:
    """Changes a window; what to answer."""
    if id not in environment.windows:
        if not said.get("append"):
            return "win does not exist"
        show(environment, id, said)
        return id
    window = environment.windows[id]
    data = said.get("data")
    if window.kind == "embeddings" and isinstance(data, dict):
        content = environment.stored().pane(id).content
        environment.write(window, embeddings.updated(content, data, window.title))
    elif window.pane == "lines":
        _update_lines(environment, window, said)
    elif window.kind == "plot" and window.pane == "plot":
        _update_figure(environment, window, said)
    elif data is None:
        _say_anew(environment, window, said)
    else:
        _update_other(environment, window, said)
    window.revision += 1
    return id


def _update_other(environment: Environment, window: Window, said: Said) -> None:
    data = message.traces(said)
    if not data:
        raise WindowError("data: expected something to add; got an empty list.")
    content = data[0].get("content")
    if window.kind == "text":
        more = message.text("" if content is None else content, "content", MAX_CHARACTERS)
        if window.pane == "text":
            _merge(window, said)
            environment.show(window, Html(f"<br>{more}"), append=True)
            return
        content = f"{environment.told(window)['content']}<br>{more}"
    elif window.kind == "image_history" and data[0].get("type") == "image_history":
        _merge(window, said)
        _SHOWN[window.kind](environment, window, content, said)
        return
    kind = data[0].get("type")
    if kind != window.kind and not (window.kind == "image_history" and kind == "image"):
        raise WindowError(f"The window {window.id!r:.300} is {window.kind}; an update of {kind!r:.80} does not fit it.")
    _merge(window, said)
    window.around = ("", "")
    _SHOWN[window.kind](environment, window, content, said)


def _merge(window: Window, said: Said) -> bool:
    """Takes new options and layout in; whether anything of it is new."""
    opts = {key: value for key, value in message.options(said).items() if value is not None}
    is_new = any(window.opts.get(key) != value for key, value in opts.items())
    if is_new:
        window.opts = {**window.opts, **opts}
        window.title = message.text(window.opts.get("title") or "", "title", 1_000)
    layout = {key: value for key, value in message.mapping(said, "layout").items() if value is not None}
    if window.pane == "lines" and any(window.layout.get(key) != value for key, value in layout.items()):
        window.layout = {**window.layout, **layout}
        return True
    return is_new


def _say_anew(environment: Environment, window: Window, said: Said) -> None:
    """Other options for the same content."""
    if not _merge(window, said):
        return
    if window.pane == "plot":
        environment.write(window, environment.stored().pane(window.id).content)
        return
    environment.commit()  # what is shown is read from the file
    environment.show(window, None)


# --- figures that are kept whole ---------------------------------------------------------------------------


def _update_figure(environment: Environment, window: Window, said: Said) -> None:
    name, new = _name(said), said.get("data")
    content = environment.stored().pane(window.id).content
    data, layout = content["data"], dict(content.get("layout") or {})
    layout |= {key: value for key, value in message.mapping(said, "layout").items() if value is not None}
    _merge(window, said)
    data = figure_updates.renamed(data, message.mapping(said, "opts").get("legend"))
    if said.get("delete"):
        data = figure_updates.without(data, name)
    elif name is not None or new is not None:
        new = _one_where_named(message.traces(said), name)
        if said.get("append") and _become_lines(environment, window, data, layout, new, name):
            return
        data = figure_updates.updated(data, new, name, said)
    environment.write(window, {**content, "data": data, "layout": layout})


def _name(said: Said) -> str | None:
    name = said.get("name")
    return None if name is None else message.text(name, "name", 1_000)


def _one_where_named(new: list[dict[str, Any]], name: str | None) -> list[dict[str, Any]]:
    if name is not None and len(new) != 1:
        raise WindowError(f"name: one trace is called so; data has {len(new)}.")
    return new


# --- lines -------------------------------------------------------------------------------------------------


def _become_lines(
    environment: Environment, window: Window, data: list[dict[str, Any]], layout: dict[str, Any],
    new: list[dict[str, Any]], name: str | None,
) -> bool:  # fmt: skip
    """Makes scalars of the points of a figure that is appended to, if they are lines of numbers; whether they were."""
    own, more = [line_traces.points_of(trace) for trace in data], [line_traces.points_of(trace) for trace in new]
    names = [str(trace.get("name", "")) for trace in data]
    if not data or None in own or None in more or len(set(names)) < len(names):
        return False
    stored, taken = environment.stored(), set(environment.taken())
    found: dict[str, LineTrace] = {}
    for trace, points in zip(data, own, strict=True):
        line = line_traces.begun(window.id, trace, taken, stored)
        taken |= {line.tag, f"{line.tag}/x"}
        found[line.name] = _logged(environment, line, points or [])
    # What the pane says of its points is true only once they are in the file.
    environment.commit()
    about = window.id, window.kind, "lines", window.title, window.opts, window.order
    lines = Window(*about, traces=found, layout=layout)
    environment.keep(lines)
    _append(environment, lines, new, name)
    environment.write(lines, lines.lines())
    return True


def _logged(environment: Environment, trace: LineTrace, points: list[Point]) -> LineTrace:
    if not trace.is_own:
        raise WindowError(f"The trace {trace.name!r:.300} is a curve of the run, which only its training adds to.")
    environment.log(trace, points)
    return trace.longer(len(points))


def _update_lines(environment: Environment, window: Window, said: Said) -> None:
    name, new = _name(said), said.get("data")
    changed = _merge(window, said)
    legend = message.mapping(said, "opts").get("legend")
    if isinstance(legend, list):
        changed = _rename(window, [*map(str, legend)]) or changed
    if said.get("delete"):
        environment.forget_traces(window, [name] if name is not None else [*window.traces])
        changed = True
    elif name is not None or new is not None:
        traces = _one_where_named(message.traces(said), name)
        points = [line_traces.points_of(trace) for trace in traces]
        if None in points:
            _become_figure(environment, window, said)
            return
        if said.get("append"):
            changed = _append(environment, window, traces, name) or changed
        else:
            _replace(environment, window, traces, name)
            changed = True
    if changed:
        environment.write(window, window.lines())


def _rename(window: Window, legend: list[str]) -> bool:
    """Calls traces as a legend does, as far as it goes."""
    names = [*legend[: len(window.traces)], *[*window.traces][len(legend) :]]
    if names == [*window.traces] or len(set(names)) < len(names):
        return False
    window.traces = {
        name: line_traces.called(trace, name) for name, trace in zip(names, window.traces.values(), strict=True)
    }
    return True


def _become_figure(environment: Environment, window: Window, said: Said) -> None:
    """What came is no line of numbers: the window is kept whole from now on."""
    content = environment.figure(window)
    whole = Window(window.id, window.kind, "plot", window.title, window.opts, window.order)
    environment.keep(whole)
    environment.write(whole, content)
    _update_figure(environment, whole, said)


def _of_places(window: Window, new: list[dict[str, Any]], name: str | None) -> list[tuple[str, dict[str, Any]]]:
    """Traces that came by the names of those that they are for: by name, else by their places."""
    if name is not None:
        return [(name, new[0])]
    names = [*window.traces]
    named = [*names, *(str(trace.get("name", "")) for trace in new[len(names) :])]
    return [(name, trace) for name, trace in zip(named, new, strict=False)]


def _append(environment: Environment, window: Window, new: list[dict[str, Any]], name: str | None) -> bool:
    """Puts points behind those of traces; whether one of these is new."""
    begun = False
    for called, trace in _of_places(window, new, name):
        if called not in window.traces:
            environment.begin_trace(window, {**trace, "name": called})
            begun = True
        elif figure_updates.is_masked(trace):
            continue
        points = line_traces.points_of(trace) or []
        window.traces[called] = _logged(environment, window.traces[called], points)
    return begun


def _replace(environment: Environment, window: Window, new: list[dict[str, Any]], name: str | None) -> None:
    """Other points for traces, which begin behind those that are there."""
    for called, trace in _of_places(window, new, name):
        known = window.traces.get(called)
        if known is None:
            environment.begin_trace(window, {**trace, "name": called})
        elif figure_updates.is_masked(trace):
            continue
        else:
            window.traces[called] = line_traces.emptied(known)
        window.traces[called] = _logged(environment, window.traces[called], line_traces.points_of(trace) or [])
    environment.commit()
