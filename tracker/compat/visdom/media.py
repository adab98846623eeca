"""The methods of `Visdom` for what is read, looked at and heard: texts, sheets, pictures, sounds, videos, figures."""

from __future__ import annotations

import base64
import io
import math
import os
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tracker import coerce
from tracker.compat.named import named
from tracker.compat.visdom import pictures
from tracker.compat.visdom.environments import Environments
from tracker.compat.visdom.given import plain, refused
from tracker.compat.visdom.options import options
from tracker.values import arrays

PROPERTIES = ("text", "number", "button", "checkbox", "select")

_SVG = re.compile(r"<svg[\s>].*</svg>", re.DOTALL)
_POINTS = r'\b{side}="([0-9.]+)pt"'


class Media(Environments):
    """What a `Visdom` shows that is no chart."""

    @named
    def text(
        self,
        text: str,
        win: str | None = None,
        env: str | None = None,
        opts: Mapping[str, Any] | None = None,
        append: bool = False,
    ) -> Any:
        """Shows a text, in which HTML is shown as such and runs nothing; `append` adds a line to what is there."""
        opts = options("text", opts)
        content = text if isinstance(text, str) else coerce.text(text)
        data = [{"content": content, "type": "text"}]
        return self._send({"data": data, "win": win, "eid": env, "opts": opts}, "update" if append else "events")

    @named
    def properties(
        self,
        data: Sequence[Mapping[str, Any]],
        win: str | None = None,
        env: str | None = None,
        opts: Mapping[str, Any] | None = None,
    ) -> Any:
        """Shows a sheet that can be edited on the page.

        Args:
            data: Of each property a dictionary: `type` is "text", "number", "button", "checkbox" or "select", and it
                has a `name`, a `value`, and `values` to select from.
            win: The window.
            env: Its environment.
            opts: `title`, `width`, `height`.
        """
        opts = options("properties", opts)
        fits = isinstance(data, (list, tuple)) and all(
            isinstance(each, Mapping) and each.get("type") in PROPERTIES for each in data
        )
        if not fits:
            expected = '[{"type": "text", "name": …, "value": …}], of the types ' + ", ".join(PROPERTIES)
            raise refused("properties", "data is no list of properties.", expected, arrays.describe(data))
        return self._send({"data": [{"content": data, "type": "properties"}], "win": win, "eid": env, "opts": opts})

    # --- pictures ------------------------------------------------------------------------------------

    @named
    def image(
        self,
        img: Any,
        win: str | None = None,
        env: str | None = None,
        opts: Mapping[str, Any] | None = None,
    ) -> Any:
        """Shows a picture.

        Args:
            img: (H, W) or (C, H, W), floats from 0 to 1 or whole numbers to 255, what lies outside is clipped; or a
                picture of Pillow's.
            win: The window.
            env: Its environment.
            opts: `caption`, `jpgquality` (else it is lossless), `store_history` to keep those before it in reach.
        """
        array = pictures.pixels(img, "image")
        opts = options("image", opts, width=array.shape[2], height=array.shape[1])
        content = {"src": pictures.picture(array, opts.get("jpgquality")), "caption": opts.get("caption")}
        history = bool(opts.get("store_history"))
        data = [{"content": content, "type": "image_history" if history else "image"}]
        endpoint = "update" if history and win is not None and self.win_exists(win, env) else "events"
        return self._send({"data": data, "win": win, "eid": env, "opts": opts}, endpoint)

    @named
    def images(
        self,
        tensor: Any,
        nrow: int = 8,
        padding: int = 2,
        win: str | None = None,
        env: str | None = None,
        opts: Mapping[str, Any] | None = None,
    ) -> Any:
        """Shows pictures as one grid, `nrow` in a row: (N, C, H, W), or a list of pictures of one size."""
        return self.image(pictures.grid(tensor, nrow, padding), win, env, opts)

    @named
    def update_image_slider(self, win: str, index: float, env: str | None = None) -> Any:
        """Chooses which picture of a window with `store_history` is shown, from 0."""
        data = [{"type": "image_update_selected", "selected": int(index)}]
        return self._send({"data": data, "win": win, "eid": env, "opts": {}}, "update")

    @named
    def image_select(self, win: str, selected: int, env: str | None = None) -> Any:
        """As `update_image_slider`."""
        return self.update_image_slider(win, selected, env)

    # --- what plays ----------------------------------------------------------------------------------

    @named
    def audio(
        self,
        tensor: Any = None,
        audiofile: str | os.PathLike[str] | None = None,
        win: str | None = None,
        env: str | None = None,
        opts: Mapping[str, Any] | None = None,
    ) -> Any:
        """Plays a sound.

        Args:
            tensor: (T,), or (T, 2) for stereo; made as loud as can be.
            audiofile: A WAV, MP3, Ogg or FLAC file in its place.
            win: The window.
            env: Its environment.
            opts: `sample_frequency`, 44,100 by default.
        """
        opts = {**options("audio", opts, sample_frequency=44100), "height": 80, "width": 330}
        if tensor is not None:
            form, content = "wav", pictures.sound(tensor, opts["sample_frequency"])
        elif audiofile is not None:
            form, content = pictures.file_of(audiofile, pictures.AUDIO, "audio")
        else:
            raise refused("audio", "there is no sound.", "tensor or audiofile", None)
        source = f'<source type="audio/{form}" src="{pictures.address(f"audio/{form}", content)}">'
        return self.text(f"<audio controls>{source}</audio>", win, env, opts)

    @named
    def video(
        self,
        tensor: Any = None,
        dim: str = "LxHxWxC",
        videofile: str | os.PathLike[str] | None = None,
        win: str | None = None,
        env: str | None = None,
        opts: Mapping[str, Any] | None = None,
    ) -> Any:
        """Plays a video.

        Args:
            tensor: Frames whose axes `dim` names, with one channel or three in the order blue, green, red.
            dim: "LxHxWxC" or "LxCxHxW".
            videofile: An MP4, Ogg, AVI, WebM or GIF file in its place.
            win: The window.
            env: Its environment.
            opts: `fps` (25), `autoplay`, `loop`.
        """
        opts = options("video", opts, fps=25, loop=False, autoplay=False)
        if tensor is not None:
            form = "image/webp"
            content = pictures.moving(tensor, dim, opts["fps"])
        elif videofile is not None:
            kind, content = pictures.file_of(videofile, pictures.VIDEO, "video")
            form = "image/gif" if kind == "gif" else f"video/{kind}"
        else:
            raise refused("video", "there is no video.", "tensor or videofile", None)
        flags = "".join(f" {word}" for word in ("autoplay", "loop") if opts[word])
        source = f'<source type="{form}" src="{pictures.address(form, content)}">'
        return self.text(f"<video controls{flags}>{source}</video>", win, env, opts)

    # --- figures -------------------------------------------------------------------------------------

    @named
    def svg(
        self,
        svgstr: str | None = None,
        svgfile: str | os.PathLike[str] | None = None,
        win: str | None = None,
        env: str | None = None,
        opts: Mapping[str, Any] | None = None,
    ) -> Any:
        """Shows an SVG drawing, of a text or of a file; its scripts do not run."""
        if svgfile is not None:
            svgstr = pictures.file_of(svgfile, {"svg": "svg", "xml": "svg"}, "svg")[1].decode("utf-8", "replace")
        found = _SVG.search(svgstr) if isinstance(svgstr, str) else None
        if found is None:
            raise refused(
                "svg", "there is no SVG in it.", "svgstr='<svg …>…</svg>' or svgfile", arrays.describe(svgstr)
            )
        return self.text(found[0], win, env, opts)

    @named
    def matplot(
        self,
        plot: Any,
        opts: Mapping[str, Any] | None = None,
        env: str | None = None,
        win: str | None = None,
    ) -> Any:
        """Shows a Matplotlib figure, or `pyplot` with its present one, as SVG; `opts.resizable` fits it to the pane."""
        out = io.StringIO()
        figure = plot if hasattr(plot, "savefig") else getattr(plot, "figure", plot)
        if not hasattr(figure, "savefig"):
            raise refused("matplot", "this is no figure.", "a Matplotlib figure, or pyplot", arrays.describe(plot))
        figure.savefig(out, format="svg")
        drawing = out.getvalue()
        opts = options("matplot", opts)
        for side, factor in (("height", 1.4), ("width", 1.35)):
            found = re.search(_POINTS.format(side=side), drawing)
            if found is not None:
                opts.setdefault(side, factor * math.ceil(float(found[1])))
                if opts.get("resizable"):
                    drawing = drawing[: found.start()].rstrip() + drawing[found.end() :]
        return self.svg(drawing, win=win, env=env, opts=opts)

    @named
    def plotlyplot(self, figure: Any, win: str | None = None, env: str | None = None) -> Any:
        """Shows a figure of Plotly's: the figure, or {"data": […], "layout": {…}}."""
        found = figure.to_plotly_json() if hasattr(figure, "to_plotly_json") else figure
        if not isinstance(found, Mapping) or "data" not in found:
            raise refused("plotlyplot", "this is no figure.", "a figure of Plotly's", arrays.describe(figure))
        found = _unpacked(plain(_jsons(found)))
        layout = found.get("layout") or {}
        title = layout.get("title")
        title = title.get("text") if isinstance(title, dict) else title
        opts = {"title": title} if title is not None else {}
        return self._plot(found["data"], opts, win, env, layout=layout)


def _jsons(value: Any) -> Any:
    """What Plotly's objects (traces, layouts, frames) say of themselves, at every depth."""
    if hasattr(value, "to_plotly_json"):
        value = value.to_plotly_json()
    if isinstance(value, Mapping):
        return {key: _jsons(each) for key, each in value.items()}
    return [_jsons(each) for each in value] if isinstance(value, (list, tuple)) else value


def _unpacked(value: Any) -> Any:
    """Plotly's packed arrays {"dtype", "bdata", "shape"} as lists, which the store and other readers know."""
    if isinstance(value, list):
        return [_unpacked(each) for each in value]
    if not isinstance(value, dict):
        return value
    if {"dtype", "bdata"} <= set(value) <= {"dtype", "bdata", "shape"}:
        array = np.frombuffer(base64.b64decode(value["bdata"]), np.dtype(value["dtype"]))
        shape = [int(each) for each in str(value["shape"]).split(",")] if "shape" in value else [-1]
        return array.reshape(shape).tolist()
    return {key: _unpacked(each) for key, each in value.items()}
