"""Where a server is found: by which names, and below which path of them; also when a proxy stands before it.

The page asks by addresses relative to itself, so that only the first two lines of a request matter here: a proxy may
pass its path on (`--path-prefix` says which, and it is cut off at the door) or cut it off itself.
"""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

_HOST = re.compile(r"(?:\[(?P<v6>[0-9a-f:.]+)\]|(?P<name>[a-z0-9._-]+))(?::(?P<port>[0-9]{1,5}))?", re.IGNORECASE)
_SEGMENT = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=:@-]+")
"""What may stand between two slashes of a path as it is, by RFC 3986, escapes left out: they have two spellings."""


class AddressError(ValueError):
    """A name or a path that no request can have; the message says what was expected."""


def allowed_name(text: str) -> str:
    """A name as requests say it, of what was written for `--allow-host`; international ones in their ASCII form.

    Raises:
        AddressError: it is more than a name, or none.
    """
    try:
        bare = text[1:-1] if text.startswith("[") and text.endswith("]") else text
        name = str(ipaddress.ip_address(bare)) if ":" in text else text.removesuffix(".").encode("idna").decode()
    except ValueError:
        name = ""
    found = _HOST.fullmatch(f"[{name}]" if ":" in name else name)
    if found:
        return name.lower()
    inner = _inner_name(text)
    raise AddressError(
        f"--allow-host takes a name or an address alone, as training.example (no scheme, port or path); got {text!r}"
        + (f"; write --allow-host {inner}" if inner else "")
    )


def _inner_name(text: str) -> str | None:
    try:
        name = urlsplit(text if "//" in text else f"//{text}").hostname
    except ValueError:
        return None
    return name if name and _HOST.fullmatch(name) else None


def path_prefix(text: str) -> str:
    """A path as the server knows it, "/viz" or "/a/b"; empty for the root. One slash at either end may be left out.

    Raises:
        AddressError: no browser would ask for such a path as it is written: empty parts, dots, escapes, blanks ….
    """
    path = text.removeprefix("/").removesuffix("/")
    if not path:
        return ""
    for part in path.split("/"):
        if part in ("", ".", "..") or not _SEGMENT.fullmatch(part):
            raise AddressError(
                f"--path-prefix takes the path of the page, as /viz or /team/viz; got {text!r}, "
                f"in which {part!r} is no part of a path"
            )
    return f"/{path}"


def below(path: str, prefix: str) -> str | None:
    """The rest of a path that lies below a prefix, with its slash; None where it lies elsewhere.

    Empty where it is the prefix without a slash at its end. Slashes that stand twice at the beginning count once: nginx
    makes such paths of `location /viz { proxy_pass http://127.0.0.1:6006/; }`.
    """
    path = f"/{path.lstrip('/')}"
    if prefix:
        if path == prefix:
            return ""
        if not path.startswith(f"{prefix}/"):
            return None
        path = f"/{path.removeprefix(prefix).lstrip('/')}"
    return path


def name_of(host: str) -> str | None:
    """The name in a Host header, without the port and the dot of a name that is whole; None where it is no name and
    port."""
    found = _HOST.fullmatch(host)
    return (found["v6"] or found["name"].removesuffix(".")).lower() if found else None


def port_of(host: str) -> str | None:
    """The port in a Host header, where it has one."""
    found = _HOST.fullmatch(host)
    return found["port"] if found else None


def name_of_origin(origin: str) -> str | None:
    """The name in an Origin header; None for what is no page of a web server."""
    scheme, _, host = origin.lower().partition("://")
    return name_of(host) if scheme in ("http", "https") else None


def is_origin_of(origin: str, host: str) -> bool:
    """Whether a page of this Origin came from the server that is addressed as `host`.

    Either scheme: behind a proxy we are spoken to in the clear whatever the browser speaks.
    """
    return origin.lower() in (f"http://{host.lower()}", f"https://{host.lower()}")
