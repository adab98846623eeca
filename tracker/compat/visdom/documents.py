"""Documents that Visdom's client sends as HTML and which are more than words: a sound, a film, a drawing, a picture.

The page shows HTML where nothing is fetched and nothing plays; these become what they are, and their text is put
together again for who asks for it.
"""

from __future__ import annotations

import base64
import binascii
import io
import re
from typing import NamedTuple

from PIL import Image

from tracker.compat.visdom.message import WindowError
from tracker.values.value import Medium, Value

_PLAYER = re.compile(
    r"(?P<before>\s*<(?P<kind>audio|video) controls[a-z ]*>\s*"
    r'<source type="(?P<form>(?:audio|video)/[a-z0-9]{2,5}|image/(?:webp|gif))" src="data:(?P=form);base64,)'
    r'(?P<data>[A-Za-z0-9+/=\s]*)(?P<after>">[^<>]*</(?P=kind)>\s*)'
)
"""What the client makes of a sound or a film."""

_DRAWING = re.compile(r"\s*<svg[\s>].*</svg>\s*", re.DOTALL | re.IGNORECASE)

_PICTURE = re.compile(r"data:image/(png|jpeg|jpg|gif|webp|bmp);base64,([A-Za-z0-9+/=\s]*)")

MAX_CHARACTERS = 64_000_000
"""Of a text that is a sound or a film: 48 MB of bytes."""

MAX_PIXELS = 100_000_000


class Document(NamedTuple):
    """What a text holds.

    Attributes:
        type: "audio", "video" or "svg".
        form: Media type.
        data: Its bytes.
        around: What stands before and behind them in the text.
    """

    type: str
    form: str
    data: bytes
    around: tuple[str, str]


class Part(Value):
    """Bytes as they came, as a part of a pane.

    Args:
        kind: "image", "audio" or "video".
        form: Media type.
        data: The bytes.
        attributes: What is said of them.
    """

    def __init__(self, kind: str, form: str, data: bytes, attributes: dict[str, object] | None = None) -> None:
        self.kind = kind
        self.medium = Medium(form, attributes or {}, data)

    @property
    def n_bytes(self) -> int:
        return len(self.medium.data) + 500

    def encode(self) -> list[Medium]:
        return [self.medium]


def document(text: str) -> Document | None:
    """The sound, film or drawing that a text is; None for words."""
    start = text[:200].lstrip()[:6]
    if start in ("<audio", "<video"):
        found = _PLAYER.fullmatch(text)
        data = None if found is None else _decoded(found["data"])
        forms = {"audio": ("audio",), "video": ("video", "image")}  # a film of our client is an animated picture
        if found is None or data is None or found["form"].partition("/")[0] not in forms[found["kind"]]:
            return None
        return Document(found["kind"], found["form"], data, (found["before"], found["after"]))
    if start[:4].lower() == "<svg" and _DRAWING.fullmatch(text):
        return Document("svg", "image/svg+xml", text.encode(), ("", ""))
    return None


def text_of(around: tuple[str, str], data: bytes) -> str:
    """The text that a document was."""
    return f"{around[0]}{base64.b64encode(data).decode()}{around[1]}"


def picture(source: object) -> Part:
    """The picture of a data: address.

    Raises:
        WindowError: it is an address of another kind, or no picture.
    """
    found = _PICTURE.fullmatch(source) if isinstance(source, str) else None
    data = None if found is None else _decoded(found[2])
    if found is None or data is None:
        raise WindowError(
            "src: expected a picture as data:image/png;base64,… (or jpeg, gif, webp, bmp); no other address is fetched."
        )
    try:
        with Image.open(io.BytesIO(data)) as image:
            (width, height), form = image.size, image.get_format_mimetype() or f"image/{found[1]}"
    except Exception as error:  # Pillow raises whatever its decoders do
        raise WindowError(f"src: this is no picture that can be read ({type(error).__name__}).") from error
    if width * height > MAX_PIXELS:
        raise WindowError(f"src: at most {MAX_PIXELS // 10**6} million pixels; got {width:,} × {height:,}.", 413)
    return Part("image", form, data, {"width": width, "height": height})


def _decoded(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=False)
    except (binascii.Error, ValueError):
        return None
