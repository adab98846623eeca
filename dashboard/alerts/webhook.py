"""Webhooks: one POST, without following where it is sent on to, within some seconds.

An address is looked up once, and what it leads to is looked at before it is spoken with, so that a name cannot lead
elsewhere in between (DNS rebinding). Link-local addresses are not spoken with, as clouds hand out credentials there.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import SplitResult

from dashboard.alerts.action import address

TIMEOUT_S = 10.0
"""Of the whole exchange, however slowly it goes on."""

MOST_PAUSE_S = 3600.0


@dataclass(frozen=True)
class Outcome:
    """What became of an attempt."""

    trouble: str = ""
    """Empty when it was acknowledged."""
    is_down: bool = False
    """Whether others who want the same place need not try now."""
    pause_s: float = 0.0
    """That the receiver asked for."""


def send(
    url: str, body: bytes, key: str, acknowledged: Callable[[], None] = lambda: None, timeout_s: float = TIMEOUT_S
) -> Outcome:
    """Sends a body; an answer of 200 to 299 acknowledges it.

    Args:
        url: http or https.
        body: JSON.
        key: Names what is told, the same at each attempt: the header Idempotency-Key.
        acknowledged: Called as soon as that is known, before anything else is done: it says so to the disk.
        timeout_s: Of the whole exchange.
    """
    parts = address(url)
    line = _Line(parts, timeout_s)
    timer = threading.Timer(timeout_s, line.cut)
    timer.daemon = True
    timer.start()
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        headers = {
            "content-type": "application/json",
            "idempotency-key": key,
            "user-agent": "everystep",
            "connection": "close",
        }
        line.request("POST", path, body, headers)
        answer = line.getresponse()
        if 200 <= answer.status < 300:
            acknowledged()
            return Outcome()
    except (OSError, http.client.HTTPException, ValueError) as error:
        why = f"took longer than {timeout_s:g} s" if line.is_cut or isinstance(error, TimeoutError) else str(error)
        return Outcome(f"{parts.hostname}: {why or type(error).__name__}"[:300], is_down=True)
    finally:
        timer.cancel()
        line.close()
    asked = answer.getheader("retry-after", "")
    pause = min(float(asked), MOST_PAUSE_S) if asked.isascii() and asked.isdigit() and len(asked) < 9 else 0.0
    is_busy = answer.status == 429 or answer.status >= 500
    return Outcome(f"{parts.hostname} answered {answer.status}", is_down=is_busy, pause_s=pause)


class _Line(http.client.HTTPConnection):
    """A connection to where an address leads, once that was looked at."""

    def __init__(self, parts: SplitResult, timeout_s: float) -> None:
        super().__init__(parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80), timeout_s)
        self._is_https = parts.scheme == "https"
        self.is_cut = False

    def connect(self) -> None:
        found = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        for *_, place in found:
            check_place(str(place[0]))
        for left, (family, kind, protocol, _, place) in zip(range(len(found))[::-1], found, strict=True):
            self.sock = socket.socket(family, kind, protocol)
            self.sock.settimeout(self.timeout)
            try:
                self.sock.connect(place)
                break
            except OSError:
                self.sock.close()
                if not left or self.is_cut:
                    raise
        if self._is_https:
            self.sock = ssl.create_default_context().wrap_socket(self.sock, server_hostname=self.host)

    def cut(self) -> None:
        """Ends what is under way."""
        self.is_cut = True
        sock = self.sock
        if sock is not None:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:  # it has ended by itself
                return


def check_place(ip: str) -> None:
    """That an address of the network may be spoken with.

    Raises:
        OSError: it may not.
    """
    place = ipaddress.ip_address(ip.partition("%")[0])
    mapped = getattr(place, "ipv4_mapped", None)
    place = mapped if mapped is not None else place
    if place.is_link_local or place.is_multicast or place.is_unspecified:
        raise OSError("it leads to an address that no webhook has")
